"""Running a report's queries: one transaction, bounded rows, errors an analyst understands.

What belongs here: the warehouse as a report sees it. What does not: what SQL names (`sql`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError
from sqlglot import exp

from platform_assets.reporting import sql
from platform_assets.reporting.document import Document
from platform_assets.reporting.errors import ReportError, did_you_mean

ROW_CAP = 100_000
SYSTEM_SCHEMAS = ("information_schema", "pg_catalog")


@dataclass(frozen=True)
class Result:
    """The rows of one query, with exact values (decimals stay decimals).

    Attributes:
        name: of the query.
        columns: their names, in order.
        rows: one tuple per row.
        capped: whether there were more rows than `ROW_CAP`.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    capped: bool = False

    def index(self, column: str) -> int:
        """Return the position of `column`.

        Raises:
            ReportError: the query has none of that name; with the nearest.
        """
        for position, name in enumerate(self.columns):
            if name.lower() == column.lower():
                return position
        raise ReportError(
            f"query `{self.name}` has no column `{column}`.",
            hint=did_you_mean(column, self.columns),
        )

    def column(self, name: str) -> list[object]:
        """Return all values of a column."""
        position = self.index(name)
        return [row[position] for row in self.rows]

    def first(self, name: str) -> object:
        """Return the value of a column in the first row, None when there is no row."""
        position = self.index(name)
        return self.rows[0][position] if self.rows else None


def run(
    document: Document,
    parsed: Mapping[str, sql.Parsed],
    engine: sqlalchemy.Engine,
    generated_at: datetime,
) -> dict[str, Result]:
    """Return the rows of every query, all read in one transaction: one state of the warehouse.

    Raises:
        ReportError: a table or column that does not exist, or another error of the engine; with
            file, line and the nearest right name.
    """
    moment = generated_at.astimezone(UTC)
    found: dict[str, Result] = {}
    with engine.connect() as connection:
        schema = columns_of(connection)
        sql.check_tables(parsed, schema, document)
        for name, one in parsed.items():
            text, before = sql.runnable(name, parsed, moment)
            try:
                result = connection.exec_driver_sql(text)
                rows = result.fetchmany(ROW_CAP + 1)
            except SQLAlchemyError as error:
                raise _explain(error, one, parsed, schema, before).at(
                    document.file, one.query.line
                ) from None
            kept = tuple(tuple(row) for row in rows[:ROW_CAP])
            found[name] = Result(name, tuple(result.keys()), kept, len(rows) > ROW_CAP)
    return found


def columns_of(connection: sqlalchemy.Connection) -> dict[str, list[str]]:
    """Return the columns of every table of the warehouse, by `schema.table`."""
    statement = sqlalchemy.text(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns "
        "ORDER BY table_schema, table_name, ordinal_position"
    )
    found: dict[str, list[str]] = {}
    for schema, table, column in connection.execute(statement):
        if schema not in SYSTEM_SCHEMAS:
            found.setdefault(f"{schema}.{table}".lower(), []).append(column)
    return found


def _explain(
    error: SQLAlchemyError,
    one: sql.Parsed,
    parsed: Mapping[str, sql.Parsed],
    schema: Mapping[str, Sequence[str]],
    before: int,
) -> ReportError:
    """Return the engine's error in the analyst's words, with the line in the document."""
    name = one.query.name
    raw = str(getattr(error, "orig", None) or error).strip()
    mistaken = _unknown_column(raw, one, parsed, schema)
    if mistaken is not None:
        return mistaken
    first = re.sub(r"^\w+( \w+)? Error:\s*", "", raw.splitlines()[0]).rstrip(".")
    found = ReportError(f"query `{name}`: {first}.")
    line = re.search(r"^LINE (\d+):", raw, re.MULTILINE)
    if line and int(line[1]) > before:
        found.line = one.query.line + int(line[1]) - before - 1
    return found


def _unknown_column(
    raw: str,
    one: sql.Parsed,
    parsed: Mapping[str, sql.Parsed],
    schema: Mapping[str, Sequence[str]],
) -> ReportError | None:
    """Return an error that names the wrong column, when the engine complains of one."""
    known = set(_visible(one, parsed, schema))
    lowered = {name.lower() for name in known}
    for column in one.tree.find_all(exp.Column):
        if column.name.lower() in lowered or not column.name:
            continue
        if column.name.lower() not in raw.lower():
            continue
        found = ReportError(
            f"query `{one.query.name}`: there is no column `{column.sql()}`.",
            hint=did_you_mean(column.name, known),
        )
        found.line = one.query.line + int(column.this.meta.get("line") or 1) - 1
        return found
    return None


def _visible(
    one: sql.Parsed, parsed: Mapping[str, sql.Parsed], schema: Mapping[str, Sequence[str]]
) -> Iterable[str]:
    """Yield every name that a column of `one` may have: of tables, of queries, and aliases."""
    for table in one.tables:
        yield from schema.get(table, ())
    for other in one.queries:
        if other in parsed:
            yield from _visible(parsed[other], parsed, schema)
        else:
            yield from ("generated_at", "generated_on")
    for alias in one.tree.find_all(exp.Alias, exp.TableAlias):
        if isinstance(alias, exp.TableAlias):
            yield from (column.name for column in alias.columns)
        else:
            yield alias.alias

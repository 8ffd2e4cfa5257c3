"""Running a report's queries: one transaction, bounded rows, errors an analyst understands.

What belongs here: the warehouse as a report sees it. What does not: what SQL names (`sql`).
"""

import re
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError
from sqlglot import exp

from platform_assets.reporting import parameters, sql
from platform_assets.reporting.document import Document
from platform_assets.reporting.errors import ReportError, did_you_mean
from platform_assets.reporting.parameters import Values

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


Cache = MutableMapping[tuple[str, tuple[tuple[str, Any], ...]], Result]


class Answers(dict[str, Result]):
    """The result of each query by name, the values of the parameters, and what failed.

    A query that failed (see `tolerant` of `run`) raises its error when its result is asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.values_chosen = Values()
        self.errors: dict[str, ReportError] = {}

    def __missing__(self, name: str) -> Result:
        raise self.errors[name] if name in self.errors else KeyError(name)


@dataclass(frozen=True)
class How:
    """How queries are run.

    Attributes:
        given: values of parameters, as texts by name; the others have their defaults.
        row_cap: rows that are kept of each query.
        tolerant: go on after a query that fails; what shows it says so.
        cache: results by SQL and values, kept by the caller for one state of the warehouse.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    row_cap: int | None = None
    tolerant: bool = False
    cache: Cache | None = None


def run(
    document: Document,
    parsed: Mapping[str, sql.Parsed],
    engine: sqlalchemy.Engine,
    generated_at: datetime,
    how: How | None = None,
) -> Answers:
    """Return the rows of every query, all read in one transaction: one state of the warehouse.

    Raises:
        ReportError: a table or column that does not exist, a parameter that can't be, or another
            error of the engine; with file, line and the nearest right name.
    """
    how = how or How()
    with engine.connect() as connection:
        running = _Running(document, parsed, connection, generated_at.astimezone(UTC), how)
        return running.all()


class _Running:
    """The queries of one report on one connection."""

    def __init__(
        self,
        document: Document,
        parsed: Mapping[str, sql.Parsed],
        connection: sqlalchemy.Connection,
        moment: datetime,
        how: How,
    ) -> None:
        self.document, self.parsed, self.connection = document, parsed, connection
        self.moment, self.how = moment, how
        self.schema = columns_of(connection)
        self.answers = Answers()

    def all(self) -> Answers:
        """Run everything: first what gives parameters their values, then the rest."""
        for reference in parameters.references(self.document.parameters):
            self.answer(reference.split(".")[0])
        self.answers.values_chosen = parameters.resolve(
            self.document.parameters, self.how.given, self.column
        )
        for name in self.parsed:
            self.answer(name)
        return self.answers

    def column(self, reference: str) -> list[object]:
        """Return the values of `query.column`."""
        query, column = reference.split(".")
        return self.answers[query].column(column)

    def answer(self, name: str) -> None:
        """Run one query, unless that was done."""
        if name in self.answers or name in self.answers.errors:
            return
        one = self.parsed[name]
        try:
            sql.check_tables({name: one}, self.schema, self.document)
            self.answers[name] = self.run(name)
        except ReportError as error:
            placed = error.at(self.document.file, one.query.line)
            if not self.how.tolerant:
                raise placed from None
            self.answers.errors[name] = placed
            self.connection.rollback()

    def run(self, name: str) -> Result:
        """Return the rows of one query."""
        text, before = sql.runnable(name, self.parsed, self.moment)
        wanted = {
            parameter
            for one in sql.needed_by(name, self.parsed)
            if one in self.parsed
            for parameter in self.parsed[one].parameters
        }
        bound = {each: self.answers.values_chosen.bound[each] for each in sorted(wanted)}
        key = (text, tuple(bound.items()))
        if self.how.cache is not None and key in self.how.cache:
            return self.how.cache[key]
        cap = self.how.row_cap or ROW_CAP
        try:
            result = self.connection.exec_driver_sql(text, bound or None)
            rows = result.fetchmany(cap + 1)
        except SQLAlchemyError as error:
            raise _explain(error, self.parsed[name], self.parsed, self.schema, before) from None
        kept = tuple(tuple(row) for row in rows[:cap])
        found = Result(name, tuple(result.keys()), kept, len(rows) > cap)
        if self.how.cache is not None:
            self.how.cache[key] = found
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

"""One table of a source: found, described, and staged.

What belongs here: choosing between scanner and stream, and building the one statement that reads
the table. What does not: what its rows become (`database_plan`).
"""

import difflib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import sqlalchemy

from platform_assets.ingestion import database_stream
from platform_assets.ingestion.database_columns import Dialect, SourceColumn
from platform_assets.ingestion.database_cursor import order_of
from platform_assets.ingestion.database_dialects import DIALECTS
from platform_assets.ingestion.database_source import Source, explained
from resources.errors import PlatformError
from resources.warehouse import extract
from resources.warehouse.extract import NotUtf8, Scan

log = logging.getLogger(__name__)

MYSQL_OPTIONS = {
    "ssl_ca": "ssl_ca",
    "ssl_cert": "ssl_cert",
    "ssl_key": "ssl_key",
    "unix_socket": "socket",
}


@dataclass(frozen=True)
class SourceTable:
    """A table as the source describes it.

    Attributes:
        declared: name in the declaration.
        schema: schema in the source; None is the default one.
        name: name in the source.
        columns: its columns, in order; the n-th is staged as `c<n>`.
        primary_key: columns of its primary key, if it has one.
    """

    declared: str
    schema: str | None
    name: str
    columns: tuple[SourceColumn, ...]
    primary_key: tuple[str, ...]

    def column(self, name: str) -> tuple[int, SourceColumn]:
        """Return position and column of a name, whatever its case."""
        for number, column in enumerate(self.columns):
            if column.name.lower() == name.lower():
                return number, column
        raise KeyError(name)


def find(source: Source, declared: str) -> tuple[str | None, str]:
    """Return schema and name of a declared table: `table`, `schema.table`, or a name with a dot.

    Raises:
        PlatformError: there is no such table or view; the message names what is near.
    """
    with explained(source.name, source.url, declared):
        inspector = sqlalchemy.inspect(source.engine)
        schema, dot, name = declared.partition(".")
        candidates: list[tuple[str | None, str]] = [(_default_schema(source, inspector), declared)]
        candidates += [(schema, name)] if dot else []
        for place, table in candidates:
            if _is_there(inspector, place, table):
                return place, table
        there = inspector.get_table_names() + inspector.get_view_names()
    near = difflib.get_close_matches(declared, there, n=3, cutoff=0.5) or sorted(there)[:8]
    raise PlatformError(
        f"Source {source.name!r}: there is no table {declared!r} in its database.",
        hint=f"Did you mean {', '.join(near)}?" if near else "The database has no tables.",
    )


def _default_schema(source: Source, inspector: sqlalchemy.Inspector) -> str | None:
    return inspector.default_schema_name if source.dialect == "postgresql" else None


def _is_there(inspector: sqlalchemy.Inspector, schema: str | None, table: str) -> bool:
    """Return whether a table or view exists."""
    try:
        return inspector.has_table(table, schema)
    except sqlalchemy.exc.OperationalError as error:
        if "unknown database" in str(error).lower():  # SQLite, of a schema that is none
            return False
        raise


def describe(source: Source, declared: str) -> SourceTable:
    """Return the table as the source describes it.

    Raises:
        PlatformError: it is not there, or can't be looked at.
    """
    schema, name = find(source, declared)
    dialect = DIALECTS.get(source.dialect)
    with (
        explained(source.name, source.url, declared),
        source.engine.connect() as connection,
    ):
        read = dialect.columns if dialect else database_stream.columns
        columns = read(connection, schema, name)
        key = sqlalchemy.inspect(connection).get_pk_constraint(name, schema)
    return SourceTable(
        declared,
        schema,
        name,
        tuple(columns),
        tuple(key.get("constrained_columns") or ()),
    )


def stage(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    table: SourceTable,
    file: Path,
    *,
    cursor: str | None,
    bound: str | None,
    on_rows: Callable[[int], None] | None = None,
) -> SourceTable:
    """Write the table's rows from `bound` on to `file`; return the table as it was read.

    One statement, one snapshot of the source, in bounded memory.

    Args:
        connection: a DuckDB for the scanner.
        source: the database.
        table: what to read of it.
        file: the Parquet file to write; its columns are `c0`, `c1`, …
        cursor: the cursor's column.
        bound: smallest cursor value to read; None reads everything.
        on_rows: told the number of rows so far.

    Raises:
        PlatformError: the source can't be read to the end.
    """
    dialect = DIALECTS.get(source.dialect)
    with explained(source.name, source.url, table.declared):
        scan = _scan(source, dialect) if dialect else None
        if dialect is None or scan is None or not _attached(connection, scan, source):
            return _stream(source, table, file, cursor, bound, on_rows)
        try:
            sql = select(dialect, table, cursor, bound)
            rows = extract.stage_query(connection, scan, sql, file)
        except NotUtf8:
            table = _as_bytes(dialect, table)
            sql = select(dialect, table, cursor, bound)
            rows = extract.stage_query(connection, scan, sql, file)
        if on_rows:
            on_rows(rows)
        return table


def select(dialect: Dialect, table: SourceTable, cursor: str | None, bound: str | None) -> str:
    """Return the statement that reads the table, in the source's own dialect."""
    body = ", ".join(f"{column.read} AS c{n}" for n, column in enumerate(table.columns))
    place = dialect.quote(table.name)
    if table.schema:
        place = f"{dialect.quote(table.schema)}.{place}"
    if cursor is None or bound is None:
        return f"SELECT {body} FROM {place}"
    _, column = table.column(cursor)
    order = order_of(column.order, bound)
    where = f"{dialect.ordered(column)} >= {dialect.literal(order, bound)}"
    if column.nullable:
        where += f" OR {dialect.quote(column.name)} IS NULL"
    return f"SELECT {body} FROM {place} WHERE {where}"


def _as_bytes(dialect: Dialect, table: SourceTable) -> SourceTable:
    """Return a SQLite table with its texts asked for as bytes: some of them are not UTF-8."""
    columns = [
        column
        if column.hex or column.order == "number"
        else SourceColumn(
            column.name,
            column.source_type,
            column.type,
            f"CASE WHEN {dialect.quote(column.name)} IS NOT NULL "
            f"THEN hex(CAST({dialect.quote(column.name)} AS TEXT)) END",
            column.order,
            column.nullable,
            hex=True,
            zone_unknown=column.zone_unknown,
        )
        for column in table.columns
    ]
    return SourceTable(table.declared, table.schema, table.name, tuple(columns), table.primary_key)


def _attached(connection: duckdb.DuckDBPyConnection, scan: Scan, source: Source) -> bool:
    """Attach the source; False where its scanner can't connect although SQLAlchemy did."""
    try:
        extract.attach(connection, scan)
    except duckdb.Error:
        if scan.kind == "sqlite":
            raise
        log.warning("%s: DuckDB's scanner can't connect; reading as a stream", source.name)
        return False
    return True


def _scan(source: Source, dialect: Dialect) -> Scan:
    url = source.url
    if dialect.scanner == "sqlite":
        return Scan("sqlite", {"path": str(url.database)})
    place = {
        "host": url.host or "",
        "port": str(url.port or ""),
        "user": url.username or "",
        "password": str(url.password or ""),
        "database": url.database or "",
    }
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    if dialect.scanner == "postgres":
        place["host"] = place["host"] or query.pop("host", "")
        return Scan(
            "postgres",
            place,
            {"connect_timeout": "10", **query, "client_encoding": "UTF8"},
        )
    options = {MYSQL_OPTIONS[name]: query[name] for name in MYSQL_OPTIONS if name in query}
    return Scan("mysql", place, options)


def _stream(
    source: Source,
    table: SourceTable,
    file: Path,
    cursor: str | None,
    bound: str | None,
    on_rows: Callable[[int], None] | None,
) -> SourceTable:
    with source.engine.connect() as connection:
        columns = database_stream.columns(connection, table.schema, table.name)
        streamed = SourceTable(
            table.declared, table.schema, table.name, tuple(columns), table.primary_key
        )
        batches = database_stream.batches(
            connection,
            table.schema,
            table.name,
            columns,
            cursor=streamed.column(cursor)[1] if cursor else None,
            bound=bound,
            on_rows=on_rows,
        )
        extract.stage_batches(batches, len(columns), file)
    return streamed

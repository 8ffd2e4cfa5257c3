"""One table of a source: found, described, and staged.

What belongs here: choosing between scanner and stream, and building the one statement that reads
the table. What does not: what its rows become (`database_plan`).
"""

import difflib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
    """

    declared: str
    schema: str | None
    name: str
    columns: tuple[SourceColumn, ...]

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Columns of its primary key, if it has one."""
        return tuple(column.name for column in self.columns if column.key)

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


def read_columns(
    source: Source, connection: sqlalchemy.Connection, schema: str | None, name: str
) -> list[SourceColumn]:
    """Return the columns of a table that is there."""
    dialect = DIALECTS.get(source.dialect)
    read = dialect.columns if dialect else database_stream.columns
    return read(connection, schema, name)


def describe(source: Source, declared: str) -> SourceTable:
    """Return the table as the source describes it.

    Raises:
        PlatformError: it is not there, or can't be looked at.
    """
    schema, name = find(source, declared)
    with explained(source.name, source.url, declared), source.engine.connect() as connection:
        columns = read_columns(source, connection, schema, name)
    return SourceTable(declared, schema, name, tuple(columns))


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

    def as_bytes(column: SourceColumn) -> SourceColumn:
        if column.hex or column.order == "number":
            return column
        name = dialect.quote(column.name)
        read = f"CASE WHEN {name} IS NOT NULL THEN hex(CAST({name} AS TEXT)) END"
        return replace(column, read=read, hex=True)

    return replace(table, columns=tuple(map(as_bytes, table.columns)))


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
    """Read the table without a scanner; every value is staged as text, bytes in hexadecimal."""
    dialect = DIALECTS.get(source.dialect)
    statement: str | sqlalchemy.Select[Any]
    if dialect:
        statement = select(dialect, table, cursor, bound)
    else:
        of = table.column(cursor)[1] if cursor else None
        statement = database_stream.select(table.schema, table.name, table.columns, of, bound)
    with source.engine.connect() as connection:
        batches = database_stream.batches(connection, statement, on_rows)
        extract.stage_batches(batches, len(table.columns), file)
    columns = [replace(column, hex=column.type == "BLOB") for column in table.columns]
    return replace(table, columns=tuple(columns))

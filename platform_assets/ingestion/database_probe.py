"""A cheap look at what a source's tables hold now, to notice news within seconds.

What belongs here: one short text per table that changes when a load would find something new. It
may also change when there is nothing (a rolled-back insert): the load then finds that out. What
does not: reading rows for good (`database_table`).

Cost: a small table (up to `SMALL_ROWS`) is read and hashed. Of a large one with a cursor, the
newest rows by that cursor are; of a large one without, the database's own mark of change is used:
the counters of inserts, updates and deletes in PostgreSQL, the time of update in MySQL, the
change of the file in SQLite. Databases without such a mark show inserts and deletes only.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy

from platform_assets.ingestion.database_source import Source, connected, explained
from platform_assets.ingestion.database_table import find, read_columns
from platform_assets.ingestion.declaration import DatabaseDeclaration, TableDeclaration
from resources.errors import PlatformError

SMALL_ROWS = 2_000  # rows that are read whole
NEWEST_ROWS = 500  # rows that are read of a large table with a cursor
SETTLED_SECONDS = 3  # MySQL tells a change to the second: a mark younger than this may hide one

_POSTGRESQL_MARK = """
    SELECT pg_relation_filenode(c.oid), pg_relation_size(c.oid),
           s.n_tup_ins, s.n_tup_upd, s.n_tup_del
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_stat_all_tables s ON s.relid = c.oid
    WHERE n.nspname = :s AND c.relname = :t AND c.relkind = 'r' AND NOT c.relhassubclass"""
_MYSQL_MARK = """
    SELECT update_time, data_length,
           CASE WHEN update_time > now() - INTERVAL :settled SECOND THEN now(6) END
    FROM information_schema.tables
    WHERE table_schema = coalesce(:s, database()) AND table_name = :t AND update_time IS NOT NULL"""


def probe(declaration: DatabaseDeclaration) -> dict[str, str]:
    """Return a fingerprint of what each declared table holds now; nothing is written.

    Raises:
        PlatformError: the database can't be reached, or a table or its cursor is not there.
    """
    with connected(declaration) as source:
        return {table.name: _probe(source, table) for table in declaration.tables}


def _probe(source: Source, table: TableDeclaration) -> str:
    schema, name = find(source, table.name)
    place = sqlalchemy.table(name, schema=schema)
    with (
        explained(source.name, source.url, table.name),
        source.engine.connect() as connection,
    ):
        described = read_columns(source, connection, schema, name)
        names = [column.name for column in described]
        columns: list[sqlalchemy.ColumnClause[Any]] = [
            sqlalchemy.column(column) for column in names
        ]
        everything = sqlalchemy.select(*columns).select_from(place)
        rows = connection.execute(everything.limit(SMALL_ROWS + 1)).fetchall()
        shape = _hash([names])
        if len(rows) <= SMALL_ROWS:
            return f"{len(rows)} rows {shape} {_hash(sorted(map(_text, rows)))}"
        if table.cursor is not None:
            return f"{shape} {_newest(connection, everything, place, table, names)}"
        mark = _mark(source, connection, schema, name)
        if mark is None:
            mark = _counted(connection, place, [c.name for c in described if c.key])
        return f"{shape} {_hash([mark])}"


def _newest(
    connection: sqlalchemy.Connection,
    everything: sqlalchemy.Select[Any],
    place: sqlalchemy.TableClause,
    table: TableDeclaration,
    names: list[str],
) -> str:
    """Return the largest cursor value and a hash of the newest rows, and of those without one."""
    name = next((n for n in names if n.lower() == str(table.cursor).lower()), None)
    if name is None:
        raise PlatformError(
            f"Table {table.name!r}: its cursor {table.cursor!r} is no column of the table.",
            hint=f"It has: {', '.join(sorted(names))}.",
        )
    cursor: sqlalchemy.ColumnClause[Any] = sqlalchemy.column(name)
    top = connection.execute(sqlalchemy.select(sqlalchemy.func.max(cursor)).select_from(place))
    newest = everything.where(cursor.is_not(None)).order_by(cursor.desc()).limit(NEWEST_ROWS)
    rows = connection.execute(newest).fetchall()
    # Rows with the same cursor as the last one read come in no certain order: leave them out.
    last = rows[-1][names.index(name)] if rows else None
    certain = [row for row in rows if row[names.index(name)] != last] or rows[:1]
    empty = sqlalchemy.select(sqlalchemy.func.count()).select_from(place).where(cursor.is_(None))
    missing = connection.execute(empty).scalar()
    return f"{top.scalar()} {missing} {_hash(sorted(map(_text, certain)))}"


def _mark(
    source: Source, connection: sqlalchemy.Connection, schema: str | None, name: str
) -> str | None:
    """Return the database's own mark of change of a table; None where it keeps none."""
    if source.dialect == "sqlite":
        return _file_mark(Path(str(source.url.database)))
    values: dict[str, Any] = {"s": schema, "t": name}
    if source.dialect == "postgresql":
        query = _POSTGRESQL_MARK
    elif source.dialect in ("mysql", "mariadb"):
        query, values = _MYSQL_MARK, {**values, "settled": SETTLED_SECONDS}
    else:
        return None
    row = connection.execute(sqlalchemy.text(query), values).fetchone()
    return None if row is None else _text(row)


def _file_mark(path: Path) -> str:
    """Return size and time of change of a SQLite file and of its write-ahead log."""
    marks = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            found = file.stat()
            marks.append(f"{found.st_size} {found.st_mtime_ns}" if found.st_size else "")
        except FileNotFoundError:
            marks.append("")
    return " ".join(marks)


def _counted(
    connection: sqlalchemy.Connection, place: sqlalchemy.TableClause, key: list[str]
) -> str:
    """Return the number of rows, and the largest key where the key is one column."""
    wanted: list[Any] = [sqlalchemy.func.count()]
    if len(key) == 1:
        wanted.append(sqlalchemy.func.max(sqlalchemy.column(key[0])))
    return _text(connection.execute(sqlalchemy.select(*wanted).select_from(place)).one())


def _text(row: Iterable[Any]) -> str:
    return repr(tuple(bytes(v) if isinstance(v, memoryview) else v for v in row))


def _hash(values: Iterable[object]) -> str:
    digest = hashlib.sha256()
    for value in values:
        digest.update(f"{value}\0".encode(errors="backslashreplace"))
    return digest.hexdigest()[:16]

"""A cheap look at what a source's tables hold now, to notice news within seconds.

What belongs here: one short text per table that changes when a load would find something new. It
may also change when there is nothing (a rolled-back insert): the load then finds that out. What
does not: reading rows for good (`database_table`).

Cost: a small table (up to `SMALL_ROWS`) is read and hashed. Of a large one with a cursor, the
newest rows by that cursor are: milliseconds with an index on it, a scan of the table without. Of a
large one without a cursor, the database's own mark of change is used: the counters of inserts,
updates and deletes in PostgreSQL, the time of update in MySQL, the change of the file in SQLite.
Views, and databases without such a mark, show the number of rows and the largest key.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy

from platform_assets.ingestion.database_columns import SourceColumn
from platform_assets.ingestion.database_plan import check_declared
from platform_assets.ingestion.database_source import Source, connected, explained
from platform_assets.ingestion.database_table import find, read_columns
from platform_assets.ingestion.declaration import DatabaseDeclaration, TableDeclaration
from resources.errors import PlatformError

SMALL_ROWS = 2_000  # rows that are read whole
NEWEST_ROWS = 500  # rows that are read of a large table with a cursor
SETTLED_SECONDS = 3  # MySQL tells a change to the second: a mark younger than this may hide one

_POSTGRESQL_MARK = """
    WITH RECURSIVE family AS (
        SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = :s AND c.relname = :t AND c.relkind IN ('r', 'p')
        UNION SELECT i.inhrelid FROM pg_inherits i JOIN family f ON i.inhparent = f.oid
    )
    SELECT sum(n_tup_ins), sum(n_tup_upd), sum(n_tup_del), sum(pg_relation_size(relid)),
           array_agg(pg_relation_filenode(relid) ORDER BY relid)
    FROM pg_stat_all_tables WHERE relid IN (SELECT oid FROM family) HAVING count(*) > 0"""
_MYSQL_MARK = """
    SELECT update_time, data_length,
           CASE WHEN update_time > now() - INTERVAL :settled SECOND THEN now(6) END
    FROM information_schema.tables
    WHERE table_schema = coalesce(:s, database()) AND table_name = :t AND update_time IS NOT NULL"""


def probe(declaration: DatabaseDeclaration, tables: Collection[str] = ()) -> dict[str, str]:
    """Return a fingerprint of what each declared table holds now; nothing is written.

    A table that can't be looked at (it is gone, it may not be read) has a fingerprint too: it
    hides no other table, and its load tells what is wrong.

    Args:
        declaration: the database.
        tables: names of the tables to look at; empty means all of them.

    Raises:
        PlatformError: the database can't be reached.
    """
    with connected(declaration) as source:
        return {
            table.name: _fingerprint(source, table)
            for table in declaration.tables
            if not tables or table.name in tables
        }


def _fingerprint(source: Source, table: TableDeclaration) -> str:
    try:
        return _probe(source, table)
    except PlatformError as error:
        return f"unreadable {_hash([error.message])}"


def _probe(source: Source, table: TableDeclaration) -> str:
    schema, name = find(source, table.name)
    place = sqlalchemy.table(name, schema=schema)
    with (
        explained(source.name, source.url, table.name),
        source.engine.connect() as connection,
    ):
        described = read_columns(source, connection, schema, name)
        check_declared(described, table, f"Source {source.name!r}, table {table.name!r}")
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
            number = [column.lower() for column in names].index(table.cursor.lower())
            return f"{shape} {_newest(connection, everything, place, described, number)}"
        mark = _mark(source, connection, schema, name)
        if mark is None:
            mark = _counted(connection, place, [c.name for c in described if c.key])
        return f"{shape} {_hash([mark])}"


def _newest(
    connection: sqlalchemy.Connection,
    everything: sqlalchemy.Select[Any],
    place: sqlalchemy.TableClause,
    columns: Sequence[SourceColumn],
    number: int,
) -> str:
    """Return a hash of the newest rows by the n-th column, and the number of rows without it."""
    cursor: sqlalchemy.ColumnClause[Any] = sqlalchemy.column(columns[number].name)
    newest = everything.where(cursor.is_not(None)).order_by(cursor.desc()).limit(NEWEST_ROWS)
    rows = connection.execute(newest).fetchall()
    top, last = (rows[0][number], rows[-1][number]) if rows else (None, None)
    # Rows with the same cursor as the last one read come in no certain order: count them instead.
    certain = [row for row in rows if row[number] != last]
    count = sqlalchemy.select(sqlalchemy.func.count()).select_from(place)
    near = connection.execute(count.where(cursor >= last)).scalar_one() if rows else 0
    empty = 0
    if columns[number].nullable:
        empty = connection.execute(count.where(cursor.is_(None))).scalar_one()
    return f"{top} {near} {empty} {_hash(sorted(map(_text, certain)))}"


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

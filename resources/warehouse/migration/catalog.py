"""The catalog's way from SQLite into PostgreSQL: every table with every row, in one transaction.

Numbers of snapshots, tables and files stay, so that what names one goes on to be right. What
changes: where the files are, and the types of columns, which SQLite has fewer of.
"""

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from resources.errors import PlatformError
from resources.warehouse import extensions
from resources.warehouse.migration import rows, source
from resources.warehouse.migration.target import Target
from resources.warehouse.sql import identifier, literal

# Files that wait to be deleted stay where they are: they are not copied.
LEFT_OUT = "ducklake_files_scheduled_for_deletion"
INLINED = "ducklake_inlined_data_"
# The type of a column of rows that lie in the catalog itself, by that of the table's column, as
# DuckLake makes it in PostgreSQL; those that are not here are kept as text.
KINDS = {
    "boolean": "boolean",
    "int8": "smallint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "uint8": "integer",
    "uint16": "integer",
    "uint32": "bigint",
    "float32": "real",
    "float64": "double precision",
    "time": "time",
    "timetz": "time with time zone",
    "interval": "interval",
    "varchar": "bytea",  # which can hold every character, other than PostgreSQL's text
    "json": "bytea",
    "blob": "bytea",
    "uuid": "uuid",
}


def copy(lake: sqlite3.Connection, target: Target, files: str) -> dict[str, int]:
    """Copy the catalog and set the marker, all or nothing; return the rows of each table.

    Args:
        lake: the source's catalog, in one view.
        files: folder or URL below which the files are now.

    Raises:
        PlatformError: the source has an older format, or the target has a lake meanwhile.
    """
    made = _definitions(source.facts(lake).version)
    with target.transaction() as cursor:
        counts = {
            table: _table(lake, cursor, table, made.get(table), files)
            for table in source.tables(lake)
        }
        for table in made.keys() - counts.keys():
            cursor.execute(made[table])
        _check_counts(cursor, counts)
        target.set(cursor, "copied")
    return counts


def remove(lake: sqlite3.Connection, target: Target) -> None:
    """Take a copy of the catalog away again, all or nothing, and set the marker back.

    Raises:
        PlatformError: somebody has written to the copy: then it is no copy any more.
    """
    with target.transaction() as cursor:
        cursor.execute("LOCK TABLE public.ducklake_snapshot IN ACCESS EXCLUSIVE MODE")
        _check_unused(lake, cursor)
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
            "AND starts_with(tablename, 'ducklake_')"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE public.{identifier(name)}")
        target.set(cursor, "begun")


def _check_unused(lake: sqlite3.Connection, cursor: Any) -> None:
    cursor.execute(
        "SELECT snapshot_id, snapshot_time AT TIME ZONE 'UTC' FROM public.ducklake_snapshot "
        "ORDER BY snapshot_id DESC LIMIT 1"
    )
    number, at = cursor.fetchone()
    found = lake.execute(
        "SELECT snapshot_time FROM ducklake_snapshot WHERE snapshot_id = ?", [number]
    ).fetchone()
    if found is None or datetime.fromisoformat(found[0]) != at.replace(tzinfo=UTC):
        raise PlatformError(
            "The lake was moved but not compared yet, and somebody has written to it since.",
            hint="If you want to keep what was written there, use it as it is; else name an empty "
            "database.",
        )


def _definitions(version: str) -> dict[str, str]:
    """Return how DuckLake defines each table of its catalog, from an empty lake of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/empty.duckdb"
        with duckdb.connect(config=extensions.CONFIG) as connection:
            extensions.load(connection, "icu", "ducklake")
            connection.execute(
                f"ATTACH {literal(f'ducklake:{file}')} (DATA_PATH {literal(folder)})"
            )
        with duckdb.connect(file, read_only=True) as connection:
            found = dict(
                connection.execute("SELECT table_name, sql FROM duckdb_tables()").fetchall()
            )
            known = connection.execute(
                "SELECT value FROM ducklake_metadata WHERE key = 'version'"
            ).fetchone()
    if known != (version,):
        raise PlatformError(
            f"The lake has DuckLake's format {version}, not {known[0] if known else 'the newest'}.",
            hint="Load something with this version of the platform first: that brings it up to it.",
        )
    return found


def _table(
    lake: sqlite3.Connection, cursor: Any, table: str, definition: str | None, files: str
) -> int:
    columns = source.columns(lake, table)
    cursor.execute(definition or _inlined(lake, table, columns))
    cursor.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0",
        [f"public.{table}"],
    )
    kinds = dict(cursor.fetchall())
    if set(kinds) != set(columns):
        raise PlatformError(
            f"The catalog's table {table} has the columns {', '.join(columns)}: unknown.",
            hint="Open the lake for writing once with this version of the platform.",
        )
    found = _moved(lake, table, columns, files)
    return rows.copy(cursor, f"public.{table}", columns, [kinds[c] for c in columns], found)


def _inlined(lake: sqlite3.Connection, table: str, columns: Sequence[str]) -> str:
    """Return the definition of a table of rows, or of deletions, that lie in the catalog."""
    kinds = dict.fromkeys(columns, "bigint")
    if table.startswith(INLINED):
        kinds |= _kinds(lake, table)
    body = ", ".join(f"{identifier(column)} {kinds[column]}" for column in columns)
    return f"CREATE TABLE public.{table} ({body})"


def _kinds(lake: sqlite3.Connection, table: str) -> dict[str, str]:
    """Return the types of the columns that a table had when its inlined rows were written.

    The last one of a name counts: that of the snapshot which brought these columns.
    """
    found = lake.execute(
        """
        SELECT c.column_name, c.column_type
        FROM ducklake_inlined_data_tables i
        JOIN ducklake_column c ON c.table_id = i.table_id AND c.parent_column IS NULL
        LEFT JOIN ducklake_schema_versions v
          ON v.schema_version = i.schema_version AND coalesce(v.table_id, i.table_id) = i.table_id
         AND c.begin_snapshot <= v.begin_snapshot
         AND (c.end_snapshot IS NULL OR c.end_snapshot > v.begin_snapshot)
        WHERE i.table_name = ?
        ORDER BY v.begin_snapshot NULLS FIRST
        """,
        [table],
    ).fetchall()
    return {name: _kind(kind) for name, kind in found}


def _kind(kind: str) -> str:
    return (
        kind.replace("decimal", "numeric")
        if kind.startswith("decimal")
        else KINDS.get(kind, "varchar")
    )


def _moved(
    lake: sqlite3.Connection, table: str, columns: Sequence[str], files: str
) -> Iterator[Sequence[Any]]:
    """Yield the rows of a table as they are to be in the target."""
    listed = ", ".join(map(identifier, columns))
    found = lake.execute(f"SELECT {listed} FROM {table}")
    names = source.Names(lake)
    if table == LEFT_OUT:
        return
    if table == "ducklake_metadata":
        for key, value, *rest in found:
            yield key, f"{files}/" if key == "data_path" else value, *rest
    elif table in source.FILE_TABLES:
        yield from _of_files(found, columns, names, files)
    elif table in ("ducklake_schema", "ducklake_table"):
        path, relative = columns.index("path"), columns.index("path_is_relative")
        for row in map(list, found):
            if not row[relative] and row[path].startswith(names.data_path):
                row[path] = f"{files}/{row[path].removeprefix(names.data_path).lstrip('/')}"
            yield row
    else:
        yield from found


def _of_files(
    found: Iterator[Any], columns: Sequence[str], names: source.Names, files: str
) -> Iterator[Sequence[Any]]:
    path, relative = columns.index("path"), columns.index("path_is_relative")
    for row in map(list, found):  # the first column is the file's number
        if not row[relative]:
            row[path] = f"{files}/{names.name(row[0], row[path])}"
        yield row


def _check_counts(cursor: Any, counts: dict[str, int]) -> None:
    for table, count in counts.items():
        cursor.execute(f"SELECT count(*) FROM public.{table}")
        (there,) = cursor.fetchone()
        if there != count:
            raise PlatformError(f"{table} has {there} rows instead of {count}.")

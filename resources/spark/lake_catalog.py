"""Which files make up a table of the lake at a snapshot, as its catalog says.

What belongs here: reading the catalog's tables (the DuckLake format, 1.0). What does not: reading
the files (`lake_views`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from resources.spark.types import Column
from resources.warehouse.connection import identifier, literal

META = "__ducklake_metadata_lake"
MOMENT = "_ducklake_internal_snapshot_id"  # column of a merged file: when a row came


@dataclass(frozen=True)
class Origin:
    """Where the value of a column comes from, in the files of one group.

    Attributes:
        name: the file's column; None where it has none.
        type: its type there.
        folder: whether it is not in the file but in the names of its folders.
        default: of a column that came later, its value in older rows, as text.
    """

    name: str | None
    type: str
    folder: bool = False
    default: str | None = None


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of a table.

    Attributes:
        path: absolute, or a URL.
        deletes: file of the positions of its rows that are gone.
        gone: such positions that the catalog itself keeps.
        merged: it holds rows of several snapshots, some of them newer than the one asked for.
    """

    path: str
    deletes: str | None = None
    gone: tuple[int, ...] = ()
    merged: bool = False


@dataclass(frozen=True)
class Group:
    """Files with the same columns."""

    origins: tuple[Origin, ...]
    files: tuple[DataFile, ...]


@dataclass(frozen=True)
class LakeTable:
    """A table at a snapshot: equal ones are the same rows.

    Attributes:
        inlined: SQL, for DuckDB, of the rows that the catalog itself keeps; "" where it keeps none.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    inlined: str = ""
    snapshot: int = field(default=0, compare=False)


def newest_snapshot(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the number of the newest snapshot."""
    row = connection.execute(f"SELECT max(snapshot_id) FROM {META}.ducklake_snapshot").fetchone()
    return int(row[0]) if row else 0


def lake_table(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str, snapshot: int
) -> LakeTable | None:
    """Return the table at the snapshot; None if there was none."""
    at = _at(snapshot)
    found = connection.execute(
        "SELECT t.table_id, CASE WHEN t.path_is_relative THEN CASE WHEN s.path_is_relative THEN "
        f"(SELECT value FROM {META}.ducklake_metadata WHERE key = 'data_path' AND scope IS NULL) "
        "ELSE '' END || s.path ELSE '' END || t.path "
        f"FROM {META}.ducklake_table AS t JOIN {META}.ducklake_schema AS s USING (schema_id) "
        f"WHERE lower(s.schema_name) = lower(?) AND lower(t.table_name) = lower(?) "
        f"AND {_at(snapshot, 't')} AND {_at(snapshot, 's')}",
        [schema, name],
    ).fetchone()
    if found is None:
        return None
    table, folder = int(found[0]), str(found[1])
    history = connection.execute(
        "SELECT column_id, begin_snapshot, end_snapshot, column_name, column_type, "
        f"initial_default, {at} FROM {META}.ducklake_column "
        f"WHERE table_id = {table} AND parent_column IS NULL ORDER BY column_order",
    ).fetchall()
    current = {row[0]: Column(row[3], row[4]) for row in history if row[6]}
    return LakeTable(
        schema,
        name,
        tuple(current.values()),
        _groups(connection, table, folder, snapshot, _Columns(list(current), history)),
        _inlined(connection, table, snapshot, current, history),
        snapshot,
    )


def _at(snapshot: int, alias: str = "") -> str:
    """Return the condition on what the catalog held at a snapshot."""
    dot = f"{alias}." if alias else ""
    return (
        f"({dot}begin_snapshot <= {snapshot} "
        f"AND ({dot}end_snapshot IS NULL OR {dot}end_snapshot > {snapshot}))"
    )


class _Columns:
    """The columns of a table, of today and of before."""

    def __init__(self, current: Sequence[int], history: Sequence[tuple[object, ...]]) -> None:
        self.current = current
        self.history = history

    def written(self, begin: int) -> tuple[Origin, ...]:
        """Return the origins in a file that the lake itself wrote at snapshot `begin`."""
        then = {
            row[0]: Origin(str(row[3]), str(row[4]))
            for row in self.history
            if int(str(row[1])) <= begin and (row[2] is None or int(str(row[2])) > begin)
        }
        return tuple(then.get(column) or self._later(column) for column in self.current)

    def mapped(self, begin: int, names: Mapping[int, tuple[str, bool]]) -> tuple[Origin, ...]:
        """Return the origins in a file that was added, by its mapping: column → name, folder."""
        types = {
            row[0]: str(row[4])
            for row in self.history
            if int(str(row[1])) <= begin and (row[2] is None or int(str(row[2])) > begin)
        }
        return tuple(
            Origin(names[column][0], types[column], folder=names[column][1])
            if column in names and column in types
            else self._later(column)
            for column in self.current
        )

    def _later(self, column: int) -> Origin:
        row = next(row for row in reversed(self.history) if row[0] == column)
        return Origin(None, str(row[4]), default=None if row[5] is None else str(row[5]))


def _groups(
    connection: duckdb.DuckDBPyConnection,
    table: int,
    folder: str,
    snapshot: int,
    columns: _Columns,
) -> tuple[Group, ...]:
    files = connection.execute(
        "SELECT f.data_file_id, f.begin_snapshot, f.mapping_id, coalesce(f.partial_max, 0) > "
        f"{snapshot}, CASE WHEN f.path_is_relative THEN ? ELSE '' END || f.path, "
        "CASE WHEN d.path_is_relative THEN ? ELSE '' END || d.path "
        f"FROM {META}.ducklake_data_file AS f LEFT JOIN {META}.ducklake_delete_file AS d "
        f"ON f.data_file_id = d.data_file_id AND {_at(snapshot, 'd')} "
        f"WHERE f.table_id = {table} AND {_at(snapshot, 'f')} ORDER BY f.data_file_id",
        [folder, folder],
    ).fetchall()
    if not files:
        return ()
    names: dict[int, dict[int, tuple[str, bool]]] = {}
    for mapping, column, source, partition in connection.execute(
        f"SELECT n.mapping_id, n.target_field_id, n.source_name, n.is_partition "
        f"FROM {META}.ducklake_name_mapping AS n JOIN {META}.ducklake_column_mapping AS m "
        f"USING (mapping_id) WHERE m.table_id = {table} AND n.parent_column IS NULL"
    ).fetchall():
        names.setdefault(mapping, {})[column] = (source, bool(partition))
    gone = _inlined_deletes(connection, table, snapshot)
    groups: dict[tuple[Origin, ...], list[DataFile]] = {}
    for number, begin, mapping, merged, path, deletes in files:
        origins = (
            columns.written(begin) if mapping is None else columns.mapped(begin, names[mapping])
        )
        file = DataFile(path, deletes, tuple(gone.get(number, ())), bool(merged))
        groups.setdefault(origins, []).append(file)
    return tuple(Group(origins, tuple(files)) for origins, files in groups.items())


def _inlined_deletes(
    connection: duckdb.DuckDBPyConnection, table: int, snapshot: int
) -> dict[int, list[int]]:
    gone: dict[int, list[int]] = {}
    try:
        rows = connection.execute(
            f"SELECT file_id, row_id FROM {META}.ducklake_inlined_delete_{table} "
            f"WHERE begin_snapshot <= {snapshot} ORDER BY ALL"
        ).fetchall()
    except duckdb.CatalogException:  # made with the first of them
        return gone
    for file, position in rows:
        gone.setdefault(file, []).append(position)
    return gone


def _inlined(
    connection: duckdb.DuckDBPyConnection,
    table: int,
    snapshot: int,
    current: Mapping[int, Column],
    history: Sequence[tuple[object, ...]],
) -> str:
    """Return the SQL of the rows that are in the catalog and in no file.

    There a SQLite catalog has moments as texts, and PostgreSQL, which knows no NUL, texts as bytes.
    """
    parts = []
    for kept, begin in connection.execute(
        f"SELECT i.table_name, min(v.begin_snapshot) FROM {META}.ducklake_inlined_data_tables AS i "
        f"JOIN {META}.ducklake_schema_versions AS v USING (table_id, schema_version) "
        f"WHERE i.table_id = {table} AND v.begin_snapshot <= {snapshot} GROUP BY ALL"
    ).fetchall():
        rows = f"FROM {META}.{identifier(kept)} WHERE {_at(snapshot)}"
        count = connection.execute(f"SELECT count(*) {rows}").fetchone()
        if not count or not count[0]:
            continue
        origins = _Columns(list(current), history).written(begin)
        described = connection.execute(f"DESCRIBE {META}.{identifier(kept)}").fetchall()
        types = {name: kind for name, kind, *_ in described}
        values = ", ".join(
            f"CAST({_kept(origin, types)} AS {duckdb_type(column.type)}) "
            f"AS {identifier(column.name)}"
            for origin, column in zip(origins, current.values(), strict=True)
        )
        parts.append(f"SELECT {values} {rows}")
    return " UNION ALL ".join(parts)


def _kept(origin: Origin, types: Mapping[str, str]) -> str:
    if origin.name is not None:
        column = identifier(origin.name)
        is_text = types.get(origin.name) == "BLOB" and origin.type != "blob"
        return f"decode({column})" if is_text else column
    return "NULL" if origin.default is None else literal(origin.default)


def duckdb_type(lake_type: str) -> str:
    """Return DuckDB's name of a type that stands in the lake's catalog."""
    names = {
        "int8": "TINYINT",
        "int16": "SMALLINT",
        "int32": "INTEGER",
        "int64": "BIGINT",
        "int128": "HUGEINT",
        "uint8": "UTINYINT",
        "uint16": "USMALLINT",
        "uint32": "UINTEGER",
        "uint64": "UBIGINT",
        "float32": "FLOAT",
        "float64": "DOUBLE",
    }
    return names.get(lake_type, lake_type.upper())

"""Compaction: many small files of a table become few, and deleted rows leave the files they are in.

What belongs here: which tables need it, and doing it table by table, so that the write lock is held
for one file at a time. What does not: old snapshots and the files that only they need (`expiry`).

No row of a table changes by it, at no snapshot: DuckLake keeps each row's number and the snapshot
that brought it, and what a raw file says by the names of its folders (`_load_id`, `_loaded_at`)
becomes a column of the merged one. Files that are merged are deleted later, by `expiry`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from resources.errors import UncertainCommit
from resources.warehouse import Warehouse
from resources.warehouse.connection import identifier, literal
from resources.warehouse.system_tables import CATALOG

LOADED = ("raw", "platform")  # schemas whose tables are written in the turn of the loads
UNIONS = 200  # tables of inlined rows that are counted in one query
INLINED = 10  # rows up to which DuckLake puts an insert into the catalog
ATTEMPTS = 3
# Whatever was done after all is found done by the next attempt, or the next run.
CONFLICTS = (duckdb.TransactionException, UncertainCommit)


@dataclass(frozen=True)
class Limits:
    """When a table is compacted, and how large its files become.

    Attributes:
        small: bytes below which a file is merged.
        few: number of small files that a table may have.
        file_size: bytes that a merged file has at most, or little more.
        deleted: share of a file's rows that may be deleted before it is written anew.
        inlined: rows of a table that the catalog may hold: DuckLake keeps small inserts there.
    """

    small: int = 32 << 20
    few: int = 8
    file_size: int = 128 << 20
    deleted: float = 0.3
    inlined: int = 5_000


@dataclass(frozen=True)
class Size:
    """What the newest snapshot of the lake consists of."""

    files: int
    bytes: int


@dataclass(frozen=True)
class Candidate:
    """A table that needs compaction.

    Attributes:
        small: number of its small files.
        worn: number of its files with too many deleted rows.
        parts: tables of the catalog that hold too many of its rows.
    """

    schema: str
    table: str
    small: int
    worn: int
    parts: tuple[str, ...]

    @property
    def name(self) -> str:
        """The table as people write it."""
        return f"{self.schema}.{self.table}"

    @property
    def turn(self) -> str:
        """Whose turn it is to write the table: that of the loads, or of the table's own model."""
        return "" if self.schema in LOADED else self.table


@dataclass(frozen=True)
class Inlined:
    """A table of the catalog that holds rows of a table of the lake.

    Attributes:
        name: of the catalog's table.
        rows: that the newest snapshot has.
        dead: that it has no more.
    """

    table_id: int
    name: str
    rows: int
    dead: int


@dataclass
class Compaction:
    """What a compaction did.

    Attributes:
        tables: names of the tables that were compacted.
        left: names of those that somebody else was changing; the next run does them.
        rows: rows that went from the catalog into files.
    """

    before: Size
    after: Size = field(default_factory=lambda: Size(0, 0))
    tables: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    rows: int = 0


def compact(warehouse: Warehouse, limits: Limits = Limits()) -> Compaction:
    """Compact every table that needs it.

    Can be killed at any moment: a table is then as it was, or compacted in part.

    Raises:
        duckdb.Error, PlatformError: the lake can't be read or written.
    """
    with warehouse.reading() as connection:
        done = Compaction(size(connection))
        found = candidates(connection, limits)
    if found:
        _set_options(warehouse, limits)
    for each in found:
        try:
            rows, changed = _compact(warehouse, each, limits)
            done.rows += rows
            done.tables += [each.name] if changed else []
        except duckdb.CatalogException:
            continue  # dropped since
        except CONFLICTS:
            done.left.append(each.name)
    with warehouse.reading() as connection:
        done.after = size(connection)
    return done


def size(connection: duckdb.DuckDBPyConnection) -> Size:
    """Return the number and bytes of the files that the newest snapshot needs."""
    row = connection.execute(
        "SELECT count(*), coalesce(sum(file_size_bytes), 0) FROM ("
        f"SELECT file_size_bytes FROM {CATALOG}.ducklake_data_file WHERE end_snapshot IS NULL "
        f"UNION ALL SELECT file_size_bytes FROM {CATALOG}.ducklake_delete_file "
        "WHERE end_snapshot IS NULL)"
    ).fetchone()
    assert row is not None
    return Size(int(row[0]), int(row[1]))


def candidates(connection: duckdb.DuckDBPyConnection, limits: Limits) -> list[Candidate]:
    """Return the tables that need compaction, by name."""
    rows = connection.execute(
        f"""
        SELECT s.schema_name, t.table_name, t.table_id,
            count(*) FILTER (f.file_size_bytes < ? AND d.data_file_id IS NULL),
            count(*) FILTER (d.deleted > ? * f.record_count)
        FROM {CATALOG}.ducklake_table t
        JOIN {CATALOG}.ducklake_schema s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
        LEFT JOIN {CATALOG}.ducklake_data_file f
            ON f.table_id = t.table_id AND f.end_snapshot IS NULL
        LEFT JOIN (
            SELECT data_file_id, sum(delete_count) AS deleted FROM {CATALOG}.ducklake_delete_file
            WHERE end_snapshot IS NULL GROUP BY data_file_id
        ) d ON d.data_file_id = f.data_file_id
        WHERE t.end_snapshot IS NULL
        GROUP BY ALL ORDER BY 1, 2
        """,
        [limits.small, limits.deleted],
    ).fetchall()
    parts: dict[int, list[Inlined]] = {}
    for each in inlined(connection):
        if each.rows:
            parts.setdefault(each.table_id, []).append(each)
    found = []
    for schema, table, number, small, worn in rows:
        held = parts.get(number, [])
        if sum(part.rows for part in held) <= max(limits.inlined, INLINED):
            held = []
        if small > limits.few or worn or held:
            found.append(Candidate(schema, table, small, worn, tuple(p.name for p in held)))
    return found


def inlined(connection: duckdb.DuckDBPyConnection) -> Iterator[Inlined]:
    """Yield the tables of which the catalog holds rows, one for each set of columns they had."""
    tables = connection.execute(
        f"SELECT i.table_id, i.table_name FROM {CATALOG}.ducklake_inlined_data_tables i "
        f"JOIN {CATALOG}.ducklake_table t ON t.table_id = i.table_id AND t.end_snapshot IS NULL"
    ).fetchall()
    for start in range(0, len(tables), UNIONS):
        counts = " UNION ALL ".join(
            f"SELECT {int(number)}, {literal(name)}, count(*) - count(end_snapshot), "
            f"count(end_snapshot) FROM {CATALOG}.{identifier(name)}"
            for number, name in tables[start : start + UNIONS]
        )
        yield from (Inlined(*row) for row in connection.execute(counts).fetchall())


def _compact(warehouse: Warehouse, table: Candidate, limits: Limits) -> tuple[int, bool]:
    """Compact one table; return the rows that left the catalog, and whether anything changed."""
    rows = _into_files(warehouse, table) if table.parts else 0
    where = f"'lake', {literal(table.table)}, schema => {literal(table.schema)}"
    if table.worn:
        _call(
            warehouse,
            table.turn,
            f"ducklake_rewrite_data_files({where}, delete_threshold => {limits.deleted})",
        )
    merge = (
        f"ducklake_merge_adjacent_files({where}, max_file_size => {limits.small}, "
        "max_compacted_files => 1)"
    )
    # One new file for each transaction. Files of other columns are not merged with one another.
    changed = bool(rows or table.worn)
    for _ in range(table.small):
        if not _call(warehouse, table.turn, merge):
            break
        changed = True
    return rows, changed


def _into_files(warehouse: Warehouse, table: Candidate) -> int:
    """Move the rows that the catalog holds of a table into a file; return their number.

    They are deleted and inserted again, in one transaction. DuckLake's own function for it
    (`ducklake_flush_inlined_data`) drops tables of the catalog that open connections go on to ask
    for: each of their queries fails, until they are opened anew.
    """
    name = f"lake.{identifier(table.schema)}.{identifier(table.table)}"
    numbers = " UNION ALL ".join(
        f"SELECT row_id FROM {CATALOG}.{identifier(part)} WHERE end_snapshot IS NULL"
        for part in table.parts
    )
    with warehouse.write(table.turn) as connection:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE numbers AS {numbers}")
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE moved AS SELECT * FROM {name} "
            "WHERE rowid IN (FROM temp.numbers)"
        )
        counts = [
            connection.execute(sql).fetchall()[0][0]
            for sql in (
                "SELECT count(*) FROM temp.moved",
                f"DELETE FROM {name} WHERE rowid IN (FROM temp.numbers)",
                f"INSERT INTO {name} BY NAME FROM temp.moved",
            )
        ]
        if len(set(counts)) > 1:
            raise RuntimeError(f"{table.name}: {counts} rows; nothing of it was changed")
        connection.execute("DROP TABLE temp.moved; DROP TABLE temp.numbers")
    return int(counts[0])


def _call(warehouse: Warehouse, turn: str, function: str) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a DuckLake function, in a transaction of its own.

    Raises:
        duckdb.TransactionException, UncertainCommit: somebody changed the same table each time.
    """
    for attempt in range(ATTEMPTS):
        try:
            with warehouse.write(turn) as connection:
                return connection.execute(f"CALL {function}").fetchall()
        except CONFLICTS:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _set_options(warehouse: Warehouse, limits: Limits) -> None:
    """Have DuckLake write files of the size that is declared, those of loads as loads write them.

    Its own choice, snappy, would make them a quarter larger than they were.
    """
    wanted = {
        ("target_file_size", "", str(limits.file_size)),
        ("parquet_compression", "raw", "zstd"),
        ("parquet_compression_level", "raw", "1"),
    }
    with warehouse.reading() as connection:
        there = connection.execute(
            "SELECT option_name, coalesce(scope_entry, ''), lower(value) FROM "
            "ducklake_options('lake')"
        ).fetchall()
    for name, schema, value in sorted(wanted - set(there)):
        scope = f", schema => {literal(schema)}" if schema else ""
        unit = "B" if name == "target_file_size" else ""
        with warehouse.write() as connection:
            connection.execute(
                f"CALL ducklake_set_option('lake', {literal(name)}, {literal(value + unit)}{scope})"
            )

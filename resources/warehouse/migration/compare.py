"""Proof that two lakes hold the same: of every table its rows, counted and summed up by a hash."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from resources.warehouse.connection import Warehouse
from resources.warehouse.sql import identifier


@dataclass(frozen=True)
class Sum:
    """What is compared of a table: its rows, and the sum of a hash of each."""

    rows: int
    hashes: int


@dataclass(frozen=True)
class Compared:
    """What a comparison found.

    Attributes:
        tables: rows of each table of the source, by `schema.table`.
        views: how many there are.
        different: tables and views that are not the same in both, each with what is different.
    """

    tables: dict[str, int]
    views: int
    different: list[str]


def compare(
    source: Warehouse, target: Warehouse, snapshot: int, step: Callable[[str], None]
) -> Compared:
    """Compare two lakes at a snapshot: all of both is read.

    Args:
        step: called with the name of each table before it is read.
    """
    with source.connect(read_only=True) as here, target.connect(read_only=True) as there:
        tables, views = _tables(here)
        others, other_views = _tables(there)
        different = [f"{name}: only in one of them" for name in sorted(set(tables) ^ set(others))]
        counted: dict[str, int] = {}
        for name, sql in tables.items():
            step(name)
            before = _sum(here, sql, snapshot)
            counted[name] = before.rows
            if name in others and (after := _sum(there, sql, snapshot)) != before:
                different.append(f"{name}: {before.rows:,} rows there, {after.rows:,} here")
        if views != other_views:
            different.append("views")
    return Compared(counted, len(views), different)


def _tables(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, str], dict[str, str]]:
    """Return every table by its name with the SQL that names it, and every view with its text."""
    tables = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake' "
        "ORDER BY ALL"
    ).fetchall()
    views = connection.execute(
        "SELECT schema_name || '.' || view_name, sql FROM duckdb_views() "
        "WHERE database_name = 'lake' AND NOT internal"
    ).fetchall()
    named = {f"{s}.{t}": f"lake.{identifier(s)}.{identifier(t)}" for s, t in tables}
    return named, dict(views)


def _sum(connection: duckdb.DuckDBPyConnection, table: str, snapshot: int) -> Sum:
    found = connection.execute(
        "SELECT count(*), coalesce(sum(hash(t)), 0) "
        f"FROM (SELECT * FROM {table} AT (VERSION => {snapshot})) AS t"
    ).fetchone()
    assert found is not None
    return Sum(int(found[0]), int(found[1]))


def warehouse_at(url: str, like: Warehouse) -> Warehouse:
    """Return the warehouse of a URL, within the limits of another one."""
    return Warehouse(url, like.memory_limit, like.threads, Path(like.temp_dir))

"""Two lakes, row for row: what must be the same, and what may differ and why.

What belongs here: reading every table in an order that does not depend on the engine, and saying
where two differ. What does not: which lakes, and when.
"""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from resources.warehouse.connection import SCHEMAS, identifier, literal

SHOWN = 3  # rows that differ, of each side
COMMIT = "when a load was committed, by the clock of the run"
EVERYWHERE = ""
# Place (a table, or the CSV file of a report) and column → why it is of a run's own.
LEFT_OUT = {
    (EVERYWHERE, "_loaded_at"): COMMIT,
    (EVERYWHERE, "loaded_at"): COMMIT,
    (EVERYWHERE, "newest_load_at"): COMMIT,
    ("platform.ledger", "seconds"): "how long the load took",
    ("platform.quarantine", "quarantined_at"): COMMIT,
    ("platform.drift", "seen_at"): COMMIT,
    ("marts.quarantine_reasons", "first_seen_at"): COMMIT,
    ("marts.quarantine_reasons", "last_seen_at"): COMMIT,
    ("marts.source_health", "first_load_at"): COMMIT,
    ("marts.source_health", "newest_drift_at"): COMMIT,
    ("marts.source_health", "lateness_minutes"): "from the newest event to its load",
    ("product.measurements", "measured_at"): "when a key result was measured",
    ("product.measurements", "as_of"): "of some key results, when a load was committed",
    ("product.measurements", "run_id"): "the run that measured it",
    ("data_platform_health/loads.csv", "newest"): COMMIT,
    ("data_platform_health/drift.csv", "seen_at"): COMMIT,
    ("data_platform_health/reasons.csv", "last_seen_at"): COMMIT,
}
# Tables and reports that tell how things stood at the moment of a run, in words that hold its time.
OF_A_MOMENT = ("product.attention", "platform_attention")


@dataclass(frozen=True)
class Contents:
    """What a table holds.

    Attributes:
        columns: names and types of all its columns, in order.
        rows: the text of each row without what is left out, sorted.
    """

    columns: tuple[tuple[str, str], ...]
    rows: tuple[str, ...]


def read(connection: DuckDBPyConnection, snapshot: int) -> dict[str, Contents]:
    """Return what every table and view of the lake `lake` held, `schema.name` → contents.

    A view has no history: it shows what it reads as that is now.
    """
    chosen = ", ".join(map(literal, SCHEMAS))
    found = connection.execute(
        "SELECT table_schema, table_name, table_type = 'BASE TABLE' FROM information_schema.tables "
        f"WHERE table_catalog = 'lake' AND table_schema IN ({chosen}) ORDER BY ALL"
    ).fetchall()
    contents = {}
    for schema, name, is_table in found:
        if f"{schema}.{name}" in OF_A_MOMENT:
            continue
        place = f"lake.{identifier(schema)}.{identifier(name)}"
        place += f" AT (VERSION => {snapshot})" if is_table else ""
        contents[f"{schema}.{name}"] = _contents(connection, f"{schema}.{name}", place)
    return contents


def views(connection: DuckDBPyConnection) -> set[str]:
    """Return the names of all views of the lake `lake`, `schema.name`."""
    found = connection.execute(
        "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE database_name = 'lake'"
    ).fetchall()
    return {name for (name,) in found}


def _contents(connection: DuckDBPyConnection, table: str, place: str) -> Contents:
    described = connection.execute(f"DESCRIBE SELECT * FROM {place}").fetchall()
    columns = tuple((row[0], row[1]) for row in described)
    shown = ", ".join(identifier(c) for c, _ in columns if not is_left_out(table, c))
    found = connection.execute(f"SELECT CAST(row({shown}) AS VARCHAR) FROM {place}")
    return Contents(columns, tuple(sorted(row for (row,) in found.fetchall())))


def is_left_out(place: str, column: str) -> bool:
    """Whether a column says something of the run, and not of the data."""
    return (place, column) in LEFT_OUT or (EVERYWHERE, column) in LEFT_OUT


def differences(here: Mapping[str, Contents], there: Mapping[str, Contents]) -> list[str]:
    """Return what differs between two lakes, of each table the first rows."""
    if here.keys() != there.keys():
        return [f"tables that only one of them has: {sorted(here.keys() ^ there.keys())}"]
    return [
        f"{table}: {_difference(one, there[table])}"
        for table, one in here.items()
        if one != there[table]
    ]


def numbers(version: Path) -> dict[str, list[str]]:
    """Return the rows of every CSV file of a report's version, as sorted text."""
    found = {}
    for path in sorted(version.glob("*.csv")):
        place = f"{version.parent.name}/{path.name}"
        with path.open(newline="", encoding="utf-8-sig") as text:
            rows = list(csv.DictReader(text))
        found[path.name] = sorted(
            repr([(name, value) for name, value in row.items() if not is_left_out(place, name)])
            for row in rows
        )
    return found


def _difference(one: Contents, other: Contents) -> str:
    if one.columns != other.columns:
        return f"columns {one.columns} here, {other.columns} there"
    here, there = Counter(one.rows), Counter(other.rows)
    lines = [f"{len(one.rows)} rows here, {len(other.rows)} there"]
    lines += [f"  here only:  {row}" for row in list((here - there).elements())[:SHOWN]]
    lines += [f"  there only: {row}" for row in list((there - here).elements())[:SHOWN]]
    return "\n".join(lines)

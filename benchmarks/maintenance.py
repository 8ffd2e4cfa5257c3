"""A lake after thousands of commits, before and after maintenance: what queries and commits cost.

Of five commits, three append 500 rows to one of five tables, as loads do; one appends a row that
the catalog itself keeps, as the ledger does; one replaces a small table, as a model does.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.measure import DATA
from resources.warehouse import Warehouse, lake_files
from resources.warehouse.compaction import Limits, compact
from resources.warehouse.expiry import clean_up, expire

TABLES = 5
REPEATS = 9
NOW = timedelta(0)
LIMITS = Limits(inlined=500)
EVENTS = "SELECT range AS id, 'page ' || range % 50 AS page, random() AS value FROM range(500)"
APPEND = "INSERT INTO lake.raw.events_{} " + EVENTS
NOTE = "INSERT INTO lake.platform.drift (source, file) VALUES ('events', 'file {}')"
REPLACE = "CREATE OR REPLACE TABLE lake.marts.daily_{} AS " + EVENTS
QUERY = "SELECT page, count(*), sum(value) FROM lake.raw.events_2 GROUP BY page"
LEDGER = "SELECT count(*), max(file) FROM lake.platform.drift WHERE source = 'events'"


def run(commits: int) -> None:
    """Print what a lake of so many commits costs, and after each step of maintenance."""
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        warehouse = Warehouse(f"ducklake:///{folder}/lake")
        for sql in _commits(commits):
            _commit(warehouse, sql)
        found = {f"{commits:,} commits": measure(warehouse)}
        took = _seconds(lambda: compact(warehouse, LIMITS))
        found[f"compacted, in {took:.1f} s"] = measure(warehouse)

        def let_go() -> None:
            expire(warehouse, NOW, [])
            clean_up(warehouse, NOW)
            warehouse.place.shrink()

        took = _seconds(let_go)
        found[f"expired, in {took:.1f} s"] = measure(warehouse)
    _show(found)


def _commits(count: int) -> Iterator[str]:
    for number in range(TABLES):
        yield f"CREATE TABLE lake.raw.events_{number} AS {EVENTS}"
    for number in range(count - TABLES):
        kind = number % 5
        sql = NOTE if kind == 0 else REPLACE if kind == 1 else APPEND
        yield sql.format(number // 5 % TABLES)


def _commit(warehouse: Warehouse, sql: str) -> None:
    with warehouse.write() as connection:
        connection.execute(sql)


def measure(warehouse: Warehouse) -> dict[str, str]:
    """Return, in words, what a lake costs: medians of milliseconds, files and bytes."""
    files = list(lake_files.listed(warehouse.data_path))
    catalog = Path(warehouse.url.removeprefix("ducklake:///")) / "catalog.sqlite"
    connection = warehouse.connect(read_only=True)
    snapshots = connection.execute("SELECT count(*) FROM lake.snapshots()").fetchone()
    found = {
        "attach": _median(lambda: warehouse.connect(read_only=True).close()),
        "query": _median(lambda: connection.execute(QUERY).fetchall()),
        "query of the ledger": _median(lambda: connection.execute(LEDGER).fetchall()),
        "attach and query": _median(lambda: _anew(warehouse)),
        "commit": _median(lambda: _commit(warehouse, APPEND.format(0))),
        "snapshots": f"{snapshots[0] if snapshots else 0:,}",
        "files": f"{len(files):,}",
        "data": f"{sum(f.bytes for f in files) / 1e6:,.1f} MB",
        "catalog": f"{catalog.stat().st_size / 1e6:,.1f} MB",
    }
    connection.close()
    return found


def _anew(warehouse: Warehouse) -> None:
    connection: duckdb.DuckDBPyConnection = warehouse.connect(read_only=True)
    connection.execute(QUERY).fetchall()
    connection.close()


def _median(work: Callable[[], object]) -> str:
    return f"{statistics.median(_seconds(work) for _ in range(REPEATS)) * 1000:,.0f} ms"


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _show(found: dict[str, dict[str, str]]) -> None:
    table = Table(title="Maintenance", title_justify="left")
    for column in ("", *found):
        table.add_column(column, justify="right" if column else "left")
    for name in next(iter(found.values())):
        table.add_row(name, *(each[name] for each in found.values()))
    Console(width=110).print(table)

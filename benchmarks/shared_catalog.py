"""What a shared catalog costs: the same work on a SQLite file and on PostgreSQL with S3.

Attaching the lake, a commit, a small query, and all models of the sample company: each is measured
in a process that has the platform imported, the build in one of its own.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.lakes import LAKES
from benchmarks.measure import DATA, ROOT, python

FIGURES = {
    "attach": "attach the lake, ms",
    "commit": "commit a row, ms",
    "commit 1,000": "commit a thousand rows, ms",
    "query": "small query on a connection that is open, ms",
    "query after a commit": "small query after somebody's commit, ms",
    "models": "all models and tests of the sample company, s",
    "catalog": "the catalog grows by a snapshot of these, kB",
}
ROUNDS = 30


def run(days: int, events_per_day: int, times: int, names: Sequence[str]) -> None:
    """Measure each lake and print the table, with ratios to the first."""
    told = {name: _measured(name, days, events_per_day, times) for name in names}
    table = Table(title="The cost of a shared catalog", title_justify="left")
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
        if name != names[0]:
            table.add_column(f"to {names[0]}", justify="right")
    for key, title in FIGURES.items():
        cells = []
        for name in names:
            cells.append(f"{told[name][key]:,.1f}")
            if name != names[0]:
                cells.append(f"{told[name][key] / told[names[0]][key]:.2f}")
        table.add_row(title, *cells)
    Console(width=110).print(table)


def _measured(name: str, days: int, events_per_day: int, times: int) -> dict[str, float]:
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA) as made, LAKES[name](Path(made)) as lake:
        environment = {
            **os.environ,
            **lake.environment,
            "PLATFORM_DATA_DIR": made,
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(
            python("benchmarks.shared_catalog"),
            cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        told: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
        sample = ["sample", "--days", str(days), "--events-per-day", str(events_per_day)]
        _platform(environment, *sample)
        _platform(environment, "materialize", 'key:"raw/*"+ and not key:"report/*"')
        seconds, size, snapshots = [], lake.catalog_bytes(), _snapshots(environment)
        for _ in range(times):
            started = time.perf_counter()
            _platform(environment, "materialize", "kind:dbt", "--full-refresh")
            seconds.append(time.perf_counter() - started)
        grown = lake.catalog_bytes() - size
        told["catalog"] = grown / 1_000 / (_snapshots(environment) - snapshots)
        return told | {"models": statistics.median(seconds)}


def _snapshots(environment: dict[str, str]) -> int:
    code = "from resources.warehouse import Warehouse; print(Warehouse.from_settings().snapshot())"
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return int(done.stdout)


def _platform(environment: dict[str, str], *arguments: str) -> None:
    command = [*python("platform_assets.cli"), *arguments]
    subprocess.run(command, cwd=ROOT, env=environment, check=False, stdout=subprocess.DEVNULL)


def measure() -> None:
    """Measure the lake of the settings in this process; print milliseconds as JSON."""
    from resources.warehouse import Warehouse

    warehouse = Warehouse.from_settings()
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE raw.bench (n BIGINT)")

    def commit(rows: int) -> None:
        with warehouse.write("bench") as connection:
            connection.execute("INSERT INTO raw.bench SELECT range FROM range(?)", [rows])

    def query() -> None:
        with warehouse.reading() as cursor:
            cursor.execute("SELECT count(*) FROM raw.bench WHERE n = 0").fetchone()

    told = {
        "attach": _median(lambda: warehouse.connect(read_only=True).close()),
        "commit": _median(lambda: commit(1)),
        "commit 1,000": _median(lambda: commit(1_000)),
        "query": _median(query),
        "query after a commit": _median(query, lambda: commit(1)),
    }
    print(json.dumps(told))


def _median(work: Callable[[], Any], before: Callable[[], Any] = lambda: None) -> float:
    """Return the median of some rounds, in milliseconds; the first one warms up."""
    seconds = []
    for _ in range(ROUNDS + 1):
        before()
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return 1_000 * statistics.median(seconds[1:])


if __name__ == "__main__":
    sys.exit(measure())

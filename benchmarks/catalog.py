"""The catalog at 2,000 and at 10,000 assets with 100,000 columns, beside Dagster's own GraphQL.

What belongs here: the contenders and the table. What does not: the workspace (`catalog_world`),
what is measured of one server (`catalog_served`).
"""

import json
import os
import subprocess
import tempfile

from rich.console import Console
from rich.table import Table

from benchmarks.measure import DATA, ROOT, python

ROWS = (
    ("search, median", "search50", "ms"),
    ("search, 95 %", "search95", "ms"),
    ("search, 99 %", "search99", "ms"),
    ("page of an asset, 95 %", "page95", "ms"),
    ("lineage of 1,000 boxes", "lineage", "ms"),
    ("first page, with all that is read for it", "first", "s"),
    ("until a changed asset is found", "changed", "s"),
    ("memory of the process", "memory", "MiB"),
    ("of it, before the first page", "before", "MiB"),
)
UNITS = {"ms": 1000.0, "s": 1.0, "MiB": 1.0}
Told = dict[str, float]


def run(sizes: list[int], columns: int) -> None:
    """Measure and print, for each number of assets, the catalog beside the plain web server."""
    for assets in sizes:
        found = {kind: measure(kind, assets, columns) for kind in ("catalog", "plain")}
        show(f"{assets:,} assets with {columns:,} columns", found)


def measure(kind: str, assets: int, columns: int) -> Told:
    """Return what one web server needed: seconds, and MiB.

    Raises:
        subprocess.CalledProcessError: it failed; its own words are printed.
    """
    DATA.mkdir(parents=True, exist_ok=True)
    sized = {"BENCH_ASSETS": str(assets), "BENCH_COLUMNS": str(columns)}
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        done = subprocess.run(
            python("benchmarks.catalog_served", kind, folder),
            cwd=ROOT,
            env={**os.environ, **sized, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    line = next(line for line in reversed(done.stdout.splitlines()) if line.startswith("{"))
    told: Told = json.loads(line)
    return told


def show(title: str, found: dict[str, Told]) -> None:
    """Print both contenders side by side."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in ("catalog", "Dagster's GraphQL", "ratio"):
        table.add_column(name, justify="right")
    for words, field, unit in ROWS:
        values = [found[kind].get(field) for kind in ("catalog", "plain")]
        shown = [f"{v * UNITS[unit]:,.1f} {unit}" if v is not None else "–" for v in values]
        ratio = values[0] / values[1] if values[0] is not None and values[1] else None
        table.add_row(words, *shown, f"{ratio:.2f}" if ratio is not None else "")
    Console(width=110).print(table)

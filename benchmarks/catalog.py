"""The catalog at 2,000 and at 10,000 assets with 100,000 columns, beside GraphQL and dbt docs.

What belongs here: the contenders and the table. What does not: the workspace (`catalog_world`),
what is measured of one server (`catalog_served`), or of dbt's pages (`dbt_docs`).
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
CONTENDERS = {
    "catalog": ("catalog", ["benchmarks.catalog_served", "catalog"]),
    "plain": ("Dagster's GraphQL", ["benchmarks.catalog_served", "plain"]),
    "docs": ("dbt docs, in a browser", ["benchmarks.dbt_docs"]),
}
UNITS = {"ms": 1000.0, "s": 1.0, "MiB": 1.0}
Told = dict[str, float]


def run(sizes: list[int], columns: int) -> None:
    """Measure and print, for each number of assets, the catalog beside what else answers."""
    for assets in sizes:
        found = {kind: measure(kind, assets, columns) for kind in CONTENDERS}
        show(f"{assets:,} assets with {columns:,} columns", found)


def measure(kind: str, assets: int, columns: int) -> Told:
    """Return what one contender needed: seconds, and MiB.

    Raises:
        subprocess.CalledProcessError: it failed; its own words are printed.
    """
    DATA.mkdir(parents=True, exist_ok=True)
    sized = {"BENCH_ASSETS": str(assets), "BENCH_COLUMNS": str(columns)}
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        done = subprocess.run(
            python(*CONTENDERS[kind][1], folder),
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
    """Print the contenders side by side, each with its ratio to the catalog."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for words, _ in CONTENDERS.values():
        table.add_column(words, justify="right")
    for words, field, unit in ROWS:
        own = found["catalog"].get(field)
        shown = [told_as(found[kind].get(field), own, unit, kind) for kind in CONTENDERS]
        table.add_row(words, *shown)
    Console(width=110).print(table)


def told_as(value: float | None, own: float | None, unit: str, kind: str) -> str:
    """Return a figure in its unit; of another than the catalog, how many times the catalog's."""
    if value is None:
        return "–"
    told = f"{value * UNITS[unit]:,.1f} {unit}"
    return told if kind == "catalog" or not own else f"{told} ({value / own:.1f}×)"

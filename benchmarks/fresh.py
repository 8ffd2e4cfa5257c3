"""Time to fresh: from the rename that lands 50,000 events to the report that shows them.

The platform is up, as `make up` serves it; some millions of events are there already. Beside it,
on the warehouse that it leaves, the same project the stock way (`stock`).
"""

import gzip
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import breakdown, served
from benchmarks.breakdown import Landing
from benchmarks.event_files import MONTH_EVENTS, batches, history, month_starts
from benchmarks.measure import DATA, ROOT, python

LANDING = 50_000
APART = 10.0  # seconds by which landings differ in their place between two looks of a sensor


@dataclass(frozen=True)
class Contender:
    """What one contender needed on top of one size of history."""

    landings: Sequence[Landing]
    megabytes: float

    @property
    def seconds(self) -> float:
        """Median from the rename to the fresh report."""
        return statistics.median(each.seconds for each in self.landings)


def run(sizes: Sequence[int], times: int, stock_sizes: Sequence[int], landing: int) -> None:
    """Measure each size and print the tables, in seconds and as ratios."""
    ours: dict[int, Contender] = {}
    stock: dict[int, Contender] = {}
    for size in sizes:
        data = _prepare(size, min(sizes))
        files = batches(landing, min(MONTH_EVENTS, *sizes))
        with served.platform(data) as contender:
            ours[size] = _measure(contender, files, times)
        if size in stock_sizes:
            with served.stock(data) as contender:
                stock[size] = _measure(contender, files, times)
        shutil.rmtree(data)
    _show(ours, stock, landing)
    named = {f"{size:,}": each.landings for size, each in ours.items()}
    breakdown.show("Where the platform's time goes, s, by events there", named)
    if stock:
        named = {f"{size:,}": each.landings for size, each in stock.items()}
        breakdown.show("Where the stock project's time goes, s, by events there", named)


def _show(ours: dict[int, Contender], stock: dict[int, Contender], landing: int) -> None:
    table = Table(title=f"Time to fresh: {landing:,} events land", title_justify="left")
    for column in (
        *("events there", "platform, s", "to the smallest", "peak MiB"),
        *("stock, s", "peak MiB", "stock : platform"),
    ):
        table.add_column(column, justify="right")
    smallest = ours[min(ours)].seconds
    for size, each in ours.items():
        beside = ["", "", ""]
        if size in stock:
            other = stock[size]
            ratio = f"{other.seconds / each.seconds:.1f}"
            beside = [f"{other.seconds:.1f}", f"{other.megabytes:,.0f}", ratio]
        growth = f"{each.seconds / smallest:.2f}"
        table.add_row(f"{size:,}", f"{each.seconds:.1f}", growth, f"{each.megabytes:,.0f}", *beside)
    Console(width=110).print(table)


def _prepare(size: int, smallest: int) -> Path:
    """Make a data folder with the sample company and a history of `size` events, and return it.

    The sample goes on for some days after the history, so that what lands is about now.
    """
    data = DATA / f"fresh-{size}"
    shutil.rmtree(data, ignore_errors=True)
    environment = {**os.environ, "PLATFORM_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)}
    sample = [*python("platform_assets.cli"), "sample", "--days", "30", "--events-per-day", "500"]
    sample += ["--end", str(month_starts(0))]
    subprocess.run(sample, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    for file in history(size, min(MONTH_EVENTS, smallest)):
        folder = data / "landing" / "web_events" / "date=2026-01-01"
        folder.mkdir(parents=True, exist_ok=True)
        os.link(file, folder / file.name)
    return data


def _measure(contender: served.Served, files: Iterator[bytes], times: int) -> Contender:
    landings = [_land(contender, next(files), number) for number in range(times)]
    return Contender(landings, contender.memory.peak)


def _land(contender: served.Served, content: bytes, number: int) -> Landing:
    """Land one file; return when the report was made that rests on it, and what happened."""
    folder = contender.landing / "date=2026-01-02"
    folder.mkdir(exist_ok=True)
    taken = len(list(folder.iterdir()))
    part = folder / f"new-{taken}.ndjson.gz.part"
    part.write_bytes(gzip.compress(content, 6))
    contender.settle()
    time.sleep(number * APART)
    landed = time.time()
    file = part.rename(part.with_suffix(""))
    name = str(file.relative_to(contender.data / "landing"))

    def fresh() -> bool:
        if contender.report_time() <= landed:
            return False
        loaded = contender.loaded_at(name)
        return loaded is not None and contender.report_time() > loaded

    contender.until(fresh)
    moment = contender.report_time()
    contender.settle()
    return breakdown.landing(contender.instance, landed, moment)

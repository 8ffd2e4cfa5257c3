"""Making the sample company's reports, and seeing a change of one while it is written.

What belongs here: the five reports on a lake of the sample company. What does not: how long new
data takes to reach a report (`fresh`).
"""

import os
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import DATA, ROOT, python


@dataclass(frozen=True)
class Made:
    """What one report took: seconds, and bytes of its page and of all files of a version."""

    name: str
    alone: float
    shared: float
    preview: float
    page: int
    version: int


def run(days: int, events_per_day: int, times: int) -> None:
    """Measure every report and print the table."""
    home = _prepare(days, events_per_day)
    os.environ["PLATFORM_DATA_DIR"] = str(home)
    from platform_assets.reporting import live

    folders = sorted(path.parent for path in (live.folder() / "reports").glob("*/report.md"))
    found = [_measure(folder, times) for folder in folders]
    table = Table(
        title=f"Reports of {days} days with {events_per_day:,} events each", title_justify="left"
    )
    for column in (
        "",
        "made, s",
        "after another, s",
        "save to preview, s",
        "page kB",
        "version kB",
    ):
        table.add_column(column, justify="left" if not column else "right")
    for one in found:
        table.add_row(
            one.name,
            *(f"{seconds:.2f}" for seconds in (one.alone, one.shared, one.preview)),
            *(f"{size / 1000:,.0f}" for size in (one.page, one.version)),
        )
    total = sum(one.shared for one in found)
    table.add_section()
    table.add_row("all", "", f"{total:.2f}")
    Console(width=110).print(table)


def _prepare(days: int, events_per_day: int) -> Path:
    """Return the data folder of a materialized sample company; made once."""
    home = DATA / f"reports-{days}-{events_per_day}"
    if not (home / "done").exists():
        shutil.rmtree(home, ignore_errors=True)
        environment = {**os.environ, "PLATFORM_DATA_DIR": str(home), "PYTHONPATH": str(ROOT)}
        size = ["--days", str(days), "--events-per-day", str(events_per_day)]
        for command in (["sample", *size], ["materialize"]):
            call = [*python("platform_assets.cli"), *command]
            subprocess.run(call, cwd=ROOT, env=environment, check=False, stdout=subprocess.DEVNULL)
        (home / "done").touch()
    return home


def _measure(folder: Path, times: int) -> Made:
    from platform_assets.reporting import ReportDeclaration, shared_drawer

    report = ReportDeclaration.load(folder)
    with tempfile.TemporaryDirectory(dir=DATA) as out:
        alone = [_render(report, Path(out)) for _ in range(times)]
        _render(report, Path(out), shared_drawer())
        shared = [_render(report, Path(out), shared_drawer()) for _ in range(times)]
        newest = max(path for path in (Path(out) / report.name).iterdir() if path.is_dir())
        page = (newest / "index.html").stat().st_size
        version = sum(file.stat().st_size for file in newest.iterdir())
    median = statistics.median
    return Made(report.name, median(alone), median(shared), _preview(folder, times), page, version)


def _render(report: Any, out: Path, drawer: Any = None) -> float:
    """Return the seconds that a version takes, drawn by a process of its own or a shared one."""
    from platform_assets import reporting
    from resources.warehouse import Warehouse

    warehouse = Warehouse.from_settings()
    started = time.perf_counter()
    context = reporting.RenderContext(
        owner="team:data",
        freshness="at most a day old",
        generated_at=datetime.now(UTC),
        snapshot=warehouse.snapshot(),
    )
    reporting.render(report, warehouse.engine(), out, context=context, drawer=drawer)
    return time.perf_counter() - started


def _preview(folder: Path, times: int) -> float:
    """Return the median seconds from the save of a sentence to the page that has it."""
    from platform_assets.reporting.preview import Preview
    from resources.warehouse import Warehouse

    with tempfile.TemporaryDirectory(dir=DATA) as place:
        copy = Path(place) / folder.name
        shutil.copytree(folder, copy)
        preview = Preview(copy, Warehouse.from_settings())
        watching = threading.Thread(target=preview.watch, daemon=True)
        watching.start()
        state = preview.wait(0, 60)
        seconds = []
        for number in range(times + 1):
            document = copy / "report.md"
            text = re.sub(r"\n\nBench \d+\n$", "", document.read_text())
            started = time.perf_counter()
            document.write_text(f"{text}\n\nBench {number}\n")
            while f"Bench {number}" not in preview.html:
                state = preview.wait(state.number, 60)
            seconds.append(time.perf_counter() - started)
        preview.end()
        watching.join()
    return statistics.median(seconds[1:])

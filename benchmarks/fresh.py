"""Time to fresh: from the rename that lands 50,000 events to the report that shows them.

The platform is up, as `make up` serves it; some millions of events are there already. Beside it
the same project the stock way: Dagster's default executor and run launcher, sensors every 30
seconds, dbt as a command.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.ingestion import events
from benchmarks.measure import DATA, ROOT, python

FRESH = 50_000
PORT = 3911
PATIENCE = 1_800.0  # seconds for anything to happen


def run(sizes: list[int], times: int) -> None:
    """Measure each size and print the table, in seconds and as ratios to the first."""
    table = Table(title=f"Time to fresh: {FRESH:,} events land", title_justify="left")
    for column in ("events there", "platform, s", "to the smallest"):
        table.add_column(column, justify="right")
    first = 0.0
    for size in sizes:
        seconds = sorted(measure(size, times))[times // 2]
        first = first or seconds
        table.add_row(f"{size:,}", f"{seconds:.1f}", f"{seconds / first:.2f}")
    Console(width=110).print(table)


def measure(size: int, times: int) -> list[float]:
    """Return the seconds of `times` landings on top of `size` events."""
    home = DATA / f"fresh-{size}"
    subprocess.run(["rm", "-rf", str(home)], check=True)
    landing = home / "landing" / "web_events" / "date=2026-01-01"
    landing.mkdir(parents=True)
    environment = {**os.environ, "PLATFORM_DATA_DIR": str(home), "PYTHONPATH": str(ROOT)}
    sample = [*python("platform_assets.cli"), "sample", "--days", "30", "--events-per-day", "500"]
    subprocess.run(sample, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    _, zipped = events(size)
    os.link(zipped, landing / "history.ndjson.gz")
    with serving(environment, home):
        return [_land(home, landing, number) for number in range(times)]


@contextmanager
def serving(environment: dict[str, str], home: Path) -> Iterator[None]:
    """Keep the platform up, everything materialized, for the length of the block."""
    command = [*python("platform_assets.cli"), "up", "--port", str(PORT), "--no-sample"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        _until(lambda: _answers() and _report(home) is not None, process)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/server_info", timeout=5):
            return True
    except OSError:
        return False


def _report(home: Path) -> float | None:
    page = home / "reports" / "weekly_business_review" / "latest.html"
    return page.stat().st_mtime if page.exists() else None


def _land(home: Path, landing: Path, number: int) -> float:
    """Land one file; return the seconds until the report is newer than it."""
    from platform_assets.sample.events_file import write_events

    part = landing / f"new-{number}.ndjson.part"
    write_events(part, FRESH, seed=100 + number)
    time.sleep(20)  # whatever the last landing started is done
    landed = time.time()
    part.rename(landing / f"new-{number}.ndjson")
    _until(lambda: (_report(home) or 0) > landed)
    return (_report(home) or 0) - landed


def _until(ready, process: subprocess.Popen[bytes] | None = None) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > end or (process is not None and process.poll() is not None):
            sys.exit("The platform did not get there; see the logs in its data folder.")
        time.sleep(0.2)

"""Running one contender: in a process of its own, several times; median seconds, peak memory."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / ".data" / "bench"
MEBIBYTE = 1 << 20
SAMPLE_SECONDS = 0.25


@dataclass(frozen=True)
class Measured:
    """What one contender needed.

    Attributes:
        seconds: median of the repeats, as the contender itself measured its work.
        megabytes: largest resident memory of its processes, together, in any repeat (MiB).
        rows: what it loaded or built; must be the same for all contenders of a race.
    """

    name: str
    seconds: float
    megabytes: float
    rows: int


class TreeMemory:
    """Peak of the resident memory of a process and all its descendants, together, in MiB.

    Pages that forks share count once for each of them: an upper bound, and what `ps` adds up to.
    """

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.peak = 0.0

    def __enter__(self) -> "TreeMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, self._now())

    def _now(self) -> float:
        total = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in (self._root, *self._root.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    total += process.memory_info().rss
        return total / MEBIBYTE


def repeat(
    name: str, command: Sequence[str], times: int = 3, environment: Mapping[str, str] | None = None
) -> Measured:
    """Run a contender `times` times, each in a fresh folder; it prints `{"seconds", "rows"}`.

    Raises:
        subprocess.CalledProcessError: it failed; its own words are printed.
    """
    DATA.mkdir(parents=True, exist_ok=True)
    seconds, peaks, rows = [], [], 0
    for _ in range(times):
        with tempfile.TemporaryDirectory(dir=DATA) as folder:
            told = _run([*command, folder], environment or {})
        seconds.append(told["seconds"])
        peaks.append(told["megabytes"])
        rows = int(told["rows"])
    return Measured(name, statistics.median(seconds), max(peaks), rows)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> dict[str, float]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with TreeMemory(process.pid) as memory:
        output, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    told: dict[str, float] = json.loads(output.strip().splitlines()[-1])
    return {**told, "megabytes": round(memory.peak)}


def tell(started: float, rows: int) -> None:
    """Print what a contender measured of itself; the last line of its output."""
    print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows}))


def python(module: str, *arguments: object) -> list[str]:
    """Return the command that runs a module of this package."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def show(title: str, results: Sequence[Measured], limit: Measured) -> None:
    """Print the results as ratios to `limit`."""
    table = Table(title=title, title_justify="left")
    for column in ("", "seconds", "rows/s", "of the limit's speed", "peak MiB"):
        table.add_column(column, justify="left" if not column else "right")
    for each in results:
        speed = each.rows / each.seconds
        share = speed / (limit.rows / limit.seconds)
        table.add_row(
            each.name,
            f"{each.seconds:.1f}",
            f"{speed:,.0f}",
            f"{share:.2f}",
            f"{each.megabytes:,.0f}",
        )
    Console(width=110).print(table)

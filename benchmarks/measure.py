"""Running one contender: in a process of its own, several times; median seconds, peak memory."""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / ".data" / "bench"


@dataclass(frozen=True)
class Measured:
    """What one contender needed.

    Attributes:
        seconds: median of the repeats, as the contender itself measured its work.
        megabytes: largest resident memory of its process in any repeat.
        rows: what it loaded or built; must be the same for all contenders of a race.
    """

    name: str
    seconds: float
    megabytes: float
    rows: int


def repeat(
    name: str, command: Sequence[str], times: int = 3, environment: Mapping[str, str] | None = None
) -> Measured:
    """Run a contender `times` times, each in a fresh folder; it prints `{"seconds", "rows"}`.

    Raises:
        subprocess.CalledProcessError: it failed; its own words are printed.
    """
    seconds, peaks, rows = [], [], 0
    for _ in range(times):
        with tempfile.TemporaryDirectory(dir=DATA) as folder:
            told = _run([*command, folder], environment or {})
        seconds.append(told["seconds"])
        peaks.append(told["megabytes"])
        rows = int(told["rows"])
    return Measured(name, statistics.median(seconds), max(peaks), rows)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> dict[str, float]:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def tell(started: float, rows: int) -> None:
    """Print what a contender measured of itself; the last line of its output."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {"seconds": time.perf_counter() - started, "rows": rows, "megabytes": round(peak)}
        )
    )


def python(module: str, *arguments: object) -> list[str]:
    """Return the command that runs a module of this package."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def show(title: str, results: Sequence[Measured], limit: Measured) -> None:
    """Print the results as ratios to `limit`."""
    table = Table(title=title, title_justify="left")
    for column in ("", "seconds", "rows/s", "of the limit's speed", "peak MB"):
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

"""The same events on every engine: load, full build, an increment of 50,000; and the same rows.

Each step is `platform-assets materialize` in a process of its own, as a scheduled run is: some
seconds of each are its start. Reports are left out: they read what is built.
"""

import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.event_files import MONTH_EVENTS, batches, history, month_starts
from benchmarks.lakes import LAKES, Lake
from benchmarks.measure import DATA, MEBIBYTE, ROOT, TreeMemory, python

MODELS = 'not key:"raw/*" and not key:"report/*"'
STEPS = {
    "load": 'key:"raw/*"',
    "full build": MODELS,
    "increment": 'key:"raw/web_events"+ and not key:"report/*"',
}
LAKE_SIZE = (
    "print(c.execute(\"SELECT coalesce(sum(file_size_bytes), 0) FROM ducklake_table_info('lake')\")"
    ".fetchone()[0])"
)
COUNTED = {
    "raw.web_events": "count(*)",
    "staging.stg_web_events": "count(*)",
    "intermediate.int_sessions": "count(*)",
    "marts.fct_sessions": "sum(duration_seconds)",
    "marts.fct_page_views": "count(*)",
    "marts.fct_orders": "sum(revenue)",
    "marts.daily_traffic": "sum(visitors)",
    "marts.fct_attribution_touchpoints": "sum(last_touch_revenue)",
}


@dataclass(frozen=True)
class Step:
    """What a step needed.

    Attributes:
        processor: seconds of processor time of the platform's processes, together.
        megabytes: peak resident memory of the platform's processes, together (MiB).
        servers: the same of the engine's servers.
        lake: files of the lake afterwards (MiB), those that nothing reads any more too.
    """

    seconds: float
    processor: float
    megabytes: float
    servers: float
    lake: float


def run(sizes: Sequence[int], landing: int, names: Sequence[str]) -> None:
    """Measure each size on each engine, compare what they made, and print the table."""
    table = Table(title=f"The same events on each engine; an increment of {landing:,}")
    for column in (
        *("events", "engine", "step", "seconds", "rows/s"),
        *("processor s", "peak MiB", "servers MiB", "lake MiB"),
    ):
        table.add_column(column, justify="left" if column in ("engine", "step") else "right")
    console = Console(width=110)
    for size in sizes:
        made: dict[str, dict[str, str]] = {}
        for name in names:
            steps, made[name] = _engine(name, size, landing)
            for step, told in steps.items():
                rows = landing if step == "increment" else size
                speed = f"{rows / told.seconds:,.0f}"
                numbers = f"{told.seconds:.1f}", speed, f"{told.processor:.1f}"
                peaks = f"{told.megabytes:,.0f}", f"{told.servers:,.0f}", f"{told.lake:,.0f}"
                table.add_row(f"{size:,}", name, step, *numbers, *peaks)
                console.print(f"{size:,} {name} {step}: {told}")
        first = made[names[0]]
        for name, found in made.items():
            assert found == first, f"{name} made {found}, {names[0]} {first}"
        console.print(f"{size:,} events: the same on {', '.join(names)}: {first}")
    console.print(table)


def _engine(name: str, size: int, landing: int) -> tuple[dict[str, Step], dict[str, str]]:
    """Walk one engine with so many events; return its steps, and what it made."""
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA) as made, LAKES[name](Path(made)) as lake:
        data = Path(made) / "data"
        environment = {
            **os.environ,
            **lake.environment,
            "PLATFORM_DATA_DIR": str(data),
            "PYTHONPATH": str(ROOT),
        }
        _prepare(data, size, environment)
        steps = {}
        for step, selection in STEPS.items():
            if step == "increment":
                _land(data, landing)
            steps[step] = _step(selection, environment, lake)
        return steps, _made(environment)


def _prepare(data: Path, size: int, environment: dict[str, str]) -> None:
    """Let the sample company's files and a history of so many events land."""
    sample = [*python("platform_assets.cli"), "sample", "--days", "30", "--events-per-day", "500"]
    sample += ["--end", str(month_starts(0))]
    subprocess.run(sample, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    folder = data / "landing" / "web_events" / "date=2026-01-01"
    folder.mkdir(parents=True, exist_ok=True)
    for file in history(size, min(MONTH_EVENTS, size)):
        os.link(file, folder / file.name)


def _land(data: Path, landing: int) -> None:
    folder = data / "landing" / "web_events" / "date=2026-01-02"
    folder.mkdir(exist_ok=True)
    part = folder / "new.ndjson.gz.part"
    part.write_bytes(gzip.compress(next(batches(landing)), 6))
    part.rename(part.with_suffix(""))


def _step(selection: str, environment: dict[str, str], lake: Lake) -> Step:
    """Materialize a selection; a check that finds the sample's dirt is no failure."""
    command = [*python("platform_assets.cli"), "materialize", selection]
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with ExitStack() as stack:
        memory = stack.enter_context(TreeMemory(process.pid))
        servers = [stack.enter_context(TreeMemory(pid)) for pid in lake.servers.values()]
        output, _ = process.communicate()
        seconds = time.perf_counter() - started
    if b" 0 failed, 0 skipped" not in output:
        sys.exit(output.decode()[-4000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Step(
        seconds, processor, memory.peak, sum(each.peak for each in servers), _size(environment)
    )


def _size(environment: dict[str, str]) -> float:
    return float(_ask(environment, LAKE_SIZE)) / MEBIBYTE


def _ask(environment: dict[str, str], code: str, *arguments: str) -> str:
    """Return what a program prints that has a reading cursor `c` on the lake of some settings."""
    start = (
        "import json, sys; from resources.warehouse import Warehouse\n"
        "with Warehouse.from_settings().reading() as c: "
    )
    done = subprocess.run(
        [sys.executable, "-c", start + code, *arguments],
        cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return done.stdout


def _made(environment: dict[str, str]) -> dict[str, str]:
    """Return a number of each table that must be the same on all engines."""
    code = (
        "print(json.dumps({t: str(c.execute(f'SELECT {w} FROM {t}').fetchone()[0]) "
        "for t, w in json.loads(sys.argv[1]).items()}))"
    )
    found: dict[str, str] = json.loads(_ask(environment, code, json.dumps(COUNTED)))
    return found

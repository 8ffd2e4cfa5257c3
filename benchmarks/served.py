"""A contender of the time to fresh, up and running: started, watched, stopped.

What belongs here: the platform and the stock project as servers on a data folder. What does not:
what lands, and what is measured (`fresh`).
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg
import psutil

from benchmarks.declared import REPORT
from benchmarks.measure import ROOT, TreeMemory, python

PATIENCE = 1_800.0  # seconds for anything to happen
QUIET = 6.0  # seconds without a run after which nothing is left to do
STOP_SECONDS = 20.0
STOCK_INSTANCE = """\
telemetry: {enabled: false}
# One writer at a time, or commits fail.
concurrency: {runs: {max_concurrent_runs: 1}}
"""


@dataclass(frozen=True)
class Served:
    """A running contender.

    Attributes:
        data: its data folder.
        instance: its Dagster instance.
        memory: of all its processes, sampled from its start on.
    """

    data: Path
    instance: dg.DagsterInstance
    memory: TreeMemory
    process: subprocess.Popen[bytes]

    @property
    def landing(self) -> Path:
        """Folder of the source `web_events` in the landing zone."""
        return self.data / "landing" / "web_events"

    def report_time(self) -> float:
        """Return when the report was written, in seconds since 1970; 0 if it never was."""
        page = self.data / "reports" / REPORT / "latest.html"
        return page.stat().st_mtime if page.exists() else 0.0

    def loaded_at(self, file: str) -> float | None:
        """Return when a file of the landing zone was loaded; None if it is not yet."""
        from resources.warehouse import Warehouse

        lake = Warehouse(f"ducklake:///{self.data}/warehouse").connect(read_only=True)
        try:
            rows: list[tuple[datetime]] = lake.execute(
                "SELECT loaded_at FROM platform.ledger WHERE file = ? AND status = 'loaded'", [file]
            ).fetchall()
        finally:
            lake.close()
        return rows[0][0].timestamp() if rows else None

    def settle(self) -> None:
        """Wait until no run is queued or under way, and none starts for a while."""
        quiet_since = time.monotonic()

        def quiet() -> bool:
            nonlocal quiet_since
            if self.instance.get_runs(dg.RunsFilter(statuses=ACTIVE), limit=1):
                quiet_since = time.monotonic()
            return time.monotonic() - quiet_since > QUIET

        self.until(quiet)

    def until(self, ready: Callable[[], bool]) -> None:
        """Wait for something to become true; exits when the contender died, or takes for ever."""
        end = time.monotonic() + PATIENCE
        while not ready():
            if time.monotonic() > end or self.process.poll() is not None:
                sys.exit(f"It did not get there; see the logs in {self.data}.")
            time.sleep(0.2)


ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@contextmanager
def platform(data: Path) -> Iterator[Served]:
    """Serve the platform as `make up` does; everything in `data` is materialized first."""
    port = _free_port()
    command = [*python("platform_assets.cli"), "up", "--port", str(port), "--no-sample"]
    with _serving(command, data, data / "dagster") as served:
        served.until(lambda: _answers(port) and served.report_time() > 0)
        served.settle()
        yield served


@contextmanager
def stock(data: Path) -> Iterator[Served]:
    """Serve the stock project on a data folder; it has refreshed everything once.

    To its sensor, every file is new at the first look.
    """
    home = data / "stock" / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(STOCK_INSTANCE)
    command = [*python("dagster"), "dev", "-m", "benchmarks.stock"]
    port, started = _free_port(), time.time()
    with _serving([*command, "-h", "127.0.0.1", "-p", str(port)], data, home) as served:
        served.until(lambda: _answers(port) and served.report_time() > started)
        served.settle()
        yield served


@contextmanager
def _serving(command: Sequence[str], data: Path, home: Path) -> Iterator[Served]:
    """Keep a server up for the length of the block, its output in `<home>/../served.log`."""
    scratch = home.parent / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    home.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "PLATFORM_DATA_DIR": str(data),
        "DAGSTER_HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",  # dbt, for the stock project
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(scratch),
    }
    with (home.parent / "served.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        with TreeMemory(process.pid) as memory, dg.DagsterInstance.from_config(str(home)) as known:
            yield Served(data, known, memory, process)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and all that it started, kindly first."""
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=STOP_SECONDS)
    for left in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            left.kill()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5):
            return True
    except OSError:
        return False

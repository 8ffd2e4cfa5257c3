"""Loads that die, or are measured: run as a process of its own, which forks one child per death.

It never opens the lake to let a load die, so that a child starts with nothing but the imports.
"""

import contextlib
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

from platform_assets.ingestion import file_portion, files
from resources.errors import PlatformError
from resources.warehouse import Warehouse, extract_table, file_load, file_stage
from resources.warehouse.lock import WriteLock
from resources.warehouse.team import Team
from resources.warehouse.team_lock import AdvisoryLock
from tests.dying import die_at
from tests.ingestion.zone import BucketZone, Zone, source

FULL, BROKEN = 3, 4  # exit codes: the disk is full, anything else went wrong
SAID = source(new_columns="evolve", event_time="at")


def watched() -> set[CodeType]:
    """Return the code in which a death at any line must do no harm."""
    functions: list[Any] = [
        files._load,
        files._plan,
        file_portion.Portion._take,
        file_portion.Portion._write_held,
        file_stage.Stage.quarantine,
        file_load.publish,
        file_load._move,
        file_load._insert,
        file_load._insert_quarantine,
        extract_table.apply,
        Warehouse.write.__wrapped__,  # type: ignore[attr-defined]
        WriteLock.release,
        AdvisoryLock.release,
        Team.committing.__wrapped__,  # type: ignore[attr-defined]
    ]
    return {function.__code__ for function in functions}


def zone_of(folder: Path, memory_limit: str = "1GB") -> Zone:
    """Return the zone of a folder; its landing zone is a bucket where the folder names one."""
    url = folder / "bucket"
    if url.exists():
        return BucketZone(folder, memory_limit, url=url.read_text())
    return Zone(folder, memory_limit)


def landed(folder: Path, number: int) -> None:
    """Land files; those of a bucket in a child, for whoever has reached a store can't fork."""
    pid = os.fork()
    if pid == 0:
        try:
            land(zone_of(folder), number)
            os._exit(0)
        finally:
            os._exit(BROKEN)
    assert end(pid) == 0


def land(zone: Zone, number: int) -> None:
    """Land one larger and two small files; every second record of them is bad."""
    for name, records in (("large", 60), ("x", 2), ("y", 1)):
        body = "".join(
            f'{{"id":"{name}-{number}-{n}","at":"2026-01-01T00:00:{n:02}Z","k{number}":1}}\nbad\n'
            for n in range(records)
        )
        zone.land(f"{number:04}-{name}.ndjson", body.encode())


def child(folder: Path, before: Callable[[], None] = lambda: None) -> int:
    """Load in a child; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = BROKEN
    try:
        files.SMALL = 1000
        zone = zone_of(folder)
        before()
        zone.load(SAID)
        code = 0
    except PlatformError as error:
        code = FULL if "The disk is full" in str(error) else BROKEN
        print(error, file=sys.stderr)
    finally:
        with contextlib.suppress(BaseException):
            if code == BROKEN:
                sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
        os._exit(code)


def end(pid: int) -> int:
    """Wait for a child; return its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def lines(folder: Path, first: int, step: int) -> None:
    """Die at one line after the other, until a load gets to its end."""
    landed(folder, 0)
    line, code = first, -signal.SIGKILL
    while code == -signal.SIGKILL:
        code = end(child(folder, lambda at=line: die_at(at, watched())))  # type: ignore[misc]
        line += step
    print(line, code)


def kills(folder: Path, times: int, seed: int) -> None:
    """Be killed at random moments of a load."""
    chance = random.Random(seed)
    started = time.monotonic()
    codes = [end(child(folder))]
    whole = time.monotonic() - started
    for number in range(times):
        landed(folder, number)
        pid = child(folder)
        time.sleep(chance.uniform(0.2, 1.0) * whole)
        os.kill(pid, signal.SIGKILL)
        codes.append(end(pid))
    print(*codes)


def together(folder: Path, processes: int) -> None:
    """Load the same source in several processes at once."""
    landed(folder, 0)
    pids = [child(folder) for _ in range(processes)]
    print(*[end(pid) for pid in pids])


def full(folder: Path, *sizes: int) -> None:
    """Load onto a disk on which no file can grow beyond each of these sizes."""
    for number, size in enumerate(sizes):
        landed(folder, number)

        def limited(limit: int = size) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        print(end(child(folder, limited)), end=" ")


def peak(folder: Path) -> None:
    """Load with little memory; print the megabytes that this process took at most.

    `getrusage` would count what the parent held when it started this process, so the kernel's
    figure for this program alone is read.
    """
    zone_of(folder, memory_limit="256MB").load(source())
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    print(int(kilobytes) // 1024)


if __name__ == "__main__":
    command, place, *numbers = sys.argv[1:]
    globals()[command](Path(place), *map(int, numbers))

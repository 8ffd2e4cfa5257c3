"""A load that dies, at whatever line, loses nothing and loads nothing twice."""

import os
import signal
import subprocess
import sys

import pytest

from resources.settings import PROJECT_ROOT
from tests.ingestion import crashing
from tests.ingestion.zone import Zone, everywhere

KILLED = -signal.SIGKILL
STRIDE = int(os.environ.get("CRASH_STRIDE", "37"))  # lines between two deaths; 1 tries them all


def run(command: str, zone: Zone, *numbers: int) -> list[int]:
    """Let loads of the zone die in a process of their own; return the numbers that it prints."""
    call = [sys.executable, "-m", "tests.ingestion.crashing", command, str(zone.folder)]
    done = subprocess.run(
        [*call, *map(str, numbers)], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    print(done.stderr)
    return [int(word) for word in done.stdout.split()]


def assert_whole(zone: Zone) -> None:
    """Load what is left, and assert that every record of every file is there once."""
    crashing.land(zone, 9999)
    zone.load(crashing.SAID)
    landed = [file.path for file in zone.landing.find("**/*")]
    assert sorted(row[0] for row in zone.ledger()) == sorted(landed)
    records = {name: 60 if "large" in name else 2 if "x" in name else 1 for name in landed}
    good = dict(zone.query("SELECT _file, count(DISTINCT id) FROM raw.events GROUP BY 1"))
    assert good == records
    assert zone.query("SELECT count(*) FROM raw.events") == [(sum(records.values()),)]
    assert len(zone.quarantine()) == sum(records.values())
    assert zone.query("SELECT count(*), count(DISTINCT file) FROM platform.ledger") == [
        (len(landed), len(landed))
    ]
    assert list((zone.warehouse.work / "staging").glob("*")) == []
    zone.accounted()


@pytest.mark.parametrize(
    ("zone", "first", "step"),
    [("folder", STRIDE, STRIDE), ("folder", STRIDE // 2, STRIDE), ("team", 2 * STRIDE, 2 * STRIDE)],
    indirect=["zone"],
)
def test_death_at_any_line(zone: Zone, first: int, step: int) -> None:
    last, code = run("lines", zone, max(first, 1), step)
    assert code == 0 and last > 100
    assert_whole(zone)


@everywhere
def test_death_at_any_moment(zone: Zone) -> None:
    crashing.land(zone, 999)
    codes = run("kills", zone, 4, 7)
    assert set(codes) <= {0, KILLED} and KILLED in codes, codes
    assert_whole(zone)


@everywhere
def test_processes_that_load_the_same_source_at_once(zone: Zone) -> None:
    assert run("together", zone, 2) == [0, 0]
    assert_whole(zone)


def test_a_full_disk_is_told_and_the_next_run_completes(zone: Zone) -> None:
    crashing.land(zone, 999)
    zone.load(crashing.SAID)
    sizes = [0, 2_000, 20_000, 200_000, 50_000_000]
    codes = run("full", zone, *sizes)
    assert set(codes) == {0, crashing.FULL}
    assert_whole(zone)

"""Children that die are noticed, and children are stopped with all that they started."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from platform_assets.server.processes import Processes
from resources.errors import PlatformError
from tests.server.running import wait_for

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def processes(folder: Path) -> Processes:
    return Processes(folder, folder, {"COLOUR": "green"})


def test_a_child_that_ends_by_itself_is_reported_with_its_last_words(tmp_path: Path) -> None:
    children = processes(tmp_path)
    child = children.start("web", ["-c", "import os, sys; sys.exit('no ' + os.environ['COLOUR'])"])
    child.process.wait()
    with pytest.raises(
        PlatformError, match=r"web process ended by itself \(exit code 1\)"
    ) as error:
        children.check()
    assert "no green" in error.value.message
    assert str(tmp_path / "web.log") in error.value.hint


def test_a_killed_child_is_said_to_be_killed(tmp_path: Path) -> None:
    children = processes(tmp_path)
    child = children.start("web", ["-c", "import time; time.sleep(600)"])
    child.process.kill()
    child.process.wait()
    with pytest.raises(PlatformError, match="SIGKILL: killed, perhaps for lack of memory"):
        children.check()


def test_a_child_that_ignores_signals_is_killed_with_its_own_children(tmp_path: Path) -> None:
    children = processes(tmp_path)
    child = children.start("web", ["-c", STUBBORN])
    grandchild = psutil.Process(int(wait_for(child.last_words)))
    children.stop(runs_grace=0.2, grace=0.2)
    assert child.process.returncode is not None
    wait_for(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)


def test_what_ran_before_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as other:
        children = processes(tmp_path)
        child = children.start("web", ["-c", "import time; time.sleep(600)"])
        children.stop(runs_grace=0.2, grace=0.2)
        assert child.process.returncode is not None
        assert other.poll() is None
        other.kill()


def test_waiting_ends_when_a_child_dies(tmp_path: Path) -> None:
    children = processes(tmp_path)
    children.start("web", ["-c", "raise SystemExit(3)"])
    with pytest.raises(PlatformError, match="exit code 3"):
        children.wait_until(lambda: False, 30, "The web server")


def test_waiting_ends_when_it_takes_too_long(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="The web server did not get ready"):
        processes(tmp_path).wait_until(lambda: False, 0.1, "The web server")


def test_the_log_of_the_start_before_is_kept(tmp_path: Path) -> None:
    children = processes(tmp_path)
    for word in ("one", "two"):
        children.start("web", ["-c", f"print('{word}')"]).process.wait()
    assert (tmp_path / "web.log").read_text() == "two\n"
    assert (tmp_path / "web.log.1").read_text() == "one\n"
    assert sys.executable in " ".join(map(str, children.children[0].process.args))

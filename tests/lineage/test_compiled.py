"""The process in which dbt compiles the project."""

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from resources.settings import PROJECT_ROOT

ASK = """
import sys
from pathlib import Path
from platform_assets.lineage.compiled import compiled
from resources.dbt import DbtProject
compiled(DbtProject(Path(sys.argv[1]), Path(sys.argv[2])))
"""


def test_dbt_does_not_compile_on_for_a_process_that_was_killed(project_data: Path) -> None:
    target = project_data / "dbt" / "target"
    asks = subprocess.Popen([sys.executable, "-c", ASK, str(PROJECT_ROOT / "dbt"), str(target)])
    try:
        compiles = _child(asks.pid)
        time.sleep(1.5)  # until it has begun, and long before it has compiled
        assert compiles.is_running()
    finally:
        asks.send_signal(signal.SIGKILL)
        asks.wait()
    psutil.wait_procs([compiles], timeout=5)
    assert not compiles.is_running()


def _child(pid: int) -> psutil.Process:
    """Wait for the one that compiles: others, of a library that looks around, come and go."""
    while True:
        for child in psutil.Process(pid).children():
            with contextlib.suppress(psutil.Error):
                if "platform_assets.lineage.compiled" in child.cmdline():
                    return child

"""A daemon that is killed again and again: everything arrives, under the same ids.

It is a real `dagster-daemon run`, with the code server that it starts; all of its processes are
killed at once.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import TickStatus

from platform_assets.server.event_log import KeptEventLog
from resources.settings import PROJECT_ROOT
from resources.warehouse import Warehouse
from tests.lineage import emitting, spec
from tests.lineage.backlog import arrived, expected, report
from tests.lineage.emitting import Receiver
from tests.long import LONG

# 50 kills within 2,000 materializations; in short 3 within 600.
KILLS = 50 if LONG else 3
RUNS, OF_A_RUN, RUNLESS = (10, 190, 100) if LONG else (3, 190, 30)
AT_START = 5  # one in so many is killed at any moment of its first seconds, the others at work
OPENLINEAGE = "OPENLINEAGE__TRANSPORT__"


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "500")
    folder = tmp_path / "instance"
    with emitting.instance_at(folder) as found:
        log = {
            "module": KeptEventLog.__module__,
            "class": KeptEventLog.__name__,
            "config": {"base_dir": str(folder / "events")},
        }
        config = {"telemetry": {"enabled": False}, "event_log_storage": log}
        (folder / "dagster.yaml").write_text(json.dumps(config))
        yield found


@contextmanager
def daemon(home: Path, receiver: Receiver) -> Iterator[None]:
    """Run a daemon on the small platform; at the end all of its processes are killed."""
    command = [sys.executable, "-m", "dagster._daemon", "run", "-m", "tests.lineage.emit_platform"]
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        f"{OPENLINEAGE}TYPE": "http",
        f"{OPENLINEAGE}URL": receiver.url,
        f"{OPENLINEAGE}RETRY": '{"total": 0}',
    }
    with (
        (home / "daemon.log").open("a") as log,
        subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield
        except BaseException:
            print((home / "daemon.log").read_text())
            raise
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(what: Callable[[], Any], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.002)


def in_a_tick(instance: dg.DagsterInstance) -> bool:
    """Return whether the sensor's newest tick has not ended."""
    [state] = instance.all_instigator_state()
    [tick] = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
    return tick.status == TickStatus.STARTED


@pytest.mark.timeout(3600 if LONG else 300)
def test_a_daemon_killed_again_and_again_delivers_everything_under_the_same_ids(
    instance: dg.DagsterInstance, project_data: Path, tmp_path: Path
) -> None:
    with Warehouse.from_settings().write() as connection:
        connection.execute("CREATE TABLE raw.orders AS SELECT 1 AS id")
    report(instance, RUNS, OF_A_RUN, RUNLESS)
    wanted, dice, at_work = expected(instance), random.Random(5), 0
    assert len(wanted) == 2 * (RUNS * OF_A_RUN + RUNLESS)
    home = tmp_path / "instance"
    with Receiver().running() as receiver:
        for number in range(1, KILLS + 1):
            before = receiver.answers
            with daemon(home, receiver):
                if number % AT_START == 0:
                    time.sleep(dice.uniform(0, 4))
                else:
                    enough = before + dice.randrange(1, 200)
                    wait_for(lambda: receiver.answers >= enough)  # noqa: B023
            at_work += receiver.answers > before and in_a_tick(instance)
        assert at_work >= 0.7 * KILLS
        assert len(arrived(receiver)) < len(wanted)
        with daemon(home, receiver):
            wait_for(lambda: set(arrived(receiver)) >= wanted, 300)
        events = list(receiver.events)
    counts = arrived(receiver)
    assert set(counts) == wanted
    assert spec.problems_of_runs(events) == []
    different = {json.dumps(event, sort_keys=True) for event in events if "run" in event}
    assert len(different) == len(wanted)  # what came again is the same to the letter
    twice = sum(counts.values()) - len(wanted)
    print(f"{at_work} of {KILLS} kills at work; {twice:,} of {len(wanted):,} events came twice")

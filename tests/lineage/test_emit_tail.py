"""The tail: nothing is lost and nothing invented, whoever is down or killed."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventBatchMetadata, StepMaterializationData
from dagster._core.test_utils import create_run_for_test

from platform_assets.lineage.openlineage.emit import tail as tails
from platform_assets.lineage.openlineage.emit.delivery import NotAcceptedError
from platform_assets.lineage.openlineage.emit.log import Point
from platform_assets.lineage.openlineage.emit.tail import Patience, Position
from resources.settings import PROJECT_ROOT
from tests.lineage import emitting, spec
from tests.lineage.emitting import ASSETS, Receiver
from tests.long import LONG

# 50 kills within 2,000 materializations; in short 12 within 600.
KILLS = 50 if LONG else 12
RUNS, OF_A_RUN, RUNLESS = (10, 190, 100) if LONG else (3, 190, 30)


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "500")
    with emitting.instance_at(tmp_path / "instance") as found:
        yield found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as found:
        yield found


def backlog(instance: dg.DagsterInstance, runs: int, of_a_run: int, runless: int) -> None:
    """Report materializations of runs, and runless ones, as steps report theirs."""
    for _ in range(runs):
        run = create_run_for_test(instance, job_name="nightly", run_id=str(uuid.uuid4()))
        for number in range(of_a_run):
            made = dg.AssetMaterialization(["marts", "orders"], partition=f"part {number}")
            event = DagsterEvent(
                "ASSET_MATERIALIZATION",
                "nightly",
                step_key=f"step_{number}",
                event_specific_data=StepMaterializationData(made, []),
            )
            mark = DagsterEventBatchMetadata(run.run_id, number == of_a_run - 1)
            instance.report_dagster_event(event, run.run_id, batch_metadata=mark)
    for number in range(runless):
        instance.report_runless_asset_event(dg.AssetMaterialization(["outside", f"n{number}"]))


def expected(instance: dg.DagsterInstance) -> set[tuple[str, str]]:
    """Return run and type of every run event that the log gives."""
    teller = emitting.teller(instance)
    page = teller.log.after(Point(), 100_000)
    events = [e for _, entry in page.entries for e in teller.events(entry)]
    return {(e.run.runId, e.eventType.value) for e in events if e.eventType}


def arrived(receiver: Receiver) -> Counter[tuple[str, str]]:
    return Counter((e["run"]["runId"], e["eventType"]) for e in receiver.events if "run" in e)


def wait_for(what: Callable[[], Any], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.002)


def soon() -> float:
    return time.monotonic() + 60


def test_a_backlog_is_sent_forwards_and_whole(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path
) -> None:
    backlog(instance, 1, 3 * tails.ENTRIES_AT_ONCE + 7, 30)
    done = emitting.tail(instance, emitting.delivery(receiver.config(), tmp_path)).turn(soon())
    assert done.done
    assert dict(arrived(receiver)) == dict.fromkeys(expected(instance), 1)
    ends = [e["eventTime"] for e in receiver.events if e.get("eventType") == "COMPLETE"]
    assert ends == sorted(ends)


def test_a_turn_ends_after_the_page_at_which_its_time_is_over(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path
) -> None:
    backlog(instance, 0, 0, 2 * tails.ENTRIES_AT_ONCE)
    sending = emitting.tail(instance, emitting.delivery(receiver.config(), tmp_path))
    turns = 0
    while not sending.turn(time.monotonic()).done:
        turns += 1
    assert turns >= 3  # the catalog, and two pages
    assert dict(arrived(receiver)) == dict.fromkeys(expected(instance), 1)


def test_a_receiver_that_is_down_for_a_while_misses_nothing(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path
) -> None:
    sending = emitting.tail(instance, emitting.delivery(receiver.config(), tmp_path))
    sending.turn(soon())
    receiver.status = 503
    for _ in range(3):
        backlog(instance, 0, 0, 20)  # nobody who materializes notices
        with pytest.raises(NotAcceptedError):
            sending.turn(soon())
    assert arrived(receiver) == Counter()
    receiver.status = 201
    assert sending.turn(soon()).sent == 2 * 60
    assert dict(arrived(receiver)) == dict.fromkeys(expected(instance), 1)


def test_an_entry_that_cannot_be_told_does_not_hold_up_others(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path, caplog: Any
) -> None:
    backlog(instance, 0, 0, 3)
    sending = emitting.teller(instance)
    whole = sending.asset

    def asset(key: str) -> Any:
        return {}[key] if key == "outside/n1" else whole(key)

    sending.asset = asset  # type: ignore[method-assign]
    delivery = emitting.delivery(receiver.config(), tmp_path)
    assert tails.Tail(instance, sending, delivery).turn(soon()).done
    made = {e["job"]["name"] for e in receiver.events if "run" in e}
    assert made == {"outside.n0", "outside.n2"}
    assert "can't be told" in caplog.text


def test_what_is_sent_again_has_the_same_ids(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path
) -> None:
    backlog(instance, 1, 20, 20)
    sending = emitting.tail(instance, emitting.delivery(receiver.config(), tmp_path))
    sending.turn(soon())
    Position().save(instance)  # as if nothing had been kept
    sending.turn(soon())
    assert dict(arrived(receiver)) == dict.fromkeys(expected(instance), 2)


def test_the_catalog_is_told_once_and_again_when_it_is_another_one(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path
) -> None:
    delivery = emitting.delivery(receiver.config(), tmp_path)
    for _ in range(2):
        emitting.tail(instance, delivery).turn(soon())
    static = 2 * len(ASSETS) - 1  # one of them is made elsewhere
    assert len(receiver.events) == static
    tails.Tail(instance, emitting.teller(instance), delivery, digest="of another").turn(soon())
    assert len(receiver.events) == 2 * static


def test_a_catalog_that_was_told_in_part_goes_on_where_it_was(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(tails, "EVENTS_AT_ONCE", 4)
    sending = emitting.tail(instance, emitting.delivery(receiver.config(), tmp_path))
    sending.turn(time.monotonic())
    assert Position.load(instance).told == len(receiver.events) == 4
    sending.turn(soon())
    assert len(receiver.events) == 2 * len(ASSETS) - 1


@pytest.mark.parametrize("looked_between", [True, False])
def test_a_log_that_gives_its_last_numbers_anew_is_read_on(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path, looked_between: bool
) -> None:
    sending = emitting.tail(instance, emitting.delivery(receiver.config(), tmp_path))
    backlog(instance, 1, 5, 10)
    sending.turn(soon())
    last = Position.load(instance).log.number
    instance.wipe_assets([dg.AssetKey(["outside", f"n{number}"]) for number in range(10)])
    if looked_between:
        sending.turn(soon())
    receiver.events.clear()
    backlog(instance, 0, 0, 12)  # SQLite gives the numbers of what was wiped to these
    assert sending.turn(soon()).sent == 24
    assert Position.load(instance).log.number < last + 12
    assert {e["job"]["name"] for e in receiver.events} == {f"outside.n{n}" for n in range(12)}


def test_a_history_that_was_moved_is_told_again_rather_than_in_part(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path
) -> None:
    sending = emitting.tail(instance, emitting.delivery(receiver.config(), tmp_path))
    backlog(instance, 0, 0, 10)
    sending.turn(soon())
    position = Position.load(instance)
    elsewhere = replace(position.log, log="postgresql", number=7)
    replace(position, log=elsewhere).save(instance)
    assert sending.turn(soon()).sent == 20
    assert dict(arrived(receiver)) == dict.fromkeys(expected(instance), 2)


def test_what_is_being_made_is_told_before_it_ends(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path, monkeypatch: Any
) -> None:
    sending = emitting.tail(instance, emitting.delivery(receiver.config(), tmp_path))
    seen: list[list[str]] = []

    def look() -> None:
        sending.turn(soon())
        seen.append([e["eventType"] for e in receiver.of("marts.second")])

    monkeypatch.setattr(emitting, "MEANWHILE", [look, look])
    emitting.materialize(instance, "marts/first", "marts/second")
    assert seen == [["START"], ["START"]]  # told once
    sending.turn(soon())
    first, *others = receiver.of("marts.second")
    assert [e["eventType"] for e in others] == ["START", "COMPLETE"]
    assert others[0] == first  # and once more with its end, to the letter
    assert [e["eventType"] for e in receiver.of("marts.first")] == ["START", "COMPLETE"]
    assert spec.problems_of_runs(receiver.events) == []


def test_patience_grows_and_ends() -> None:
    patience = Patience()
    pauses = []
    for _ in range(9):
        patience.lose(NotAcceptedError("no", hint=""))
        pauses.append(patience.pause)
    assert pauses[:3] == [5, 10, 20]
    assert pauses[-1] == 300 >= patience.left() > 290
    patience.regain()
    assert patience.left() == 0


def test_killed_again_and_again_it_delivers_everything_under_the_same_ids(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path
) -> None:
    backlog(instance, RUNS, OF_A_RUN, RUNLESS)
    wanted, dice = expected(instance), random.Random(5)
    assert len(wanted) == 2 * (RUNS * OF_A_RUN + RUNLESS)
    command = [sys.executable, "-m", "tests.lineage.emit_process", str(tmp_path / "instance")]
    with subprocess.Popen(
        [*command, receiver.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT_ROOT,
    ) as starter:
        assert starter.stdin is not None
        assert starter.stdout is not None

        def start() -> int:
            print(file=starter.stdin, flush=True)
            return int(starter.stdout.readline())  # type: ignore[union-attr]

        for _ in range(KILLS):
            child, enough = start(), receiver.answers + dice.randrange(1, 120)
            wait_for(lambda: receiver.answers >= enough)  # noqa: B023
            os.kill(child, signal.SIGKILL)
            wait_for(lambda: not alive(child))  # noqa: B023
        assert len(arrived(receiver)) < len(wanted)  # all of them were killed at work
        child = start()
        wait_for(lambda: set(arrived(receiver)) >= wanted)
        os.kill(child, signal.SIGKILL)
        starter.stdin.close()
    assert set(arrived(receiver)) == wanted
    assert spec.problems_of_runs(receiver.events) == []
    print(f"{sum(arrived(receiver).values()) - len(wanted):,} of {len(wanted):,} came twice")


def alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False

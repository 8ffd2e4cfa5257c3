"""The tail: nothing is lost and nothing invented, whoever is down or killed."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from platform_assets.lineage.openlineage.emit import tail as tails
from platform_assets.lineage.openlineage.emit.delivery import NotAcceptedError
from platform_assets.lineage.openlineage.emit.live import Live
from platform_assets.lineage.openlineage.emit.log import Log, Runs
from platform_assets.lineage.openlineage.emit.tail import Patience, Position
from tests.lineage import emitting, spec
from tests.lineage.backlog import arrived, expected, report
from tests.lineage.emitting import ASSETS, Receiver


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "500")
    with emitting.instance_at(tmp_path / "instance") as found:
        yield found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as found:
        yield found


def soon() -> float:
    return time.monotonic() + 60


def test_a_backlog_is_sent_forwards_and_whole(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path
) -> None:
    report(instance, 1, 3 * tails.ENTRIES_AT_ONCE + 7, 30)
    done = emitting.tail(instance, emitting.delivery(receiver.config(), tmp_path)).turn(soon())
    assert done.done
    assert dict(arrived(receiver)) == dict.fromkeys(expected(instance), 1)
    ends = [e["eventTime"] for e in receiver.events if e.get("eventType") == "COMPLETE"]
    assert ends == sorted(ends)


def test_a_turn_ends_after_the_page_at_which_its_time_is_over(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path
) -> None:
    report(instance, 0, 0, 2 * tails.ENTRIES_AT_ONCE)
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
        report(instance, 0, 0, 20)  # nobody who materializes notices
        with pytest.raises(NotAcceptedError):
            sending.turn(soon())
    assert arrived(receiver) == Counter()
    receiver.status = 201
    assert sending.turn(soon()).sent == 2 * 60
    assert dict(arrived(receiver)) == dict.fromkeys(expected(instance), 1)


def test_an_entry_that_cannot_be_told_does_not_hold_up_others(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path, caplog: Any
) -> None:
    report(instance, 0, 0, 3)
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
    report(instance, 1, 20, 20)
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
    report(instance, 1, 5, 10)
    sending.turn(soon())
    last = Position.load(instance).log.number
    instance.wipe_assets([dg.AssetKey(["outside", f"n{number}"]) for number in range(10)])
    if looked_between:
        sending.turn(soon())
    receiver.events.clear()
    report(instance, 0, 0, 12)  # SQLite gives the numbers of what was wiped to these
    assert sending.turn(soon()).sent == 24
    assert Position.load(instance).log.number < last + 12
    assert {e["job"]["name"] for e in receiver.events} == {f"outside.n{n}" for n in range(12)}


def test_a_history_that_was_moved_is_told_again_rather_than_in_part(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path
) -> None:
    sending = emitting.tail(instance, emitting.delivery(receiver.config(), tmp_path))
    report(instance, 0, 0, 10)
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


def test_what_was_read_of_a_run_is_not_read_again(
    instance: dg.DagsterInstance, receiver: Receiver, tmp_path: Path, monkeypatch: Any
) -> None:
    delivery, runs, live = emitting.delivery(receiver.config(), tmp_path), Runs(), Live()
    read: list[str] = []
    usual = dg.DagsterInstance.get_records_for_run

    def records(self: dg.DagsterInstance, run: str, *rest: Any, **options: Any) -> Any:
        found = usual(self, run, *rest, **options)
        events = (record.event_log_entry.dagster_event for record in found.records)
        read.extend(f"{e.event_type_value} {e.step_key} {e.asset_key}" for e in events if e)
        return found

    def look() -> None:
        teller = emitting.teller(instance)
        teller.log = Log(instance, runs)
        with monkeypatch.context() as patch:
            patch.setattr(dg.DagsterInstance, "get_records_for_run", records)
            tails.Tail(instance, teller, delivery, live=live).turn(soon())

    monkeypatch.setattr(emitting, "MEANWHILE", [look, look])
    emitting.materialize(instance, "marts/orders", "marts/first", "marts/second")
    look()
    assert len(read) == len(set(read)) == 8
    [started] = {e["eventTime"] for e in receiver.of("marts.second") if e["eventType"] == "START"}
    assert started < receiver.of("marts.second")[-1]["eventTime"]


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

"""The tail of a log in PostgreSQL, where an entry may appear after one with a higher number."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy

from platform_assets.lineage.openlineage.emit import log as logs
from platform_assets.lineage.openlineage.emit.log import Log, Point
from platform_assets.server.home import Home
from resources.settings import settings
from tests.lineage import emitting, spec
from tests.lineage.emitting import Receiver
from tests.servers import postgresql

WRITERS, EACH = 4, 40


@pytest.fixture
def instance(project_data: Path) -> Iterator[dg.DagsterInstance]:
    os.environ["PLATFORM_DAGSTER_URL"] = postgresql().new_database()
    settings.cache_clear()
    Home.from_settings().enter()
    with dg.DagsterInstance.get() as found:
        yield found


def report(instance: dg.DagsterInstance, name: str) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(["outside", name]))


def assets(page: logs.Page) -> list[str]:
    return [e.dagster_event.asset_key.path[-1] for _, e in page.entries]  # type: ignore[union-attr]


def test_an_entry_that_is_not_there_yet_is_waited_for(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(instance, "first")
    log = Log(instance)
    start = log.after(Point(), 10).reached
    engine = sqlalchemy.create_engine(settings().dagster_url.get_secret_value())
    with engine.connect() as late:
        # A writer takes a number, and commits only after a later one was given and committed.
        late.execute(
            sqlalchemy.text(
                "INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp) "
                "SELECT run_id, replace(event, 'first', 'late'), dagster_event_type, timestamp "
                "FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION'"
            )
        )
        report(instance, "last")
        monkeypatch.setattr(logs, "SETTLE_SECONDS", 0.2)
        page = log.after(start, 10)
        assert (page.entries, page.reached, page.more) == ((), start, False)
        monkeypatch.setattr(logs, "SETTLE_SECONDS", 30.0)
        threading.Timer(0.2, late.commit).start()
        assert assets(log.after(start, 10)) == ["late", "last"]
    engine.dispose()


def test_nothing_is_passed_over_while_many_write(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    def write(writer: int) -> None:
        for number in range(EACH):
            report(instance, f"n{writer}_{number}")

    with Receiver().running() as receiver:
        sending = emitting.tail(instance, emitting.delivery(receiver.config(), tmp_path))
        writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
        for each in writers:
            each.start()
        while any(each.is_alive() for each in writers):
            sending.turn(time.monotonic() + 30)
        sending.turn(time.monotonic() + 30)
        made = [e["job"]["name"] for e in receiver.events if e.get("eventType") == "COMPLETE"]
    assert sorted(made) == sorted(f"outside.n{w}_{n}" for w in range(WRITERS) for n in range(EACH))
    assert spec.problems_of_runs(receiver.events) == []


def test_a_run_is_told_as_it_is_from_sqlite(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    with Receiver().running() as receiver:
        emitting.materialize(instance, "raw/orders", "marts/broken", "report/weekly")
        done = emitting.tail(instance, emitting.delivery(receiver.config(), tmp_path))
        done.turn(time.monotonic() + 30)
    told = [(e["eventType"], e["job"]["name"]) for e in receiver.events if "run" in e]
    assert told == [
        ("START", "materialize"),
        ("START", "raw.orders"),
        ("COMPLETE", "raw.orders"),
        ("START", "raw.orders.check.volume"),
        ("COMPLETE", "raw.orders.check.volume"),
        ("START", "marts.broken"),
        ("FAIL", "marts.broken"),
        ("START", "report.weekly"),
        ("ABORT", "report.weekly"),
        ("FAIL", "materialize"),
    ]

"""The store: every event once, in any order, from many at once, and no more than is wanted."""

import json
import random
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from platform_assets.lineage.openlineage.received import merging
from platform_assets.lineage.openlineage.received import tables as t
from platform_assets.lineage.openlineage.received.events import read
from platform_assets.lineage.openlineage.received.reading import Reader
from platform_assets.lineage.openlineage.received.store import Store, _Ticket
from resources.errors import PlatformError
from tests.lineage import producers
from tests.lineage.producers import NOW, dataset, facet, run_event, run_id
from tests.lineage.receiving import put, store_in
from tests.servers import postgresql


@pytest.fixture
def store(tmp_path: Path) -> Any:
    found = store_in(tmp_path)
    yield found
    found.close()


def everything(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return all rows, without when they were heard of."""
    found = {}
    for table in (t.jobs, t.datasets, t.runs, t.links):
        rows = Reader(store).rows(sa.select(table).order_by(*table.primary_key))
        found[table.name] = [{k: v for k, v in r.items() if k != "heard_at"} for r in rows]
    return found


def links(store: Store, job: str) -> set[tuple[str, str]]:
    reader = Reader(store)
    found = reader.links_of([t.key_of(t.jobs, "airflow", job)])
    names = reader.by_key(t.datasets, [row["dataset"] for row in found])
    return {(row["role"], names[row["dataset"]]["name"]) for row in found}


def test_an_event_that_comes_twice_is_one(store: Store) -> None:
    told = producers.everybody()
    assert put(store, told) == len(told)
    before, state = everything(store), Reader(store).state()
    assert put(store, [*told, *told]) == 0
    assert everything(store) == before and Reader(store).state() == state
    assert Reader(store).count(sa.select(t.events)) == len(told)


def test_the_order_of_arrival_says_nothing(tmp_path: Path) -> None:
    told = [*producers.spark(), *producers.flink()]
    ordered = store_in(tmp_path / "ordered")
    put(ordered, told)
    for seed in range(4):
        mixed = store_in(tmp_path / str(seed))
        shuffled = random.Random(seed).sample(told, len(told))
        for each in shuffled:
            put(mixed, [each])
        assert _without_json_order(everything(mixed)) == _without_json_order(everything(ordered))


def _without_json_order(found: dict[str, list[dict[str, Any]]]) -> Any:
    return {
        name: [{k: (sorted(v) if k == "facets" else v) for k, v in row.items()} for row in rows]
        for name, rows in found.items()
    }


def test_a_run_ends_once(store: Store) -> None:
    run = run_id()
    for kind, minutes in (("COMPLETE", 9), ("RUNNING", 5), ("START", 1), ("OTHER", 12)):
        put(store, [run_event(kind, run, "j", at=NOW - timedelta(minutes=60 - minutes))])
    (row,) = Reader(store).rows(sa.select(t.runs))
    assert row["state"] == "COMPLETED"
    assert row["ended_at"] - row["started_at"] == 8 * 60 * 1_000_000


def test_a_run_that_completes_replaces_what_its_job_read_before(store: Store) -> None:
    def one(minutes: int, *inputs: str, end: str = "COMPLETE", outputs: bool = True) -> None:
        run, at = run_id(), NOW - timedelta(minutes=minutes)
        ins = [dataset("n", name) for name in inputs]
        outs = [dataset("n", "out")] if outputs else []
        put(store, [run_event("START", run, "j", at=at, inputs=ins)])
        put(store, [run_event(end, run, "j", at=at + timedelta(minutes=1), outputs=outs)])

    one(60, "a", "b")
    assert links(store, "j") == {("input", "a"), ("input", "b"), ("output", "out")}
    one(50, "a", end="FAIL", outputs=False)
    assert ("input", "b") in links(store, "j"), "a run that failed replaces nothing"
    one(40, "a", "c")
    assert links(store, "j") == {("input", "a"), ("input", "c"), ("output", "out")}
    one(30, outputs=False)
    assert links(store, "j") == {("input", "a"), ("input", "c"), ("output", "out")}


def test_an_event_of_design_replaces_the_one_before(store: Store) -> None:
    job, view = producers.designed()
    put(store, [job, view])
    later = {**job, "eventTime": NOW.isoformat(), "inputs": [dataset("n", "other")]}
    put(store, [later])
    reader = Reader(store)
    found = reader.links_of([t.key_of(t.jobs, "design", "nightly_export")])
    names = reader.by_key(t.datasets, [row["dataset"] for row in found])
    assert {row["name"] for row in names.values()} == {"other", "/exports/orders.csv"}
    (derived,) = reader.links_of(
        [t.key_of(t.datasets, producers.SHOP, "shop.public.top_customers")]
    )
    assert derived["role"] == "derived"
    assert derived["dataset"] == t.key_of(t.datasets, producers.SHOP, "shop.public.customers")


def test_the_newest_facet_counts_and_one_can_be_taken_away(store: Store) -> None:
    def told(minutes: int, **facets: Any) -> dict[str, Any]:
        at = NOW - timedelta(minutes=minutes)
        return run_event("OTHER", run_id(), "j", at=at, outputs=[dataset("n", "d", **facets)])

    def facets() -> dict[str, Any]:
        (row,) = Reader(store).rows(sa.select(t.datasets))
        found: dict[str, Any] = json.loads(row["facets"])
        return found

    put(store, [told(5, x=facet("https://p.q", "X", value=2), y=facet("https://p.q", "Y"))])
    put(store, [told(9, x=facet("https://p.q", "X", value=1))])
    assert facets()["x"]["value"] == 2
    put(store, [told(3, y={"_producer": "https://p.q", "_schemaURL": "https://s.t",
                           "_deleted": True, "columnLineage": 5})])  # fmt: skip
    assert set(facets()) == {"x"}


@pytest.mark.parametrize("key", ["entries", "lineage"])
def test_entries_of_the_lineage_facet_are_links(store: Store, key: str) -> None:
    job = {"namespace": "n", "name": "another", "type": "JOB"}
    entries = [
        {
            "namespace": "n",
            "name": "out",
            "type": "DATASET",
            "inputs": [{"namespace": "n", "name": "in", "type": "DATASET"}, job],
        },
        {"type": "JOB", "inputs": [{"namespace": "n", "name": "looked at", "type": "DATASET"}]},
    ]
    lineage = {"lineage": facet("https://p.q", "LineageRunFacet", **{key: entries})}
    put(store, [run_event("COMPLETE", run_id(), "j", run_facets=lineage)])
    assert links(store, "j") == {("input", "in"), ("input", "looked at"), ("output", "out")}


def test_only_a_change_of_names_or_links_changes_the_structure(store: Store) -> None:
    reader = Reader(store)
    put(store, producers.airflow())
    changes, structure = reader.state()
    again = producers.airflow()
    put(store, again)
    assert reader.state() == (changes + 1, structure)
    put(store, [run_event("START", run_id(), "new job")])
    assert reader.state() == (changes + 2, structure + 1)


def many(thread: int, count: int) -> list[dict[str, Any]]:
    """Return events of one thread: runs of its own, of jobs and datasets that all share."""
    return [
        run_event(
            kind, run_id(1_000_000 + thread * 10_000 + number), f"job {number % 5}",
            at=NOW - timedelta(seconds=count - number), inputs=[dataset("n", f"in {number % 7}")],
            outputs=[dataset("n", f"out {thread}")],
        )
        for number in range(count)
        for kind in ("START", "COMPLETE")
    ]  # fmt: skip


def post_all(stores: list[Store], threads: int = 20, count: int = 15) -> None:
    gate = threading.Barrier(threads)

    def work(thread: int) -> None:
        gate.wait()
        for each in many(thread, count):
            put(stores[thread % len(stores)], [each])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    reader = Reader(stores[0])
    assert reader.count(sa.select(t.events)) == threads * count * 2
    runs = reader.rows(sa.select(t.runs.c.state))
    assert [row["state"] for row in runs] == ["COMPLETED"] * (threads * count)
    written = {row["name"] for row in reader.rows(sa.select(t.datasets.c.name))}
    assert written == {f"out {n}" for n in range(threads)} | {f"in {n}" for n in range(7)}
    changed = reader.rows(sa.select(t.datasets.c.name).where(t.datasets.c.modified_at.is_not(None)))
    assert len(changed) == threads


def test_many_at_once_lose_nothing_in_sqlite(tmp_path: Path) -> None:
    stores = [store_in(tmp_path) for _ in range(3)]  # as three processes have it
    post_all(stores)


def test_many_at_once_lose_nothing_in_postgresql() -> None:
    url = postgresql().new_database()
    stores = [Store(url) for _ in range(3)]
    try:
        post_all(stores)
        assert put(stores[1], many(0, 15)) == 0
    finally:
        for each in stores:
            each.close()


def test_everything_is_the_same_in_postgresql(tmp_path: Path) -> None:
    told = producers.everybody()
    here, there = store_in(tmp_path), Store(postgresql().new_database())
    try:
        put(here, told)
        put(there, told)
        assert everything(there) == everything(here)
        assert put(there, told) == 0
    finally:
        there.close()


def test_no_more_events_are_kept_than_wanted(tmp_path: Path) -> None:
    store = store_in(tmp_path, most=10)
    put(store, many(0, 20))
    reader = Reader(store)
    with t.writing(store.engine) as connection:
        store.sweep(connection, t.micros(datetime.now(UTC)))
    assert reader.count(sa.select(t.events)) == 10
    kept = [row["id"] for row in reader.rows(sa.select(t.events.c.id).order_by(t.events.c.id))]
    assert kept == list(range(31, 41))
    assert reader.count(sa.select(t.runs)) <= 20


def test_what_nobody_speaks_of_any_more_is_forgotten(tmp_path: Path) -> None:
    store = store_in(tmp_path, days=10)
    put(store, producers.everybody())
    structure = Reader(store).state()[1]
    with t.writing(store.engine) as connection:
        store.sweep(connection, t.micros(datetime.now(UTC) + timedelta(days=9)))
    assert Reader(store).count(sa.select(t.datasets)) > 5
    with t.writing(store.engine) as connection:
        store.sweep(connection, t.micros(datetime.now(UTC) + timedelta(days=11)))
    for table in (t.events, t.jobs, t.datasets, t.runs, t.links):
        assert Reader(store).count(sa.select(table)) == 0, table.name
    assert Reader(store).state()[1] > structure


def test_one_event_the_database_refuses_takes_no_other_with_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = read(producers.airflow()[0]), read(producers.flink()[0])
    real = Store._keep

    def keep(self: Store, connection: Any, told: Any, now: int) -> None:
        if bad in told:
            raise sa.exc.DBAPIError("INSERT", {}, ValueError("no"))
        real(self, connection, told, now)

    monkeypatch.setattr(Store, "_keep", keep)
    tickets = [_Ticket([good]), _Ticket([bad])]
    store._waiting = list(tickets)
    store._write_waiting()
    assert (tickets[0].done, tickets[0].new, tickets[0].error) == (True, 1, None)
    assert isinstance(tickets[1].error, sa.exc.DBAPIError)


def test_facets_of_one_thing_stay_bounded_over_all_events(store: Store) -> None:
    for number in range(6):
        large = facet("https://p.q", "Large", text="x" * 900_000)
        put(store, [run_event("OTHER", run_id(), "j", job_facets={f"large {number}": large})])
    put(store, [run_event("OTHER", run_id(), "j", job_facets={
        f"small {number}": facet("https://p.q", "S") for number in range(90)})])  # fmt: skip
    (row,) = Reader(store).rows(sa.select(t.jobs))
    assert len(row["facets"]) < merging.MOST_BYTES
    kept = json.loads(row["facets"])
    assert len(kept) == 96 and sum("leftOut" in each for each in kept.values()) == 2


def test_a_database_that_is_away_is_not_asked_again_for_each(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def away(_self: Store, tickets: Any) -> None:
        asked.append(len(tickets))
        raise sa.exc.OperationalError("INSERT", {}, ValueError("away"))

    monkeypatch.setattr(Store, "_write", away)
    store._waiting = [_Ticket([read(told)]) for told in producers.flink()]
    with pytest.raises(sa.exc.OperationalError):
        put(store, producers.spark())
    assert asked == [4]


def test_tables_of_a_newer_release_are_left_alone(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    put(store, producers.flink())
    store.close()
    with sqlite3.connect(tmp_path / "lineage" / "received.sqlite") as connection:
        connection.execute("UPDATE lineage_state SET version = 99")
    with pytest.raises(PlatformError, match="newer release"):
        put(store_in(tmp_path), producers.flink())


@pytest.mark.parametrize(
    "url", ["mysql://u:secret99@h/d", "nonsense", "postgresql://u:secret99@127.0.0.1:1/d"]
)
def test_a_store_that_can_not_be_opened_says_so_without_its_password(url: str) -> None:
    with pytest.raises(PlatformError) as error:
        put(Store(url), producers.flink())
    assert "secret99" not in f"{error.value} {error.value.hint} {Store(url)!r}"

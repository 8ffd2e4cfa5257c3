"""Trimming of Dagster's storage: what goes, what the history needs, and that disk is given back."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from platform_assets.catalog import history
from platform_assets.maintenance import runs, space
from platform_assets.maintenance.runs import Keep, trim
from platform_assets.server.event_log import KeptEventLog
from resources import sqlite_space
from tests.servers import postgresql

OLD = Keep(timedelta(0), events=2, results=1)
DAYS = dg.DailyPartitionsDefinition("2026-01-01")


@dg.asset(check_specs=[dg.AssetCheckSpec("small", asset="orders")])
def orders(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """An asset with a check, which says much."""
    print("printed by a step")
    context.log.info("said by a step")
    check = dg.AssetCheckResult(passed=True)
    return dg.MaterializeResult(metadata={"text": "x" * 20_000}, check_results=[check])


@dg.asset
def seldom() -> None:
    """An asset that is made less often."""


@dg.asset(partitions_def=DAYS)
def daily() -> None:
    """An asset of days."""


DEFINITIONS = dg.Definitions(assets=[orders, seldom, daily], executor=dg.in_process_executor)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance as the platform has it on one machine."""
    storage = {
        "module": KeptEventLog.__module__,
        "class": KeptEventLog.__name__,
        "config": {"base_dir": str(tmp_path / "history" / "runs")},
    }
    overrides = {"event_log_storage": storage}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=overrides) as one:
        yield one


def make(instance: dg.DagsterInstance, *assets: Any, day: str | None = None) -> str:
    """Materialize assets in a run of their own; return it."""
    done = dg.materialize(assets, instance=instance, partition_key=day, tags={"of": "test"})
    assert done.success
    return done.run_id


def left(instance: dg.DagsterInstance) -> set[str]:
    """Return the runs that are there."""
    return {run.run_id for run in instance.get_runs()}


def test_old_runs_go_and_what_the_history_shows_stays(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    first = make(instance, seldom)
    made = [make(instance, orders) for _ in range(4)]
    assert trim(instance, Keep()) == runs.Trimmed()
    done = trim(instance, OLD)
    assert left(instance) == {first, *made[2:]}
    assert (done.runs, done.kept) == (2, 3)
    assert done.events > 20
    for run in made[:2]:
        assert not (tmp_path / "storage" / run).exists()
        assert not list((tmp_path / "history" / "runs").glob(f"{run}*"))
        assert instance.all_logs(run) == []
    records = instance.fetch_materializations(dg.AssetKey("orders"), limit=9).records
    assert [r.run_id for r in records] == made[:1:-1]
    assert instance.get_latest_materialization_event(dg.AssetKey("seldom")) is not None
    with closing(sqlite3.connect(tmp_path / "history" / "runs.db")) as database:
        tags = database.execute("SELECT DISTINCT run_id FROM run_tags").fetchall()
    assert {run for (run,) in tags} == left(instance)
    assert trim(instance, OLD).runs == 0


def test_results_of_checks_stay_as_many_as_are_shown_at_any_number_of_runs(
    instance: dg.DagsterInstance,
) -> None:
    made = [make(instance, orders) for _ in range(3)]
    assert trim(instance, Keep(timedelta(days=1), runs=2)).runs == 0  # its result is needed
    done = trim(instance, Keep(timedelta(0), runs=2, events=1, results=2))
    assert (left(instance), done.runs, done.results) == (set(made[1:]), 1, 1)
    key = dg.AssetCheckKey(dg.AssetKey("orders"), "small")
    storage = instance.event_log_storage
    shown = storage.get_asset_check_execution_history(key, limit=9)
    assert [record.run_id for record in shown] == made[:0:-1]
    newest = storage.get_asset_check_summary_records([key])[key]
    assert newest.last_completed_check_execution_record is not None
    assert newest.last_completed_check_execution_record.run_id == made[-1]
    done = trim(instance, Keep(timedelta(days=1), runs=1, events=1, results=1))
    assert (left(instance), done.runs, done.results) == ({made[-1]}, 1, 0)  # too young, its result


def test_every_partition_keeps_its_newest_materialization(instance: dg.DagsterInstance) -> None:
    days = ["2026-01-01", "2026-01-02", "2026-01-01"]
    made = [make(instance, daily, day=day) for day in days]
    trim(instance, Keep(timedelta(0), events=1))
    assert left(instance) == set(made[1:])
    partitions = instance.get_materialized_partitions(dg.AssetKey("daily"))
    assert partitions == set(days)


def test_a_run_that_is_not_finished_stays(instance: dg.DagsterInstance) -> None:
    job = DEFINITIONS.resolve_implicit_global_asset_job_def()
    under_way = instance.create_run_for_job(job).run_id
    assert trim(instance, OLD).runs == 0
    assert left(instance) == {under_way}


def test_old_events_of_no_run_go_beyond_the_newest(instance: dg.DagsterInstance) -> None:
    for number in range(5):
        event = dg.AssetMaterialization("outside", metadata={"n": number}, tags={"a": "b"})
        instance.report_runless_asset_event(event)
    assert trim(instance, Keep(events=2)).events == 0
    assert trim(instance, OLD).events == 3
    records = instance.fetch_materializations(dg.AssetKey("outside"), limit=9).records
    found = [r.asset_materialization.metadata["n"].value for r in records]  # type: ignore[union-attr]
    assert found == [4, 3]


def test_a_trim_that_was_killed_is_finished_by_the_next(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [make(instance, seldom) for _ in range(2)]

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(instance.run_storage), "delete_run", dies)
    with pytest.raises(KeyboardInterrupt):
        trim(instance, Keep(timedelta(0), events=1))
    monkeypatch.undo()
    assert left(instance) == set(made)
    assert trim(instance, Keep(timedelta(0), events=1)).runs == 1
    assert left(instance) == {made[-1]}


def test_disk_is_given_back(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    make(instance, seldom)
    events = instance.event_log_storage
    for number in range(200):
        text = "x" * 10_000
        event = dg.AssetMaterialization("outside", metadata={"n": number, "text": text})
        instance.report_runless_asset_event(event)
    before = space.used(instance)
    trim(instance, OLD)
    space.give_back(instance)
    assert space.used(instance) < before - 1_500_000
    assert make(instance, orders) in left(instance)
    assert events.get_maximum_record_id()


def test_a_database_of_before_gives_back_too_and_in_steps_from_then_on(tmp_path: Path) -> None:
    file = tmp_path / "some.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE t (i INTEGER, x TEXT)")
        for _ in range(2):
            rows = ((number, "x" * 5000) for number in range(1, 901))
            writer.execute("BEGIN")
            writer.executemany("INSERT INTO t VALUES (?, ?)", rows)
            writer.execute("COMMIT")
            writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            assert sqlite_space.give_back(file) == 0
            with closing(sqlite3.connect(file)) as reader:
                reader.execute("BEGIN")
                assert reader.execute("SELECT count(*) FROM t").fetchone() == (900,)
                writer.execute("DELETE FROM t WHERE i > 8")
                assert reader.execute("SELECT count(*) FROM t").fetchone() == (900,)
            assert sqlite_space.give_back(file) > 4_000_000
            assert writer.execute("SELECT count(*) FROM t").fetchone() == (8,)
            writer.execute("DELETE FROM t")
        assert writer.execute("PRAGMA auto_vacuum").fetchone() == (sqlite_space.INCREMENTAL,)
    assert sqlite_space.give_back(tmp_path / "nowhere.db") == 0


def test_a_database_that_somebody_writes_is_left_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_space, "BUSY_SECONDS", 0)
    file = tmp_path / "some.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("CREATE TABLE t AS SELECT randomblob(3000000) AS x")
        writer.execute("DELETE FROM t")
        writer.execute("BEGIN IMMEDIATE")
        assert sqlite_space.give_back(file) == 0
        writer.execute("ROLLBACK")
    assert sqlite_space.give_back(file) > 2_000_000


def test_storage_in_postgresql_is_trimmed_alike(tmp_path: Path) -> None:
    url = postgresql().new_database()
    storage = {"module": "platform_assets.server.postgres", "class": "KeptPostgres"}
    custom = storage | {"config": {"postgres_url": url}}
    overrides = {"storage": {"custom": custom}}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=overrides) as instance:
        first = make(instance, seldom)
        made = [make(instance, orders) for _ in range(3)]
        for number in range(3):
            instance.report_runless_asset_event(dg.AssetMaterialization(f"n{number % 2}"))
        done = trim(instance, Keep(timedelta(0), events=1, results=1))
        assert (done.runs, done.results, done.events > 20) == (2, 2, True)
        assert left(instance) == {first, made[-1]}
        assert [bool(instance.all_logs(run)) for run in made] == [False, False, True]
        assert instance.get_latest_materialization_event(dg.AssetKey("orders")) is not None
        assert space.used(instance) > 100_000
        space.give_back(instance)


def test_no_less_is_kept_than_the_catalog_shows() -> None:
    assert Keep().events >= history.MATERIALIZATIONS
    assert Keep().results >= history.RESULTS

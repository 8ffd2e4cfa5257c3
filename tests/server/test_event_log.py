"""The event log that keeps its connections: what it stores is what the stock one stores."""

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from platform_assets.server import event_log
from platform_assets.server.event_log import KeptEventLog

FORK = multiprocessing.get_context("fork")


@dg.asset(check_specs=[dg.AssetCheckSpec("small", asset="orders")])
def orders() -> dg.MaterializeResult:
    """An asset with a check."""
    check = dg.AssetCheckResult(passed=True, metadata={"n": 1})
    return dg.MaterializeResult(metadata={"dagster/row_count": 3}, check_results=[check])


@dg.asset(deps=[orders])
def revenue() -> None:
    """An asset below it."""


DEFINITIONS = dg.Definitions(assets=[orders, revenue], executor=dg.in_process_executor)


@pytest.fixture(autouse=True)
def _batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "500")


def instance(folder: Path, kind: type = KeptEventLog) -> dg.DagsterInstance:
    folder.mkdir(exist_ok=True)
    storage = {
        "module": kind.__module__,
        "class": kind.__name__,
        "config": {"base_dir": str(folder / "events")},
    }
    return dg.DagsterInstance.local_temp(str(folder), overrides={"event_log_storage": storage})


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with instance(tmp_path) as kept:
        yield kept


def materialize(instance: dg.DagsterInstance) -> str:
    job = DEFINITIONS.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance)
    assert result.success
    return result.run_id


def events(instance: dg.DagsterInstance, run: str) -> list[tuple[Any, ...]]:
    found = [record.dagster_event for record in instance.all_logs(run)]
    return [(e.event_type_value, e.step_key, e.asset_key) for e in found if e is not None]


def test_a_run_has_the_events_that_the_stock_log_has(
    kept: dg.DagsterInstance, tmp_path: Path
) -> None:
    with instance(tmp_path / "stock", SqliteEventLogStorage) as stock:
        expected = events(stock, materialize(stock))
    assert len(expected) > 15
    assert events(kept, materialize(kept)) == expected


def test_a_log_that_has_its_tables_is_opened_without_reading_migrations(
    kept: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = materialize(kept)
    read: list[object] = []
    usual = sqlite_event_log.check_alembic_revision

    def check(*arguments: Any) -> Any:
        read.append(arguments)
        return usual(*arguments)

    monkeypatch.setattr(sqlite_event_log, "check_alembic_revision", check)
    with instance(tmp_path) as other:
        assert events(other, run) == events(kept, run)
        assert read == []
        materialize(other)  # makes the log of a new run
        assert len(read) == 1


def test_assets_and_checks_are_found_over_all_runs(kept: dg.DagsterInstance) -> None:
    materialize(kept)
    newest = materialize(kept)
    event = kept.get_latest_materialization_event(dg.AssetKey("orders"))
    assert event is not None
    assert event.run_id == newest
    fetched = kept.fetch_materializations(dg.AssetKey("orders"), limit=10)
    assert len(fetched.records) == 2
    key = dg.AssetCheckKey(dg.AssetKey("orders"), "small")
    checks = kept.event_log_storage.get_asset_check_execution_history(key, limit=10)
    assert [c.status.value for c in checks] == ["SUCCEEDED", "SUCCEEDED"]


def test_news_of_checks_are_found_after_a_position_in_the_log(kept: dg.DagsterInstance) -> None:
    materialize(kept)
    seen = kept.event_log_storage.get_maximum_record_id()
    run = materialize(kept)
    records = kept.event_log_storage.get_event_records(
        dg.EventRecordsFilter(dg.DagsterEventType.ASSET_CHECK_EVALUATION, after_cursor=seen),
        limit=10,
        ascending=True,
    )
    assert [record.event_log_entry.run_id for record in records] == [run]


def test_the_stock_log_reads_its_files(kept: dg.DagsterInstance, tmp_path: Path) -> None:
    run = materialize(kept)
    expected = events(kept, run)
    with instance(tmp_path, SqliteEventLogStorage) as stock:
        assert events(stock, run) == expected


def test_few_connections_are_kept_and_every_run_stays_readable(
    kept: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "ENGINES_KEPT", 2)
    runs = [materialize(kept) for _ in range(4)]
    assert all(events(kept, run) for run in runs)
    assert len(kept.event_log_storage._engines) <= 3


def test_a_batch_that_fails_leaves_nothing_behind(
    kept: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = materialize(kept)
    before = kept.all_logs(run)
    storage = kept.event_log_storage
    seen: list[object] = []

    def store(self: object, event: object) -> None:
        seen.append(event)
        if len(seen) == 3:
            raise OSError("disk full")
        SqliteEventLogStorage.store_event(storage, event)

    monkeypatch.setattr(KeptEventLog, "store_event", store)
    with pytest.raises(OSError, match="disk full"):
        storage.store_event_batch(before[:5])
    assert len(seen) == 3
    assert kept.all_logs(run) == before
    monkeypatch.undo()
    storage.store_event_batch(before[:5])
    assert len(kept.all_logs(run)) == len(before) + 5


def _write(folder: str, runs: Any) -> None:
    with instance(Path(folder)) as own:
        for _ in range(5):
            runs.put(materialize(own))


def test_processes_write_at_the_same_time_and_lose_nothing(
    kept: dg.DagsterInstance, tmp_path: Path
) -> None:
    materialize(kept)
    spawn = multiprocessing.get_context("spawn")
    runs = spawn.Queue()
    writers = [spawn.Process(target=_write, args=(str(tmp_path), runs)) for _ in range(3)]
    for writer in writers:
        writer.start()
    expected = {runs.get(timeout=120) for _ in range(15)}
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    records = kept.fetch_materializations(dg.AssetKey("revenue"), limit=100).records
    assert {record.run_id for record in records} >= expected
    assert len(records) == 16


def test_a_fork_opens_connections_of_its_own(kept: dg.DagsterInstance) -> None:
    run = materialize(kept)
    expected = len(kept.all_logs(run))
    before = dict(kept.event_log_storage._engines)

    def child() -> None:
        good = len(kept.all_logs(run)) == expected
        fresh = not set(kept.event_log_storage._engines.values()) & set(before.values())
        os._exit(0 if good and fresh else 1)

    process = FORK.Process(target=child)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert len(kept.all_logs(run)) == expected


def test_wiping_forgets_every_run(kept: dg.DagsterInstance) -> None:
    run = materialize(kept)
    kept.event_log_storage.wipe()
    assert kept.all_logs(run) == []
    assert events(kept, materialize(kept))

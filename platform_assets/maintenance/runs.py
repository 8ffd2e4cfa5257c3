"""Trimming runs and events: what is old goes, what the catalog and Dagster show of an asset stays.

Kept of every asset, whatever its age: the newest materializations and observations, also of each
partition, and the newest results of each check. A run that one of them belongs to is kept whole.

What does not belong here: giving the space back to the disk (`space`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.runs.schema import RunTagsTable

from resources.errors import PlatformError

AT_ONCE = 500  # rows that one transaction deletes
OF_ASSETS = ("ASSET_MATERIALIZATION", "ASSET_OBSERVATION")


@dataclass(frozen=True)
class Keep:
    """What stays.

    Attributes:
        younger_than: runs that are younger stay.
        runs: number of the newest finished runs that may stay; the rest goes at any age.
        events: newest materializations of an asset that stay at any age.
        results: newest results of a check that stay at any age.
    """

    younger_than: timedelta = timedelta(days=90)
    runs: int = 10_000
    events: int = 60
    results: int = 30


@dataclass
class Trimmed:
    """What was removed, and the number of old runs that an asset's history needs."""

    runs: int = 0
    events: int = 0
    results: int = 0
    kept: int = 0


def trim(instance: dg.DagsterInstance, keep: Keep = Keep()) -> Trimmed:
    """Remove old runs with their events, logs and results, and old events without a run.

    One run after the other, its events first: killed at any moment, the next time goes on. Whoever
    writes or reads meanwhile waits for one small transaction at most.

    Raises:
        PlatformError: the instance's storage is no SQL database.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        raise PlatformError(
            f"Runs in a {type(storage).__name__} can't be trimmed.",
            hint="Keep Dagster's storage in SQLite or PostgreSQL.",
        )
    limit, done = datetime.now(UTC) - keep.younger_than, Trimmed()
    needed = _needed(storage, keep)
    for run in _old(instance, limit, keep.runs):
        if run in needed:
            done.kept += 1
            continue
        done.events += _remove(instance, storage, run)
        done.runs += 1
    done.events += _trim_runless(storage, limit, keep)
    done.results = _trim_results(storage, limit, keep)
    return done


def _old(instance: dg.DagsterInstance, limit: datetime, most: int) -> list[str]:
    """Return the finished runs that are too old, or too many; the oldest first."""
    finished = list(FINISHED_STATUSES)
    runs = instance.run_storage
    old = runs.get_run_ids(dg.RunsFilter(statuses=finished, created_before=limit))
    many = runs.get_run_ids(dg.RunsFilter(statuses=finished))[most:]
    return list(dict.fromkeys([*reversed(many), *reversed(old)]))


def _needed(storage: SqlEventLogStorage, keep: Keep) -> set[str]:
    """Return the runs that belong to what is kept of assets and their checks."""
    newest_events = _ranked_events()
    newest_results = _ranked_results()
    queries = (
        sa.select(newest_events.c.run_id).where(
            (newest_events.c.place <= keep.events) | (newest_events.c.of_partition == 1)
        ),
        sa.select(newest_results.c.run_id).where(newest_results.c.place <= keep.results),
        sa.select(AssetKeyTable.c.last_run_id),
    )
    with storage.index_connection() as connection:
        return {row[0] for query in queries for row in connection.execute(query.distinct())}


def _ranked_events() -> Any:
    """Return the events of assets with their place among those of their kind, newest first."""
    events = SqlEventLogStorageTable.c
    kind = (events.asset_key, events.dagster_event_type)
    place = sa.func.row_number().over(partition_by=kind, order_by=events.id.desc())
    of_partition = sa.func.row_number().over(
        partition_by=(*kind, events.partition), order_by=events.id.desc()
    )
    return (
        sa.select(
            events.id,
            events.run_id,
            place.label("place"),
            sa.case((events.partition.is_(None), 0), else_=of_partition).label("of_partition"),
        )
        .where(events.dagster_event_type.in_(OF_ASSETS), events.asset_key.is_not(None))
        .subquery()
    )


def _ranked_results() -> Any:
    """Return the results of checks with their place among those of the same one, newest first."""
    results = AssetCheckExecutionsTable.c
    place = sa.func.row_number().over(
        partition_by=(results.asset_key, results.check_name), order_by=results.id.desc()
    )
    return sa.select(
        results.id, results.run_id, results.create_timestamp, place.label("place")
    ).subquery()


def _remove(instance: dg.DagsterInstance, storage: SqlEventLogStorage, run: str) -> int:
    """Remove all of one run; return the number of its events."""
    events = SqlEventLogStorageTable
    with storage.run_connection(run) as connection:
        count = sa.select(sa.func.count()).select_from(events).where(events.c.run_id == run)
        number = connection.execute(count).scalar_one()
    storage.delete_events(run)
    instance.compute_log_manager.delete_logs(prefix=[run])
    runs: Any = instance.run_storage
    with runs.connect() as connection:
        # SQLite does not do it by itself: Dagster leaves foreign keys off.
        connection.execute(RunTagsTable.delete().where(RunTagsTable.c.run_id == run))
    runs.delete_run(run)
    return int(number)


def _trim_runless(storage: SqlEventLogStorage, limit: datetime, keep: Keep) -> int:
    """Remove old events of no run: states of freshness, what is reported from outside."""
    events = SqlEventLogStorageTable.c
    kind = (events.asset_key, events.dagster_event_type)
    ranked = (
        sa.select(
            events.id,
            events.timestamp,
            events.partition,
            sa.func.row_number().over(partition_by=kind, order_by=events.id.desc()).label("place"),
            sa.func.row_number()
            .over(partition_by=(*kind, events.partition), order_by=events.id.desc())
            .label("of_partition"),
        )
        .where(events.run_id == RUNLESS_RUN_ID)
        .subquery()
    )
    old = sa.select(ranked.c.id).where(
        ranked.c.timestamp < limit.replace(tzinfo=None),
        ranked.c.place > keep.events,
        ranked.c.partition.is_(None) | (ranked.c.of_partition > 1),
    )
    with storage.index_connection() as connection:
        ids = [row[0] for row in connection.execute(old)]
    _delete(storage, AssetEventTagsTable, AssetEventTagsTable.c.event_id, ids)
    _delete(storage, SqlEventLogStorageTable, events.id, ids)
    return len(ids)


def _trim_results(storage: SqlEventLogStorage, limit: datetime, keep: Keep) -> int:
    """Remove old results of checks beyond the newest of each."""
    ranked = _ranked_results()
    old = sa.select(ranked.c.id).where(
        ranked.c.create_timestamp < limit.replace(tzinfo=None), ranked.c.place > keep.results
    )
    with storage.index_connection() as connection:
        ids = [row[0] for row in connection.execute(old)]
    _delete(storage, AssetCheckExecutionsTable, AssetCheckExecutionsTable.c.id, ids)
    return len(ids)


def _delete(storage: SqlEventLogStorage, table: sa.Table, column: Any, ids: Sequence[int]) -> None:
    for some in _batches(ids):
        with storage.index_connection() as connection:
            connection.execute(table.delete().where(column.in_(some)))


def _batches(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))

"""What became of an asset over time: materializations, checks, columns; read from the event log.

What belongs here: the last months in facts. What does not: how it is now (`status`), drawing
(`templates/history.html.j2`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from platform_assets.catalog.present import Facts, moment
from platform_assets.inventory.model import Asset

MATERIALIZATIONS = 60
CHECKS = 40  # checks of an asset whose results are shown
RESULTS = 30  # of each check
TIMED = 20  # materializations whose steps are asked for their time


def history(instance: dg.DagsterInstance, asset: Asset) -> Facts:
    """Return materializations, oldest first, changes of columns, newest first, and check results.

    Shapes: `made`: at, run, rows, seconds; `changes`: at, column, change, before, after;
    `checks`: name, and of its results at and passed, oldest first.
    """
    key = dg.AssetKey(asset.key.split("/"))
    records = instance.fetch_materializations(key, limit=MATERIALIZATIONS).records
    made = [_made(instance, record, place < TIMED) for place, record in enumerate(records)]
    changes = list(_changes([_metadata(record) for record in reversed(records)], records[::-1]))
    return {
        "made": made[::-1],
        "changes": changes[::-1],
        "checks": [_check(instance, key, name) for name in asset.checks[:CHECKS]],
    }


def _metadata(record: Any) -> Mapping[str, Any]:
    found = record.asset_materialization
    return {name: value.value for name, value in (found.metadata if found else {}).items()}


def _made(instance: dg.DagsterInstance, record: Any, timed: bool) -> Facts:
    metadata = _metadata(record)
    rows, seconds = metadata.get("dagster/row_count"), metadata.get("seconds")
    if seconds is None and timed:
        seconds = _step_seconds(instance, record)
    return {
        "at": moment(datetime.fromtimestamp(record.timestamp, UTC)),
        "run": record.run_id,
        "rows": rows if isinstance(rows, int) else None,
        "seconds": round(float(seconds), 3) if isinstance(seconds, int | float) else None,
    }


def _step_seconds(instance: dg.DagsterInstance, record: Any) -> float | None:
    """Return how long the step took that made it: for assets that do not say it themselves."""
    step = record.event_log_entry.step_key
    stats = instance.get_run_step_stats(record.run_id, [step]) if step else []
    if not stats or not stats[0].start_time or not stats[0].end_time:
        return None
    return float(stats[0].end_time - stats[0].start_time)


def _changes(metadata: Sequence[Mapping[str, Any]], records: Sequence[Any]) -> Iterator[Facts]:
    """Yield what changed in the columns from one materialization to the next.

    A source says it itself, renamed and rejected columns included, its newest changes again with
    every materialization; of others, two are compared.
    """
    before: dict[str, str] = {}
    said: set[tuple[Any, ...]] = set()
    for found, record in zip(metadata, records, strict=True):
        at = moment(datetime.fromtimestamp(record.timestamp, UTC))
        schema, told = found.get("dagster/column_schema"), found.get("schema_changes")
        now = {column.name: str(column.type) for column in schema.columns} if schema else before
        if told is not None:
            for change in (_told(at, row.data) for row in reversed(told.records)):
                if tuple(change.values()) not in said:
                    said.add(tuple(change.values()))
                    yield change
        elif before:
            yield from _compared(at, before, now)
        before = now


def _told(at: str | None, row: Mapping[str, Any]) -> Facts:
    change = str(row.get("change", "")).removeprefix("column_").replace("_", " ")
    named = {name: row.get(name) or None for name in ("before", "after")}
    seen = row.get("seen_at")
    at = moment(datetime.fromisoformat(str(seen)).astimezone(UTC)) if seen else at
    return {"at": at, "column": str(row.get("column", "")), "change": change, **named}


def _compared(at: str | None, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Facts]:
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old != new:
            change = "added" if old is None else "removed" if new is None else "type changed"
            yield {"at": at, "column": name, "change": change, "before": old, "after": new}


def _check(instance: dg.DagsterInstance, key: dg.AssetKey, name: str) -> Facts:
    records = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(key, name), limit=RESULTS
    )
    return {
        "name": name,
        "results": [
            {
                "at": moment(datetime.fromtimestamp(record.create_timestamp, UTC)),
                "passed": record.evaluation.passed,
            }
            for record in reversed(records)
            if record.evaluation is not None
        ],
    }

"""How each asset is right now: when it was made, how fresh it is, which checks fail.

What belongs here: reading Dagster's event log, and only what is new of it. What does not: what it
means (`health`), what an asset is (`model`), drawing it (`pages`).
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.definitions.freshness import FreshnessState

from platform_assets.inventory.health import CheckResult, Status
from platform_assets.inventory.model import Asset, Graph

NEWS = (
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.FRESHNESS_STATE_CHANGE,
)
MOST_NEWS = 2_000  # events after which everything is read again
FAILED = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


class Statuses:
    """The status of every asset, kept up with the event log.

    Args:
        instance: Dagster's instance, whose storage is read and never written.
    """

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._guard = threading.Lock()
        self._cursor = -1
        self._graph: Graph | None = None
        self._found: dict[str, Status] = {}

    def read(self, graph: Graph) -> Mapping[str, Status]:
        """Return the status of every asset of the graph, as of now.

        Costs one small query while nothing happens; otherwise what happened is read, no more.
        """
        with self._guard:
            newest = self._newest()
            if self._graph is None:
                self._found = self._read(graph, graph.assets)
            elif graph is not self._graph:
                self._found = self._moved(graph, self._graph)
            if newest != self._cursor and self._graph is not None:
                self._found = {**self._found, **self._read(graph, self._touched(graph))}
            elif any(status.running for status in self._found.values()):
                running = [key for key, status in self._found.items() if status.running]
                self._found = {**self._found, **self._read(graph, running)}
            self._graph, self._cursor = graph, newest
            return self._found

    def _moved(self, graph: Graph, before: Graph) -> dict[str, Status]:
        """Return the statuses for a new graph; an asset that is the same object keeps its own."""
        known = before.assets
        same = {key: self._found[key] for key, a in graph.assets.items() if known.get(key) is a}
        return {**same, **self._read(graph, [key for key in graph.assets if key not in same])}

    def _newest(self) -> int:
        return self._instance.event_log_storage.get_maximum_record_id() or 0

    def _touched(self, graph: Graph) -> Iterable[str]:
        """Return the keys of which the log has news."""
        keys: set[str] = set()
        for kind in NEWS:
            # Unlike `get_event_records`, this reads the index of all runs, whatever the storage.
            entries = self._instance.event_log_storage.get_logs_for_all_runs_by_log_id(
                self._cursor, kind, MOST_NEWS
            )
            if len(entries) == MOST_NEWS:
                return graph.assets
            keys |= {_key(entry) for entry in entries.values()}
        return keys & set(graph.assets)

    def _read(self, graph: Graph, keys: Iterable[str]) -> dict[str, Status]:
        assets = graph.having(keys)
        names = {asset.key: dg.AssetKey(asset.key.split("/")) for asset in assets}
        records = {
            "/".join(r.asset_entry.asset_key.path): r.asset_entry
            for r in self._instance.get_asset_records(list(names.values()))
        }
        fresh = self._instance.get_freshness_state_records(list(names.values()))
        checks = self._checks(assets, names)
        found = {}
        for asset in assets:
            state = fresh.get(names[asset.key])
            found[asset.key] = _status(
                records.get(asset.key), state.freshness_state if state else None, checks[asset.key]
            )
        return self._with_runs(found, records)

    def _checks(
        self, assets: Sequence[Asset], names: Mapping[str, dg.AssetKey]
    ) -> dict[str, tuple[CheckResult, ...]]:
        keys = {
            (asset.key, check): dg.AssetCheckKey(names[asset.key], check)
            for asset in assets
            for check in asset.checks
        }
        storage = self._instance.event_log_storage
        summaries = storage.get_asset_check_summary_records(list(keys.values())) if keys else {}
        return {
            asset.key: tuple(
                _check(check, summaries.get(keys[asset.key, check])) for check in asset.checks
            )
            for asset in assets
        }

    def _with_runs(self, found: dict[str, Status], entries: Mapping[str, Any]) -> dict[str, Status]:
        """Add what became of runs that were to materialize an asset and have not."""
        open_runs = {
            key: entry.last_run_id
            for key, entry in entries.items()
            if entry.last_run_id and entry.last_run_id != found[key].run_id
        }
        if not open_runs:
            return found
        wanted = dg.RunsFilter(run_ids=sorted(set(open_runs.values())))
        states = {run.run_id: run.status for run in self._instance.get_runs(wanted)}
        for key, run_id in open_runs.items():
            state = states.get(run_id)
            if state in FAILED:
                found[key] = replace(found[key], failed_run=run_id)
            elif state is not None and state != dg.DagsterRunStatus.SUCCESS:
                found[key] = replace(found[key], running=True)
        return found


def _key(entry: Any) -> str:
    event = entry.dagster_event
    key = event.asset_key if event is not None else None
    if key is None and event is not None:
        key = getattr(event.event_specific_data, "asset_key", None)
        key = key or getattr(event.event_specific_data, "key", None)
    return "/".join(key.path) if isinstance(key, dg.AssetKey) else ""


def _status(entry: Any, fresh: FreshnessState | None, checks: tuple[CheckResult, ...]) -> Status:
    event = entry.last_materialization if entry is not None else None
    found = event.asset_materialization if event is not None else None
    metadata = {name: value.value for name, value in (found.metadata if found else {}).items()}
    return Status(
        made_at=datetime.fromtimestamp(event.timestamp, UTC) if event is not None else None,
        run_id=event.run_id if event is not None else "",
        rows=_whole(metadata.get("dagster/row_count")),
        newest_data=max((c.newest_data for c in checks if c.newest_data), default=None),
        fresh=fresh.name if fresh is not None else "UNKNOWN",
        checks=checks,
        metadata=metadata,
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _check(name: str, summary: Any) -> CheckResult:
    record = summary.last_completed_check_execution_record if summary is not None else None
    if record is None or record.evaluation is None:
        return CheckResult(name)
    evaluation = record.evaluation
    newest = evaluation.metadata.get("newest_event")
    return CheckResult(
        name,
        passed=evaluation.passed,
        error=evaluation.severity == dg.AssetCheckSeverity.ERROR,
        description=evaluation.description or "",
        at=datetime.fromtimestamp(record.create_timestamp, UTC),
        newest_data=_moment(newest.value) if newest is not None else None,
    )


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None

"""What runs by itself: the sensor that follows new data, and the safety net behind it.

One sensor looks at every source; what is new starts one run of what it touches and everything
downstream. Automation conditions pick up whatever is left stale: by a failure, or by a change
that no sensor sees.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import dagster as dg

from platform_assets.ingestion import database, files
from platform_assets.ingestion.declaration import DatabaseDeclaration, FileDeclaration
from resources.errors import PlatformError
from resources.landing import Landing
from resources.settings import settings
from resources.warehouse import Warehouse

REFRESH_TAG = "platform/refresh"
UNIT_TEST = "unit_"  # what names of checks that are dbt unit tests begin with
RETRY_CRON = "*/15 * * * *"
FIRST_RETRY = 10.0  # seconds after a failed run; doubles with each further failure
LAST_RETRY = 600.0
ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def safety_net() -> dg.AutomationCondition[dg.AssetKey]:
    """Return the condition of everything downstream of a source.

    True when something upstream is newer than the asset and nobody is working on either; after a
    failure, it tries again at the next quarter of an hour rather than at once.
    """
    condition = dg.AutomationCondition
    stale = (
        condition.any_deps_match(condition.newly_updated()).since(
            condition.newly_updated() | condition.newly_requested()
        )
        | condition.execution_failed()
    )
    quiet = ~condition.in_progress() & ~condition.any_deps_in_progress()
    calm = ~condition.execution_failed() | condition.cron_tick_passed(RETRY_CRON)
    return (stale & quiet & calm & ~condition.any_deps_missing()).with_label("left stale")


class Watched(Protocol):
    """A source that a sensor can look at."""

    def waiting(self, instance: dg.DagsterInstance) -> dict[dg.AssetKey, str]:
        """Return a fingerprint of what is new, for each raw asset that has something new."""
        ...


@dataclass(frozen=True)
class WatchedFiles:
    """A file source: new is what has landed, stands still, and is not in the ledger."""

    key: dg.AssetKey
    declaration: FileDeclaration
    warehouse: Warehouse
    landing: Landing

    def waiting(self, instance: dg.DagsterInstance) -> dict[dg.AssetKey, str]:
        """Return a fingerprint of the files that wait."""
        found = files.pending(self.warehouse, self.landing, self.declaration)
        stable = self.landing.stable(found, settings().stable_seconds) if found else []
        if not stable:
            return {}
        names = "\n".join(f"{f.path}\t{f.size}\t{f.modified_at}" for f in stable)
        return {self.key: hashlib.sha256(names.encode()).hexdigest()[:16]}


@dataclass(frozen=True)
class WatchedTables:
    """A database source: new is a table whose fingerprint differs from its last load's."""

    keys: Mapping[str, dg.AssetKey]  # table → raw asset
    declaration: DatabaseDeclaration

    def waiting(self, instance: dg.DagsterInstance) -> dict[dg.AssetKey, str]:
        """Return the fingerprint of every table that has changed."""
        changed = {}
        for table, fingerprint in database.probe(self.declaration).items():
            key = self.keys[table]
            event = instance.get_latest_materialization_event(key)
            known = event.asset_materialization if event else None
            loaded = known.metadata.get("source_fingerprint") if known else None
            if loaded is None or loaded.value != fingerprint:
                changed[key] = fingerprint
        return changed


@dataclass
class Unclaimed:
    """Landed files that no source's glob matches: nothing would ever tell that they wait.

    The whole landing zone is listed for it, so it is done rarely.
    """

    globs: Sequence[str]
    landing: Landing
    every: float = 60.0  # seconds
    _looked_at: float = -1e9
    _found: str = ""

    def waiting(self, instance: dg.DagsterInstance) -> dict[dg.AssetKey, str]:
        """Return nothing.

        Raises:
            PlatformError: there are such files.
        """
        if time.monotonic() - self._looked_at > self.every:
            claimed = {file for glob in self.globs for file in self.landing.find(glob)}
            left = [file.path for file in self.landing.find("**") if file not in claimed]
            self._looked_at, self._found = time.monotonic(), _some(left)
        if self._found:
            raise PlatformError(
                f"Files have landed that belong to no source: {self._found}.",
                hint="Widen the glob of a source, declare another, or take them away.",
            )
        return {}


def _some(paths: Sequence[str], most: int = 3) -> str:
    more = f" and {len(paths) - most:,} more" if len(paths) > most else ""
    return ", ".join(paths[:most]) + more


@dataclass
class Attempts:
    """What the sensor has asked for, so that a failing load is tried again, but not at once."""

    asked: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, cursor: str | None) -> "Attempts":
        """Read the sensor's cursor; what can't be read is forgotten, at the cost of one run."""
        try:
            return cls(json.loads(cursor or "{}"))
        except ValueError:
            return cls()

    def due(self, waiting: Mapping[dg.AssetKey, str], now: float) -> dict[dg.AssetKey, str]:
        """Return what is new, or has waited long enough since it failed; and note it as asked."""
        due = {}
        for key, fingerprint in waiting.items():
            name = key.to_user_string()
            last = self.asked.get(name)
            if last and last["fingerprint"] == fingerprint:
                wait = min(FIRST_RETRY * 2 ** (last["times"] - 1), LAST_RETRY)
                if now < last["at"] + wait:
                    continue
                times = last["times"] + 1
            else:
                times = 1
            self.asked[name] = {"fingerprint": fingerprint, "times": times, "at": now}
            due[key] = fingerprint
        return due

    def dump(self) -> str:
        """Return the sensor's next cursor."""
        return json.dumps(self.asked)


def refresh_sensor(sources: Sequence[Watched]) -> dg.SensorDefinition:
    """Return the sensor that starts one run for whatever is new, and all that depends on it."""

    @dg.sensor(
        name="new_data",
        target=dg.AssetSelection.all(),
        minimum_interval_seconds=settings().sensor_interval,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Looks at the landing zone and the databases; refreshes what new data touches.",
    )
    def new_data(
        context: dg.SensorEvaluationContext,
    ) -> dg.SensorResult | dg.SkipReason:
        active = context.instance.get_runs(
            dg.RunsFilter(statuses=ACTIVE, tags={REFRESH_TAG: "true"}), limit=1
        )
        if active:
            return dg.SkipReason(f"Run {active[0].run_id[:8]} is still refreshing.")
        waiting, troubles = _look(sources, context.instance)
        attempts = Attempts.load(context.cursor)
        due = attempts.due(waiting, time.time())
        for trouble in troubles:
            context.log.error(trouble)
        if not due:
            reason = "; ".join(troubles) or "Nothing new."
            return dg.SkipReason(reason)
        graph = context.repository_def.asset_graph if context.repository_def else None
        assert graph is not None
        touched = dg.AssetSelection.assets(*due).downstream().resolve(graph)
        selected = touched & graph.executable_asset_keys
        run = dg.RunRequest(
            asset_selection=sorted(selected),
            asset_check_keys=_checks_of_data(graph.get_check_keys_for_assets(selected)),
            tags={REFRESH_TAG: "true", "platform/new": ",".join(_names(due))[:200]},
        )
        return dg.SensorResult(run_requests=[run], cursor=attempts.dump())

    return new_data


def _look(
    sources: Iterable[Watched], instance: dg.DagsterInstance
) -> tuple[dict[dg.AssetKey, str], list[str]]:
    """Ask every source what is new; one that can't be reached does not hide the others."""
    waiting: dict[dg.AssetKey, str] = {}
    troubles = []
    for source in sources:
        try:
            waiting |= source.waiting(instance)
        except PlatformError as error:
            troubles.append(error.message)
    return waiting, troubles


def _checks_of_data(checks: Iterable[dg.AssetCheckKey]) -> list[dg.AssetCheckKey]:
    """Return the checks that new data can fail: a unit test only fails when its model changes."""
    return sorted(check for check in checks if not check.name.startswith(UNIT_TEST))


def _names(keys: Iterable[dg.AssetKey]) -> list[str]:
    return sorted(key.to_user_string() for key in keys)


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Return the sensor behind the automation conditions, running from the start."""
    return dg.AutomationConditionSensorDefinition(
        "left_stale",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        run_tags={REFRESH_TAG: "true"},
    )

"""Materializing assets in this process, on the persistent instance, watched event by event.

What belongs here: loading the definitions, resolving a selection, executing, and what became of
each asset and check. What does not: printing any of it (`progress`).
"""

import difflib
import importlib
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.execution.api import execute_run
from dagster._core.utils import make_new_run_id
from dagster._utils.error import serializable_error_info_from_exc_info

from platform_assets.server import guard
from platform_assets.server.interrupted import PROCESS_TAG, process_tag
from platform_assets.server.load_errors import load_error
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT

INTERRUPTED = "Interrupted."
OWN_ERROR = re.compile(r"^(?:platform_assets|resources)\.[\w.]+: ")  # its message says it all
FULL_REFRESH_TAG = "platform/full_refresh"


@dataclass
class AssetOutcome:
    """What became of one asset in a run."""

    key: str
    status: str = "waiting"  # waiting | running | done | failed | skipped
    rows: int | None = None
    seconds: float | None = None
    message: str = ""


@dataclass(frozen=True)
class CheckOutcome:
    """What became of one asset check in a run."""

    asset: str
    name: str
    passed: bool
    severity: str  # WARN | ERROR
    description: str


@dataclass
class Outcome:
    """What became of a run: `assets` in the order in which they were planned."""

    run_id: str
    assets: dict[str, AssetOutcome]
    checks: list[CheckOutcome] = field(default_factory=list)
    seconds: float = 0.0
    success: bool = False

    @property
    def interrupted(self) -> bool:
        """Whether a signal ended the run."""
        return any(asset.message == INTERRUPTED for asset in self.assets.values())

    @property
    def failed(self) -> bool:
        """Whether an asset failed or was skipped, or a check failed with severity ERROR."""
        return (
            not self.success
            or any(a.status != "done" for a in self.assets.values())
            or any(not c.passed and c.severity == "ERROR" for c in self.checks)
        )


def load_definitions(module: str) -> dg.Definitions:
    """Import `module` and return its `defs`.

    Raises:
        PlatformError: it does not load; with the reason and the file at fault.
    """
    guard.install_in_dagster()
    try:
        defs = importlib.import_module(module).defs
        defs.get_repository_def()
    except PlatformError:
        raise
    except Exception as error:
        raise load_error(serializable_error_info_from_exc_info(sys.exc_info())) from error
    assert isinstance(defs, dg.Definitions)
    return defs


def resolve(defs: dg.Definitions, selection: str) -> list[dg.AssetKey]:
    """Return the executable assets that Dagster's selection syntax names, upstream first.

    Raises:
        PlatformError: the syntax is wrong, or nothing that can be executed matches.
    """
    graph = defs.resolve_asset_graph()
    hint = 'Examples: raw/web_events+ (and all downstream), key:"marts/*", group:web, tag:layer=raw'
    try:
        selected = dg.AssetSelection.from_string(_spelled_out(selection)).resolve(graph)
    except Exception as error:
        raise PlatformError(f"The selection `{selection}` is wrong: {error}", hint=hint) from error
    executable = selected & graph.executable_asset_keys
    keys = [key for key in graph.toposorted_asset_keys if key in executable]
    if not keys:
        raise PlatformError(
            f"No asset that can be materialized matches `{selection}`.{_nearest(selection, graph)}",
            hint=hint,
        )
    return keys


def _spelled_out(selection: str) -> str:
    """Return `+raw/events+` as `+key:"raw/events"+`.

    A bare key is Dagster's older syntax, in which one `+` means one step instead of all.
    """
    found = re.fullmatch(r"((?:\d*\+)?)([\w.\-/]+)((?:\+\d*)?)", selection.strip())
    return '{}key:"{}"{}'.format(*found.groups()) if found else selection


def _nearest(selection: str, graph: Any) -> str:
    names = [key.to_user_string() for key in graph.executable_asset_keys]
    near = difflib.get_close_matches(selection.strip("+*"), names, n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def missing(
    defs: dg.Definitions, keys: Sequence[dg.AssetKey], instance: dg.DagsterInstance
) -> list[dg.AssetKey]:
    """Return those of `keys` that were never materialized, and what is downstream of them."""
    graph = defs.resolve_asset_graph()
    known = instance.get_latest_materialization_events(keys)
    never = [key for key in keys if known.get(key) is None]
    below = dg.AssetSelection.assets(*never).downstream().resolve(graph) if never else set()
    return [key for key in keys if key in below]


def execute(
    module: str,
    keys: Sequence[dg.AssetKey],
    instance: dg.DagsterInstance,
    *,
    on_event: Callable[[DagsterEvent, Outcome], None],
    full_refresh: bool = False,
) -> Outcome:
    """Materialize `keys` in one run in this process and return what became of each.

    Args:
        module: module with the definitions, which an executor may load again by name.
        keys: assets to materialize, with their checks.
        instance: the persistent instance; the run is to be seen there like any other.
        on_event: called after each event of the run, with the outcome so far.
        full_refresh: rebuild incremental models from scratch.
    """
    repository = ReconstructableRepository.for_module(module, "defs", str(PROJECT_ROOT))
    definition = repository.get_definition()
    implicit = definition.get_implicit_job_def_for_assets(keys)
    if implicit is None:
        raise PlatformError(
            "These assets have different partitions: no single run can materialize them.",
            hint="Select them apart, or materialize partitions in the Dagster UI.",
        )
    job = repository.get_reconstructable_job(implicit.name)
    tags = {PROCESS_TAG: process_tag()} | ({FULL_REFRESH_TAG: "true"} if full_refresh else {})
    run_id, names = make_new_run_id(), [key.to_user_string() for key in keys]
    outcome = Outcome(run_id, {name: AssetOutcome(name) for name in names})
    instance.add_event_listener(run_id, _Watcher(outcome, on_event))
    run = instance.create_run_for_job(
        implicit, run_id=run_id, asset_selection=frozenset(keys), tags=tags
    )
    start = time.monotonic()
    outcome.success = execute_run(job, run, instance, raise_on_error=False).success
    outcome.seconds = time.monotonic() - start
    for asset in outcome.assets.values():
        if asset.status in {"waiting", "running"}:
            asset.status = "skipped"
    return outcome


class _Watcher:
    """Keeps the outcome up to date with the events of the run."""

    def __init__(self, outcome: Outcome, on_event: Callable[[DagsterEvent, Outcome], None]) -> None:
        self.outcome = outcome
        self.on_event = on_event
        self.started: dict[str, float] = {}
        self.planned: dict[str, list[str]] = {}  # step → assets

    def __call__(self, entry: EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        kind = event.event_type
        step = event.step_key or ""
        if kind == DagsterEventType.ASSET_MATERIALIZATION_PLANNED and event.asset_key:
            self.planned.setdefault(step, []).append(event.asset_key.to_user_string())
        elif kind == DagsterEventType.STEP_START:
            self.started[step] = entry.timestamp
            for key in self.planned.get(step, []):
                self.outcome.assets[key].status = "running"
        elif kind == DagsterEventType.ASSET_MATERIALIZATION:
            self._materialized(event, entry.timestamp)
        elif kind == DagsterEventType.ASSET_CHECK_EVALUATION:
            self._checked(event)
        elif kind in {DagsterEventType.STEP_FAILURE, DagsterEventType.STEP_SKIPPED}:
            self._not_done(event)
        self.on_event(event, self.outcome)

    def _materialized(self, event: DagsterEvent, timestamp: float) -> None:
        materialization = event.step_materialization_data.materialization
        key = materialization.asset_key.to_user_string()
        asset = self.outcome.assets.setdefault(key, AssetOutcome(key))
        metadata = {name: value.value for name, value in materialization.metadata.items()}
        rows, seconds = metadata.get("dagster/row_count"), metadata.get("seconds")
        asset.status = "done"
        asset.rows = int(rows) if isinstance(rows, int) else None
        if isinstance(seconds, (int, float)):
            asset.seconds = float(seconds)
        else:
            asset.seconds = timestamp - self.started.get(event.step_key or "", timestamp)

    def _checked(self, event: DagsterEvent) -> None:
        data = event.asset_check_evaluation_data
        self.outcome.checks.append(
            CheckOutcome(
                data.asset_key.to_user_string(),
                data.check_name,
                data.passed,
                data.severity.value,
                data.description or "",
            )
        )

    def _not_done(self, event: DagsterEvent) -> None:
        failed = event.event_type == DagsterEventType.STEP_FAILURE
        for key in self.planned.get(event.step_key or "", []):
            asset = self.outcome.assets[key]
            if asset.status == "done":
                continue
            asset.status = "failed" if failed else "skipped"
            if failed:
                asset.message = failure_message(event)


def failure_message(event: DagsterEvent) -> str:
    """Return the reason of a failed step: the asset's own error and its causes, no traceback."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    if error is not None and error.cls_name == "DagsterExecutionInterruptedError":
        return INTERRUPTED
    if error is not None and error.cause is not None:
        error = error.cause  # the outermost one is Dagster's own: "while executing op …"
    messages = []
    while error is not None:
        messages.append(OWN_ERROR.sub("", error.message.strip()))
        error = error.cause
    return "\ncaused by ".join(messages) or event.message or "failed"

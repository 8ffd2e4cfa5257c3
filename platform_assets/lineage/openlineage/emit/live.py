"""What is being made at this moment: the START of an asset before its end is known.

What belongs here: steps that run now, and what they mean to make. What does not: everything that
has ended, which the log's tail tells (`runs`), with the same START once more. Nothing of this is
kept: a START that a crash swallows comes with the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import dagster as dg
from openlineage.client.event_v2 import RunEvent

from platform_assets.lineage.openlineage.emit.log import Kind, Run
from platform_assets.lineage.openlineage.emit.runs import Step, Teller, assets_of

ENDS = (Kind.STEP_SUCCESS, Kind.STEP_FAILURE, Kind.STEP_SKIPPED)
RUNNING = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
MOST_RUNS = 50


@dataclass
class _Watched:
    """A run that is going on, of whose log only what is new is read."""

    planned: frozenset[Step]
    begun: set[str | None] = field(default_factory=set)  # steps that have not ended
    told: set[Step] = field(default_factory=set)
    cursor: str | None = None

    def untold(self, run: Run) -> list[Step]:
        """Return what is being made and was not told, in a fixed order."""
        entries, self.cursor = run.read(self.cursor, Kind.STEP_START, *ENDS)
        for entry in entries:
            event = entry.dagster_event
            if event is not None and event.event_type == Kind.STEP_START:
                self.begun.add(entry.step_key)
            else:
                self.begun.discard(entry.step_key)
        found = {step for step in self.planned if step.key in self.begun} - self.told
        if found:
            found -= assets_of(run.entries(Kind.ASSET_MATERIALIZATION))
        return sorted(found, key=lambda step: (step.key or "", step.asset, step.partition or ""))


class Live:
    """What is going on, and what of it was told."""

    def __init__(self) -> None:
        self._runs: dict[str, _Watched] = {}

    def events(self, instance: dg.DagsterInstance, teller: Teller) -> Iterator[RunEvent]:
        """Yield the START of what is being made and was not told yet."""
        running = sorted(run.run_id for run in instance.get_runs(RUNNING, limit=MOST_RUNS))
        self._runs = {run: self._runs[run] for run in running if run in self._runs}
        for run_id in running:
            run = teller.log.run(run_id)
            if run_id not in self._runs:
                planned = assets_of(run.entries(Kind.ASSET_MATERIALIZATION_PLANNED))
                self._runs[run_id] = _Watched(frozenset(planned))
            watched = self._runs[run_id]
            for step in watched.untold(run):
                yield teller.start(run_id, step)
                watched.told.add(step)

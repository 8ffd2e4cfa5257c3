"""What is being made at this moment: the START of an asset before its end is known.

What belongs here: steps that run now, and what they mean to make. What does not: everything that
has ended, which the log's tail tells (`runs`), with the same START once more. Nothing of this is
kept: a START that a crash swallows comes with the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import dagster as dg
from openlineage.client.event_v2 import RunEvent

from platform_assets.lineage.openlineage.emit.log import Kind, Page, Run
from platform_assets.lineage.openlineage.emit.runs import Step, Teller, assets_of

RUNNING = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
MOST_RUNS = 50


@dataclass
class _Watched:
    """A run that is going on."""

    planned: frozenset[Step]
    made: set[Step]
    told: set[Step] = field(default_factory=set)

    def untold(self, run: Run) -> list[Step]:
        """Return what is being made and was not told, in a fixed order."""
        working = run.working()
        found = {step for step in self.planned - self.told - self.made if step.key in working}
        return sorted(found, key=lambda step: (step.key or "", step.asset, step.partition or ""))


class Live:
    """What is going on, and what of it was told."""

    def __init__(self) -> None:
        self._runs: dict[str, _Watched] = {}

    def passed(self, page: Page) -> None:
        """Take note of what the tail tells: that is not being made any more."""
        for _, entry in page.entries:
            watched = self._runs.get(entry.run_id)
            event = entry.dagster_event
            if watched and event and event.event_type == Kind.ASSET_MATERIALIZATION:
                watched.made |= assets_of([entry])

    def events(self, instance: dg.DagsterInstance, teller: Teller) -> Iterator[RunEvent]:
        """Yield the START of what is being made and was not told yet."""
        running = {run.run_id: run for run in instance.get_runs(RUNNING, limit=MOST_RUNS)}
        self._runs = {id_: seen for id_, seen in self._runs.items() if id_ in running}
        for run_id in sorted(running):
            run = teller.log.run(run_id)
            run.see(running[run_id])
            if run_id not in self._runs:
                planned = assets_of(run.entries(Kind.ASSET_MATERIALIZATION_PLANNED))
                made = assets_of(run.entries(Kind.ASSET_MATERIALIZATION))
                self._runs[run_id] = _Watched(frozenset(planned), made)
            watched = self._runs[run_id]
            for step in watched.untold(run):
                yield teller.start(run_id, step)
                watched.told.add(step)

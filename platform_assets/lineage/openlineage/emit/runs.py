"""From an entry of Dagster's log to OpenLineage's run events.

What belongs here: which runs an entry tells of, their ids, and what each event of theirs carries.
What does not: facets themselves (`facets`), what a run says of itself (`why`), reading the log
(`log`), sending (`delivery`).

One run of OpenLineage's is one step of Dagster's that makes one asset, or one partition of it; its
parent is Dagster's run. Everything follows from the log alone: whoever reads an entry again, after
a crash or a year, makes the same events with the same ids.

| entry | events |
|---|---|
| materialization | START when the step started, COMPLETE with what was made |
| observation | the same of a job `<asset>.observe`, which reads and makes nothing |
| result of a check | the same of a job `<asset>.check.<name>`, with its assertion |
| start of a run | START of the run itself |
| success of a run | COMPLETE of it |
| failure or end by hand | FAIL or ABORT of it, and of all that it had begun, or meant, to make |
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import dagster as dg
from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    RunEvent,
    RunState,
)
from openlineage.client.event_v2 import Run as OpenLineageRun
from openlineage.client.facet_v2 import (
    InputDatasetFacet,
    RunFacet,
    data_quality_assertions_dataset,
    test_run,
)

from platform_assets.lineage.openlineage.emit import datasets, facets
from platform_assets.lineage.openlineage.emit.described import Described, columns_of, plain, unknown
from platform_assets.lineage.openlineage.emit.log import Kind, Log, Run
from platform_assets.lineage.openlineage.emit.why import ending, failures, scheduled, window
from platform_assets.lineage.openlineage.naming import Naming
from resources.secrets import redacted
from resources.settings import secret_values

IDS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:platform-assets:openlineage")
ENDS = {
    Kind.RUN_SUCCESS: RunState.COMPLETE,
    Kind.RUN_FAILURE: RunState.FAIL,
    Kind.RUN_CANCELED: RunState.ABORT,
}
NOT_STARTED = "Not started: the run ended before."

Snapshot = Callable[[float], int | None]


def run_id(*parts: object) -> str:
    """Return the id that the same parts always have."""
    return str(uuid.uuid5(IDS, "\x1f".join(str(part) for part in parts)))


@dataclass
class Teller:
    """Makes events of entries.

    Attributes:
        assets: by key.
        snapshot: gives the warehouse's snapshot at a time, in seconds since 1970.
    """

    log: Log
    assets: Mapping[str, Described]
    naming: Naming
    partitions: Mapping[str, Any]
    snapshot: Snapshot = lambda _at: None

    def events(self, entry: dg.EventLogEntry) -> Iterator[RunEvent]:
        """Yield the events of one entry, in their order."""
        event = entry.dagster_event
        if event is None:
            return
        if event.event_type == Kind.ASSET_MATERIALIZATION:
            yield from self._materialization(entry)
        elif event.event_type == Kind.ASSET_OBSERVATION:
            yield from self._observation(entry)
        elif event.event_type == Kind.ASSET_CHECK_EVALUATION:
            yield from self._check(entry)
        elif event.event_type == Kind.RUN_START:
            yield self._of_run(entry, RunState.START)
        elif event.event_type in ENDS:
            if event.event_type != Kind.RUN_SUCCESS:
                yield from self._left_open(entry, ENDS[event.event_type])
            yield self._of_run(entry, ENDS[event.event_type])

    def asset(self, key: str) -> Described:
        """Return what there is to tell of an asset, declared or not."""
        return self.assets.get(key) or unknown(key, self.naming)

    def _materialization(self, entry: dg.EventLogEntry) -> Iterator[RunEvent]:
        made = entry.asset_materialization
        if made is None:
            return
        asset = self.asset("/".join(made.asset_key.path))
        run = self.log.run(entry.run_id)
        output = OutputDataset(
            asset.names.namespace,
            asset.names.name,
            facets=datasets.facets_of(asset, self.naming, columns_of(made.metadata))
            | facets.snapshot(self._snapshot(asset, made.metadata, entry.timestamp)),
            outputFacets=facets.statistics(made.metadata),
        )
        said = _Said(self, asset, run, entry.step_key, made.partition, entry.timestamp)
        yield said.event(RunState.START, outputs=[named(asset)])
        yield said.event(RunState.COMPLETE, outputs=[output])

    def _snapshot(self, asset: Described, metadata: Mapping[str, Any], at: float) -> int | None:
        known = plain(metadata.get("snapshot"))
        if isinstance(known, int):
            return known
        return self.snapshot(at) if asset.table else None

    def _observation(self, entry: dg.EventLogEntry) -> Iterator[RunEvent]:
        seen = entry.asset_observation
        if seen is None:
            return
        asset = self.asset("/".join(seen.asset_key.path))
        said = _Said(
            self,
            asset,
            self.log.run(entry.run_id),
            entry.step_key,
            seen.partition,
            entry.timestamp,
            job=self.naming.observer_of(asset.key),
            kind="OBSERVATION",
        )
        read = InputDataset(
            asset.names.namespace,
            asset.names.name,
            facets=datasets.facets_of(asset, self.naming, columns_of(seen.metadata)),
        )
        yield from said.both([read])

    def _check(self, entry: dg.EventLogEntry) -> Iterator[RunEvent]:
        event = entry.dagster_event
        assert event is not None
        found = event.asset_check_evaluation_data
        asset = self.asset("/".join(found.asset_key.path))
        said = _Said(
            self,
            asset,
            self.log.run(entry.run_id),
            entry.step_key,
            found.partition,
            entry.timestamp,
            job=self.naming.check_of(asset.key, found.check_name),
            kind="CHECK",
        )
        severity = "error" if found.severity == dg.AssetCheckSeverity.ERROR else "warn"
        told = redacted(found.description or "", secret_values()) or None
        assertion = data_quality_assertions_dataset.Assertion(
            assertion=found.check_name,
            success=found.passed,
            severity=severity,
            name=found.check_name,
            description=told,
        )
        of_data: dict[str, InputDatasetFacet] = {
            "dataQualityAssertions": (
                data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet([assertion])
            )
        }
        test = test_run.TestExecution(
            name=found.check_name,
            status="pass" if found.passed else "fail",
            severity=severity,
            description=told,
        )
        read = InputDataset(asset.names.namespace, asset.names.name, inputFacets=of_data)
        yield from said.both([read], {"test": test_run.TestRunFacet([test])})

    def _of_run(self, entry: dg.EventLogEntry, state: RunState) -> RunEvent:
        run = self.log.run(entry.run_id)
        run.look()
        why: dict[str, RunFacet] = {}
        if state in (RunState.FAIL, RunState.ABORT):
            why = failures(run).get(None) or ending(entry)
        return RunEvent(
            eventType=state,
            eventTime=when(entry.timestamp),
            producer=facets.PRODUCER,
            run=OpenLineageRun(
                entry.run_id, facets.run(run.tags) | facets.nominal(scheduled(run)) | why
            ),
            job=Job(self.naming.jobs, run.job, dict(facets.job_type("JOB"))),
        )

    def start(self, run_id: str, step: "Step") -> RunEvent:
        """Return the start of a step that is being worked on."""
        run = self.log.run(run_id)
        asset = self.asset("/".join(step.asset.path))
        started = run.started(step.key) or 0.0
        said = _Said(self, asset, run, step.key, step.partition, started)
        return said.event(RunState.START, outputs=[named(asset)])

    def _left_open(self, entry: dg.EventLogEntry, state: RunState) -> Iterator[RunEvent]:
        """Yield the end of every asset that a run had begun or meant to make, and did not."""
        run = self.log.run(entry.run_id)
        made = assets_of(run.entries(Kind.ASSET_MATERIALIZATION))
        made |= {step._replace(partition=None) for step in made}
        whys = failures(run)
        for planned in run.entries(Kind.ASSET_MATERIALIZATION_PLANNED):
            for step in assets_of([planned]) - made:
                asset = self.asset("/".join(step.asset.path))
                said = _Said(self, asset, run, step.key, step.partition, entry.timestamp)
                begun = run.started(step.key) is not None
                why = whys.get(step.key) or (ending(entry) if begun else facets.error(NOT_STARTED))
                yield said.event(RunState.START, outputs=[named(asset)])
                yield said.event(state if begun else RunState.ABORT, why=why)


class Step(NamedTuple):
    """A step of Dagster's, as far as it makes one asset, or a partition of it."""

    key: str | None
    asset: dg.AssetKey
    partition: str | None


def assets_of(entries: Iterable[dg.EventLogEntry]) -> set[Step]:
    """Return which step makes which asset, of entries that are of assets."""
    found = ((each.step_key, each.dagster_event) for each in entries)
    return {
        Step(key, event.asset_key, event.partition)
        for key, event in found
        if event is not None and event.asset_key is not None
    }


@dataclass(frozen=True)
class _Said:
    """One run of OpenLineage's: what all of its events have in common."""

    teller: Teller
    asset: Described
    run: Run
    step: str | None
    partition: str | None
    at: float  # of its end
    job: tuple[str, str] = ("", "")
    kind: str = "ASSET"

    def both(
        self, inputs: list[InputDataset], more: Mapping[str, RunFacet] | None = None
    ) -> Iterator[RunEvent]:
        """Yield start and end of something that only reads."""
        yield self.event(RunState.START, inputs=[InputDataset(i.namespace, i.name) for i in inputs])
        yield self.event(RunState.COMPLETE, inputs=inputs, why=more)

    def event(
        self,
        state: RunState,
        *,
        inputs: list[InputDataset] | None = None,
        outputs: list[OutputDataset] | None = None,
        why: Mapping[str, RunFacet] | None = None,
    ) -> RunEvent:
        """Return one event; its inputs are what the asset is made from, unless said otherwise."""
        naming = self.teller.naming
        namespace, name = self.job if self.job[1] else naming.job_of(self.asset.key)
        started = self.run.started(self.step) if state == RunState.START else None
        described = (
            facets.job(self.asset)
            if self.kind == "ASSET" and state != RunState.START
            else dict(facets.job_type(self.kind))
        )
        return RunEvent(
            eventType=state,
            eventTime=when(min(started, self.at) if started else self.at),
            producer=facets.PRODUCER,
            run=OpenLineageRun(self._id(name), {**self._facets(), **(why or {})}),
            job=Job(namespace, name, described),
            inputs=self._inputs() if inputs is None else inputs,
            outputs=outputs or [],
        )

    def _id(self, job: str) -> str:
        # A runless entry is known by its time: its number in the log is another one after a move.
        source = self.run.id or f"{self.at:.6f}"
        return run_id(source, self.step or "", job, self.partition or "")

    def _facets(self) -> dict[str, RunFacet]:
        found = facets.run(self.run.tags)
        if self.run.id:
            found |= facets.parent(self.run.id, self.teller.naming.jobs, self.run.job)
        stands_for = window(self.teller.partitions.get(self.asset.key), self.partition)
        return found | facets.nominal(*(stands_for or (scheduled(self.run),)))

    def _inputs(self) -> list[InputDataset]:
        parents = (self.teller.asset(parent).names.primary for parent in self.asset.parents)
        return [InputDataset(i.namespace, i.name) for i in (*parents, *self.asset.sources)]


def named(asset: Described) -> OutputDataset:
    """Return an asset as an output of which nothing but the name is told."""
    return OutputDataset(asset.names.namespace, asset.names.name)


def when(timestamp: float) -> str:
    """Return seconds since 1970 as OpenLineage writes a time: with its zone."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="microseconds")

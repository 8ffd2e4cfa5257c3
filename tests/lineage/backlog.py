"""Many materializations to tell of, what is to be told of them, and what has arrived."""

import uuid
from collections import Counter

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventBatchMetadata, StepMaterializationData
from dagster._core.test_utils import create_run_for_test

from platform_assets.lineage.openlineage.emit.log import Point
from tests.lineage import emitting
from tests.lineage.emitting import Receiver


def report(instance: dg.DagsterInstance, runs: int, of_a_run: int, runless: int) -> None:
    """Report materializations of runs, and runless ones, as steps report theirs."""
    for _ in range(runs):
        run = create_run_for_test(instance, job_name="nightly", run_id=str(uuid.uuid4()))
        for number in range(of_a_run):
            made = dg.AssetMaterialization(["marts", "orders"], partition=f"part {number}")
            event = DagsterEvent(
                "ASSET_MATERIALIZATION",
                "nightly",
                step_key=f"step_{number}",
                event_specific_data=StepMaterializationData(made, []),
            )
            mark = DagsterEventBatchMetadata(run.run_id, number == of_a_run - 1)
            instance.report_dagster_event(event, run.run_id, batch_metadata=mark)
    for number in range(runless):
        instance.report_runless_asset_event(dg.AssetMaterialization(["outside", f"n{number}"]))


def expected(instance: dg.DagsterInstance) -> set[tuple[str, str]]:
    """Return run and type of every run event that the log gives."""
    teller = emitting.teller(instance)
    page = teller.log.after(Point(), 100_000)
    events = [e for _, entry in page.entries for e in teller.events(entry)]
    return {(e.run.runId, e.eventType.value) for e in events if e.eventType}


def arrived(receiver: Receiver) -> Counter[tuple[str, str]]:
    """Return how often each run event came, by run and type."""
    return Counter((e["run"]["runId"], e["eventType"]) for e in receiver.events if "run" in e)

"""Where the time from landing to fresh went, as Dagster's own history of the run tells it.

What belongs here: reading one run, medians over several, the tables. What does not: landing files
and waiting (`fresh`).
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
from rich.console import Console
from rich.table import Table

TYPES = {
    dg.DagsterEventType.STEP_START,
    dg.DagsterEventType.STEP_SUCCESS,
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
}
STAGES = (
    "noticed",  # from the rename until there is a run
    "run started",  # until its first step begins
    "ingestion",
    "user agents",
    "models and tests",
    "report",
)


@dataclass(frozen=True)
class Landing:
    """One landing, measured.

    Attributes:
        seconds: from the rename to the fresh report.
        stages: seconds of each of STAGES.
        nodes: seconds of each dbt model, and of all tests together, as dbt measured them; empty
            where dbt's times are not recorded.
    """

    seconds: float
    stages: dict[str, float]
    nodes: dict[str, float]


def landing(instance: dg.DagsterInstance, landed: float, fresh: float) -> Landing:
    """Return what became of a file that landed and was on the report at these moments (epoch)."""
    record = next(
        r
        for r in instance.get_run_records(limit=50)
        if r.create_timestamp.timestamp() > landed and _ran(instance, r.dagster_run.run_id, fresh)
    )
    spans = _spans(instance, record.dagster_run.run_id)
    first = min(start for start, _ in spans.values())
    created = record.create_timestamp.timestamp()
    report_start = next(span[0] for step, span in spans.items() if "weekly_business" in step)
    ingestion = sum(end - start for step, (start, end) in spans.items() if step.startswith("raw__"))
    agents = sum(end - start for step, (start, end) in spans.items() if "user_agents" in step)
    told = (
        created - landed,
        first - created,
        ingestion,
        agents,
        report_start - first - ingestion - agents,
        fresh - report_start,
    )
    return Landing(
        seconds=fresh - landed,
        stages=dict(zip(STAGES, told, strict=True)),
        nodes=_nodes(instance, record.dagster_run.run_id),
    )


def _ran(instance: dg.DagsterInstance, run_id: str, moment: float) -> bool:
    """Whether a run rendered the report at that moment."""
    spans = _spans(instance, run_id)
    return any("weekly_business" in s and a <= moment <= b for s, (a, b) in spans.items())


def _spans(instance: dg.DagsterInstance, run_id: str) -> dict[str, tuple[float, float]]:
    """Return start and end of every step that ended well."""
    starts: dict[str, float] = {}
    spans: dict[str, tuple[float, float]] = {}
    for entry in instance.all_logs(run_id, of_type=TYPES):
        event, step = entry.dagster_event, entry.step_key
        if event is None or step is None:
            continue
        if event.event_type is dg.DagsterEventType.STEP_START:
            starts[step] = entry.timestamp
        elif event.event_type is dg.DagsterEventType.STEP_SUCCESS:
            spans[step] = (starts[step], entry.timestamp)
    return spans


def _nodes(instance: dg.DagsterInstance, run_id: str) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for entry in instance.all_logs(run_id, of_type=TYPES):
        event = entry.dagster_event
        if event is None:
            continue
        if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
            made = event.step_materialization_data.materialization
            name, metadata = made.asset_key.to_user_string(), made.metadata
        elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            name, metadata = "(tests)", event.asset_check_evaluation_data.metadata
        else:
            continue
        if "seconds" in metadata:
            seconds[name] = seconds.get(name, 0.0) + float(metadata["seconds"].value)  # type: ignore[arg-type]
    return seconds


def show(title: str, measured: dict[str, Sequence[Landing]]) -> None:
    """Print stages and models as medians in seconds, one column for each key of `measured`.

    The last column is the growth from the first to the last of them.
    """
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in (*measured, "growth"):
        table.add_column(name, justify="right")
    columns = list(measured.values())
    for stage in STAGES:
        _row(table, stage, [[each.stages[stage] for each in column] for column in columns])
    table.add_section()
    _row(table, "together", [[each.seconds for each in column] for column in columns])
    table.add_section()
    names = {name for column in columns for each in column for name in each.nodes}
    cells = {n: [[e.nodes.get(n, 0.0) for e in column] for column in columns] for n in names}
    for name in sorted(names, key=lambda n: -statistics.median(cells[n][-1])):
        _row(table, f"  {name}", cells[name])
    Console(width=110).print(table)


def _row(table: Table, name: str, cells: Sequence[Sequence[float]]) -> None:
    medians = [statistics.median(cell) for cell in cells]
    growth = f"{medians[-1] / medians[0]:.2f}" if len(medians) > 1 and medians[0] else ""
    table.add_row(name, *(f"{m:.2f}" for m in medians), growth)

"""What a run says of itself: why it failed, and which time it stands for.

What belongs here: the reading of a run's tags and of its last entries. What does not: the events
that tell it (`runs`).
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.definitions.partitions.definition import TimeWindowPartitionsDefinition
from openlineage.client.facet_v2 import RunFacet

from platform_assets.lineage.openlineage.emit import facets
from platform_assets.lineage.openlineage.emit.log import Kind, Run
from resources.secrets import redacted
from resources.settings import secret_values

SCHEDULED = ".dagster/scheduled_execution_time"
UNTOLD = "The run ended early, and the log does not say why."


def scheduled(run: Run) -> datetime | None:
    """Return the time that a schedule meant, for a run that one has started."""
    try:
        return datetime.fromtimestamp(float(run.tags[SCHEDULED]), UTC)
    except (KeyError, ValueError):
        return None


def window(
    partitions: dg.PartitionsDefinition[str] | None, partition: str | None
) -> tuple[datetime, datetime] | None:
    """Return the time that a partition stands for, if it stands for one."""
    if partition is None or not isinstance(partitions, TimeWindowPartitionsDefinition):
        return None
    try:
        window = partitions.time_window_for_partition_key(partition)
    except (ValueError, dg.DagsterError):  # the partitions are others by now
        return None
    return window.start, window.end


def failures(run: Run) -> dict[str | None, dict[str, RunFacet]]:
    """Return what each step that failed said, and under None what the first one did."""
    found: dict[str | None, dict[str, RunFacet]] = {}
    secrets = secret_values()
    for entry in run.entries(Kind.STEP_FAILURE):
        failed = entry.dagster_event.step_failure_data if entry.dagster_event else None
        error: Any = failed.error if failed is not None else None
        if error is None:
            continue
        trace = "".join(error.stack or ())
        while error.cause is not None:  # Dagster's own error is around what happened
            error = error.cause
            trace = "".join(error.stack or ()) or trace
        facet = facets.error(redacted(error.message.strip(), secrets), redacted(trace, secrets))
        found[entry.step_key] = facet
        found.setdefault(None, facet)
    return found


def ending(entry: dg.EventLogEntry) -> dict[str, RunFacet]:
    """Return why a run ended, as its last entry says."""
    told = (entry.dagster_event.message if entry.dagster_event else "") or entry.user_message
    return facets.error(redacted(told or UNTOLD, secret_values()))

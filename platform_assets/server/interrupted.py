"""Runs whose process is gone: what a power cut, a kill or a crash leaves behind.

Their status stays "started" for ever, they keep their place in the queue's limits, and nothing of
theirs is ever retried. Called while no server of this data folder is up. Where machines share
Dagster's database, each looks after its own: what another one runs, and what a worker of the queue
runs (`platform_assets.server.launcher` watches those), is left alone.
"""

import contextlib
import socket

import psutil
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

# Tag of a run that a command executes in its own process: "<pid>:<start of the process>@<host>".
PROCESS_TAG = "platform/process"
QUEUED_TAG = "dagster-celery/task_id"  # of a run that a worker of the queue executes

UNFINISHED = [
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
    DagsterRunStatus.NOT_STARTED,
]


def process_tag(process: psutil.Process | None = None) -> str:
    """Return the value of `PROCESS_TAG` for a process; this one by default."""
    process = process or psutil.Process()
    return f"{process.pid}:{int(process.create_time())}@{socket.gethostname()}"


def fail_interrupted_runs(instance: DagsterInstance) -> list[str]:
    """Mark every unfinished run without a process as failed; return their ids.

    The instance's retry policy then takes them up again from the step that they had reached.
    """
    runs = instance.get_runs(RunsFilter(statuses=UNFINISHED))
    gone = [run for run in runs if QUEUED_TAG not in run.tags and not alive(run)]
    for run in gone:
        if run.status == DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, message="The run's process is gone.")
        else:
            instance.report_run_failed(
                run, message="The run's process is gone: the platform was stopped while it ran."
            )
    return [run.run_id for run in gone]


def alive(run: DagsterRun) -> bool:
    """Return whether the process that a run is tagged with lives; another machine's does."""
    tag = run.tags.get(PROCESS_TAG, "")
    host = tag.partition("@")[2]
    if host and host != socket.gethostname():
        return True
    with contextlib.suppress(ValueError, psutil.Error):
        pid = int(tag.split(":")[0])
        return process_tag(psutil.Process(pid)) == tag
    return False

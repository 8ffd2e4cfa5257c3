"""Entry point of a worker's inner process: takes runs from the queue, each a fork of this one.

The definitions are imported once, before the first fork, as in the code server (`forks`). Whoever
started this process holds the lease and ends it when that is lost (`platform_assets.server.lease`).
"""

import os
import sys
from typing import Any

import click
from celery import Celery
from celery.signals import worker_process_init, worker_ready

from platform_assets.server import forks, guard, queue
from platform_assets.server.home import DEFINITIONS_MODULE
from platform_assets.server.lease import READY
from platform_assets.server.processes import die_with_parent
from resources.settings import settings


@click.command()
@click.option("--name", required=True, help="Unique name of this start.")
@click.option("--queues", required=True, help="Names, with commas between.")
@click.option("--concurrency", required=True, type=int, help="Runs at once.")
@click.option("--definitions", default=DEFINITIONS_MODULE, help="Module with the definitions.")
@click.option("--ready", required=True, type=int, help="File descriptor to tell when it is ready.")
@click.option("--cold", is_flag=True, help="Leave it to each run to import the definitions.")
def main(
    name: str, queues: str, concurrency: int, definitions: str, ready: int, cold: bool
) -> None:
    """Take runs until the parent ends."""
    die_with_parent()
    guard.install_in_dagster()
    if not cold and not forks.preload(definitions):
        # A fork would inherit locks of threads that it does not have: each run imports anew.
        os.execv(sys.executable, [*_command(), "--cold"])
    app = queue.application(settings().queue_url.get_secret_value())
    register(app)

    def tell(**_: Any) -> None:
        os.write(ready, READY)
        os.close(ready)

    worker_ready.connect(tell, weak=False)
    worker_process_init.connect(_begin, weak=False)
    app.worker_main(
        [
            *("worker", "--hostname", name, "--queues", queues),
            *("--concurrency", str(concurrency), "--loglevel", "warning"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ]
    )


def _command() -> list[str]:
    return [sys.executable, "-m", "platform_assets.server.worker", *sys.argv[1:]]


def _begin(**_: Any) -> None:
    """Start a process of the pool: it ends with the worker, however that ends."""
    die_with_parent()


def register(app: Celery) -> None:
    """Make the tasks that the launcher sends known to `app`."""
    from dagster_celery.config import TASK_EXECUTE_JOB_NAME

    def execute_run(task: Any, execute_job_args_packed: Any) -> int:
        return _execute(task.request.hostname, execute_job_args_packed)

    app.task(execute_run, bind=True, name=TASK_EXECUTE_JOB_NAME)


def _execute(worker: str, packed: Any) -> int:
    """Execute one run, as `dagster api execute_run` does, and return its exit code."""
    from dagster import DagsterInstance
    from dagster._cli.api import _execute_run_command_body
    from dagster._grpc.types import ExecuteRunArgs
    from dagster._serdes import unpack_value
    from dagster._utils.interrupts import capture_interrupts

    from platform_assets.server.launcher import WORKER_TAG

    arguments = unpack_value(packed, as_type=ExecuteRunArgs)
    # This machine's own instance: what the launcher's says of folders is true where it runs.
    with capture_interrupts(), DagsterInstance.get() as instance:
        instance.add_run_tags(arguments.run_id, {WORKER_TAG: worker})
        return _execute_run_command_body(
            arguments.run_id, instance, _forget, set_exit_code_on_failure=True
        )


def _forget(_event: object) -> None:
    """Do nothing with an event: it stands in the event log already."""


if __name__ == "__main__":
    sys.exit(main())

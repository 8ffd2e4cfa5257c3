"""`platform-assets worker`: executes runs of the queue on this machine."""

import click

from platform_assets.server.home import DEFINITIONS_MODULE, Home
from resources.errors import PlatformError
from resources.settings import settings


@click.command()
@click.option(
    "--concurrency",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Runs at once; each may need PLATFORM_MODEL_MEMORY_LIMIT of memory.",
)
@click.option(
    "--queue",
    "queues",
    multiple=True,
    default=["dagster"],
    show_default=True,
    help="Queue to take runs from; give it several times for several.",
)
@click.option(
    "--definitions",
    default=DEFINITIONS_MODULE,
    show_default=True,
    help="Module with the definitions.",
)
def worker(concurrency: int, queues: tuple[str, ...], definitions: str) -> None:
    """Execute runs that wait in the queue at PLATFORM_QUEUE_URL, on this machine.

    Every machine with the same PLATFORM_QUEUE_URL, PLATFORM_DAGSTER_URL, PLATFORM_WAREHOUSE_URL
    and PLATFORM_LANDING_URL can run one. As many runs start as workers have places. A run whose tag
    `dagster-celery/queue` names a queue goes to workers of that one.

    Ctrl-C and SIGTERM let the runs that are being executed end first; a second one does not. A run
    whose worker dies is noticed within PLATFORM_WORKER_LEASE seconds, and goes on elsewhere from
    the step that it had reached.

    A worker imports the definitions when it starts: start it anew after each change of them.
    """
    from platform_assets.server.lease import Leased
    from platform_assets.server.workers import Worker, Workers

    s = settings()
    if not s.queue_url.get_secret_value():
        raise PlatformError(
            "There is no queue to take runs from: PLATFORM_QUEUE_URL is not set.",
            hint="Set it to the Redis that the platform launches its runs through.",
        )
    Home.from_settings().enter()

    def ready(started: Worker) -> None:
        click.echo(f"Ready: {started.name} takes runs from {', '.join(started.queues)}.")

    def lost(reason: str) -> None:
        click.echo(
            f"The queue does not answer: {reason}. Runs of this worker were stopped; they go on "
            "elsewhere. Waiting for the queue …",
            err=True,
        )

    workers = Workers(s.queue_url.get_secret_value(), s.worker_lease)
    Leased(workers, queues, concurrency, definitions).serve(ready, lost)
    click.echo("Stopped.")

"""Runs through a queue: who launches them, how many at once, and how a dead worker is noticed.

What belongs here: the two classes that the instance's configuration names. What does not: the
worker (`worker`) and the leases (`workers`).
"""

import logging
from collections.abc import Mapping
from typing import Any, Self

import redis
from celery.result import AsyncResult
from dagster import DagsterRun, Field, IntSource, StringSource
from dagster._config import UserConfigSchema
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._core.run_coordinator.base import SubmitRunContext
from dagster._core.run_coordinator.queued_run_coordinator import (
    QueuedRunCoordinator,
    RunQueueConfig,
)
from dagster._serdes import ConfigurableClassData
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_QUEUE_TAG, DAGSTER_CELERY_TASK_ID_TAG

from platform_assets.server import queue
from platform_assets.server.interrupted import alive
from platform_assets.server.workers import DEFAULT_QUEUE, Workers, slots

WORKER_TAG = "platform/worker"
CONNECTION = {"url": Field(StringSource), "lease": Field(IntSource)}
HEALTHY = CheckRunHealthResult(WorkerStatus.RUNNING)


class QueueLauncher(CeleryRunLauncher):
    """Hands whole runs to the workers, and knows of each run whether its worker lives.

    The stock launcher goes by the result that Celery keeps, which stays "started" for ever when a
    machine dies.
    """

    def __init__(
        self, url: str, lease: int, inst_data: ConfigurableClassData | None = None
    ) -> None:
        super().__init__(DEFAULT_QUEUE, broker=url, backend=url, inst_data=inst_data)
        self.celery = queue.application(url)
        self.workers = Workers(url, lease)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """Return what the instance's configuration must say."""
        return CONNECTION

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the launcher that the instance's configuration names."""
        return cls(**config_value, inst_data=inst_data)

    @property
    def supports_resume_run(self) -> bool:
        """No: a resumed run would repeat its steps. A retry goes on from the one it had reached."""
        return False

    def terminate(self, run_id: str) -> bool:
        """Have the run's process end; return whether there was something to end."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
            return False
        self._instance.report_run_canceling(run)
        return super().terminate(run_id)

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Return whether the process that executes a started run still does.

        Raises:
            redis.RedisError: nobody can tell while the queue can't be reached.
        """
        task = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        if task is None:  # a command executes it, in its own process
            return HEALTHY if alive(run) else _gone("The process of the command is gone.")
        living = {worker.name for worker in self.workers.alive()}
        state = AsyncResult(task, app=self.celery).state
        if state in {"SUCCESS", "FAILURE", "REVOKED"}:  # and yet the run has not ended
            return _gone(f"The run's process has ended ({state.lower()}).")
        name = run.tags.get(WORKER_TAG)
        if name is None or name in living or not self.workers.knows():
            return HEALTHY
        return _gone(f"The worker {name} is gone.")

    def get_run_worker_debug_info(
        self, run: DagsterRun, include_container_logs: bool | None = True
    ) -> str | None:
        """Return why a run may not have started."""
        wanted = run.tags.get(DAGSTER_CELERY_QUEUE_TAG, DEFAULT_QUEUE)
        found = [worker.name for worker in self.workers.alive() if wanted in worker.queues]
        if not found:
            return (
                f"No worker takes runs from the queue {wanted!r}. "
                f"Start one: platform-assets worker --queue {wanted}"
            )
        return f"Workers of the queue {wanted!r}: {', '.join(found)}"


class FreePlaces(QueuedRunCoordinator):
    """Lets go as many runs as there are free places on living workers, queue by queue.

    A run that waits does so in Dagster's own queue, where people see it and priorities count; none
    waits in Celery's, where it would be taken for one that does not start.
    """

    def __init__(self, url: str, lease: int, **config: Any) -> None:
        super().__init__(**config)
        self.workers = Workers(url, lease)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """Return what the instance's configuration must say."""
        return {**dict(QueuedRunCoordinator.config_type()), **CONNECTION}  # type: ignore[arg-type]

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the coordinator that the instance's configuration names."""
        return cls(**config_value, inst_data=inst_data)

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Enqueue a run; one that names no queue is for the default one."""
        run = context.dagster_run
        if DAGSTER_CELERY_QUEUE_TAG not in run.tags:
            self._instance.add_run_tags(run.run_id, {DAGSTER_CELERY_QUEUE_TAG: DEFAULT_QUEUE})
        return super().submit_run(context)

    def get_run_queue_config(self) -> RunQueueConfig:
        """Return the limits as they are now; without a queue server, nothing is let go."""
        config = super().get_run_queue_config()
        try:
            living = self.workers.alive()
        except redis.RedisError as error:
            logging.getLogger(__name__).warning("The queue can't be reached: %s", error)
            return config._replace(max_concurrent_runs=0)
        limits = [
            {"key": DAGSTER_CELERY_QUEUE_TAG, "value": name, "limit": places}
            for name, places in slots(living).items()
        ]
        return config._replace(
            max_concurrent_runs=sum(worker.slots for worker in living),
            tag_concurrency_limits=[*(config.tag_concurrency_limits or ()), *limits],
        )


def _gone(reason: str) -> CheckRunHealthResult:
    return CheckRunHealthResult(WorkerStatus.FAILED, reason)

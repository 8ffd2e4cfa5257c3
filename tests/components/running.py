"""Running assets in a test as the platform runs them: with the whole repository at hand.

`dg.materialize` and `execute_in_process` give a step no repository, so no look at other assets.
"""

from collections.abc import Iterable
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run


class _Job(InMemoryJob):
    """A job that knows which repository it is of."""

    def __init__(self, job: dg.JobDefinition, repository: dg.RepositoryDefinition) -> None:
        super().__init__(job)
        self._repository = repository

    def get_repository_definition(self) -> dg.RepositoryDefinition:
        return self._repository

    def get_subset(self, **selected: Any) -> "_Job":
        return _Job(super().get_subset(**selected).get_definition(), self._repository)


def run(
    defs: dg.Definitions, instance: dg.DagsterInstance, keys: Iterable[dg.AssetKey] = ()
) -> dg.JobExecutionResult:
    """Materialize assets in one run, all if none is named; return what became of it."""
    repository = defs.get_repository_def()
    wanted = frozenset(keys) or frozenset(repository.asset_graph.executable_asset_keys)
    job = repository.get_implicit_job_def_for_assets(sorted(wanted))
    assert job is not None
    planned = instance.create_run_for_job(job, asset_selection=wanted)
    return execute_run(_Job(job, repository), planned, instance)

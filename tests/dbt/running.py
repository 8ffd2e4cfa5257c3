"""dbt in this process, without what no test reads: its artifacts and its log."""

import os
from collections.abc import Sequence
from typing import Any

from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from resources.dbt import DbtProject, environment
from resources.dbt_turns import take_turns


def run(manifest: Manifest, command: str, arguments: Sequence[str]) -> list[Any]:
    """Run dbt on the project of the settings and return one result for each node."""
    os.environ.update(environment())
    take_turns()
    said = DbtProject.from_settings()._arguments(command, arguments, quiet=True)
    said[said.index("--log-level-file") + 1] = "none"
    lean = ["--no-write-json", "--cache-selected-only"]  # as builds of the platform are
    done = dbtRunner(manifest=manifest).invoke([*lean, *said])
    assert isinstance(done.result, RunExecutionResult), done.exception
    return list(done.result.results)

"""The parsed dbt project, shared by the tests of the models."""

import os
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from resources.dbt import DbtProject, environment
from resources.settings import settings
from tests.dbt.web_lake import WebLake


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The project's manifest, parsed once for all tests."""
    before = dict(os.environ)
    os.environ["PLATFORM_DATA_DIR"] = str(tmp_path_factory.mktemp("parse"))
    settings.cache_clear()
    os.environ.update(environment())
    project = DbtProject.from_settings()
    result = dbtRunner().invoke(project._arguments("parse", [], quiet=True)).result
    os.environ.clear()
    os.environ.update(before)
    settings.cache_clear()
    assert isinstance(result, Manifest)
    return result


@pytest.fixture
def lake(manifest: Manifest, project_data: Path) -> WebLake:
    """An empty warehouse of the web models."""
    return WebLake(manifest)

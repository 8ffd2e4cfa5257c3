"""What every room's tests share: the shared data, and a data folder of one's own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.settings import PROJECT_ROOT, settings
from tests import lakes

# Before anything uses it: where gRPC (Dagster's, Spark's) takes part in forks, some children crash.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of published data sets, `../shared/data` beside the repository."""
    folder = PROJECT_ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the shared data is not at {folder}")
    return folder


@pytest.fixture
def project_data(tmp_path: Path) -> Iterator[Path]:
    """An empty data folder that the settings of this process name while the test runs.

    The environment is put back afterwards, whatever the test did to it.
    """
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("PLATFORM_", "OPENLINEAGE_"))]:
        del os.environ[name]
    os.environ["PLATFORM_DATA_DIR"] = str(tmp_path / "data")
    settings.cache_clear()
    yield tmp_path / "data"
    os.environ.clear()
    os.environ.update(before)
    settings.cache_clear()


@pytest.fixture(params=lakes.KINDS)
def lake_url(request: pytest.FixtureRequest, project_data: Path) -> str:
    """The URL of a new, empty lake of every kind, in a data folder of its own.

    The settings of this process, and of those that it starts, name it too.
    """
    os.environ.update(lakes.new_lake(request.param, project_data))
    settings.cache_clear()
    return os.environ["PLATFORM_WAREHOUSE_URL"]

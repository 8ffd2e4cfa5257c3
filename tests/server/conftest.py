"""What the tests of a migration share: the platform that is moved, and an empty target."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import old_platform
from tests.server.old_platform import Old, contents, new_target, settings_of


@pytest.fixture(scope="session")
def old(tmp_path_factory: pytest.TempPathFactory) -> Old:
    """A platform with a past, which no test changes."""
    folder = tmp_path_factory.mktemp("old")
    environment = {
        "PLATFORM_DATA_DIR": str(folder / "data"),
        **old_platform.model(folder / "dbt"),
    }
    with settings_of(**environment):
        zone = old_platform.make(folder / "data")
        runs = old_platform.run_something()
        told = old_platform.tell_something()
    return Old(folder / "data", environment, zone, contents(zone.warehouse), runs, told)


@pytest.fixture
def target(old: Old, tmp_path: Path) -> Iterator[dict[str, str]]:
    """An empty database and bucket; the settings name the old platform, and these as its target."""
    lake = new_target(tmp_path)
    with settings_of(**old.environment, **lake):
        yield lake

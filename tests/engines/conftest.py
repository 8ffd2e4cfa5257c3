"""What the suite's tests share: the walks, made once."""

import pytest

from platform_assets.sample import Manifest
from tests.engines import company
from tests.engines.company import Walk


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> company.Path:
    """A folder for deliveries and walks."""
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="session")
def planted(folder: company.Path) -> dict[str, Manifest]:
    """What is planted in each delivery."""
    return company.deliver(folder / "deliveries")


@pytest.fixture(scope="session")
def walks(folder: company.Path, planted: dict[str, Manifest]) -> dict[str, Walk]:
    """The sample company, walked on every engine."""
    return company.walk_all(folder)

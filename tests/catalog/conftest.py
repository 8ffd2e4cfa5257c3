"""One lake and one sandbox for all tests of the catalog; a client of its pages for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.catalog.world import FixedCatalog, HereSandbox, client_of, lake


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> HereSandbox:
    return HereSandbox(lake(tmp_path_factory.mktemp("catalog")))


@pytest.fixture
def catalog() -> FixedCatalog:
    return FixedCatalog()


@pytest.fixture
def client(catalog: FixedCatalog, sandbox: HereSandbox, tmp_path: Path) -> Iterator[TestClient]:
    yield client_of(catalog, tmp_path, sandbox)

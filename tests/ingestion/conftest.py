"""What the tests of file ingestion share."""

import os
from pathlib import Path

import pytest

from resources.settings import settings
from tests import lakes
from tests.ingestion.zone import LAKE, BucketZone, Zone
from tests.object_store import object_store


@pytest.fixture
def zone(request: pytest.FixtureRequest) -> Zone:
    """An empty landing zone and an empty lake; a test marked `everywhere` gets every kind."""
    kind = getattr(request, "param", "folder")
    if kind == "folder":
        return Zone(request.getfixturevalue("tmp_path"))
    found: Zone = request.getfixturevalue(kind)
    return found


@pytest.fixture
def bucket(tmp_path: Path, project_data: Path) -> BucketZone:
    """An empty landing zone in a bucket, which the settings can reach, and an empty lake."""
    server = object_store()
    os.environ.update(server.environment())
    settings.cache_clear()
    url = f"{server.new_bucket()}/landing zone/in"
    (tmp_path / "bucket").write_text(url)  # for processes that are given the folder
    return BucketZone(tmp_path, url=url)


@pytest.fixture
def team(tmp_path: Path, project_data: Path) -> Zone:
    """An empty landing zone in a folder, and an empty lake of a team's."""
    settings_of_lake = lakes.new_lake("team", tmp_path)
    os.environ.update(settings_of_lake)
    settings.cache_clear()
    (tmp_path / LAKE).write_text(settings_of_lake["PLATFORM_WAREHOUSE_URL"])
    return Zone(tmp_path)

"""What the tests of file ingestion share."""

from pathlib import Path

import pytest

from tests.ingestion.zone import Zone


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """An empty landing zone and an empty lake."""
    return Zone(tmp_path)

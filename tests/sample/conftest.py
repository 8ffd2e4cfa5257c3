"""One small sample for all tests of this room: 60 days, about 15,000 events."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from platform_assets.sample import Manifest, SampleConfig, generate

END = date(2026, 3, 2)  # a Monday
CONFIG = SampleConfig(days=60, events_per_day=260, seed=7, end=END)


@dataclass(frozen=True)
class Made:
    """Where the sample is, and what its manifest says."""

    landing: Path
    shop: Path
    manifest: Manifest


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Make the sample once."""
    root = tmp_path_factory.mktemp("fernweh")
    manifest = generate(root / "landing", root / "sample/shop.sqlite", CONFIG)
    return Made(root / "landing", root / "sample/shop.sqlite", manifest)

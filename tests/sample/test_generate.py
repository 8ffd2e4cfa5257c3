"""The generator as a whole: the same bytes for the same arguments, and nothing overwritten."""

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from platform_assets.sample import Manifest, SampleConfig, SampleError, generate
from platform_assets.sample.usage import BEFORE

from .conftest import CONFIG, Made

SMALL = SampleConfig(days=15, events_per_day=120, seed=3, end=date(2026, 2, 2))


def fingerprints(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        generate(tmp_path / name / "landing", tmp_path / name / "sample/shop.sqlite", SMALL)
    one = fingerprints(tmp_path / "one")
    assert one == fingerprints(tmp_path / "two")
    assert "sample/shop.sqlite" in one
    assert "sample/manifest.json" in one


def test_another_seed_is_another_company(tmp_path: Path) -> None:
    one = generate(tmp_path / "1/landing", tmp_path / "1/s/shop.sqlite", SMALL)
    two = generate(tmp_path / "2/landing", tmp_path / "2/s/shop.sqlite", replace(SMALL, seed=4))
    assert one.shop.revenue_cents != two.shop.revenue_cents


def test_running_again_touches_nothing(tmp_path: Path) -> None:
    landing, shop = tmp_path / "landing", tmp_path / "sample/shop.sqlite"
    generate(landing, shop, SMALL)
    (landing / "web_events/mine.ndjson").write_text("{}\n")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    generate(landing, shop, SMALL)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_a_longer_sample_only_adds_to_a_shorter_one(tmp_path: Path) -> None:
    longer = replace(SMALL, days=20, end=SMALL.end + timedelta(days=5))
    landing, shop = tmp_path / "grown/landing", tmp_path / "grown/sample/shop.sqlite"
    generate(landing, shop, SMALL)
    before = fingerprints(landing)
    grown = generate(landing, shop, longer)
    at_once = generate(tmp_path / "x/landing", tmp_path / "x/sample/shop.sqlite", longer)
    assert grown == at_once
    after = fingerprints(landing)
    assert after == fingerprints(tmp_path / "x/landing")
    assert before.items() < after.items()


def test_another_sample_in_the_same_folder_is_refused_with_the_way_out(tmp_path: Path) -> None:
    landing, shop = tmp_path / "landing", tmp_path / "sample/shop.sqlite"
    generate(landing, shop, SMALL)
    before = fingerprints(tmp_path)
    for other in (
        replace(SMALL, seed=9),
        replace(SMALL, events_per_day=130),
        replace(SMALL, days=16),
        replace(SMALL, days=14, end=SMALL.end - timedelta(days=1)),
    ):
        with pytest.raises(SampleError, match="PLATFORM_DATA_DIR"):
            generate(landing, shop, other)
    assert fingerprints(tmp_path) == before


def test_numbers_that_make_no_company_are_refused() -> None:
    with pytest.raises(SampleError, match="--days"):
        SampleConfig(days=0)
    with pytest.raises(SampleError, match="--events-per-day"):
        SampleConfig(events_per_day=10)


def test_no_temporary_file_is_left(made: Made) -> None:
    names = [path.name for path in made.landing.rglob("*") if path.is_file()]
    assert len(names) > 300
    assert not [name for name in names if name.startswith((".", "_")) or ".tmp" in name]


def test_the_manifest_on_disk_is_the_one_returned(made: Made) -> None:
    assert Manifest.read(made.shop.parent / "manifest.json") == made.manifest


def test_there_is_about_as_much_traffic_as_was_asked_for(made: Made) -> None:
    events = made.manifest.web_events.distinct + made.manifest.app_events.distinct
    assert events / CONFIG.days == pytest.approx(CONFIG.events_per_day, rel=0.15)


def test_nothing_happens_after_the_end(made: Made) -> None:
    end = CONFIG.end.isoformat()
    for planted in made.manifest.sources().values():
        assert str(planted.last_event_at) < end
        older = BEFORE if planted is made.manifest.usage else 0
        assert str(planted.first_event_at) >= (CONFIG.start - timedelta(older)).isoformat()
    folders = {path.name for path in (made.landing / "web_events").iterdir()}
    assert max(folders) < f"date={end}"

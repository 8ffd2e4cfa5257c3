"""`platform-assets sample`: options, words, growth, Ctrl-C."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from platform_assets import cli
from platform_assets.commands.landing import require_landing
from platform_assets.sample.command import grown, landing_place, sample
from platform_assets.sample.config import SampleConfig
from platform_assets.sample.manifest import Manifest
from resources.landing import Landing
from resources.settings import settings
from tests.object_store import object_store

QUICK = ["--days", "5", "--events-per-day", "100"]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PLATFORM_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("PLATFORM_LANDING_URL", raising=False)
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def run(*args: str) -> Result:
    return CliRunner().invoke(sample, args)


def test_it_makes_the_sample_below_the_data_folder_and_tells_what_landed(data_dir: Path) -> None:
    result = run(*QUICK, "--end", "2026-03-01")
    assert result.exit_code == 0, result.output
    manifest = Manifest.read(data_dir / "sample/manifest.json")
    assert manifest is not None
    assert (manifest.start, manifest.end) == ("2026-02-24", "2026-03-01")
    assert (data_dir / "sample/shop.sqlite").is_file()
    assert list((data_dir / "landing/web_events").rglob("*.ndjson.gz"))
    assert f"{manifest.web_events.records:,}" in result.output
    assert f"{manifest.shop.orders:,} orders" in result.output


def test_a_second_run_says_that_all_is_there(data_dir: Path) -> None:
    run(*QUICK, "--end", "2026-03-01")
    result = run(*QUICK, "--end", "2026-03-01")
    assert result.exit_code == 0
    assert ": 0 files written" in result.output


def test_another_company_in_the_same_folder_is_one_clear_message(data_dir: Path) -> None:
    run(*QUICK, "--end", "2026-03-01")
    result = run(*QUICK, "--end", "2026-03-01", "--seed", "1")
    assert result.exit_code == 1
    assert result.output.splitlines()[-1].startswith("Error: Another sample is there already")


def test_without_days_and_end_a_sample_grows_until_today() -> None:
    there = Manifest(seed=42, events_per_day=2000, start="2026-01-01", end="2026-03-02")
    asked = SampleConfig(end=date(2026, 3, 5))
    assert grown(asked, there) == SampleConfig(days=63, end=date(2026, 3, 5))
    assert grown(SampleConfig(end=date(2026, 1, 9)), there).end == date(2026, 3, 2)
    assert grown(asked, None) == asked
    other = SampleConfig(seed=1, end=date(2026, 3, 5))
    assert grown(other, there) == other


def test_bad_options_are_explained() -> None:
    assert "--days must be at least 1" in run("--days", "0").output
    assert run("--end", "tomorrow").exit_code == 2


def test_a_landing_zone_elsewhere_is_refused_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLATFORM_LANDING_URL", "gs://bucket/landing")
    settings.cache_clear()
    result = run(*QUICK)
    assert result.exit_code == 1
    assert "PLATFORM_LANDING_URL" in result.output
    assert landing_place("file:///a/b") == Path("/a/b")


def test_it_lands_in_an_object_store_and_stays_untouched_the_second_time(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = object_store()
    url = f"{server.new_bucket()}/fernweh"
    for name, value in {**server.environment(), "PLATFORM_LANDING_URL": url}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    quick = ["--days", "2", "--events-per-day", "50", "--end", "2026-03-03"]
    result = run(*quick)
    assert result.exit_code == 0, result.output
    manifest = Manifest.read(data_dir / "sample/manifest.json")
    assert manifest is not None
    landed = {file.path.partition("/")[0] for file in Landing(url).find("**")}
    assert landed == {name for name, planted in manifest.sources().items() if planted.files}
    assert len(Landing(url).find("**")) == sum(p.files for p in manifest.sources().values())
    assert not (data_dir / "landing").exists()
    assert ": 0 files written" in run(*quick).output
    assert require_landing() is False
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    settings.cache_clear()
    for command in (["sample", *quick], ["demo"]):
        assert cli.run(command) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_follow_stops_cleanly(data_dir: Path, number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def stop_after_the_first_file() -> None:
        for _ in range(600):
            if list((data_dir / "landing/access_log").glob("live-*.log.gz")):
                break
            time.sleep(0.05)
        else:
            return
        os.kill(os.getpid(), number)

    stopper = Thread(target=stop_after_the_first_file)
    stopper.start()
    result = run(*QUICK, "--follow", "--interval", "0.3", "--rate", "30")
    stopper.join()
    assert result.exit_code == 0, result.output
    assert "Stopped" in result.output
    assert list((data_dir / "landing").rglob("live-*.log.gz"))
    assert not list((data_dir / "landing").rglob(".*"))
    assert signal.getsignal(number) is before


def test_the_help_says_where_everything_goes() -> None:
    text = run("--help").output
    for word in ("manifest.json", "shop.sqlite", "--follow", "--seed", "today"):
        assert word in text

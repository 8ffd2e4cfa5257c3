"""Feedback is on a version that is there: any of them, however old, and no other."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.catalog.demand import intake as pages
from platform_assets.reporting.folder_archive import FolderArchive
from resources.errors import PlatformError
from tests.catalog.intake_world import ANA, Intake
from tests.catalog.test_report_pages import NOW, keep
from tests.catalog.world import NOW as TODAY

REPORT, TABLE = "/tell/report/revenue", "/tell/marts/daily_traffic"
NEWEST = "2026-06-01T060000Z"
GONE = "2026-05-01T060000Z"


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    return Intake(tmp_path)


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Whether the archive of reports is away: the list is empty where it is not."""
    told: list[bool] = []
    names = FolderArchive.names

    def asked(archive: FolderArchive, report: str) -> list[str]:
        if told:
            raise PlatformError("s3://reports does not answer.", hint="Wait.")
        return names(archive, report)

    monkeypatch.setattr(FolderArchive, "names", asked)
    yield told


def told(intake: Intake, path: str, version: str) -> str:
    """Say something of a version; return the version that was kept."""
    intake.person(ANA).sends(path, rating="4", version=version, words=version)
    return intake.store.feedback()[0].version


@pytest.mark.parametrize("version", [GONE, "latest", "../../x", "2026-06-01T060000Z-2", "x" * 500])
def test_a_version_of_a_report_that_is_not_there_is_refused_with_those_that_are(
    intake: Intake, version: str
) -> None:
    keep(intake.archive, NOW, revenue=2)
    answer = intake.person(ANA).tries(REPORT, rating="4", version=version, words="Much better.")
    assert answer.status_code == 422
    assert f"of Revenue review. The newest is {NEWEST}." in answer.text
    assert "Choose one, or name an older one that is there" in answer.text
    assert ">Much better.</textarea>" in answer.text and "x" * 61 not in answer.text
    assert f'<option value="{NEWEST}" selected' in answer.text
    assert intake.store.feedback() == []


def test_a_version_beyond_those_that_are_offered_is_taken_and_offered_to_who_names_it(
    intake: Intake,
) -> None:
    made = [keep(intake.archive, NOW - timedelta(days=n), revenue=n) for n in range(25)]
    facts = intake.person(ANA).facts(REPORT)
    assert len(facts["versions"]) == 20 and made[-1] not in {v["name"] for v in facts["versions"]}
    assert told(intake, REPORT, made[-1]) == made[-1]
    facts = intake.person(ANA).facts(REPORT, version=made[-1])
    assert facts["begun"]["version"] == facts["versions"][-1]["name"] == made[-1]
    assert f'<option value="{made[-1]}" selected' in intake.person(ANA).sees(
        REPORT, version=made[-1]
    )


def test_a_tables_version_is_any_of_its_materializations_in_any_zone(intake: Intake) -> None:
    instance, key = intake.catalog.instance, dg.AssetKey(["marts", "daily_traffic"])
    for _ in range(25):
        instance.report_runless_asset_event(dg.AssetMaterialization(key))
    (first,) = instance.fetch_materializations(key, limit=1, ascending=True).records
    at = datetime.fromtimestamp(first.timestamp, UTC).replace(microsecond=0)
    assert told(intake, TABLE, at.isoformat()) == at.isoformat()
    east = at + timedelta(hours=2)
    assert told(intake, TABLE, f"{east:%Y-%m-%dT%H:%M:%S}+02:00") == at.isoformat()
    assert told(intake, TABLE, f"{at:%Y-%m-%dT%H:%M:%S}Z") == at.isoformat()
    second = timedelta(seconds=1)
    for none in (
        (at - second).isoformat(),
        (at + timedelta(hours=1)).isoformat(),
        f"{at:%Y-%m-%dT%H:%M:%S}",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        NEWEST,
    ):
        answer = intake.person(ANA).tries(TABLE, rating="4", version=none, words="Fine.")
        assert answer.status_code == 422 and "There is no version" in answer.text, none
        assert ">Fine.</textarea>" in answer.text


def test_a_table_that_was_made_before_the_log_begins_has_the_version_that_is_known(
    intake: Intake,
) -> None:
    made = (TODAY - timedelta(minutes=30)).isoformat()
    assert told(intake, "/tell/raw/shop/customers", made) == made


def test_what_has_versions_is_spoken_of_in_one_and_what_has_none_as_an_idea(
    intake: Intake,
) -> None:
    ana = intake.person(ANA)
    early = ana.tries(REPORT, rating="4", version=NEWEST, words="Please.")
    assert early.status_code == 422 and "it was not made yet" in early.text
    assert told(intake, REPORT, "") == ""
    keep(intake.archive, NOW, revenue=2)
    late = ana.tries(REPORT, rating="4", words="Please.")
    assert late.status_code == 422 and "It does not say which version" in late.text
    assert f'<option value="{NEWEST}" selected' in late.text


def test_a_program_is_told_the_same(intake: Intake) -> None:
    keep(intake.archive, NOW, revenue=2)
    answer = intake.person(ANA).client.get(f"/catalog{REPORT}.json", params={"version": GONE})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(
        f"There is no version {GONE} of Revenue review. The newest is {NEWEST}."
    )
    page = intake.person(ANA).sees(REPORT, version=GONE)
    assert f"There is no version {GONE}" in page and "Not kept" not in page


def test_nothing_that_was_typed_is_lost_where_nobody_knows_which_versions_there_are(
    intake: Intake, away: list[bool]
) -> None:
    keep(intake.archive, NOW, revenue=2)
    away.append(True)
    ana = intake.person(ANA)
    page = ana.sees(REPORT, version=NEWEST)
    assert "Nobody can tell now which versions there are. s3://reports does not answer." in page
    assert f'type="hidden" name="version" value="{NEWEST}"' in page
    held = ana.tries(REPORT, rating="4", version=NEWEST, words="Much better.")
    assert held.status_code == 503 and "s3://reports does not answer." in held.text
    assert "Much better." in held.text and f'name="version" value="{NEWEST}"' in held.text
    unrated = ana.tries(REPORT, version=NEWEST, words="Much better.")
    assert unrated.status_code == 400 and ">Much better.</textarea>" in unrated.text
    assert intake.store.feedback() == []
    away.clear()
    assert told(intake, REPORT, NEWEST) == NEWEST


def test_nothing_is_lost_where_the_store_goes_away_while_a_form_is_refused(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise PlatformError("The database does not answer.")

    monkeypatch.setattr(pages.DemandPages, "_choice", gone)
    answer = intake.person(ANA).tries(REPORT, words="Much better.")
    assert answer.status_code == 503 and "Much better." in answer.text

"""Links that lead nowhere are mended in triage: led elsewhere, or laid to rest, all at once."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from platform_assets.catalog.demand.records import CuratedFolder
from platform_assets.product import curated
from platform_assets.product.curated import Curated
from tests.catalog.intake_world import ANA, BEN, DATA, Intake
from tests.catalog.test_report_pages import NOW, keep
from tests.catalog.test_security import faults
from tests.product.curated_files import write

LINKS = "/triage/links"
OLD, NEW = "report/revenu", "report/revenue"
THEN = "2026-05-01T060000Z"


@pytest.fixture
def intake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Intake:
    """Request 1 is closed and answered by a report that is gone; 2 and feedback 1 are about it."""
    monkeypatch.setattr(CuratedFolder, "__call__", lambda self: Curated())
    found = Intake(tmp_path)
    found.store.submit_request(ANA, title="Returns by reason")
    found.store.ship(1, DATA, OLD, THEN)
    found.store.say_helped(1, ANA, True)
    found.store.submit_request(BEN, title="Returns by product", about=OLD)
    found.store.submit_feedback(BEN, about=OLD, version=THEN, rating=2, words="Too late.")
    return found


def test_triage_says_what_leads_nowhere_and_what_names_it(intake: Intake) -> None:
    data = intake.person(DATA)
    assert "3 links lead nowhere" in data.sees("/triage")
    (group,) = data.facts(LINKS)["groups"]
    assert (group["missing"], group["near"], group["total"]) == (OLD, NEW, 3)
    assert [(r["name"], r["field"]) for r in group["records"]] == [
        ("request/2", "about"), ("request/1", "answered_by"), ("feedback/1", "about"),
    ]  # fmt: skip
    page = data.sees(LINKS)
    assert f"There is no asset {OLD}" in page and 'name="to" maxlength="400"' in page
    assert f'value="{NEW}"' in page and faults(page) == []
    assert "Lead it elsewhere, or let it rest" in data.sees("/request/1")


def test_all_of_it_is_led_elsewhere_at_once(intake: Intake) -> None:
    data = intake.person(DATA)
    to = data.sends(LINKS, missing=OLD, to=NEW, do="lead")
    assert to == f"{LINKS}?did=lead" and "They lead there now." in data.sees(to)
    assert data.facts(LINKS)["groups"] == [] and "nowhere" not in data.sees("/triage")
    assert intake.store.request(1).answered_by == intake.store.request(2).about == NEW
    assert "Too late." in data.sees("/feedback", about=NEW)
    assert data.facts("/request/1")["history"][0]["who"] == DATA


def test_what_is_gone_for_good_rests_and_is_led_back_when_it_is_there_again(
    intake: Intake,
) -> None:
    data = intake.person(DATA)
    assert data.sends(LINKS, missing=OLD, do="rest") == f"{LINKS}?did=rest"
    facts = data.facts(LINKS)
    assert facts["groups"] == [] and facts["resting"][0]["what"] == OLD
    assert f"{OLD} is not in the catalog any more" in data.sees("/request/1")
    assert f"{OLD} (gone)" in data.sees("/feedback") and "Too late." in data.sees("/feedback")
    data.sends(LINKS, missing=f"gone: {OLD}", to=NEW, do="lead")
    assert data.facts(LINKS)["resting"] == [] and intake.store.request(2).about == NEW


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({"missing": NEW, "to": "marts/fct_orders", "do": "lead"}, 422, f"names {NEW}"),
        ({"missing": OLD, "to": "report/none", "do": "lead"}, 422, "no report/none to lead to"),
        ({"missing": OLD, "to": "record:request/1", "do": "lead"}, 422, "to lead to"),
        ({"missing": OLD, "do": "lead"}, 400, "does not say where to lead"),
        ({"missing": "", "do": "rest"}, 422, "Nothing that leads nowhere"),
    ],
)
def test_only_what_leads_nowhere_is_led_and_only_to_what_is_there(
    intake: Intake, fields: dict[str, str], status: int, reason: str
) -> None:
    before = intake.store.everything()
    answer = intake.person(DATA).tries(LINKS, **fields)
    assert answer.status_code == status and reason in answer.text
    assert intake.store.everything() == before


def test_a_version_that_is_gone_is_led_to_another(intake: Intake) -> None:
    data = intake.person(DATA)
    data.sends(LINKS, missing=OLD, do="rest")
    keep(intake.archive, NOW.replace(day=1, month=5, hour=5), revenue=1)
    newest = keep(intake.archive, NOW, revenue=2)
    intake.store.submit_feedback(BEN, about=NEW, version=THEN, rating=2, words="Odd.")
    (group,) = data.facts(LINKS)["groups"]
    assert (group["what"], group["total"]) == (f"version {THEN} of {NEW}", 1)
    assert data.tries(LINKS, missing=NEW, version=THEN, to="x", do="lead").status_code == 422
    data.sends(LINKS, missing=NEW, version=THEN, to=newest, do="lead")
    assert intake.store.feedback(NEW)[0].version == newest


def test_what_the_team_wrote_is_told_with_its_line(
    intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = curated.read(
        write(tmp_path, ("requirements/fast.md", "[1, 2]", "[1, 999]")), tmp_path
    )
    monkeypatch.setattr(CuratedFolder, "__call__", lambda self: written)
    (found,) = intake.person(DATA).facts(LINKS)["written"]
    assert (found["place"], found["what"]) == ("requirements/fast.md:8", "record request/999")
    assert (found["record"], found["near"]) == ("requirement/fast", "request/2")
    assert "requirements/fast.md:8" in intake.person(DATA).sees(LINKS)


def test_where_assets_are_not_known_nothing_is_said_to_be_gone(intake: Intake) -> None:
    view = intake.catalog.view
    intake.catalog.view = lambda: replace(view(), trouble="It does not load.")  # type: ignore[method-assign]
    data = intake.person(DATA)
    facts = data.facts(LINKS)
    assert facts["groups"] == [] and "It does not load." in facts["unknown"]
    refused = data.tries(LINKS, missing=OLD, do="rest")
    assert refused.status_code == 422 and "It does not load." in refused.text
    assert "lead nowhere" not in data.sees("/triage")


def test_triage_takes_a_request_up_only_into_a_requirement_that_there_is(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    intake.store.submit_request(ANA, title="Returns by reason")
    data = intake.person(DATA)
    answer = data.tries("/request/1/accept", requirement="no-record-lots", assignee=BEN)
    assert answer.status_code == 400
    assert "There is no requirement no-record-lots." in answer.text
    assert "Did you mean no-record-lost?" in answer.text
    data.sends("/request/1/accept", requirement="no-record-lost")
    assert intake.store.request(1).requirement == "no-record-lost"


def test_who_asks_about_what_is_gone_breaks_nothing(intake: Intake) -> None:
    intake.person(ANA).sends("/ask", title="More of it", about="report/gone")
    intake.person(ANA).sends("/ask", title="Others", about="search: a/b")
    assert intake.store.request(3).about == "gone: report/gone"
    assert intake.store.request(4).about == "search: a/b"
    groups = intake.person(DATA).facts(LINKS)["groups"]
    assert [g["missing"] for g in groups] == [OLD]
    assert re.search(r"about\s+report/gone \(gone\)", intake.person(ANA).sees("/request/3"))

"""What becomes of a request: its list, its page, every step of it, and that its asker is told."""

from pathlib import Path

import pytest

from tests.catalog.intake_world import ANA, BEN, DATA, Intake
from tests.catalog.test_intake import RETURNS, asked
from tests.catalog.test_report_pages import NOW, keep
from tests.catalog.world import HereSandbox


@pytest.fixture
def intake(tmp_path: Path, sandbox: HereSandbox) -> Intake:
    return Intake(tmp_path, sandbox=sandbox)


def shipped(intake: Intake, who: str = ANA) -> int:
    number = asked(intake, who=who)
    intake.store.ship(number, DATA, "report/revenue", "")
    return number


@pytest.mark.parametrize(
    ("action", "fields", "changed"),
    [
        ("vote", {}, {"voters": [DATA]}),
        ("comment", {"words": "Which?"}, {"comments": 1}),
        ("edit", {"title": "Better", "needed_by": "2027-01-31"},
         {"title": "Better", "needed_by": "2027-01-31", "decision": ""}),
        ("edit", {"needed_by": "", "decision": "What?"}, {"needed_by": None, "decision": "What?"}),
        ("accept", {"assignee": BEN, "requirement": "no-record-lost"},
         {"state": "accepted", "assignee": BEN, "requirement": "no-record-lost"}),
        ("decline", {"reason": "No."}, {"state": "declined", "reason": "No."}),
        ("merge", {"into": " #2 "}, {"state": "merged", "merged_into": 2}),
        ("split", {"titles": "One\n\n Two \n"}, {"state": "split"}),
        ("assign", {"assignee": BEN}, {"assignee": BEN, "state": "new"}),
        ("estimate", {"reach": "120", "impact": "2", "confidence": "0,8", "effort": "3"},
         {"inputs": {"reach": 120, "impact": 2, "confidence": 0.8, "effort": 3}}),
        ("override", {"score": "99", "reason": "The board"},
         {"override": 99, "override_reason": "The board"}),
        ("ship", {"answered_by": "report/revenue"}, {"state": "shipped"}),
    ],
)  # fmt: skip
def test_each_step_is_a_form_and_stands_in_the_history(
    intake: Intake, action: str, fields: dict[str, str], changed: dict[str, object]
) -> None:
    number, other = asked(intake), asked(intake, "Another", BEN)
    assert (number, other) == (1, 2)
    data = intake.person(DATA)
    to = data.sends(f"/request/{number}/{action}", **fields)
    assert to.startswith(f"/request/{number}?did={action}")
    data.sees(to)
    facts = data.facts(f"/request/{number}")
    assert {name: facts[name] for name in changed} == changed
    assert DATA in (facts["history"][0]["who"], facts["talk"] and facts["talk"][0]["author"])


@pytest.mark.parametrize(
    ("action", "fields", "reason"),
    [
        ("comment", {"words": " "}, "is missing"),
        ("decline", {"reason": ""}, "is missing"),
        ("merge", {"into": "1"}, "into itself"),
        ("merge", {"into": "the other"}, "does not say which request"),
        ("split", {"titles": "One"}, "two parts or more"),
        ("estimate", {"reach": "many"}, "is no number"),
        ("estimate", {"reach": "inf"}, "is no number"),
        ("estimate", {"confidence": "2"}, "a number from 0 to 1"),
        ("override", {"score": "3", "reason": ""}, "is missing"),
        ("ship", {"answered_by": "report/none"}, "There is no report or table"),
        ("helped", {"helped": "yes"}, "can&#39;t be closed"),
        ("reopen", {}, "can&#39;t be reopened"),
        ("edit", {"title": ""}, "is missing"),
    ],
)
def test_a_step_that_is_refused_says_why_and_changes_nothing(
    intake: Intake, action: str, fields: dict[str, str], reason: str
) -> None:
    before = intake.store.request(asked(intake))
    answer = intake.person(ANA).tries(f"/request/1/{action}", **fields)
    assert answer.status_code == 400 and reason in answer.text
    assert all(value in answer.text for name, value in fields.items() if name != "helped")
    assert intake.store.request(1) == before


def test_a_step_that_is_none_is_not_found(intake: Intake) -> None:
    asked(intake)
    ana = intake.person(ANA)
    assert ana.tries("/request/1/delete").status_code == 404
    assert ana.tries("/request/9/vote").status_code == 404
    assert ana.tries("/request/1/merge", into="7").status_code == 404


def test_the_list_shows_what_is_open_and_finds_words_and_assets(intake: Intake) -> None:
    first, second = asked(intake, about="report/revenue"), asked(intake, "Stock by hour", BEN)
    third = asked(intake, "Stock of shoes", BEN)
    intake.store.vote(first, DATA)
    intake.store.decline(third, DATA, "No.")
    ana = intake.person(ANA)
    assert [r["number"] for r in ana.facts("/requests")["rows"]] == [second, first]
    ordered = ana.facts("/requests", order="most asked")["rows"]
    assert [r["number"] for r in ordered] == [first, second]
    counts = {v["name"]: v["count"] for v in ana.facts("/requests", q="STOCK")["views"]}
    assert (counts["open"], counts["declined"], counts["all"]) == (1, 1, 2)
    assert ana.facts("/requests", show="declined")["rows"][0]["reason"] == "No."
    assert ana.facts("/requests", about="report/revenue")["total"] == 1
    assert ana.facts("/requests", show="nonsense", order="x")["show"] == "open"
    assert ana.facts("/requests", page="9")["rows"] == []
    assert ana.client.get("/catalog/requests?page=x").status_code == 400


def test_a_vote_in_the_list_leads_back_to_its_place(intake: Intake) -> None:
    number = asked(intake)
    kept = {"back": "requests", "show": "new", "order": "most asked", "q": "returns"}
    to = intake.person(BEN).sends(f"/request/{number}/vote", **kept)
    assert to == f"/requests?show=new&order=most+asked&q=returns#request-{number}"
    page = intake.person(BEN).sees(to)
    assert 'action="/catalog/request/1/unvote"' in page and "You too" in page
    intake.person(BEN).sends(f"/request/{number}/unvote", back="requests")
    assert intake.store.request(number).voters == ()


def test_what_is_asked_for_is_here_and_its_asker_is_told_on_every_page(intake: Intake) -> None:
    version = keep(intake.archive, NOW, revenue=1)
    number = asked(intake)
    intake.store.vote(number, BEN)
    ana, told = intake.person(ANA.upper()), "You asked, it is here"
    assert told not in ana.sees("/coverage")
    intake.person(DATA).sends(f"/request/{number}/ship", answered_by="report/revenue")
    assert intake.store.request(number).answered_version == version
    for path in ("/", "/coverage", "/asset/marts/fct_orders", "/search", "/mine", "/requests"):
        assert told in ana.sees(path), path
    assert f"/files/reports/revenue/{version}/index.html" in ana.sees("/coverage")
    assert told not in intake.person(DATA).sees("/coverage")
    assert told not in intake.person().sees("/coverage")
    assert ana.sends(f"/request/{number}/helped", helped="yes", words="At last.", back="mine")
    assert told not in ana.sees("/coverage")
    found = intake.store.request(number)
    assert (found.state, found.helped, found.helped_words) == ("closed", True, "At last.")
    assert "It helped" in ana.sees(f"/request/{number}")


def became_of(page: str) -> str:
    return page.split("What became of it</h2>")[1].split("</ul>")[0]


def test_what_does_not_help_is_open_again_and_says_why(intake: Intake) -> None:
    number = shipped(intake)
    intake.person(ANA).sends(f"/request/{number}/helped", helped="no", words="Reasons are missing.")
    facts = intake.person(DATA).facts("/triage", show="accepted")
    assert [r["helped_words"] for r in facts["rows"]] == ["Reasons are missing."]
    assert "Reasons are missing." in intake.person(DATA).sees("/triage", show="accepted")
    data = intake.person(DATA)
    assert "It did not help" in became_of(data.sees(f"/request/{number}"))
    data.sends(f"/request/{number}/ship", answered_by="report/revenue")
    assert "Whether it helped is to be said anew" in became_of(data.sees(f"/request/{number}"))
    intake.person(ANA).sends(f"/request/{number}/helped", helped="yes")
    told = became_of(data.sees(f"/request/{number}"))
    assert "It helped" in told and "true" not in told and "false" not in told


def test_only_who_asked_says_whether_it_helped(intake: Intake) -> None:
    number = shipped(intake)
    answer = intake.person(BEN).tries(f"/request/{number}/helped", helped="yes")
    assert answer.status_code == 400 and f"Only {ANA} can say" in answer.text
    intake.store.vote(number, BEN)
    assert "You asked, it is here" in intake.person(BEN).sees(f"/request/{number}")
    assert intake.person(BEN).tries(f"/request/{number}/helped").status_code == 400
    intake.person(BEN).sends(f"/request/{number}/helped", helped="yes")


def test_an_answer_that_is_gone_keeps_its_name(intake: Intake) -> None:
    number = asked(intake)
    intake.store.ship(number, DATA, "report/old", "")
    page = intake.person(ANA).sees(f"/request/{number}")
    assert "report/old is not in the catalog any more" in page and 'href=""' not in page


def test_yours_has_what_you_asked_joined_said_and_take_care_of(intake: Intake) -> None:
    mine, joined, task = asked(intake), asked(intake, "Stock", BEN), asked(intake, "Costs", BEN)
    over = asked(intake, "Addresses")
    intake.store.vote(joined, ANA)
    intake.store.accept(task, DATA, assignee=ANA)
    intake.store.decline(over, DATA, "Personal data.")
    facts = intake.person(ANA).facts("/mine")
    numbers = {
        name: [r["number"] for r in facts[name]]
        for name in ("waiting", "joined", "assigned", "over", "here_now")
    }
    assert numbers == {
        "waiting": [mine], "joined": [joined], "assigned": [task], "over": [over], "here_now": [],
    }  # fmt: skip
    assert "Personal data." in intake.person(ANA).sees("/mine")


def test_one_says_who_one_is_and_can_be_somebody_else(intake: Intake) -> None:
    asked(intake, who=BEN)
    person = intake.person()
    assert "Who are you?" in person.sees("/mine")
    assert person.client.get("/catalog/yours").headers["location"] == "/catalog/mine"
    assert person.sends("/mine", who=BEN) == "/mine"
    assert RETURNS in person.sees("/mine")
    person.sends("/mine", who=ANA)
    assert RETURNS not in person.sees("/mine")

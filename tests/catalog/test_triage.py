"""Going through what people asked for: the order, what helps to decide, and where one goes on."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.catalog.intake_world import ANA, BEN, DATA, Intake
from tests.catalog.test_intake import RETURNS, asked
from tests.catalog.world import HereSandbox


@pytest.fixture
def intake(tmp_path: Path, sandbox: HereSandbox) -> Intake:
    return Intake(tmp_path, sandbox=sandbox)


def test_what_most_people_asked_for_comes_first_then_what_waits_longest(intake: Intake) -> None:
    first, second, third = (asked(intake, title) for title in ("Costs", "Stock", "Margins"))
    intake.store.vote(third, BEN)
    accepted = asked(intake, "Taken up")
    intake.store.accept(accepted, DATA, assignee=DATA)
    facts = intake.person(DATA).facts("/triage")
    assert [r["number"] for r in facts["rows"]] == [third, first, second]
    counts = {v["name"]: v["count"] for v in facts["views"]}
    assert counts == {"new": 3, "accepted": 1, "yours": 1}
    assert intake.person(ANA).facts("/triage", show="yours")["rows"] == []


def test_duplicates_and_what_may_answer_stand_beside_a_request(intake: Intake) -> None:
    older = asked(intake, RETURNS)
    newer = asked(intake, "Returns per product, with the reason", BEN)
    asked(intake, "How did the revenue go?", BEN)
    rows = {r["number"]: r for r in intake.person(DATA).facts("/triage")["rows"]}
    assert [r["number"] for r in rows[newer]["alike"]] == [older]
    assert rows[3]["answers"][0]["key"] == "report/revenue" and rows[3]["alike"] == []
    page = intake.person(DATA).sees("/triage")
    assert f"Merge into #{older}" in page and "that Revenue review answers it" in page


def test_what_is_done_is_undone_by_one_button_and_the_next_has_the_turn(intake: Intake) -> None:
    first, second = asked(intake, "Costs"), asked(intake, "Stock")
    data = intake.person(DATA)
    to = data.sends(
        f"/request/{first}/decline", reason="No.", back="triage", show="new", next=str(second)
    )
    assert to == f"/triage?show=new&did=decline&number={first}#request-{second}"
    page = data.sees(to)
    assert "Declined." in page and f'action="/catalog/request/{first}/undo"' in page
    data.sends(f"/request/{first}/undo", back="triage")
    assert intake.store.request(first).state == "new"
    to = data.sends(f"/request/{second}/accept", back="triage", show="new", next="")
    assert to.endswith("#list") and "undo" not in data.sees(to)


def test_undo_gives_back_what_was_there_before_in_the_list_where_it_was(intake: Intake) -> None:
    number = asked(intake)
    intake.store.accept(number, DATA, assignee=BEN)
    before, data = intake.store.request(number), intake.person(DATA)
    to = data.sends(f"/request/{number}/decline", reason="No.", back="triage", show="accepted")
    form = data.sees(to).split(f'action="/catalog/request/{number}/undo"')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    to = data.sends(f"/request/{number}/undo", **fields)
    assert to == f"/triage?show=accepted&did=undo&number={number}#request-{number}"
    assert "Taken back" in data.sees(to)
    after = intake.store.request(number)
    assert replace(after, updated_at=before.updated_at) == before
    again = data.tries(f"/request/{number}/undo", **fields)
    assert again.status_code == 400 and "can&#39;t be taken back" in again.text


def test_a_form_that_is_refused_stays_open_where_it_was(intake: Intake) -> None:
    number = asked(intake)
    asked(intake, "Stock")
    answer = intake.person(DATA).tries(
        f"/request/{number}/merge", into="77777", back="triage", show="new"
    )
    assert answer.status_code == 404
    answer = intake.person(DATA).tries(
        f"/request/{number}/split", titles="Only one", back="triage", show="new"
    )
    assert answer.status_code == 400
    assert "<h1>Triage</h1>" in answer.text and "two parts or more" in answer.text
    assert answer.text.count('<details class="act" name="act-1" data-key="s" open>') == 1
    assert ">Only one</textarea>" in answer.text
    intake.store.decline(number, BEN, "Somebody was faster.")
    answer = intake.person(DATA).tries(
        f"/request/{number}/accept", assignee=ANA, back="triage", show="new"
    )
    assert answer.status_code == 400 and "is declined" in answer.text


def test_estimates_give_a_score_with_its_arithmetic(intake: Intake) -> None:
    number = asked(intake)
    data = intake.person(DATA)
    assert "not estimated" in data.sees("/triage")
    data.sends(
        f"/request/{number}/estimate", reach="120", impact="2", confidence="0.8", effort="3",
        value="", urgency="", risk="", size="", back="triage", show="new",
    )  # fmt: skip
    page = data.sees("/triage")
    assert "reach 120 × impact 2 × confidence 0.8 ÷ effort 3 = 64" in page
    assert 'name="reach" value="120"' in page and '<option value="2" selected>' in page
    data.sends(f"/request/{number}/estimate", reach="", back="triage")
    assert "reach" not in intake.store.request(number).inputs


def test_a_page_of_many_shows_some_and_says_so(intake: Intake) -> None:
    for at in range(23):
        asked(intake, f"Thing {at}", f"{at}@example.com")
    facts = intake.person(DATA).facts("/triage")
    assert (len(facts["rows"]), facts["total"]) == (20, 23)
    assert "3 more follow" in intake.person(DATA).sees("/triage")


def test_nothing_new_says_so(intake: Intake) -> None:
    assert "Nothing is new" in intake.person(DATA).sees("/triage")
    assert "Nothing is with you" in intake.person(DATA).sees("/triage", show="yours")

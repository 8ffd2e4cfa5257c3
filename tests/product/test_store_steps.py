"""Every step of a request, from every state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from platform_assets.product.kinds import STATES, Request
from platform_assets.product.store import Refused, steps

THEN = datetime(2026, 7, 1, 9, tzinfo=UTC)
NOW = THEN + timedelta(days=3)
OTHER = Request(2, "the other", "bo", THEN, THEN)
STEPS = {
    "accepted": lambda r: steps.accept(r, NOW),
    "declined": lambda r: steps.decline(r, NOW, "too dear"),
    "merged": lambda r: steps.merge(r, NOW, OTHER),
    "split": lambda r: steps.split(r, NOW, {3: "one", 4: "two"})[0],
    "assigned": lambda r: steps.assign(r, "cy"),
    "reopened": steps.reopen,
    "taken back": lambda r: steps.undo(r, []),
    "shipped": lambda r: steps.ship(r, NOW, "report/weekly", "3"),
    "helped": lambda r: steps.say_helped(r, NOW, True, "yes"),
    "did not help": lambda r: steps.say_helped(r, NOW, False, "no"),
    "edited": lambda r: steps.edit(r, {"title": "other"}),
    "estimated": lambda r: steps.estimate(r, {"reach": 9.0}),
    "scored": lambda r: steps.override(r, 7.0, "the law"),
}
# The state that each step leads to, from each where it is allowed.
ALLOWED = {
    "accepted": {"new": "accepted", "accepted": "accepted"},
    "declined": {"new": "declined", "accepted": "declined"},
    "merged": {"new": "merged", "accepted": "merged"},
    "split": {"new": "split", "accepted": "split"},
    "assigned": {"new": "new", "accepted": "accepted"},
    "reopened": {
        "declined": "new",
        "merged": "new",
        "shipped": "accepted",
        "closed": "accepted",
    },
    "taken back": {"declined": "new", "merged": "new", "shipped": "accepted"},
    "shipped": {"new": "shipped", "accepted": "shipped", "shipped": "shipped"},
    "helped": {"shipped": "closed"},
    "did not help": {"shipped": "accepted"},
    "edited": {"new": "new", "accepted": "accepted", "shipped": "shipped"},
    "estimated": {"new": "new", "accepted": "accepted", "shipped": "shipped"},
    "scored": {"new": "new", "accepted": "accepted", "shipped": "shipped"},
}


def in_state(state: str) -> Request:
    new = Request(1, "what", "ann", THEN, THEN)
    accepted = steps.accept(new, THEN, "dee", "weekly-revenue")
    shipped = steps.ship(accepted, THEN, "report/old", "1")
    return {
        "new": new,
        "accepted": accepted,
        "shipped": shipped,
        "closed": steps.say_helped(shipped, THEN, True, ""),
        "declined": steps.decline(accepted, THEN, "no"),
        "merged": steps.merge(accepted, THEN, OTHER),
        "split": steps.split(accepted, THEN, {3: "one", 4: "two"})[0],
    }[state]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS)
def test_every_step_is_allowed_or_refused_with_a_way_out(step: str, state: str) -> None:
    before = in_state(state)
    assert before.state == state
    to = ALLOWED[step].get(state)
    if to is not None:
        assert STEPS[step](before).state == to
        return
    with pytest.raises(Refused) as caught:
        STEPS[step](before)
    assert f"request/1 is {state}" in caught.value.message
    assert caught.value.hint


def test_a_request_keeps_when_it_was_taken_up_and_answered_first() -> None:
    shipped = steps.ship(in_state("new"), THEN, "report/a", "1")
    assert (shipped.accepted_at, shipped.shipped_at) == (THEN, THEN)
    again = steps.ship(shipped, NOW, "report/b", "2")
    assert (again.accepted_at, again.shipped_at) == (THEN, THEN)
    assert (again.answered_by, again.answered_version) == ("report/b", "2")


def test_taking_up_again_changes_only_what_is_given() -> None:
    accepted = in_state("accepted")
    assert steps.accept(accepted, NOW) == accepted
    assert steps.accept(accepted, NOW, requirement="other") == replace(
        accepted, requirement="other"
    )


def test_what_did_not_help_waits_for_another_answer_and_is_asked_about_anew() -> None:
    back = steps.say_helped(in_state("shipped"), NOW, False, "the wrong year")
    assert (back.helped, back.helped_words, back.answered_by) == (False, "the wrong year", "")
    assert back.shipped_at is None and back.accepted_at == THEN
    shipped = steps.ship(back, NOW, "report/new", "1")
    assert (shipped.helped, shipped.helped_words, shipped.shipped_at) == (None, "", NOW)


@pytest.mark.parametrize("state", ["declined", "merged", "shipped", "closed"])
def test_nothing_of_its_end_stays_with_what_is_reopened(state: str) -> None:
    back = steps.reopen(in_state(state))
    assert (back.ended_at, back.shipped_at, back.reason, back.merged_into) == (None, None, "", None)
    assert (back.helped, back.answered_by, back.answered_version) == (None, "", "")
    assert (back.accepted_at is None) == (back.state == "new")


def test_parts_are_what_the_whole_was_but_for_title_and_estimates() -> None:
    whole = replace(
        in_state("accepted"), decision="whether", inputs={"reach": 3.0}, override=2.0, voters=("b",)
    )
    after, parts = steps.split(whole, NOW, {7: "one", 8: "two"})
    assert (after.state, after.ended_at, after.inputs) == ("split", NOW, {"reach": 3.0})
    assert [(part.number, part.title, part.split_from) for part in parts] == [
        (7, "one", 1),
        (8, "two", 1),
    ]
    for part in parts:
        assert (part.state, part.asker, part.decision) == ("accepted", "ann", "whether")
        assert (part.requirement, part.assignee) == ("weekly-revenue", "dee")
        assert (part.inputs, part.override, part.voters) == ({}, None, ())
        assert part.created_at == part.accepted_at == NOW
    _, fresh = steps.split(in_state("new"), NOW, {7: "one", 8: "two"})
    assert fresh[0].accepted_at is None
    with pytest.raises(Refused, match="two parts"):
        steps.split(whole, NOW, {7: "one"})


def test_nothing_is_merged_into_itself_in_a_circle_or_into_what_has_ended() -> None:
    new, merged = in_state("new"), in_state("merged")
    with pytest.raises(Refused, match="into itself"):
        steps.merge(new, NOW, new)
    with pytest.raises(Refused, match="itself merged into request/2") as caught:
        steps.merge(OTHER, NOW, merged)
    assert "Reopen request/1" in caught.value.hint
    with pytest.raises(Refused, match="itself merged") as caught:
        steps.merge(replace(OTHER, number=9), NOW, merged)
    assert "Merge into request/2" in caught.value.hint
    for state in ("declined", "split"):
        with pytest.raises(Refused, match=state):
            steps.merge(OTHER, NOW, in_state(state))
    for state in ("new", "accepted", "shipped", "closed"):
        assert steps.merge(OTHER, NOW, in_state(state)).merged_into == 1


def test_estimates_add_up_and_can_be_taken_back() -> None:
    once = steps.estimate(in_state("new"), {"reach": 9.0, "effort": 2.0})
    twice = steps.estimate(once, {"reach": None, "impact": 1.0})
    assert twice.inputs == {"effort": 2.0, "impact": 1.0}
    scored = steps.override(twice, 5.0, "the law")
    assert steps.override(scored, None, "not needed").override_reason == ""

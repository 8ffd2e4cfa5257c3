"""What is wrong with records and documents: nobody answers, nothing is done, a page fell behind."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from platform_assets.care import documents
from platform_assets.care.attention import Known, attention
from platform_assets.care.model import Item
from platform_assets.inventory import changes
from platform_assets.inventory.changes import Commit
from platform_assets.inventory.health import Status
from platform_assets.product.curated import Curated
from platform_assets.product.curated_kinds import Action, Decision, Metric, Minutes, RoadmapItem
from platform_assets.product.kinds import Feedback, Request
from platform_assets.product.progress import Progress
from platform_assets.product.store import Everything
from tests.care.company import CURATED, FASTER, MADE, NOW, asset, company, fine, old

DAY = timedelta(days=1)


def ago(days: float) -> datetime:
    return NOW - days * DAY


def found(curated: Curated = CURATED, **known: object) -> dict[str, Item]:
    graph = company()
    told = Known(curated=curated, **known)  # type: ignore[arg-type]
    return {item.key: item for item in attention(graph, fine(graph), told, NOW)}


def request(number: int, days: float, **fields: object) -> Request:
    at = ago(days)
    return replace(Request(number, "Returns by country", "bo", at, at), **fields)  # type: ignore[arg-type]


def test_a_new_request_waits_no_longer_than_a_week() -> None:
    store = Everything(
        requests=(
            request(1, 6),
            request(2, 15, voters=("cy", "di"), needed_by=date(2026, 8, 20)),
            request(3, 90, state="declined"),
        )
    )
    items = found(store=store)
    assert set(items) == {"waiting_request:request/2"}
    item = items["waiting_request:request/2"]
    assert item.what == "waits for a yes or no for 15 days; needed by 20 August 2026"
    assert item.importance == 4  # 1, and 1 for each of three people
    assert item.trouble == 6.1  # 3, 1.1 weeks longer than one, 2 for being needed soon
    assert (item.url, item.step_url) == ("/catalog/request/2", "/catalog/triage")


def test_an_accepted_request_needs_somebody_who_does_it() -> None:
    accepted = {"state": "accepted", "accepted_at": ago(8)}
    store = Everything(
        requests=(
            request(1, 20, **accepted),
            request(2, 20, **accepted, assignee="ada"),
            request(3, 20, state="accepted", accepted_at=ago(2)),
        )
    )
    assert set(found(store=store)) == {"unowned:request/1"}


def test_bad_feedback_waits_for_an_answer_and_matters_as_much_as_what_it_is_about() -> None:
    def feedback(number: int, rating: int, **fields: object) -> Feedback:
        given = Feedback(number, "report/review", "v1", rating, "Wrong  total", "bo", ago(14))
        return replace(given, **fields)  # type: ignore[arg-type]

    told = (feedback(1, 2), feedback(2, 3), feedback(3, 1, answer="Mended"), feedback(4, 1))
    items = found(store=Everything(feedback=told))
    assert set(items) == {"bad_feedback:feedback/1", "bad_feedback:feedback/4"}
    item = items["bad_feedback:feedback/1"]
    assert (item.title, item.what) == ("Review", "rated 2 of 5: “Wrong total”")
    assert item.importance == 3  # 1, and 2 for the report
    assert item.trouble == 4.5  # 4, and half a month
    assert items["bad_feedback:feedback/4"].trouble == 5.5


def test_an_action_past_its_day_is_listed_with_the_objective_that_it_serves() -> None:
    actions = (
        Action("Tell the shop", "bo@example.com", date(2026, 7, 27)),
        Action("Order cake", "bo@example.com", date(2026, 8, 1), done_on=date(2026, 8, 1)),
        Action("Write it down", "cy@example.com", date(2026, 8, 10)),
    )
    curated = replace(
        CURATED,
        minutes=(
            Minutes("kickoff", "Kickoff", "ada", actions=actions, decisions=("one-shop",)),
        ),
        decisions=(Decision("one-shop", "One shop", "ada", settles=("roadmap/shop",)),),
        roadmap=(RoadmapItem("shop", "The shop", "ada", objective="trust"),),
    )  # fmt: skip
    items = found(curated)
    assert set(items) == {"overdue_action:minutes/kickoff#1"}
    item = items["overdue_action:minutes/kickoff#1"]
    assert item.what == "due 27 July 2026, from “Kickoff”"
    assert (item.owner, item.trouble, item.objectives) == ("bo@example.com", 4, ("trust",))
    assert item.url == "/catalog/minutes/kickoff"


@pytest.mark.parametrize(
    ("standing", "weight"),
    [
        ("off track", 6),
        ("at risk", 4),
        ("not measured", 3),
        ("on track", None),
        ("reached", None),
        ("not begun", None),
    ],
)
def test_a_key_result_that_is_not_on_track_is_listed(standing: str, weight: int | None) -> None:
    stands = Progress("faster", standing, "0 % of it is done")
    item = found(progresses={"faster": stands}).get("off_track:key_result/faster")
    assert (item.trouble if item else None) == weight
    if item:
        assert item.objectives == ("trust",) and item.importance == 11
        assert item.url == "/catalog/key_result/faster"


def test_what_was_not_reached_is_listed_for_a_month_after_its_time() -> None:
    graph, stands = company(), Progress("faster", "off track", "its time is over")
    known = Known(curated=CURATED, progresses={"faster": stands})
    for days, listed in ((30, 1), (31, 0)):
        at = datetime.combine(FASTER.due, NOW.timetz()) + days * DAY
        made = dict.fromkeys(graph.assets, replace(MADE, made_at=at))
        assert len(attention(graph, made, known, at)) == listed


def test_what_is_not_measured_because_a_table_is_late_is_left_to_that() -> None:
    graph = company()
    known = Known(
        curated=CURATED,
        progresses={"faster": Progress("faster", "not measured", "marts/revenue is late")},
    )
    for late in (old(100), Status()):
        items = attention(graph, {**fine(graph), "marts/revenue": late}, known, NOW)
        assert [item.key for item in items] == ["late:marts/revenue"]


def test_a_document_is_behind_when_the_code_changed_two_weeks_after_it() -> None:
    described = asset("marts/told", file="dbt/told.sql", described_in="dbt/marts.yml")
    graph = company(described)
    metric = Metric(
        "revenue", "Revenue", "ada", file="defs/product/metrics/revenue.md",
        tables=("marts/revenue",),
    )  # fmt: skip
    curated = replace(CURATED, metrics=(metric,))
    at = {
        "dbt/told.sql": ago(30), "dbt/marts.yml": ago(40),
        "dbt/revenue.sql": ago(30), "defs/product/metrics/revenue.md": ago(90),
    }  # fmt: skip
    items = attention(graph, fine(graph), Known(curated=curated, changed=at), NOW)
    assert [item.key for item in items] == ["old_document:metric/revenue"]
    assert items[0].what.startswith("revenue was changed on 11 July 2026")
    assert items[0].objectives == ("trust",)
    assert items[0].trouble == 0.7  # 0.5, and a sixth of 0.5 for each month
    at["dbt/marts.yml"] = ago(60)
    items = attention(graph, fine(graph), Known(curated=curated, changed=at), NOW)
    assert "old_document:marts/told" in {item.key for item in items}


def test_dates_are_those_of_the_last_commits_and_none_without_git(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commit = Commit("2026-07-01T12:00:00+02:00", "Ada", "Count VAT")
    monkeypatch.setattr(changes, "last", lambda files: dict.fromkeys(files, commit))
    found = documents.changed(company(), CURATED)
    assert {f: at.isoformat() for f, at in found.items()} == {
        "dbt/revenue.sql": "2026-07-01T10:00:00+00:00"
    }
    monkeypatch.setattr(changes, "last", lambda files: {})
    assert documents.changed(company(), CURATED) == {}

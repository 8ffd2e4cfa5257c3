"""Two quarters of requests and feedback of the sample company."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from platform_assets.product import curated
from platform_assets.product.broken import broken
from platform_assets.product.kinds import RICE, STATES, WSJF
from platform_assets.product.links import into_store, links
from platform_assets.product.store import RecordStore
from platform_assets.product.store.bounds import INPUT_RANGES, TITLE
from platform_assets.sample.demand import records
from platform_assets.sample.demand_feedback import FEEDBACK
from resources.settings import PROJECT_ROOT

TODAY = date(2026, 11, 29)
COMPANY = records(TODAY)


@pytest.mark.parametrize("weekday", range(7))
def test_all_of_it_happened_before_today_in_the_order_of_its_numbers(weekday: int) -> None:
    today = TODAY + timedelta(days=weekday)
    found = records(today)
    begin = datetime.combine(today, time(), UTC)
    for kept in (found.requests, found.feedback, found.comments):
        times = [each.created_at for each in kept]
        assert times == sorted(times)
        assert begin - timedelta(days=183) < times[0] and times[-1] < begin
    assert [change.at for change in found.history] == sorted(c.at for c in found.history)
    assert max(request.updated_at for request in found.requests) < begin
    assert max(f.answered_at for f in found.feedback if f.answered_at) < begin


def test_the_same_day_has_the_same_records() -> None:
    assert records(TODAY) == COMPANY


def test_requests_are_in_all_states_and_of_all_sorts() -> None:
    states = Counter(request.state for request in COMPANY.requests)
    assert set(states) == set(STATES)
    assert sum(states.values()) >= 45
    assert any(set(RICE) <= set(r.inputs) for r in COMPANY.requests)
    assert any(set(WSJF) <= set(r.inputs) for r in COMPANY.requests)
    assert any(r.override is not None and r.override_reason for r in COMPANY.requests)
    assert {True, False} <= {r.helped for r in COMPANY.requests}
    assert all(len(r.title) <= TITLE for r in COMPANY.requests)
    for name, (least, most) in INPUT_RANGES.items():
        assert all(least <= r.inputs.get(name, least) <= most for r in COMPANY.requests)


def test_feedback_is_on_all_five_reports_and_some_of_it_is_bad_and_unanswered() -> None:
    reports = {said.about for said in FEEDBACK if said.about.startswith("report/")}
    folders = (PROJECT_ROOT / "platform_assets" / "defs" / "reports").iterdir()
    assert reports <= {f"report/{folder.name}" for folder in folders} and len(reports) == 5
    assert len(COMPANY.feedback) >= 60
    assert any(f.rating <= 2 and not f.answer for f in COMPANY.feedback)


def test_no_link_between_what_was_asked_and_what_is_written_is_broken() -> None:
    written = curated.read(PROJECT_ROOT / "platform_assets" / "defs" / "product", PROJECT_ROOT)
    found = links(written, COMPANY.requests, COMPANY.feedback)
    people = {each.name for each in COMPANY.requests} | {each.name for each in COMPANY.feedback}
    both = [x for x in found if into_store(x) and x.relation not in ("about", "answered_by")]
    assert broken(both, {*written.by_name, *people}, ()) == []
    agreed = {(r.name, f"requirement/{r.requirement}") for r in COMPANY.requests if r.requirement}
    said = {(x.source, x.target) for x in found if x.relation == "taken_up_by" and x.place}
    assert agreed <= said


def test_a_store_takes_them_once(tmp_path: Path) -> None:
    store = RecordStore(f"sqlite:///{tmp_path}/records.sqlite")
    assert store.seed(COMPANY) > 1000
    assert store.seed(COMPANY) == 0
    kept = store.everything()
    assert kept.history == COMPANY.history
    asked = {request.number: request for request in kept.requests}
    assert asked[16].asked == 5 and asked[16].comments == 2
    assert asked[7].merged_into == 1 and "jonas.brandt@fernweh.example" in asked[1].voters
    store.close()

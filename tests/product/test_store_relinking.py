"""What names something that is gone is led elsewhere, or rests; nothing that was said is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from platform_assets.product.kinds import Feedback
from platform_assets.product.store import RecordStore, Refused

OLD, NEW = "report/old", "report/new"
THEN = "2026-07-01T063000Z"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    """Request 1 is closed and answered by a report, 2 is about it; feedback 1 is on it."""
    found = RecordStore(f"sqlite:///{tmp_path}/records.sqlite")
    found.submit_request("mara", title="Orders")
    found.ship(1, "emil", OLD, THEN)
    found.say_helped(1, "mara", True)
    found.submit_request("jonas", title="Returns", about=OLD)
    found.submit_request("jonas", title="Stock", about="report/other")
    say(found, OLD)
    say(found, "report/other")
    yield found
    found.close()


def say(store: RecordStore, about: str) -> Feedback:
    return store.submit_feedback("jonas", about=about, version=THEN, rating=4, words="Good.")


def test_all_that_names_an_asset_is_led_to_another_in_any_state(store: RecordStore) -> None:
    assert store.relink(OLD, "nora", NEW) == 3
    closed, about, other = store.request(1), store.request(2), store.request(3)
    assert (closed.answered_by, closed.answered_version, closed.state) == (NEW, "", "closed")
    assert (about.about, other.about) == (NEW, "report/other")
    other_said, said = store.feedback()
    assert (said.about, said.version, said.words) == (NEW, f"gone: {THEN}", "Good.")
    assert (other_said.about, other_said.version) == ("report/other", THEN)
    changes = [c for c in store.history("feedback/1") if c.who == "nora"]
    assert [(c.field, c.before, c.after) for c in changes] == [
        ("about", OLD, NEW),
        ("version", THEN, f"gone: {THEN}"),
    ]


def test_what_rests_says_what_it_was_and_is_led_back_when_that_is_there_again(
    store: RecordStore,
) -> None:
    before = (store.request(1), store.feedback(OLD)[0])
    assert store.relink(OLD, "nora") == 3
    assert store.request(1).answered_by == store.request(2).about == f"gone: {OLD}"
    assert store.request(1).answered_version == THEN
    assert (store.feedback()[1].about, store.feedback()[1].version) == (f"gone: {OLD}", THEN)
    with pytest.raises(Refused, match=f"Nothing names {OLD} any more"):
        store.relink(OLD, "nora")
    assert store.relink(f"gone: {OLD}", "nora", OLD) == 3
    assert (store.request(1).answered_by, store.feedback(OLD)[0]) == (OLD, before[1])
    assert store.request(1).answered_version == before[0].answered_version


def test_a_version_that_is_gone_is_led_to_another_or_rests(store: RecordStore) -> None:
    assert store.relink("report/other", "nora", version=THEN) == 1
    assert store.feedback("report/other")[0].version == f"gone: {THEN}"
    assert store.relink("report/other", "nora", "2026-07-02T063000Z", f"gone: {THEN}") == 1
    assert store.feedback("report/other")[0].version == "2026-07-02T063000Z"
    assert store.request(3).about == "report/other"


def test_requirements_and_requests_that_are_gone(store: RecordStore) -> None:
    store.accept(2, "nora", requirement="fats")
    assert store.relink("requirement/fats", "nora", "requirement/fast") == 1
    assert store.request(2).requirement == "fast"
    assert store.relink("requirement/fast", "nora") == 1
    assert (store.request(2).requirement, store.request(2).state) == ("", "accepted")
    store.merge(2, "nora", 3)
    assert store.relink("request/3", "nora", "request/1") == 1
    assert store.request(2).merged_into == 1
    assert store.relink("request/1", "nora") == 1
    assert (store.request(2).state, store.request(2).merged_into) == ("new", None)
    first, second = store.split(3, "nora", ["One", "Two"])
    assert store.relink("request/3", "nora", "request/2") == 2
    assert store.relink("request/2", "nora") == 2
    assert store.request(first.number).split_from is store.request(second.number).split_from is None

"""The store: what is kept of what people do, who did it when, and what is refused."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from platform_assets.product.kinds import Change
from platform_assets.product.store import Everything, Missing, RecordStore, Refused, writing
from resources.errors import PlatformError
from resources.settings import settings
from tests.servers import postgresql

SOON = datetime.now(UTC) + timedelta(days=7)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    found = RecordStore(f"sqlite:///{tmp_path}/product/records.sqlite")
    yield found
    found.close()


def told(store: RecordStore, record: str) -> list[tuple[str, str, str, str]]:
    return [(c.who, c.field, c.before, c.after) for c in store.history(record)]


def a_busy_week(store: RecordStore) -> None:
    """Do everything that can be done, once at least."""
    ask = store.submit_request
    ask("ann", title="Revenue by week", decision="prices", needed_by=date(2026, 9, 30))
    ask("bo", title="Weekly revenue", about="search: revenue week")
    ask("cy", title="All of marketing", waiting_costs="a campaign")
    ask("dee", title="Live stock")
    store.vote(1, "eve")
    store.vote(2, "fay")
    store.vote(3, "eve")
    store.estimate(1, "po", reach=40, impact=2, confidence=0.8, effort=1.5)
    store.override(3, "po", 99, "promised")
    store.merge(2, "po", into=1)
    store.accept(1, "po", assignee="eng", requirement="weekly-revenue")
    store.split(3, "po", ["Spend by channel", "Sign-ups by channel"])
    store.decline(4, "po", "nobody can act on it by the minute")
    store.assign(5, "po", "eng")
    store.edit(6, "cy", title="Sign-ups by source", needed_by=None)
    store.ship(1, "eng", "report/weekly", "3")
    store.submit_feedback("ann", about="report/weekly", version="3", rating=4, words="good")
    store.submit_feedback(
        "fay", about="marts/orders", version="", rating=1, words="late", stage="trial", request=1
    )
    store.answer(2, "eng", "fixed")
    store.say_helped(1, "ann", True, "prices are set")
    store.comment("request/1", "fay", "mine too")
    store.comment("objective/faster", "po", "by when?")
    store.snooze("late:marts/orders", "eng", "source is down", SOON)
    store.snooze("unused:marts/old", "eng", "season", SOON)
    store.wake("unused:marts/old", "po")
    store.unvote(1, "fay")


def test_a_request_is_kept_as_it_was_asked_with_its_history(store: RecordStore) -> None:
    asked = store.submit_request(
        " ann ", title="Revenue\nby week", decision="a\r\nb", needed_by=date(2026, 9, 30)
    )
    assert store.request(1) == asked
    assert (asked.number, asked.asker, asked.title) == (1, "ann", "Revenue by week")
    assert (asked.decision, asked.needed_by, asked.state) == ("a\nb", date(2026, 9, 30), "new")
    assert asked.created_at == asked.updated_at and asked.created_at.tzinfo is not None
    assert told(store, "request/1") == [
        ("ann", "title", "", "Revenue by week"),
        ("ann", "asker", "", "ann"),
        ("ann", "state", "", "new"),
        ("ann", "decision", "", "a\nb"),
        ("ann", "needed_by", "", "2026-09-30"),
    ]
    assert {change.at for change in store.history("request/1")} == {asked.created_at}


def test_every_edit_is_told_with_what_stood_there_before(store: RecordStore) -> None:
    store.submit_request("ann", title="Revenue", needed_by=date(2026, 9, 30))
    first = len(store.history("request/1"))
    store.edit(1, "bo", title="Revenue by week", needed_by=None)
    store.estimate(1, "po", reach=40.0, effort=0.5)
    store.estimate(1, "po", reach=None)
    store.override(1, "po", 7, "the law")
    store.accept(1, "po", requirement="weekly")
    store.ship(1, "eng", "report/weekly", "3")
    store.say_helped(1, "ann", False, "the wrong year")
    assert told(store, "request/1")[first:] == [
        ("bo", "title", "Revenue", "Revenue by week"),
        ("bo", "needed_by", "2026-09-30", ""),
        ("po", "reach", "", "40"),
        ("po", "effort", "", "0.5"),
        ("po", "reach", "40", ""),
        ("po", "override", "", "7"),
        ("po", "override_reason", "", "the law"),
        ("po", "state", "new", "accepted"),
        ("po", "requirement", "", "weekly"),
        ("eng", "state", "accepted", "shipped"),
        ("eng", "answered_by", "", "report/weekly"),
        ("eng", "answered_version", "", "3"),
        ("ann", "state", "shipped", "accepted"),
        ("ann", "answered_by", "report/weekly", ""),
        ("ann", "answered_version", "3", ""),
        ("ann", "helped", "", "false"),
        ("ann", "helped_words", "", "the wrong year"),
    ]
    assert store.request(1).updated_at == store.history("request/1")[-1].at


def test_who_asked_for_what_was_merged_asks_for_what_it_lives_on_in(store: RecordStore) -> None:
    for who in ("ann", "bo", "cy", "ann"):
        store.submit_request(who, title=f"{who} needs it {len(store.requests())}")
    store.vote(3, "dee")
    store.merge(3, "po", into=2)
    store.merge(2, "po", into=1)
    store.merge(4, "po", into=1)
    assert store.request(1).voters == ("bo", "cy", "dee"), "the asker is no voter"
    assert store.request(1).asked == 4
    assert {r.number: r.voters for r in store.requests()} == {
        1: ("bo", "cy", "dee"),
        2: ("cy", "dee"),
        3: ("dee",),
        4: (),
    }
    assert store.unvote(1, "dee").voters == ("bo", "cy")
    assert told(store, "request/3")[-1] == ("dee", "vote", "dee", "")
    store.reopen(2, "po")
    assert store.request(1).voters == ()
    assert store.request(2).voters == ("cy",)


def test_what_is_taken_back_is_what_it_was_before(store: RecordStore) -> None:
    store.submit_request("ann", title="Revenue")
    store.submit_request("bo", title="Other")

    def does_and_takes_back(step: Callable[[], object]) -> None:
        before = store.request(1)
        step()
        store.comment("request/1", "bo", "Meanwhile")
        after = store.undo(1, "po")
        same = {"updated_at": before.updated_at, "comments": before.comments}
        assert replace(after, **same) == before

    does_and_takes_back(lambda: store.ship(1, "eng", "report/a", "1"))
    assert store.request(1).state == "new"
    store.ship(1, "eng", "report/a", "1")
    does_and_takes_back(lambda: store.ship(1, "eng", "report/b", "2"))
    assert store.request(1).answered_by == "report/a"
    store.say_helped(1, "ann", False, "the wrong year")
    does_and_takes_back(lambda: store.ship(1, "eng", "report/c", "3"))
    assert store.request(1).helped is False
    does_and_takes_back(lambda: store.decline(1, "po", "no"))
    does_and_takes_back(lambda: store.merge(1, "po", into=2))
    assert told(store, "request/1")[-2:] == [
        ("po", "state", "merged", "accepted"),
        ("po", "merged_into", "2", ""),
    ]


def test_who_wanted_the_whole_wants_its_parts(store: RecordStore) -> None:
    store.submit_request("ann", title="All")
    store.vote(1, "bo")
    store.submit_request("cy", title="All of it")
    store.merge(2, "po", into=1)
    parts = store.split(1, "po", ["One", " ", "Two"])
    assert [(p.number, p.title, p.asker, p.voters) for p in parts] == [
        (3, "One", "ann", ("bo", "cy")),
        (4, "Two", "ann", ("bo", "cy")),
    ]
    assert ("po", "split_from", "", "1") in told(store, "request/3")


def test_one_person_has_one_vote(store: RecordStore) -> None:
    store.submit_request("ann", title="Revenue")
    for who in ("bo", "bo", "ann", " bo"):
        assert store.vote(1, who).asked <= 2
    before = store.changes()
    assert store.vote(1, "bo").voters == ("bo",)
    assert store.unvote(1, "nobody").voters == ("bo",)
    assert store.changes() == before, "nothing was written"
    store.decline(1, "po", "no")
    with pytest.raises(Refused, match="declined"):
        store.vote(1, "cy")


def test_what_is_sent_twice_is_kept_once(store: RecordStore) -> None:
    said: dict[str, Any] = {"about": "report/a", "version": "1", "rating": 3, "words": "so"}
    for _ in range(2):
        assert store.submit_request("ann", title="Revenue", needed_by=None).number == 1
        assert store.submit_feedback("ann", **said).number == 1
        assert store.comment("request/1", "ann", "soon?").number == 1
    assert store.submit_request("bo", title="Revenue").number == 2
    assert store.submit_request("ann", title="Revenue", decision="prices").number == 3
    assert store.submit_feedback("ann", **{**said, "rating": 2}).number == 2
    assert store.comment("request/2", "ann", "soon?").number == 2


def test_what_is_sent_again_later_counts_again(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.submit_request("ann", title="Revenue")
    monkeypatch.setattr(writing, "WINDOW", timedelta(0))
    assert store.submit_request("ann", title="Revenue").number == 2


def test_nobody_floods_the_store(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST", 5)
    store.submit_request("ann", title="Revenue", decision="a", waiting_costs="b")
    store.submit_feedback("ann", about="report/a", version="1", rating=3, words="")
    store.comment("request/1", "ann", "soon?")
    store.edit(1, "ann", title="Revenue by week", decision="c")
    store.submit_request("ann", title="Orders")
    before = store.everything()
    for send in (
        lambda: store.submit_request("ann", title="More"),
        lambda: store.submit_feedback("ann", about="report/b", version="1", rating=3, words=""),
        lambda: store.comment("request/1", "ann", "more"),
        lambda: store.edit(1, "ann", title="More"),
    ):
        with pytest.raises(Refused, match="ann has sent 5 entries within 10 minutes"):
            send()
    assert store.everything() == before
    assert store.submit_request("ann", title="Orders").number == 2, "what is kept is still found"
    assert store.submit_request("bo", title="More").number == 3
    for _ in range(3):
        store.decline(3, "ann", "no")
        store.reopen(3, "ann")
    assert store.request(3).state == "new", "triage may be quick"


def test_what_is_refused_changes_nothing(store: RecordStore) -> None:
    a_busy_week(store)
    before, changes = store.everything(), store.changes()
    for error, attempt in (
        (Refused, lambda: store.submit_request("ann", title=" ")),
        (Refused, lambda: store.submit_request("", title="Revenue")),
        (Refused, lambda: store.submit_request("ann", title="a" * 201)),
        (Refused, lambda: store.submit_feedback("a", about="", version="", rating=3, words="")),
        (Refused, lambda: store.submit_feedback("a", about="x", version="", rating=9, words="")),
        (Missing, lambda: store.submit_feedback(
            "a", about="x", version="", rating=3, words="", request=77)),
        (Refused, lambda: store.comment("request/1", "ann", "\x00")),
        (Missing, lambda: store.comment("request/77", "ann", "hello")),
        (Missing, lambda: store.comment("feedback/77", "ann", "hello")),
        (Missing, lambda: store.comment("nothing/1", "ann", "hello")),
        (Refused, lambda: store.decline(5, "po", "")),
        (Refused, lambda: store.override(5, "po", 3, "")),
        (Refused, lambda: store.split(5, "po", ["one", " "])),
        (Refused, lambda: store.merge(5, "po", into=2)),
        (Missing, lambda: store.merge(5, "po", into=77)),
        (Refused, lambda: store.ship(5, "po", "")),
        (Missing, lambda: store.answer(77, "po", "sorry")),
        (Refused, lambda: store.snooze("x", "po", "why", datetime.now(UTC))),
        (Refused, lambda: store.snooze("x", "po", "", SOON)),
    ):  # fmt: skip
        with pytest.raises(error) as caught:
            attempt()
        assert caught.value.message
    assert store.everything() == before and store.changes() == changes


@pytest.mark.parametrize("number", [0, -1, 77, 2**63, 10**30])
def test_there_is_no_such_record(store: RecordStore, number: int) -> None:
    with pytest.raises(Missing, match=f"no request/{number}"):
        store.request(number)
    with pytest.raises(KeyError):
        store.accept(number, "po")
    with pytest.raises(PlatformError):
        store.answer(number, "po", "sorry")


def test_hostile_words_are_words(store: RecordStore) -> None:
    hostile = "'); DROP TABLE product_requests; --<script>alert(1)</script>{{7*7}}%s\ud800\x00"
    kept = store.submit_request(hostile, title=hostile, decision=hostile, about=hostile)
    assert kept.title == kept.decision == kept.asker == hostile[:-2]
    store.comment("request/1", hostile, hostile)
    store.vote(1, hostile + "2")
    assert store.request(1).voters == (hostile[:-2] + "2",)


def test_feedback_is_answered_and_found_by_what_it_is_on(store: RecordStore) -> None:
    a_busy_week(store)
    assert [f.number for f in store.feedback()] == [2, 1]
    (found,) = store.feedback("marts/orders")
    assert (found.stage, found.request, found.answer, found.answered_by) == (
        "trial",
        1,
        "fixed",
        "eng",
    )
    assert told(store, "feedback/2")[-2:] == [
        ("eng", "answer", "", "fixed"),
        ("eng", "answered_by", "", "eng"),
    ]
    assert store.feedback("report/none") == []


def test_comments_are_counted_and_told(store: RecordStore) -> None:
    a_busy_week(store)
    assert [c.words for c in store.comments("request/1")] == ["mine too"]
    assert [c.author for c in store.comments("objective/faster")] == ["po"]
    assert {r.number for r in store.requests() if r.comments} == {1}
    assert ("fay", "comment", "", "mine too") in told(store, "request/1")


def test_a_snooze_holds_until_its_end_or_until_it_is_woken(store: RecordStore) -> None:
    store.snooze("late:a", "ann", "source is down", SOON)
    store.snooze("late:a", "bo", "source is still down", SOON + timedelta(days=1))
    (found,) = store.snoozes()
    assert (found.who, found.until) == ("bo", SOON + timedelta(days=1))
    assert store.snoozes(found.until) == [] and store.snoozes(found.at) == [found]
    assert store.snoozes(found.at - timedelta(seconds=1)) == []
    store.wake("late:a", "cy")
    before = store.changes()
    store.wake("late:a", "cy")
    assert store.snoozes() == [] and store.changes() == before
    assert [(who, field) for who, field, _, after in told(store, "snooze/late:a") if not after] == [
        ("cy", "reason"),
        ("cy", "until"),
    ]


def test_changes_grow_with_every_write_and_with_nothing_else(store: RecordStore) -> None:
    seen = [store.changes()]
    store.submit_request("ann", title="Revenue")
    seen.append(store.changes())
    for write in (
        lambda: store.vote(1, "bo"),
        lambda: store.comment("request/1", "bo", "yes"),
        lambda: store.accept(1, "po"),
        lambda: store.snooze("x", "po", "later", SOON),
        lambda: store.wake("x", "po"),
    ):
        write()
        seen.append(store.changes())
    assert seen == sorted(set(seen))
    store.accept(1, "po")
    store.requests()
    assert store.changes() == seen[-1]


def test_history_cannot_be_changed_even_past_the_store(store: RecordStore, tmp_path: Path) -> None:
    a_busy_week(store)
    engine = sa.create_engine(store.url)
    for statement in ("UPDATE product_history SET who = 'x'", "DELETE FROM product_history"):
        with pytest.raises(sa.exc.DBAPIError, match="never changed"), engine.begin() as connection:
            connection.execute(sa.text(statement))
    engine.dispose()


def test_postgresql_keeps_the_same_and_can_take_over(store: RecordStore) -> None:
    a_busy_week(store)
    url = postgresql().new_database()
    there, copy = RecordStore(url), RecordStore(postgresql().new_database())
    try:
        a_busy_week(there)
        assert timeless(there.everything()) == timeless(store.everything())
        assert there.changes() == store.changes()
        assert copy.seed(store.everything()) > 50
        assert copy.everything() == store.everything()
        assert copy.submit_request("ann", title="One more").number == 7
        engine = sa.create_engine(url)
        for statement in ("UPDATE product_history SET who = 'x'", "TRUNCATE product_history"):
            with pytest.raises(sa.exc.DBAPIError, match="never changed"), engine.begin() as c:
                c.execute(sa.text(statement))
        engine.dispose()
    finally:
        there.close()
        copy.close()


def timeless(found: Everything) -> Everything:
    """Return it with all times the same."""

    def same(record: Any) -> Any:
        times = {k: SOON for k, v in vars(record).items() if isinstance(v, datetime)}
        return replace(record, **times)

    return Everything(*(tuple(map(same, records)) for records in vars(found).values()))


def test_only_an_empty_store_is_seeded(store: RecordStore, tmp_path: Path) -> None:
    a_busy_week(store)
    other = RecordStore(f"sqlite:///{tmp_path}/other.sqlite")
    count = sum(len(records) for records in vars(store.everything()).values())
    assert other.seed(store.everything()) == count
    assert other.everything() == store.everything() and other.changes() == 1
    assert other.seed(store.everything()) == 0 and other.changes() == 1
    other.close()


def test_a_store_says_that_it_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database" * 100)
    for url in (
        f"sqlite:///{tmp_path}/file/records.sqlite",
        f"sqlite:///{tmp_path}/file",
        "sqlite://",
        "mysql://u:geheim99@localhost/x",
        "nonsense",
        "postgresql://u:geheim99@127.0.0.1:1/x",
    ):
        with pytest.raises(PlatformError) as caught:
            RecordStore(url).requests()
        assert "PLATFORM_RECORDS_URL" in caught.value.hint
        assert "geheim99" not in str(caught.value) and "geheim99" not in repr(RecordStore(url))


def test_the_settings_name_the_store(project_data: Path) -> None:
    store = RecordStore.from_settings()
    store.submit_request("ann", title="Revenue")
    store.close()
    assert store.url == settings().records
    assert (project_data / "product" / "records.sqlite").is_file()
    assert store.request(1).title == "Revenue", "it opens again"
    assert isinstance(store.history("request/1")[0], Change)
    store.close()

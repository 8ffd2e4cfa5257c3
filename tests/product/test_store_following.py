"""Keeping up with a store: what is known after each edit is what a new reader would find."""

import random
from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from platform_assets.product.kinds import Request
from platform_assets.product.store import (
    Everything,
    Missing,
    RecordStore,
    Refused,
    Submitted,
    following,
    reading,
    writing,
)

PEOPLE = ("ann", "bo", "cy", "dee")
LATER = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    found = RecordStore(f"sqlite:///{tmp_path}/records.sqlite")
    yield found
    found.close()


def anew(store: RecordStore) -> Submitted:
    return store.follow(Submitted())


def an_edit(store: RecordStore, chance: random.Random) -> None:
    """Do one thing of what people do, if it is allowed."""
    who, number, other = chance.choice(PEOPLE), chance.randint(1, 9), chance.randint(1, 9)
    edits: list[Callable[[], object]] = [
        lambda: store.submit_request(who, title=f"Number {chance.random()}"),
        lambda: store.submit_feedback(who, about="marts/a", version="", rating=2, words="No"),
        lambda: store.vote(number, who),
        lambda: store.unvote(number, who),
        lambda: store.merge(number, who, into=other),
        lambda: store.reopen(number, who),
        lambda: store.accept(number, who, assignee="eng"),
        lambda: store.split(number, who, [f"One {chance.random()}", f"Two {chance.random()}"]),
        lambda: store.decline(number, who, "no"),
        lambda: store.estimate(number, who, reach=chance.randint(1, 50)),
        lambda: store.comment(f"request/{number}", who, f"Well {chance.random()}"),
        lambda: store.answer(number, who, "mended"),
        lambda: store.snooze("late:marts/a", who, "they move", LATER),
    ]
    try:
        chance.choice(edits)()
    except (Refused, Missing):
        return


def test_what_is_kept_up_is_what_a_new_reader_finds(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MOST", 1_000)
    chance, known, seen = random.Random(8), anew(store), 0
    for _ in range(60):
        before = known
        for _ in range(chance.randint(1, 3)):
            an_edit(store, chance)
        known = store.follow(before)
        assert known == anew(store)
        same = {id(each) for each in before.requests} & {id(each) for each in known.requests}
        seen += len(same)
    merged = [r for r in known.requests if r.merged_into]
    assert len(known.requests) > 9 and merged and seen > 200


def test_after_an_edit_only_what_it_changed_is_read(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    many = [
        Request(n, f"Number {n}", "ann", at + timedelta(n), at + timedelta(n))
        for n in range(1, 301)
    ]
    store.seed(Everything(requests=tuple(many)))
    known = anew(store)
    asked: list[Set[int] | None] = []
    read = reading.requests

    def remember(connection: sa.Connection, only: Set[int] | None = None) -> list[Request]:
        asked.append(only)
        return read(connection, only)

    monkeypatch.setattr(reading, "requests", remember)
    store.merge(7, "po", into=9)
    known = store.follow(known)
    assert [set(only or ()) for only in asked] == [{7, 300}, {9}]  # 300: of the last moment known
    assert known == anew(store) and asked[-1] is None
    assert next(r for r in known.requests if r.number == 9).asked == 1


def test_many_edits_at_once_and_another_store_are_read_whole(
    store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = anew(store)
    store.seed(Everything(requests=(Request(1, "One", "ann", LATER, LATER),)))
    known = store.follow(empty)
    assert [r.number for r in known.requests] == [1]
    monkeypatch.setattr(following, "MOST", 0)
    store.vote(1, "bo")
    known = store.follow(known)
    assert known.requests[0].voters == ("bo",)
    other = RecordStore(f"sqlite:///{tmp_path}/other.sqlite")
    other.seed(Everything(requests=(Request(5, "Five", "ann", LATER, LATER),)))
    assert [r.number for r in other.follow(known).requests] == [5]
    other.close()


def test_a_moment_alone_that_history_does_not_tell_is_seen(store: RecordStore) -> None:
    store.submit_request("ann", title="Revenue")
    known = anew(store)
    with store._writing("po") as w:
        before = reading.request(w.connection, 1)
        w.change_request(before, replace(before, accepted_at=LATER))
    assert store.follow(known).requests[0].accepted_at == LATER
    store.submit_feedback("ann", about="marts/a", version="", rating=2, words="No")
    store.answer(1, "eng", "Mended")
    known = store.follow(known)
    store.answer(1, "eng", "Mended")
    assert store.follow(known).feedback == anew(store).feedback != known.feedback

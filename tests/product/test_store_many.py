"""Many who write at once, and some who die while they do: nothing is lost, nothing is half kept."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from platform_assets.product.store import RecordStore, Refused, database
from platform_assets.product.store.tables import requests
from resources.errors import PlatformError
from tests.product import store_processes
from tests.servers import postgresql

PEOPLE = 50
LINES = 94  # of the writing code; a request is kept after fewer


@pytest.fixture(params=["sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[RecordStore]]:
    """Three stores on one database, which know as little of each other as three processes."""
    sqlite = f"sqlite:///{tmp_path}/records.sqlite"
    url = sqlite if request.param == "sqlite" else postgresql().new_database()
    found = [RecordStore(url) for _ in range(3)]
    yield found
    for each in found:
        each.close()


def all_is_whole(store: RecordStore, writes: int) -> None:
    """Look whether numbers, history and the count of writes agree with the records."""
    found = store.everything()
    for records in (found.requests, found.feedback, found.comments, found.history):
        assert [r.number for r in records] == list(range(1, len(records) + 1))
    titles = Counter(c.record for c in found.history if c.field == "title")
    assert titles == Counter(r.name for r in found.requests)
    assert Counter(c.record for c in found.history if c.field == "rating") == Counter(
        f.name for f in found.feedback
    )
    assert len([c for c in found.history if c.field == "comment"]) == len(found.comments)
    assert len([c for c in found.history if c.field == "vote"]) == len(found.votes)
    assert store.changes() == writes


def test_fifty_people_at_once_lose_nothing(stores: list[RecordStore]) -> None:
    start = threading.Barrier(PEOPLE)

    def act(person: int) -> int:
        store, who = stores[person % 3], f"person {person}"
        start.wait()
        asked = store.submit_request(who, title=f"what {who} needs")
        store.submit_feedback(who, about="report/a", version="1", rating=1 + person % 5, words=who)
        store.comment("report/a" if not asked.number else asked.name, who, "soon?")
        store.vote(1, who)
        return asked.number

    with ThreadPoolExecutor(PEOPLE) as pool:
        numbers = list(pool.map(act, range(PEOPLE)))
    assert sorted(numbers) == list(range(1, PEOPLE + 1))
    assert stores[0].request(1).asked == PEOPLE
    assert {r.number: r.asker for r in stores[1].requests()} == {
        number: f"person {person}" for person, number in enumerate(numbers)
    }
    all_is_whole(stores[2], writes=PEOPLE * 4 - 1)  # who asked for the first has no vote


def test_one_of_those_who_decide_at_once_is_first(stores: list[RecordStore]) -> None:
    stores[0].submit_request("ann", title="Revenue")
    stores[0].submit_request("bo", title="The same")
    start = threading.Barrier(12)

    def act(index: int) -> str:
        start.wait()
        try:
            if index % 2:
                return stores[index % 3].merge(1, f"p{index}", into=2).state
            return stores[index % 3].merge(2, f"p{index}", into=1).state
        except Refused:
            return "refused"

    with ThreadPoolExecutor(12) as pool:
        assert Counter(pool.map(act, range(12))) == {"merged": 1, "refused": 11}
    assert sorted(r.state for r in stores[0].requests()) == ["merged", "new"], "no circle"


def test_the_same_sent_by_many_clicks_is_kept_once(stores: list[RecordStore]) -> None:
    with ThreadPoolExecutor(12) as pool:
        sent = pool.map(lambda n: stores[n % 3].submit_request("ann", title="Revenue"), range(12))
        assert {request.number for request in sent} == {1}
    all_is_whole(stores[0], writes=1)


def test_who_reads_waits_for_no_writer_and_who_writes_not_for_ever(
    stores: list[RecordStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = stores[0].submit_request("ann", title="Revenue")
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.05)
    with stores[0]._database.writing() as connection:
        connection.execute(requests.update().values(title="unfinished"))
        for store in stores:
            assert store.requests() == [asked]
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(stores[0].submit_request, "bo", title="Orders")
            assert isinstance(waiting.exception(timeout=10), PlatformError)
    assert stores[0].submit_request("bo", title="Orders").number == 2


def test_eight_processes_that_open_and_write_at_once_lose_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/product/records.sqlite"
    process = store_processes.start("submit", url, 8)
    told = [line.split() for line in process.communicate(timeout=60)[0].splitlines()]
    assert process.returncode == 0
    assert sorted(int(number) for _, number in told) == list(range(1, 81))
    store = RecordStore(url)
    all_is_whole(store, writes=80)
    assert {r.number: r.asker for r in store.requests()} == {int(n): who for who, n in told}
    store.close()


def test_what_was_told_to_be_kept_is_kept_though_the_writer_is_killed(
    stores: list[RecordStore],
) -> None:
    stores[0].changes()  # open
    process = store_processes.start("submit_for_ever", stores[0].url, "writer")
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(15)]
    process.kill()
    told += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    count = len(stores[0].requests())
    assert 0 <= count - len(told) <= 1, "one may have been kept whose writer could not tell"
    all_is_whole(stores[1], writes=count)
    assert stores[2].submit_request("ann", title="goes on").number == count + 1


def test_dying_at_any_line_of_a_write_leaves_all_or_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.sqlite"
    process = store_processes.start("die_writing", url, LINES)
    told = dict(line.split() for line in process.communicate(timeout=60)[0].splitlines())
    assert process.returncode == 0
    assert 0 < len(told) < 10, "most died"
    store = RecordStore(url)
    kept = store.requests()
    all_is_whole(store, writes=len(kept))
    assert told.items() <= {r.asker: str(r.number) for r in kept}.items()
    for request in kept:
        fields = {change.field for change in store.history(request.name)}
        assert fields == {"title", "decision", "asker", "state"}
    store.close()

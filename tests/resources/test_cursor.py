"""Looking for new objects: few requests, and nothing is missed for longer than a sweep takes."""

import random
from bisect import bisect_right, insort
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resources.landing import cursor as module
from resources.landing import spans
from resources.landing.cursor import PAGES, Cursor, Found, Span
from resources.landing.names import Glob, LandedFile
from resources.landing.objects import PAGE, Page

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
LOOK, SWEEP = 5.0, 900.0  # seconds between two looks, and of a whole sweep


def alphabet(name: str) -> Any:
    return name


def tree(name: str) -> Any:
    """Order names as a store does that keeps folders: `a/b` before `a-b`."""
    return name.split("/")


class Bucket:
    """Names in a store's own order, a clock, and a count of what is asked."""

    def __init__(self, names: list[str], order: Callable[[str], Any] = alphabet) -> None:
        self._order = order
        self.names = sorted(names, key=order)
        self.loaded = set(names)
        self.pages = 0
        self.now = 0.0

    def page(self, beginning: str, after: str, patience: float | None = None) -> Page:
        self.pages += 1
        start = bisect_right(self.names, self._order(after), key=self._order) if after else 0
        found = [LandedFile(name, 1, MOMENT) for name in self.names[start : start + PAGE]]
        return Page(found, len(self.names) > start + PAGE)

    def land(self, *names: str) -> None:
        for name in {*names} - {*self.names}:
            insort(self.names, name, key=self._order)

    def known(self, file: LandedFile) -> bool:
        return file.path in self.loaded

    def look(self, cursor: Cursor, load: bool = True) -> tuple[Found, int]:
        """Look once, load what was found, and return it with the number of requests."""
        before, self.now = self.pages, self.now + LOOK
        found = cursor.look(self.known)
        if load:
            self.loaded |= {file.path for file in found.files}
        return found, self.pages - before

    def settle(self, cursor: Cursor, looks: int = 40) -> None:
        for _ in range(looks):
            self.look(cursor)


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Bucket], Cursor]:
    """Return what makes a cursor over a bucket, with the bucket's clock and a file of one's own."""

    def make(bucket: Bucket, recent: int = 1000) -> Cursor:
        monkeypatch.setattr(module.time, "monotonic", lambda: bucket.now)
        return Cursor(bucket, Glob("**"), recent, SWEEP, tmp_path / "cursor.json")  # type: ignore[arg-type]

    return make


def dated(number: int) -> str:
    return f"events/date=2026-{number // 2800 + 1:02}-{number % 2800 // 100 + 1:02}/{number:07}.gz"


def paths(found: Found) -> list[str]:
    return [file.path for file in found.files]


def test_a_small_zone_is_one_request_that_sees_everything(follow: Any) -> None:
    bucket = Bucket([f"{n:04}" for n in range(400)])
    cursor = follow(bucket)
    bucket.settle(cursor, 2)
    bucket.land("0000-late", "9999")
    assert bucket.look(cursor) == (
        Found([LandedFile("0000-late", 1, MOMENT), LandedFile("9999", 1, MOMENT)], [Span("", 402)]),
        1,
    )
    assert bucket.look(cursor)[1] == 1


def test_of_100_000_names_a_look_lists_the_last_and_finds_what_comes_after(follow: Any) -> None:
    bucket = Bucket([dated(n) for n in range(30_000)])
    cursor = follow(bucket)
    bucket.settle(cursor)
    asked = [bucket.look(cursor)[1] for _ in range(100)]
    assert max(asked) <= 2 and sum(asked) < 130
    for n in range(30_000, 30_100):
        bucket.land(dated(n))
        found, requests = bucket.look(cursor)
        assert paths(found) == [dated(n)] and requests <= 3


def test_late_names_are_found_by_the_sweep(follow: Any) -> None:
    bucket = Bucket([dated(n) for n in range(20_000)])
    cursor = follow(bucket)
    bucket.settle(cursor)
    bucket.land(dated(77) + "-late", "another/place")
    looks = int(SWEEP / LOOK) + 5
    found = [path for _ in range(looks) for path in paths(bucket.look(cursor)[0])]
    assert sorted(found) == ["another/place", dated(77) + "-late"]


def test_every_customers_folder_is_followed_once_something_landed_there(follow: Any) -> None:
    shops = [f"shop{s}" for s in range(6)]
    bucket = Bucket([f"{s}/{n:06}" for s in shops for n in range(3_000)])
    cursor = follow(bucket)
    bucket.settle(cursor)
    bucket.land(*[f"{s}/003000" for s in shops])
    bucket.settle(cursor, int(SWEEP / LOOK) + 10)
    assert not [name for name in bucket.names if name not in bucket.loaded]
    before = bucket.pages
    for n in range(3_001, 3_041):
        bucket.land(*[f"{s}/{n:06}" for s in shops])
        assert len(bucket.look(cursor)[0].files) == 6
    assert (bucket.pages - before) / 40 < 7.6


@pytest.mark.parametrize("where", ["a/", "z/"])
def test_a_burst_is_found_in_some_looks_of_bounded_size(follow: Any, where: str) -> None:
    bucket = Bucket([f"m/{n:06}" for n in range(5_000)])
    cursor = follow(bucket)
    bucket.settle(cursor)
    bucket.land(*[f"{where}new-{n:06}" for n in range(25_000)])
    for _ in range(int(SWEEP / LOOK) + 20):
        assert bucket.look(cursor)[1] <= PAGES
    assert bucket.loaded == set(bucket.names)


def test_what_can_not_be_loaded_stays_found_and_is_the_same_each_time(follow: Any) -> None:
    bucket = Bucket([f"{n:06}" for n in range(9_000)])
    cursor = follow(bucket)
    bucket.settle(cursor)
    bucket.land(*[f"009{n:03}" for n in range(3_000 // 10)], *[f"00900{n}x" for n in range(9)])
    first = bucket.look(cursor, load=False)[0]
    assert len(first.files) == 309
    for _ in range(5):
        assert bucket.look(cursor, load=False)[0].files == first.files
    bucket.land("009400")
    assert len(bucket.look(cursor, load=False)[0].files) == 310


def test_a_zone_that_is_full_from_the_start_is_found_part_by_part(follow: Any) -> None:
    bucket = Bucket([dated(n) for n in range(50_000)])
    bucket.loaded.clear()
    cursor = follow(bucket)
    first, requests = bucket.look(cursor)
    assert requests == PAGES and len(first.files) == PAGES * PAGE
    bucket.settle(cursor, 10)
    assert bucket.loaded == set(bucket.names)


def test_the_next_process_goes_on_where_this_one_was(follow: Any, tmp_path: Path) -> None:
    bucket = Bucket([dated(n) for n in range(30_000)])
    bucket.settle(follow(bucket))
    bucket.land(dated(30_000))
    found, requests = bucket.look(follow(bucket))
    assert paths(found) == [dated(30_000)] and requests == 1
    for damage in ("", "{}", '{"places": [{"x": 1}]}', "[1]"):
        (tmp_path / "cursor.json").write_text(damage)
        cursor = follow(bucket)
        bucket.land(f"{dated(30_001)}-{len(damage)}")
        bucket.settle(cursor, 3)
        assert bucket.loaded == set(bucket.names), "it costs one sweep and no file"


@pytest.mark.parametrize("order", [alphabet, tree])
@pytest.mark.parametrize("seed", range(3))
def test_whatever_lands_wherever_is_found_when_the_next_sweep_ends(
    follow: Any, order: Callable[[str], Any], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 10)
    monkeypatch.setitem(globals(), "PAGE", 10)
    chance = random.Random(seed)
    parts = ["a", "a-b", "a/b", "a.c", "b/c/d", "b", "B", "é", "b/c"]

    def name() -> str:
        return f"{chance.choice(parts)}/{chance.randrange(100_000)}"

    bucket = Bucket([name() for _ in range(chance.choice([0, 5, 300, 3000]))], order)
    cursor = follow(bucket, recent=chance.choice([10, 40]))
    for _ in range(60):
        bucket.land(*[name() for _ in range(chance.choice([0, 0, 1, 3, 80]))])
        for gone in chance.sample(bucket.names, min(len(bucket.names), chance.choice([0, 2]))):
            bucket.names.remove(gone)
        assert bucket.look(cursor, load=chance.random() < 0.8)[1] <= PAGES
    bucket.settle(cursor, 2 * int(SWEEP / LOOK))
    assert set(bucket.names) <= bucket.loaded


def test_the_tag_of_a_run_says_where_to_look() -> None:
    told = {"a": [Span("x/é", 3), Span("", 1)], "it's": [Span("k", 2)]}
    tags = spans.dump(told)
    assert {source: spans.load(tags, source) for source in told} == told
    assert spans.load(tags, "b") is None and spans.load({}, "a") is None
    assert spans.load({spans.TAG: "{torn"}, "a") is None
    assert spans.load({spans.TAG: '{"a": [[1]]}'}, "a") is None
    assert spans.dump({"a": [Span("x" * 9000, 1)]}) == {} == spans.dump({})
    assert spans.load(spans.dump({"a": [Span("x" * 9000, 1)], "b": [Span("y", 1)]}), "a") is None

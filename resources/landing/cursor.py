"""Looking for new objects without listing all of them: where to look, and how far back.

What belongs here: which stretches of names a look lists, and what is remembered between looks. What
does not: listing a page (`objects`), what is new (the ledger's to say).

A store lists names in one order, a thousand at a time, from any name on. New ones come at few
*places*: behind the newest of all, behind the newest of each customer's folder. Every look lists
the last of the names before each place where something landed lately, and what follows. Beside
that it goes a step on a *sweep* through all names, for what landed anywhere else. Losing all of
this costs one sweep: it is a cache, and never says that a file is loaded.

The store's order is never assumed to be the alphabet's: some have one of their own.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from resources.landing.names import Glob, LandedFile
from resources.landing.objects import PAGE, Objects, Page, is_file

PAGES = 20  # that one look lists at most
SWEPT = 5  # of them that are the sweep's, whatever lands
PLACES = 8  # where something landed lately that are remembered, beside the end of all names
PATIENCE = 8.0  # seconds that a look tries again: the next one comes soon

Known = Callable[[LandedFile], bool]


@dataclass(frozen=True)
class Span:
    """A stretch of names: so many that come after one."""

    after: str
    count: int


@dataclass
class Place:
    """Where something landed lately.

    Attributes:
        after: the name behind which it begins.
        count: names that belong to it.
        fresh: the look that last found something new there.
        last: it reaches to the end of all names.
    """

    after: str
    count: int
    fresh: int = 0
    last: bool = False


@dataclass
class State:
    """What is remembered between looks.

    Attributes:
        looks: how many there were.
        swept: the name up to which this sweep has come.
        names: of this sweep so far.
        total: of the last whole sweep; None before the first.
    """

    looks: int = 0
    swept: str = ""
    names: int = 0
    total: int | None = None
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """What a look found.

    Attributes:
        files: those that are new.
        spans: where they are; None: list everything.
    """

    files: list[LandedFile]
    spans: list[Span] | None


class Cursor:
    """Follows what lands under one glob.

    Args:
        recent: names before a place's newest that every look goes through, about.
        sweep_seconds: in which all names are gone through once.
        file: where the state is kept for the next process.
    """

    def __init__(
        self, objects: Objects, glob: Glob, recent: int, sweep_seconds: float, file: Path
    ) -> None:
        self._objects, self._glob, self._file = objects, glob, file
        self._recent, self._sweep_seconds = recent, sweep_seconds
        self._state = _load(file)
        self._looked_at: float | None = None
        self._began: float | None = None  # this sweep
        self._due = 0.0  # pages of the sweep
        self._found: dict[str, LandedFile] = {}  # by the last look

    def look(self, known: Known) -> Found:
        """Return the new files of this look's stretches; a sweep brings whatever is elsewhere.

        Raises:
            PlatformError: the store can't be listed.
        """
        state = self._state
        state.looks += 1
        look = _Look(self._objects, self._glob, known)
        for place in sorted(state.places, key=lambda p: (not p.last, -p.fresh)):
            if place in state.places:
                self._visit(look, place)
        if not look.files or look.files != self._found:  # what can't be loaded need not grow
            self._sweep(look)
        self._found = look.files
        self._forget()
        _save(self._file, state)
        return Found(sorted(look.files.values()), look.spans)

    def _visit(self, look: "_Look", place: Place) -> None:
        """List a place, and go on while new files follow."""
        margin, most = self._recent // 4, PAGES - SWEPT
        stretch = look.walk(place.after, place.count, most, to_end=place.last, margin=margin)
        if stretch is not None:
            self._state.places.remove(place)
            self._keep(look, stretch, place)

    def _keep(self, look: "_Look", stretch: "_Stretch", before: Place) -> None:
        """Remember a stretch as a place: all that is new in it, and some names around that."""
        half = max(self._recent // 2, 1)
        names, news = stretch.names, stretch.news
        last = stretch.ends or before.last
        end = len(names) if last else min(before.count, len(names))
        start = max(end - self._recent, 0)
        if stretch.ends and end > self._recent * (3 if stretch.after else 4) // 4:
            start = end - half  # room to grow, so that it stays one page for some time
        if news:
            look.add(stretch)
            start = min(start, max(news[0] - half, 0)) if last else max(news[0] - half, 0)
            end = max(end if last else start + self._recent, news[-1] + 1 + self._recent // 4)
        place = Place(
            names[start - 1] if start else stretch.after,
            end - start,
            self._state.looks if news else before.fresh,
            last,
        )
        self._merge(place, {name: n for n, name in enumerate(names[start:end], 1)})

    def _merge(self, place: Place, names: dict[str, int]) -> None:
        """Add a place; others that begin within it become part of it.

        Args:
            names: of the place, numbered from 1.
        """
        for other in list(self._state.places):
            within = 0 if other.after == place.after else names.get(other.after)
            if within is not None:
                place.count = max(place.count, within + other.count)
            if within is not None or (other.last and place.last):
                self._state.places.remove(other)
                place.fresh = max(place.fresh, other.fresh)
                place.last |= other.last
        self._state.places.append(place)

    def _sweep(self, look: "_Look") -> None:
        """Go on through all names by what is due; go on at once where something new turns up."""
        state = self._state
        end = next((p for p in state.places if p.last), None)
        if end and not end.after and state.total is not None:
            return  # the end's place is all there is
        self._pace(time.monotonic())
        while self._due >= 1 and look.pages < PAGES:
            stretch = look.walk(state.swept, 1, PAGES)
            if stretch is None:
                return
            self._due -= 1
            state.names += len(stretch.names)
            state.swept = stretch.names[-1] if stretch.names else state.swept
            if stretch.news or stretch.ends:
                self._keep(look, stretch, Place("", 0, last=stretch.ends))
            if stretch.ends:
                state.total, state.names, state.swept = state.names, 0, ""
                self._began = self._looked_at
                return
            if stretch.news:
                self._due = max(self._due, 1.0)

    def _pace(self, now: float) -> None:
        """Reckon how many pages of the sweep are due: the first one, or a late one, all at once."""
        passed, self._looked_at = now - (self._looked_at or now), now
        self._began = now if self._began is None else self._began
        pages = (self._state.total or 0) / PAGE + 1
        self._due = min(self._due + pages * passed / self._sweep_seconds, PAGES)
        if self._state.total is None or now - self._began > self._sweep_seconds:
            self._due = PAGES

    def _forget(self) -> None:
        """Keep the places with the latest news, and the end."""
        places = sorted(self._state.places, key=lambda p: (not p.last, -p.fresh))
        now = self._state.looks
        self._state.places = [
            p for n, p in enumerate(places) if n <= PLACES or p.last or p.fresh == now
        ]


@dataclass
class _Stretch:
    """Names that were listed one after the other, and which of them are new files."""

    after: str
    names: list[str]
    news: list[int]
    ends: bool
    files: list[LandedFile]


class _Look:
    """The requests of one look."""

    def __init__(self, objects: Objects, glob: Glob, known: Known) -> None:
        self._objects, self._glob, self._known = objects, glob, known
        self.pages = 0
        self.files: dict[str, LandedFile] = {}
        self.spans: list[Span] = []

    def walk(
        self, after: str, count: int, most: int, *, to_end: bool = False, margin: int = 0
    ) -> _Stretch | None:
        """List at least `count` names, or to the end; None if this look has listed enough.

        Args:
            most: pages of this look, with those that were listed before.
            margin: goes on while one of the last so many names is a new file.
        """
        found = _Stretch(after, [], [], False, [])
        while self.pages < most:
            page = self._page(found.names[-1] if found.names else after)
            self._take(found, page)
            found.ends = not page.more
            late = bool(found.news) and found.news[-1] >= len(found.names) - margin
            if found.ends or not (to_end or len(found.names) < count or late):
                return found
        return found if found.names else None

    def add(self, stretch: _Stretch) -> None:
        """Note the new files of a stretch, and where they are."""
        self.files |= {file.path: file for file in stretch.files}
        self.spans.append(Span(stretch.after, stretch.news[-1] + 1))

    def _page(self, after: str) -> Page:
        self.pages += 1
        return self._objects.page(self._glob.beginning, after, PATIENCE)

    def _take(self, found: _Stretch, page: Page) -> None:
        for file in page.files:
            if is_file(file, self._glob) and not self._known(file):
                found.news.append(len(found.names))
                found.files.append(file)
            found.names.append(file.path)


def seed(file: Path, total: int, last: Sequence[str]) -> None:
    """Let the next process's first look begin where a listing of everything has come to.

    Args:
        file: where the state is kept; what is there already stays.
        total: names that were listed.
        last: the newest of them in the store's order, behind which the end is looked at.
    """
    if _load(file).total is None:
        after = last[0] if len(last) < total else ""
        count = len(last) - 1 if after else total
        _save(file, State(total=total, places=[Place(after, count, last=True)]))


def _load(file: Path) -> State:
    """Return the state that was kept; what can't be read is forgotten, at the cost of one sweep."""
    try:
        kept: dict[str, Any] = json.loads(file.read_text())
        places = [Place(**place) for place in kept.pop("places")]
        return State(**kept, places=places)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return State()


def _save(file: Path, state: State) -> None:
    """Keep the state; where it can't be, the next process sweeps once more."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(asdict(state)))
        os.replace(part, file)

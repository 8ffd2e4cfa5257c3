"""The records as pages read them: all of them as of one moment, each found by its name.

What belongs here: when to read what again, looking up. What does not: where records are kept
(`product.store`, `product.curated`), their place in the graph (`joined`).
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa

from platform_assets.product import curated
from platform_assets.product.curated import Curated
from platform_assets.product.curated_kinds import Decision, Requirement, RoadmapItem, Written
from platform_assets.product.evidence import Served
from platform_assets.product.kinds import Feedback, Link, Request
from platform_assets.product.links import links
from platform_assets.product.store import RecordStore, Submitted
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT

AWAY_SECONDS = 15.0  # until a store that is away is asked again
Record = Request | Feedback | Written
By = Mapping[str, tuple[Link, ...]]


@dataclass(frozen=True)
class Snapshot:
    """All records as of one moment.

    Attributes:
        requests: newest first.
    """

    curated: Curated = field(default_factory=Curated)
    requests: tuple[Request, ...] = ()
    feedback: tuple[Feedback, ...] = ()

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Every link between records, and from records to assets."""
        return tuple(links(self.curated, self.requests, self.feedback))

    @cached_property
    def by_name(self) -> Mapping[str, Record]:
        """Every record by its name."""
        submitted: Iterable[Request | Feedback] = (*self.requests, *self.feedback)
        return {**self.curated.by_name, **{each.name: each for each in submitted}}

    @cached_property
    def served(self) -> Served:
        """Which objectives each request leads to."""
        return Served(self.links)

    @cached_property
    def leading_from(self) -> By:
        """Of each name, and each key of an asset, the links that begin there."""
        return _grouped(self.links, lambda link: link.source)

    @cached_property
    def leading_to(self) -> By:
        """Of each name, and each key of an asset, the links that end there."""
        return _grouped(self.links, lambda link: link.target)

    def to(self, name: str, *relations: str) -> list[str]:
        """Return what links of these relations, from a record or an asset, lead to."""
        found = self.leading_from.get(name, ())
        return [each.target for each in found if each.relation in relations]

    def back(self, name: str, *relations: str) -> list[str]:
        """Return where links of these relations, to a record or an asset, come from."""
        found = self.leading_to.get(name, ())
        return [each.source for each in found if each.relation in relations]

    def requests_named(self, names: Iterable[str]) -> list[Request]:
        """Return those of the named records that are requests, in their order."""
        found = (self.by_name.get(name) for name in dict.fromkeys(names))
        return [each for each in found if isinstance(each, Request)]


def _grouped(every: Iterable[Link], of: Callable[[Link], str]) -> By:
    found: dict[str, list[Link]] = defaultdict(list)
    for link in every:
        found[of(link)].append(link)
    return {name: tuple(group) for name, group in found.items()}


class CuratedFolder:
    """What the team wrote, read again when a file of it changes; the last that could be read."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._state: object = None
        self._last = Curated()

    def __call__(self) -> Curated:
        """Return the records as they are; the same object while no file changes."""
        folder = self._folder or curated.folder()
        state = tuple((file, _modified(file)) for file in sorted(folder.glob("*/*.md")))
        if state != self._state:
            try:
                self._last = curated.read(folder, PROJECT_ROOT)
            except (PlatformError, OSError, UnicodeDecodeError) as error:
                logging.getLogger(__name__).warning("Records can't be read: %s", error)
            self._state = state
        return self._last


class Records:
    """The records of a running server, shared by all requests, never staler than a request.

    Args:
        store: what people submitted.
        written: returns what the team wrote; the same object while that is the same.
    """

    def __init__(self, store: RecordStore, written: Callable[[], Curated] | None = None) -> None:
        self.store = store
        self._written = written or CuratedFolder()
        self._guard = threading.Lock()
        self._submitted = Submitted()
        self._away_until = 0.0
        self._last = Snapshot()

    def now(self) -> Snapshot:
        """Return all records; the same object while nothing is new.

        A store that is away leaves what was known of it before.
        """
        with self._guard:
            team, submitted = self._written(), self._submitted
            if time.monotonic() >= self._away_until:
                try:
                    if self.store.changes() != submitted.changes:
                        submitted = self.store.follow(submitted)
                except (sa.exc.SQLAlchemyError, PlatformError) as error:
                    self._away_until = time.monotonic() + AWAY_SECONDS
                    kind = type(getattr(error, "orig", None) or error).__name__
                    logging.getLogger(__name__).warning("Requests can't be read: %s.", kind)
            if submitted is not self._submitted or team is not self._last.curated:
                self._submitted = submitted
                self._last = Snapshot(team, submitted.requests, submitted.feedback)
            return self._last


def title_of(record: Record) -> str:
    """Return what people call a record."""
    return record.title if isinstance(record, Request | Written) else record.words


def state_of(record: Record) -> str:
    """Return how far a record is, in its kind's own word; "" where it has none."""
    if isinstance(record, Request):
        return record.state
    if isinstance(record, Requirement | Decision):
        return record.status
    return record.horizon if isinstance(record, RoadmapItem) else ""


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0

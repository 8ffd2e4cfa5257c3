"""The tail of Dagster's log: what was sent, what is next, and the patience in between.

What belongs here: the position, which moves only when the receiver has accepted what lies before
it, and how long to wait when it has not. What does not: reading (`log`), events (`runs`, `static`),
sending (`delivery`).

The position is kept in the instance, beside Dagster's own, so that it outlives this process and
this machine. Killed at any moment, the next one goes on from the last page that was accepted: what
was sent of the page after it is sent once more, with the same ids.
"""

import json
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Self

import dagster as dg

from platform_assets.lineage.openlineage.emit import static
from platform_assets.lineage.openlineage.emit.delivery import Delivery, Event, NotAcceptedError
from platform_assets.lineage.openlineage.emit.live import Live
from platform_assets.lineage.openlineage.emit.log import Page, Point
from platform_assets.lineage.openlineage.emit.runs import Teller

KEY = "platform/openlineage"
ENTRIES_AT_ONCE = 50
EVENTS_AT_ONCE = 100  # of the catalog
FIRST_PAUSE, LAST_PAUSE = 5.0, 300.0  # seconds, after a receiver has not accepted

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Position:
    """How far everything was accepted.

    Attributes:
        log: in Dagster's log.
        catalog: digest of the catalog that is being told, or was.
        told: events of it.
        whole: whether that was all.
    """

    log: Point = field(default_factory=Point)
    catalog: str = ""
    told: int = 0
    whole: bool = False

    @classmethod
    def load(cls, instance: dg.DagsterInstance) -> Self:
        """Return the position that the instance keeps; the beginning, if it keeps none."""
        found = instance.daemon_cursor_storage.get_cursor_values({KEY}).get(KEY)
        if not found:
            return cls()
        values = json.loads(found)
        return cls(**(values | {"log": Point(**values["log"])}))

    def save(self, instance: dg.DagsterInstance) -> None:
        """Keep it."""
        instance.daemon_cursor_storage.set_cursor_values({KEY: json.dumps(asdict(self))})


@dataclass(frozen=True)
class Progress:
    """What one turn has done.

    Attributes:
        sent: events that were accepted.
        done: whether nothing was left at its end.
    """

    sent: int
    position: Position
    done: bool


class Tail:
    """Sends what the log tells, and the catalog whenever it is another one.

    Args:
        digest: of the catalog, where it is known already.
        live: what was told of what is being made.
    """

    def __init__(
        self,
        instance: dg.DagsterInstance,
        teller: Teller,
        delivery: Delivery,
        digest: str | None = None,
        live: Live | None = None,
    ) -> None:
        self._instance = instance
        self._teller = teller
        self._delivery = delivery
        self._live = live or Live()
        self._digest = digest or static.digest(teller.assets, teller.naming)

    def turn(self, until: float) -> Progress:
        """Send until nothing is left, or the time is over.

        Args:
            until: of `time.monotonic`; the page at hand is finished.

        Raises:
            NotAcceptedError: the receiver takes nothing; the position stands where it did.
        """
        position, sent = Position.load(self._instance), 0
        for reached, number in self._pages(position):
            reached.save(self._instance)
            position, sent = reached, sent + number
            if time.monotonic() > until:
                return Progress(sent, position, False)
        sent += self._delivery.send(list(self._live.events(self._instance, self._teller)))
        return Progress(sent, position, True)

    def _pages(self, position: Position) -> Iterator[tuple[Position, int]]:
        """Yield the position after each page that was accepted, and its events."""
        for told, number in self._catalog(position):
            position = told
            yield told, number
        more = True
        while more:
            page = self._teller.log.after(position.log, ENTRIES_AT_ONCE)
            self._live.passed(page)
            number = self._delivery.send(list(self._events(page)))
            more, moved = page.more, page.reached != position.log
            position = replace(position, log=page.reached)
            if moved:
                yield position, number

    def _events(self, page: Page) -> Iterator[Event]:
        """Yield the events of a page; an entry that we fail to read must not hold up all others."""
        for number, entry in page.entries:
            try:
                yield from list(self._teller.events(entry))
            except (ValueError, TypeError, LookupError, AttributeError):
                _log.exception("Entry %s of Dagster's event log can't be told.", number)

    def _catalog(self, position: Position) -> Iterator[tuple[Position, int]]:
        if position.catalog != self._digest:
            position = replace(position, catalog=self._digest, told=0, whole=False)
        if position.whole:
            return
        time_ = datetime.now(UTC).isoformat(timespec="microseconds")
        events = static.events(self._teller.assets, self._teller.naming, time_)
        for part in _parts(islice(events, position.told, None), EVENTS_AT_ONCE):
            number = self._delivery.send(part)
            position = replace(position, told=position.told + number)
            yield position, number
        yield replace(position, whole=True), 0


def _parts(values: Iterable[Event], most: int) -> Iterator[list[Event]]:
    iterator = iter(values)
    while part := list(islice(iterator, most)):
        yield part


@dataclass
class Patience:
    """How long to leave a receiver alone that takes nothing: longer each time."""

    pause: float = 0.0
    until: float = 0.0
    reason: str = ""

    def left(self) -> float:
        """Return the seconds for which to wait still."""
        return max(self.until - time.monotonic(), 0.0)

    def lose(self, error: NotAcceptedError) -> None:
        """Note that it took nothing."""
        if not self.pause:
            _log.warning("%s", error.message)
        self.pause = min(self.pause * 2 or FIRST_PAUSE, LAST_PAUSE)
        self.until = time.monotonic() + self.pause
        self.reason = error.message

    def regain(self) -> None:
        """Note that it took everything."""
        if self.pause:
            _log.warning("OpenLineage's receiver takes events again.")
        self.pause = self.until = 0.0
        self.reason = ""

"""What is recorded while visits happen: events on their way, page requests, sessions.

What belongs here: collecting, and putting each record on the day it arrives. What does not: why
something happens (`visits`), how it is written and spoiled (`delivery`, `access_log`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from platform_assets.sample.clock import DAY_MS, MINUTE_MS

Spans = Sequence[tuple[int, int]]  # after the first moment, up to and with the second

WEB = "web_events"
APP = "app_events"
SESSION_GAP = 30 * MINUTE_MS


class Record(NamedTuple):
    """One event on its way; sorts by arrival. `label` is the event's or the call's name."""

    received: int
    serial: int
    time: int
    label: str
    line: bytes


class Hit(NamedTuple):
    """One request to the website. `page`: 0 no page, 1 first page of a visit, 2 a later one."""

    time: int
    ip: str
    agent: str
    method: str
    path: str
    status: int
    size: int
    referer: str
    page: int


@dataclass(slots=True)
class SessionCounter:
    """Counts sessions per device at a 30-minute gap, a day at a time."""

    sessions: int = 0
    bot_sessions: int = 0
    events: int = 0
    bot_events: int = 0
    devices: int = 0
    _rows: list[tuple[int, int, bool]] = field(default_factory=list)
    _last: dict[int, int] = field(default_factory=dict)

    def add(self, device: int, time: int, bot: bool) -> None:
        """Count one event of a device."""
        self._rows.append((device, time, bot))

    def close(self, until: int) -> None:
        """Count everything before `until`, which must not go back; later events wait."""
        rows = [row for row in self._rows if row[1] < until]
        self._rows = [row for row in self._rows if row[1] >= until]
        if not rows:
            return
        table = np.array(rows, dtype=np.int64)
        table = table[np.lexsort((table[:, 1], table[:, 0]))]
        device, time, bot = table[:, 0], table[:, 1], table[:, 2].astype(bool)
        first = np.r_[True, device[1:] != device[:-1]]
        starts = first | np.r_[True, np.diff(time) > SESSION_GAP]
        for at in np.flatnonzero(first):
            before = self._last.get(int(device[at]))
            if before is not None and time[at] - before <= SESSION_GAP:
                starts[at] = False
        last = np.r_[first[1:], True]
        self.sessions += int(starts.sum())
        self.bot_sessions += int((starts & bot).sum())
        self.events += len(table)
        self.bot_events += int(bot.sum())
        recent = last & (time > until - SESSION_GAP - 1)
        self._last = dict(zip(device[recent].tolist(), time[recent].tolist(), strict=True))


class Tape:
    """Everything that happened and has not been written yet."""

    def __init__(self, end: int, keep_hits: bool = True, landed: Spans = ()) -> None:
        """Count what arrives before `end`; what arrives later is on its way when all stops.

        What arrives in one of the spans `landed` is there already: it is left out everywhere.
        """
        self.end = end
        self.keep_hits = keep_hits
        self.landed = landed
        self.arriving: dict[str, dict[int, list[Record]]] = {
            WEB: defaultdict(list),
            APP: defaultdict(list),
        }
        self.hits: dict[int, list[Hit]] = defaultdict(list)
        self.counters = {WEB: SessionCounter(), APP: SessionCounter()}
        self._serial = 0

    def is_landed(self, moment: int) -> bool:
        """Return whether what arrives at a moment has landed before."""
        return any(begin < moment <= until for begin, until in self.landed)

    def event(
        self, source: str, received: int, time: int, label: str, line: bytes,
        device: int, bot: bool = False,
    ) -> None:  # fmt: skip
        """Keep one event until the day on which it arrives."""
        if self.is_landed(received):
            return
        self._serial += 1
        self.arriving[source][received // DAY_MS].append(
            Record(received, self._serial, time, label, line)
        )
        if received < self.end:
            self.counters[source].add(device, time, bot)

    def hit(self, hit: Hit) -> None:
        """Keep one request until the log of its day is written."""
        if self.keep_hits and not self.is_landed(hit.time):
            self.hits[hit.time // DAY_MS].append(hit)

    def take_events(self, source: str, day_number: int) -> list[Record]:
        """Hand out what arrives on a day, in order of arrival."""
        return sorted(self.arriving[source].pop(day_number, []))

    def take_hits(self, day_number: int) -> list[Hit]:
        """Hand out the requests of a day, in order of time."""
        return sorted(self.hits.pop(day_number, []))

    def take_events_until(self, source: str, moment: int) -> list[Record]:
        """Hand out what has arrived by a moment, in order of arrival; the rest stays."""
        taken: list[Record] = []
        for day in [day for day in self.arriving[source] if day <= moment // DAY_MS]:
            records = self.arriving[source].pop(day)
            taken += [record for record in records if record.received <= moment]
            if len(later := [record for record in records if record.received > moment]):
                self.arriving[source][day] = later
        return sorted(taken)

    def take_hits_until(self, moment: int) -> list[Hit]:
        """Hand out the requests up to a moment, in order of time; the rest stays."""
        taken: list[Hit] = []
        for day in [day for day in self.hits if day <= moment // DAY_MS]:
            hits = self.hits.pop(day)
            taken += [hit for hit in hits if hit.time <= moment]
            if len(later := [hit for hit in hits if hit.time > moment]):
                self.hits[day] = later
        return sorted(taken)

    def in_transit(self, source: str) -> int:
        """Return how many events have not been handed out."""
        return sum(len(records) for records in self.arriving[source].values())

"""Live data: the company goes on in real time after the sample's last day.

What belongs here: what lands every few seconds, and where it goes on after a stop. What does
not: the history (`generate`). Live customers and orders have ids from LIVE_IDS on, so that they
never meet those of a sample that is made longer later. Weekly exports stay with the history.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from threading import Event

from platform_assets.sample.access_log import log_line, with_assets
from platform_assets.sample.clock import DAY_MS, MINUTE_MS, day_start, day_text, iso, level
from platform_assets.sample.commerce import Order
from platform_assets.sample.files import Folder, compress
from platform_assets.sample.generate import Sample
from platform_assets.sample.people import Customer
from platform_assets.sample.shop import Shop
from platform_assets.sample.tape import APP, WEB, Tape

LIVE_IDS = 10_000_000
NEVER = 1 << 62
SETTLED_AFTER = 3 * DAY_MS
WARM_UP = 3 * MINUTE_MS


def now_ms() -> int:
    """Return the current time in epoch milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Landed:
    """What one step brought."""

    at: int
    events: int
    requests: int
    orders: int
    customers: int


class Live:
    """Lets the company of a sample go on from where its data ends."""

    def __init__(self, sample: Sample, shop_path: Path, per_second: float, now: int) -> None:
        """Go on at `per_second` events, after what was landed before `now` milliseconds."""
        self.company, self.folder, self.shop = sample.company, sample.folder, Shop(shop_path)
        self.per_second = per_second
        self.state = shop_path.parent / "follow.json"
        end = day_start(date.fromisoformat(sample.manifest.end))
        self.until = max(self._left_off(), end, now - DAY_MS)
        self.tape = self.company.tape = Tape(NEVER)
        self.rng = Random(f"{sample.manifest.seed}/follow/{self.until}")
        self._open: list[Order] = self.company.till.orders
        self._new_customers: list[Customer] = []
        self._start_numbering(now)

    def _start_numbering(self, now: int) -> None:
        """Number after what earlier live data left, and settle its forgotten orders."""
        orders = max(LIVE_IDS, self.shop.largest_id("orders")) + 1
        customers = max(LIVE_IDS, self.shop.largest_id("customers")) + 1
        self.shop.settle(LIVE_IDS, now - SETTLED_AFTER, now)
        self.company.till.continue_from(orders, self.rng)
        self.company.people.continue_from(customers, self.rng)

    def _left_off(self) -> int:
        """Return until when data was landed live before, 0 for never."""
        try:
            return int(json.loads(self.state.read_text())["until"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def catch_up(self, now: int) -> Landed:
        """Land what happened since the data ends, at the sample's own pace; at most one day.

        The last minutes have the live pace already, so that visits are under way.
        """
        usual = self._advance(max(self.until, now - WARM_UP), None)
        live = self._advance(now, self.per_second)
        return Landed(
            now,
            usual.events + live.events,
            usual.requests + live.requests,
            usual.orders + live.orders,
            usual.customers + live.customers,
        )

    def step(self, now: int) -> Landed:
        """Let the time from the last step to `now` happen, and land what has arrived."""
        return self._advance(now, self.per_second)

    def _advance(self, now: int, per_second: float | None) -> Landed:
        """Let the time until `now` happen, day by day; `per_second` None is the usual pace."""
        before = self.until
        while self.until < now:
            begin, until = self.until, min(now, self.until - self.until % DAY_MS + DAY_MS)
            day_index = (begin - self.company.start) // DAY_MS
            weekday = date.fromisoformat(day_text(begin // DAY_MS)).weekday()
            usual = self.company.config.events_per_day * level(day_index, weekday) / DAY_MS
            events = (usual if per_second is None else per_second / 1000) * (until - begin)
            stage = self.company.stage(day_index, self.rng)
            happened = self.company.live(stage, day_index, begin, until, events, weekday)
            self._open += happened.orders
            self._new_customers += happened.customers
            self.until = until
        return self._land(before, now)

    def _land(self, before: int, now: int) -> Landed:
        """Write what has arrived by `now`: first the database, then the files."""
        customers = [c for c in self._new_customers if c.created_at <= now]
        self._new_customers = [c for c in self._new_customers if c.created_at > now]
        placed = [order for order in self._open if order.created_at <= now]
        self._open = [o for o in self._open if o.steps[-1].at > now]
        products = self.company.shelf.listed()
        self.shop.save(now + 1, customers, products, placed)
        events, requests = self._land_files(now)
        Folder(self.state.parent).write(
            self.state.name, json.dumps({"until": now, "at": iso(now)}).encode()
        )
        new = sum(1 for order in placed if before < order.created_at)
        return Landed(now, events, requests, new, len(customers))

    def _land_files(self, now: int) -> tuple[int, int]:
        """Write the events and requests up to `now`; return how many of each."""
        day, stamp = day_text(now // DAY_MS), iso(now)[11:23].replace(":", "").replace(".", "-")
        events = 0
        for source in (WEB, APP):
            records = self.tape.take_events_until(source, now)
            events += len(records)
            if records:
                body = b"\n".join(record.line for record in records) + b"\n"
                name = f"{source}/date={day}/live-{stamp}.ndjson.gz"
                self.folder.write(name, compress(body))
        hits = with_assets(self.tape.take_hits_until(now), self.rng)
        if hits:
            text = "".join(f"{log_line(hit)}\n" for hit in hits)
            self.folder.write(f"access_log/live-{day}-{stamp}.log.gz", compress(text.encode()))
        return events, len(hits)


def follow(
    sample: Sample,
    shop_path: Path,
    stop: Event,
    *,
    interval: float = 5.0,
    per_second: float = 5.0,
    report: Callable[[Landed], None] = lambda landed: None,
    now: Callable[[], int] = now_ms,
) -> None:
    """Land new data every `interval` seconds until `stop` is set; calls `report` after each step.

    Begins with what is missing between the end of the data and now (at most a day).
    """
    live = Live(sample, shop_path, per_second, now())
    report(live.catch_up(now()))
    while not stop.wait(interval):
        report(live.step(now()))

"""Live data: the company goes on in real time after the sample's last day.

What belongs here: what lands every few seconds, and where it goes on after a stop. What does
not: the history (`generate`).

Two streams land together. The *plan* is what the history would have written for these days, to
the byte of each event: when the sample is made longer later, it leaves out what landed live. The
*extra* stream makes it lively; its customers and orders have ids from LIVE_IDS on, so that they
never meet those of the plan.
"""

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, islice
from pathlib import Path
from random import Random
from threading import Event

from platform_assets.sample.access_log import log_line, with_assets
from platform_assets.sample.clock import DAY_MS, MINUTE_MS, day_start, day_text, iso
from platform_assets.sample.commerce import Order
from platform_assets.sample.company import Company, Happened
from platform_assets.sample.files import compress
from platform_assets.sample.generate import Sample
from platform_assets.sample.live_spans import read_spans, write_spans
from platform_assets.sample.people import Customer
from platform_assets.sample.shop import Shop
from platform_assets.sample.tape import APP, WEB, Tape

LIVE_IDS = 10_000_000
NEVER = 1 << 62
SETTLED_AFTER = 3 * DAY_MS
WARM_UP = 3 * MINUTE_MS
REGULARS = 300  # people of the plan who also come in the extra stream


def now_ms() -> int:
    """Return the current time in epoch milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Landed:
    """What one step brought."""

    at: int
    events: int = 0
    requests: int = 0
    orders: int = 0
    customers: int = 0

    def __add__(self, later: "Landed") -> "Landed":
        """Return what two steps brought."""
        return Landed(
            later.at,
            self.events + later.events,
            self.requests + later.requests,
            self.orders + later.orders,
            self.customers + later.customers,
        )


class Stream:
    """A company whose data is landed as time goes by."""

    def __init__(self, company: Company) -> None:
        """Begin with the orders that the company has."""
        self.company = company
        self._orders: list[Order] = list(company.till.orders)

    def add(self, happened: Happened) -> None:
        """Keep the orders that will be placed and changed."""
        self._orders += happened.orders

    def customers(self, after: int, until: int) -> list[Customer]:
        """Return the customers who are new or have changed in a span."""
        return [c for c in self.company.people.customers if after < c.updated_at <= until]

    def orders(self, after: int, until: int) -> list[Order]:
        """Return the orders that are new or have changed in a span; forget finished ones."""
        changed = [
            order for order in self._orders if any(after < step.at <= until for step in order.steps)
        ]
        self._orders = [order for order in self._orders if order.steps[-1].at > until]
        return changed


class Live:
    """Lets the company of a sample go on from where its data ends."""

    def __init__(self, sample: Sample, shop_path: Path, per_second: float, now: int) -> None:
        """Go on after what has landed, with `per_second` extra events."""
        self.sample, self.folder, self.shop = sample, sample.folder, Shop(shop_path)
        self.per_second = per_second
        self.end = day_start(date.fromisoformat(sample.manifest.end))
        self.spans = read_spans(shop_path.parent)
        if not self.spans or self.spans[-1][1] < self.end:
            self.spans.append((self.end - 1, self.end - 1))
        self.until = self.spans[-1][1]
        sample.company.tape.landed = [*self.spans[:-1], (self.end - 1, self.until)]
        self.plan = Stream(sample.company)
        self._next_day = sample.company.config.days
        self._plan_until(self.until)
        self._drop_landed()
        self.rng = Random(f"{sample.manifest.seed}/follow/{self.until}")
        self.extra = self._extra_stream(now)

    def _drop_landed(self) -> None:
        """Forget what was on its way at the end of the history and has landed live since."""
        tape = self.sample.company.tape
        for source in (WEB, APP):
            tape.take_events_until(source, self.until)
        tape.take_hits_until(self.until)

    def _extra_stream(self, now: int) -> Stream:
        """Return the extra stream, numbered after what earlier live data left in the shop."""
        plan = self.sample.company
        config = replace(plan.config, seed=self.rng.getrandbits(31))
        company = Company(config, Tape(NEVER), plan.shelf)
        orders = max(LIVE_IDS, self.shop.largest_id("orders")) + 1
        customers = max(LIVE_IDS, self.shop.largest_id("customers")) + 1
        self.shop.settle(LIVE_IDS, now - SETTLED_AFTER, now)
        company.till.continue_from(orders, self.rng)
        company.people.continue_from(customers, self.rng)
        planned = chain.from_iterable(plan.due.values())
        known = (p for p in planned if not p.customer or p.customer.created_at <= self.until)
        company.due[(now - company.start) // DAY_MS] = deepcopy(list(islice(known, REGULARS)))
        return Stream(company)

    def catch_up(self, now: int) -> Landed:
        """Land what happened since the data ends, day by day.

        The last minutes have extra events already, so that visits are under way.
        """
        usual = self._advance(max(self.until, now - WARM_UP), extra=False)
        return usual + self._advance(now, extra=True)

    def step(self, now: int) -> Landed:
        """Let the time from the last step to `now` happen, and land what has arrived."""
        return self._advance(now, extra=True)

    def _advance(self, now: int, extra: bool) -> Landed:
        """Land everything up to `now`, in steps that end at midnight at the latest."""
        landed = Landed(now)
        while self.until < now:
            midnight = self.until - self.until % DAY_MS + DAY_MS
            moment = min(now, midnight - 1) if self.until < midnight - 1 else min(now, midnight)
            self._plan_until(moment)
            if extra:
                self._happen(self.until, moment)
            landed += self._land(moment)
        return landed

    def _plan_until(self, moment: int) -> None:
        """Let the planned days up to a moment happen; export on Mondays what is over."""
        sample, company = self.sample, self.sample.company
        while company.start + self._next_day * DAY_MS <= moment:
            begin = company.start + self._next_day * DAY_MS
            if begin > self.end:
                sample.deliveries.export(date.fromisoformat(day_text(begin // DAY_MS)))
            happened = company.live_day(self._next_day)
            sample.deliveries.account(happened)
            self.plan.add(happened)
            self._next_day += 1

    def _happen(self, begin: int, until: int) -> None:
        """Let the extra stream happen in a span within one day."""
        company = self.extra.company
        day_index = (begin - company.start) // DAY_MS
        weekday = date.fromisoformat(day_text(begin // DAY_MS)).weekday()
        events = self.per_second * (until - begin) / 1000
        stage = company.stage(day_index, self.rng)
        self.extra.add(company.live(stage, day_index, begin, until, events, weekday))

    def _land(self, now: int) -> Landed:
        """Write what has arrived by `now`: first the database, then the files."""
        streams = (self.plan, self.extra)
        customers = [c for stream in streams for c in stream.customers(self.until, now)]
        orders = [o for stream in streams for o in stream.orders(self.until, now)]
        self.shop.save(now + 1, customers, self.sample.company.shelf.listed(), orders)
        events, requests = self._land_files(now)
        placed = sum(1 for order in orders if self.until < order.created_at)
        signed_up = sum(1 for customer in customers if self.until < customer.created_at)
        self.until = now
        self.spans[-1] = (self.spans[-1][0], now)
        write_spans(self.shop.path.parent, self.spans)
        return Landed(now, events, requests, placed, signed_up)

    def _land_files(self, now: int) -> tuple[int, int]:
        """Write the events and requests up to `now`; return how many of each."""
        day, stamp = day_text(now // DAY_MS), iso(now)[11:23].replace(":", "").replace(".", "-")
        events = 0
        for source in (WEB, APP):
            records = sorted(chain(*(tape.take_events_until(source, now) for tape in self._tapes)))
            events += len(records)
            if records:
                body = b"\n".join(record.line for record in records) + b"\n"
                name = f"{source}/date={day}/live-{stamp}.ndjson.gz"
                self.folder.write(name, compress(body))
        taken = sorted(chain(*(tape.take_hits_until(now) for tape in self._tapes)))
        hits = with_assets(taken, self.rng)
        if hits:
            text = "".join(f"{log_line(hit)}\n" for hit in hits)
            self.folder.write(f"access_log/live-{day}-{stamp}.log.gz", compress(text.encode()))
        return events, len(hits)

    @property
    def _tapes(self) -> tuple[Tape, Tape]:
        """The tapes of both streams."""
        return self.plan.company.tape, self.extra.company.tape


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

    Begins with what is missing between the end of the data and now. Files that landed are never
    written again, even when the process dies: what a span brought is noted after it has landed,
    so that the worst that can happen is the same event in two files.
    """
    live = Live(sample, shop_path, per_second, now())
    report(live.catch_up(now()))
    while not stop.wait(interval):
        report(live.step(now()))

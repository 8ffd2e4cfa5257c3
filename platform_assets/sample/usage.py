"""What people of the company do in the catalog: the files that its web server would have landed.

What belongs here: who looks at what, how often, and what they search for in vain. What does not:
how use is recorded (`platform_assets.usage`); the fields are those of its events.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from platform_assets.sample.clock import HOUR_MS, MINUTE_MS, SECOND_MS, day_start, iso
from platform_assets.sample.files import Folder, compress
from platform_assets.sample.manifest import SourcePlanted

BEFORE = 30  # days that the catalog is older than the first day with data
READERS = 14
GROWTH = 0.008  # a day, until everybody comes who will
WORKDAYS, WEEKENDS = 1.0, 0.06  # chance of a reader to come, at its height
# Who asks for what: share of its looks, and how many assets are made from it.
ASSETS: dict[str, tuple[int, int]] = {
    "report/weekly_business_review": (30, 0),
    "report/acquisition": (16, 0),
    "report/product_funnel": (9, 0),
    "report/retention_cohorts": (7, 0),
    "report/data_platform_health": (4, 0),
    "marts/daily_revenue": (12, 1),
    "marts/fct_orders": (14, 9),
    "marts/fct_sessions": (10, 7),
    "marts/return_on_ad_spend": (8, 2),
    "marts/channel_attribution": (5, 2),
    "marts/dim_customers": (5, 1),
    "marts/daily_traffic": (4, 1),
    "marts/customer_lifetime_value": (3, 3),
    "marts/source_health": (2, 2),
    "raw/shop/orders": (2, 1),
    "raw/web_events": (2, 1),
    # Nobody has come for these, and nothing is made from them.
    "marts/fct_page_views": (0, 0),
    "intermediate/int_access_log_sessions": (0, 0),
}
FOUND = {
    "revenue": 9, "orders": 14, "sessions": 6, "customers": 11, "roas": 3, "funnel": 4,
    "channel": 7, "attribution": 5, "weekly": 1, "traffic": 3,
}  # fmt: skip
IN_VAIN = (
    "gross margin", "gross margin", "gross margin", "stock", "stock", "returns by reason",
    "delivery time", "delivery time", "nps", "churn", "newsletter", "email",
)  # fmt: skip
# Searched for in vain until somebody built it: text, day counted from the first, results since.
BUILT_LATER = ("cohorts", 40, 2)
SEARCHES, QUERIES, DOWNLOADS = 0.22, 0.12, 0.1  # chances of each on a look
MISSED = 0.25  # of the searches
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who comes to the catalog."""

    person: str
    eagerness: float  # 0 to 1


class UsageDelivery:
    """Writes what was recorded, one file a day: what is in it depends on the day alone."""

    def __init__(self, folder: Folder, planted: SourcePlanted, seed: int, start: date) -> None:
        """Write below `folder`; `start` is the first day with data, the catalog's is earlier."""
        self.folder, self.planted, self.seed = folder, planted, seed
        self.first = start - timedelta(days=BEFORE)
        rng = Random(f"{seed}/readers")
        self.readers = [
            Reader(sha256(f"{seed}/reader/{n}".encode()).hexdigest()[:32], rng.uniform(0.25, 0.9))
            for n in range(READERS)
        ]

    def begin(self) -> None:
        """Write, as one file, the days before the first day with data."""
        self._write(self.first, BEFORE)

    def deliver_day(self, day: date) -> None:
        """Write what was recorded on a day."""
        self._write(day, 1)

    def _write(self, first: date, days: int) -> None:
        """Write the file of some days, and count it."""
        found = (e for n in range(days) for e in self._events(first + timedelta(days=n)))
        events = sorted(found, key=lambda event: str(event["used_at"]))
        body = b"".join(json.dumps(e, separators=(",", ":")).encode() + b"\n" for e in events)
        self.folder.write(f"usage/date={first}/usage.ndjson.gz", compress(body))
        self.planted.close_file(len(events), 0)
        self.planted.distinct += len(events)
        self.planted.first_event_at = self.planted.first_event_at or events[0]["used_at"]
        self.planted.last_event_at = events[-1]["used_at"]
        self.planted.add_counts(Counter(event["kind"] for event in events))

    def _events(self, day: date) -> Iterator[Event]:
        """Yield the events of a day, reader by reader."""
        number, rng = (day - self.first).days, Random(f"{self.seed}/usage/{day}")
        morning = iso(day_start(day) + 5 * HOUR_MS)
        yield {"used_at": morning, "kind": "recording"}
        if number == 0:
            for key, (_, dependents) in ASSETS.items():
                listed = {"kind": "listed", "asset": key, "dependents": dependents}
                yield {"used_at": morning, **listed}
        height = WEEKENDS if day.weekday() >= 5 else WORKDAYS
        for reader in self.readers:
            if rng.random() < height * reader.eagerness * min(1.0, 0.5 + GROWTH * number):
                for event in self._visit(day, number, rng):
                    yield {**event, "person": reader.person}

    def _visit(self, day: date, number: int, rng: Random) -> Iterator[Event]:
        """Yield what a reader does on a day: some looks, each with what it leads to."""
        at = day_start(day) + int(rng.triangular(7, 17, 9) * HOUR_MS)
        yield {"used_at": iso(at), "kind": "view", "page": "home"}
        for _ in range(1 + int(rng.expovariate(0.6))):
            at += int(rng.uniform(0.2, 6) * MINUTE_MS)
            searched = rng.random() < SEARCHES
            if searched:
                search = _search(number, rng)
                yield {"used_at": iso(at), **search}
                if not search["results"]:
                    continue
                at += int(rng.uniform(3, 20) * SECOND_MS)
            yield from _look(at, rng, searched)


def _search(number: int, rng: Random) -> Event:
    """Return a search on a day, counted from the catalog's first."""
    text, built, results = BUILT_LATER
    if rng.random() < 0.05:
        found = results if number >= BEFORE + built else 0
    elif rng.random() < MISSED:
        text, found = rng.choice(IN_VAIN), 0
    else:
        text = rng.choice(list(FOUND))
        found = FOUND[text]
    return {"kind": "search", "page": "search", "text": text, "results": found, "narrowed": False}


def _look(at: int, rng: Random, searched: bool) -> Iterator[Event]:
    """Yield a look at an asset: its page; a report opened; a query, or a file taken along."""
    (key,) = rng.choices(list(ASSETS), [share for share, _ in ASSETS.values()])
    is_report = key.startswith("report/")
    view: Event = {"kind": "view", "page": "report" if is_report else "asset", "asset": key}
    yield {"used_at": iso(at), **view, **({"came_from": "search"} if searched else {})}
    later = iso(at + int(rng.uniform(2, 90) * SECOND_MS))
    if is_report:
        yield {"used_at": later, "kind": "open", "asset": key}
        if rng.random() < DOWNLOADS:
            kind = rng.choice(("pdf", "pdf", "csv"))
            yield {"used_at": later, "kind": "download", "asset": key, "format": kind}
    elif rng.random() < QUERIES:
        yield {"used_at": later, "kind": "query", "page": "query", "asset": key, "format": "html"}

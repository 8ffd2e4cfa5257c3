"""Visits and orders of a few people, landing in any order, and who is to be credited.

A plain reading of what sessions and attribution mean, to compare the models with: sessions end
after 30 minutes, a device belongs to the customer who last logged in on it, and every order is
credited over the visits of the 30 days before it. What does not belong here: warehouse and dbt.
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

DAY_ZERO = datetime.fromisoformat("2026-03-01 00:00:00")
GAP = timedelta(minutes=30)
LOOKBACK = timedelta(days=30)
SOURCES = {
    ("(direct)", "(none)"): "Direct",
    ("google", "cpc"): "Paid Search",
    ("newsletter", "email"): "Email",
    ("forum.example", "referral"): "Referral",
}


@dataclass(frozen=True)
class Hit:
    """One event on a device: it may name the customer, and the way it came."""

    device: str
    at: datetime
    source: tuple[str, str]
    customer: int | None


@dataclass(frozen=True)
class OrderVersion:
    """A version of an order."""

    id: int
    customer: int
    at: datetime
    cents: int
    status: str
    updated: datetime

    def row(self) -> dict[str, Any]:
        """Return the version as the shop's table has it."""
        total = str(Decimal(self.cents) / 100)
        return {
            "id": self.id,
            "order_number": f"FW-{self.id}",
            "customer_id": self.customer,
            "status": self.status,
            "currency": "EUR",
            "subtotal": total,
            "total": total,
            "created_at": f"{self.at}Z",
            "updated_at": f"{self.updated}Z",
        }


def happenings(seed: int, people: int = 12) -> list[Hit | OrderVersion]:
    """Return what happened to some people in two months, in no particular order."""
    chance = random.Random(seed)
    found: list[Hit | OrderVersion] = []
    for customer in range(1, people + 1):
        devices = [f"d{customer}.{n}" for n in range(chance.randint(1, 3))]
        for device in devices:
            for _ in range(chance.randint(1, 5)):
                start = DAY_ZERO + timedelta(minutes=chance.randrange(60 * 24 * 60))
                source = chance.choice(list(SOURCES))
                for step in range(chance.randint(1, 4)):
                    # Often less than the gap apart, now and then exactly the gap or more.
                    at = start + step * timedelta(minutes=chance.choice([10, 29, 30, 31]))
                    named = chance.random() < 0.25
                    # A device changes hands now and then.
                    who = customer if chance.random() < 0.9 else chance.randint(1, people)
                    found.append(Hit(device, at, source, who if named else None))
        for n in range(chance.randint(0, 3)):
            at = DAY_ZERO + timedelta(minutes=chance.randrange(60 * 24 * 60))
            number = customer * 10 + n
            cents = chance.choice([1, 2, 9999, 10001, 33333])
            found.append(OrderVersion(number, customer, at, cents, "placed", at))
            if chance.random() < 0.5:
                later = chance.choice(["shipped", "refunded"])
                found.append(
                    OrderVersion(number, customer, at, cents, later, at + timedelta(days=2))
                )
    chance.shuffle(found)
    return found


def sessions(hits: Iterable[Hit]) -> dict[str, dict[str, Any]]:
    """Return the sessions of hits by id, as `marts.fct_sessions` has them (without `_load_id`)."""
    by_device: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        by_device[hit.device].append(hit)
    found: dict[str, dict[str, Any]] = {}
    for device, own in by_device.items():
        own.sort(key=lambda h: (h.at, h.source, h.customer or 0))
        owner = next((h.customer for h in reversed(own) if h.customer), None)
        last, start = None, ""
        for hit in own:
            if last is None or hit.at - last > GAP:
                start = f"{device}@{hit.at}"
                found[start] = {
                    "session_id": start,
                    "device_id": device,
                    "person_id": f"c_{owner}" if owner else device,
                    "platform": "web",
                    "session_start_at": hit.at,
                    "session_end_at": hit.at,
                    "session_date": hit.at.date(),
                    "source": hit.source[0],
                    "medium": hit.source[1],
                    "campaign": "(not set)",
                    "is_bot": False,
                    "is_bounce": False,
                    "orders": 0,
                    "revenue": Decimal(0),
                }
            last = found[start]["session_end_at"] = hit.at
    return found


def latest(versions: Iterable[OrderVersion]) -> list[OrderVersion]:
    """Return the version of each order that was written last."""
    found: dict[int, OrderVersion] = {}
    for version in sorted(versions, key=lambda v: v.updated):
        found[version.id] = version
    return list(found.values())


def credited(
    visits: Iterable[dict[str, Any]], orders: Iterable[OrderVersion]
) -> dict[tuple[int, str | None], dict[str, Fraction]]:
    """Return, for each order and visit before it, the share of each model; shares are exact."""
    visits = sorted(visits, key=lambda v: (v["session_start_at"], v["session_id"]))
    found: dict[tuple[int, str | None], dict[str, Fraction]] = {}
    for order in orders:
        touches: list[tuple[str | None, str]] = [
            (v["session_id"], SOURCES[v["source"], v["medium"]])
            for v in visits
            if v["person_id"] == f"c_{order.customer}"
            and order.at - LOOKBACK <= v["session_start_at"] <= order.at
        ] or [(None, "Untracked")]
        named = [t for t in touches if t[1] != "Direct"] or touches
        for touch in touches:
            place = named.index(touch) if touch in named else None
            found[order.id, touch[0]] = shares(place, len(named))
    return found


def shares(place: int | None, of: int) -> dict[str, Fraction]:
    """Return the shares of the touch at a place (from 0) among so many; None gets nothing."""
    if place is None:
        return dict.fromkeys(("first_touch", "last_touch", "position_based"), Fraction(0))
    first, last = Fraction(place == 0), Fraction(place == of - 1)
    if of <= 2:
        position = Fraction(1, of)
    elif first or last:
        position = Fraction(2, 5)
    else:
        position = Fraction(1, 5) / (of - 2)
    return {"first_touch": first, "last_touch": last, "position_based": position}

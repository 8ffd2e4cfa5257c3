"""Tracking calls and log lines of a few devices, with everything that is hard for sessions.

What belongs here: what happened, deterministic by seed, and a plain reading of it (`sessions`).
What does not: how it gets into a warehouse (`web_lake`).
"""

import json
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

GAP = timedelta(minutes=30)
MILLISECOND = timedelta(milliseconds=1)
FIRST_DAY = datetime(2026, 3, 1, 21, 40, tzinfo=UTC)
# From one event of a device to its next: both sides of the 30 minutes, ties, nights.
STEPS = [
    timedelta(0),
    timedelta(seconds=7),
    timedelta(minutes=4),
    GAP - MILLISECOND,
    GAP,
    GAP + MILLISECOND,
    timedelta(hours=3),
    timedelta(hours=20),
]
STEP_WEIGHTS = [2, 8, 8, 2, 2, 2, 2, 1]
AGENTS: dict[str, tuple[str, bool]] = {  # user agent → device class, is a robot
    "Firefox on Linux": ("desktop", False),
    "Safari on iPhone": ("mobile", False),
    "ExampleBot/1.0": ("bot", True),
}
REFERRERS = [
    None,
    None,
    "https://www.google.com/",
    "https://www.Facebook.com/post/1",
    "https://www.fernweh.example/de/",
    "https://blog.example/tent",
]
CAMPAIGN = "?utm_source=Newsletter&utm_medium=email&utm_campaign=may%20sale"
TRACKED = [
    "Product Viewed",
    "Product Viewed",
    "Product Added",
    "Checkout Started",
    "Order Completed",
    "Products Searched",
    "Heartbeat",
]


@dataclass(frozen=True)
class Call:
    """One tracking call as it is delivered once; a repeated delivery has the same `message_id`."""

    message_id: str
    platform: str  # web | app
    type: str
    event: str | None
    name: str | None
    device_id: str
    user_id: str | None
    at: datetime
    received_at: datetime
    properties: dict[str, Any]
    context: dict[str, Any]

    def raw(self) -> dict[str, Any]:
        """Return the columns of raw.web_events and raw.app_events, times as text."""
        return {
            "messageId": self.message_id,
            "type": self.type,
            "event": self.event,
            "name": self.name,
            "anonymousId": self.device_id,
            "userId": self.user_id,
            "timestamp": self.at.isoformat(),
            "receivedAt": self.received_at.isoformat(),
            "properties": json.dumps(self.properties),
            "context": json.dumps(self.context),
        }


def deliveries(seed: int, devices: int = 40) -> list[Call]:
    """Return the calls of some devices in the order they happened, some delivered again."""
    chance = random.Random(seed)
    found = []
    for number in range(devices):
        for call in _device(chance, f"d{number:03}", "app" if number % 4 == 3 else "web"):
            found.append(call)
            while chance.random() < 0.12:
                found.append(_repeated(chance, call))
    return sorted(found, key=lambda call: (call.at, call.message_id))


def _device(chance: random.Random, device: str, platform: str) -> list[Call]:
    at = FIRST_DAY + timedelta(minutes=chance.randrange(2000))
    agent = chance.choice([*AGENTS, "never classed", None])
    users = [None, None, f"c_{chance.randrange(1, 20)}", f"c_{chance.randrange(1, 20)}"]
    user = None
    calls = []
    for number in range(chance.randrange(1, 40)):
        at += chance.choices(STEPS, STEP_WEIGHTS)[0]
        if chance.random() < 0.1:
            user = chance.choice(users)
        calls.append(_call(chance, f"{device}-{number}", platform, device, user, agent, at))
    return calls


def _call(
    chance: random.Random,
    message_id: str,
    platform: str,
    device: str,
    user: str | None,
    agent: str | None,
    at: datetime,
) -> Call:
    kind = chance.choice(["page", "page", "page", "track", "track", "track", "identify"])
    properties: dict[str, Any] = {}
    context: dict[str, Any] = {"locale": chance.choice(["de-AT", "en", "fr-FR"])}
    event = name = None
    if agent:
        context["userAgent"] = agent
    if kind == "page" and platform == "app":
        kind, name = "screen", chance.choice(["Home", "Cart"])
    elif kind == "page":
        name = chance.choice(["Home", "Product", "Cart"])
        query = chance.choice(["", "", CAMPAIGN])
        properties["url"] = f"https://www.fernweh.example/{name.lower()}{query}"
        if referrer := chance.choice(REFERRERS):
            properties["referrer"] = referrer
    elif kind == "track":
        event = chance.choice(TRACKED)
        if event == "Order Completed":  # one order may be told of by two calls
            properties |= {"order_id": f"o-{device}-{chance.randrange(3)}"}
            properties |= {"total": 19.9, "revenue": 15}
        elif event.startswith("Product "):
            properties |= {"product_id": "7", "sku": "TENT", "price": 99.95, "quantity": 2}
    received = at + timedelta(seconds=chance.randrange(5))
    return Call(
        message_id, platform, kind, event, name, device, user, at, received, properties, context
    )


def _repeated(chance: random.Random, call: Call) -> Call:
    """Return another delivery: received at another or the same time, perhaps with another body."""
    again = replace(call, received_at=call.received_at + timedelta(seconds=chance.randrange(-1, 3)))
    if chance.random() < 0.5:
        again = replace(again, properties=call.properties | {"title": f"again {chance.random()}"})
    if chance.random() < 0.3:
        again = replace(again, user_id=chance.choice([None, "c_1", "c_2"]))
    return again


def sessions(calls: list[Call]) -> set[tuple[str, datetime, datetime, int]]:
    """Return (device, start, end, events) of every session, read naively from the deliveries."""
    events: dict[str, tuple[str, datetime]] = {c.message_id: (c.device_id, c.at) for c in calls}
    found: list[tuple[str, datetime, datetime, int]] = []
    for device, at in sorted(events.values()):
        if found and found[-1][0] == device and at - found[-1][2] <= GAP:
            found[-1] = (device, found[-1][1], at, found[-1][3] + 1)
        else:
            found.append((device, at, at, 1))
    return set(found)


def log_lines(seed: int, visitors: int = 12) -> list[dict[str, Any]]:
    """Return rows of raw.access_log, in order, each with its file and line."""
    chance = random.Random(seed)
    lines = []
    for number in range(visitors):
        at = FIRST_DAY.replace(second=0)
        for _ in range(chance.randrange(1, 20)):
            at += chance.choices(STEPS, STEP_WEIGHTS)[0]
            lines.append(
                {
                    "remote_addr": f"192.0.2.{number // 2}",
                    "user_agent": ["Firefox on Linux", "ExampleBot/1.0"][number % 2],
                    "time": at.replace(microsecond=0).isoformat(),
                    "method": "GET",
                    "path": f"/{chance.randrange(9)}",
                    "protocol": "HTTP/1.1",
                    "status": chance.choice([200, 200, 404]),
                    "bytes": chance.choice([None, 512]),
                    "referer": chance.choice([None, "-", "https://www.google.com/"]),
                }
            )
    lines.sort(key=lambda line: str(line["time"]))
    return [line | {"_file": "access.log", "_line": i + 1} for i, line in enumerate(lines)]

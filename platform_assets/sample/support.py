"""The support desk: tickets after orders, and their weekly exports.

What belongs here: what customers write and what becomes of it. What does not: files (`exports`).
"""

# ruff: noqa: E501  (the tables have one row a line)

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from platform_assets.sample.clock import DAY_MS, HOUR_MS, MINUTE_MS, day_start, iso
from platform_assets.sample.commerce import Order, Step
from platform_assets.sample.exports import (
    WINDOW_DAYS,
    ExportDelivery,
    Layout,
    Row,
    Spoil,
)
from platform_assets.sample.files import Folder
from platform_assets.sample.manifest import SourcePlanted

TICKETS = Layout(
    file="support/tickets_{day}.csv",
    columns=(
        "ticket_id", "created_at", "updated_at", "customer_email", "status", "channel", "priority",
        "subject", "body", "satisfaction",
    ),
    key=("ticket_id",),
    encoding="utf-8",
    delimiter=",",
    spoils=(
        Spoil(1, "wrong_field_count", value="short"),
        Spoil(2, "invalid_utf8", "body"),
        Spoil(3, "bad_cast", "updated_at", "last tuesday"),
        Spoil(4, "required_missing", "ticket_id"),
        Spoil(5, "bad_cast", "satisfaction", "4.5"),
        Spoil(6, "vanish", "priority"),
        Spoil(5, "appear", "tags"),
    ),
)  # fmt: skip

# subject, body (with the order number), tag, weight
_TOPICS = (
    ("Where is my order {order}?", "Hello,\n\nI ordered on your site and still wait for {order}.\nThe tracking says \"in transit\".\n\nThanks", "delivery", 30),
    ("Return of {order}", "Hi,\nthe boots are too small, I need half a size more.\nHow do I send them back?", "return", 26),
    ("Broken zip", "The zip of the tent broke on the 2nd night; it rained, a lot.\n\nPlease see the photo: IMG_2041.jpg", "warranty", 14),
    ("Rechnung für {order}", "Guten Tag,\n\nbitte senden Sie mir die Rechnung zu {order} mit USt-IdNr.\n\nMit freundlichen Grüßen", "invoice", 12),
    ("Which size?", "I am 1,82 m, 78 kg; is the Shell \"L\" or \"XL\"?", "advice", 10),
    ("Wrong item, again :(", "You sent me two spork sets, and no stove.\n\n- ordered: 1 stove\n- got: 2 sporks\n\nSo I can eat, but not cook 🙂", "wrong_item", 8),
)  # fmt: skip
_CHANNELS = ("email", "email", "email", "chat", "phone", "form")
_PRIORITIES = ("low", "normal", "normal", "normal", "high", "urgent")


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket with all that will happen to it; times in epoch milliseconds."""

    id: str
    email: str
    channel: str
    priority: str
    subject: str
    body: str
    tag: str
    steps: tuple[Step, ...]
    satisfaction: int | None

    def row(self, as_of: int) -> Row:
        """Return the ticket as the export of a moment shows it."""
        step = [step for step in self.steps if step.at < as_of][-1]
        rated = self.satisfaction if step.status in ("solved", "closed") else None
        return {
            "ticket_id": self.id,
            "created_at": iso(self.steps[0].at),
            "updated_at": iso(step.at),
            "customer_email": self.email,
            "status": step.status,
            "channel": self.channel,
            "priority": self.priority,
            "subject": self.subject,
            "body": self.body,
            "satisfaction": rated,
            "tags": self.tag,
        }


class SupportDesk:
    """Opens tickets and exports them every Monday."""

    def __init__(self, folder: Folder, planted: SourcePlanted, seed: int) -> None:
        """Write below `folder` and count into `planted`."""
        self.rng = Random(f"{seed}/support")
        self.delivery = ExportDelivery(TICKETS, folder, planted, seed)
        self.tickets: list[Ticket] = []
        self._opened = 0

    def after_order(self, order: Order) -> None:
        """Open a ticket after some orders, up to ten days later."""
        rng = self.rng
        if rng.random() > 0.16:
            return
        subject, body, tag, _ = rng.choices(_TOPICS, [topic[3] for topic in _TOPICS])[0]
        opened = order.created_at + rng.randrange(2 * HOUR_MS, 10 * DAY_MS)
        self._opened += 1
        self.tickets.append(
            Ticket(
                id=f"T-{1000 + self._opened}",
                email=order.customer.email,
                channel=rng.choice(_CHANNELS),
                priority=rng.choice(_PRIORITIES),
                subject=subject.format(order=order.number),
                body=body.format(order=order.number),
                tag=tag,
                steps=_steps(rng, opened),
                satisfaction=rng.choice((None, None, 5, 5, 4, 4, 3, 2, 1)),
            )
        )

    def export(self, day: date) -> None:
        """Write the tickets that changed in the 14 days before a Monday, as they are then."""
        as_of = day_start(day)
        begin = day_start(day - timedelta(days=WINDOW_DAYS))
        opened = [ticket for ticket in self.tickets if ticket.steps[0].at < as_of]
        rows = [ticket.row(as_of) for ticket in opened]
        changed = sorted(
            (row for row in rows if str(row["updated_at"]) >= iso(begin)),
            key=lambda row: (str(row["updated_at"]), str(row["ticket_id"])),
        )
        last_week = iso(day_start(day - timedelta(days=WINDOW_DAYS // 2)))
        self.delivery.deliver(day, changed, lambda row: str(row["updated_at"]) >= last_week)
        settled = as_of - 40 * DAY_MS  # nothing happens to a ticket after that
        self.tickets = [ticket for ticket in self.tickets if ticket.steps[-1].at >= settled]

    def close(self) -> None:
        """Count the tickets by their latest status."""
        planted, latest = self.delivery.planted, self.delivery.latest.values()
        planted.counts = dict(sorted(Counter(str(row["status"]) for row in latest).items()))
        planted.first_event_at = min((str(row["updated_at"]) for row in latest), default=None)
        planted.last_event_at = max((str(row["updated_at"]) for row in latest), default=None)


def _steps(rng: Random, opened: int) -> tuple[Step, ...]:
    """Return what will happen to a ticket: answered, solved, closed a week later; some stay."""
    steps = [Step("open", opened)]
    answered = opened + rng.randrange(8 * MINUTE_MS, 30 * HOUR_MS)
    steps.append(Step("pending", answered))
    if rng.random() < 0.9:
        solved = answered + rng.randrange(HOUR_MS, 6 * DAY_MS)
        steps.append(Step("solved", solved))
        if rng.random() < 0.8:
            steps.append(Step("closed", solved + 7 * DAY_MS))
    return tuple(steps)

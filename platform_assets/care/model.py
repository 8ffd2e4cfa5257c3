"""Troubles and the entries that they become: plain, immutable facts.

What belongs here: their fields, and sums that tell how they came about. What does not: finding
troubles (`assets`, `records`, `documents`), ranking them (`attention`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from platform_assets.inventory.model import EXTERNAL
from platform_assets.product.kinds import Snooze

# Kinds of trouble, and what a list of several is called.
FAILED_RUN, FAILING_CHECK, LATE, VOLUME_OFF = "failed run", "failing check", "late", "volume off"
WARNS, UNDOCUMENTED, UNOWNED, UNUSED = "warns", "undocumented", "unowned", "unused"
BAD_FEEDBACK, OVERDUE_ACTION, OFF_TRACK = "bad feedback", "overdue action", "off track"
WAITING_REQUEST, OLD_DOCUMENT = "waiting request", "old document"
KINDS: Mapping[str, str] = {
    FAILED_RUN: "Failed runs",
    FAILING_CHECK: "Failing checks",
    LATE: "Late",
    OFF_TRACK: "Off track",
    VOLUME_OFF: "Volume off",
    BAD_FEEDBACK: "Bad feedback, unanswered",
    WAITING_REQUEST: "Requests that wait",
    OVERDUE_ACTION: "Overdue actions",
    WARNS: "Warnings",
    UNOWNED: "Without an owner",
    OLD_DOCUMENT: "Outdated documents",
    UNUSED: "Unused",
    UNDOCUMENTED: "Undocumented",
}


@dataclass(frozen=True)
class Sum:
    """A number with what it is made of: `6 too old + 2 for being 3 times as old as allowed`.

    Attributes:
        parts: amounts, rounded to one place, and their reasons.
    """

    parts: tuple[tuple[float, str], ...]

    @classmethod
    def of(cls, *parts: tuple[float, str]) -> "Sum":
        """Return the sum of these parts; those that amount to nothing are left out."""
        rounded = ((round(amount, 1), why) for amount, why in parts)
        return cls(tuple(part for part in rounded if part[0]))

    @property
    def total(self) -> float:
        """The sum."""
        return round(sum(amount for amount, _ in self.parts), 1)

    def __str__(self) -> str:
        """Return the sum as it is worked out."""
        return " + ".join(f"{plain(amount)} {why}".strip() for amount, why in self.parts) or "0"


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong with an asset or a record.

    Attributes:
        kind: one of `KINDS`.
        subject: key of the asset, or name of the record: `minutes/kickoff#2` is its second action.
        about: key of the asset that it matters to; "" for the subject itself, or for none.
        what: what is wrong, in one line.
        next_step: the one thing to do now.
        url: where the subject is shown; `step_url`, where the next step is taken, if elsewhere.
        importance: what the subject matters besides its place in the graph; None for an asset.
        objectives: ids of objectives that it serves, besides those that rest on the asset.
    """

    kind: str
    subject: str
    title: str
    what: str
    weight: Sum
    next_step: str
    owner: str = ""
    url: str = ""
    step_url: str = ""
    about: str = ""
    importance: Sum | None = None
    objectives: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What names it, for as long as it lasts: `late:marts/daily_revenue`."""
        return f"{self.kind.replace(' ', '_')}:{self.subject}"


@dataclass(frozen=True)
class Item:
    """An entry of the list: a trouble, what it matters, and whether it may wait.

    Attributes:
        key: names it, also for a snooze.
        subject: key of the asset, or name of the record, that is in trouble.
        about: key of the asset that it matters to, if any: of feedback, what was rated.
        importance, trouble: the two factors; `score` is their product.
        arithmetic: how the score came about.
        objectives: ids of the objectives under way that it touches.
        snoozed: why and until when it may wait; None while it may not.
    """

    key: str
    kind: str
    subject: str
    title: str
    what: str
    importance: float
    trouble: float
    score: float
    arithmetic: str
    next_step: str
    owner: str
    url: str
    step_url: str = ""
    about: str = ""
    objectives: tuple[str, ...] = ()
    snoozed: Snooze | None = None


def asset_url(key: str) -> str:
    """Return where an asset is shown, or what other platforms have."""
    if key.startswith(EXTERNAL):
        return f"/catalog/external/{quote(key.removeprefix(EXTERNAL))}"
    return f"/catalog/asset/{quote(key)}"


def record_url(name: str) -> str:
    """Return where a record is shown: `request/12`, or `minutes/kickoff#2` of it."""
    return f"/catalog/{quote(name, safe='/#')}"


def plain(amount: float) -> str:
    """Return a number with its two places at most, all of its digits, and no zeros after them."""
    return f"{amount:.2f}".rstrip("0").rstrip(".")


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun; the plural ends in s unless it is given."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def day(moment: datetime) -> str:
    """Return the day of a moment, as `3 June 2026`."""
    return f"{moment.day} {moment:%B %Y}"

"""Where an incremental extraction starts: the lower bound of the cursor, with its overlap.

A row is seen if it is committed no later than `overlap` after its cursor value was given out. The
overlap is read again each time; rows of it that are loaded already are recognised by their
content. Not seen, by definition: a change that leaves the cursor as it is, further back than the
overlap; and deletions. A full snapshot sees both.

What belongs here: values and time. What does not: SQL.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from platform_assets.ingestion.database_columns import Order

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NUMBER = re.compile(r"[+-]?\d+([.]\d*)?([eE][+-]?\d+)?")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:([ T])(\d{2}:\d{2}(?::\d{2})?)([.]\d+)?)?\s*(.*)")


@dataclass(frozen=True)
class PastLoad:
    """A load of the table: how far its cursor came, and when it looked.

    `loaded_at` is when it committed, `seconds` how long before that it had begun to read.
    """

    cursor_to: str
    loaded_at: datetime
    seconds: float


def order_of(order: Order, value: str | None) -> Order:
    """Return how values compare; in a column of any type (`loose`), by what the value is like."""
    if order != "loose" or value is None:
        return order
    if _NUMBER.fullmatch(value):
        return "number"
    return "loose" if _moment(value) else "text"


def further(order: Order, one: str | None, other: str | None) -> str | None:
    """Return the larger of two cursor values; None counts as nothing."""
    if one is None or other is None:
        return one if other is None else other
    if order_of(order, one) == "number" == order_of(order, other):
        return max(one, other, key=Decimal)
    left, right = _moment(one), _moment(other)
    if order == "time" and left and right and bool(left.tzinfo) == bool(right.tzinfo):
        return one if left >= right else other
    return max(one, other)


def lower_bound(order: Order, history: Sequence[PastLoad], overlap: str) -> str | None:
    """Return the smallest cursor value to read again; None means everything.

    A time cursor goes back by the overlap from the last value, or from the last load where the
    value lies in the future. A cursor without a measure of time goes back to where it stood
    `overlap` before the last load began, or by a plain number.

    Args:
        order: how the source compares the column.
        history: loads of the table, newest first.
        overlap: `10m`, or a plain number.

    Raises:
        ValueError: a plain number for a cursor that is a time.
    """
    if not history:
        return None
    last, span = history[0], _span(overlap)
    order = order_of(order, last.cursor_to)
    if order in ("time", "date", "loose"):
        if span is None:
            raise ValueError(f"overlap {overlap!r} of a time cursor needs a unit: s, m, h or d")
        return _earlier(order, last, span)
    if span is None:
        if order != "number":
            raise ValueError(f"overlap {overlap!r} is a number, but the cursor is text")
        return plain(Decimal(last.cursor_to) - Decimal(overlap))
    before = last.loaded_at - timedelta(seconds=last.seconds) - span
    return next((load.cursor_to for load in history if load.loaded_at <= before), None)


def _span(overlap: str) -> timedelta | None:
    if overlap[-1] not in _UNITS:
        return None
    return timedelta(seconds=int(overlap[:-1]) * _UNITS[overlap[-1]])


def _earlier(order: Order, last: PastLoad, span: timedelta) -> str | None:
    """Return the value `span` before the last one, in the form that the source compares."""
    value = _moment(last.cursor_to)
    if value is None:
        return None
    began = last.loaded_at.astimezone(UTC) - timedelta(seconds=last.seconds)
    capped = began.astimezone(value.tzinfo) if value.tzinfo else began.replace(tzinfo=None)
    try:
        bound = min(value, capped) - span
    except OverflowError:
        return None
    if order == "date":
        return bound.date().isoformat()
    if order == "time":
        return bound.isoformat(" ")
    match = _MOMENT.fullmatch(last.cursor_to)
    assert match is not None
    if not match[2]:
        return bound.date().isoformat()
    # Text compares by its characters: without fraction and zone it is a prefix, so never too late.
    return bound.strftime(f"%Y-%m-%d{match[2]}%H:%M:%S")[: 11 + len(match[3])]


def _moment(text: str) -> datetime | None:
    match = _MOMENT.fullmatch(text)
    if not match:
        return None
    day, _, clock, fraction, zone = match.groups()
    try:
        if not clock:
            return datetime.fromisoformat(day)
        return datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{zone.upper()}")
    except ValueError:
        return None


def plain(number: str | Decimal | None) -> str | None:
    """Return a number without exponent and without trailing zeros."""
    if number is None:
        return None
    text = format(Decimal(number), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text

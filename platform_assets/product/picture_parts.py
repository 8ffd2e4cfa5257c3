"""Measurements as a picture shows them: lines of what compares, and stretches without a value.

What belongs here: when a key result was measured and when it was not. What does not: shapes
(`picture`), how it stands now (`progress`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from platform_assets.product.kinds import Measurement
from platform_assets.product.progress import HOLDS, day

Point = tuple[datetime, float]


@dataclass(frozen=True)
class Stretch:
    """A time in which nothing was measured, and why."""

    begin: datetime
    end: datetime
    reason: str


def lines(ordered: Sequence[Measurement]) -> list[list[Point]]:
    """Return what was measured, in lines: of one definition each, and without a gap.

    Args:
        ordered: measurements of one key result, oldest first.
    """
    found: list[list[Point]] = []
    before: Measurement | None = None
    for one in ordered:
        if one.value is not None:
            if before is None or not _joined(before, one):
                found.append([])
            found[-1].append((one.at, one.value))
        before = one
    return found


def _joined(before: Measurement, one: Measurement) -> bool:
    """Whether two measurements, one right after the other, belong to one line."""
    same = before.definition == one.definition
    return same and before.value is not None and one.at - before.at <= HOLDS


def gaps(ordered: Sequence[Measurement], now: datetime) -> list[Stretch]:
    """Return the stretches without a value, up to `now`, with the reason that each began with.

    One begins where a measurement had no value, or where none followed for longer than one holds,
    and ends with the next value.
    """
    found: list[Stretch] = []
    for gap in _gaps(ordered, now):
        if found and found[-1].end >= gap.begin:
            found[-1] = Stretch(found[-1].begin, gap.end, found[-1].reason)
        else:
            found.append(gap)
    return found


def _gaps(ordered: Sequence[Measurement], now: datetime) -> Iterator[Stretch]:
    for one, after in zip_longest(ordered, ordered[1:]):
        end = after.at if after else max(now, one.at)
        if one.value is None:
            yield Stretch(one.at, end, "; ".join(one.trouble) or "no value")
        elif end - one.at > HOLDS:
            yield Stretch(one.at, end, f"nothing was asked after {day(one.at)}")

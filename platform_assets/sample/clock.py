"""Time in the sample company: milliseconds, ISO text, growth, weekday and hour cycles.

What belongs here: when things happen and how a time is written. What does not: what happens.
"""

from datetime import UTC, date, datetime
from functools import lru_cache

import numpy as np

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_SECONDS = tuple(f"{n:02}." for n in range(60))
_HOUR_MINUTE = tuple(f"{n // 60:02}:{n % 60:02}" for n in range(1440))
_MILLIS = tuple(f"{n:03}Z" for n in range(1000))

GROWTH_PER_DAY = 0.005
TYPICAL_DAY = 30
# Monday to Sunday; people shop for the outdoors at the weekend. Mean 1.
WEEKDAYS = (1.02, 0.94, 0.92, 0.95, 0.93, 1.05, 1.19)
# Shares by hour of the day (UTC), with a small hill at lunch and a large one in the evening.
HOURS = np.array(
    [
        12,
        7,
        4,
        3,
        4,
        9,
        20,
        34,
        44,
        50,
        54,
        58,
        62,
        58,
        52,
        52,
        58,
        70,
        88,
        100,
        98,
        78,
        48,
        24,
    ],
    dtype=float,
)
_HOUR_EDGES = np.concatenate([[0.0], np.cumsum(HOURS) / HOURS.sum()])


@lru_cache(maxsize=4096)
def day_text(day_number: int) -> str:
    """Return `YYYY-MM-DD` of a day counted from 1970-01-01."""
    return date.fromordinal(719163 + day_number).isoformat()


@lru_cache(maxsize=20_000)
def minute_text(minute: int) -> str:
    """Return `YYYY-MM-DDTHH:MM:` of a minute counted from 1970-01-01."""
    day, rest = divmod(minute, 1440)
    return f"{day_text(day)}T{_HOUR_MINUTE[rest]}:"


def iso(ms: int) -> str:
    """Return epoch milliseconds as `YYYY-MM-DDTHH:MM:SS.mmmZ`."""
    rest = ms % MINUTE_MS
    return minute_text(ms // MINUTE_MS) + _SECONDS[rest // SECOND_MS] + _MILLIS[ms % SECOND_MS]


def sql_time(ms: int) -> str:
    """Return epoch milliseconds as SQLite writes a time: `YYYY-MM-DD HH:MM:SS.mmm`, UTC."""
    return iso(ms)[:-1].replace("T", " ")


def day_start(day: date) -> int:
    """Return the epoch milliseconds of a day's midnight, UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND_MS


def level(day_index: int, weekday: int) -> float:
    """Return the traffic of a day as a share of a typical day's.

    Growth is counted from the first day on, so that a longer sample only adds days.
    """
    growth = (1 + GROWTH_PER_DAY) ** (day_index - TYPICAL_DAY)
    return float(growth) * WEEKDAYS[weekday]


def visit_starts(rng: np.random.Generator, count: int, begin: int, until: int) -> list[int]:
    """Return `count` sorted times between two moments of one day, by the cycle of the hours."""
    midnight = begin - begin % DAY_MS
    span = np.array([begin - midnight, until - midnight]) / HOUR_MS
    low, high = np.interp(span, np.arange(25), _HOUR_EDGES)
    hours = np.interp(rng.uniform(low, high, count), _HOUR_EDGES, np.arange(25))
    return sorted((midnight + hours * HOUR_MS).astype(np.int64).tolist())

"""Files of realistic events for the benchmarks, made once and kept below `.data/bench`.

What belongs here: which events are in which file. What does not: making an event
(`platform_assets.sample`).
"""

import gzip
import os
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from benchmarks.measure import DATA

MONTH_EVENTS = 1_000_000
LANDING_STARTS = date(2026, 1, 1)  # first day of the events that land; history lies before it


def events(count: int) -> tuple[Path, Path]:
    """Return a file of `count` events of 30 days, and its gzip copy."""
    from platform_assets.sample.events_file import write_events

    DATA.mkdir(parents=True, exist_ok=True)
    plain = DATA / f"events-{count}.ndjson"
    zipped = plain.with_suffix(".ndjson.gz")
    if not plain.exists():
        part = plain.with_suffix(".part")
        write_events(part, count, seed=1)
        part.rename(plain)
    if not zipped.exists():
        with plain.open("rb") as source, gzip.open(f"{zipped}.part", "wb", 6) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        os.rename(f"{zipped}.part", zipped)
    return plain, zipped


def month_starts(number: int) -> date:
    """Return the first of the 30 days of month `number`; month 0 is the one that lands."""
    return LANDING_STARTS + timedelta(days=30 * number)


def month(number: int, count: int = MONTH_EVENTS) -> Path:
    """Return the gzipped file of one month's `count` events.

    Months follow each other at the same number of events a day, as the history of a company that
    goes on does: more history is a longer one.
    """
    from platform_assets.sample.events_file import write_events

    DATA.mkdir(parents=True, exist_ok=True)
    path = DATA / f"month-{number}-{count}.ndjson.gz"
    if not path.exists():
        part = DATA / f"making-{path.name}"
        write_events(part, count, seed=1_000 + number, start=month_starts(number))
        part.rename(path)
    return path


def history(count: int, month_size: int = MONTH_EVENTS) -> list[Path]:
    """Return the files of the months up to the landing, oldest first, `count` events together."""
    return [month(-number, month_size) for number in range(count // month_size, 0, -1)]


def batches(size: int, month_size: int = MONTH_EVENTS) -> Iterator[bytes]:
    """Yield what lands: the events of month 0 in their order of arrival, `size` at a time.

    At a million events a month, 50,000 are a day and a half.
    """
    with gzip.open(month(0, month_size)) as lines:
        while batch := list(islice(lines, size)):
            yield b"".join(batch)

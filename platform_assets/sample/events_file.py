"""One large file of realistic events, for benchmarks.

What belongs here: many events in one file, without dirt, exports, logs or a database. What does
not: the landing zone (`generate`).
"""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import IO, cast

from platform_assets.sample.clock import DAY_MS, day_start
from platform_assets.sample.company import Company
from platform_assets.sample.config import SampleConfig
from platform_assets.sample.files import GZIP_LEVEL
from platform_assets.sample.tape import APP, WEB, Tape

DAYS = 30


def write_events(
    path: Path, n: int, seed: int = 42, start: date = date(2026, 1, 1), source: str = WEB
) -> int:
    """Write `n` events of one source as newline-delimited JSON; return the bytes of the file.

    They are spread over about 30 days from `start` on, in order of arrival, each message id
    once. A path that ends with `.gz` is compressed. Memory stays at one day's events.
    """
    share = 0.8 if source == WEB else 0.15
    per_day = max(50, int(n / DAYS / share))
    config = SampleConfig(DAYS, per_day, seed, start + timedelta(days=DAYS))
    tape = Tape(1 << 62, keep_hits=False)
    company = Company(config, tape)
    company.take_over_customers()
    first = day_start(start) // DAY_MS
    left, day_index = n, 0
    part = path.with_name(f".{path.name}.tmp")
    try:
        with _open(part, path.suffix == ".gz") as out:
            while left > 0:
                company.live_day(day_index)
                lines = [r.line for r in tape.take_events(source, first + day_index)[:left]]
                tape.take_events(APP if source == WEB else WEB, first + day_index)
                tape.counters[source].close((first + day_index + 1) * DAY_MS)
                if lines:
                    out.write(b"\n".join(lines) + b"\n")
                left, day_index = left - len(lines), day_index + 1
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path.stat().st_size


@contextmanager
def _open(path: Path, compressed: bool) -> Iterator[IO[bytes]]:
    """Open a file for writing; gzipped without its name and the time of day, or plain."""
    with path.open("wb") as plain:
        if not compressed:
            yield plain
            return
        with gzip.GzipFile("", "wb", GZIP_LEVEL, plain, mtime=0) as out:
            yield cast(IO[bytes], out)

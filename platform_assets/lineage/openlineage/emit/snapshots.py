"""Which snapshot the warehouse was at, at a time.

What belongs here: the list of snapshots, read once and then only what is new. What does not: the
facet that tells it (`facets`).
"""

import bisect
import logging
import time

import duckdb

from resources.errors import PlatformError
from resources.warehouse import Warehouse

_log = logging.getLogger(__name__)


class Snapshots:
    """The snapshots of a warehouse, by their time."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._times: list[float] = []
        self._numbers: list[int] = []
        self._read_at = 0.0

    def at(self, timestamp: float) -> int | None:
        """Return the newest snapshot at a time, in seconds since 1970.

        None for a time before the oldest snapshot that is kept, and while the warehouse can't be
        read: a version is left out rather than guessed.
        """
        if timestamp > self._read_at and not self._read():
            return None
        place = bisect.bisect_right(self._times, timestamp)
        return self._numbers[place - 1] if place else None

    def _read(self) -> bool:
        """Read what is new; return whether that was possible."""
        now = time.time()
        newest = self._numbers[-1] if self._numbers else -1
        try:
            with self._warehouse.reading() as connection:
                rows = connection.execute(
                    "SELECT snapshot_id, epoch(snapshot_time) FROM lake.snapshots() "
                    "WHERE snapshot_id > ? ORDER BY snapshot_id",
                    [newest],
                ).fetchall()
        except (PlatformError, duckdb.Error) as error:
            _log.warning("Events go without the warehouse's snapshot: %s", error)
            return False
        for number, at in rows:
            self._numbers.append(int(number))
            self._times.append(max(float(at), self._times[-1] if self._times else 0.0))
        self._read_at = now
        return True

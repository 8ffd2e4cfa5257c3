"""What is looked at, what was searched for in vain, how coverage grew: one small SQLite file.

What belongs here: counts by day, that rank a search while it is typed. What does not: who it was,
which is nobody's business, and each single look (`platform_assets.usage`).
"""

import sqlite3
import threading
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

WINDOW = timedelta(days=90)  # looks that count for the ranking
KEPT_FOR = 5.0  # seconds that the counts are remembered
_TABLES = """
CREATE TABLE IF NOT EXISTS looks (
  day TEXT, key TEXT, count INTEGER, PRIMARY KEY (day, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS in_vain (
  text TEXT PRIMARY KEY, count INTEGER, last_at TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS coverage (
  day TEXT, measure TEXT, share REAL, PRIMARY KEY (day, measure)) WITHOUT ROWID;
"""


class Usage:
    """The counts of one catalog.

    Args:
        file: made with its folder if it is not there.
        counting: whether looks and searches are counted; coverage is in any case.
    """

    def __init__(self, file: Path, counting: bool = True) -> None:
        self._counting = counting
        file.parent.mkdir(parents=True, exist_ok=True)
        self._guard = threading.Lock()
        self._db = sqlite3.connect(file, check_same_thread=False, timeout=10)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_TABLES)
        self._counts: dict[str, int] = {}
        self._counted_at = -KEPT_FOR

    def looked_at(self, key: str) -> None:
        """Count a look at an asset."""
        if not self._counting:
            return
        with self._guard, self._db:
            self._db.execute(
                "INSERT INTO looks VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
                [_today().isoformat(), key],
            )

    def searched_in_vain(self, text: str) -> None:
        """Record a search that found nothing."""
        if not self._counting:
            return
        with self._guard, self._db:
            self._db.execute(
                "INSERT INTO in_vain VALUES (?, 1, ?) ON CONFLICT DO UPDATE "
                "SET count = count + 1, last_at = excluded.last_at",
                [text.lower(), datetime.now(UTC).isoformat(timespec="seconds")],
            )

    def looks(self) -> dict[str, int]:
        """Return how often each asset was looked at in the last 90 days."""
        with self._guard:
            if time.monotonic() - self._counted_at > KEPT_FOR:
                since = (_today() - WINDOW).isoformat()
                rows = self._db.execute(
                    "SELECT key, sum(count) FROM looks WHERE day > ? GROUP BY key", [since]
                )
                self._counts, self._counted_at = dict(rows), time.monotonic()
            return self._counts

    def counted_since(self) -> date | None:
        """Return the first day with a look; None before there was one."""
        with self._guard:
            (day,) = self._db.execute("SELECT min(day) FROM looks").fetchone()
        return date.fromisoformat(day) if day else None

    def recorded_for(self) -> timedelta:
        """Return for how long looks have been recorded; nothing before the first."""
        with self._guard:
            first = self._db.execute("SELECT min(day) FROM looks").fetchone()[0]
        return _today() - date.fromisoformat(first) if first else timedelta(0)

    def in_vain(self) -> list[tuple[str, int, str]]:
        """Return searches that found nothing: text, how often, and when last; most asked first."""
        with self._guard:
            return self._db.execute(
                "SELECT text, count, last_at FROM in_vain ORDER BY count DESC, last_at DESC"
            ).fetchall()

    def covered(self, shares: Mapping[str, float]) -> None:
        """Record today's coverage; what was recorded earlier today is replaced."""
        rows = [(_today().isoformat(), measure, share) for measure, share in shares.items()]
        with self._guard, self._db:
            self._db.executemany("INSERT OR REPLACE INTO coverage VALUES (?, ?, ?)", rows)

    def coverage(self) -> dict[str, list[tuple[str, float]]]:
        """Return of each measure its days and shares, oldest first, of the last year."""
        since = (_today() - timedelta(days=366)).isoformat()
        found: dict[str, list[tuple[str, float]]] = {}
        with self._guard:
            rows = self._db.execute(
                "SELECT measure, day, share FROM coverage WHERE day > ? ORDER BY day", [since]
            ).fetchall()
        for measure, day, share in rows:
            found.setdefault(measure, []).append((day, share))
        return found


def _today() -> date:
    return datetime.now(UTC).date()

"""Giving the space of deleted rows back to the disk: SQLite keeps it in its file otherwise.

What belongs here: doing so beside readers and writers. What does not: deleting anything.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

BUSY_SECONDS = 20
LEAST_BYTES = 1 << 20  # of free space that is worth the work
LEAST_SHARE = 0.1
LARGEST_BYTES = 1 << 30  # of rows that are written anew at once: some ten seconds
PAGES_AT_ONCE = 1_000
INCREMENTAL = 2


def give_back(file: Path) -> int:
    """Give back what is free in a database; return the bytes that its file got smaller.

    Nobody is kept from reading. Writers wait while it is written anew, which happens once, and for
    small steps from then on. Where others keep it busy, what is left is done the next time; so is
    the first time of a database too large to keep its writers waiting: it uses the space again.
    """
    if not file.exists():
        return 0
    before = file.stat().st_size
    with (
        closing(sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)) as database,
        suppress(sqlite3.OperationalError),  # somebody is at work on it
    ):
        page, pages = _number(database, "page_size"), _number(database, "page_count")
        free = _number(database, "freelist_count")
        if free * page < LEAST_BYTES or free < LEAST_SHARE * pages:
            return 0
        if _number(database, "auto_vacuum") == INCREMENTAL:
            _in_steps(database)
        elif (pages - free) * page <= LARGEST_BYTES:
            database.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
            database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return max(before - file.stat().st_size, 0)


def _in_steps(database: sqlite3.Connection) -> None:
    free = _number(database, "freelist_count")
    while free:
        database.execute(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})").fetchall()
        left = _number(database, "freelist_count")
        if left >= free:
            return
        free = left


def _number(database: sqlite3.Connection, pragma: str) -> int:
    return int(database.execute(f"PRAGMA {pragma}").fetchone()[0])

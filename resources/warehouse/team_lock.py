"""Locks between machines: advisory locks of the PostgreSQL that holds a team's catalog.

PostgreSQL frees a lock when the connection that took it ends: a process that dies, or a machine
that vanishes, never keeps the others waiting for long.
"""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from resources.errors import PlatformError
from resources.warehouse.lock import Lock

# Milliseconds of one wait for the lock: a process that waits hears no signal, Ctrl-C for one.
PATIENCE_MS = 2_000
_guard = threading.Lock()
_locks: dict[tuple[str, str], "AdvisoryLock"] = {}


class Database(Protocol):
    """Whatever can connect to the database of the locks."""

    name: str

    def connect(self) -> Any:
        """Return a new connection that commits each statement."""


class AdvisoryLock(Lock):
    """A lock between threads, processes and machines, re-entrant within one thread.

    Each hold has a connection of its own to the database, which is closed at its end.
    """

    def __init__(self, database: Database, turn: str) -> None:
        super().__init__()
        self._database = database
        self._key = _key(turn)
        self._turn = turn

    @contextmanager
    def and_alone(self, turn: str) -> Iterator[None]:
        """Hold the lock of another turn too, on the same connection; this one must be held still.

        Raises:
            PlatformError: it is not, because a restart of the database frees it; what it protects
                must not be committed.
        """
        import psycopg2

        key = _key(turn)
        try:
            with self._hold.cursor() as cursor:
                _wait(cursor, key)
        except psycopg2.Error:
            raise PlatformError(
                f"The connection to {self._database.name} was lost while {self._turn} was written.",
                hint="Nothing of it was committed; the next run does it again.",
            ) from None
        try:
            yield
        finally:
            with suppress(psycopg2.Error), self._hold.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])

    def _take(self) -> Any:
        """Return the connection that holds the lock.

        Raises:
            PlatformError: the database can't be reached, or went away while we waited.
        """
        import psycopg2

        connection = self._database.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = {PATIENCE_MS}")
                _wait(cursor, self._key)
                return connection
        except BaseException as error:
            connection.close()
            if not isinstance(error, psycopg2.Error):
                raise
            raise PlatformError(
                f"The connection to {self._database.name} was lost while waiting for a turn.",
                hint="See that PostgreSQL runs; the next run goes on from there.",
            ) from None

    def _free(self, hold: Any) -> None:
        hold.close()


def _key(turn: str) -> int:
    """Return the number by which PostgreSQL knows a turn."""
    digest = hashlib.sha256(f"platform-assets/{turn}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _wait(cursor: Any, key: int) -> None:
    """Take a lock as soon as it is free."""
    import psycopg2

    while True:
        try:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
            return
        except psycopg2.errors.LockNotAvailable:
            continue  # meanwhile a signal was heard, if there was one


def advisory_lock(database: Database, turn: str) -> AdvisoryLock:
    """Return this process's lock of a turn in a database: the same object for the same turn."""
    with _guard:
        key = (database.name, turn)
        if key not in _locks:
            _locks[key] = AdvisoryLock(database, turn)
        return _locks[key]


def _forget_after_fork() -> None:
    """A forked child starts without the parent's holds: they are the parent's to release.

    psycopg leaves alone what another process has opened.
    """
    global _guard  # noqa: PLW0603 (a lock held by another thread of the parent is never freed)
    _guard = threading.Lock()
    _locks.clear()


os.register_at_fork(after_in_child=_forget_after_fork)

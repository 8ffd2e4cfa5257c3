"""One writer at a time: the exclusive lock around each write transaction of the embedded lake.

DuckLake on a SQLite catalog loses about half of concurrent commits; with this lock it loses none,
and readers never wait. The operating system frees the lock when its process dies.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_guard = threading.Lock()
_locks: dict[Path, "WriteLock"] = {}


class Lock:
    """A lock between processes, re-entrant within one thread: the outermost hold counts."""

    def __init__(self) -> None:
        self._thread = threading.RLock()
        self._depth = 0
        self._hold: Any = None

    def acquire(self) -> None:
        """Wait for the lock and take it; raises what `_take` raises."""
        self._thread.acquire()
        try:
            if self._depth == 0:
                self._hold = self._take()
            self._depth += 1
        except BaseException:
            self._thread.release()
            raise

    def release(self) -> None:
        """Give the lock back; the outermost release lets the next one in."""
        self._depth -= 1
        try:
            if self._depth == 0:
                hold, self._hold = self._hold, None
                self._free(hold)
        finally:
            self._thread.release()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock for the length of a `with` block."""
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def _take(self) -> Any:
        """Wait for the other processes, and return what `_free` needs."""
        raise NotImplementedError

    def _free(self, hold: Any) -> None:
        """Let the other processes in."""
        raise NotImplementedError


class WriteLock(Lock):
    """A lock between threads and processes of one machine: a locked file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def _take(self) -> int:
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def _free(self, hold: int) -> None:
        os.close(hold)


def write_lock(path: Path) -> WriteLock:
    """Return this process's lock on `path`: the same object for the same file."""
    with _guard:
        return _locks.setdefault(path.resolve(), WriteLock(path.resolve()))


def _forget_after_fork() -> None:
    """A forked child starts without the parent's holds: they are the parent's to release."""
    global _guard  # noqa: PLW0603 (a lock held by another thread of the parent is never freed)
    _guard = threading.Lock()
    _locks.clear()


os.register_at_fork(after_in_child=_forget_after_fork)

"""Events on their way to the landing zone: files of this machine that outlive their process.

What belongs here: that nothing written is lost, and nothing is handed over twice at once. What does
not: what an event is (`visits`), and where the files go (`delivery`).

A file that is being written is `<name>.open`, under a lock that ends with its process, however that
ends; a complete one is `<name>.ndjson`. What a dead process left open is completed by the next.
"""

import fcntl
import os
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

OPEN, COMPLETE = ".open", ".ndjson"


class Spool:
    """The files below one folder; several processes may share it, each with a file of its own.

    Args:
        folder: made with the first file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process = secrets.token_hex(4)
        self._numbers = count(1)
        self._file: int | None = None
        self._path = folder
        self._day = ""

    def append(self, lines: Iterable[bytes]) -> None:
        """Write lines that belong to today (UTC); a new day begins a new file.

        Raises:
            OSError: the disk is full, or the folder can't be written.
        """
        data = b"".join(line + b"\n" for line in lines)
        if not data:
            return
        now = datetime.now(UTC)
        if self._day != f"{now:%Y-%m-%d}":
            self.complete()
        if self._file is None:
            self._begin(now)
        assert self._file is not None
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def complete(self) -> None:
        """End the file that is being written; what comes next begins another."""
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.replace(self._path, self._path.with_suffix(COMPLETE))
            finally:
                os.close(file)

    def waiting(self) -> list[Path]:
        """Return the complete files, oldest first: one's own, and what dead processes left."""
        if not self.folder.is_dir():
            return []
        for left in sorted(self.folder.glob(f"*{OPEN}")):
            if left != self._path or self._file is None:
                _take_over(left)
        return sorted(self.folder.glob(f"*{COMPLETE}"))

    def size(self) -> int:
        """Return the bytes of all files that have not landed."""
        return sum(_size(path) for path in self.folder.glob("*.*"))

    def _begin(self, now: datetime) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{now:%Y-%m-%dT%H%M%S}-{self._process}-{next(self._numbers)}"
        # Locked before others can see it: what has the suffix and no lock is nobody's.
        hidden = self.folder / f".{name}"
        file = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        self._path = self.folder / f"{name}{OPEN}"
        os.replace(hidden, self._path)
        self._file, self._day = file, f"{now:%Y-%m-%d}"


def _take_over(path: Path) -> None:
    """Complete a file whose process is gone; a line that it did not finish is dropped."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:  # another process was faster
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.exists():
            os.truncate(file, path.read_bytes().rfind(b"\n") + 1)
            os.replace(path, path.with_suffix(COMPLETE))
    except BlockingIOError:  # its process is alive
        pass
    finally:
        os.close(file)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0

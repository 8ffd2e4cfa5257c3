"""Errors that are for people: what went wrong, and the way out."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from resources.secrets import redacted
from resources.settings import secret_values

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_TEXT = ("No space left on device", "Disk quota exceeded", "File too large", "disk is full")
_FAILS_TEXT = "disk I/O error"  # SQLite's, also where its log has no room to grow


class PlatformError(Exception):
    """An error whose message is shown as it stands, without a traceback and without secrets.

    Args:
        message: what went wrong, naming the file, line, source or setting.
        hint: the way out, as an instruction.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message, self.hint = _safe(message), _safe(hint)
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UncertainCommit(PlatformError):
    """A commit whose answer never came: it may be done. What it would show must be left there."""


def _safe(text: str) -> str:
    try:
        return redacted(text, secret_values())
    except ValueError:  # settings that do not validate: what is secret is not known
        return redacted(text, ())


@contextmanager
def full_disk(doing: str, folder: Path) -> Iterator[None]:
    """Tell a full disk as such: DuckDB, SQLite and the operating system each have their own words.

    Raises:
        PlatformError: there was no space left for what the block writes below `folder`.
    """
    try:
        yield
    except (OSError, duckdb.Error) as error:
        full = getattr(error, "errno", None) in _FULL or any(t in str(error) for t in _FULL_TEXT)
        if not full and _FAILS_TEXT not in str(error):
            raise
        state = "is full" if full else "is full, or fails"
        raise PlatformError(
            f"The disk {state}: {doing} stopped. Nothing is half-loaded.",
            hint=f"Free some space where {folder} lies; the next run goes on from there.",
        ) from error

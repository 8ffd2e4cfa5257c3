"""What a landed file is, and which names a glob means: the same for every kind of landing zone.

What belongs here: names and their patterns. What does not: listing (`folder`, `objects`, `remote`).
"""

import fnmatch
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

TEMPORARY = (".tmp", ".part")
HIDDEN = (".", "_")


@dataclass(frozen=True, order=True)
class LandedFile:
    """One file of the landing zone.

    Attributes:
        path: below the landing zone, with `/`.
        size: bytes.
        modified_at: UTC, in microseconds; of some object stores in seconds.
        version: what an object store calls these bytes (its ETag); empty in other landing zones.
    """

    path: str
    size: int
    modified_at: datetime
    version: str = ""

    @property
    def name(self) -> str:
        """The path as text: bytes of a local name that are not UTF-8 are shown as \\xNN."""
        raw = self.path.encode("utf-8", "surrogateescape")
        return raw.decode("utf-8", "backslashreplace")


class Glob:
    """A pattern of paths: `*` stays in a folder, `**` crosses them.

    Files whose name, or a folder's, starts with `.` or `_` and files named `.tmp` or `.part` never
    match: whoever writes them will rename them.

    Attributes:
        beginning: what every path that matches begins with.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.beginning = re.split(r"[*?\[]", text)[0]
        self._pattern = re.compile(_translate(text))

    @property
    def folder(self) -> str:
        """The folder that everything lies in that matches."""
        return self.beginning.rpartition("/")[0]

    def matches(self, path: str) -> bool:
        """Return whether it matches."""
        return bool(self._pattern.fullmatch(path)) and not _temporary(path)


@cache
def glob(text: str) -> Glob:
    """Return the pattern that a text says."""
    return Glob(text)


def moment(seconds: float) -> datetime:
    """Return seconds since 1970 as a time in UTC, in microseconds."""
    return datetime.fromtimestamp(round(seconds, 6), UTC)


def _temporary(path: str) -> bool:
    return path.endswith(TEMPORARY) or any(p.startswith(HIDDEN) for p in path.split("/"))


def _translate(glob: str) -> str:
    """Return the regular expression of a glob; a folder's name may be empty in an object store."""
    parts = []
    for piece in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", glob):
        if piece == "**/":
            parts.append("(?:[^/]*/)*")
        elif piece == "**":
            parts.append("(?s:.*)")
        elif piece == "*":
            parts.append("[^/]*")
        elif piece == "?":
            parts.append("[^/]")
        elif piece.startswith("[") and piece.endswith("]"):
            parts.append(fnmatch.translate(piece)[4:-3])
        else:
            parts.append(re.escape(piece))
    return "".join(parts)

"""Which files of a source the ledger knows: read once by a process, then kept up with.

What belongs here: the memory of paths and contents that makes looking for new files cheap. What
does not: the ledger's SQL (`resources.warehouse.file_load`).
"""

import posixpath
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from resources.landing import LandedFile
from resources.warehouse import Warehouse, file_load


@dataclass
class Known:
    """The files of one source that the ledger knows.

    Attributes:
        count, newest: how many there are, and the load of the newest.
        files: name, size, time and version of each.
        contents: the first file that brought each content, by SHA-256; of a content that was
            refused, by SHA-256 and ending, because under another it may be readable.
        sizes: of these files.
    """

    count: int = 0
    newest: int = 0
    files: set[tuple[str, int, datetime, str]] = field(default_factory=set)
    contents: dict[str, str] = field(default_factory=dict)
    sizes: set[int] = field(default_factory=set)

    def has(self, file: LandedFile) -> bool:
        """Return whether the ledger has this file, by name, size, time and version."""
        return (file.name, file.size, file.modified_at, file.version) in self.files

    def add(self, row: file_load.Known) -> None:
        """Remember a row of the ledger."""
        path, size, modified_at, version, sha256, status = row
        self.count += 1
        self.files.add((path, size, modified_at, version))
        if status in ("loaded", "quarantined"):  # an empty or repeated one has no content to know
            self.contents.setdefault(content_key(sha256, path, status), path)
            self.sizes.add(size)


def earlier(contents: Mapping[str, str], sha256: str, path: str) -> str | None:
    """Return the file that brought a content before, if that says what becomes of it now."""
    keys = (content_key(sha256, path, status) for status in ("loaded", "quarantined"))
    return next((contents[key] for key in keys if key in contents), None)


def content_key(sha256: str, path: str, status: str) -> str:
    """Return by what a content is known."""
    return sha256 if status == "loaded" else sha256 + posixpath.splitext(path)[1]


_guard = threading.Lock()
_known: dict[tuple[str, object, str], Known] = {}


def known(warehouse: Warehouse, source: str) -> Known:
    """Return what the ledger knows now.

    Costs a look at the newest loads, not at the whole ledger; if rows of the ledger were removed
    meanwhile, or the warehouse is another one in the same place, everything is read again.
    """
    with _guard, warehouse.reading() as connection:
        key = (warehouse.url, warehouse.place.identity(), source)
        found = _known.setdefault(key, Known())
        connection.begin()  # one snapshot for all queries
        count, newest = file_load.ledger_state(connection, source)
        if (count, newest) != (found.count, found.newest):
            for row in file_load.known_files(connection, source, found.newest):
                found.add(row)
            if count != found.count:
                found = _known[key] = Known()
                for row in file_load.known_files(connection, source, 0):
                    found.add(row)
            found.newest = newest
        connection.commit()
        return found

"""What tells whether the rows in the warehouse are those of the records as they are now.

What belongs here: marks of the store and of the team's files. What does not: who compares them
(`components.product_watching`), the rows (`rows`).
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from platform_assets.product import curated
from platform_assets.product.rows_tables import LINKS, TABLES, Table
from platform_assets.product.store import RecordStore

_SHAPE = hashlib.sha256(repr(TABLES).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class State:
    """Marks of all that the tables hold; another one as soon as something changes.

    They change once a day too: that nothing was said for a week is no sign of old tables.
    """

    submitted: str
    written: str

    def of(self, table: Table) -> str:
        """Return the mark of one table."""
        if table is LINKS:
            return f"{self.submitted}/{self.written}"
        return self.submitted if table.submitted else self.written


def state(store: RecordStore, folder: Path, now: datetime | None = None) -> State:
    """Return the marks of now.

    Raises:
        PlatformError: the store can't be reached.
    """
    day = f"{_SHAPE}/{now or datetime.now(UTC):%Y-%m-%d}"
    return State(f"{day}/{store.changes()}", f"{day}/{_digest(folder)}")


def glance(folder: Path) -> int:
    """Return a number that is another one as soon as a file of the team is written."""
    found = []
    for file in _files(folder):
        with suppress(FileNotFoundError):  # an editor is just replacing it
            now = file.stat()
            found.append((file.name, now.st_mtime_ns, now.st_size))
    return hash(tuple(found))


def _digest(folder: Path) -> str:
    found = hashlib.sha256()
    for file in _files(folder):
        with suppress(FileNotFoundError):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            found.update(f"{file.relative_to(folder)}\t{content}\n".encode())
    return found.hexdigest()[:16]


def _files(folder: Path) -> Iterator[Path]:
    for plural in curated.FOLDERS.values():
        yield from curated.files(folder, plural)

"""What tells whether the rows in the warehouse are those of the records as they are now.

What belongs here: marks of the store and of the team's files. What does not: who compares them
(`components.product_watching`), the rows (`rows`).
"""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from platform_assets.product import curated
from platform_assets.product.rows_tables import LINKING, LINKS, TABLES, Table
from platform_assets.product.store import RecordStore

_SHAPE = hashlib.sha256(repr(TABLES).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class State:
    """Marks of all that the tables hold; another one as soon as something changes.

    They change once a day too: that nothing was said for a week is no sign of old tables.

    Attributes:
        assets: of what links may lead to.
    """

    submitted: str
    written: str
    assets: str = ""

    def of(self, table: Table) -> str:
        """Return the mark of one table."""
        if table is LINKS:
            return f"{self.submitted}/{self.written}/{self.assets}"
        own = self.submitted if table.submitted else self.written
        return f"{own}/{self.assets}" if table in LINKING else own

    def of_broken(self, table: Table) -> str:
        """Return the mark of a table with a link that leads nowhere: anything may mend it."""
        return f"broken: {self.of(table)}/{self.of(LINKS)}"


def state(
    store: RecordStore, folder: Path, now: datetime | None = None, assets: Collection[str] = ()
) -> State:
    """Return the marks of now.

    Args:
        assets: keys of all assets.

    Raises:
        PlatformError: the store can't be reached.
    """
    day = f"{_SHAPE}/{now or datetime.now(UTC):%Y-%m-%d}"
    keys = hashlib.sha256("\n".join(sorted(assets)).encode()).hexdigest()[:8]
    return State(f"{day}/{store.changes()}", f"{day}/{_digest(folder)}", keys)


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

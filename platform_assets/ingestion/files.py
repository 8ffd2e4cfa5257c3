"""Landed files → `raw.<source>`: each exactly once, nothing lost.

What belongs here: which files are new, in what portions they load, and what a load came to. What
does not: reading (`formats`), columns (`file_plan`), SQL (`resources.warehouse.file_*`).

A load holds the write lock from its first look at the ledger to its commit, so that no two loads
ever take the same file, and the numbers of loads grow in the order of their commits.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from platform_assets.ingestion import formats
from platform_assets.ingestion.database_plan import Drift
from platform_assets.ingestion.declaration import FileDeclaration
from platform_assets.ingestion.file_portion import Portion
from resources.landing import LandedFile, Landing
from resources.warehouse import Warehouse, file_load
from resources.warehouse.file_load import FileLoad

SMALL = 1 << 20  # bytes up to which files load together
PORTION_BYTES = 32 << 20  # bytes of small files in one transaction
PORTION_FILES = 2_000
Progress = Callable[[FileLoad], None]


@dataclass
class IngestResult:
    """What came of a call of `ingest`.

    Attributes:
        files: files that were looked at.
        rows_loaded, rows_quarantined: records in them.
        duplicates: files whose content was known.
        refused: files that could not be read at all.
        drift: changes of columns and types.
        newest_event: latest event time among the loaded rows.
    """

    files: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    duplicates: int = 0
    refused: int = 0
    drift: list[Drift] = field(default_factory=list)
    newest_event: datetime | None = None

    def add(self, load: FileLoad) -> None:
        """Count one file."""
        self.files += 1
        self.rows_loaded += load.rows
        self.rows_quarantined += len(load.bad)
        self.duplicates += load.status == "duplicate"
        self.refused += load.status == "quarantined"
        events = [e for e in (self.newest_event, load.last_event) if e is not None]
        self.newest_event = max(events, default=None)


class _Known:
    """The files of each source that the ledger knows, read once and then kept up with."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._files: dict[tuple[str, str], tuple[int, set[tuple[str, int, datetime]]]] = {}

    def files(self, warehouse: Warehouse, source: str) -> set[tuple[str, int, datetime]]:
        """Return path, size and time of every file in the ledger."""
        key = (warehouse.url, source)
        with self._guard, warehouse.reading() as connection:
            newest, known = self._files.get(key, (0, set()))
            if file_load.newest_load(connection) < newest:  # another warehouse in the same place
                newest, known = 0, set()
            rows, newest = file_load.known_files(connection, source, newest)
            known.update(rows)
            self._files[key] = (newest, known)
            return known


_KNOWN = _Known()


def pending(
    warehouse: Warehouse, landing: Landing, declaration: FileDeclaration
) -> list[LandedFile]:
    """Return the files that landed and are not in the ledger, by path, size and time.

    Whether their content is known is only found when they load.

    Raises:
        PlatformError: the landing zone does not exist.
    """
    landed = landing.find(declaration.glob)
    known = _KNOWN.files(warehouse, declaration.name) if landed else set()
    return [f for f in landed if (f.path, f.size, f.modified_at) not in known]


def ingest(
    warehouse: Warehouse,
    landing: Landing,
    declaration: FileDeclaration,
    *,
    files: Sequence[LandedFile] | None = None,
    on_progress: Progress | None = None,
) -> IngestResult:
    """Load the files that are not loaded yet; return what came of it.

    Each large file is a transaction of its own; small files share one. A file that can't be read,
    and a record that can't be loaded, go to the quarantine and stop nothing.

    Args:
        files: what to load; default: all that is pending.

    Raises:
        PlatformError: the landing zone, or a declared type that the table's rows do not fit.
        OSError: the disk is full, or the landing zone fails; nothing is half-loaded.
    """
    if declaration.format.pattern:
        formats.log_groups(declaration.format.pattern)
    found = pending(warehouse, landing, declaration) if files is None else list(files)
    result = IngestResult()
    for portion in portions(found):
        loads, drift = _load(warehouse, landing, declaration, portion)
        for load in loads:
            result.add(load)
            if on_progress:
                on_progress(load)
        result.drift.extend(drift)
    return result


def portions(files: Sequence[LandedFile]) -> Iterator[list[LandedFile]]:
    """Yield the files that load in one transaction: a large one alone, small ones together."""
    small: list[LandedFile] = []
    size = 0
    for each in files:
        if each.size > SMALL:
            yield [each]
            continue
        if len(small) == PORTION_FILES or (small and size + each.size > PORTION_BYTES):
            yield small
            small, size = [], 0
        small.append(each)
        size += each.size
    if small:
        yield small


def _load(
    warehouse: Warehouse,
    landing: Landing,
    declaration: FileDeclaration,
    files: Sequence[LandedFile],
) -> tuple[list[FileLoad], list[Drift]]:
    started = time.monotonic()
    with warehouse.lock():
        portion = Portion.begin(warehouse, declaration)
        fresh = [f for f in files if not portion.knows(f)]
        with file_load.staging(warehouse, declaration.name, portion.load_id) as folder:
            loads = portion.stage(landing, fresh, folder)
            if loads:
                for load in loads:
                    load.seconds = round((time.monotonic() - started) / len(loads), 4)
                file_load.publish(
                    warehouse,
                    declaration.name,
                    portion.load_id,
                    datetime.now(UTC),
                    loads,
                    portion.staged,
                    portion.plan.change,
                    portion.drift(loads),
                )
        return loads, portion.plan.drift

"""Landed files → `raw.<source>`: each exactly once, nothing lost.

What belongs here: which files are new, in what portions they load, and what a load came to. What
does not: reading (`formats`), columns (`file_plan`), SQL (`resources.warehouse.file_*`).

A load holds its source's lock from its first look at the ledger to its commit, so that no two
loads ever take the same file; the warehouse's write lock is held for the commit alone.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import duckdb

from platform_assets.ingestion import file_ledger, formats
from platform_assets.ingestion.database_plan import Drift
from platform_assets.ingestion.declaration import FileDeclaration
from platform_assets.ingestion.file_plan import Plan
from platform_assets.ingestion.file_portion import Portion
from platform_assets.ingestion.file_records import Records
from resources.errors import full_disk
from resources.landing import Found, LandedFile, Landing, Span
from resources.settings import settings
from resources.warehouse import Warehouse, extract_cast, extract_table, file_load
from resources.warehouse.extract import staging_folder
from resources.warehouse.file_load import FileLoad
from resources.warehouse.file_stage import Stage

SMALL = 1 << 20  # bytes up to which files load together
PORTION_BYTES = 32 << 20  # bytes of small files in one transaction
PORTION_FILES = 2_000
SPREAD = 8 << 20  # bytes from which on a cluster, where there is one, reads them
Progress = Callable[[FileLoad], None]
Batches = Callable[[Sequence[LandedFile]], Iterator[list[LandedFile]]]
Staged = tuple[list[FileLoad], Plan, Stage]
Reading = Callable[[Sequence[LandedFile], Plan, file_ledger.Known], AbstractContextManager[Staged]]


@dataclass
class IngestResult:
    """What came of a call of `ingest`.

    Attributes:
        files: files that were looked at.
        rows_loaded, rows_quarantined: records in them.
        duplicates: files whose content was known.
        refused: files that could not be read at all.
        cut: files that hold exactly as many records as their sender delivers at most.
        drift: changes of columns and types.
        newest_event: latest event time among the loaded rows.
    """

    files: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    duplicates: int = 0
    refused: int = 0
    cut: int = 0
    drift: list[Drift] = field(default_factory=list)
    newest_event: datetime | None = None

    def add(self, load: FileLoad) -> None:
        """Count one file."""
        self.files += 1
        self.rows_loaded += load.rows
        self.rows_quarantined += load.bad
        self.duplicates += load.status == "duplicate"
        self.refused += load.status == "quarantined"
        self.cut += load.status == "loaded" and load.reason is not None
        events = [e for e in (self.newest_event, load.last_event) if e is not None]
        self.newest_event = max(events, default=None)


def fresh(warehouse: Warehouse, landing: Landing, declaration: FileDeclaration) -> Found:
    """Return what a sensor's look finds of the files that landed and are not in the ledger.

    It is not all of them where only a part of the landing zone was listed: later looks find the
    others.

    Raises:
        PlatformError: the landing zone does not exist, or can't be listed.
    """
    known = file_ledger.known(warehouse, declaration.name)
    return landing.fresh(declaration.glob, known.has)


def pending(
    warehouse: Warehouse,
    landing: Landing,
    declaration: FileDeclaration,
    spans: Sequence[Span] | None = None,
) -> list[LandedFile]:
    """Return the files that landed and are not in the ledger, by path, size, time and version.

    Whether their content is known is only found when they load.

    Args:
        spans: where a look has found some; default: everywhere.

    Raises:
        PlatformError: the landing zone does not exist, or can't be listed.
    """
    landed = landing.find(declaration.glob, spans)
    if not landed:
        return []
    known = file_ledger.known(warehouse, declaration.name)
    return [file for file in landed if not known.has(file)]


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
        PlatformError: the landing zone does not exist, the disk is full, or a declared type does
            not fit the rows that are loaded already; nothing is half-loaded.
        OSError: the landing zone fails.
    """
    formats.check(declaration.format)
    result = IngestResult()
    with full_disk(f"loading {declaration.name}", warehouse.work):
        found = pending(warehouse, landing, declaration) if files is None else dict.fromkeys(files)
        if not found:
            return result
        with _reader(warehouse, landing, sum(f.size for f in found)) as (batches, reading):
            for batch in batches(list(found)):
                loads, drift = _load(warehouse, declaration, batch, reading)
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


@contextmanager
def _reader(warehouse: Warehouse, landing: Landing, size: int) -> Iterator[tuple[Batches, Reading]]:
    """Yield what tells the files of a transaction, and what stages them: here or on a cluster.

    A few bytes are loaded here before a cluster has heard of them.
    """
    if settings().spark_url and size > SPREAD:
        from platform_assets.ingestion import file_cluster

        yield file_cluster.waves, partial(file_cluster.reading, warehouse, landing)
        return
    connection = warehouse.scratch()
    try:
        extract_cast.prepare(connection)
        yield portions, partial(_read_here, warehouse, landing, connection)
    finally:
        connection.close()


@contextmanager
def _read_here(
    warehouse: Warehouse,
    landing: Landing,
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[LandedFile],
    plan: Plan,
    known: file_ledger.Known,
) -> Iterator[Staged]:
    """Stage files in this process; yield what became of them, the columns, and the stage."""
    with staging_folder(warehouse.work / "staging") as folder:
        records = Records(connection, plan, Stage(folder))
        portion = Portion(landing, known, records)
        portion.take(files)
        records.stage.align(connection, records.plan.types)
        yield portion.loads, records.plan, records.stage


def _load(
    warehouse: Warehouse,
    declaration: FileDeclaration,
    files: Sequence[LandedFile],
    reading: Reading,
) -> tuple[list[FileLoad], list[Drift]]:
    """Load the files in one transaction; return what became of each, and what changed."""
    started, source = time.monotonic(), declaration.name
    with file_load.one_at_a_time(warehouse, source):
        known = file_ledger.known(warehouse, source)
        new = [file for file in files if not known.has(file)]
        if not new:
            return [], []
        with reading(new, _plan(warehouse, declaration), known) as (loads, plan, stage):
            if not loads:
                return [], []
            for load in loads:
                load.seconds = round((time.monotonic() - started) / len(loads), 4)
            drift = [(file or loads[0].path, d) for file, d in plan.news]
            changes = [(file, d.column, d.change, d.before, d.after) for file, d in drift]
            file_load.publish(warehouse, source, loads, stage, plan.change, changes)
            return loads, plan.drift


def _plan(warehouse: Warehouse, declaration: FileDeclaration) -> Plan:
    """Return the columns as they are now, and what is known of them."""
    with warehouse.reading() as connection:
        name = declaration.name
        have = extract_table.columns(connection, name)
        exists = extract_table.exists(connection, name)
        told = {row[0]: Drift(*row) for row in file_load.newest_drift(connection, name)}
        renames = file_load.renames(connection, name)
    return Plan(declaration, have if exists else None, told, renames)

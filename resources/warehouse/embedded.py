"""An embedded lake: all of it below one folder of one machine.

What belongs here: its catalog in SQLite, its files, its locks. What does not: what every place can
do (`places`).
"""

import hashlib
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from resources import sqlite_space
from resources.warehouse import moved
from resources.warehouse.lock import write_lock
from resources.warehouse.sql import literal

# After these errors, a DuckDB is of no more use.
BROKEN = (duckdb.InternalException, duckdb.FatalException)


class Embedded:
    """A SQLite catalog and Parquet files below one folder of this machine."""

    extensions = ("icu", "sqlite_scanner", "ducklake")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder)
        self.catalog = folder / "catalog.sqlite"
        self.files = str(folder / "data")
        self.work = folder

    def exists(self) -> bool:
        return self.catalog.exists()

    def identity(self) -> object:
        return self.catalog.stat().st_ino

    def make(self) -> None:
        Path(self.files).mkdir(parents=True, exist_ok=True)

    def attach(self, connection: duckdb.DuckDBPyConnection, read_only: bool) -> None:
        connection.execute(
            f"ATTACH {literal(f'ducklake:sqlite:{self.catalog}')} AS lake "
            f"(DATA_PATH {literal(self.files)}, META_JOURNAL_MODE 'WAL', "
            "META_BUSY_TIMEOUT 20000, AUTOMATIC_MIGRATION true"
            f"{', READ_ONLY' if read_only else ''})"
        )

    def lock(self, turn: str) -> AbstractContextManager[None]:
        """Hold the one write lock: DuckLake on SQLite loses half of concurrent commits."""
        return write_lock(self.folder / "write.lock").held()

    def mutex(self, name: str) -> AbstractContextManager[None]:
        locks = self.folder / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        short = hashlib.sha256(name.encode()).hexdigest()[:16]
        return write_lock(locks / f"{short}.lock").held()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def committing(
        self, connection: duckdb.DuckDBPyConnection, turn: str
    ) -> AbstractContextManager[None]:
        """Nothing: the operating system frees the lock at the end of its process only."""
        return nullcontext()

    def is_lost(self, error: BaseException) -> bool:
        return isinstance(error, BROKEN)

    def explained(self) -> AbstractContextManager[None]:
        return nullcontext()

    def follow_move(self) -> None:
        files = Path(self.files)
        if self.exists() and moved.is_moved(self.catalog, files):
            with self.lock(""):
                moved.follow(self.catalog, files)

    def shrink(self) -> int:
        with self.lock(""):
            return sqlite_space.give_back(self.catalog)

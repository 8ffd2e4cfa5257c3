"""The warehouse: where it is, and how a process connects to it.

What belongs here: attaching the lake, the write transaction, the read-only engine. What does not:
what is written (`loader`), the platform's own tables (`system_tables`).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import duckdb
import sqlalchemy

from resources.errors import PlatformError
from resources.settings import settings
from resources.warehouse import extensions, system_tables
from resources.warehouse.places import place_of
from resources.warehouse.sql import identifier as identifier
from resources.warehouse.sql import literal as literal

SCHEMAS = ("raw", "platform", "product", "staging", "intermediate", "marts")


class Warehouse:
    """A DuckLake: a catalog of tables, files and snapshots, and the Parquet files themselves.

    Args:
        url: `ducklake:///<absolute folder>` for the embedded one, whose catalog is SQLite; a
            team's is `ducklake+postgresql://<user>:<password>@<host>/<database>?files=<place>`.
        memory_limit: what one connection may use, in DuckDB's notation (`2GB`).
        threads: threads of one connection; 0 means one per core.
        temp_dir: where a connection spills what does not fit in memory.

    Raises:
        PlatformError: the URL is of no known engine, or its folder can't be made.
    """

    def __init__(
        self,
        url: str,
        memory_limit: str = "2GB",
        threads: int = 0,
        temp_dir: Path | None = None,
    ) -> None:
        self.url = url
        self.place = place_of(url, temp_dir)
        self.memory_limit = memory_limit
        self.threads = threads
        self.temp_dir = temp_dir or self.place.work / "tmp"
        self._local = threading.local()
        self._guard = threading.RLock()
        self._reader: duckdb.DuckDBPyConnection | None = None
        self._prepared = False
        self._in_place = False
        self._found = False

    @classmethod
    def from_settings(cls) -> Self:
        """Return the warehouse that the settings name."""
        s = settings()
        return cls(s.warehouse, s.memory_limit, s.threads, s.data / "tmp")

    @property
    def work(self) -> Path:
        """Folder of this machine for files that are on their way into the lake."""
        return self.place.work

    @property
    def data_path(self) -> str:
        """Folder, or URL in an object store, of the Parquet files."""
        return self.place.files

    def connect(self, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        """Return a fresh in-memory DuckDB with the lake attached as `lake` and made current.

        The session's zone is UTC. Attaching costs tens of milliseconds: keep the connection, and
        take `.cursor()` per request.

        Raises:
            PlatformError: the lake can't be reached or written, or is not there yet to read.
        """
        if read_only and not self._is_there():
            raise PlatformError(
                f"There is no warehouse at {self.place.name} yet.",
                hint="Run `platform-assets materialize` (or `make up`) first.",
            )
        if not self._in_place:
            self.place.follow_move()  # once in a process
            self._in_place = True
        if not read_only:
            self._prepare()
        connection = self._open()
        with self.place.explained():
            self._attach(connection, read_only)
        return connection

    def scratch(self) -> duckdb.DuckDBPyConnection:
        """Return a fresh in-memory DuckDB without the lake, within the same limits."""
        self._make_folders()
        return self._open()

    @contextmanager
    def lock(self, turn: str = "") -> Iterator[None]:
        """Hold the lock of a turn: taken per transaction, by every writer alike.

        Writers of an embedded lake all take turns. In a team's lake only those do that name the
        same turn: a table, or nothing for whoever loads, so that loads are numbered in the order
        of their commits.
        """
        self._make_folders()
        with self.place.lock(turn):
            yield

    @contextmanager
    def write(self, turn: str = "") -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection inside one transaction, under the lock of a turn.

        Everything commits together when the block ends, or nothing does when it raises. One
        connection per thread is kept and used again.
        """
        connection: duckdb.DuckDBPyConnection | None = getattr(self._local, "writer", None)
        if connection is None:
            connection = self._local.writer = self.connect()
        with self.lock(turn), self.place.explained():
            connection.execute("BEGIN TRANSACTION")
            try:
                yield connection
                with self.place.committing(connection, turn):
                    connection.execute("COMMIT")
            except BaseException:
                self._abandon(connection)
                raise

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a read-only cursor on a connection that this process keeps open."""
        with self._guard:
            if self._reader is None:
                if not self._is_there():
                    self._prepare()
                self._reader = self.connect(read_only=True)
            reader = self._reader
            cursor = reader.cursor()
        try:
            with self.place.explained():
                cursor.execute("USE lake")
                yield cursor
        except BaseException as error:
            if isinstance(error.__cause__ or error, duckdb.Error):
                self._forget(reader)
            raise
        finally:
            _close(cursor)

    def _forget(self, reader: duckdb.DuckDBPyConnection) -> None:
        """Have the next one who reads connect anew: an error of the place may have broken it."""
        with self._guard:
            if self._reader is reader:
                self._reader = None

    def engine(self) -> sqlalchemy.Engine:
        """Return a read-only SQLAlchemy engine; `pandas.read_sql` works on it."""
        from resources.warehouse.dialect import read_only_engine

        return read_only_engine(self)

    def snapshot(self) -> int:
        """Return the number of the newest snapshot of the lake."""
        connection = self.connect(read_only=True)
        try:
            row = connection.execute("SELECT max(snapshot_id) FROM lake.snapshots()").fetchone()
            return int(row[0]) if row else 0
        finally:
            _close(connection)

    def _abandon(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Roll back, and throw the connection away: the next writer starts clean.

        What DuckDB knows of a catalog whose database went away is not to be trusted.
        """
        with suppress(duckdb.Error):
            _close(connection)
        self._local.writer = None

    def attach_to(self, connection: duckdb.DuckDBPyConnection, memory_limit: str = "") -> None:
        """Set up a connection that somebody else has opened, and attach the lake to it."""
        self._set_up(connection, memory_limit or self.memory_limit)
        self.place.attach(connection, read_only=False)

    def _open(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(":memory:", config=extensions.CONFIG)
        self._set_up(connection, self.memory_limit)
        return connection

    def _set_up(self, connection: duckdb.DuckDBPyConnection, memory_limit: str) -> None:
        connection.execute(f"SET memory_limit = {literal(memory_limit)}")
        connection.execute(f"SET temp_directory = {literal(self.temp_dir)}")
        connection.execute("SET preserve_insertion_order = false")
        if self.threads:
            connection.execute(f"SET threads = {self.threads}")
        extensions.load(connection, *self.place.extensions)
        connection.execute("SET TimeZone = 'UTC'")

    def _attach(self, connection: duckdb.DuckDBPyConnection, read_only: bool) -> None:
        self.place.attach(connection, read_only)
        connection.execute("USE lake")

    def _is_there(self) -> bool:
        """Whether the lake exists; once it does, nobody asks again."""
        self._found = self._found or self.place.exists()
        return self._found

    def _make_folders(self) -> None:
        try:
            self.place.make()
            self.temp_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PlatformError(
                f"The warehouse folder {self.place.name} can't be made: {error.strerror}.",
                hint="Make the folder writable, or set PLATFORM_DATA_DIR / PLATFORM_WAREHOUSE_URL.",
            ) from error

    def _prepare(self) -> None:
        """Make the folders, schemas and system tables, once in a process."""
        if self._prepared:
            return
        with self.lock():
            connection = self._open()
            try:
                self._attach(connection, read_only=False)
                known = {
                    row[0]
                    for row in connection.execute(
                        "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'lake'"
                    ).fetchall()
                }
                connection.execute("BEGIN TRANSACTION")
                for schema in SCHEMAS:
                    if schema not in known:
                        connection.execute(f"CREATE SCHEMA lake.{schema}")
                system_tables.ensure(connection)
                connection.execute("COMMIT")
            finally:
                _close(connection)
        self._prepared = True


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    """Close a connection or cursor that may be within a transaction, which is rolled back first.

    Closing would do that too, but there an error, of a catalog that is gone, ends the process.
    """
    with suppress(duckdb.Error):
        connection.rollback()
    connection.close()

"""The warehouse: where it is, and how a process connects to it.

What belongs here: attaching the lake, the write transaction, the read-only engine. What does not:
what is written (`loader`), the platform's own tables (`system_tables`).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import duckdb
import sqlalchemy

from resources.errors import PlatformError
from resources.settings import settings
from resources.warehouse import extensions, moved, system_tables
from resources.warehouse.lock import write_lock

SCHEMAS = ("raw", "platform", "staging", "intermediate", "marts")


def literal(value: object) -> str:
    """Return `value` as SQL: a string literal, or several around what no literal can hold."""
    text = "'" + str(value).replace("'", "''") + "'"
    return text if "\0" not in text else "(" + text.replace("\0", "' || chr(0) || '") + ")"


def identifier(name: str) -> str:
    """Return `name` as a quoted SQL identifier: names are data, never SQL."""
    return '"' + name.replace('"', '""') + '"'


class Warehouse:
    """An embedded DuckLake: a SQLite catalog and Parquet files below one folder.

    Args:
        url: `ducklake:///<absolute folder>`.
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
        parsed = sqlalchemy.make_url(url)
        if parsed.drivername != "ducklake" or not parsed.database:
            raise PlatformError(
                f"PLATFORM_WAREHOUSE_URL is {url!r}: no engine of that name.",
                hint="Write ducklake:///<folder>, e.g. ducklake:////srv/warehouse.",
            )
        self.url = url
        self.folder = Path(parsed.database)
        self.memory_limit = memory_limit
        self.threads = threads
        self.temp_dir = temp_dir or self.folder / "tmp"
        self._local = threading.local()
        self._guard = threading.RLock()
        self._reader: duckdb.DuckDBPyConnection | None = None
        self._prepared = False
        self._in_place = False

    @classmethod
    def from_settings(cls) -> Self:
        """Return the warehouse that the settings name."""
        s = settings()
        return cls(s.warehouse, s.memory_limit, s.threads, s.data / "tmp")

    @property
    def catalog(self) -> Path:
        """The SQLite file that knows every table, file and snapshot."""
        return self.folder / "catalog.sqlite"

    @property
    def data_path(self) -> Path:
        """The folder of the Parquet files."""
        return self.folder / "data"

    def connect(self, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        """Return a fresh in-memory DuckDB with the lake attached as `lake` and made current.

        The session's zone is UTC. Attaching costs tens of milliseconds: keep the connection, and
        take `.cursor()` per request.

        Raises:
            PlatformError: the folder can't be written, or there is no warehouse yet to read.
        """
        if read_only and not self.catalog.exists():
            raise PlatformError(
                f"There is no warehouse at {self.folder} yet.",
                hint="Run `platform-assets materialize` (or `make up`) first.",
            )
        self._follow_move()
        if not read_only:
            self._prepare()
        connection = self._open()
        self._attach(connection, read_only)
        return connection

    def scratch(self) -> duckdb.DuckDBPyConnection:
        """Return a fresh in-memory DuckDB without the lake, within the same limits."""
        self._make_folders()
        return self._open()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the exclusive write lock: taken per transaction, by every writer alike."""
        self._make_folders()
        with write_lock(self.folder / "write.lock").held():
            yield

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection inside one transaction, under the write lock.

        Everything commits together when the block ends, or nothing does when it raises. One
        connection per thread is kept and used again.
        """
        connection: duckdb.DuckDBPyConnection | None = getattr(self._local, "writer", None)
        if connection is None:
            connection = self._local.writer = self.connect()
        with self.lock():
            connection.execute("BEGIN TRANSACTION")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                self._abandon(connection)
                raise

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a read-only cursor on a connection that this process keeps open."""
        with self._guard:
            if self._reader is None:
                if not self.catalog.exists():
                    self._prepare()
                self._reader = self.connect(read_only=True)
            cursor = self._reader.cursor()
        try:
            cursor.execute("USE lake")
            yield cursor
        finally:
            cursor.close()

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
            connection.close()

    def _abandon(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Roll back; a connection that can't is thrown away, so the next writer starts clean."""
        try:
            connection.execute("ROLLBACK")
        except duckdb.Error:
            connection.close()
            self._local.writer = None

    def _open(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(":memory:", config=extensions.CONFIG)
        connection.execute(f"SET memory_limit = {literal(self.memory_limit)}")
        connection.execute(f"SET temp_directory = {literal(self.temp_dir)}")
        connection.execute("SET preserve_insertion_order = false")
        if self.threads:
            connection.execute(f"SET threads = {self.threads}")
        extensions.load(connection, "icu", "sqlite_scanner", "ducklake")
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    def _attach(self, connection: duckdb.DuckDBPyConnection, read_only: bool) -> None:
        options = (
            f"DATA_PATH {literal(self.data_path)}, META_JOURNAL_MODE 'WAL', "
            "META_BUSY_TIMEOUT 20000, AUTOMATIC_MIGRATION true"
        )
        if read_only:
            options += ", READ_ONLY"
        connection.execute(
            f"ATTACH {literal(f'ducklake:sqlite:{self.catalog}')} AS lake ({options})"
        )
        connection.execute("USE lake")

    def _make_folders(self) -> None:
        try:
            self.data_path.mkdir(parents=True, exist_ok=True)
            self.temp_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PlatformError(
                f"The warehouse folder {self.folder} can't be made: {error.strerror}.",
                hint="Make the folder writable, or set PLATFORM_DATA_DIR / PLATFORM_WAREHOUSE_URL.",
            ) from error

    def _follow_move(self) -> None:
        """See, once in a process, that the catalog names this folder: it may have been moved."""
        if not self._in_place and self.catalog.exists():
            if moved.is_moved(self.catalog, self.data_path):
                with self.lock():
                    moved.follow(self.catalog, self.data_path)
            self._in_place = True

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
                connection.close()
        self._prepared = True

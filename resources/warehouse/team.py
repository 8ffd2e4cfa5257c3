"""A team's lake: its catalog in PostgreSQL, its files where every machine reaches them.

What belongs here: attaching it, its locks, and what happens when the database goes away. What does
not: what every place can do (`places`).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy

from resources import object_store
from resources.errors import PlatformError, UncertainCommit
from resources.warehouse.embedded import BROKEN
from resources.warehouse.sql import literal
from resources.warehouse.team_lock import advisory_lock

LOADS = "loads"  # the turn of whoever numbers a load
COMMITS = "commits"  # the turn of whoever commits, whatever it is
# How DuckLake tries a commit again that has met another: after some milliseconds. Once is enough,
# unless the other takes no turns, as a statement outside of a transaction does not.
TRY_AGAIN = {
    "ducklake_max_retry_count": 30,
    "ducklake_retry_wait_ms": 5,
    "ducklake_retry_backoff": 1.2,
}
# For how long a reader tries to read a file; DuckDB does so after a refusal, too.
READER_SECONDS = 10.0
FILES = "lake_files"  # the DuckDB secret with the key to the object store
# What DuckDB says when PostgreSQL, or the object store, is not there or gone.
_LOST = re.compile(
    r"Unable to connect to Postgres|connection to server|no connection to the server"
    r"|server closed the connection|terminating connection|the database system is"
    r"|Current transaction is aborted|HTTP (GET|HEAD|PUT|POST)? ?[Ee]rror"
    r"|error for HTTP|Could not establish connection|Connection error",
)


class Team:
    """A catalog in PostgreSQL, and files in an object store or a folder that all machines share.

    Its transactions commit side by side; only those that change the same table take turns.

    Args:
        url: of the PostgreSQL database, without a driver.
        files: `s3://<bucket>/<prefix>` or an absolute folder.
        work: folder of this machine.
    """

    def __init__(self, url: sqlalchemy.URL, files: str, work: Path) -> None:
        self.url = url
        self.name = f"{url.host}:{url.port or 5432}/{url.database}"
        self.files = files.rstrip("/")
        self.work = work
        self.in_object_store = object_store.is_object_store(files)
        more = ("httpfs",) if self.in_object_store else ()
        self.extensions = ("icu", "postgres_scanner", *more, "ducklake")

    def exists(self) -> bool:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('public.ducklake_metadata') IS NOT NULL")
            return bool(cursor.fetchone()[0])

    def identity(self) -> object:
        return self.name

    def make(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        if not self.in_object_store:
            Path(self.files).mkdir(parents=True, exist_ok=True)

    def attach(self, connection: duckdb.DuckDBPyConnection, read_only: bool) -> None:
        """Attach the lake; passwords go into secrets of this connection, never into the ATTACH.

        Raises:
            PlatformError: the database can't be reached, or its lake has its files elsewhere.
        """
        _set(connection, TRY_AGAIN)
        _secret(connection, "lake_catalog", self._catalog_secret())
        if self.in_object_store:
            self._open_store(connection)
        if self.in_object_store and read_only:  # somebody waits for the answer
            _set(connection, object_store.duckdb_patience(READER_SECONDS))
        try:
            connection.execute(
                f"ATTACH 'ducklake:postgres:' AS lake (DATA_PATH {literal(self.files)}, "
                "META_SECRET 'lake_catalog', AUTOMATIC_MIGRATION true"
                f"{', READ_ONLY' if read_only else ''})"
            )
        except duckdb.Error as error:
            self.connect().close()  # says what is wrong, where it is the database
            raise PlatformError(
                f"The lake in {self.name} can't be opened: {str(error).splitlines()[0]}",
                hint="See that `files` in PLATFORM_WAREHOUSE_URL is where its files are.",
            ) from error

    def lock(self, turn: str) -> AbstractContextManager[None]:
        return self.mutex(turn or LOADS)

    def mutex(self, name: str) -> AbstractContextManager[None]:
        return advisory_lock(self, name).held()

    def now(self) -> datetime:
        """Return the time by the database's clock: those of machines differ by minutes."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
            moment: datetime = cursor.fetchone()[0]
        return moment.replace(tzinfo=UTC)

    @contextmanager
    def committing(self, connection: duckdb.DuckDBPyConnection, turn: str) -> Iterator[None]:
        """Surround a commit, so that it may fail at any moment without a loss.

        Commits themselves are made one after the other. DuckLake tries one again that has met
        another, a few times: of eight writers of different tables, some would never get through.

        When the database has committed and its answer is lost, DuckLake takes the commit for a
        failed one, and removes the files that it wrote: the table would name files that are gone.
        So it has no key to the object store for as long as the commit takes; files of a commit
        that failed indeed stay behind, and maintenance removes them.

        Raises:
            PlatformError: the lock of the turn is no longer held.
            UncertainCommit: the commit failed, or its answer was lost.
        """
        if self.in_object_store:
            self._open_store(connection, withheld=True)
        try:
            with advisory_lock(self, turn or LOADS).and_alone(COMMITS):
                yield
        except duckdb.Error as error:
            raise UncertainCommit(
                f"A commit in {self.name} failed: {_first_line(error)}",
                hint="Nothing is half-written. The next run sees whether it was done after all.",
            ) from error
        finally:
            if self.in_object_store:
                with suppress(duckdb.Error):  # of a connection that is of no more use
                    self._open_store(connection)

    def _open_store(self, connection: duckdb.DuckDBPyConnection, withheld: bool = False) -> None:
        """Give a connection and its cursors the key to the object store, and patience with it.

        Args:
            withheld: a key that opens nothing instead, and no second try of what it is refused.
        """
        secret, patience = object_store.duckdb_secret(self.files), object_store.duckdb_patience()
        if withheld:
            secret |= {"KEY_ID": "withheld", "SECRET": "withheld"}
            patience = {"http_retries": 0}
        _set(connection, patience)
        _secret(connection, FILES, secret)

    def is_lost(self, error: BaseException) -> bool:
        return isinstance(error, BROKEN) or bool(
            isinstance(error, duckdb.Error) and _LOST.search(str(error))
        )

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Tell what the database or the object store answered.

        Raises:
            PlatformError: one of them went away, or refused; in place of DuckDB's own error.
        """
        try:
            yield
        except duckdb.Error as error:
            if self.is_lost(error):
                raise PlatformError(
                    f"The lake in {self.name} went away: {_first_line(error)}",
                    hint="See that PostgreSQL and the object store run; the next run goes on.",
                ) from error
            raise

    def follow_move(self) -> None:
        """Nothing: the catalog says where its files are, to every machine."""

    def shrink(self) -> int:
        """Nothing: PostgreSQL uses the space again by itself."""
        return 0

    def connect(self) -> Any:
        """Return a connection of its own to the catalog's database, which commits each statement.

        Raises:
            PlatformError: it can't be reached.
        """
        import psycopg2

        try:
            connection = psycopg2.connect(
                host=self.url.host,
                port=self.url.port or 5432,
                dbname=self.url.database,
                user=self.url.username,
                password=self.url.password,
                connect_timeout=10,
                # A machine that vanished is noticed after a minute, and its locks are free.
                keepalives_idle=30,
                keepalives_interval=10,
                keepalives_count=3,
                application_name="platform-assets",
            )
        except psycopg2.Error as error:
            raise PlatformError(
                f"The lake's catalog in {self.name} can't be reached: {_first_line(error)}",
                hint="See that PostgreSQL runs, and PLATFORM_WAREHOUSE_URL has its address, "
                "user, password and database.",
            ) from None  # psycopg's own error would be shown with the arguments
        connection.autocommit = True
        return connection

    def _catalog_secret(self) -> dict[str, str | bool]:
        found = {
            "TYPE": "postgres",
            "HOST": self.url.host or "localhost",
            "PORT": str(self.url.port or 5432),
            "DATABASE": self.url.database or "",
            "USER": self.url.username or "",
            "PASSWORD": str(self.url.password or ""),
        }
        return {name: value for name, value in found.items() if value}


def _set(connection: duckdb.DuckDBPyConnection, values: Mapping[str, float]) -> None:
    """Set settings of DuckDB for a connection and its cursors."""
    for name, value in values.items():
        connection.execute(f"SET GLOBAL {name} = {value}")


def _secret(
    connection: duckdb.DuckDBPyConnection, name: str, values: dict[str, str | bool]
) -> None:
    body = ", ".join(
        f"{key} {str(value).lower() if isinstance(value, bool) else literal(value)}"
        for key, value in values.items()
    )
    connection.execute(f"CREATE OR REPLACE TEMPORARY SECRET {name} ({body})")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]

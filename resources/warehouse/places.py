"""Where a lake lies: its catalog, its Parquet files, and the locks that its writers take.

What belongs here: what every place can do, and which one a URL names. What does not: how each does
it (`embedded`, `team`), connections and transactions (`connection`).
"""

from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

import duckdb
import sqlalchemy

from resources import object_store
from resources.errors import PlatformError
from resources.settings import settings
from resources.warehouse.embedded import Embedded
from resources.warehouse.team import Team

FORMS = (
    "Write ducklake:///<folder>, e.g. ducklake:////srv/warehouse, or for a team "
    "ducklake+postgresql://<user>:<password>@<host>/<database>?files=s3://<bucket>/<prefix>."
)


class Place(Protocol):
    """A lake's catalog and files.

    Attributes:
        name: what people call it: a folder, or host and database; never a password.
        files: folder or URL below which its Parquet files lie, without a slash at the end.
        work: folder of this machine for files that are on their way into the lake.
        extensions: of DuckDB, to reach it.
    """

    name: str
    files: str
    work: Path
    extensions: tuple[str, ...]

    def exists(self) -> bool:
        """Whether there is a lake already."""

    def identity(self) -> object:
        """Return what tells this lake from another one that takes its place later."""

    def make(self) -> None:
        """Make the folders that this machine needs."""

    def attach(self, connection: duckdb.DuckDBPyConnection, read_only: bool) -> None:
        """Attach the lake as `lake`."""

    def lock(self, turn: str) -> AbstractContextManager[None]:
        """Hold the lock of a turn: who writes in the same turn waits for each other."""

    def mutex(self, name: str) -> AbstractContextManager[None]:
        """Hold a lock by its name alone, on every machine; who writes keeps writing meanwhile."""

    def now(self) -> datetime:
        """Return the time by the one clock that all writers of the lake go by."""

    def committing(
        self, connection: duckdb.DuckDBPyConnection, turn: str
    ) -> AbstractContextManager[None]:
        """Surround a commit: it must not happen when the lock of the turn is no longer held."""

    def is_lost(self, error: BaseException) -> bool:
        """Whether an error says that catalog or files went away, and the connection with them."""

    def explained(self) -> AbstractContextManager[None]:
        """Tell an error of DuckDB in people's words, where it is the place that failed."""

    def follow_move(self) -> None:
        """Let the catalog look for its files where they are now."""

    def shrink(self) -> int:
        """Give back the disk that the catalog no longer needs; return the bytes."""


def place_of(url: str, work: Path | None) -> Embedded | Team:
    """Return the place that a warehouse's URL names.

    Args:
        work: folder of this machine for what is on its way into a team's lake; default: `tmp/` in
            the data folder.

    Raises:
        PlatformError: it is of no known form; the message never has the password in it.
    """
    try:
        parsed = sqlalchemy.make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise PlatformError("PLATFORM_WAREHOUSE_URL is no URL.", hint=FORMS) from None
    shown = parsed.render_as_string(hide_password=True)
    if parsed.drivername == "ducklake" and parsed.database:
        return Embedded(Path(parsed.database))
    if parsed.drivername != "ducklake+postgresql" or not parsed.database or not parsed.host:
        raise PlatformError(
            f"PLATFORM_WAREHOUSE_URL is {shown!r}: no engine of that name.", hint=FORMS
        )
    files = parsed.query.get("files", "")
    if not isinstance(files, str) or not (
        object_store.is_object_store(files) or files.startswith("/")
    ):
        raise PlatformError(
            f"PLATFORM_WAREHOUSE_URL is {shown!r}: it does not say where the files are.",
            hint="Add ?files=s3://<bucket>/<prefix>, or a folder that all machines share.",
        )
    database = parsed.set(drivername="postgresql", query={})
    return Team(database, files, work or settings().data / "tmp")

"""Connections to the database of records: read at one moment, or written by one at a time.

What belongs here: engines, transactions, what is said when the database is away. What does not:
tables (`tables`, `migrating`), rows (`reading`, `writing`).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from platform_assets.product.store.migrating import migrate, pending
from resources.database import PATIENCE_SECONDS, open_engine, writing
from resources.errors import PlatformError
from resources.secrets import shown

LOCK = 0x0DE3A4D5  # of PostgreSQL: one writer at a time
AWAY = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,
    sa.exc.TimeoutError,
)
UNUSABLE = (sa.exc.SQLAlchemyError, OSError, ValueError, ImportError)


@dataclass
class Database:
    """One database, opened when it is needed first; its tables are brought up to date then.

    Attributes:
        url: of PostgreSQL or SQLite, whose folder is made.
    """

    url: str = field(repr=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _engine: sa.Engine | None = field(default=None, repr=False)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a transaction in which all queries see the same moment; it waits for no writer.

        Raises:
            PlatformError: the database is away.
        """
        engine = self._open()
        with self._told(AWAY), _snapshot(engine) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a transaction during which nobody else writes, of no process; commit it at the end.

        Raises:
            PlatformError: the database is away. Where that happened at the very end, what was
                written may have been kept.
        """
        engine = self._open()
        with self._told(AWAY), self._one_thread(), writing(engine, LOCK) as connection:
            yield connection

    def close(self) -> None:
        """Close the connections; the next use opens them anew."""
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None

    def _open(self) -> sa.Engine:
        with self._opening:
            if self._engine is None:
                with self._told(UNUSABLE):
                    engine = open_engine(self.url, 2, durable=True)
                    _bring_up_to_date(engine)
                self._engine = engine
            return self._engine

    @contextmanager
    def _one_thread(self) -> Iterator[None]:
        """Queue this process's threads: left to SQLite they would poll, and some never get in."""
        if not self._turn.acquire(timeout=PATIENCE_SECONDS):
            raise self._away(TimeoutError("others write"))
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _told(self, errors: tuple[type[Exception], ...]) -> Iterator[None]:
        try:
            yield
        except errors as error:
            raise self._away(error) from None

    def _away(self, error: Exception) -> PlatformError:
        orig = getattr(error, "orig", None) or error
        why = type(orig).__name__
        if self.url.startswith("sqlite"):  # its messages hold neither values nor passwords
            why += f": {orig}"
        return PlatformError(
            f"The store of requests and feedback can't be used: {shown(self.url)}: {why}.",
            hint="Set PLATFORM_RECORDS_URL to postgresql://<user>:<password>@<host>/<database>, "
            "or leave it out to keep them in the data folder. If it worked before, try again.",
        )


def _bring_up_to_date(engine: sa.Engine) -> None:
    with _snapshot(engine) as connection, connection.begin():
        behind = bool(pending(connection))
    if behind:
        with writing(engine, LOCK) as connection:
            migrate(connection)  # asks again: another process may have been first


def _snapshot(engine: sa.Engine) -> sa.Connection:
    if engine.dialect.name == "postgresql":
        return engine.connect().execution_options(isolation_level="REPEATABLE READ")
    return engine.connect()

"""Databases of the platform's own records, SQLite or PostgreSQL: how they are opened and written.

What belongs here: engines, and transactions of one writer at a time. What does not: tables, and
what is said when a database is away; that is the work of the room whose records they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

PATIENCE_SECONDS = 30  # for other writers


def open_engine(url: str, connections: int, *, durable: bool) -> sa.Engine:
    """Return an engine; nothing is asked of PostgreSQL yet, and the folder of a file is made.

    Args:
        url: of PostgreSQL or SQLite.
        connections: that stay open; four times as many for a while.
        durable: of SQLite: a power cut loses nothing that was committed. PostgreSQL has its own
            setting for that.

    Raises:
        ValueError: it names neither.
        sqlalchemy.exc.ArgumentError: it is no URL.
    """
    parsed = sa.make_url(url)
    pool = {"pool_size": connections, "max_overflow": 4 * connections}
    if parsed.get_backend_name() == "postgresql":
        # As Dagster's own database is reached.
        parsed = parsed.set(drivername="postgresql+psycopg2")
        options = f"-c lock_timeout={PATIENCE_SECONDS}s -c statement_timeout=60s"
        given = {"connect_timeout": 10, "options": options}
        return sa.create_engine(
            parsed, pool_pre_ping=True, connect_args=given,
            executemany_mode="values_plus_batch", **pool,
        )  # fmt: skip
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise ValueError("neither PostgreSQL nor a file of SQLite")
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, **pool)
    _as_sqlite(engine, durable)
    return engine


def _as_sqlite(engine: sa.Engine, durable: bool) -> None:
    """Have readers wait for no writer, and a writer be one from its first statement on."""
    pragmas = (
        f"busy_timeout = {PATIENCE_SECONDS * 1000}",
        "journal_mode = WAL",
        f"synchronous = {'FULL' if durable else 'NORMAL'}",
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin when `begin` says so
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # As the writer at once, so that what is read before it is written stays true.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: sa.Engine, lock: int) -> Iterator[sa.Connection]:
    """Give a transaction during which nobody else writes, of no process; commit it at the end.

    Args:
        lock: of PostgreSQL, what all writers of the same records name.
    """
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
        yield connection

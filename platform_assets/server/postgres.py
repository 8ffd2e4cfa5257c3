"""Dagster's runs, events and schedules in a PostgreSQL that several machines share.

The stock storage opens and closes a connection for every single statement, with a log-in each time:
a run of 60 assets with a check each spends 15 s with its events, and 2 s with this one. Here a
process keeps a few connections for all three stores, opens more where threads need them at once,
and tests one before it uses it again: a restart of the server breaks nothing that comes later. The
tables stay those of the stock storage. What the event log of a single machine needs besides
(`event_log`) PostgreSQL has: one table of events over all runs, and commits that do not wait for
one another.
"""

import os
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, Self

import sqlalchemy
from dagster._serdes import ConfigurableClassData
from dagster_postgres.storage import DagsterPostgresStorage
from sqlalchemy import Engine, event

from platform_assets.server.guard import guard_database
from resources.errors import PlatformError
from resources.secrets import shown

FORMS = "Write postgresql://<user>:<password>@<host>:<port>/<database>."
DIALECTS = ("postgresql", "postgresql+psycopg2")
CONNECT_SECONDS = 5
RECYCLE_SECONDS = 1800
KEPT = 3  # connections of a process that wait for their next use; most need two
MORE_AT_ONCE = 20
# Numbers of advisory locks.
MAKING_TABLES = 5_021_337
DAEMON = 5_021_338
STANDBY_SECONDS = 2.0
LOST_LOCK = 75  # exit code
TABLES = {"runs", "instance_info", "event_logs", "asset_keys", "jobs", "job_ticks"}

_engines: "weakref.WeakSet[Engine]" = weakref.WeakSet()


def require(url: str) -> None:
    """Return when the database that `url` names answers.

    Raises:
        PlatformError: it does not, or `url` is none of PostgreSQL's.
    """
    try:
        parsed = sqlalchemy.make_url(url)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.drivername not in DIALECTS or not parsed.database:
        raise PlatformError(
            f"PLATFORM_DAGSTER_URL is {shown(url)}: no database of PostgreSQL.",
            hint=f"{FORMS} Percent-encode special characters of the password.",
        )
    engine = _engine(url)
    try:
        with engine.connect():
            pass
    except sqlalchemy.exc.SQLAlchemyError as error:
        told = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise PlatformError(
            f"Dagster's database {shown(url)} can't be reached: {told}",
            hint="See that PostgreSQL runs, and that PLATFORM_DAGSTER_URL has its address, user, "
            "password and database.",
        ) from None
    finally:
        engine.dispose()


class KeptPostgres(DagsterPostgresStorage):
    """The three stores of one instance on one engine."""

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        engine = _engine(postgres_url)
        missing = should_autocreate_tables and not _has_tables(engine)
        with _making_tables(engine) if missing else nullcontext():
            super().__init__(postgres_url, missing, inst_data)
        self._share(engine)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the storage that the instance's configuration names."""
        return cls(config_value["postgres_url"], inst_data=inst_data)

    def _share(self, engine: Engine) -> None:
        stores: list[Any] = [self._run_storage, self._event_log_storage, self._schedule_storage]
        for store in stores:
            store._engine = engine
            # The stock ones would make three engines, which do not test their connections.
            store.optimize_for_webserver = lambda statement_timeout, **_: _limit(
                engine, statement_timeout
            )
        events: Any = self._event_log_storage
        dispose = events.dispose

        def dispose_all() -> None:
            dispose()
            engine.dispose()

        events.dispose = dispose_all


@contextmanager
def alone(url: str) -> Iterator[None]:
    """Hold, while the block runs, the lock that one daemon of an instance has; wait for it.

    The server frees it with the connection, so that one standing by takes over when this process
    or its machine dies. A daemon that loses its connection ends at once: it is no longer alone.
    """
    connection = _engine(url).connect()
    connection.detach()
    ask = sqlalchemy.text(f"SELECT pg_try_advisory_lock({DAEMON})")
    if not connection.execute(ask).scalar_one():
        print("Another daemon works on this database. Standing by …", flush=True)
        while not connection.execute(ask).scalar_one():
            time.sleep(STANDBY_SECONDS)
    done = threading.Event()
    watch = threading.Thread(target=_end_when_lost, args=(connection, done), daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()
        connection.close()


def _end_when_lost(connection: sqlalchemy.Connection, done: threading.Event) -> None:
    while not done.wait(STANDBY_SECONDS):
        try:
            connection.execute(sqlalchemy.text("SELECT 1"))
        except sqlalchemy.exc.SQLAlchemyError:
            print("The connection to Dagster's database is lost.", file=sys.stderr, flush=True)
            os._exit(LOST_LOCK)


def _engine(url: str) -> Engine:
    """Return an engine that keeps some connections, and closes what is above that after use."""
    parsed = sqlalchemy.make_url(url)
    given: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "platform-assets",
        # A machine that is gone is noticed within a minute, where TCP alone would take hours.
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }
    engine = sqlalchemy.create_engine(
        parsed,
        isolation_level="AUTOCOMMIT",
        pool_size=KEPT,
        max_overflow=MORE_AT_ONCE,
        pool_recycle=RECYCLE_SECONDS,
        pool_pre_ping=True,
        connect_args={name: v for name, v in given.items() if name not in parsed.query},
    )
    event.listen(engine, "connect", _in_utc)
    guard_database(engine)
    _engines.add(engine)
    return engine


def _in_utc(connection: Any, _record: Any) -> None:
    """Dagster compares times that carry no zone with UTC; the server would write its own zone's."""
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
    connection.commit()


def _limit(engine: Engine, milliseconds: int) -> None:
    """Have the server break off statements of connections that are opened from now on."""

    def limit(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {int(milliseconds)}")
        connection.commit()

    event.listen(engine, "connect", limit)
    engine.dispose()


def _has_tables(engine: Engine) -> bool:
    return set(sqlalchemy.inspect(engine).get_table_names()) >= TABLES


def _making_tables(engine: Engine) -> Any:
    """Return a block that only one process is in: the first start of many machines at once."""
    connection = engine.connect()
    connection.execute(sqlalchemy.text(f"SELECT pg_advisory_lock({MAKING_TABLES})"))
    connection.detach()  # the lock ends with the connection, not with its return to the pool
    return connection


def _forget_after_fork() -> None:
    """A child must not talk on its parent's connections, nor close them."""
    for engine in list(_engines):
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_after_fork)

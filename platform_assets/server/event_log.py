"""Dagster's SQLite event log, with its connections kept open.

The stock storage makes an engine, a connection and a synchronous commit for every single event, and
closes the last connection each time, which makes SQLite write its whole log back: 10 to 40 ms for
one event, and a run of a hundred assets with their checks has two thousand. Here an engine and its
one connection are kept per database, a commit waits for the disk only at checkpoints, and events
that come together are written together. The files stay those of the stock storage.

After a power cut the last events may be missing; the file stays consistent. After the death of a
process nothing is missing.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from dagster import EventLogEntry, EventLogRecord, EventRecordsFilter
from dagster._core.event_api import RunShardedEventsCursor
from dagster._core.events import ASSET_CHECK_EVENTS
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, inspect, text

from platform_assets.server.guard import guard_database

BUSY_SECONDS = 30
ENGINES_KEPT = 16
VERSION = "alembic_version"  # table


class KeptEventLog(SqliteEventLogStorage):
    """The event log of `base_dir`, one database per run and one index over all runs."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._transactions: dict[str, Connection] = {}
        self._lock = threading.RLock()
        self._pid = os.getpid()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the storage that the instance's configuration names."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """Yield a connection inside a transaction; inside another one of this thread, join it."""
        with self._lock:
            joined = self._transactions.get(shard)
            if joined is not None:
                yield joined
                return
            with self._engine(shard).begin() as connection:
                self._transactions[shard] = connection
                try:
                    yield connection
                finally:
                    del self._transactions[shard]

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events of one run in one transaction of its database and one of the index."""
        with self._connect(events[0].run_id), self._connect(INDEX_SHARD_NAME):
            super().store_event_batch(events)

    def get_event_records(
        self,
        event_records_filter: EventRecordsFilter,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[EventLogRecord]:
        """Return events over all runs; those of checks, too, after a position in the index.

        The stock storage mirrors events of checks into its index as it does those of assets, but
        does not look for them there.
        """
        of_checks = event_records_filter.event_type in ASSET_CHECK_EVENTS
        if of_checks and not isinstance(event_records_filter.after_cursor, RunShardedEventsCursor):
            return SqlEventLogStorage.get_event_records(
                self, event_records_filter, limit=limit, ascending=ascending
            )
        return super().get_event_records(event_records_filter, limit, ascending)

    def delete_events(self, run_id: str) -> None:
        """Remove the events of a run, with the database that held them."""
        with self._connect(INDEX_SHARD_NAME) as index:
            self.delete_events_for_run(index, run_id)
        self.free_concurrency_slots_for_run(run_id)
        with self._lock:
            if run_id in self._engines:
                self._engines.pop(run_id).dispose()
            self._initialized_dbs.discard(run_id)
            for suffix in ("", "-wal", "-shm"):
                Path(self.path_for_shard(run_id) + suffix).unlink(missing_ok=True)

    def wipe(self) -> None:
        """Remove every event of every run."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close every connection."""
        self._close()
        super().dispose()

    def _engine(self, shard: str) -> Engine:
        if self._pid != os.getpid():  # a fork: these connections belong to the parent
            self._pid = os.getpid()
            for engine in self._engines.values():
                engine.dispose(close=False)
            self._engines.clear()
        if shard not in self._engines:
            self._engines[shard] = self._open(shard)
        self._engines.move_to_end(shard)
        self._close_oldest()
        return self._engines[shard]

    def _open(self, shard: str) -> Engine:
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _wait_for_the_disk_at_checkpoints)
        guard_database(engine)
        # Another process may have deleted a run that this one has read.
        if shard not in self._initialized_dbs or not Path(self.path_for_shard(shard)).exists():
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        return engine

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        """Make the tables of a new database.

        To see that one has them, the stock storage reads every migration of Dagster's: 20 ms for
        each run that a process looks at.
        """
        if not _is_made(engine):
            super()._initdb(engine, for_index_shard)

    def _close_oldest(self) -> None:
        for shard in list(self._engines)[:-ENGINES_KEPT]:
            if shard != INDEX_SHARD_NAME and shard not in self._transactions:
                self._engines.pop(shard).dispose()

    def _close(self) -> None:
        with self._lock:
            for engine in self._engines.values():
                engine.dispose(close=self._pid == os.getpid())
            self._engines.clear()


def _is_made(engine: Engine) -> bool:
    """Return whether a database has all its tables: its version is written last."""
    with engine.connect() as connection:
        if not inspect(connection).has_table(VERSION):
            return False
        return connection.execute(text(f"SELECT count(*) FROM {VERSION}")).scalar() == 1


def _wait_for_the_disk_at_checkpoints(connection: Any, _record: Any) -> None:
    connection.execute(
        "PRAGMA auto_vacuum=INCREMENTAL"
    )  # of a new file: what is free goes in steps
    connection.execute("PRAGMA synchronous=NORMAL")

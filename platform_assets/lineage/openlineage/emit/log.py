"""Dagster's event log as a tail reads it: forwards, in pages, and nothing is passed over.

What belongs here: which entries there are after a position, and what a run's own log says. What
does not: what is made of an entry (`runs`), how far a tail has come (`tail`).

One query over the index of all runs gives every kind of entry in the order in which it was written.
Dagster's own `get_event_records` gives one kind at a time, and does not know of the gap below.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import dagster as dg
import sqlalchemy
from dagster._core.events import DagsterEventType
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable as TABLE
from dagster._core.storage.tags import BACKFILL_ID_TAG
from dagster._serdes import deserialize_value
from dagster_shared.serdes.errors import DeserializationError

from resources.errors import PlatformError

Kind = DagsterEventType
KINDS = (
    Kind.ASSET_MATERIALIZATION,
    Kind.ASSET_OBSERVATION,
    Kind.ASSET_CHECK_EVALUATION,
    Kind.RUN_START,
    Kind.RUN_SUCCESS,
    Kind.RUN_FAILURE,
    Kind.RUN_CANCELED,
)
STEP_ENDS = (Kind.STEP_SUCCESS, Kind.STEP_FAILURE, Kind.STEP_SKIPPED)
RUNS_KEPT = 64
SETTLE_SECONDS = 5.0
GLANCE_SECONDS = 0.02

_log = logging.getLogger(__name__)

# Who is writing to the event log at this moment, on PostgreSQL.
_WRITERS = sqlalchemy.text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND granted "
    "AND mode = 'RowExclusiveLock' AND relation = to_regclass('event_logs') "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@dataclass(frozen=True)
class Point:
    """A point of the log, to go on from.

    Attributes:
        number: of the last entry before it.
        written: when that entry was, in ISO 8601: whether it is still the same one.
        log: the kind of database that counts so: a history that moves is numbered anew.
    """

    number: int = 0
    written: str = ""
    log: str = ""


@dataclass(frozen=True)
class Page:
    """Entries after a point, in their order.

    Attributes:
        entries: each with its number.
        reached: the point that reading goes on from when all of these are done.
        more: whether there are more already.
    """

    entries: tuple[tuple[int, dg.EventLogEntry], ...]
    reached: Point
    more: bool


class Log:
    """The event log of an instance, on SQLite or on PostgreSQL.

    Args:
        runs: what earlier looks at the same log have read of its runs.

    Raises:
        PlatformError: the instance keeps its events in something else than a database.
    """

    def __init__(self, instance: dg.DagsterInstance, runs: "Runs | None" = None) -> None:
        self._instance = instance
        storage: Any = instance.event_log_storage
        while hasattr(storage, "event_log_storage"):  # of one storage for everything
            storage = storage.event_log_storage
        if not hasattr(storage, "index_connection"):
            raise PlatformError(
                f"OpenLineage events can't be read from a {type(storage).__name__}.",
                hint="Keep Dagster's events in SQLite or PostgreSQL, or unset OPENLINEAGE_*.",
            )
        self._storage = storage
        self._runs = Runs() if runs is None else runs

    def after(self, point: Point, most: int) -> Page:
        """Return at most `most` entries after a point.

        Returns at once with none when writers are not done after some seconds; they will be later.
        """
        newest = self._settled()
        if newest is None:
            return Page((), point, False)
        columns = sqlalchemy.select(TABLE.c.id, TABLE.c.event)
        with self._storage.index_connection() as connection:
            start = min(_found_again(connection, point), newest)
            query = (
                columns.where(TABLE.c.id > start, TABLE.c.id <= newest)
                .where(TABLE.c.dagster_event_type.in_([kind.value for kind in KINDS]))
                .order_by(TABLE.c.id)
                .limit(most)
            )
            rows = connection.execute(query).fetchall()
            more = len(rows) == most
            reached = _point(connection, rows[-1][0] if more else newest)
        return Page(tuple(_entries(rows)), reached, more)

    def _settled(self) -> int | None:
        """Return a position up to which every entry is there that will ever be; None for not yet.

        SQLite has one writer, so what is there is all there is. PostgreSQL gives an entry its
        number before the entry can be seen: number 8 may appear after number 9 was read. So look
        which is the newest number, then wait until everybody who was writing at that moment is
        done, as PostgreSQL itself does before it trusts an index that it has made beside writers.
        Nobody is held up by it.
        """
        newest = sqlalchemy.select(sqlalchemy.func.max(TABLE.c.id))
        with self._storage.index_connection() as connection:
            found = int(connection.execute(newest).scalar() or 0)
            if connection.dialect.name != "postgresql":
                return found
            until = time.monotonic() + SETTLE_SECONDS
            writers = _writers(connection)
            while writers:
                if time.monotonic() > until:
                    return None
                time.sleep(GLANCE_SECONDS)
                writers &= _writers(connection)
        return found

    def run(self, run_id: str) -> "Run":
        """Return what is known of a run; of one that was deleted, only its id."""
        return self._runs.of(run_id, self._instance)


def _point(connection: Any, number: int) -> Point:
    query = sqlalchemy.select(TABLE.c.timestamp).where(TABLE.c.id == number)
    written = connection.execute(query).scalar()
    return Point(number, written.isoformat() if written else "", connection.dialect.name)


def _found_again(connection: Any, point: Point) -> int:
    """Return the number of the last entry before a point, in the log as it is now.

    Where a history was moved to another database, it is read again from its beginning. Assets that
    are wiped take their entries with them, and SQLite gives the last numbers to entries that come
    later: then all that was written after the last one that was read is new.
    """
    if point.log and point.log != connection.dialect.name:
        return 0
    if not point.written or _point(connection, point.number) == point:
        return point.number
    query = sqlalchemy.select(sqlalchemy.func.max(TABLE.c.id)).where(
        TABLE.c.id <= point.number,
        TABLE.c.timestamp <= datetime.fromisoformat(point.written),
    )
    return int(connection.execute(query).scalar() or 0)


def _writers(connection: Any) -> set[str]:
    return {row[0] for row in connection.execute(_WRITERS)}


def _entries(rows: Sequence[Any]) -> Iterator[tuple[int, dg.EventLogEntry]]:
    for number, text in rows:
        try:
            yield number, deserialize_value(text, dg.EventLogEntry)
        except (DeserializationError, ValueError):
            _log.warning(
                "Entry %s of Dagster's event log can't be read; it is passed over.", number
            )


class Runs:
    """Runs as far as their own logs were read: those that were asked for lately."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Run] = OrderedDict()

    def of(self, run_id: str, instance: dg.DagsterInstance) -> "Run":
        """Return a run, to be read on from this instance."""
        found = self._known.setdefault(run_id, Run(instance, run_id))
        found.instance = instance
        self._known.move_to_end(run_id)
        while len(self._known) > RUNS_KEPT:
            self._known.popitem(last=False)
        return found


@dataclass
class Run:
    """A run and its own log, read no further than needed, and nothing of it twice."""

    instance: dg.DagsterInstance
    id: str
    _found: dg.DagsterRun | None = None
    _looked: bool = False
    _started: dict[str, float] = field(default_factory=dict)
    _working: set[str] = field(default_factory=set)
    _cursor: str | None = None

    @property
    def found(self) -> dg.DagsterRun | None:
        """The run; None of a runless entry, and of a run that was deleted."""
        if not self._looked:
            self.look()
        return self._found

    def look(self) -> None:
        """Look it up once more: its tags may be others by now."""
        self.see(self.instance.get_run_by_id(self.id) if self.id else None)

    def see(self, found: dg.DagsterRun | None) -> None:
        """Take it as somebody has just looked it up."""
        self._found, self._looked = found, True

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""
        return self.found.tags if self.found else {}

    @property
    def job(self) -> str:
        """Name of the job as people know it: a backfill's or a selection's has none of its own."""
        if self.found is None:
            return "run"
        if not self.found.job_name.startswith("__"):
            return self.found.job_name
        return "backfill" if BACKFILL_ID_TAG in self.tags else "materialize"

    def started(self, step: str | None) -> float | None:
        """Return when a step started, in seconds since 1970; None where the log does not say."""
        if self.found is None or step is None:
            return None
        if step not in self._started:
            self._read_steps()
        return self._started.get(step)

    def working(self) -> frozenset[str]:
        """Return the steps that have started and not ended."""
        self._read_steps()
        return frozenset(self._working)

    def _read_steps(self) -> None:
        entries, self._cursor = self.read(self._cursor, Kind.STEP_START, *STEP_ENDS)
        for entry in entries:
            event, step = entry.dagster_event, entry.step_key
            if event is None or step is None:
                continue
            if event.event_type == Kind.STEP_START:
                self._started.setdefault(step, entry.timestamp)
                self._working.add(step)
            else:
                self._working.discard(step)

    def entries(self, *kinds: DagsterEventType) -> list[dg.EventLogEntry]:
        """Return the entries of some kinds, oldest first."""
        return self.read(None, *kinds)[0]

    def read(
        self, cursor: str | None, *kinds: DagsterEventType
    ) -> tuple[list[dg.EventLogEntry], str | None]:
        """Return the entries of some kinds after a cursor, oldest first, and the next cursor."""
        found: list[dg.EventLogEntry] = []
        more = self.found is not None
        while more:
            page = self.instance.get_records_for_run(self.id, cursor=cursor, of_type=set(kinds))
            found += [record.event_log_entry for record in page.records]
            cursor, more = page.cursor, page.has_more
        return found, cursor

"""The store of what was received: every event once, whoever else writes at the same time.

What belongs here: transactions, and how much is kept. What does not: what an event changes
(`merging`), what is asked (`reading`).

Threads that come while one writes are written together by the next: one commit for all of them.
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from platform_assets.lineage.openlineage.received import tables as t
from platform_assets.lineage.openlineage.received.events import Event
from platform_assets.lineage.openlineage.received.merging import Known, datasets_of, origins_of
from platform_assets.lineage.openlineage.received.tables import Row
from resources.errors import PlatformError
from resources.settings import Settings, settings

AT_ONCE = 500  # events of one transaction
IN_LIST = 500  # keys of one query
MOST_THINGS = 50_000  # jobs, and datasets; the ones not heard of for the longest go first
SWEEP_SECONDS = 60.0  # between two looks for what is too old


@dataclass
class _Ticket:
    """Events that wait to be written, and what became of them."""

    events: Sequence[Event]
    done: bool = False
    new: int = 0
    error: Exception | None = None


@dataclass
class Store:
    """Received events in one database.

    Attributes:
        url: of the database, which is opened when it is needed first: it may be away at the start.
        days, most: how long, and how many events are kept.
    """

    url: str = field(repr=False)
    days: float = 180
    most: int = 100_000
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _writer: threading.Lock = field(default_factory=threading.Lock)
    _waiting: list[_Ticket] = field(default_factory=list)
    _swept_at: float = float("-inf")
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _engine: sa.Engine | None = None

    @classmethod
    def from_settings(cls, s: Settings | None = None) -> "Store":
        """Return the store that the settings name."""
        found = s or settings()
        return cls(found.lineage, found.lineage_days, found.lineage_events)

    @property
    def engine(self) -> sa.Engine:
        """The open database.

        Raises:
            PlatformError: it can't be opened.
        """
        if self._engine is None:
            with self._opening:
                self._engine = self._engine or t.open_database(self.url)
        return self._engine

    def put(self, events: Sequence[Event]) -> int:
        """Keep events; return how many of them were new. They are safe when it returns.

        Raises:
            PlatformError: the database can't be opened.
            sqlalchemy.exc.SQLAlchemyError: it does not take them; none is kept.
        """
        ticket = _Ticket(events)
        with self._guard:
            self._waiting.append(ticket)
        with self._writer:
            while not ticket.done:
                self._write_waiting()
        if ticket.error is not None:
            raise ticket.error
        return ticket.new

    def _write_waiting(self) -> None:
        with self._guard:
            taken: list[_Ticket] = []
            while self._waiting and (not taken or sum(len(x.events) for x in taken) < AT_ONCE):
                taken.append(self._waiting.pop(0))
        try:
            self._write(taken)
        except (sa.exc.OperationalError, PlatformError) as error:  # it is away: for all of them
            for ticket in taken:
                ticket.done, ticket.error = True, error
        except Exception:  # each alone, so that only those fail that must
            for ticket in taken:
                try:
                    self._write([ticket])
                except Exception as error:
                    ticket.done, ticket.error = True, error

    def _write(self, tickets: Sequence[_Ticket]) -> None:
        now = t.micros(datetime.now(UTC))
        with t.writing(self.engine) as connection:
            known_digests = _digests(connection, [e.digest for k in tickets for e in k.events])
            fresh: dict[str, Event] = {}
            counts = []
            for ticket in tickets:
                before = len(fresh)
                for event in ticket.events:
                    if event.digest not in known_digests:
                        fresh.setdefault(event.digest, event)
                counts.append((ticket, len(fresh) - before))
            if fresh:
                self._keep(connection, list(fresh.values()), now)
            if time.monotonic() - self._swept_at > SWEEP_SECONDS:
                self.sweep(connection, now)
                self._swept_at = time.monotonic()
        for ticket, new in counts:
            ticket.done, ticket.new = True, new

    def _keep(self, connection: sa.Connection, events: Sequence[Event], now: int) -> None:
        connection.execute(t.events.insert(), [_row(event, now) for event in events])
        known = _known(connection, events)
        known.now = now
        for event in events:
            known.apply(event)
        _write_known(connection, known)
        grown = {"changes": t.state.c.changes + 1}
        if known.restructured:
            grown["structure"] = t.state.c.structure + 1
        connection.execute(t.state.update().values(grown))

    def sweep(self, connection: sa.Connection, now: int) -> None:
        """Remove what is older than is kept, and more than is kept."""
        since = now - timedelta(days=self.days) // timedelta(microseconds=1)
        e = t.events
        beyond = sa.select(e.c.id).order_by(e.c.id.desc()).offset(self.most).limit(1)
        connection.execute(e.delete().where(e.c.heard_at < since))
        connection.execute(e.delete().where(e.c.id <= beyond.scalar_subquery()))
        connection.execute(t.runs.delete().where(t.runs.c.heard_at < since))
        oldest = sa.select(t.runs.c.heard_at).order_by(t.runs.c.heard_at.desc())
        limit = oldest.offset(self.most).limit(1).scalar_subquery()
        connection.execute(t.runs.delete().where(t.runs.c.heard_at <= limit))
        gone = 0
        for table in (t.jobs, t.datasets):
            ranked = sa.select(table.c.heard_at).order_by(table.c.heard_at.desc())
            limit = ranked.offset(MOST_THINGS).limit(1).scalar_subquery()
            old = sa.or_(table.c.heard_at < since, table.c.heard_at <= limit)
            gone += connection.execute(table.delete().where(old)).rowcount
        if gone:
            things = [sa.select(table.c.key) for table in (t.jobs, t.datasets)]
            lost = sa.or_(
                t.links.c.job.not_in(sa.union_all(*things)), t.links.c.dataset.not_in(things[1])
            )
            connection.execute(t.links.delete().where(lost))
            connection.execute(t.state.update().values(structure=t.state.c.structure + 1))

    def close(self) -> None:
        """Close the connections."""
        if self._engine is not None:
            self._engine.dispose()


def _row(event: Event, now: int) -> Row:
    return {
        "digest": event.digest,
        "at": t.micros(event.at),
        "heard_at": now,
        "kind": event.kind,
        "job": t.key_of(t.jobs, *event.job) if event.job else "",
        "run_id": event.run_id,
        "body": event.body,
    }


def _digests(connection: sa.Connection, digests: Sequence[str]) -> set[str]:
    column = t.events.c.digest
    return {row.digest for row in _in(connection, sa.select(column), column, digests)}


def _known(connection: sa.Connection, events: Sequence[Event]) -> Known:
    """Return the rows that events may change."""
    jobs = {t.key_of(t.jobs, *event.job) for event in events if event.job}
    alone = {t.key_of(t.datasets, e.datasets[0].namespace, e.datasets[0].name)
             for e in events if e.kind == "dataset"}  # fmt: skip
    datasets = {t.key_of(t.datasets, d.namespace, d.name) for e in events for d in datasets_of(e)}
    datasets |= {t.key_of(t.datasets, *o) for e in events if e.kind == "dataset"
                 for o in origins_of(e.datasets[0].facets)}  # fmt: skip
    runs = {event.run_id for event in events if event.run_id}
    known = Known(
        jobs=_by_key(connection, t.jobs, t.jobs.c.key, jobs),
        datasets=_by_key(connection, t.datasets, t.datasets.c.key, datasets),
        runs=_by_key(connection, t.runs, t.runs.c.run_id, runs),
    )
    for row in _in(connection, sa.select(t.links), t.links.c.job, jobs | alone):
        known.links.setdefault(row.job, {})[row.dataset, row.role] = dict(row._mapping)
    return known


def _by_key(
    connection: sa.Connection, table: sa.Table, column: sa.Column[str], keys: Iterable[str]
) -> dict[str, Row]:
    found = _in(connection, sa.select(table), column, keys)
    return {row._mapping[column.name]: dict(row._mapping) for row in found}


def _in(
    connection: sa.Connection, query: sa.Select[Any], column: sa.Column[str], keys: Iterable[str]
) -> list[sa.Row[Any]]:
    """Return what a query finds for keys, however many they are."""
    every = sorted(set(keys))
    found: list[sa.Row[Any]] = []
    for start in range(0, len(every), IN_LIST):
        found += connection.execute(query.where(column.in_(every[start : start + IN_LIST])))
    return found


def _write_known(connection: sa.Connection, known: Known) -> None:
    _upsert(connection, t.jobs, list(known.jobs.values()))
    _upsert(connection, t.datasets, list(known.datasets.values()))
    _upsert(connection, t.runs, list(known.runs.values()))
    _upsert(connection, t.links, [known.links[j][d, r] for j, d, r in sorted(known.touched)])
    c = t.links.c
    for job, dataset, role in sorted(known.dropped):
        where = (c.job == job, c.dataset == dataset, c.role == role)
        connection.execute(t.links.delete().where(*where))


def _upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(_upsert_statement(connection.dialect.name, table), list(rows))


@cache
def _upsert_statement(database: str, table: sa.Table) -> sa.TextClause:
    """Return the statement as text: SQLAlchemy would make it anew for every execution."""
    module = postgresql if database == "postgresql" else sqlite
    insert = module.insert(table)
    own = [column.name for column in table.primary_key]
    changed = {c.name: insert.excluded[c.name] for c in table.c if c.name not in own}
    statement = insert.on_conflict_do_update(index_elements=own, set_=changed)
    return sa.text(str(statement.compile(dialect=module.dialect(paramstyle="named"))))

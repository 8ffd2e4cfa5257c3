"""Moving what people and other platforms have told: requests and feedback, events of OpenLineage.

Each store goes from its file of SQLite into PostgreSQL in one transaction: numbers, times and the
whole history of edits stay as they are. A second attempt puts what is there now in the place of
what the first has brought, unless somebody has written to that meanwhile. What does not belong
here: the order of all that is moved (`migration`), what rows mean (`product.store`,
`lineage.openlineage.received`).
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from platform_assets.lineage.openlineage.received import tables as received
from platform_assets.product.store import RecordStore, database
from platform_assets.product.store import tables as records
from platform_assets.product.store.migrating import VERSION_TABLE
from resources.errors import PlatformError
from resources.warehouse.migration import rows, tables
from resources.warehouse.migration.target import State, target_at
from resources.warehouse.sql import identifier


@dataclass(frozen=True)
class Store:
    """A store of the platform's own, and what has to be known to move it.

    Attributes:
        what: it is called in a target's marker.
        title: what it holds, for people.
        setting, migrate: that name its database, and where it moves to.
        tables: all of them; `state` is the one whose single row is there from the start.
        grows: the table to which every write adds rows, and the column of their numbers.
        stays: whether the database refuses to change or remove those rows.
        version: table and column that say which release made the tables.
        lock: that those who write hold in PostgreSQL.
        prepare: makes the tables in the database of a URL.
    """

    what: str
    title: str
    setting: str
    migrate: str
    tables: tuple[str, ...]
    state: str
    grows: tuple[str, str]
    stays: bool
    version: tuple[str, str]
    lock: int
    prepare: Callable[[str], None]


def _prepare_records(url: str) -> None:
    store = RecordStore(url)
    store.changes()
    store.close()


RECORDS = Store(
    "records", "requests and feedback", "PLATFORM_RECORDS_URL", "PLATFORM_MIGRATE_RECORDS_TO",
    tuple(table.name for table in records.METADATA.sorted_tables), records.state.name,
    (records.history.name, "number"), True, (VERSION_TABLE, "version_num"), database.LOCK,
    _prepare_records,
)  # fmt: skip
LINEAGE = Store(
    "lineage", "events of other platforms", "PLATFORM_LINEAGE_URL", "PLATFORM_MIGRATE_LINEAGE_TO",
    tuple(table.name for table in received.METADATA.sorted_tables), received.state.name,
    (received.events.name, "id"), False, (received.state.name, "version"), received.LOCK,
    lambda url: received.open_database(url).dispose(),
)  # fmt: skip


@dataclass(frozen=True)
class Way:
    """A store's way from one database to another.

    Attributes:
        source, to: URLs; `to` is empty where it stays.
        follows: whether `to` is Dagster's new database, because no other one is named.
    """

    store: Store
    source: str = field(repr=False)
    to: str = field(repr=False)
    follows: bool

    @property
    def here(self) -> bool:
        """Whether it is in a file of this machine."""
        return sa.make_url(self.source).get_backend_name() == "sqlite"


class Move:
    """One store that is moved.

    Args:
        file: of SQLite, in which it is.
        identity: of the lake beside it, which tells one platform from another.
    """

    def __init__(self, way: Way, file: Path, identity: str) -> None:
        self.way, self.store = way, way.store
        self._file = file
        setting = "PLATFORM_MIGRATE_HISTORY_TO" if way.follows else way.store.migrate
        self._target = target_at(way.to, setting, way.store.what, identity, str(file))

    def state(self) -> State:
        """Return how far it has come; see `Target`."""
        return self._target.state()

    def finish(self) -> None:
        """Set that all is done and checked."""
        self._target.finish()

    def counts(self) -> dict[str, int]:
        """Return the rows of each table of the source."""
        with tables.reading(self._file) as source:
            named = ((t, f"SELECT count(*) FROM {identifier(t)}") for t in self.store.tables)
            return {t: int(source.execute(query).fetchone()[0]) for t, query in named}

    def require_free(self) -> None:
        """Refuse a target that holds what was not brought there by an earlier attempt.

        Raises:
            PlatformError: it does, or can't be reached.
        """
        if self.state() in ("", "begun"):
            there = [name for name in self.store.tables if self._target.has_table(name)]
            with self._target.transaction() as cursor:
                self._require_empty(cursor, there)

    def run(self, step: Callable[[str], None]) -> dict[str, int]:
        """Move everything, all or nothing, and return the rows of each table.

        Raises:
            PlatformError: somebody else has written to the target, or it is not the same
                afterwards; then nothing was changed there.
        """
        with self._target.alone(), tables.reading(self._file) as source:
            self.require_free()
            self.store.prepare(self.way.to)
            brought = self.state() not in ("", "begun")
            if not brought:
                self._target.begin()
            with self._target.transaction() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [self.store.lock])
                self._require_version(cursor, source)
                if brought:
                    self._require_own(cursor, source)
                else:
                    self._require_empty(cursor, self.store.tables)
                counts = {}
                for name in self.store.tables:
                    step(name)
                    counts[name] = self._table(cursor, source, name)
                self._target.set(cursor, "copied")
        return counts

    def _require_empty(self, cursor: Any, names: Iterable[str]) -> None:
        for name in names:
            cursor.execute(f"SELECT EXISTS (SELECT FROM public.{identifier(name)})")
            if name != self.store.state and cursor.fetchone()[0]:
                raise PlatformError(
                    f"There are {self.store.title} in {self._target.name} already.",
                    hint=f"Name another database with {self.store.migrate}: two stores are not "
                    "made one.",
                )

    def _require_version(self, cursor: Any, source: sqlite3.Connection) -> None:
        query = "SELECT {1} FROM {0}".format(*self.store.version)
        cursor.execute(query)
        if cursor.fetchone() != source.execute(query).fetchone():
            raise PlatformError(
                f"The {self.store.title} in {self._file} are of another release of the platform.",
                hint="Start this release once with them, and stop it: that brings them up to it.",
            )

    def _require_own(self, cursor: Any, source: sqlite3.Connection) -> None:
        """Refuse a copy that is none any more: its newest row is not the source's of that number.

        Every write adds a row with the next number, and the time of it.
        """
        table, number = self.store.grows
        columns = ", ".join(map(identifier, tables.columns(source, table)))
        query = f"SELECT {columns} FROM {table}"
        cursor.execute(f"{query} ORDER BY {number} DESC LIMIT 1")
        newest = cursor.fetchone()
        if newest is None:
            return
        cursor.execute(f"SELECT max({number}) FROM {table}")
        own = source.execute(f"{query} WHERE {number} = ?", cursor.fetchone()).fetchone()
        if own != newest:
            raise PlatformError(
                f"The {self.store.title} were moved to {self._target.name} but the move did not "
                "end, and somebody has written there since.",
                hint=f"If you want to keep what was written there, set {self.store.setting} to it; "
                f"else name an empty database with {self.store.migrate}.",
            )

    def _table(self, cursor: Any, source: sqlite3.Connection, name: str) -> int:
        kinds, columns = tables.kinds(cursor, name), tables.columns(source, name)
        sums = tables.Sums(columns, kinds)
        listed = ", ".join(map(identifier, columns))
        found = source.execute(f"SELECT {listed} FROM {identifier(name)} ORDER BY rowid")
        everything = sums.counted(map(_kept, found))
        grows, number = self.store.grows
        if name == grows and self.store.stays:  # what is there already is known to be the same
            cursor.execute(f"SELECT coalesce(max({number}), 0) FROM public.{grows}")
            everything = _after(everything, columns.index(number), cursor.fetchone()[0])
        else:
            cursor.execute(f"DELETE FROM public.{identifier(name)}")
        rows.copy(cursor, f"public.{name}", columns, [kinds[c] for c in columns], everything)
        sums.check(cursor, name, f"tell who maintains the platform; {self._file} is as it was.")
        if name == grows:
            tables.advance(cursor, name, number)
        return sums.rows


def chosen(
    ways: Sequence[Way], history_moves: bool, identity: str
) -> tuple[list[Move], Mapping[str, str]]:
    """Return what is moved, and of what stays on this machine, by its title, why.

    Args:
        history_moves: whether Dagster's does, whose database a store follows.

    Raises:
        PlatformError: a target is no database of PostgreSQL.
    """
    moves: list[Move] = []
    stay: dict[str, str] = {}
    for way in ways:
        file = _file_of(way)
        if file is None:
            continue
        if not way.to:
            stay[way.store.title] = f"in {file}: name a place with {way.store.migrate}"
        elif way.follows and not history_moves:
            stay[way.store.title] = f"in {file}, as Dagster's history: see {way.store.migrate}"
        else:
            moves.append(Move(way, file, identity))
    return moves, stay


def _file_of(way: Way) -> Path | None:
    """Return the file of SQLite that a store is in; None where it is elsewhere, or never was."""
    file = Path(sa.make_url(way.source).database or "")
    if not way.here or not file.is_file():
        return None
    with tables.reading(file) as source:
        return file if tables.columns(source, way.store.state) else None


def _kept(row: Sequence[Any]) -> Sequence[Any]:
    """Return a row without NUL characters, which PostgreSQL can't keep in a text."""
    return [v.replace("\0", "\ufffd") if isinstance(v, str) else v for v in row]


def _after(found: Iterable[Sequence[Any]], place: int, newest: int) -> Iterator[Sequence[Any]]:
    return (row for row in found if row[place] > newest)

"""The tables that hold what was received, in SQLite or PostgreSQL, and how they come to be.

What belongs here: columns, the version of the schema, connections. What does not: which rows there
are (`store`, `merging`), what is asked of them (`reading`).

Times are whole microseconds since 1970 in UTC: `at` and the like of events, `heard_at` of their
arrival. Facets are JSON. A name may be longer than an index takes, so rows are found by `key`, a
digest of namespace and name.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from resources import database
from resources.errors import PlatformError
from resources.secrets import shown

VERSION = 1
LOCK = 0x0911EA6E  # of PostgreSQL: one writer at a time
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
METADATA = sa.MetaData()
Row = dict[str, Any]  # by column


def _key(name: str = "key", **more: Any) -> sa.Column[str]:
    return sa.Column(name, sa.String(32), nullable=False, **more)


def _time(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


# One row. `structure` grows when names or links change, `changes` with everything.
state = sa.Table(
    "lineage_state",
    METADATA,
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("structure", sa.BigInteger, nullable=False),
    sa.Column("changes", sa.BigInteger, nullable=False),
)
events = sa.Table(
    "lineage_events",
    METADATA,
    sa.Column(
        "id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True,
        autoincrement=True,
    ),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    _time("at"),
    _time("heard_at"),
    sa.Column("kind", sa.String(8), nullable=False),
    _key("job"),
    sa.Column("run_id", sa.String(36), nullable=False),
    _text("body"),
    sa.Index("lineage_events_at", "at", "id"),
    sa.Index("lineage_events_heard", "heard_at"),
    sa.Index("lineage_events_job", "job"),
)  # fmt: skip
jobs = sa.Table(
    "lineage_jobs",
    METADATA,
    _key(primary_key=True),
    _text("namespace"),
    _text("name"),
    _text("producer"),
    _time("first_at"),
    _time("last_at"),
    _time("heard_at"),
    _text("facets"),
    sa.Column("shape", sa.String(32), nullable=False),
    sa.Column("last_run", sa.String(36), nullable=False),
    _time("last_run_at"),
)
datasets = sa.Table(
    "lineage_datasets",
    METADATA,
    _key(primary_key=True),
    _text("namespace"),
    _text("name"),
    _text("producer"),
    _time("first_at"),
    _time("last_at"),
    _time("heard_at"),
    _time("modified_at", nullable=True),
    _text("state"),  # of its life cycle: DROP, RENAME, …
    _text("facets"),
    sa.Column("shape", sa.String(32), nullable=False),
)
runs = sa.Table(
    "lineage_runs",
    METADATA,
    sa.Column("run_id", sa.String(36), primary_key=True),
    _key("job"),
    sa.Column("state", sa.String(10), nullable=False),
    _time("first_at"),
    _time("last_at"),
    _time("heard_at"),
    _time("started_at", nullable=True),
    _time("ended_at", nullable=True),
    _text("facets"),
    sa.Index("lineage_runs_job", "job", "first_at"),
    sa.Index("lineage_runs_heard", "heard_at"),
)
# A job reads or writes a dataset; of an event about a dataset alone, `job` is the dataset it tells
# of, and `dataset` one that it is made from.
links = sa.Table(
    "lineage_links",
    METADATA,
    _key("job", primary_key=True),
    _key("dataset", primary_key=True),
    sa.Column("role", sa.String(8), primary_key=True),
    sa.Column("run_id", sa.String(36), nullable=False),
    _time("last_at"),
    _text("facets"),
    sa.Index("lineage_links_dataset", "dataset"),
)


def key_of(table: sa.Table, namespace: str, name: str) -> str:
    """Return the key of a job or a dataset; a job and a dataset may be called the same."""
    return hashlib.sha256(f"{table.name}\0{namespace}\0{name}".encode()).hexdigest()[:32]


def micros(moment: datetime) -> int:
    """Return a time as it is kept."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment_of(value: int | None) -> datetime | None:
    """Return a time that was kept."""
    return None if value is None else EPOCH + timedelta(microseconds=value)


def open_database(url: str) -> sa.Engine:
    """Return an engine for a database whose tables are there.

    Args:
        url: of PostgreSQL or SQLite, whose folder is made.

    Raises:
        PlatformError: it can't be reached, or a newer release made its tables.
    """
    try:
        engine = database.open_engine(url, 4, durable=False)
        with writing(engine) as connection:
            _create(connection)
    except (sa.exc.SQLAlchemyError, OSError, ValueError, ImportError) as error:
        raise PlatformError(
            f"The store of received lineage can't be opened: {shown(url)}: "
            f"{type(getattr(error, 'orig', None) or error).__name__}.",
            hint="Set PLATFORM_LINEAGE_URL to postgresql://<user>:<password>@<host>/<database>, "
            "or leave it out to keep events in the data folder.",
        ) from None
    return engine


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a transaction during which nobody else writes, of no process."""
    with database.writing(engine, LOCK) as connection:
        yield connection


def _create(connection: sa.Connection) -> None:
    METADATA.create_all(connection)
    version = connection.scalar(sa.select(state.c.version))
    if version is None:
        connection.execute(state.insert().values(version=VERSION, structure=0, changes=0))
        return
    if version > VERSION:
        raise PlatformError(
            "The store of received lineage was made by a newer release of the platform.",
            hint="Start that release, or name another database with PLATFORM_LINEAGE_URL.",
        )
    for step in MIGRATIONS[version - 1 :]:
        step(connection)
    connection.execute(state.update().values(version=VERSION))


# What brings tables of version 1 to 2, of 2 to 3, and so on.
MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = ()

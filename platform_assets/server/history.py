"""Moving Dagster's own history from SQLite to PostgreSQL: runs, events, checks, schedules.

Every row keeps its number, because cursors of sensors and of automation are numbers of events. Only
events that have none across runs get new ones, after all the others: steps' events, which a single
machine keeps in a database per run. So the log of an old run shows what happened to assets, checks
and the run first, and its steps after that. What does not belong here: logs that steps have
printed, which stay files of the machine.

Among the rows is the key that makes digests of readers' names (`server.usage`): it goes where the
history goes, so that one reader is the same before and after.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from resources.warehouse.migration import rows, tables
from resources.warehouse.migration.target import Target
from resources.warehouse.sql import identifier

EVENTS = "event_logs"
# What a database says of itself, and of processes that are no more.
LEFT_OUT = ("secondary_indexes", "daemon_heartbeats")
IN_USE = ("runs", EVENTS, "job_ticks")


class History:
    """The history of one machine.

    Args:
        folder: DAGSTER_HOME.
    """

    def __init__(self, folder: Path) -> None:
        self.runs = folder / "history" / "runs.db"
        self.events = folder / "history" / "runs"
        self.schedules = folder / "schedules" / "schedules.db"

    @property
    def index(self) -> Path:
        """The events over all runs, with their checks and assets."""
        return self.events / "index.db"

    def exists(self) -> bool:
        """Whether anything has ever run."""
        return self.runs.is_file() and self.index.is_file()

    def shards(self) -> list[Path]:
        """Return the database of each run, in the order of the runs."""
        with tables.reading(self.runs) as runs:
            names = [str(name) for (name,) in runs.execute("SELECT run_id FROM runs ORDER BY id")]
        files = {path.name.removesuffix(".db"): path for path in self.events.glob("*.db")}
        files.pop("index", None)
        known = [files.pop(name) for name in names if name in files]
        return [*known, *(files[name] for name in sorted(files))]


def in_use(target: Target) -> bool:
    """Whether runs are kept there already."""
    if not all(target.has_table(name) for name in IN_USE):
        return False
    with target.transaction() as cursor:
        for name in IN_USE:
            cursor.execute(f"SELECT EXISTS (SELECT FROM public.{name})")
            if cursor.fetchone()[0]:
                return True
    return False


def make_tables(url: str) -> None:
    """Make Dagster's tables, as Dagster does."""
    from dagster_postgres.storage import DagsterPostgresStorage

    DagsterPostgresStorage(url, should_autocreate_tables=True)


def copy(history: History, target: Target, step: Callable[[str], None]) -> dict[str, int]:
    """Copy everything in one transaction, in place of what an earlier attempt has brought.

    Args:
        step: called with the name of each table before it is copied.

    Returns:
        Of each table its rows.

    Raises:
        PlatformError: a table is not the same afterwards; then nothing was changed.
    """
    places, counts = _tables(history), dict[str, int]()
    with target.transaction() as cursor:
        names = ", ".join(f"public.{identifier(name)}" for name in places)
        cursor.execute(f"TRUNCATE {names} CASCADE")
        for name, file in places.items():
            step(name)
            counts[name] = _table(cursor, name, file, history if name == EVENTS else None)
        target.set(cursor, "copied")
    return counts


def _tables(history: History) -> dict[str, Path]:
    """Return each table and the database that it is in, a table before those that refer to it."""
    from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
    from dagster._core.storage.runs.schema import RunStorageSqlMetadata
    from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata

    places = [
        (RunStorageSqlMetadata, history.runs),
        (SqlEventLogStorageMetadata, history.index),
        (ScheduleStorageSqlMetadata, history.schedules),
    ]
    return {
        table.name: file
        for metadata, file in places
        for table in metadata.sorted_tables
        if table.name not in LEFT_OUT and file.is_file()
    }


def _table(cursor: Any, name: str, file: Path, history: History | None) -> int:
    """Copy a table, and the events of each run besides; return its rows."""
    kinds = tables.kinds(cursor, name)
    with tables.reading(file) as source:
        columns = [column for column in tables.columns(source, name) if column in kinds]
        listed = ", ".join(map(identifier, columns))
        sums = tables.Sums(columns, kinds)
        told = source.execute(f"SELECT {listed} FROM {identifier(name)} ORDER BY id")
        everything: Iterable[Sequence[Any]] = sums.counted(told)
        if history is not None:
            newest = source.execute(f"SELECT coalesce(max(id), 0) FROM {name}").fetchone()[0]
            everything = _chained(everything, sums.counted(_of_runs(history, columns, newest)))
        rows.copy(cursor, f"public.{name}", columns, [kinds[c] for c in columns], everything)
    sums.check(cursor, name, "take PLATFORM_MIGRATE_HISTORY_TO away: the lake is moved without it.")
    tables.advance(cursor, name)
    return sums.rows


def _of_runs(history: History, columns: Sequence[str], newest: int) -> Iterator[Sequence[Any]]:
    """Yield the events that only the runs' own databases have, with numbers after `newest`."""
    mirrored = _mirrored()
    listed = ", ".join("NULL" if column == "id" else identifier(column) for column in columns)
    marks = ", ".join("?" * len(mirrored))
    query = (
        f"SELECT {listed} FROM {EVENTS} WHERE dagster_event_type IS NULL "
        f"OR dagster_event_type NOT IN ({marks}) ORDER BY id"
    )
    position = columns.index("id")
    for shard in history.shards():
        with tables.reading(shard) as source:
            for row in map(list, source.execute(query, mirrored)):
                newest += 1
                row[position] = newest
                yield row


def _mirrored() -> list[str]:
    """Return the types of events that are in the index over all runs."""
    from dagster._core.events import (
        ASSET_CHECK_EVENTS,
        ASSET_EVENTS,
        EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    )

    kinds = {*ASSET_EVENTS, *ASSET_CHECK_EVENTS, *EVENT_TYPE_TO_PIPELINE_RUN_STATUS}
    return sorted(kind.value for kind in kinds)


def _chained(*sources: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    for source in sources:
        yield from source

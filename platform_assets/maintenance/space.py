"""The disk that Dagster's storage takes, and giving back what is free in it.

What belongs here: telling SQLite from PostgreSQL. What does not: removing anything (`runs`).
"""

from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa

from resources import sqlite_space

_BYTES = (
    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = current_schema() AND c.relkind = 'r'"
)


def used(instance: dg.DagsterInstance) -> int:
    """Return the bytes of runs and events: of files of this machine, or tables of PostgreSQL."""
    found = 0
    for place in _places(instance).values():
        if isinstance(place, Path):
            # One file for each run lies beside that of all events.
            found += sum(f.stat().st_size for f in place.parent.glob("*.db*") if f.exists())
        else:
            found += place
    return found


def give_back(instance: dg.DagsterInstance) -> None:
    """Give the space of deleted rows back to the disk; PostgreSQL uses it again by itself."""
    for place in _places(instance).values():
        if isinstance(place, Path):
            sqlite_space.give_back(place)


def _places(instance: dg.DagsterInstance) -> dict[str, Path | int]:
    """Return of each database, by its address, the file of SQLite, or else the bytes of tables."""
    events: Any = instance.event_log_storage
    runs: Any = instance.run_storage
    found: dict[str, Path | int] = {}
    for connect in (events.index_connection, runs.connect):
        with connect() as connection:
            address = connection.engine.url
            if connection.engine.dialect.name == "sqlite":
                found[str(address)] = Path(address.database)
            else:
                found[str(address)] = int(connection.execute(sa.text(_BYTES)).scalar_one())
    return found

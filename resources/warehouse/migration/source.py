"""The embedded lake that is moved: its catalog, read in one view, and the files that it names."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from resources.errors import PlatformError
from resources.warehouse.embedded import Embedded

ELSEWHERE = "elsewhere"  # folder for files that lie outside of the lake's
FILE_TABLES = ("ducklake_data_file", "ducklake_delete_file")


@dataclass(frozen=True)
class Facts:
    """What tells one lake from another, and its size.

    Attributes:
        identity: of the lake, however often it is copied or moved.
        data_path: folder of its files, with a slash at its end.
        version: of DuckLake's format.
        snapshot: the newest.
        snapshots: how many there are.
    """

    identity: str
    data_path: str
    version: str
    snapshot: int
    snapshots: int


@contextmanager
def reading(place: Embedded) -> Iterator[sqlite3.Connection]:
    """Yield a connection that sees one state of the catalog, whoever writes meanwhile.

    Raises:
        PlatformError: there is no lake.
    """
    if not place.exists():
        raise PlatformError(
            f"There is no warehouse at {place.name} to be moved.",
            hint="Set PLATFORM_WAREHOUSE_URL or PLATFORM_DATA_DIR to where it is.",
        )
    uri = f"{place.catalog.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=20, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        yield connection


def facts(connection: sqlite3.Connection) -> Facts:
    """Return what the catalog says of the lake."""
    metadata = "SELECT key, value FROM ducklake_metadata WHERE scope IS NULL"
    told = dict(connection.execute(metadata).fetchall())
    first = "SELECT schema_uuid FROM ducklake_schema ORDER BY schema_id LIMIT 1"
    newest = "SELECT max(snapshot_id), count(*) FROM ducklake_snapshot"
    (identity,), (snapshot, snapshots) = (connection.execute(q).fetchone() for q in (first, newest))
    return Facts(identity, told["data_path"], told["version"], snapshot, snapshots)


def tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of all tables of the catalog."""
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'ducklake#_%' ESCAPE '#'"
    )
    return sorted(name for (name,) in found)


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns, in their order."""
    found = connection.execute("SELECT name FROM pragma_table_info(?) ORDER BY cid", [table])
    return [name for (name,) in found]


def files(connection: sqlite3.Connection) -> dict[str, Path]:
    """Return every file that a snapshot needs, by the name that it has below the lake's folder.

    Files that are only waiting to be deleted are not among them.
    """
    names = Names(connection)
    found: dict[str, Path] = {}
    for table in FILE_TABLES:
        key = table.removeprefix("ducklake_") + "_id"
        query = f"SELECT {key}, table_id, path, path_is_relative FROM {table}"
        for number, owner, path, relative in connection.execute(query):
            full = names.full(owner, path, relative)
            found[names.name(number, full)] = Path(full)
    return found


class Names:
    """From a path as the catalog has it to where the file is, and to what it is called."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.data_path = facts(connection).data_path
        schemas = "SELECT schema_id, path, path_is_relative FROM ducklake_schema"
        folders = {
            number: self._below(self.data_path, path, relative)
            for number, path, relative in connection.execute(schemas)
        }
        tables = (
            "SELECT table_id, schema_id, path, path_is_relative FROM ducklake_table "
            "ORDER BY begin_snapshot"
        )
        self._folders: Mapping[int, str] = {
            number: self._below(folders[schema], path, relative)
            for number, schema, path, relative in connection.execute(tables)
        }

    def full(self, table: int, path: str, relative: int) -> str:
        """Return the absolute path of a file of a table."""
        return self._below(self._folders[table], path, relative) if relative else path

    def name(self, number: int, full: str) -> str:
        """Return what a file is called below the folder of the lake, in any place."""
        if full.startswith(self.data_path):
            return full.removeprefix(self.data_path).lstrip("/")
        return f"{ELSEWHERE}/{number}-{full.rpartition('/')[2]}"

    @staticmethod
    def _below(folder: str, path: str, relative: int) -> str:
        return f"{folder.rstrip('/')}/{path}" if relative else path

"""Orphans: files below the lake's data path that its catalog does not know, and never will.

A load, or a model, that died between writing a file and committing it leaves one behind. What
belongs here: finding and deleting them, and what was left in the folders for temporary files. What
does not: files that the catalog knew once (`expiry`).
"""

import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import duckdb

from resources.errors import PlatformError
from resources.warehouse import Warehouse, lake_files
from resources.warehouse.expiry import Removed
from resources.warehouse.system_tables import CATALOG

FILES_AT_ONCE = 500
FILES = ("ducklake_data_file", "ducklake_delete_file")


def remove_orphans(warehouse: Warehouse, older_than: timedelta) -> Removed:
    """Delete the files that no snapshot knows and that are older than any load can take.

    Raises:
        PlatformError: files that the catalog knows are missing. Nothing is deleted then: either
            they are lost, or the catalog and the folder are not of the same lake.
    """
    root, limit = warehouse.data_path, datetime.now(UTC) - older_than
    with warehouse.reading() as connection:
        before = _live(connection, root)
    listed = list(lake_files.listed(root))
    # The catalog is asked after the listing: whatever is committed meanwhile is known to it.
    with warehouse.reading() as connection:
        after = _live(connection, root)
        known = {path for paths in after.values() for path in paths} | _scheduled(connection, root)
    there = {f"{root}/{found.path}" for found in listed}
    _complete(root, [paths for file, paths in before.items() if file in after], there)
    orphans = iter(
        found for found in listed if f"{root}/{found.path}" not in known and found.modified < limit
    )
    removed = Removed()
    while some := list(islice(orphans, FILES_AT_ONCE)):
        with warehouse.lock():  # no load makes a folder while an empty one goes
            lake_files.remove(root, [f"{root}/{found.path}" for found in some])
        removed.files += len(some)
        removed.bytes += sum(found.bytes for found in some)
    removed.files_left = len(listed) - removed.files
    removed.bytes_left = sum(found.bytes for found in listed) - removed.bytes
    return removed


def _complete(root: str, expected: list[set[str]], there: set[str]) -> None:
    lost = [min(paths) for paths in expected if not paths & there]
    if lost:
        raise PlatformError(
            f"{len(lost)} files that the lake's catalog knows are not in {root}, "
            f"{lost[0]} for one. Nothing was deleted.",
            hint="Bring them back from a backup; see that catalog and files are of one lake.",
        )


def _live(connection: duckdb.DuckDBPyConnection, root: str) -> dict[int, set[str]]:
    """Return of each file of any snapshot where it is; a table that moved had several places."""
    found: dict[int, set[str]] = {}
    for kind in FILES:
        number = kind.replace("ducklake_", "") + "_id"
        for file, *parts in connection.execute(
            f"SELECT f.{number}, f.path, f.path_is_relative, t.path, t.path_is_relative, s.path, "
            f"s.path_is_relative FROM {CATALOG}.{kind} f "
            f"LEFT JOIN {CATALOG}.ducklake_table t ON t.table_id = f.table_id "
            f"LEFT JOIN {CATALOG}.ducklake_schema s ON s.schema_id = t.schema_id"
        ).fetchall():
            found.setdefault(file, set()).add(_path(root, parts))
    return found


def _path(root: str, parts: list[object]) -> str:
    """Return where a file is: each of file, table and schema may be relative to the next."""
    path = ""
    for name, relative in zip(parts[::2], parts[1::2], strict=True):
        path = f"{name or ''}{path}"
        if not relative:
            return path
    return f"{root}/{path}"


def _scheduled(connection: duckdb.DuckDBPyConnection, root: str) -> set[str]:
    """Return where the files are that `expiry` deletes in its time."""
    return {
        f"{root}/{path}" if relative else str(path)
        for path, relative in connection.execute(
            f"SELECT path, path_is_relative FROM {CATALOG}.ducklake_files_scheduled_for_deletion"
        ).fetchall()
    }


def temporary(warehouse: Warehouse) -> set[Path]:
    """Return the folders of this machine in which loads, queries and dbt keep temporary files."""
    tmp = warehouse.temp_dir
    return {warehouse.work / "staging", tmp, tmp / "staging", tmp / "dbt"}


def remove_leftovers(folders: Collection[Path], older_than: timedelta) -> Removed:
    """Delete what was left in folders for temporary files: of processes that were killed.

    What a folder holds goes as a whole, when nothing in it was written since.

    Args:
        folders: they stay themselves, also where one is in another.
    """
    limit, removed = (datetime.now(UTC) - older_than).timestamp(), Removed()
    entries = [entry for folder in folders if folder.is_dir() for entry in folder.iterdir()]
    for entry in entries:
        if entry in folders:
            continue
        files = list(_files(entry))
        with suppress(OSError):  # who made it takes it away itself
            if max([entry.lstat().st_mtime, *(file.lstat().st_mtime for file in files)]) >= limit:
                continue
            sizes = [file.lstat().st_size for file in files]
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            removed.files += len(sizes)
            removed.bytes += sum(sizes)
    return removed


def _files(entry: Path) -> Iterator[Path]:
    if entry.is_dir() and not entry.is_symlink():
        yield from (path for path in entry.rglob("*") if not path.is_dir())
    else:
        yield entry

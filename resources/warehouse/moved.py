"""A lake whose folder was moved or copied: its catalog is told where the files are now.

DuckLake keeps the absolute path of its data, and that of every file that was added as it stood.
What belongs here: putting both right. What does not: moving anything.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

FILES = ("ducklake_data_file", "ducklake_delete_file")


def is_moved(catalog: Path, data_path: Path) -> bool:
    """Whether the catalog looks for its files in another folder than `data_path`."""
    with closing(sqlite3.connect(catalog, timeout=20)) as connection:
        return _known(connection) not in (None, _folder(data_path))


def follow(catalog: Path, data_path: Path) -> None:
    """Let the catalog look for its files in `data_path`: all in one transaction.

    Called by who holds the write lock, while nobody has the lake attached for writing.
    """
    with closing(sqlite3.connect(catalog, timeout=20)) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        before, now = _known(connection), _folder(data_path)
        if before is None or before == now:
            return
        for table in FILES:
            connection.execute(
                f"UPDATE {table} SET path = ? || substr(path, ?) "
                "WHERE NOT path_is_relative AND substr(path, 1, ?) = ?",
                [now, len(before) + 1, len(before), before],
            )
        connection.execute("UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'", [now])


def _folder(path: Path) -> str:
    return f"{path}/"


def _known(connection: sqlite3.Connection) -> str | None:
    """Return the folder that the catalog names; None for a catalog that is not made yet."""
    try:
        row = connection.execute(
            "SELECT value FROM ducklake_metadata WHERE key = 'data_path'"
        ).fetchone()
    except sqlite3.OperationalError:
        return None
    return str(row[0]) if row else None

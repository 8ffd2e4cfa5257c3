"""From staged files to `raw.<source>`, ledger, quarantine and drift, in one transaction.

What belongs here: what the ledger knows of a source's files, and making a load part of the lake.
What does not: staging (`file_stage`), the changes of a raw table's columns (`extract_table`).
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import duckdb
import pyarrow as pa

from resources.errors import PlatformError
from resources.warehouse import Warehouse, extract_table, lake_files
from resources.warehouse.connection import literal
from resources.warehouse.extract import staged
from resources.warehouse.extract_table import Change
from resources.warehouse.file_stage import Stage
from resources.warehouse.system_tables import next_load_id

Known = tuple[str, int, datetime, str, str, str]


@dataclass
class FileLoad:
    """What the ledger will say of one file.

    Attributes:
        path, size, modified_at, version: the file as it was listed.
        status: `loaded`, `quarantined` (the whole file), `duplicate` or `empty`.
        rows_in_file: records that the reader met; equals `rows` + `bad`.
        rows: records that can be loaded.
        bad: records for the quarantine.
    """

    path: str
    size: int
    modified_at: datetime
    sha256: str = ""
    status: str = "loaded"
    reason: str | None = None
    rows_in_file: int = 0
    rows: int = 0
    bad: int = 0
    first_event: datetime | None = None
    last_event: datetime | None = None
    seconds: float = 0.0
    version: str = ""

    def refuse(self, status: str, reason: str) -> None:
        """Make it a file of which nothing is loaded."""
        self.status, self.reason = status, reason
        self.rows_in_file = self.rows = self.bad = 0
        self.first_event = self.last_event = None

    def check(self) -> None:
        """Make sure that every record is accounted for.

        Raises:
            RuntimeError: one is not; nothing of the load may be published then.
        """
        if self.rows_in_file != self.rows + self.bad:
            raise RuntimeError(
                f"{self.path}: {self.rows_in_file} records read, but {self.rows} staged and "
                f"{self.bad} refused; nothing of it was loaded"
            )


def one_at_a_time(warehouse: Warehouse, source: str) -> AbstractContextManager[None]:
    """Hold the lock of a source's files: no two loads, on any machine, ever take the same file."""
    return warehouse.place.mutex(f"source/{source}")


def ledger_state(connection: duckdb.DuckDBPyConnection, source: str) -> tuple[int, int]:
    """Return how many files of a source the ledger has, and the newest load of one."""
    row = connection.execute(
        "SELECT count(*), coalesce(max(load_id), 0) FROM lake.platform.ledger "
        "WHERE source = ? AND kind = 'file'",
        [source],
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def known_files(connection: duckdb.DuckDBPyConnection, source: str, after: int) -> list[Known]:
    """Return path, size, time, version, SHA-256, status of the source's files in later loads.

    A lake that an earlier release wrote gets the column `version` when something is written to it.
    """
    return connection.execute(
        "SELECT file, bytes, modified_at, coalesce(version, ''), sha256, status FROM "
        "(FROM lake.platform.ledger UNION ALL BY NAME SELECT NULL::VARCHAR AS version WHERE false) "
        "WHERE source = ? AND kind = 'file' AND load_id > ?",
        [source, after],
    ).fetchall()


def newest_drift(
    connection: duckdb.DuckDBPyConnection, source: str
) -> list[tuple[str, str, str | None, str | None]]:
    """Return the newest recorded drift of each column: column, change, before, after."""
    return connection.execute(
        "SELECT column_name, change, before, after FROM lake.platform.drift "
        "WHERE source = ? AND change <> 'column_renamed' "
        "QUALIFY row_number() OVER (PARTITION BY column_name ORDER BY load_id DESC, seen_at DESC) "
        "= 1",
        [source],
    ).fetchall()


def renames(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, list[str]]:
    """Return the raw columns that had to get another name than the source's: source → raw ones."""
    found: dict[str, list[str]] = {}
    for name, raw in connection.execute(
        "SELECT before, column_name FROM lake.platform.drift "
        "WHERE source = ? AND change = 'column_renamed' ORDER BY load_id, column_name",
        [source],
    ).fetchall():
        found.setdefault(name, []).append(raw)
    return found


def publish(
    warehouse: Warehouse,
    source: str,
    files: Sequence[FileLoad],
    stage: Stage,
    change: Change,
    drift: Iterable[tuple[str, str, str, str | None, str | None]],
) -> int:
    """Make staged files, their ledger rows, quarantine and drift visible at once; return the load.

    The number of the load is taken under the write lock, and becomes a column by the name of the
    folder that the staged files are moved to: so a later commit always has a larger number, and
    nobody waits for the lock while files are read.

    Args:
        drift: file, column, change, before, after.

    Raises:
        RuntimeError: a record is unaccounted for.
        duckdb.Error, OSError: the disk is full, …; nothing of the load is visible then.
    """
    for each in files:
        each.check()
    with warehouse.write() as connection:
        load_id, loaded_at = next_load_id(connection), warehouse.place.now()
        moved = _move(warehouse, load_id, loaded_at, stage.rows)
        try:
            extract_table.apply(connection, source, change, replace=False)
            for file in moved:
                connection.execute(
                    f"CALL ducklake_add_data_files('lake', {literal(source)}, {literal(file)}, "
                    "schema => 'raw', allow_missing => true, hive_partitioning => true, "
                    "ignore_extra_columns => true)"
                )
            said = {"load_id": load_id, "source": source}
            _insert(connection, "ledger", [_ledger(said, loaded_at, each) for each in files])
            for path in stage.bad:
                _insert_quarantine(connection, said, loaded_at, path)
            _insert(connection, "drift", [_drift(said, loaded_at, each) for each in drift])
        except BaseException:
            with suppress(OSError, PlatformError):  # what stays is an orphan, which does no harm
                lake_files.remove(warehouse.data_path, moved)
            raise
    return load_id


def _move(
    warehouse: Warehouse, load_id: int, loaded_at: datetime, files: Sequence[Path | str]
) -> list[str]:
    """Move staged files to where they stay, and return them there.

    Their names are new: a load of this number that never committed may have left others there.
    """
    moment = quote(f"{loaded_at:%Y-%m-%d %H:%M:%S.%f}+00", safe="")
    token = uuid4().hex[:12]
    return lake_files.put(
        warehouse.data_path,
        f"{lake_files.LOADS}/_load_id={load_id}/_loaded_at={moment}",
        [(file, f"{token}-{number:06d}.parquet") for number, file in enumerate(files, 1)],
    )


def _ledger(said: dict[str, object], loaded_at: datetime, file: FileLoad) -> dict[str, object]:
    return {
        **said,
        "kind": "file",
        "file": file.path,
        "sha256": file.sha256,
        "bytes": file.size,
        "modified_at": file.modified_at,
        "version": file.version or None,
        "status": file.status,
        "reason": file.reason,
        "rows_in_file": file.rows_in_file,
        "rows_loaded": file.rows,
        "rows_quarantined": file.bad,
        "min_event_at": file.first_event,
        "max_event_at": file.last_event,
        "loaded_at": loaded_at,
        "seconds": file.seconds,
    }


def _drift(
    said: dict[str, object],
    loaded_at: datetime,
    change: tuple[str, str, str, str | None, str | None],
) -> dict[str, object]:
    names = ("file", "column_name", "change", "before", "after")
    return {**said, **dict(zip(names, change, strict=True)), "seen_at": loaded_at}


def _insert_quarantine(
    connection: duckdb.DuckDBPyConnection,
    said: dict[str, object],
    loaded_at: datetime,
    staged_records: Path | str,
) -> None:
    connection.execute(
        "INSERT INTO lake.platform.quarantine BY NAME SELECT ? AS load_id, ? AS source, "
        f"*, ? AS quarantined_at FROM {staged(staged_records)}",
        [said["load_id"], said["source"], loaded_at],
    )


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, object]]
) -> None:
    if rows:
        # A column of which every value is None has no type of its own to go by.
        connection.register("new_rows", pa.Table.from_pylist(list(rows)))
        connection.execute(f"INSERT INTO lake.platform.{table} BY NAME SELECT * FROM new_rows")
        connection.unregister("new_rows")

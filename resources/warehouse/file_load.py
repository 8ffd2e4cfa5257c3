"""From staged files to `raw.<source>`, ledger, quarantine and drift, in one transaction.

What belongs here: what the ledger knows of a source's files, and making a load part of the lake.
What does not: staging (`file_stage`), the changes of a raw table's columns (`extract_table`).
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from resources.warehouse import Warehouse, extract_table
from resources.warehouse.connection import literal
from resources.warehouse.extract_table import Change
from resources.warehouse.file_stage import Bad


@dataclass
class FileLoad:
    """What the ledger will say of one file, and what is to be published of it.

    Attributes:
        path, size, modified_at: the file as it was listed.
        status: `loaded`, `quarantined` (the whole file), `duplicate` or `empty`.
        rows_in_file: records that the reader met; equals `rows` + quarantined ones.
    """

    path: str
    size: int
    modified_at: datetime
    sha256: str = ""
    status: str = "loaded"
    reason: str | None = None
    rows_in_file: int = 0
    rows: int = 0
    bad: list[Bad] = field(default_factory=list)
    first_event: datetime | None = None
    last_event: datetime | None = None
    seconds: float = 0.0

    def refuse(self, status: str, reason: str) -> None:
        """Make it a file of which nothing is loaded."""
        self.status, self.reason = status, reason
        self.rows = self.rows_in_file = 0
        self.first_event = self.last_event = None
        self.bad = []

    def check(self) -> None:
        """Make sure that every record is accounted for.

        Raises:
            RuntimeError: one is not; nothing of the load may be published then.
        """
        if self.rows_in_file != self.rows + len(self.bad):
            raise RuntimeError(
                f"{self.path}: {self.rows_in_file} records read, but {self.rows} staged and "
                f"{len(self.bad)} refused; nothing of it was loaded"
            )


def known_files(
    connection: duckdb.DuckDBPyConnection, source: str, after: int
) -> tuple[list[tuple[str, int, datetime]], int]:
    """Return path, size and time of the files in loads after `after`, and the newest load."""
    rows = connection.execute(
        "SELECT file, bytes, modified_at, load_id FROM lake.platform.ledger "
        "WHERE source = ? AND kind = 'file' AND load_id > ?",
        [source, after],
    ).fetchall()
    return [row[:3] for row in rows], max((row[3] for row in rows), default=after)


def newest_load(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the number of the newest load of all."""
    row = connection.execute("SELECT coalesce(max(load_id), 0) FROM lake.platform.ledger")
    found = row.fetchone()
    assert found is not None
    return int(found[0])


def known_contents(
    connection: duckdb.DuckDBPyConnection, source: str, hashes: Sequence[str]
) -> dict[str, str]:
    """Return which of these contents the ledger knows, and the file that brought each."""
    connection.register("hashes", pa.table({"sha256": pa.array(hashes, pa.string())}))
    return dict(
        connection.execute(
            "SELECT sha256, min(file) FROM lake.platform.ledger SEMI JOIN hashes USING (sha256) "
            "WHERE source = ? AND status IN ('loaded', 'quarantined') GROUP BY sha256",
            [source],
        ).fetchall()
    )


def known_sizes(connection: duckdb.DuckDBPyConnection, source: str) -> set[int]:
    """Return the sizes of the source's known files: only one of these can be known again."""
    rows = connection.execute(
        "SELECT DISTINCT bytes FROM lake.platform.ledger WHERE source = ? AND kind = 'file'",
        [source],
    ).fetchall()
    return {row[0] for row in rows}


def newest_drift(
    connection: duckdb.DuckDBPyConnection, source: str
) -> list[tuple[str, str, str | None, str | None]]:
    """Return the newest recorded drift of each column: column, change, before, after."""
    return connection.execute(
        "SELECT column_name, change, before, after FROM lake.platform.drift WHERE source = ? "
        "QUALIFY row_number() OVER (PARTITION BY column_name ORDER BY load_id DESC, seen_at DESC) "
        "= 1",
        [source],
    ).fetchall()


@contextmanager
def staging(warehouse: Warehouse, source: str, load_id: int) -> Iterator[Path]:
    """Yield an empty folder for the staged files of a load, inside the lake's data.

    What a crashed load of the same number left there was never published: it is removed. So is
    the folder of a load that fails.
    """
    folder = warehouse.data_path / "loads" / f"{load_id:012d}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if not any(folder.iterdir()):
        folder.rmdir()


def publish(
    warehouse: Warehouse,
    source: str,
    load_id: int,
    loaded_at: datetime,
    files: Sequence[FileLoad],
    staged: Sequence[Path],
    change: Change,
    drift: Iterable[tuple[str, str, str, str | None, str | None]],
) -> None:
    """Make the staged files, their ledger rows, quarantine and drift visible, all at once.

    Args:
        drift: file, column, change, before, after.
    """
    for each in files:
        each.check()
    with warehouse.write() as connection:
        extract_table.apply(connection, source, change, replace=False)
        for file in staged:
            connection.execute(
                f"CALL ducklake_add_data_files('lake', {literal(source)}, {literal(file)}, "
                "schema => 'raw', allow_missing => true)"
            )
        _insert(connection, "ledger", _ledger(source, load_id, loaded_at, files))
        _insert(connection, "quarantine", _quarantine(source, load_id, loaded_at, files))
        _insert(
            connection,
            "drift",
            [
                {
                    "load_id": load_id,
                    "source": source,
                    "file": file,
                    "column_name": column,
                    "change": kind,
                    "before": before,
                    "after": after,
                    "seen_at": loaded_at,
                }
                for file, column, kind, before, after in drift
            ],
        )


def _ledger(
    source: str, load_id: int, loaded_at: datetime, files: Sequence[FileLoad]
) -> list[dict[str, object]]:
    return [
        {
            "load_id": load_id,
            "source": source,
            "kind": "file",
            "file": f.path,
            "sha256": f.sha256,
            "bytes": f.size,
            "modified_at": f.modified_at,
            "status": f.status,
            "reason": f.reason,
            "rows_in_file": f.rows_in_file,
            "rows_loaded": f.rows,
            "rows_quarantined": len(f.bad),
            "min_event_at": f.first_event,
            "max_event_at": f.last_event,
            "loaded_at": loaded_at,
            "seconds": f.seconds,
        }
        for f in files
    ]


def _quarantine(
    source: str, load_id: int, loaded_at: datetime, files: Sequence[FileLoad]
) -> list[dict[str, object]]:
    def row(path: str, line: int | None, reason: str | None, raw: str) -> dict[str, object]:
        return {
            "load_id": load_id,
            "source": source,
            "file": path,
            "line": line,
            "reason": reason,
            "raw": raw,
            "quarantined_at": loaded_at,
        }

    records = [row(f.path, b.line, b.reason, b.raw) for f in files for b in f.bad]
    whole = [row(f.path, None, f.reason, "") for f in files if f.status == "quarantined"]
    return records + whole


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, object]]
) -> None:
    if rows:
        # A column of which every value is None has no type of its own to go by.
        data = pa.Table.from_pylist(list(rows))
        connection.register("new_rows", data)
        connection.execute(f"INSERT INTO lake.platform.{table} BY NAME SELECT * FROM new_rows")
        connection.unregister("new_rows")

"""Staging of a database table: its rows, as the source gives them, in one Parquet file.

What belongs here: DuckDB's scanners (SQLite, PostgreSQL, MySQL), the stream of batches for every
other database, and the folder of staged files. What does not: which SQL is sent
(`platform_assets.ingestion.database_dialects`), what staged values become (`extract_cast`), how
they reach the lake (`extract_load`).
"""

import fcntl
import glob
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from resources.warehouse import extensions
from resources.warehouse.connection import literal

ATTACHED = "extracted_from"
SQLITE_WAIT_MS = 20_000
ROW_GROUPS = "ROW_GROUP_SIZE_BYTES 8388608"  # memory of the writer, whatever the rows' width
_PREFIX = "extract-"


class NotUtf8(Exception):
    """The source holds text that is not valid UTF-8: its bytes have to be asked for instead."""


@dataclass(frozen=True)
class Scan:
    """A database that one of DuckDB's scanners reaches, and how.

    Args:
        kind: the scanner.
        place: `path` for SQLite; `host`, `port`, `user`, `password`, `database` for a server.
        options: further connection options, in the notation of the scanner.
    """

    kind: Literal["sqlite", "postgres", "mysql"]
    place: Mapping[str, str] = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


def attach(connection: duckdb.DuckDBPyConnection, scan: Scan) -> None:
    """Attach the source read-only, as `extracted_from`.

    Secrets go into a temporary DuckDB secret of this connection, never into the ATTACH statement.

    Raises:
        duckdb.Error: the scanner can't connect.
    """
    extensions.load(connection, f"{scan.kind}_scanner")
    if scan.kind == "sqlite":
        connection.execute(
            f"ATTACH {literal(scan.place['path'])} AS {ATTACHED} "
            f"(TYPE sqlite, READ_ONLY, BUSY_TIMEOUT {SQLITE_WAIT_MS})"
        )
        return
    body = "".join(f", {name} {literal(value)}" for name, value in scan.place.items() if value)
    connection.execute(f"CREATE TEMPORARY SECRET {ATTACHED} (TYPE {scan.kind}{body})")
    if scan.kind == "mysql":
        connection.execute("SET mysql_session_time_zone = '+00:00'")
        connection.execute("SET mysql_query_timeout_enabled = false")
    options = " ".join(f"{name}={_option(value)}" for name, value in scan.options.items())
    connection.execute(
        f"ATTACH {literal(options)} AS {ATTACHED} (TYPE {scan.kind}, READ_ONLY, SECRET {ATTACHED})"
    )


def stage_query(connection: duckdb.DuckDBPyConnection, scan: Scan, sql: str, file: Path) -> int:
    """Write the rows of `sql`, in the source's own dialect, to `file`; return their number.

    One statement is one snapshot of the source. Memory is bounded: rows stream into the file.

    Raises:
        NotUtf8: a text value of a SQLite database, which does not check them, is not UTF-8.
        duckdb.Error: whatever the source answers.
    """
    stream = ", stream_results = true" if scan.kind == "mysql" else ""
    rows = f"{scan.kind}_query('{ATTACHED}', {literal(sql)}{stream})"
    copy = f"COPY (SELECT * FROM {rows}) TO {literal(file)} (FORMAT parquet, {ROW_GROUPS})"
    if scan.kind != "sqlite":
        return _rows(connection.execute(copy))
    try:
        count = _rows(connection.execute(copy))
        texts = ", ".join(staged_types(connection, file))
        connection.execute(f"SELECT bit_xor(hash({texts})) FROM {staged(file)}").fetchone()
    except duckdb.Error as error:
        if re.search("unicode|string encoding|utf-?8", str(error), re.IGNORECASE):
            raise NotUtf8(str(error)) from None
        raise
    return count


def _rows(copied: duckdb.DuckDBPyConnection) -> int:
    counted = copied.fetchone()
    return int(counted[0]) if counted else 0


def stage_batches(batches: Iterable[list[list[str | None]]], columns: int, file: Path) -> int:
    """Write batches of text columns (one list of values per column) to `file`; return the rows."""
    schema = pa.schema([(f"c{n}", pa.string()) for n in range(columns)])
    rows = 0
    with pq.ParquetWriter(file, schema) as writer:
        for batch in batches:
            arrays = [pa.array(values, pa.string()) for values in batch]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            rows += len(batch[0])
    return rows


def staged(file: Path | str) -> str:
    """Return the SQL that reads a staged file, whatever characters its path has."""
    return f"read_parquet({literal(glob.escape(str(file)))}, hive_partitioning = false)"


def staged_types(connection: duckdb.DuckDBPyConnection, file: Path) -> dict[str, str]:
    """Return the DuckDB type of every column of a staged file."""
    found = connection.execute(f"DESCRIBE SELECT * FROM {staged(file)}").fetchall()
    return {str(row[0]): str(row[1]) for row in found}


@contextmanager
def staging_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder for staged files, removed afterwards.

    Folders of processes that were killed are removed by the next one: each holds a lock on its
    own folder, which the operating system frees when the process dies.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        try:
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)


def _option(value: str) -> str:
    """Return `value` quoted for a libpq or MySQL connection string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

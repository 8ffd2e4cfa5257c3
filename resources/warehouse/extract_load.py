"""From a staged extraction to `raw.<table>`, ledger, quarantine and drift, in one transaction.

What belongs here: what is new in a staged file, and writing it exactly once. What does not:
reading the source (`extract`), what a staged file holds (`extract_batch`), the changes of the raw
table's columns (`extract_table`).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from resources.warehouse import Warehouse, extract_table
from resources.warehouse.connection import identifier, literal
from resources.warehouse.extract import ROW_GROUPS, staged
from resources.warehouse.extract_batch import Facts, Staged
from resources.warehouse.extract_table import Change, Overlap
from resources.warehouse.system_tables import next_load_id


class Superseded(Exception):
    """Another run loaded the same table meanwhile: extract again."""


@dataclass(frozen=True)
class Prepared:
    """What is new in a staged extraction, ready to be written.

    Attributes:
        rows: SQL of the rows to load.
        rejected: SQL of the rows for the quarantine; empty when there are none.
        loaded, quarantined, known: their numbers; `known` rows are in the warehouse already.
        first_event, last_event: range of the event time over the rows to load.
    """

    rows: str
    rejected: str
    loaded: int
    quarantined: int
    known: int
    first_event: datetime | None
    last_event: datetime | None


def prepare(
    connection: duckdb.DuckDBPyConnection,
    batch: Staged,
    found: Facts,
    *,
    overlap: Overlap | None,
    event_time: str | None,
) -> Prepared:
    """Sort out what is new in `batch`, before and outside of the write transaction.

    Args:
        connection: reads the staged file and the lake.
        batch: the staged extraction.
        found: its facts.
        overlap: the rows that may be in the batch again, or None if there can be none.
        event_time: raw column of the event time, if the table has one.
    """
    rows, rejected = batch.rows(), batch.rejected() if found.wrong else ""
    loaded, quarantined = found.rows - found.wrong, found.wrong
    if overlap is not None:
        beyond = f"({identifier(overlap.cursor)} > {overlap.top}) IS TRUE"
        fresh = (
            f"SELECT * FROM ({rows}) WHERE {beyond} UNION ALL "
            f"(SELECT * FROM ({rows}) WHERE NOT {beyond} EXCEPT ALL {overlap.known})"
        )
        rows, loaded = _kept(connection, fresh, batch, "fresh")
        if rejected:
            again = (
                f"SELECT * FROM ({rejected}) WHERE raw NOT IN (SELECT raw FROM "
                f"lake.platform.quarantine WHERE source = {literal(batch.table)} "
                f"AND raw IS NOT NULL)"
            )
            rejected, quarantined = _kept(connection, again, batch, "rejected")
    first, last = _event_range(connection, rows, event_time)
    return Prepared(
        rows,
        rejected,
        loaded,
        quarantined,
        found.rows - loaded - quarantined,
        first,
        last,
    )


def _kept(
    connection: duckdb.DuckDBPyConnection, sql: str, batch: Staged, name: str
) -> tuple[str, int]:
    """Write the rows of `sql` beside the staged file; return SQL that reads them, and the count."""
    file = batch.file.with_name(f"{name}.parquet")
    done = connection.execute(
        f"COPY ({sql}) TO {literal(file)} (FORMAT parquet, {ROW_GROUPS})"
    ).fetchone()
    return f"SELECT * FROM {staged(file)}", int(done[0]) if done else 0


def _event_range(
    connection: duckdb.DuckDBPyConnection, rows: str, event_time: str | None
) -> tuple[datetime | None, datetime | None]:
    if event_time is None:
        return None, None
    moment = f"TRY_CAST({identifier(event_time)} AS TIMESTAMPTZ)"
    sane = f"{moment} BETWEEN TIMESTAMPTZ '0001-01-01' AND TIMESTAMPTZ '9999-12-30'"
    found = connection.execute(
        f"SELECT min({moment}) FILTER ({sane}), max({moment}) FILTER ({sane}) FROM ({rows})"
    ).fetchone()
    assert found is not None
    return found[0], found[1]


@dataclass(frozen=True)
class Load:
    """What the ledger says of a load beside its rows."""

    newest: int  # newest load of the table when the extraction began
    sha256: str
    replace: bool
    cursor_from: str | None
    cursor_to: str | None
    began: float  # when the extraction began, by `time.monotonic`
    drift: Sequence[tuple[str, str, str | None, str | None]]  # column, change, before, after


def write(
    warehouse: Warehouse, batch: Staged, prepared: Prepared, change: Change, load: Load
) -> int:
    """Write rows, quarantine, drift and ledger row together; return the load's number.

    Raises:
        Superseded: the table was loaded by somebody else since the extraction began.
    """
    with warehouse.write() as connection:
        if newest_load(connection, batch.table) != load.newest:
            raise Superseded(batch.table)
        number, loaded_at = next_load_id(connection), warehouse.place.now()
        extract_table.bound_row_groups(connection)
        extract_table.apply(connection, batch.table, change, replace=load.replace)
        _insert_rows(connection, batch, prepared, number, loaded_at)
        if prepared.rejected:
            connection.execute(
                "INSERT INTO lake.platform.quarantine BY NAME SELECT "
                "CAST(? AS BIGINT) AS load_id, ? AS source, ? AS file, reason, raw, "
                f"CAST(? AS TIMESTAMPTZ) AS quarantined_at FROM ({prepared.rejected})",
                [number, batch.table, batch.origin, loaded_at],
            )
        for column, kind, before, after in load.drift:
            connection.execute(
                "INSERT INTO lake.platform.drift VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    number,
                    batch.table,
                    batch.origin,
                    column,
                    kind,
                    before,
                    after,
                    loaded_at,
                ],
            )
        _insert_ledger(connection, batch, prepared, number, loaded_at, load)
    return number


def newest_load(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return the number of the newest load of a raw table, 0 before the first."""
    row = connection.execute(
        "SELECT coalesce(max(load_id), 0) FROM lake.platform.ledger WHERE source = ?",
        [table],
    ).fetchone()
    assert row is not None
    return int(row[0])


def _insert_rows(
    connection: duckdb.DuckDBPyConnection,
    batch: Staged,
    prepared: Prepared,
    number: int,
    loaded_at: datetime,
) -> None:
    columns = [identifier(field.name) for field in batch.columns]
    names = ", ".join([*columns, "_extra", "_file", "_load_id", "_loaded_at"])
    values = ", ".join([*columns, "_extra"])
    done = connection.execute(
        f"INSERT INTO lake.raw.{identifier(batch.table)} ({names}) SELECT {values}, ?, "
        f"CAST(? AS BIGINT), CAST(? AS TIMESTAMPTZ) FROM ({prepared.rows})",
        [batch.origin, number, loaded_at],
    ).fetchone()
    if done is None or int(done[0]) != prepared.loaded:
        raise RuntimeError(f"{batch.table}: {done} rows written, {prepared.loaded} expected")


def _insert_ledger(
    connection: duckdb.DuckDBPyConnection,
    batch: Staged,
    prepared: Prepared,
    number: int,
    loaded_at: datetime,
    load: Load,
) -> None:
    row = {
        "load_id": number,
        "source": batch.table,
        "kind": "table",
        "file": batch.origin,
        "sha256": load.sha256,
        "bytes": batch.file.stat().st_size,
        "status": "loaded",
        "rows_in_file": prepared.loaded + prepared.quarantined,
        "rows_loaded": prepared.loaded,
        "rows_quarantined": prepared.quarantined,
        "min_event_at": prepared.first_event,
        "max_event_at": prepared.last_event,
        "cursor_from": load.cursor_from,
        "cursor_to": load.cursor_to,
        "loaded_at": loaded_at,
        "seconds": time.monotonic() - load.began,
    }
    places = ", ".join("?" for _ in row)
    connection.execute(
        f"INSERT INTO lake.platform.ledger ({', '.join(row)}) VALUES ({places})",
        [*row.values()],
    )

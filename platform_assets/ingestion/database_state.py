"""What the warehouse knows of a table from its earlier loads, read before an extraction."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from platform_assets.ingestion.database_cursor import PastLoad
from platform_assets.ingestion.database_plan import Drift
from resources.warehouse import extract_load, extract_table


@dataclass(frozen=True)
class State:
    """What is known of a raw table.

    Attributes:
        newest: number of its newest load, 0 before the first.
        sha256: what the newest load's ledger row says: the content of a snapshot, or the
            signature of the declaration that an incremental load followed.
        columns: columns and types of the raw table; None if there is none.
        history: its incremental loads under the same declaration, newest first.
        told: the newest recorded drift of each column.
    """

    newest: int
    sha256: str | None
    columns: Mapping[str, str] | None
    history: tuple[PastLoad, ...]
    told: Mapping[str, Drift]


def read_state(connection: duckdb.DuckDBPyConnection, table: str, signature: str) -> State:
    """Return what is known of raw table `table` under the declaration with this signature."""
    newest = extract_load.newest_load(connection, table)
    last = connection.execute(
        "SELECT sha256 FROM lake.platform.ledger WHERE source = ? AND load_id = ?",
        [table, newest],
    ).fetchone()
    sha256 = last[0] if last else None
    there = extract_table.exists(connection, table)
    if not there:
        return State(newest, None, None, (), {})
    history = connection.execute(
        "SELECT cursor_to, loaded_at, seconds FROM lake.platform.ledger WHERE source = ? "
        "AND sha256 = ? AND cursor_to IS NOT NULL ORDER BY load_id DESC",
        [table, signature],
    ).fetchall()
    told = connection.execute(
        "SELECT column_name, change, before, after FROM lake.platform.drift WHERE source = ? "
        "QUALIFY row_number() OVER (PARTITION BY column_name ORDER BY load_id DESC) = 1",
        [table],
    ).fetchall()
    return State(
        newest,
        sha256,
        extract_table.columns(connection, table),
        tuple(PastLoad(*row) for row in history) if sha256 == signature else (),
        {row[0]: Drift(*row) for row in told},
    )

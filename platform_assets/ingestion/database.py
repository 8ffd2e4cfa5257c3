"""Database tables to `raw.<source>__<table>`, exactly once; and a cheap look at what is new.

What belongs here: the course of one extraction, from the source to the committed load. What does
not: each step (`database_source` reaches the database, `database_table` reads a table,
`database_cursor` says from where, `database_plan` what columns become, `database_probe` looks for
news; `resources.warehouse.extract_*` write).

Two ways to read a table:

* *full snapshot*, without a cursor: the raw table holds the newest snapshot and nothing else.
  Readers see the old one until the new one is committed. An unchanged source makes no load.
  Deletions and every change are seen.
* *incremental*, with a cursor: new rows and new versions of rows are appended; staging keeps the
  latest per natural key. Not seen: deletions, and changes that leave the cursor as it is further
  back than the overlap.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from platform_assets.ingestion import database_cursor, database_plan, database_table
from platform_assets.ingestion.database_plan import Drift, Plan
from platform_assets.ingestion.database_probe import probe
from platform_assets.ingestion.database_source import Source, connected, explained, safe_url
from platform_assets.ingestion.database_state import State, read_state
from platform_assets.ingestion.database_table import SourceTable
from platform_assets.ingestion.declaration import DatabaseDeclaration, TableDeclaration
from resources.errors import PlatformError
from resources.warehouse import (
    Warehouse,
    extract,
    extract_batch,
    extract_cast,
    extract_load,
    extract_table,
)
from resources.warehouse.connection import literal
from resources.warehouse.extract_batch import Facts, Staged
from resources.warehouse.extract_load import Load, Prepared, Superseded

__all__ = ["TableResult", "ingest_table", "probe", "raw_table", "safe_url"]

Progress = Callable[[str, int], None]
ATTEMPTS = 3  # extractions before giving way to another process that loads the same table


@dataclass(frozen=True)
class TableResult:
    """What one extraction did. `rows_read = rows_known + rows_loaded + rows_quarantined`.

    Attributes:
        table: the raw table, without schema.
        load_id: number of the load; None when there was nothing new and nothing was written.
        rows_read: rows that the source gave.
        rows_known: rows of the overlap, or of an unchanged snapshot, that were there already.
        rows_loaded: rows written to the raw table.
        rows_quarantined: rows written to the quarantine.
        cursor_from: smallest cursor value that was asked for; None asks for everything.
        cursor_to: largest cursor value so far; None for a full snapshot.
        drift: changes of the source's columns that were recorded.
        first_event, last_event: range of the event time over the loaded rows.
        seconds: time taken.
    """

    table: str
    load_id: int | None
    rows_read: int
    rows_known: int
    rows_loaded: int
    rows_quarantined: int
    cursor_from: str | None
    cursor_to: str | None
    drift: tuple[Drift, ...]
    first_event: datetime | None
    last_event: datetime | None
    seconds: float


def raw_table(declaration: DatabaseDeclaration, table: TableDeclaration) -> str:
    """Return the raw table's name, without schema: `<source>__<table>`, a dot becoming `__`."""
    return f"{declaration.name}__{table.name.replace('.', '__')}"


def ingest_table(
    warehouse: Warehouse,
    declaration: DatabaseDeclaration,
    table: TableDeclaration,
    on_progress: Progress | None = None,
) -> TableResult:
    """Load what is new in one table; rows, ledger, quarantine and drift commit together.

    Killed at any moment and run again, it loads every row once.

    Args:
        warehouse: where the rows go.
        declaration: the database.
        table: one of its tables.
        on_progress: told what happens (`reading`, `loading`) and the number of rows so far.

    Raises:
        PlatformError: the database can't be reached or read, the table or a declared column is
            not there, or another process keeps loading the same table.
    """
    tell = on_progress or (lambda _step, _rows: None)
    for _ in range(ATTEMPTS):
        with connected(declaration) as source:
            connection = warehouse.connect()
            try:
                with extract.staging_folder(warehouse.temp_dir) as folder:
                    run = _Extraction(warehouse, connection, declaration, table, source, folder)
                    with explained(source.name, source.url, table.name):
                        return run.load(tell)
            except Superseded:
                continue
            finally:
                connection.close()
    raise PlatformError(
        f"Source {declaration.name!r}, table {table.name!r}: another process keeps loading it.",
        hint="Wait for the other run to finish; nothing was written twice.",
    )


@dataclass(frozen=True)
class _Extraction:
    """One extraction of one table, with everything it needs."""

    warehouse: Warehouse
    connection: duckdb.DuckDBPyConnection
    declaration: DatabaseDeclaration
    table: TableDeclaration
    source: Source
    folder: Path

    @property
    def raw(self) -> str:
        return raw_table(self.declaration, self.table)

    @property
    def where(self) -> str:
        return f"Source {self.declaration.name!r}, table {self.table.name!r}"

    def load(self, tell: Progress) -> TableResult:
        """Read, sort out what is new, and write it."""
        began = time.monotonic()
        extract_cast.prepare(self.connection)
        described = database_table.describe(self.source, self.table.name)
        database_plan.check_names(described.columns, self.where)
        database_plan.check_declared(described.columns, self.table, self.where)
        signature = database_plan.signature(self.table)
        state = read_state(self.connection, self.raw, signature)
        bound = self._bound(described, state)
        file = self.folder / "staged.parquet"
        tell("reading", 0)
        read = database_table.stage(
            self.connection,
            self.source,
            described,
            file,
            cursor=self.table.cursor,
            bound=bound,
            on_rows=lambda rows: tell("reading", rows),
        )
        plan, batch = self._plan(read, state, file)
        cursor = f"c{read.column(self.table.cursor)[0]}" if self.table.cursor else None
        found = extract_batch.facts(self.connection, batch, cursor)
        sha256 = signature if cursor else self._content(signature, batch, found)
        reached = self._reached(read, batch, state, found)
        if not cursor and sha256 == state.sha256:
            return self._result(None, found, None, (bound, reached), (), began)
        prepared = self._prepared(plan, batch, found, state, read)
        news = prepared.loaded or prepared.quarantined or plan.drift or plan.change.retype
        if state.newest and sha256 == state.sha256 and not news:
            return self._result(None, found, prepared, (bound, reached), (), began)
        tell("loading", prepared.loaded)
        load = Load(
            state.newest,
            sha256,
            cursor is None,
            bound,
            reached,
            began,
            [(d.column, d.change, d.before, d.after) for d in plan.drift],
        )
        number = extract_load.write(self.warehouse, batch, prepared, plan.change, load)
        return self._result(number, found, prepared, (bound, reached), plan.drift, began)

    def _bound(self, described: SourceTable, state: State) -> str | None:
        if self.table.cursor is None:
            return None
        _, column = described.column(self.table.cursor)
        try:
            return database_cursor.lower_bound(column.order, state.history, self.table.overlap)
        except ValueError as error:
            raise PlatformError(f"{self.where}: {error}.", hint="Correct `overlap`.") from None

    def _reached(self, read: SourceTable, batch: Staged, state: State, found: Facts) -> str | None:
        """Return the largest cursor value so far."""
        if self.table.cursor is None:
            return None
        number, column = read.column(self.table.cursor)
        top = found.top
        if database_cursor.order_of(column.order, top) == "number":
            largest = extract_batch.largest_number(self.connection, batch, f"c{number}")
            top = database_cursor.plain(largest or top)
        before = state.history[0].cursor_to if state.history else None
        return database_cursor.further(column.order, before, top)

    def _plan(self, read: SourceTable, state: State, file: Path) -> tuple[Plan, Staged]:
        types = extract.staged_types(self.connection, file)
        plan = database_plan.make(
            read.columns,
            self.table,
            self.declaration.new_columns,
            have=state.columns,
            told=state.told,
            zoned=self._zoned(read, state, file),
        )
        origin = f"{self.source.dialect}:{self.table.name}"
        return plan, Staged(self.raw, origin, file, plan.fields, plan.absent, types)

    def _zoned(self, read: SourceTable, state: State, file: Path) -> list[str]:
        """Return columns whose texts name their zone, looked at when the raw table is made."""
        open_ = [(n, column) for n, column in enumerate(read.columns) if column.zone_unknown]
        if state.columns is not None or not open_:
            return []
        body = ", ".join(
            f"count(*) FILTER (regexp_full_match(c{n}, {literal(extract_cast.ZONED)}))"
            for n, _ in open_
        )
        counts = self.connection.execute(f"SELECT {body} FROM {extract.staged(file)}").fetchone()
        assert counts is not None
        return [column.name for (_, column), count in zip(open_, counts, strict=True) if count]

    def _content(self, signature: str, batch: Staged, found: Facts) -> str:
        """Return the fingerprint of a snapshot: rows, columns and what is declared of them."""
        columns = [(f.name, f.type, f.place) for f in batch.fields]
        return hashlib.sha256(f"{signature} {columns} {found.content}".encode()).hexdigest()

    def _prepared(
        self, plan: Plan, batch: Staged, found: Facts, state: State, read: SourceTable
    ) -> Prepared:
        overlap = None
        cursor = self.table.cursor
        if cursor is not None and state.columns is not None:
            key: Sequence[str] = self.table.natural_key or read.primary_key
            overlap = extract_table.overlap(
                self.raw,
                fields=batch.columns,
                have=state.columns,
                cursor=plan.raw_name(cursor),
                key=[plan.raw_name(name) for name in key],
                batch=batch.rows(),
            )
        event = self.table.event_time and plan.raw_name(self.table.event_time)
        return extract_load.prepare(
            self.connection, batch, found, overlap=overlap, event_time=event
        )

    def _result(
        self,
        number: int | None,
        found: Facts,
        prepared: Prepared | None,
        span: tuple[str | None, str | None],
        drift: tuple[Drift, ...],
        began: float,
    ) -> TableResult:
        done = prepared or Prepared("", "", 0, 0, found.rows, None, None)
        return TableResult(
            self.raw,
            number,
            found.rows,
            done.known,
            done.loaded,
            done.quarantined,
            *span,
            drift,
            done.first_event,
            done.last_event,
            time.monotonic() - began,
        )

"""Staging of files: records become Parquet files in the raw table's types.

What belongs here: the folder of staged files, the SQL that casts exactly and writes what can be
loaded. What does not: reading records (`file_relation`), making it part of the lake (`file_load`).
"""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from resources.warehouse import extract_cast
from resources.warehouse.connection import identifier, literal
from resources.warehouse.extract import staged
from resources.warehouse.extract_cast import Field
from resources.warehouse.file_relation import Bad, Relation

FORMAT = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"
WIDE = 100  # columns up to which DuckDB writes the file
BATCH = 10_000  # rows of a wider one that are written together
_QUARANTINE = pa.schema(
    [("file", pa.string()), ("line", pa.int64()), ("reason", pa.string()), ("raw", pa.string())]
)


@dataclass
class Stage:
    """A folder of staged files, of which the newest can be taken back.

    Attributes:
        rows: Parquet files of rows for the raw table; URLs of those in an object store.
        bad: Parquet files of records for the quarantine.
    """

    folder: Path
    rows: list[Path | str] = field(default_factory=list)
    bad: list[Path | str] = field(default_factory=list)
    _made: int = 0

    def new(self) -> Path:
        """Return the path of a file that is not there yet."""
        self._made += 1
        return self.folder / f"{self._made:06d}.parquet"

    def quarantine(self, file: str, records: Sequence[Bad]) -> None:
        """Stage records of a file for the quarantine."""
        if not records:
            return
        columns = [
            [file] * len(records),
            [r.line for r in records],
            [r.reason for r in records],
            [r.raw for r in records],
        ]
        path = self.new()
        pq.write_table(pa.table(columns, schema=_QUARANTINE), path)
        self.bad.append(path)

    def mark(self) -> tuple[int, int]:
        """Return how much is staged now, for `drop`."""
        return len(self.rows), len(self.bad)

    def drop(self, mark: tuple[int, int]) -> None:
        """Take back what was staged since `mark`."""
        for path in (*self.rows[mark[0] :], *self.bad[mark[1] :]):
            Path(path).unlink(missing_ok=True)
        del self.rows[mark[0] :], self.bad[mark[1] :]

    def align(self, connection: duckdb.DuckDBPyConnection, types: Mapping[str, str]) -> None:
        """Write files of rows anew where a column came, or got a wider type, since.

        A column that a file lacks counts as one without nulls in DuckLake's statistics, and then
        `IS NULL`, `IS NOT NULL` and `count(column)` answer wrongly: so no file lacks any.
        """
        for path in self.rows:
            described = connection.execute(f"DESCRIBE SELECT * FROM {staged(path)}").fetchall()
            there = {name: kind for name, kind, *_ in described}
            casts = ", ".join(
                f"CAST({identifier(name)} AS {types[name]}) AS {identifier(name)}"
                for name, kind in there.items()
                if types.get(name, kind) != kind
            )
            absent = nothing({name: kind for name, kind in types.items() if name not in there})
            if not casts and not absent:
                continue
            columns = f"* REPLACE ({casts})" if casts else "*"
            added = "".join(f", {sql} AS {identifier(name)}" for name, sql in absent.items())
            aligned = Path(path).with_suffix(".aligned")
            sql = f"SELECT {columns}{added} FROM {staged(path)}"
            _copy(connection, sql, len(there) + len(absent), aligned)
            os.replace(aligned, path)


def nothing(types: Mapping[str, str]) -> dict[str, str]:
    """Return SQL of columns without a value, by name."""
    return {name: f"CAST(NULL AS {kind})" for name, kind in types.items()}


def write(
    connection: duckdb.DuckDBPyConnection,
    table: pa.Table,
    relation: Relation,
    fields: Sequence[Field],
    own: Mapping[str, str],
    target: Path,
) -> tuple[int, list[Bad]]:
    """Write the rows that can be loaded to `target`; return their number, and the other records.

    Args:
        table: the records, as `relation` reads them.
        fields: what becomes of each source column.
        own: SQL of other columns: the platform's that differ from row to row, and those of the raw
            table that the records do not bring.
    """
    connection.register("chunk", table)
    types = dict(relation.wires.values())
    faults = [extract_cast.wrong(f, types[f.wire]) for f in fields]
    wrong = " OR ".join(f"({fault})" for fault in faults if fault)
    values = [
        f"{extract_cast.value(f, types[f.wire])} AS {identifier(f.name)}"
        for f in fields
        if f.place == "column"
    ]
    mine = [f"{sql} AS {identifier(name)}" for name, sql in own.items()]
    columns = ", ".join([*values, f"{_extra(relation, fields)} AS _extra", *mine])
    where = f" WHERE ({wrong}) IS NOT TRUE" if wrong else ""
    width = len(values) + len(mine)
    rows = _copy(connection, f"SELECT {columns} FROM ({relation.sql}){where}", width, target)
    if rows == table.num_rows:
        return rows, []
    reasons = ", ".join(
        f"CASE WHEN {fault} THEN {extract_cast.reason(f, types[f.wire])} END"
        for f, fault in zip(fields, faults, strict=True)
        if fault
    )
    found = connection.execute(
        f"SELECT _line, concat_ws('; ', {reasons}), _raw FROM ({relation.sql}) WHERE {wrong}"
    ).fetchall()
    return rows, [Bad(*row) for row in found]


def _copy(connection: duckdb.DuckDBPyConnection, sql: str, width: int, target: Path) -> int:
    """Write the rows of `sql` to `target`; return their number.

    DuckDB's writer holds half a megabyte for each column and thread: a thousand of them are written
    by Arrow's, which holds what there is.
    """
    if width <= WIDE:
        done = connection.execute(f"COPY ({sql}) TO {literal(target)} ({FORMAT})").fetchone()
        return int(done[0]) if done else 0
    rows = 0
    reader = connection.execute(sql).to_arrow_reader(BATCH)
    with pq.ParquetWriter(target, reader.schema, compression="zstd", compression_level=1) as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _extra(relation: Relation, fields: Sequence[Field]) -> str:
    """Return the SQL of `_extra`: what frozen columns hold, as JSON; NULL where they hold nothing.

    Of a chunk with too many keys to be columns, it is the whole record.
    """
    if relation.whole:
        return "_raw"
    frozen = [f for f in fields if f.place == "extra"]
    if not frozen:
        return "CAST(NULL AS VARCHAR)"
    members = ", ".join(
        f"{literal(orjson.dumps(f.name).decode() + ':')} || {_json(f.wire, relation.documents)}"
        for f in frozen
    )
    present = " OR ".join(f"{f.wire} IS NOT NULL" for f in frozen)
    return f"CASE WHEN {present} THEN '{{' || concat_ws(',', {members}) || '}}' END"


def _json(wire: str, documents: Collection[str]) -> str:
    return wire if wire in documents else f"CAST(to_json({wire}) AS VARCHAR)"


def per_file(
    connection: duckdb.DuckDBPyConnection, file: Path | str, event_time: str | None
) -> dict[str, tuple[int, datetime | None, datetime | None]]:
    """Return of each landed file in a staged one its rows, and its first and last event time."""
    moment = f"TRY_CAST({identifier(event_time)} AS TIMESTAMPTZ)" if event_time else "NULL"
    rows = connection.execute(
        f"SELECT _file, count(*), min({moment}), max({moment}) FROM {staged(file)} GROUP BY _file"
    ).fetchall()
    return {path: (count, first, last) for path, count, first, last in rows}

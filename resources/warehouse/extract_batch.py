"""A staged extraction as SQL: its rows in the raw table's types, and those that can't be loaded.

What belongs here: what one staged file holds. What does not: comparing it with the raw table and
writing it (`extract_load`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from resources.warehouse import extract_cast
from resources.warehouse.connection import identifier
from resources.warehouse.extract import staged
from resources.warehouse.extract_cast import Field

_ENDLESS = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "FLOAT", "DOUBLE")


@dataclass(frozen=True)
class Staged:
    """A staged extraction and where it goes.

    Args:
        table: raw table, without schema.
        origin: what `_file` and the ledger say: `<dialect>:<table>`.
        file: the staged Parquet file.
        fields: the columns that the source has.
        absent: raw columns that the source does not have, and their types: they stay NULL.
        types: DuckDB types of the staged columns.
    """

    table: str
    origin: str
    file: Path
    fields: Sequence[Field]
    absent: Mapping[str, str]
    types: Mapping[str, str]

    @property
    def columns(self) -> list[Field]:
        """The fields that are columns of the raw table."""
        return [field for field in self.fields if field.place == "column"]

    @property
    def wrong(self) -> str:
        """SQL that is true for a row that can't be loaded; empty where every row can."""
        faults = [extract_cast.wrong(field, self.types[field.wire]) for field in self.fields]
        return " OR ".join(f"({fault})" for fault in faults if fault)

    def rows(self) -> str:
        """Return the SQL of the rows that can be loaded, in the raw columns' names and types."""
        values = [
            f"{extract_cast.value(field, self.types[field.wire])} AS {identifier(field.name)}"
            for field in self.columns
        ]
        body = ", ".join([*values, f"{self._extra()} AS _extra"])
        return f"SELECT {body} FROM {staged(self.file)}" + (
            f" WHERE NOT ({self.wrong})" if self.wrong else ""
        )

    def rejected(self) -> str:
        """Return the SQL of `reason` and `raw` (JSON text) of the rows that can't be loaded."""
        reasons, members = [], []
        for field in self.fields:
            kind = self.types[field.wire]
            members.append(f"{identifier(field.name)} := {_json_value(field, kind)}")
            fault = extract_cast.wrong(field, kind)
            if fault:
                reasons.append(f"CASE WHEN {fault} THEN {extract_cast.reason(field, kind)} END")
        row = f"CAST(to_json(struct_pack({', '.join(members)})) AS VARCHAR)"
        return (
            f"SELECT concat_ws('; ', {', '.join(reasons)}) AS reason, {row} AS raw "
            f"FROM {staged(self.file)} WHERE {self.wrong}"
        )

    def _extra(self) -> str:
        extra = [field for field in self.fields if field.place == "extra"]
        if not extra:
            return "CAST(NULL AS VARCHAR)"
        members = ", ".join(
            f"{identifier(f.name)} := {_json_value(f, self.types[f.wire])}" for f in extra
        )
        present = " OR ".join(f"{identifier(f.wire)} IS NOT NULL" for f in extra)
        merged = f"json_merge_patch('{{}}', to_json(struct_pack({members})))"
        return f"CASE WHEN {present} THEN CAST({merged} AS VARCHAR) END"


def _json_value(field: Field, kind: str) -> str:
    column = identifier(field.wire)
    if kind in ("BIGINT", "BOOLEAN", "VARCHAR"):
        return column
    return f"hex({column})" if kind == "BLOB" else f"CAST({column} AS VARCHAR)"


@dataclass(frozen=True)
class Facts:
    """What a staged file holds: rows, how many can't be loaded, the cursor's end, the content.

    Attributes:
        top: largest value of the cursor, as text; None without one.
        content: a fingerprint of all rows, whatever their order; empty where there is a cursor.
    """

    rows: int
    wrong: int
    top: str | None
    content: str


def facts(connection: duckdb.DuckDBPyConnection, batch: Staged, cursor: str | None) -> Facts:
    """Return what `batch` holds; `cursor` is the staged column of the cursor, if there is one."""
    top = content = "NULL"
    if cursor is None:
        row = f"hash({', '.join(identifier(field.wire) for field in batch.fields)})"
        content = f"concat_ws(' ', count(*), bit_xor({row}), sum(CAST({row} AS HUGEINT)))"
    else:
        column = identifier(cursor)
        finite = f" FILTER (isfinite({column}))" if batch.types[cursor] in _ENDLESS else ""
        top = f"CAST(max({column}){finite} AS VARCHAR)"
    wrong = f"count(*) FILTER ({batch.wrong})" if batch.wrong else "0"
    found = connection.execute(
        f"SELECT count(*), {wrong}, {top}, {content} FROM {staged(batch.file)}"
    ).fetchone()
    assert found is not None
    return Facts(int(found[0]), int(found[1]), found[2], found[3] or "")


def largest_number(connection: duckdb.DuckDBPyConnection, batch: Staged, column: str) -> str | None:
    """Return the largest number in a staged column, as text, where texts compare otherwise."""
    if batch.types[column] != "VARCHAR":
        return None
    number = extract_cast.value(Field(column, column, "DECIMAL(38,9)"), "VARCHAR")
    found = connection.execute(f"SELECT max({number}) FROM {staged(batch.file)}").fetchone()
    return None if found is None or found[0] is None else str(found[0])

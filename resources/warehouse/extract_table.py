"""The raw table of an extraction: made, widened, retyped, read again.

What belongs here: SQL on the columns of one raw table, and what it holds near a cursor. What does
not: deciding which change is wanted (`platform_assets.ingestion.database_plan`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from resources.errors import PlatformError
from resources.warehouse import extract_cast, relations
from resources.warehouse.connection import identifier
from resources.warehouse.extract_cast import Field

SYSTEM_COLUMNS = {
    "_file": "VARCHAR",
    "_line": "BIGINT",
    "_load_id": "BIGINT",
    "_loaded_at": "TIMESTAMP WITH TIME ZONE",
    "_extra": "VARCHAR",
}

ROW_GROUP_BYTES = "16MiB"  # of one piece of a Parquet file, before it is written out


@dataclass(frozen=True)
class Change:
    """What must change in a raw table before rows go in.

    Attributes:
        create: columns and types of a table that does not exist yet; None otherwise.
        add: columns to add.
        retype: new type of columns that exist.
    """

    create: Mapping[str, str] | None = None
    add: Mapping[str, str] = field(default_factory=dict)
    retype: Mapping[str, str] = field(default_factory=dict)


def columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Return the columns of a raw table and their types, without the platform's own; {} if none."""
    found = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'lake' "
        "AND schema_name = 'raw' AND lower(table_name) = lower(?) ORDER BY column_index",
        [table],
    ).fetchall()
    return {name: kind for name, kind in found if name not in SYSTEM_COLUMNS}


def exists(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Return whether the raw table exists."""
    return relations.exists(connection, "raw", table)


def bound_row_groups(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the raw tables' files be written in pieces of bounded size, unless one is set already.

    DuckLake's own measure is rows: 122,880 wide ones (10 kB of JSON each) do not fit in 2 GB.
    """
    option = "parquet_row_group_size_bytes"
    found = connection.execute(
        "SELECT count(*) FROM ducklake_options('lake') WHERE option_name = ?", [option]
    ).fetchone()
    if found and not found[0]:
        connection.execute(
            f"CALL lake.set_option('{option}', '{ROW_GROUP_BYTES}', schema => 'raw')"
        )


def apply(
    connection: duckdb.DuckDBPyConnection, table: str, change: Change, *, replace: bool
) -> None:
    """Bring the raw table into shape, and empty it where the load replaces it.

    Readers see nothing of it before the transaction commits.
    """
    name = f"lake.raw.{identifier(table)}"
    if change.create is not None:
        everything = {**change.create, **SYSTEM_COLUMNS}
        body = ", ".join(f"{identifier(column)} {kind}" for column, kind in everything.items())
        connection.execute(f"CREATE TABLE {name} ({body})")
    elif replace:
        connection.execute(f"DELETE FROM {name}")
    if change.retype:
        _retype(connection, table, change.retype, change.add)
        return
    for column, kind in change.add.items():
        connection.execute(f"ALTER TABLE {name} ADD COLUMN {identifier(column)} {kind}")


def _retype(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    wanted: Mapping[str, str],
    new: Mapping[str, str],
) -> None:
    """Write the table anew with other types; refused where a value would change by it.

    New columns come with it: DuckLake can't replace a table that this transaction altered, and
    brings the process down when it then rolls back.
    """
    name = f"lake.raw.{identifier(table)}"
    check_retype(connection, table, wanted)
    have = columns(connection, table)
    fields = [Field(column, column, kind) for column, kind in wanted.items()]
    casts = ", ".join(
        f"{extract_cast.value(each, have[each.name])} AS {identifier(each.name)}" for each in fields
    )
    added = "".join(f", CAST(NULL AS {kind}) AS {identifier(n)}" for n, kind in new.items())
    connection.execute(
        f"CREATE OR REPLACE TABLE {name} AS SELECT * REPLACE ({casts}){added} FROM {name}"
    )


def check_retype(
    connection: duckdb.DuckDBPyConnection, table: str, wanted: Mapping[str, str]
) -> None:
    """Make sure that the table's columns can have other types without changing a value.

    Raises:
        PlatformError: a value that is there already does not cast exactly.
    """
    name = f"lake.raw.{identifier(table)}"
    have = columns(connection, table)
    for each in [Field(column, column, kind) for column, kind in wanted.items()]:
        fault = extract_cast.wrong(each, have[each.name])
        if not fault:
            continue
        found = connection.execute(f"SELECT count(*) FROM {name} WHERE {fault}").fetchone()
        if found and found[0]:
            raise PlatformError(
                f"raw.{table}: column {each.name!r} can't become {each.type.lower()}: "
                f"{found[0]:,} rows that are loaded already hold values that do not fit.",
                hint="Declare a type that holds them all (string always does), or drop the raw "
                "table and its ledger rows to load it from the start.",
            )


@dataclass(frozen=True)
class Overlap:
    """Rows that an extraction may bring again, as SQL in the form of its batch.

    Attributes:
        cursor: raw column of the cursor.
        top: the largest cursor value that is loaded: whatever lies beyond it is new.
        known: the loaded rows from the batch's smallest cursor value on.
    """

    cursor: str
    top: str
    known: str


def overlap(
    table: str,
    *,
    fields: Sequence[Field],
    have: Mapping[str, str],
    cursor: str,
    key: Sequence[str],
    batch: str,
) -> Overlap:
    """Return what of `batch` may be loaded already.

    Of a record with several versions, only the newest counts: a record that changes back to an
    earlier content is a change.

    Args:
        table: the raw table.
        fields: columns to compare, in the order of the batch.
        have: types of the raw columns.
        cursor: raw column of the cursor.
        key: raw columns that identify a record; empty when nothing does.
        batch: SQL of the rows of the extraction.
    """
    name = f"lake.raw.{identifier(table)}"
    seen = {f.name: _as_batch(f, have) for f in fields}
    body = ", ".join(f"{sql} AS {identifier(column)}" for column, sql in seen.items())
    near = f"{seen[cursor]} >= (SELECT min({identifier(cursor)}) FROM ({batch}))"
    newest = ""
    if key:
        partition = ", ".join(identifier(column) for column in key)
        newest = f" QUALIFY _load_id = max(_load_id) OVER (PARTITION BY {partition})"
    rows = f"SELECT * FROM {name} WHERE {near} OR {seen[cursor]} IS NULL{newest}"
    return Overlap(
        cursor,
        top=f"(SELECT max({seen[cursor]}) FROM {name})",
        known=f"SELECT {body}, _extra FROM ({rows})",
    )


def _as_batch(field: Field, have: Mapping[str, str]) -> str:
    """Return the SQL of a loaded column in the type that the batch has it in."""
    if field.name not in have:
        return f"CAST(NULL AS {field.type})"
    return extract_cast.value(Field(field.name, field.name, field.type), have[field.name])

"""Any database that SQLAlchemy reaches and no DuckDB scanner does: read as a stream of batches.

What belongs here: types by SQLAlchemy's own vocabulary, and values as text that loses nothing.
What does not: databases with a scanner (`database_dialects`). Memory is bounded by one batch
where the driver streams (server-side cursors).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import sqlalchemy
from sqlalchemy import types

from platform_assets.ingestion.database_columns import (
    TIMESTAMPTZ,
    Order,
    SourceColumn,
    decimal,
)

BATCH_ROWS = 10_000


def columns(
    connection: sqlalchemy.Connection, schema: str | None, table: str
) -> list[SourceColumn]:
    """Return the columns of a table as SQLAlchemy's inspector sees them."""
    return [
        _column(str(found["name"]), found["type"], bool(found.get("nullable", True)))
        for found in sqlalchemy.inspect(connection).get_columns(table, schema)
    ]


def _column(name: str, kind: types.TypeEngine[Any], nullable: bool) -> SourceColumn:
    type_, order = _type(kind)
    return SourceColumn(name, str(kind), type_, "", order, nullable, hex=type_ == "BLOB")


def _type(kind: types.TypeEngine[Any]) -> tuple[str, Order]:
    if isinstance(kind, types.Float):
        return "DOUBLE", "number"
    if isinstance(kind, types.Numeric):
        return decimal(kind.precision, kind.scale), "number"
    if isinstance(kind, types.DateTime):
        return (TIMESTAMPTZ if kind.timezone else "TIMESTAMP"), "time"
    plain: tuple[tuple[type[types.TypeEngine[Any]], str, Order], ...] = (
        (types.Boolean, "BOOLEAN", "number"),
        (types.Integer, "BIGINT", "number"),
        (types.Date, "DATE", "date"),
        (types.Time, "TIME", "text"),
        (types.Uuid, "UUID", "text"),
        (types.LargeBinary, "BLOB", "text"),
    )
    for sqlalchemy_type, type_, order in plain:
        if isinstance(kind, sqlalchemy_type):
            return type_, order
    return "VARCHAR", "text"


def batches(
    connection: sqlalchemy.Connection,
    schema: str | None,
    table: str,
    columns: Sequence[SourceColumn],
    *,
    cursor: SourceColumn | None = None,
    bound: str | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> Iterator[list[list[str | None]]]:
    """Yield the table's rows in batches: one list of texts per column.

    Args:
        connection: connection to the source.
        schema: the table's schema, or None for the default one.
        table: its name.
        columns: the columns to read.
        cursor: the column that `bound` belongs to.
        bound: smallest cursor value to read; None reads everything.
        on_rows: told the number of rows so far after each batch.
    """
    names: list[sqlalchemy.ColumnClause[Any]] = [
        sqlalchemy.column(column.name) for column in columns
    ]
    query = sqlalchemy.select(*names).select_from(sqlalchemy.table(table, schema=schema))
    if cursor is not None and bound is not None:
        place: sqlalchemy.ColumnClause[Any] = sqlalchemy.column(cursor.name)
        query = query.where((place >= _parameter(cursor.order, bound)) | place.is_(None))
    streaming = connection.execution_options(stream_results=True, yield_per=BATCH_ROWS)
    seen = 0
    for rows in streaming.execute(query).partitions(BATCH_ROWS):
        seen += len(rows)
        yield [[_text(value) for value in values] for values in zip(*rows, strict=True)]
        if on_rows:
            on_rows(seen)


def _parameter(order: Order, bound: str) -> Any:
    if order == "number":
        return int(bound) if bound.lstrip("+-").isdigit() else Decimal(bound)
    if order == "time":
        return datetime.fromisoformat(bound)
    return date.fromisoformat(bound) if order == "date" else bound


def _text(value: Any) -> str | None:
    """Return a driver's value as text that casts back to the same value."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return repr(value) if isinstance(value, float) else str(value)

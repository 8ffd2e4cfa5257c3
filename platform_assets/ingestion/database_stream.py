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
    inspector = sqlalchemy.inspect(connection)
    try:
        key = inspector.get_pk_constraint(table, schema).get("constrained_columns") or []
    except (NotImplementedError, sqlalchemy.exc.SQLAlchemyError):  # a dialect that can't tell
        connection.rollback()
        key = []
    return [
        _column(
            str(found["name"]),
            found["type"],
            bool(found.get("nullable", True)),
            found["name"] in key,
        )
        for found in inspector.get_columns(table, schema)
    ]


def _column(name: str, kind: types.TypeEngine[Any], nullable: bool, key: bool) -> SourceColumn:
    type_, order = _type(kind)
    return SourceColumn(name, str(kind), type_, "", order, nullable, key, hex=type_ == "BLOB")


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


def select(
    schema: str | None,
    table: str,
    columns: Sequence[SourceColumn],
    cursor: SourceColumn | None = None,
    bound: str | None = None,
) -> sqlalchemy.Select[Any]:
    """Return the statement that reads a table, from the cursor's `bound` on if there is one."""
    names: list[sqlalchemy.ColumnClause[Any]] = [sqlalchemy.column(c.name) for c in columns]
    query = sqlalchemy.select(*names).select_from(sqlalchemy.table(table, schema=schema))
    if cursor is None or bound is None:
        return query
    place: sqlalchemy.ColumnClause[Any] = sqlalchemy.column(cursor.name)
    return query.where((place >= _parameter(cursor.order, bound)) | place.is_(None))


def batches(
    connection: sqlalchemy.Connection,
    statement: sqlalchemy.Select[Any] | str,
    on_rows: Callable[[int], None] | None = None,
) -> Iterator[list[list[str | None]]]:
    """Yield the rows of a statement in batches: one list of texts per column.

    Args:
        connection: connection to the source.
        statement: what to read; a text is sent as it stands, in the source's dialect.
        on_rows: told the number of rows so far after each batch.
    """
    streaming = connection.execution_options(stream_results=True, yield_per=BATCH_ROWS)
    if isinstance(statement, str):
        as_it_stands = streaming.execution_options(no_parameters=True)
        result = as_it_stands.exec_driver_sql(statement)
    else:
        result = streaming.execute(statement)
    seen = 0
    for rows in result.partitions(BATCH_ROWS):
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

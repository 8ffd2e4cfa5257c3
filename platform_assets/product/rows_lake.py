"""Writing rows of records to the lake: each table whole, all of them in one transaction.

What belongs here: the transaction. What does not: which rows (`rows`).
"""

from collections.abc import Iterable, Mapping, Sequence

import duckdb
import pyarrow as pa

from platform_assets.product.rows import Row, Rows
from platform_assets.product.rows_tables import Column, Table
from resources.warehouse import Warehouse
from resources.warehouse.connection import identifier

SCHEMA = "product"
_ARROW = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}


def replace(warehouse: Warehouse, tables: Iterable[Table], rows: Rows) -> Mapping[str, int]:
    """Replace the contents of tables and return how many rows each has; all of them, or none.

    Who reads meanwhile sees all tables as they were. A table that is as it should be is not
    written: no snapshot says that it changed.

    Raises:
        PlatformError: the lake can't be reached.
    """
    tables = list(tables)
    with warehouse.write(SCHEMA) as connection:
        there = _columns(connection)
        for table in tables:
            _replace(connection, table, rows[table.name], there.get(table.name))
    return {table.name: len(rows[table.name]) for table in tables}


def _replace(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    rows: Sequence[Row],
    there: Sequence[tuple[str, str]] | None,
) -> None:
    """Write one table; one whose columns are `there` from another release is made anew."""
    name = f"lake.{SCHEMA}.{identifier(table.name)}"
    wanted = [(column.name, column.type) for column in table.columns]
    if there != wanted:
        body = ", ".join(f"{identifier(column)} {type_}" for column, type_ in wanted)
        connection.execute(f"CREATE OR REPLACE TABLE {name} ({body})")
    connection.register("records", _arrow(table.columns, rows))
    try:
        if there != wanted or _differs(connection, name):
            connection.execute(f"DELETE FROM {name}")
            connection.execute(f"INSERT INTO {name} SELECT * FROM records")
    finally:
        connection.unregister("records")


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    """Return names and types of the columns of all tables that there are."""
    found: dict[str, list[tuple[str, str]]] = {}
    for table, name, type_ in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'lake' AND schema_name = ? ORDER BY table_name, column_index",
        [SCHEMA],
    ).fetchall():
        found.setdefault(table, []).append((name, type_))
    return found


def _differs(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether a table holds other rows than are to be written, whatever their order."""
    found = connection.execute(
        f"SELECT EXISTS ((SELECT * FROM {name} EXCEPT ALL SELECT * FROM records) "
        f"UNION ALL (SELECT * FROM records EXCEPT ALL SELECT * FROM {name}))"
    ).fetchone()
    return found is None or bool(found[0])


def _arrow(columns: Sequence[Column], rows: Sequence[Row]) -> pa.Table:
    """Return rows as the engine reads them at once."""
    values = zip(*rows, strict=True) if rows else [() for _ in columns]
    return pa.table(
        [pa.array(each, _ARROW[column.type]) for column, each in zip(columns, values, strict=True)],
        names=[column.name for column in columns],
    )

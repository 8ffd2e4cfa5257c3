"""Which tables and views the lake has, asked in the cheap way.

`duckdb_tables()` and `information_schema.tables` also tell how many rows each table has, for which
DuckLake asks its catalog once a table: half a second for 50 tables, after every commit. Of columns
it knows all at once: a tenth of that.
"""

import duckdb

NAMES = "SELECT DISTINCT schema_name, table_name FROM duckdb_columns() WHERE database_name = 'lake'"
# The same with its type, as dbt calls it.
KINDS = """SELECT DISTINCT table_name, CASE WHEN (schema_name, table_name) IN (
    SELECT (schema_name, view_name) FROM duckdb_views() WHERE database_name = 'lake'
  ) THEN 'view' ELSE 'table' END FROM duckdb_columns() WHERE database_name = 'lake'"""


def names(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """Return schema and name of every table and view of the lake."""
    return set(connection.execute(NAMES).fetchall())


def exists(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    """Return whether the lake has such a table or view, whatever the case of its name."""
    wanted = f"{NAMES} AND schema_name = ? AND lower(table_name) = lower(?)"
    return bool(connection.execute(wanted, [schema, table]).fetchall())

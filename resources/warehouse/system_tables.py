"""The platform's own tables, in schema `platform`: ledger, quarantine, drift.

They live in the warehouse so that they commit with the rows they speak of: that alone makes
ingestion exactly-once. A new column is added here, at the end of its table.
"""

import duckdb

TABLES: dict[str, dict[str, str]] = {
    # One row per file, or per extraction of a database table, ever met.
    "ledger": {
        "load_id": "BIGINT",
        "source": "VARCHAR",
        "kind": "VARCHAR",
        "file": "VARCHAR",
        "sha256": "VARCHAR",
        "bytes": "BIGINT",
        "modified_at": "TIMESTAMPTZ",
        "status": "VARCHAR",
        "reason": "VARCHAR",
        "rows_in_file": "BIGINT",
        "rows_loaded": "BIGINT",
        "rows_quarantined": "BIGINT",
        "min_event_at": "TIMESTAMPTZ",
        "max_event_at": "TIMESTAMPTZ",
        "cursor_from": "VARCHAR",
        "cursor_to": "VARCHAR",
        "loaded_at": "TIMESTAMPTZ",
        "seconds": "DOUBLE",
    },
    # One row per record that could not be loaded, with the reason and what it was.
    "quarantine": {
        "load_id": "BIGINT",
        "source": "VARCHAR",
        "file": "VARCHAR",
        "line": "BIGINT",
        "reason": "VARCHAR",
        "raw": "VARCHAR",
        "quarantined_at": "TIMESTAMPTZ",
    },
    # One row per change of a source's columns or types, with the file that brought it.
    "drift": {
        "load_id": "BIGINT",
        "source": "VARCHAR",
        "file": "VARCHAR",
        "column_name": "VARCHAR",
        "change": "VARCHAR",
        "before": "VARCHAR",
        "after": "VARCHAR",
        "seen_at": "TIMESTAMPTZ",
    },
}


def ensure(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the system tables; the caller holds a write transaction."""
    known: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE database_name = 'lake' AND schema_name = 'platform'"
    ).fetchall():
        known.setdefault(table, set()).add(column)
    for table, columns in TABLES.items():
        if table not in known:
            body = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
            connection.execute(f"CREATE TABLE lake.platform.{table} ({body})")
            continue
        for name, type_ in columns.items():
            if name not in known[table]:
                connection.execute(f'ALTER TABLE lake.platform.{table} ADD COLUMN "{name}" {type_}')


def next_load_id(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the next load's number: one more than the largest.

    Unique and growing in the order of commits, because the caller holds the write lock.
    """
    row = connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM lake.platform.ledger")
    found = row.fetchone()
    assert found is not None
    return int(found[0])

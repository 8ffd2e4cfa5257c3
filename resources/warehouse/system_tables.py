"""The platform's own tables, in schema `platform`: ledger, quarantine, drift.

They live in the warehouse so that they commit with the rows they speak of: that alone makes
ingestion exactly-once. A new column is added here, at the end of its table.
"""

import duckdb

CATALOG = "__ducklake_metadata_lake"  # DuckLake's own tables, as DuckDB names their database

# Of each table its columns, and of each column its type and what it means.
TABLES: dict[str, dict[str, tuple[str, str]]] = {
    # One row per file, or per extraction of a database table, ever met.
    "ledger": {
        "load_id": ("BIGINT", "Number of the load; grows in the order of commits."),
        "source": ("VARCHAR", "The raw table, without its schema."),
        "kind": ("VARCHAR", "file, or table: an extraction of a database table."),
        "file": ("VARCHAR", "Path below the landing zone; of a database, dialect and table."),
        "sha256": (
            "VARCHAR",
            "Hash of the file's bytes: the same content is loaded once, whatever its name.",
        ),
        "bytes": ("BIGINT", "Size of the file."),
        "modified_at": ("TIMESTAMPTZ", "When the file was last written."),
        "version": (
            "VARCHAR",
            "What an object store calls this content of the file (ETag); none in other places.",
        ),
        "status": (
            "VARCHAR",
            "loaded; quarantined, the whole of it; duplicate of a known content; or empty.",
        ),
        "reason": ("VARCHAR", "Why it was not loaded, or what is odd about it."),
        "rows_in_file": ("BIGINT", "Records that were read: rows_loaded + rows_quarantined."),
        "rows_loaded": ("BIGINT", "Records that went into the raw table."),
        "rows_quarantined": ("BIGINT", "Records that went into platform.quarantine."),
        "min_event_at": (
            "TIMESTAMPTZ",
            "Earliest event time among the loaded records, where the source names one.",
        ),
        "max_event_at": ("TIMESTAMPTZ", "Latest event time among the loaded records."),
        "cursor_from": (
            "VARCHAR",
            "Of a database: value of the cursor from which it was read; empty for a snapshot.",
        ),
        "cursor_to": ("VARCHAR", "Of a database: value of the cursor up to which it was read."),
        "loaded_at": ("TIMESTAMPTZ", "When the load was committed."),
        "seconds": (
            "DOUBLE",
            "How long it took; of files that load together, an equal share each.",
        ),
    },
    # One row per record that could not be loaded, with the reason and what it was.
    "quarantine": {
        "load_id": ("BIGINT", "The load in platform.ledger that met the record."),
        "source": ("VARCHAR", "The raw table that the record was meant for."),
        "file": ("VARCHAR", "File that holds the record."),
        "line": (
            "BIGINT",
            "Line or number of the record in the file; empty when the whole file can't be read.",
        ),
        "reason": ("VARCHAR", "What is wrong with it, column by column."),
        "raw": (
            "VARCHAR",
            "The record as it stands in the file; bytes that are not UTF-8 as \\xNN.",
        ),
        "quarantined_at": ("TIMESTAMPTZ", "When it was found."),
    },
    # One row per change of a source's columns or types, with the file that brought it.
    "drift": {
        "load_id": ("BIGINT", "The load in platform.ledger that met the change."),
        "source": ("VARCHAR", "The raw table."),
        "file": ("VARCHAR", "First file that showed the change."),
        "column_name": ("VARCHAR", "Column of the raw table."),
        "change": (
            "VARCHAR",
            "column_added, _frozen, _rejected, _missing or _renamed; type_widened, _flipped or "
            "_declared.",
        ),
        "before": ("VARCHAR", "Type, or name, before."),
        "after": ("VARCHAR", "Type, or name, after."),
        "seen_at": ("TIMESTAMPTZ", "When it was met."),
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
            body = ", ".join(f'"{name}" {kind}' for name, (kind, _) in columns.items())
            connection.execute(f"CREATE TABLE lake.platform.{table} ({body})")
            continue
        for name, (kind, _) in columns.items():
            if name not in known[table]:
                connection.execute(f'ALTER TABLE lake.platform.{table} ADD COLUMN "{name}" {kind}')


def next_load_id(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the next load's number: one more than the largest.

    Unique and growing in the order of commits, because the caller holds the write lock.
    """
    row = connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM lake.platform.ledger")
    found = row.fetchone()
    assert found is not None
    return int(found[0])

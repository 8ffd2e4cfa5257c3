"""Which tables of the warehouse an analyst's query names."""

SCHEMAS = frozenset({"raw", "product", "staging", "intermediate", "marts", "platform"})
LONGEST = 50_000  # characters that are looked at; no longer query runs
MOST = 50  # tables of one query


def tables_of(sql: str) -> tuple[str, ...]:
    """Return `schema.table` of what a query reads, sorted; () where it can't be told."""
    import sqlglot
    from sqlglot import expressions as exp
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(sql[:LONGEST], dialect="duckdb")
    except (SqlglotError, RecursionError):
        return ()
    found = {
        f"{table.db}.{table.name}".lower()
        for statement in statements
        if statement is not None
        for table in statement.find_all(exp.Table)
        if table.name and table.db.lower() in SCHEMAS
    }
    return tuple(sorted(found)[:MOST])

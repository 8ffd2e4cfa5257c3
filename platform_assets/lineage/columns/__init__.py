"""Column lineage from SQL: which columns each output column rests on, directly and indirectly.

`trace` is the way in. What belongs here: everything that SQL and the columns of tables say. What
does not: which statements there are (`platform_assets.lineage.project`).

sqlglot parses; the walk through scopes is our own. sqlglot's own `lineage()` finds projections
only, and its `qualify` rewrites the SQL that an edge has to quote as it was written.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from platform_assets.lineage.columns.cache import Cache
from platform_assets.lineage.columns.tracing import trace_one
from platform_assets.lineage.model import Statement, TableLineage

__all__ = ["trace"]


def trace(
    statements: Iterable[Statement],
    schemas: Mapping[str, Collection[str]],
    cache: Path | None = None,
    keys: Mapping[str, Iterable[Collection[str]]] | None = None,
) -> dict[str, TableLineage]:
    """Return the lineage of every statement, by its key.

    A statement is traced once for each content of its SQL and of the schemas it reads.

    Args:
        statements: each after those whose tables it reads: the columns of a table that a statement
            makes are those that were traced.
        schemas: columns of every table, by `schema.name`, in their order; a mapping of column to
            type will do. A table that is not there has columns that are not known.
        cache: folder in which lineage is kept; None keeps none.
        keys: of a table, sets of columns by which a row is found at most once: a left join by them
            decides over nothing but the columns that it brings.
    """
    columns = {
        table.lower(): {name.lower(): name for name in known} for table, known in schemas.items()
    }
    unique = {
        table.lower(): tuple(frozenset(name.lower() for name in key) for key in found)
        for table, found in (keys or {}).items()
    }
    found: dict[str, TableLineage] = {}
    with Cache.below(cache) if cache is not None else Cache.none() as kept:
        for one in statements:
            known = kept.get(one, columns, unique)
            if known is None:
                known, read = trace_one(one, columns, unique)
                kept.put(one, columns, unique, known, read)
            found[one.key] = known
            if one.table and not known.problem:
                columns[one.table] = {name.lower(): name for name in known.columns}
                kept.changed(one.table)
    return found

"""TPC-H's tables and queries, as DuckDB's generator makes them, and the proof of their lineage.

The generator is an extension of DuckDB in a wheel of its own, for development alone.
"""

from collections.abc import Collection, Iterator

import duckdb

from platform_assets.lineage.columns import trace
from platform_assets.lineage.experiment import prove
from platform_assets.lineage.laboratory import Laboratory
from platform_assets.lineage.model import Statement, TableLineage
from platform_assets.lineage.proof import Proof
from resources.warehouse import extensions

KEYS = {  # primary keys, as the specification has them
    "region": [["r_regionkey"]],
    "nation": [["n_nationkey"]],
    "supplier": [["s_suppkey"]],
    "customer": [["c_custkey"]],
    "part": [["p_partkey"]],
    "partsupp": [["ps_partkey", "ps_suppkey"]],
    "orders": [["o_orderkey"]],
    "lineitem": [["l_orderkey", "l_linenumber"]],
}


def installed() -> bool:
    """Return whether the generator is there."""
    try:
        return extensions.extension_path("tpch").exists()
    except ModuleNotFoundError:
        return False


def laboratory(scale: float) -> tuple[Laboratory, dict[int, str]]:
    """Return the tables at a scale factor, and the 22 queries by number."""
    made = Laboratory()
    with duckdb.connect(config=extensions.CONFIG) as generator:
        extensions.load(generator, "tpch")
        generator.execute("CALL dbgen(sf = $1)", [scale])
        for table, keys in KEYS.items():
            rows = generator.execute(f"FROM {table}").to_arrow_table()
            made.connection.register("generated", rows)
            made.hold(table, "FROM generated", keys)
            made.connection.unregister("generated")
        queries = generator.execute("SELECT query_nr, query FROM tpch_queries()").fetchall()
    return made, dict(queries)


def lineage(queries: dict[int, str], schemas: dict[str, list[str]]) -> dict[str, TableLineage]:
    """Return the lineage of the queries, by `q` and their number."""
    statements = [Statement(f"q{number}", "", sql) for number, sql in queries.items()]
    return trace(statements, schemas, None, KEYS)


def proofs(scale: float, chosen: Collection[int] = range(1, 23)) -> Iterator[Proof]:
    """Prove the lineage of the chosen queries."""
    made, queries = laboratory(scale)
    schemas = made.schemas()
    found = lineage(queries, schemas)
    try:
        for number in chosen:
            yield prove(made, Statement(f"q{number}", "", queries[number]), found[f"q{number}"])
    finally:
        made.close()

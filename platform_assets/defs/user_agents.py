"""User agents, classed: a plain Python asset between raw tables and models.

Telling browsers, systems, devices and robots apart is the work of two well-kept libraries, not of
SQL; each distinct text is classed once, when it first turns up.
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pyarrow as pa

from platform_assets.automation import safety_net
from platform_assets.policy import Freshness, stamp
from platform_assets.user_agents import COLUMNS, classify
from resources.warehouse import Warehouse, relations

SOURCES = {
    "web_events": "json_extract_string(context, '$.userAgent')",
    "app_events": "json_extract_string(context, '$.userAgent')",
    "access_log": "user_agent",
}
TYPES = {"is_bot": "BOOLEAN", "_load_id": "BIGINT"}
TABLE = "lake.staging.user_agents"
MARK = "lake.staging._user_agents_read"  # one row: the newest load that was read
PROGRAMS = "It tells programs apart, not people."


def column_lineage() -> dg.TableColumnLineage:
    """Return where the columns come from: all but the load are told from the user agent."""
    texts = {"access_log": "user_agent"}
    told = [dg.TableColumnDep(["raw", s], texts.get(s, "context")) for s in SOURCES]
    loads = [dg.TableColumnDep(["raw", s], "_load_id") for s in SOURCES]
    return dg.TableColumnLineage({n: loads if n == "_load_id" else told for n in COLUMNS})


@dg.multi_asset(
    specs=[
        stamp(
            dg.AssetSpec(
                ["staging", "user_agents"],
                deps=[["raw", source] for source in SOURCES],
                automation_condition=safety_net(),
            ),
            layer="staging",
            domain="web",
            kinds={"python", "ducklake"},
            table="lake.staging.user_agents",
            file=Path(__file__),
            line=30,
            owners=["team:data"],
            description="One row per distinct user agent met in events and access logs, with its "
            "browser, system, device, and whether it is a robot. Beware: an unknown user agent "
            "has device class `other`; robots that pretend to be browsers are not seen here.",
            freshness=Freshness(warn="26h", fail="50h").policy(),
            columns=[
                dg.TableColumn(
                    n,
                    t,
                    d,
                    dg.TableColumnConstraints(unique=True) if n == "user_agent" else None,
                    tags={"not_personal": PROGRAMS},
                )
                for n, (t, d) in COLUMNS.items()
            ],
            metadata={"dagster/column_lineage": column_lineage()},
        )
    ],
    op_tags={"dagster/priority": "-5"},
)
def user_agents(warehouse: dg.ResourceParam[Warehouse]) -> Iterator[dg.MaterializeResult[None]]:
    """Class the user agents of the loads that came since the last time."""
    total, new = refresh(warehouse)
    yield dg.MaterializeResult(metadata={"dagster/row_count": total, "new": new})


def refresh(warehouse: Warehouse) -> tuple[int, int]:
    """Add the user agents that are new; return how many there are, and how many are new.

    Reading and classing happen before the write lock is taken. How far it has read commits with the
    rows, so that a load is read once, also when it brought nothing new.
    """
    with warehouse.reading() as connection:
        tables = _tables(connection)
        mark = _number(connection, f"SELECT max(_load_id) FROM {MARK}") if MARK in tables else 0
        newest = _number(connection, "SELECT max(load_id) FROM lake.platform.ledger")
        found = connection.execute(_unknown(tables, mark)).fetchall() if newest > mark else []
    rows = [{**classify(text), "_load_id": load} for text, load in found]
    if newest > mark or TABLE not in tables:
        with warehouse.write() as connection:
            _create(connection)
            if rows:
                connection.register("classed", pa.Table.from_pylist(rows))
                connection.execute(
                    f"INSERT INTO {TABLE} BY NAME SELECT * FROM classed "
                    f"WHERE user_agent NOT IN (SELECT user_agent FROM {TABLE})"
                )
                connection.unregister("classed")
            connection.execute(f"DELETE FROM {MARK} WHERE _load_id < ?", [newest])
            connection.execute(f"INSERT INTO {MARK} VALUES (?)", [newest])
    with warehouse.reading() as connection:
        return _number(connection, f"SELECT count(*) FROM {TABLE}"), len(rows)


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the two tables where they are missing."""
    body = ", ".join(f'"{name}" {TYPES.get(name, "VARCHAR")}' for name in COLUMNS)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} ({body})")
    connection.execute(f"CREATE TABLE IF NOT EXISTS {MARK} (_load_id BIGINT)")


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the tables of the lake, as `lake.<schema>.<name>`."""
    return {f"lake.{schema}.{name}" for schema, name in relations.names(connection)}


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """Return the one number of a query, 0 for none."""
    row = connection.execute(sql).fetchone()
    return int(row[0] or 0) if row else 0


def _unknown(tables: set[str], mark: int) -> str:
    """Return the SQL of the user agents that are not classed yet, with their first load.

    Args:
        tables: what there is in the lake; a source that never landed is left out.
        mark: the newest load that was read before; a constant lets the lake skip the files of older
            loads.
    """
    parts = [
        f"SELECT {sql} AS text, _load_id FROM lake.raw.{source} WHERE _load_id > {mark}"
        for source, sql in SOURCES.items()
        if f"lake.raw.{source}" in tables
    ] or ["SELECT NULL AS text, 0 AS _load_id WHERE false"]
    known = f"AND text NOT IN (SELECT user_agent FROM {TABLE}) " if TABLE in tables else ""
    return (
        f"SELECT text, min(_load_id) FROM ({' UNION ALL '.join(parts)}) "
        f"WHERE text IS NOT NULL {known}GROUP BY text ORDER BY text"
    )

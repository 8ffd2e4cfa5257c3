"""User agents, classed: a plain Python asset between raw tables and models.

Telling browsers, systems, devices and robots apart is the work of two well-kept libraries, not of
SQL; each distinct text is classed once, when it first turns up.
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pyarrow as pa  # type: ignore[import-untyped]

from platform_assets.automation import safety_net
from platform_assets.policy import Freshness, stamp
from platform_assets.user_agents import COLUMNS, classify
from resources.warehouse import Warehouse

SOURCES = {
    "web_events": "json_extract_string(context, '$.userAgent')",
    "app_events": "json_extract_string(context, '$.userAgent')",
    "access_log": "user_agent",
}
TYPES = {"is_bot": "BOOLEAN", "_load_id": "BIGINT"}


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
            columns=[dg.TableColumn(n, t, description=d) for n, (t, d) in COLUMNS.items()],
        )
    ],
    op_tags={"dagster/priority": "-5"},
)
def user_agents(warehouse: dg.ResourceParam[Warehouse]) -> Iterator[dg.MaterializeResult[None]]:
    """Class the user agents of the loads that came since the last time."""
    total, new = refresh(warehouse)
    yield dg.MaterializeResult(metadata={"dagster/row_count": total, "new": new})


def refresh(warehouse: Warehouse) -> tuple[int, int]:
    """Add the user agents that are new; return how many there are, and how many are new."""
    with warehouse.write() as connection:
        body = ", ".join(f'"{name}" {TYPES.get(name, "VARCHAR")}' for name in COLUMNS)
        connection.execute(f"CREATE TABLE IF NOT EXISTS lake.staging.user_agents ({body})")
    with warehouse.reading() as connection:
        found = connection.execute(_unknown(warehouse)).fetchall()
        (total,) = connection.execute(
            "SELECT count(*) FROM lake.staging.user_agents"
        ).fetchone() or (0,)
    if found:
        rows = [{**classify(text), "_load_id": load} for text, load in found]
        with warehouse.write() as connection:
            connection.register("classed", pa.Table.from_pylist(rows))
            connection.execute(
                "INSERT INTO lake.staging.user_agents BY NAME SELECT * FROM classed "
                "WHERE user_agent NOT IN (SELECT user_agent FROM lake.staging.user_agents)"
            )
    return total + len(found), len(found)


def _unknown(warehouse: Warehouse) -> str:
    """Return the SQL of the user agents that are not classed yet, with their first load.

    Only loads after the newest that brought a new one are read, so that the cost follows what is
    new; what they repeat is left out by the comparison.
    """
    with warehouse.reading() as connection:
        there = {
            row[0]
            for row in connection.execute(
                "SELECT table_name FROM duckdb_tables() "
                "WHERE database_name = 'lake' AND schema_name = 'raw'"
            ).fetchall()
        }
        row = connection.execute(
            "SELECT coalesce(max(_load_id), 0) FROM lake.staging.user_agents"
        ).fetchone()
    mark = row[0] if row else 0
    parts = [
        f"SELECT {sql} AS text, _load_id FROM lake.raw.{source} WHERE _load_id > {mark}"
        for source, sql in SOURCES.items()
        if source in there
    ] or ["SELECT NULL AS text, 0 AS _load_id WHERE false"]
    return (
        f"SELECT text, min(_load_id) FROM ({' UNION ALL '.join(parts)}) "
        "WHERE text IS NOT NULL AND text NOT IN (SELECT user_agent FROM lake.staging.user_agents) "
        "GROUP BY text ORDER BY text"
    )

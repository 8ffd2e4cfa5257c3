"""A small company's catalog, made by hand: assets, statuses, a lake, and the pages over them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from platform_assets.catalog.catalog import View
from platform_assets.catalog.columns import Columns
from platform_assets.catalog.demand.joined import Joined
from platform_assets.catalog.external import External
from platform_assets.catalog.glossary import Glossary, Term
from platform_assets.catalog.search import Index
from platform_assets.catalog.usage import Usage
from platform_assets.catalog.web import application
from platform_assets.inventory.health import CheckResult, Status
from platform_assets.inventory.model import Asset, Column, Graph
from platform_assets.lineage.columns import trace
from platform_assets.lineage.model import Statement, TableLineage
from platform_assets.reporting.archive import Archive
from platform_assets.reporting.folder_archive import FolderArchive
from resources.warehouse import Warehouse
from resources.warehouse.sandbox import Answer, Limits, QueryError, Sandbox
from resources.warehouse.sandbox_worker import answer, connect

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
ORIGIN = "http://testserver"
INSTANCES: list[dg.DagsterInstance] = []


def columns(*names: str, personal: Iterable[str] = ()) -> tuple[Column, ...]:
    return tuple(Column(n, "bigint", f"The {n}.", personal=n in personal) for n in names)


def company() -> Graph:
    """raw/shop/orders → staging/stg_orders → marts/fct_orders → report/revenue; and customers."""
    found = [
        Asset(
            "raw/shop/orders", "source", layer="raw", domain="commerce", table="raw.shop__orders",
            owners=("shop@example.com",), description="Orders as the shop has them.",
            columns=columns("id", "total"), tags={"layer": "raw", "domain": "commerce"},
        ),
        Asset(
            "raw/shop/customers", "source", layer="raw", domain="commerce",
            table="raw.shop__customers", owners=("shop@example.com",),
            description="Customer accounts.", columns=columns("id", "email", personal=["email"]),
        ),
        Asset(
            "staging/stg_orders", "table", layer="staging", domain="commerce",
            owners=("team:data",), description="Orders, one row each.", table="staging.stg_orders",
            columns=columns("order_id", "total"), parents=("raw/shop/orders",),
        ),
        Asset(
            "marts/fct_orders", "table", layer="marts", domain="commerce", owners=("team:data",),
            description="One row per order. Its **revenue** counts.", table="marts.fct_orders",
            columns=columns("order_id", "revenue", "channel", "email", personal=["email"]),
            parents=("staging/stg_orders", "raw/shop/customers"), checks=("unique_order_id",),
            warn_seconds=3600, fail_seconds=7200, kinds=("dbt",), file="dbt/fct_orders.sql",
            tags={"layer": "marts", "domain": "commerce"},
            written="select * from {{ ref('stg_orders') }} -- all", compiled="select 1",
        ),
        Asset(
            "marts/daily_traffic", "table", layer="marts", domain="web",
            owners=("web@example.com",), description="Sessions per day.",
            table="marts.daily_traffic", columns=columns("date", "sessions"),
        ),
        Asset(
            "report/revenue", "report", title="Revenue review", layer="report", domain="commerce",
            owners=("team:data",), description="How revenue went.", question="How did we do?",
            audience="Management", parents=("marts/fct_orders",),
            link="/files/reports/revenue/latest.html",
        ),
    ]  # fmt: skip
    return Graph({asset.key: asset for asset in sorted(found, key=lambda a: a.key)})


def statuses() -> dict[str, Status]:
    made = Status(made_at=NOW - timedelta(minutes=30), run_id="r1", rows=200, fresh="PASS")
    late = replace(made, made_at=NOW - timedelta(hours=3))
    check = CheckResult("unique_order_id", passed=True, error=True, at=NOW)
    return {
        "raw/shop/orders": made,
        "raw/shop/customers": made,
        "staging/stg_orders": replace(made, failed_run="r2"),
        "marts/fct_orders": replace(late, checks=(check,)),
        "report/revenue": made,
    }


KPI = """SELECT sum(revenue) AS revenue, count(*) AS orders
FROM marts.fct_orders
WHERE channel <> 'test'"""
REPORT = f"""```sql kpi
{KPI}
```

```numbers
cards:
  - {{label: Revenue, value: kpi.revenue}}
```
"""


def lineage() -> Columns:
    """Where the columns of the company come from."""
    statements = [
        Statement(
            "staging/stg_orders", "staging.stg_orders",
            "SELECT id AS order_id, total FROM raw.shop__orders WHERE status <> 'cancelled'",
        ),
        Statement(
            "marts/fct_orders", "marts.fct_orders",
            "SELECT o.order_id, CAST(o.total AS DECIMAL(10, 2)) AS revenue, 'web' AS channel, "
            "c.email FROM staging.stg_orders AS o JOIN raw.shop__customers AS c "
            "ON o.order_id = c.id",
        ),
        Statement("report/revenue#kpi", "", KPI),
    ]  # fmt: skip
    schemas = {
        "raw.shop__orders": ["id", "total", "status"],
        "raw.shop__customers": ["id", "email"],
    }
    raw = {
        key: TableLineage(key, table, dict.fromkeys(schemas[table], ()))
        for key, table in (
            ("raw/shop/orders", "raw.shop__orders"),
            ("raw/shop/customers", "raw.shop__customers"),
        )
    }
    return Columns({**raw, **trace(statements, schemas)})


def declare_report(folder: Path) -> Path:
    """Write the report `revenue` below a folder of declarations; return the folder."""
    place = folder / "revenue"
    place.mkdir(parents=True)
    attributes = "{title: Revenue review, owner: team:data, freshness: {fail: 26h}}"
    declared = f"type: platform_assets.components.Report\nattributes: {attributes}\n"
    (place / "defs.yaml").write_text(declared)
    (place / "report.md").write_text(REPORT)
    return folder


REVENUE = Term(
    slug="order-revenue",
    name="Order revenue",
    text="What orders bring, *with* VAT.",
    synonyms=("revenue",),
    owner="team:data",
    columns={"marts.fct_orders.revenue": 4},
    file="defs/glossary/order-revenue.md",
)


@dataclass
class FixedCatalog:
    """A catalog that stands still: what `Catalog` gives, without Dagster's workspace."""

    graph: Graph = field(default_factory=company)
    statuses: Mapping[str, Status] = field(default_factory=statuses)
    glossary: Glossary = field(default_factory=lambda: Glossary((REVENUE,)))
    trouble: str = ""
    index: Index = field(default_factory=Index)
    columns: Columns = field(default_factory=lineage)
    external: External | None = None
    joined: Joined | None = None

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """An instance of its own, made when a test asks for it, and never collected.

        It takes a tenth of a second, and its connections complain when another thread drops them.
        """
        INSTANCES.append(dg.DagsterInstance.ephemeral())
        return INSTANCES[-1]

    def view(self) -> View:
        graph, told = self.external.join(self.graph) if self.external else (self.graph, {})
        graph = self.joined.join(graph) if self.joined else graph
        self.index.update(graph)
        statuses = {**told, **self.statuses}
        return View(graph, statuses, NOW, self.trouble, NOW, self.glossary, columns=self.columns)


def lake(folder: Path) -> Warehouse:
    """A lake with the tables of the company: 200 orders, 3 customers."""
    found = Warehouse(f"ducklake:///{folder}/warehouse", memory_limit="512MB", threads=1)
    with found.write() as connection:
        connection.execute(
            "CREATE TABLE lake.marts.fct_orders AS SELECT range AS order_id, "
            "CAST(range % 7 * 10.5 AS DECIMAL(10,2)) AS revenue, "
            "CASE WHEN range % 3 = 0 THEN NULL ELSE 'channel ' || range % 3 END AS channel, "
            "'person' || range || '@example.com' AS email FROM range(200)"
        )
        connection.execute(
            "CREATE TABLE lake.marts.daily_traffic AS "
            "SELECT DATE '2026-05-01' + range::INTEGER AS date, range * 3 AS sessions FROM range(9)"
        )
        connection.execute("CREATE TABLE lake.raw.shop__orders AS SELECT 1 AS id, 2 AS total")
    return found


class HereSandbox(Sandbox):
    """The sandbox's own rules and locks without its processes, for tests of what is around it."""

    def __init__(self, warehouse: Warehouse) -> None:
        super().__init__(warehouse, Limits(seconds=5))
        config = {"url": warehouse.url, "memory": "256MB", "threads": 1}
        self._connection = connect(config)
        self.asked: list[str] = []

    def run(self, sql: str, rows: int | None = None) -> Answer:
        self.asked.append(sql)
        request = {"sql": sql, "rows": rows or 10_000, "bytes": 1 << 22}
        with self._guard:
            told = answer(self._connection, request)
        if "error" in told:
            raise QueryError(told["error"], told["message"])
        return Answer(
            tuple((n, k) for n, k in told["columns"]),
            told["rows"],
            told["truncated"],
            told["seconds"],
        )


def pages_of(catalog: Any, usage: Usage, sandbox: Any, reports: Archive) -> Starlette:
    """The whole server as far as the catalog's tests need it."""
    pages = application(catalog, usage, sandbox, reports)
    return Starlette(routes=[Mount("/catalog", app=pages)])


def client_of(catalog: Any, folder: Path, sandbox: Any = None) -> TestClient:
    usage = Usage(folder / "usage.sqlite")
    return TestClient(pages_of(catalog, usage, sandbox, FolderArchive(folder / "reports")))

"""Records of the small company in `world`: what people ask for, what is decided and aimed at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from platform_assets.catalog.demand.joined import Joined
from platform_assets.catalog.demand.records import Records
from platform_assets.catalog.usage import Usage
from platform_assets.catalog.web import application
from platform_assets.inventory.health import Status
from platform_assets.inventory.model import Asset, Graph
from platform_assets.product.curated import Curated
from platform_assets.product.curated_kinds import (
    Action,
    Decision,
    KeyResult,
    Metric,
    Minutes,
    Objective,
    Requirement,
    RoadmapItem,
)
from platform_assets.product.kinds import Feedback, Measurement, Request
from platform_assets.product.measured import Measured
from platform_assets.product.measuring import definition
from platform_assets.product.store import Everything, RecordStore, Vote
from platform_assets.reporting.folder_archive import FolderArchive
from resources.warehouse.sandbox import QueryError
from tests.catalog.world import NOW, FixedCatalog, HereSandbox, company, statuses

TODAY = NOW.date()
ANA, BEN = "ana@example.com", "ben@example.com"
REVENUE_SQL = (
    "SELECT sum(revenue) AS value, max(ordered_at) AS as_of\nFROM marts.fct_orders\n"
    "WHERE channel <> 'test'"
)
KEY = "key_result/net-revenue"

REVENUE = KeyResult(
    "net-revenue", "Revenue that customers keep", "team:data", "Refunds are not counted.",
    "defs/product/objectives/healthy-shop.md", 12, objective="healthy-shop", sql=REVENUE_SQL,
    unit="EUR", baseline=1000, target=2000, start=date(2026, 4, 1), due=date(2026, 6, 30),
    tables=("marts/fct_orders",),
)  # fmt: skip
SESSIONS = KeyResult(
    "sessions", "Visits a day", "web@example.com", "", "defs/product/objectives/healthy-shop.md",
    20, objective="healthy-shop", sql="SELECT sum(sessions) AS value, max(date) AS as_of FROM t",
    unit="visits", baseline=400, target=300, start=date(2026, 4, 1), due=date(2026, 6, 30),
    tables=("marts/daily_traffic",),
)  # fmt: skip

CURATED = Curated(
    requirements=(
        Requirement(
            "orders-once", "Every order counts once", "team:data", "How duplicates come about.",
            "defs/product/requirements/orders-once.md", 2,
            statement="A report counts **every** order exactly once.",
            rationale="Finance closes the month on it.",
            acceptance=("An order delivered twice is one row.", "The check holds."),
            check="marts/fct_orders:unique_order_id", status="met", requests=(3,),
            assets=("marts/fct_orders",),
        ),
        Requirement(
            "returns-daily", "Returns are known by the next day", "shop@example.com",
            statement="Returns of a day stand in the mart by eight the next day.",
        ),
    ),
    objectives=(
        Objective(
            "healthy-shop", "A shop that earns its keep", "team:data", "We grow what **stays**.",
            "defs/product/objectives/healthy-shop.md", 1, start=date(2026, 4, 1),
            due=date(2026, 6, 30), key_results=(REVENUE, SESSIONS),
        ),
        Objective(
            "self-service", "Analysts help themselves", "team:data", start=date(2026, 7, 1),
            due=date(2026, 9, 30),
        ),
    ),
    decisions=(
        Decision(
            "count-orders-once", "Count orders by their id", "team:data",
            "## Context\n\nFiles arrive twice.\n\n## Consequences\n\nThe mart is rebuilt once.",
            "defs/product/decisions/count-orders-once.md", status="accepted",
            decided_on=date(2026, 5, 4), options=("By id", "By file and line"), choice="By id",
            settles=("request/3",),
        ),
        Decision(
            "count-by-file", "Count orders by file", "team:data", status="superseded",
            decided_on=date(2026, 2, 2), choice="By file", superseded_by="count-orders-once",
        ),
        Decision("buy-or-build", "Buy or build the returns feed", "shop@example.com"),
    ),
    roadmap=(
        RoadmapItem(
            "returns", "Returns in the mart", "team:data", "Returns as they happen.", horizon="now",
            target=date(2026, 5, 20), objective="healthy-shop",
            deliverables=("marts/fct_orders", "requirement/returns-daily"),
        ),
        RoadmapItem("alerts", "Alerts to phones", "team:data", horizon="later"),
        RoadmapItem(
            "review", "The revenue review", "team:data", "One page for **Monday**.", horizon="done",
            shipped_on=date(2026, 5, 11), deliverables=("report/revenue",),
        ),
    ),
    minutes=(
        Minutes(
            "2026-05-04", "Product council, May", "team:data", "We looked at duplicates.",
            held_on=date(2026, 5, 4), attendees=("Ana", "Ben"), decisions=("count-orders-once",),
            actions=(
                Action("Ask the shop for return files", BEN, date(2026, 5, 18)),
                Action("Write the check", ANA, date(2026, 5, 8), date(2026, 5, 7)),
            ),
        ),
    ),
    metrics=(
        Metric(
            "revenue", "Order revenue", "team:data", "Refunds are in another table.",
            definition="What orders bring, with VAT.", unit="EUR",
            sql="SELECT date, sum(revenue) AS revenue FROM marts.fct_orders GROUP BY 1",
            tables=("marts/fct_orders",),
        ),
    ),
)  # fmt: skip


def request(number: int, title: str, days: int = 10, **more: object) -> Request:
    """A request of Ana's, made so many days ago."""
    at = NOW - timedelta(days=days)
    return Request(number, title, ANA, at, at, **more)  # type: ignore[arg-type]


def submitted() -> Everything:
    """What people submitted: a request in each state that matters, and three words of feedback."""
    shipped = NOW - timedelta(days=20)
    rice = {"reach": 60.0, "impact": 2.0, "confidence": 0.8, "effort": 2.0}
    requests = (
        request(1, "Revenue by channel", 9, state="accepted", inputs=rice, about="marts/fct_orders",
                decision="Where the next euro of advertising goes.", needed_by=date(2026, 5, 25),
                waiting_costs="Two weeks of adverts in the dark.", assignee=BEN,
                accepted_at=NOW - timedelta(days=8)),
        request(2, "Returns per product", 6, inputs=rice | {"reach": 20.0}, override=90.0,
                override_reason="The board asked for it."),
        request(3, "Orders without duplicates", 40, state="closed", requirement="orders-once",
                answered_by="report/revenue", shipped_at=shipped, helped=True,
                helped_words="At last one number.", ended_at=shipped + timedelta(days=2)),
        request(4, "Weather of tomorrow", 5, state="declined", reason="We sell no umbrellas."),
        request(5, "Revenue per channel, please", 4, state="merged", merged_into=1),
        request(6, "Visits by hour", 2),
    )  # fmt: skip
    feedback = (
        Feedback(1, "report/revenue", "20260510T060000Z", 5, "Clear.", ANA, shipped),
        Feedback(2, "report/revenue", "20260520T060000Z", 2, "The chart is too small to read.",
                 BEN, NOW - timedelta(days=3)),
        Feedback(3, "marts/fct_orders", "2026-05-20T06:00:00+00:00", 4, "Good columns.", BEN,
                 NOW - timedelta(days=30), answer="Thank you.", answered_by=ANA,
                 answered_at=NOW - timedelta(days=29)),
    )  # fmt: skip
    votes = (Vote(1, BEN, NOW - timedelta(days=7)), Vote(1, "cy@example.com", NOW))
    return Everything(requests=requests, feedback=feedback, votes=votes)


def measurements() -> list[Measurement]:
    """Revenue from April on, measured each day: a day without, and a change of the definition."""
    found = []
    for day in range(56):
        at = NOW - timedelta(days=55 - day)
        known = definition(REVENUE) if day > 20 else "before"
        one = Measurement("net-revenue", at, f"run{day}", known, 1000 + 12.0 * day, at)
        if day in (30, 31, 32):
            one = replace(one, value=None, as_of=None, trouble=("raw/shop/orders: 9 h late",))
        found.append(one)
    return found


def graph() -> Graph:
    """The company with the asset of a key result."""
    result = Asset(
        KEY, "other", title=REVENUE.title, layer="key_result", domain="product",
        owners=("team:data",), parents=("marts/fct_orders",),
    )  # fmt: skip
    every = {**company().assets, KEY: result}
    return Graph({key: every[key] for key in sorted(every)})


def well() -> dict[str, Status]:
    """Statuses with which nothing is late, and nothing fails."""
    made = Status(made_at=NOW - timedelta(minutes=30), run_id="r1", rows=200, fresh="PASS")
    known = statuses()["marts/fct_orders"].checks
    found = dict.fromkeys(graph().assets, made)
    return {**found, "marts/fct_orders": replace(made, checks=known)}


class Kept(Measured):
    """Measurements that stand in no table."""

    def __init__(self, found: Sequence[Measurement] = ()) -> None:
        super().__init__(lambda _sql: [])
        self.found = list(found)

    def all(self) -> dict[str, list[Measurement]]:
        grouped: dict[str, list[Measurement]] = {}
        for each in self.found:
            grouped.setdefault(each.key_result, []).append(each)
        return grouped


class NoWarehouse:
    """A sandbox without a warehouse behind it."""

    def run(self, sql: str, rows: int | None = None) -> Any:
        """Refuse."""
        raise QueryError("unavailable", "There is no warehouse here.")


@dataclass
class Shop:
    """The company with its records: a store of its own, and pages over all of it."""

    folder: Path
    everything: Everything = field(default_factory=submitted)
    curated: Curated = CURATED
    statuses: Mapping[str, Status] = field(default_factory=well)
    graph: Graph = field(default_factory=graph)
    measured: Measured = field(default_factory=lambda: Kept(measurements()))

    def __post_init__(self) -> None:
        self.store = RecordStore(f"sqlite:///{self.folder / 'records.sqlite'}")
        self.store.seed(self.everything)
        self.records = Records(self.store, lambda: self.curated)
        self.catalog = FixedCatalog(self.graph, self.statuses, joined=Joined(self.records))

    def pages(self, sandbox: HereSandbox | None = None) -> Starlette:
        """The catalog's pages."""
        app = application(
            self.catalog,
            Usage(self.folder / "usage.sqlite"),
            sandbox or NoWarehouse(),  # type: ignore[arg-type]
            FolderArchive(self.folder / "reports"),
            self.store,
            measured=self.measured,
        )
        return Starlette(routes=[Mount("/catalog", app=app)])

    def client(self, sandbox: HereSandbox | None = None) -> TestClient:
        """A client of the pages."""
        return TestClient(self.pages(sandbox))

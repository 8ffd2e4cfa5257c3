"""A small company with things in trouble: a source, its tables, two reports, a key result."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from platform_assets.inventory.health import CheckResult, Status
from platform_assets.inventory.model import Asset, Column, Graph
from platform_assets.product.curated import Curated
from platform_assets.product.curated_kinds import KeyResult, Objective

NOW = datetime(2026, 8, 10, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MADE = Status(made_at=NOW - HOUR, run_id="run-1", rows=200)
DESCRIBED = (Column("id", "bigint", "The number."),)


def asset(key: str, kind: str = "table", **fields: object) -> Asset:
    given = {
        "owners": ("team:data",), "description": "What it is.", "columns": DESCRIBED,
        "warn_seconds": 26 * 3600.0, "fail_seconds": 50 * 3600.0, "layer": key.split("/")[0],
    }  # fmt: skip
    return Asset(key, kind, **{**given, **fields})  # type: ignore[arg-type]


def company(*more: Asset) -> Graph:
    """raw/orders → staging/orders → marts/revenue → report/review and key_result/faster; alone."""
    found = [
        asset("raw/orders", "source"),
        asset("staging/orders", parents=("raw/orders",)),
        asset("marts/revenue", parents=("staging/orders",), file="dbt/revenue.sql"),
        asset("report/review", "report", title="Review", parents=("marts/revenue",)),
        asset("key_result/faster", "other", parents=("marts/revenue",)),
        asset("marts/alone"),
        *more,
    ]
    return Graph({each.key: each for each in found})


def fine(graph: Graph) -> dict[str, Status]:
    """Everything was made an hour ago."""
    return dict.fromkeys(graph.assets, MADE)


def check(name: str, error: bool = True, description: str = "") -> Status:
    """The status of an asset of which a check does not pass."""
    result = CheckResult(name, passed=False, error=error, description=description, at=NOW)
    return replace(MADE, checks=(result,))


def old(hours: float) -> Status:
    return replace(MADE, made_at=NOW - hours * HOUR)


FASTER = KeyResult(
    "faster", "Answers within a day", "ada@example.com", objective="trust",
    start=date(2026, 7, 1), due=date(2026, 9, 30), tables=("marts/revenue",),
)  # fmt: skip
CURATED = Curated(
    objectives=(
        Objective(
            "trust", "Numbers that people trust", "ada@example.com",
            start=FASTER.start, due=FASTER.due, key_results=(FASTER,),
        ),
    )
)  # fmt: skip

"""A key result for tests, and measurements of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from platform_assets.product.curated_kinds import KeyResult
from platform_assets.product.kinds import Measurement
from platform_assets.product.measuring import definition

BEGIN = datetime(2026, 7, 1, tzinfo=UTC)
FASTER = KeyResult(
    "faster-answers",
    "Answers come faster",
    "team:data",
    file="objectives/answers.md",
    line=7,
    objective="answers",
    sql="SELECT avg(hours) AS value, max(day) AS as_of FROM marts.answers",
    unit="h",
    baseline=30,
    target=10,
    start=date(2026, 7, 1),
    due=date(2026, 9, 28),  # 90 days
    tables=("marts/answers",),
)


def on(days: float) -> datetime:
    """Return the moment so many days after the key result's begin."""
    return BEGIN + timedelta(days=days)


def measured(days: float, value: float | None = None, **more: Any) -> Measurement:
    """Return a measurement of `FASTER`, taken so many days after its begin."""
    as_of = None if value is None else on(days)
    one = Measurement(FASTER.id, on(days), "run", definition(FASTER), value, as_of)
    return replace(one, **more)

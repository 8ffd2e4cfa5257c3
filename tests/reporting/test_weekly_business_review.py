"""The weekly business review: which week it speaks of, and what it says of it."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy
import yaml
from sqlalchemy.pool import StaticPool

from platform_assets.reporting import (
    RenderContext,
    ReportDeclaration,
    document,
    queries,
    render,
    sql,
    tables,
)
from resources.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "platform_assets" / "defs" / "reports" / "weekly_business_review"
TABLES = """
CREATE TABLE marts.daily_revenue (
    date DATE, revenue DECIMAL(18,2), orders BIGINT, new_customers BIGINT);
CREATE TABLE marts.fct_orders (
    order_id BIGINT, order_date DATE, ordered_at TIMESTAMP, customer_type VARCHAR);
CREATE TABLE marts.fct_sessions (session_start_at TIMESTAMP);
CREATE TABLE marts.daily_traffic (date DATE, platform VARCHAR, sessions BIGINT);
CREATE TABLE marts.daily_funnel (
    date DATE, platform VARCHAR, sessions BIGINT, product_views BIGINT, added_to_cart BIGINT,
    checkouts BIGINT, purchases BIGINT);
CREATE TABLE marts.channel_attribution (
    date DATE, model VARCHAR, channel VARCHAR, revenue DECIMAL(18,2));
CREATE TABLE marts.ad_spend (date DATE, source VARCHAR, spend DECIMAL(18,2));
CREATE TABLE marts.return_on_ad_spend (
    date DATE, source VARCHAR, campaign VARCHAR, clicks BIGINT, spend DECIMAL(18,2),
    orders DECIMAL(18,6), revenue DECIMAL(18,2));
CREATE TABLE marts.top_products (
    date DATE, name VARCHAR, category VARCHAR, quantity BIGINT, revenue DECIMAL(18,2));
CREATE TABLE marts.source_health (
    source VARCHAR, newest_event_at TIMESTAMP, newest_load_at TIMESTAMP, rows_loaded BIGINT,
    rows_quarantined BIGINT, quarantine_share DECIMAL(18,6), drift_changes BIGINT);
"""


@pytest.fixture
def warehouse() -> sqlalchemy.Engine:
    """Return a DuckDB in memory with the marts that the report reads, empty."""
    engine = sqlalchemy.create_engine("duckdb:///:memory:", poolclass=StaticPool)
    with engine.begin() as connection:
        for statement in ("CREATE SCHEMA marts", *filter(str.strip, TABLES.split(";"))):
            connection.exec_driver_sql(statement)
    return engine


def declaration() -> ReportDeclaration:
    """Return the report as its `defs.yaml` declares it."""
    fields = yaml.safe_load((FOLDER / "defs.yaml").read_text("utf-8"))["attributes"]
    own = {name: fields[name] for name in ("title", "description", "question", "audience")}
    return ReportDeclaration(
        name=FOLDER.name,
        document=FOLDER / "report.md",
        data_time=fields["data_time"],
        **own,
    )


def at(text: str) -> datetime:
    """Return `2026-07-15 23:50` as a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


DAYS = "(SELECT CAST(d AS DATE) AS date FROM range(?::DATE, ?::DATE + 1, INTERVAL 1 DAY) t(d))"
TWO_ORDERS = f"""
INSERT INTO marts.daily_revenue SELECT date, 100, 2, 1 FROM {DAYS};
INSERT INTO marts.fct_orders
    SELECT 1, date, least(date + INTERVAL '23 hours 30 minutes', ?::TIMESTAMP), type
    FROM {DAYS}, (VALUES ('new'), ('returning')) k(type);
INSERT INTO marts.channel_attribution
    SELECT date, model, channel, amount FROM {DAYS},
    (VALUES ('last_touch', 'Email', 100), ('first_touch', 'Direct', 999)) k(model, channel, amount)
"""
VISITS = f"""
INSERT INTO marts.fct_sessions SELECT ?::TIMESTAMP;
INSERT INTO marts.daily_traffic
    SELECT date, p, n FROM {DAYS}, (VALUES ('web', 60), ('app', 40)) k(p, n);
INSERT INTO marts.daily_funnel
    SELECT date, p, n, 50, 20, 10, 2 FROM {DAYS}, (VALUES ('web', 60), ('app', 40)) k(p, n)
"""
SPEND = f"""
INSERT INTO marts.ad_spend SELECT date, ?, 10 FROM {DAYS};
INSERT INTO marts.return_on_ad_spend SELECT date, ?, 'Spring', 5, 10, 1, 40 FROM {DAYS}
"""


def execute(connection: sqlalchemy.Connection, script: str, *values: tuple[object, ...]) -> None:
    """Run the statements of `script`, each with its own values."""
    for statement, own in zip(script.split(";"), values, strict=True):
        connection.exec_driver_sql(statement, own)


def fill(
    warehouse: sqlalchemy.Engine,
    first: date,
    last: datetime,
    *,
    traffic_until: datetime | None = None,
    doubled_from: date | None = None,
    spend_until: dict[str, date] | None = None,
) -> None:
    """Write 2 orders of 50 euro and 100 sessions a day, from `first` until the time `last`.

    From `doubled_from` on the daily revenue is of 4 orders. Traffic and ad spend may end earlier.
    """
    last = last.replace(tzinfo=None)
    until = (traffic_until or last).replace(tzinfo=None)
    span, visits = (first, last.date()), (first, until.date())
    with warehouse.begin() as connection:
        execute(connection, TWO_ORDERS, span, (last, *span), span)
        execute(connection, VISITS, (until,), visits, visits)
        for source, end in (spend_until or {}).items():
            execute(connection, SPEND, (source, first, end), (source, first, end))
        if doubled_from:
            doubled = "UPDATE marts.daily_revenue SET revenue = 200, orders = 4 WHERE date >= ?"
            connection.exec_driver_sql(doubled, (doubled_from,))


def results(warehouse: sqlalchemy.Engine, made: datetime) -> dict[str, queries.Result]:
    """Return the results of the report's queries, made at `made` (UTC)."""
    report = declaration()
    parsed = document.parse(report.text(), report.file)
    return queries.run(parsed, sql.parse_all(parsed), warehouse, made)


# 2026-07-06 is a Monday.
@pytest.mark.parametrize(
    ("last", "traffic", "made", "week"),
    [
        # Data of the running week: the week before is compared.
        (at("2026-07-15 23:50"), None, at("2026-07-16 06:00"), date(2026, 7, 6)),
        # Sunday is in until late: its week is complete on Monday morning.
        (at("2026-07-12 23:10"), None, at("2026-07-13 06:00"), date(2026, 7, 6)),
        # Deliveries stopped on Sunday morning: its week is not complete.
        (at("2026-07-12 10:00"), None, at("2026-07-14 06:00"), date(2026, 6, 29)),
        # Sunday is not over: its week is not complete.
        (at("2026-07-12 22:00"), None, at("2026-07-12 22:05"), date(2026, 6, 29)),
        # Orders are there, visits are late: the week is not complete.
        (
            at("2026-07-15 23:50"),
            at("2026-07-10 23:50"),
            at("2026-07-16 06:00"),
            date(2026, 6, 29),
        ),
    ],
)
def test_the_week_is_the_last_one_that_is_complete(
    warehouse: sqlalchemy.Engine,
    last: datetime,
    traffic: datetime | None,
    made: datetime,
    week: date,
) -> None:
    fill(warehouse, date(2026, 5, 1), last, traffic_until=traffic)
    found = results(warehouse, made)
    assert found["period"].first("week_start") == week
    assert found["kpi"].first("week") == week
    assert found["kpi"].first("revenue") == Decimal("700.00")
    assert found["kpi"].first("sessions") == 700
    assert found["daily"].rows[-1][0] == found["period"].first("data_through")


def test_days_of_the_running_week_are_compared_with_nothing(warehouse: sqlalchemy.Engine) -> None:
    fill(
        warehouse,
        date(2026, 5, 1),
        at("2026-07-15 23:50"),
        doubled_from=date(2026, 7, 13),
    )
    found = results(warehouse, at("2026-07-16 06:00"))
    assert found["kpi"].first("on_week_before") == 0
    assert found["kpi"].first("on_average") == 0
    assert found["weeks"].column("week")[-1] == date(2026, 7, 6)
    assert found["customers"].rows[-1] == (date(2026, 7, 6), 7, 7)
    assert found["daily"].rows[-1][:2] == (date(2026, 7, 15), Decimal("200.00"))
    assert "is not complete" in str(found["period"].first("note"))


def test_the_comparison_is_with_the_week_before_and_the_four_before(
    warehouse: sqlalchemy.Engine,
) -> None:
    fill(
        warehouse,
        date(2026, 5, 1),
        at("2026-07-12 23:50"),
        doubled_from=date(2026, 6, 29),
    )
    found = results(warehouse, at("2026-07-13 06:00"))
    assert found["kpi"].first("revenue") == Decimal("1400.00")
    assert found["before"].first("revenue") == Decimal("1400.00")
    assert found["average"].first("revenue") == 875  # (1400 + 3 * 700) / 4
    assert found["kpi"].first("on_average") == pytest.approx(0.6)
    assert found["kpi"].first("conversion_rate") == pytest.approx(28 / 700)
    assert found["average"].first("average_order_value") == 50


def test_the_week_in_which_the_data_begins_is_left_out(warehouse: sqlalchemy.Engine) -> None:
    fill(warehouse, date(2026, 6, 24), at("2026-07-12 23:50"))  # a Wednesday
    found = results(warehouse, at("2026-07-13 06:00"))
    assert found["weeks"].column("week") == [date(2026, 6, 29), date(2026, 7, 6)]
    assert found["average"].rows == ()  # fewer than four weeks: no average of four
    assert found["kpi"].first("on_average") is None
    assert found["daily"].first("date") == date(2026, 6, 24)


def test_ad_spend_is_of_a_week_that_every_service_has_reported(
    warehouse: sqlalchemy.Engine,
) -> None:
    fill(
        warehouse,
        date(2026, 5, 1),
        at("2026-07-15 23:50"),
        spend_until={
            "Google Ads": date(2026, 7, 13),
            "Meta Ads": date(2026, 7, 7),
            "Given up": date(2026, 5, 20),
        },
    )
    found = results(warehouse, at("2026-07-16 06:00"))
    assert found["spend"].rows == ((date(2026, 7, 7), date(2026, 6, 29), date(2026, 7, 5)),)
    assert [row[:3] for row in found["campaigns"].rows] == [
        ("Google Ads", "Spring", Decimal("70.00")),
        ("Meta Ads", "Spring", Decimal("70.00")),
    ]
    assert found["campaigns"].first("return_on_ad_spend") == 4


def test_a_week_gives_its_channels_and_its_funnel(warehouse: sqlalchemy.Engine) -> None:
    fill(warehouse, date(2026, 6, 1), at("2026-07-12 23:50"))
    found = results(warehouse, at("2026-07-13 06:00"))
    assert found["channels"].rows == (("Email", Decimal("700.00")),)
    assert found["funnel"].column("sessions") == [700, 700, 280, 140, 28]


@pytest.mark.parametrize("first", [None, date(2026, 7, 9)], ids=["no data", "three days"])
def test_a_young_warehouse_has_a_page_that_says_so(
    warehouse: sqlalchemy.Engine, tmp_path: Path, first: date | None
) -> None:
    if first:
        fill(warehouse, first, at("2026-07-11 23:50"))
    context = RenderContext(
        owner="team:data",
        freshness="at most 50h old",
        generated_at=at("2026-07-12 06:00"),
    )
    done = render(declaration(), warehouse, tmp_path, context=context)
    page = done.html_path.read_text("utf-8")
    assert "Fernweh took <strong>–</strong> from <strong>–</strong> orders" in page
    assert ("No week is complete yet.</p>" in page) == (first is not None)
    assert done.data_time == (datetime.fromisoformat("2026-07-11 23:30") if first else None)


def test_the_report_depends_on_marts_only() -> None:
    assert tables(declaration()) == [
        "marts/ad_spend",
        "marts/channel_attribution",
        "marts/daily_funnel",
        "marts/daily_revenue",
        "marts/daily_traffic",
        "marts/fct_orders",
        "marts/fct_sessions",
        "marts/return_on_ad_spend",
        "marts/source_health",
        "marts/top_products",
    ]


def test_the_marts_of_these_tests_are_those_of_the_warehouse() -> None:
    real: dict[str, dict[str, str]] = {}
    for path in (PROJECT_ROOT / "dbt" / "models" / "marts").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text("utf-8")).get("models", []):
            columns = {c["name"]: str(c["data_type"]).lower() for c in model["columns"]}
            real[model["name"]] = columns
    for name, body in re.findall(r"CREATE TABLE marts\.(\w+) \((.*?)\);", TABLES, re.DOTALL):
        for column, kind in re.findall(r"(\w+) (\w+(?:\(\d+,\d+\))?)", body):
            said = real[name][column].replace(" ", "").replace("string", "varchar")
            assert said == kind.lower(), f"{name}.{column}"

"""The other reports on the sample company: what they count, compare and leave out."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy
import yaml
from sqlalchemy.pool import StaticPool

from platform_assets.care import rows as attention
from platform_assets.reporting import (
    RenderContext,
    ReportDeclaration,
    document,
    queries,
    render,
    sql,
)
from resources.settings import PROJECT_ROOT
from resources.warehouse import system_tables

REPORTS = PROJECT_ROOT / "platform_assets" / "defs" / "reports"
NAMES = (
    "acquisition", "backlog", "data_platform_health", "platform_attention", "product_funnel",
    "retention_cohorts",
)  # fmt: skip
MONDAY = date(2026, 6, 1)


def columns(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the columns of the models that a yml documents."""
    models = yaml.safe_load(path.read_text("utf-8")).get("models", [])
    return {m["name"]: [(c["name"], str(c["data_type"])) for c in m["columns"]] for m in models}


@pytest.fixture
def warehouse() -> sqlalchemy.Engine:
    """Return a DuckDB in memory with every mart and platform table, empty."""
    engine = sqlalchemy.create_engine("duckdb:///:memory:", poolclass=StaticPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("SET TimeZone = 'UTC'")
        for schema in ("marts", "platform", "product"):
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        for path in sorted((PROJECT_ROOT / "dbt" / "models" / "marts").rglob("*.yml")):
            for name, own in columns(path).items():
                body = ", ".join(f'"{column}" {kind}' for column, kind in own)
                connection.exec_driver_sql(f"CREATE TABLE marts.{name} ({body})")
        body = ", ".join(f'"{column.name}" {column.type}' for column in attention.TABLE.columns)
        connection.exec_driver_sql(f"CREATE TABLE product.attention ({body})")
        for name, table in system_tables.TABLES.items():
            body = ", ".join(f'"{column}" {kind}' for column, (kind, _) in table.items())
            connection.exec_driver_sql(f"CREATE TABLE platform.{name} ({body})")
    return engine


def put(warehouse: sqlalchemy.Engine, table: str, rows: list[dict[str, object]]) -> None:
    """Insert rows; columns that are not named are empty."""
    with warehouse.begin() as connection:
        for row in rows:
            names, holes = ", ".join(row), ", ".join("?" for _ in row)
            connection.exec_driver_sql(
                f"INSERT INTO {table} ({names}) VALUES ({holes})", tuple(row.values())
            )


def answers(
    warehouse: sqlalchemy.Engine, name: str, made: datetime, **given: str
) -> queries.Answers:
    """Return the answers of a report, made at `made`."""
    report = ReportDeclaration.load(REPORTS / name)
    parsed = document.parse(report.text(), report.file)
    how = queries.How(given=given)
    return queries.run(parsed, sql.parse_all(parsed), warehouse, made, how)


@pytest.mark.parametrize("name", NAMES)
def test_a_warehouse_without_rows_has_a_page_that_says_so(
    warehouse: sqlalchemy.Engine, tmp_path: Path, name: str
) -> None:
    report = ReportDeclaration.load(REPORTS / name)
    made = datetime(2026, 7, 1, 6, tzinfo=UTC)
    context = RenderContext(report.owner, report.freshness, made)
    page = render(report, warehouse, tmp_path, context=context).html_path.read_text("utf-8")
    assert "–" in page
    assert "NaN" not in page
    assert "None" not in page


def spend(first: date, days: int, **row: object) -> list[dict[str, object]]:
    """Return a row of advertising for each day."""
    every = [first + timedelta(days=n) for n in range(days)]
    return [{"date": day, "source": "G", "campaign": "c", **row} for day in every]


def ads(warehouse: sqlalchemy.Engine, first: date, days: int, source: str = "G") -> None:
    """Write ten euro of spend a day, and forty of revenue."""
    put(warehouse, "marts.ad_spend", [
        {"date": row["date"], "source": source, "spend": 10} for row in spend(first, days)
    ])  # fmt: skip
    money = {"spend": 10, "revenue": 40, "first_touch_revenue": 20, "position_based_revenue": 30}
    rows = spend(first, days, source=source, clicks=5, **money)
    put(warehouse, "marts.return_on_ad_spend", rows)


def test_ad_weeks_end_before_the_days_that_are_not_complete(warehouse: sqlalchemy.Engine) -> None:
    # Through Tuesday 14 July; complete to Saturday 11: the last week that counts ends on 5 July.
    ads(warehouse, MONDAY, 44)
    put(warehouse, "marts.daily_revenue", [{"date": date(2026, 7, 1), "new_customers": 7}])
    found = answers(warehouse, "acquisition", datetime(2026, 7, 15, tzinfo=UTC))
    assert found["bounds"].first("through") == date(2026, 7, 14)
    assert found["bounds"].first("last_day") == date(2026, 7, 5)
    # Five complete weeks: two are compared with the two before.
    assert found.values_chosen.bound["period_from"] == date(2026, 6, 22)
    assert found["kpi"].first("spend") == 140
    assert found["kpi"].first("return_on_ad_spend") == 4
    assert found["kpi"].first("cost_per_new_customer") == 20
    assert found["before"].first("spend") == 140
    assert found["weeks"].column("week")[-1] == date(2026, 6, 29)


def test_a_service_that_is_behind_holds_the_weeks_back(warehouse: sqlalchemy.Engine) -> None:
    ads(warehouse, MONDAY, 44)
    ads(warehouse, MONDAY, 30, source="M")  # through 30 June
    found = answers(warehouse, "acquisition", datetime(2026, 7, 15, tzinfo=UTC))
    assert found["bounds"].first("last_day") == date(2026, 6, 21)


def test_credit_and_period_are_the_readers_and_too_short_data_is_not_compared(
    warehouse: sqlalchemy.Engine,
) -> None:
    ads(warehouse, MONDAY, 44)
    made = datetime(2026, 7, 15, tzinfo=UTC)
    given = {"period_from": "2026-06-08", "period_to": "2026-06-17", "model": "First touch"}
    found = answers(warehouse, "acquisition", made, **given)
    assert found["kpi"].first("revenue") == 200
    assert found["before"].first("spend") is None  # ten days before 8 June begin in May
    given["model"] = "Position-based"
    assert answers(warehouse, "acquisition", made, **given)["kpi"].first("revenue") == 300


def test_the_funnel_compares_whole_weeks_and_names_the_largest_loss(
    warehouse: sqlalchemy.Engine,
) -> None:
    days = [MONDAY + timedelta(days=n) for n in range(44)]  # to Tuesday 14 July
    put(warehouse, "marts.fct_sessions", [
        {"session_start_at": f"{day} 12:00", "session_date": day, "platform": "web",
         "is_bot": False, "device_class": "desktop", "orders": 1}
        for day in days
    ])  # fmt: skip
    steps = {"product_views": 50, "added_to_cart": 10, "checkouts": 5, "purchases": 4}
    put(warehouse, "marts.daily_funnel", [
        {"date": day, "platform": platform, "sessions": 100, **steps}
        for day in days for platform in ("web", "app")
    ])  # fmt: skip
    made = datetime(2026, 7, 15, tzinfo=UTC)
    found = answers(warehouse, "product_funnel", made)
    bound = found.values_chosen.bound
    assert (bound["period_from"], bound["period_to"]) == (date(2026, 6, 22), date(2026, 7, 5))
    assert found["steps"].column("sessions") == [2800, 1400, 280, 140, 112]
    assert found["now"].first("conversion_rate") == pytest.approx(0.04)
    assert found["change"].first("conversion_rate") == pytest.approx(0)
    assert found["losses"].rows[0][:2] == ("Product viewed", "Added to cart")
    web = answers(warehouse, "product_funnel", made, platform="web")
    assert web["now"].first("sessions") == 1400
    assert web["devices"].first("sessions") == 14


def orders(*rows: tuple[int, str, int]) -> list[dict[str, object]]:
    """Return orders of a customer, a day, a revenue; numbered by the customer's own count."""
    seen: dict[int, int] = {}
    found = []
    for customer, day, revenue in rows:
        seen[customer] = seen.get(customer, 0) + 1
        kind = "new" if seen[customer] == 1 else "returning"
        found.append(
            {"customer_id": customer, "order_date": day, "ordered_at": f"{day} 22:30:00",
             "revenue": revenue, "is_counted": True, "customer_order_number": seen[customer],
             "customer_type": kind}
        )  # fmt: skip
    return found


def test_cohorts_count_complete_weeks_only_and_silent_ones_too(
    warehouse: sqlalchemy.Engine,
) -> None:
    put(warehouse, "marts.fct_orders", orders(
        (9, "2026-05-31", 5),  # a Sunday: its week began before the data
        (1, "2026-06-01", 100), (2, "2026-06-07", 50), (1, "2026-06-15", 20),
        (1, "2026-06-16", 30), (3, "2026-06-10", 70), (2, "2026-06-23", 10),
    ))  # fmt: skip
    found = answers(warehouse, "retention_cohorts", datetime(2026, 6, 24, 6, tzinfo=UTC))
    assert found["span"].first("data_through") == date(2026, 6, 23)
    assert found.values_chosen.bound["grain"] == "Weeks"
    squares = [row[:4] for row in found["squares"].rows]
    assert squares == [
        (date(2026, 6, 1), 0, 2, 2),
        (date(2026, 6, 1), 1, 2, 0),
        (date(2026, 6, 1), 2, 2, 1),  # two orders in the week are one customer
        (date(2026, 6, 8), 0, 1, 1),
        (date(2026, 6, 8), 1, 1, 0),
    ]
    assert found["squares"].column("revenue_per_customer")[:3] == [75, 75, 100]
    months = answers(
        warehouse, "retention_cohorts", datetime(2026, 7, 1, 6, tzinfo=UTC), grain="Months"
    )
    assert months["squares"].rows == ()  # June is not complete: its orders end on the 23rd


def test_who_has_not_had_thirty_days_is_not_asked_whether_they_came_back(
    warehouse: sqlalchemy.Engine,
) -> None:
    put(warehouse, "marts.fct_orders", orders(
        (1, "2026-04-01", 10), (1, "2026-05-01", 10),  # on the thirtieth day
        (2, "2026-04-02", 10), (2, "2026-05-03", 10),  # one day late
        (3, "2026-05-31", 10), (4, "2026-06-01", 10), (4, "2026-06-02", 10),
        (5, "2026-06-30", 10),
    ))  # fmt: skip
    found = answers(warehouse, "retention_cohorts", datetime(2026, 7, 1, 6, tzinfo=UTC))
    assert found["again"].rows[0][:2] == (3, 1)  # the 31 May has had its thirty days
    assert found["recent"].first("returning_revenue") is None


def test_platform_health_compares_two_weeks_and_counts_who_is_silent(
    warehouse: sqlalchemy.Engine,
) -> None:
    made = datetime(2026, 7, 15, 6, tzinfo=UTC)

    def load(days: float, status: str, rows: int, bad: int) -> dict[str, object]:
        at = made - timedelta(days=days)
        return {"source": "s", "status": status, "loaded_at": at, "rows_in_file": rows,
                "rows_loaded": rows - bad, "rows_quarantined": bad}  # fmt: skip

    put(warehouse, "platform.ledger", [
        load(0.1, "loaded", 100, 1), load(6.9, "quarantined", 0, 0), load(7.1, "loaded", 50, 5),
        load(20, "loaded", 999, 99), load(1, "duplicate", 0, 0),
    ])  # fmt: skip
    health = {"rows_read": 100, "rows_quarantined": 1, "files": 2, "files_quarantined": 0}
    put(warehouse, "marts.source_health", [
        {"source": name, "newest_load_at": made.replace(tzinfo=None) - age, **health}
        for name, age in (("fresh", timedelta(hours=25)), ("late", timedelta(hours=27)))
    ])  # fmt: skip
    found = answers(warehouse, "data_platform_health", made)
    assert found["week"].rows[0] == (99, 1, pytest.approx(0.01), 1, 1)
    assert found["week_before"].rows[0] == (45, 5, pytest.approx(0.1), 0, 0)
    assert (found["loads"].first("on_time"), found["loads"].first("late")) == (1, 1)
    assert found["loads"].first("share") == pytest.approx(0.01)
    assert found["sources"].first("source") == "late"
    assert found["loads"].first("rows_read") == Decimal(200)


def test_the_backlog_says_what_comes_next_and_why(warehouse: sqlalchemy.Engine) -> None:
    made = datetime(2026, 7, 15, 6, tzinfo=UTC)
    nothing = answers(warehouse, "backlog", made)["next"]
    assert nothing.first("title") == "Nothing waits"
    first = {"rank": 1, "number": 7, "title": "Refunds", "asked": 3, "method": "rice"}
    put(warehouse, "marts.backlog", [
        {**first, "score": 64, "arithmetic": "reach 64 = 64", "objectives": "growth",
         "objective_count": 1, "state": "accepted", "overridden": False},
        {**first, "rank": 2, "number": 8, "arithmetic": "effort is not estimated", "state": "new",
         "created_at": "2026-07-05 10:00", "objective_count": 0, "overridden": False},
    ])  # fmt: skip
    put(warehouse, "marts.demand_by_month", [
        {"month": date(2026, month, 1), "shipped": month} for month in (5, 6, 7)
    ])  # fmt: skip
    found = answers(warehouse, "backlog", made)
    assert found["next"].rows[0] == (
        "Refunds",
        "Its score: reach 64 = 64.",
        "3 people have asked for it, and it serves growth.",
    )
    assert [row[1] for row in found["queue"].rows] == ["#7"]
    unscored = (2, "#8", "Refunds", "effort is not estimated", 3, 10)
    assert found["estimates"].rows == (unscored,)
    assert found["waiting"].rows[0][:6] == (2, 1, 1, 0, 1, 6)
    assert found["last_month"].first("shipped") == 6  # July is not over
    assert found["month_before"].first("shipped") == 5


def test_the_attention_report_tells_what_comes_first_and_what_was_put_off(
    warehouse: sqlalchemy.Engine,
) -> None:
    made = datetime(2026, 6, 1, 12, tzinfo=UTC)
    late = {
        "as_of": made, "rank": 1, "item": "late:raw/orders", "kind": "late", "title": "orders",
        "what": "3 days old", "importance": 8, "trouble": 6, "score": 48, "arithmetic": "(8) × (6)",
        "next_step": "Ask the shop.", "owner": "team:data",
    }  # fmt: skip
    mild = {**late, "rank": 2, "title": "stock", "trouble": 2, "score": 4, "owner": None}
    wait = {**late, "rank": 3, "snoozed_until": made, "snoozed_because": "They move"}
    put(warehouse, "product.attention", [late, mild, wait])
    found = answers(warehouse, "platform_attention", made)
    assert found["first"].first("what") == "orders: 3 days old"
    whole = found["whole"]
    shown = [whole.first(name) for name in ("things", "bad", "snoozed", "owners", "score")]
    assert shown == [2, 1, 1, 1, 52]
    assert [row[4] for row in found["top"].rows] == ["data", "nobody"]
    assert len(found["snoozed"].rows) == 1

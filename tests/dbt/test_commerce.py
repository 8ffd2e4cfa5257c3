"""Commerce models on rows of our own and on published transactions."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dbt.contracts.graph.manifest import Manifest

from tests.dbt.company_lake import CompanyLake, company_lake

COMMERCE = ("path:models/staging/commerce", "path:models/marts/commerce")
TABLES = ("shop__customers", "shop__products", "shop__orders", "shop__order_lines")
MARTS = (
    "fct_orders",
    "fct_order_lines",
    "dim_customers",
    "dim_products",
    "customer_lifetime_value",
    "daily_revenue",
    "monthly_revenue",
    "top_products",
    "retention_cohorts",
)


@pytest.fixture(scope="module")
def module_lake(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest
) -> Iterator[CompanyLake]:
    with company_lake(tmp_path_factory.mktemp("commerce"), manifest, *TABLES) as made:
        yield made


@pytest.fixture
def lake(module_lake: CompanyLake) -> CompanyLake:
    module_lake.clear()
    return module_lake


def customer(number: int, day: str = "2026-01-01", **given: Any) -> dict[str, Any]:
    at = f"{day}T08:00:00Z"
    row = {"id": number, "email": f"{number}@example.org", "name": "A B", "country": "DE"}
    return {**row, "created_at": at, "updated_at": at, "marketing_opt_in": True, **given}


def order(number: int, customer_id: int, day: str, total: str, **given: Any) -> dict[str, Any]:
    at = f"{day}T12:00:00Z"
    return {
        "id": number,
        "order_number": f"FW-{number}",
        "customer_id": customer_id,
        "status": "shipped",
        "currency": "EUR",
        "subtotal": total,
        "discount": "0",
        "shipping": "0",
        "tax": "0",
        "total": total,
        "created_at": at,
        "updated_at": at,
        **given,
    }


def line(number: int, order_id: int, quantity: int, price: str, **given: Any) -> dict[str, Any]:
    at = "2026-01-01T12:00:00Z"
    row = {"id": number, "order_id": order_id, "product_id": 7, "quantity": quantity}
    return {
        **row,
        "unit_price": price,
        "discount": "0",
        "created_at": at,
        "updated_at": at,
        **given,
    }


def product(number: int, **given: Any) -> dict[str, Any]:
    row = {"id": number, "sku": f"TE-{number}", "name": "Tent", "category": "Tents"}
    return {**row, "price": "99.90", "updated_at": "2026-01-01T00:00:00Z", **given}


def test_a_changed_order_and_a_late_old_version_leave_one_current_row(lake: CompanyLake) -> None:
    lake.land("shop__orders", [order(1, 1, "2026-01-05", "10.10", status="placed")])
    paid = {"status": "refunded", "updated_at": "2026-01-20T00:00:00Z"}
    lake.land("shop__orders", [order(1, 1, "2026-01-05", "10.10", **paid)])
    old = {"status": "paid", "updated_at": "2026-01-06T00:00:00Z"}
    lake.land("shop__orders", [order(1, 1, "2026-01-05", "10.10", **old)])
    lake.build("stg_shop_orders", "fct_orders")
    found = lake.rows("SELECT status, is_counted, gross_revenue, revenue FROM marts.fct_orders")
    assert found == [("refunded", False, Decimal("10.10"), Decimal("0.00"))]


def test_only_orders_that_count_make_revenue_and_a_first_order(lake: CompanyLake) -> None:
    lake.land(
        "shop__customers",
        [customer(1), customer(2), customer(3, deleted_at="2026-02-02T00:00:00Z")],
    )
    lake.land("shop__products", [product(7)])
    lake.land(
        "shop__orders",
        [
            order(1, 1, "2026-01-05", "50.00", status="cancelled"),
            order(2, 1, "2026-01-05", "20.05", tax="3.20", shipping="4.95", subtotal="15.10"),
            order(3, 1, "2026-01-05", "10.00"),
            order(4, 2, "2026-01-05", "0.10"),
            order(5, 1, "2026-01-07", "30.00"),
            order(6, 2, "2026-01-07", "9.00", status="refunded"),
        ],
    )
    lake.land(
        "shop__order_lines", [line(20, 2, 2, "7.55"), line(50, 5, 3, "10"), line(10, 1, 1, "50")]
    )
    lake.build(*COMMERCE)
    daily = lake.rows(
        "SELECT date, orders, revenue, net_revenue, average_order_value, new_customers, "
        "returning_customers, new_revenue, gross_revenue, cancelled_amount, refunded_orders "
        "FROM marts.daily_revenue ORDER BY 1"
    )
    assert [tuple(map(str, row)) for row in daily] == [
        ("2026-01-05", "3", "30.15", "26.95", "10.05", "2", "0", "20.15", "80.15", "50.00", "0"),
        ("2026-01-06", "0", "0.00", "0.00", "None", "0", "0", "0.00", "0.00", "0.00", "0"),
        ("2026-01-07", "1", "30.00", "30.00", "30.00", "0", "1", "0.00", "39.00", "0.00", "1"),
    ]
    monthly = lake.rows(
        "SELECT month, orders, customers, revenue, is_complete FROM marts.monthly_revenue"
    )
    assert monthly == [(date(2026, 1, 1), 4, 2, Decimal("60.15"), False)]
    types = lake.rows(
        "SELECT customer_id, orders, lifetime_value, customer_type, is_deleted "
        "FROM marts.dim_customers ORDER BY 1"
    )
    assert types == [
        (1, 3, Decimal("60.05"), "returning", False),
        (2, 1, Decimal("0.10"), "new", False),
        (3, 0, Decimal("0.00"), "prospect", True),
    ]
    sold = lake.rows("SELECT date, quantity, revenue FROM marts.top_products ORDER BY 1")
    assert sold == [
        (date(2026, 1, 5), 2, Decimal("15.10")),
        (date(2026, 1, 7), 3, Decimal("30.00")),
    ]


def test_the_models_own_tests_pass_and_notice_lines_that_do_not_add_up(lake: CompanyLake) -> None:
    lake.land("shop__customers", [customer(1)])
    lake.land("shop__products", [product(7)])
    lake.land("shop__orders", [order(1, 1, "2026-01-05", "20.00")])
    lake.land("shop__order_lines", [line(1, 1, 2, "10")])
    lake.build(*COMMERCE)
    assert set(lake.tests_of(*MARTS, "stg_shop_orders").values()) == {"pass"}
    lake.execute("UPDATE marts.fct_order_lines SET gross_amount = 19.99")
    assert lake.tests_of("fct_order_lines")["lines_add_up_to_their_orders"] == "warn"
    lake.execute("INSERT INTO marts.fct_orders SELECT * FROM marts.fct_orders")
    found = lake.tests_of("fct_orders", "daily_revenue")
    assert found["unique_fct_orders_order_id"] == "fail"
    assert found["daily_revenue_is_that_of_the_orders"] == "fail"


def test_an_empty_shop_gives_empty_marts(lake: CompanyLake) -> None:
    lake.build(*COMMERCE)
    assert [lake.table(f"marts.{name}") for name in MARTS] == [[]] * len(MARTS)


def test_retention_is_that_of_pandas_on_published_transactions(
    lake: CompanyLake, shared_data: Path
) -> None:
    """Cohorts of 15,273 order lines of an online shop (Lifetimes), counted independently."""
    source = pd.read_csv(shared_data / "orders_retention" / "example_transactions.csv")
    lake.execute(
        "INSERT INTO raw.shop__orders (id, order_number, customer_id, status, currency, subtotal, "
        "discount, shipping, tax, total, created_at, updated_at, _file, _load_id) "
        "SELECT row_number() OVER (), 'n', id, 'shipped', 'EUR', 1, 0, 0, 0, 1, date, date, 'f', 1 "
        f"FROM read_csv('{shared_data}/orders_retention/example_transactions.csv')"
    )
    lake.build(
        "path:models/staging/commerce", "fct_orders", "customer_lifetime_value", "retention_cohorts"
    )
    found = lake.frame(
        "SELECT cohort_month, month_offset, customers, active_customers, orders, retention_rate "
        "FROM marts.retention_cohorts"
    )
    month = pd.to_datetime(source["date"]).dt.to_period("M")
    cohort = month.groupby(source["id"]).transform("min")
    offset = (month.dt.year - cohort.dt.year) * 12 + month.dt.month - cohort.dt.month
    counted = source.assign(cohort=cohort, offset=offset).groupby(["cohort", "offset"])["id"]
    expected = pd.DataFrame({"active": counted.nunique(), "orders": counted.size()})
    sizes = source.assign(cohort=cohort).groupby("cohort")["id"].nunique()
    busy = found[found["orders"] > 0]
    keys = pd.MultiIndex.from_arrays(
        [pd.to_datetime(busy["cohort_month"]).dt.to_period("M"), busy["month_offset"]]
    )
    assert len(source) == found["orders"].sum() == 15_273
    assert dict(zip(keys, busy["active_customers"], strict=True)) == expected["active"].to_dict()
    assert dict(zip(keys, busy["orders"], strict=True)) == expected["orders"].to_dict()
    start = found[found["month_offset"] == 0]
    assert start["customers"].tolist() == start["active_customers"].tolist()
    assert start["customers"].sum() == sizes.sum() == source["id"].nunique()
    last, first = month.max(), month.min()
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    assert len(found) == sum(months - i for i in range(months) if first + i in sizes.index)


def test_lifetime_value_is_to_the_newest_order_and_not_to_today(lake: CompanyLake) -> None:
    lake.land("shop__orders", [order(1, 1, "2026-01-30", "10"), order(2, 1, "2026-02-10", "5.50")])
    lake.land("shop__orders", [order(3, 2, "2026-03-02", "99")])
    lake.build("stg_shop_orders", "fct_orders", "customer_lifetime_value")
    found = lake.rows(
        "SELECT customer_id, cohort_month, orders, revenue, average_order_value, days_as_customer, "
        "days_since_last_order, value_decile FROM marts.customer_lifetime_value ORDER BY 1"
    )
    assert found == [
        (1, date(2026, 1, 1), 2, Decimal("15.50"), Decimal("7.75"), 31, 20, 2),
        (2, date(2026, 3, 1), 1, Decimal("99.00"), Decimal("99.00"), 0, 0, 1),
    ]

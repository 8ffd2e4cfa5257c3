"""Orders: the database, the events and the manifest tell one story, to the cent."""

import json
import sqlite3
from collections import Counter
from typing import Any

import pytest

from platform_assets.sample.commerce import money, share_out

from .conftest import CONFIG, Made
from .naive import first_deliveries, read_events

Rows = list[dict[str, Any]]


def table(made: Made, name: str) -> Rows:
    """Return a table's rows."""
    con = sqlite3.connect(made.shop)
    con.row_factory = sqlite3.Row
    rows = [dict(row) for row in con.execute(f"SELECT * FROM {name} ORDER BY id")]
    con.close()
    return rows


def cents(value: Any) -> int:
    return round(float(value) * 100)


@pytest.fixture(scope="module")
def orders(made: Made) -> Rows:
    return table(made, "orders")


@pytest.fixture(scope="module")
def events(made: Made) -> list[dict[str, Any]]:
    return [
        event
        for source in ("web_events", "app_events")
        for event in first_deliveries(read_events(made.landing / source)).values()
    ]


def test_the_database_holds_what_the_manifest_says(made: Made, orders: Rows) -> None:
    shop = made.manifest.shop
    assert len(orders) == shop.orders > 60
    assert len(table(made, "customers")) == shop.customers
    assert len(table(made, "products")) == shop.products
    assert len(table(made, "order_lines")) == shop.order_lines
    assert dict(Counter(order["status"] for order in orders)) == shop.orders_by_status
    assert sum(cents(order["total"]) for order in orders) == shop.revenue_cents
    by_day: Counter[str] = Counter()
    for order in orders:
        by_day[order["created_at"][:10]] += cents(order["total"])
    assert dict(by_day) == shop.revenue_cents_by_day
    kept = [o for o in orders if o["status"] not in ("cancelled", "refunded")]
    assert sum(cents(order["total"]) for order in kept) == shop.revenue_kept_cents
    assert sum(shop.orders_by_day.values()) == shop.orders
    deleted = [c for c in table(made, "customers") if c["deleted_at"]]
    assert len(deleted) == shop.customers_deleted
    assert not any(customer["marketing_opt_in"] for customer in deleted)


def test_every_order_event_is_an_order_with_the_same_total(
    made: Made, orders: Rows, events: Rows
) -> None:
    completed = [event for event in events if event.get("event") == "Order Completed"]
    by_number = {order["order_number"]: order for order in orders}
    for event in completed:
        properties, order = event["properties"], by_number[event["properties"]["order_id"]]
        assert cents(properties["total"]) == cents(order["total"])
        assert cents(properties["tax"]) == cents(order["tax"])
        assert properties["coupon"] == order["coupon"]
        assert event["userId"] == f"c_{order['customer_id']}"
        lag = event["timestamp"].replace("T", " ")[:23] >= order["created_at"]
        assert lag
    shop = made.manifest.shop
    assert len({event["properties"]["order_id"] for event in completed}) == len(completed)
    assert len(completed) == shop.orders_with_event
    revenue = sum(cents(event["properties"]["total"]) for event in completed)
    planted = made.manifest
    assert (
        revenue == planted.web_events.order_revenue_cents + planted.app_events.order_revenue_cents
    )


def test_orders_without_an_event_are_known(made: Made) -> None:
    shop = made.manifest.shop
    origin = shop.orders_by_origin
    assert origin["ad_blocker"] > 0
    assert origin["phone"] > 0
    tracked = origin["web"] + origin["app"]
    assert tracked == shop.orders_with_event + shop.orders_event_in_transit
    assert sum(origin.values()) == shop.orders


def test_the_lines_of_an_order_add_up_to_its_amounts(made: Made, orders: Rows) -> None:
    products = {product["id"]: product for product in table(made, "products")}
    subtotal: Counter[int] = Counter()
    discount: Counter[int] = Counter()
    for line in table(made, "order_lines"):
        assert line["product_id"] in products
        subtotal[line["order_id"]] += line["quantity"] * cents(line["unit_price"])
        discount[line["order_id"]] += cents(line["discount"])
    for order in orders:
        assert subtotal[order["id"]] == cents(order["subtotal"])
        assert discount[order["id"]] == cents(order["discount"])
        parts = cents(order["subtotal"]) - cents(order["discount"]) + cents(order["shipping"])
        assert parts == cents(order["total"])
        assert 0 < cents(order["tax"]) < cents(order["total"]) * 0.2 + 1
    assert any(discount.values())


def test_times_of_rows_never_lie_after_the_end_or_before_their_creation(made: Made) -> None:
    end = CONFIG.end.isoformat()
    for name in ("customers", "orders", "order_lines"):
        for row in table(made, name):
            assert row["created_at"] <= row["updated_at"] < end


def test_customers_come_back_and_some_orders_are_undone(made: Made, orders: Rows) -> None:
    per_customer = Counter(order["customer_id"] for order in orders)
    repeated = sum(count > 1 for count in per_customer.values())
    assert 0.05 < repeated / len(per_customer) < 0.6
    statuses = made.manifest.shop.orders_by_status
    assert statuses["refunded"] + statuses["cancelled"] < 0.2 * len(orders)
    assert statuses["shipped"] > 0.6 * len(orders)


def test_the_funnel_only_gets_narrower(made: Made) -> None:
    for planted in (made.manifest.web_events, made.manifest.app_events):
        steps = [
            planted.counts[step]
            for step in ("Product Viewed", "Product Added", "Checkout Started", "Order Completed")
        ]
        assert steps == sorted(steps, reverse=True)
        assert steps[-1] > 0


def test_an_order_follows_its_checkout_on_the_same_device(events: Rows) -> None:
    first: dict[tuple[str, str], str] = {}
    for event in events:
        key = event["anonymousId"], event.get("event") or event["type"]
        first[key] = min(first.get(key, "9"), event["timestamp"])
    ordered = [(device, at) for (device, kind), at in first.items() if kind == "Order Completed"]
    for device, at in ordered:
        assert (
            first[device, "Product Viewed"]
            < first[device, "Product Added"]
            < first[device, "Checkout Started"]
            < at
        )
        assert (device, "identify") not in first or first[device, "identify"] < at


def test_people_use_several_devices_and_are_known_again_by_login(events: Rows) -> None:
    devices: dict[str, set[str]] = {}
    kinds: dict[str, set[str]] = {}
    for event in events:
        if event["userId"]:
            devices.setdefault(event["userId"], set()).add(event["anonymousId"])
            kind = "app" if "app" in event["context"] else "web"
            kinds.setdefault(event["userId"], set()).add(kind)
    assert sum(len(ids) > 1 for ids in devices.values()) > 5
    assert sum(len(of) == 2 for of in kinds.values()) > 2


def test_a_device_belongs_to_nobody_before_its_first_identify(events: Rows) -> None:
    identified: dict[str, str] = {}
    for event in events:
        if event["type"] == "identify":
            key = event["anonymousId"]
            identified[key] = min(identified.get(key, "9"), event["timestamp"])
    anonymous_before = [
        event
        for event in events
        if event["userId"] is None and event["timestamp"] < identified.get(event["anonymousId"], "")
    ]
    assert len(anonymous_before) > 100


def test_user_ids_are_customers_of_the_database(made: Made, events: Rows) -> None:
    customers = {f"c_{row['id']}": row for row in table(made, "customers")}
    assert {event["userId"] for event in events if event["userId"]} <= customers.keys()
    for event in events:
        if event["type"] == "identify":
            assert event["traits"]["email"] == customers[event["userId"]]["email"]
    assert len({row["email"] for row in customers.values()}) == len(customers)


def test_a_discount_is_shared_out_without_losing_a_cent() -> None:
    assert share_out(100, [1, 1, 1]) == [34, 33, 33]
    assert sum(share_out(999, [12995, 4595, 1995])) == 999
    assert share_out(0, [5]) == [0]


def test_money_is_written_as_decimal_text() -> None:
    assert [money(0), money(5), money(1250), money(-105)] == ["0.00", "0.05", "12.50", "-1.05"]
    assert json.loads(money(1999)) == 19.99

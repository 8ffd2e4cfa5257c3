"""SQL in plain words where it is simple, and no words where it is not."""

import pytest

from platform_assets.catalog import plain_words
from platform_assets.lineage.model import DIRECT, Edge, Source

CONDITIONS = {
    "status <> 'cancelled'": "only orders that are not cancelled",
    "NOT o.status IN ('cancelled', 'refunded')": "only orders that are not cancelled or refunded",
    "status = 'Q7'": "only orders whose status is “Q7”",
    "is_counted": "only orders marked as counted",
    "is_robot = FALSE": "only orders not marked as robot",
    "NOT has_email": "only orders that have no email",
    "coupon IS NULL": "only orders whose coupon is not known",
    "NOT coupon IS NULL": "only orders whose coupon is known",
    "total >= 10.5": "only orders whose total is at least 10.5",
    "country IN ('DE', 'AT', 'CH')": "only orders whose country is “DE”, “AT” or “CH”",
    "at_day >= CAST('2026-01-01' AS DATE)": "only orders whose at day is on or after 2026-01-01",
    "day BETWEEN a_day AND z_day": "only orders whose day lies between a day and z day",
    "sku LIKE 'FW-%'": "only orders whose sku begins with “FW-”",
    "a = 1 OR b = 2": "only orders whose a is 1 or whose b is 2",
    "a = 1 AND is_new": "only orders whose a is 1 and marked as new",
    "at < $period_from": "only orders whose at is less than what the reader chose as “period from”",
}


@pytest.mark.parametrize("sql", CONDITIONS)
def test_a_simple_condition_has_words(sql: str) -> None:
    assert plain_words.condition(sql, "orders") == CONDITIONS[sql]


@pytest.mark.parametrize(
    "sql",
    [
        "length(name) > 3",
        "a = 1 AND length(name) > 3",
        "(a = 1 AND b = 2) OR c = 3",
        "NOT (a < 1)",
        "x LIKE 'a%b'",
        "EXISTS(SELECT 1 FROM t)",
        "status = 'cancel…",
        "this is no SQL (",
    ],
)
def test_what_is_not_simple_has_none(sql: str) -> None:
    assert plain_words.condition(sql, "orders") == ""


def test_joins_groups_and_windows_have_words() -> None:
    assert plain_words.join("o.customer_id = c.customer_id") == "the same customer id"
    assert plain_words.join("o.id = c.order_id") == "id on one side and order id on the other"
    assert plain_words.join("o.at > c.at") == ""
    assert plain_words.group(("channel", "date_trunc('week', day)")) == (
        "one row for each channel and week of day"
    )
    assert plain_words.window("row_number() OVER (PARTITION BY id ORDER BY at DESC)") == (
        "rows with the same id are looked at together, by at, latest or largest first"
    )


@pytest.mark.parametrize(
    ("subtype", "sql", "words"),
    [
        ("IDENTITY", "", "as it is"),
        ("TRANSFORMATION", "upper(x)", "worked out from"),
        ("AGGREGATION", "SUM(x)", "the sum of"),
        ("AGGREGATION", "COALESCE(MAX(x), 0)", "the largest of"),
        ("AGGREGATION", "SUM(x) / COUNT(*)", "worked out from many rows of"),
        ("AGGREGATION", "SUM(x", "put together from many rows of"),
    ],
)
def test_the_way_of_a_value_has_words(subtype: str, sql: str, words: str) -> None:
    assert plain_words.way(Edge(Source("s.t", "x"), DIRECT, subtype, sql)) == words


def test_rows_are_called_by_their_table() -> None:
    assert plain_words.noun("marts.fct_orders") == "orders"
    assert plain_words.noun("raw.shop__customers") == "customers"
    assert plain_words.noun("marts.daily_revenue") == "rows of daily revenue"

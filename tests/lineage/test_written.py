"""Statements that write: which columns they put into their table, and what decides over it."""

import pytest

from platform_assets.lineage.columns import trace
from platform_assets.lineage.model import Statement
from tests.lineage.test_columns import SCHEMAS, told, traced

TARGET = SCHEMAS | {"m.totals": ["id", "total", "note"]}
MATCHED = {"orders.customer_id JOIN", "totals.id JOIN"}

CASES = {
    "INSERT by place": (
        "insert into lake.m.totals select customer_id, sum(amount) from m.orders group by 1",
        {"id": {"orders.customer_id IDENTITY"}, "total": {"orders.amount AGGREGATION"}},
        {"orders.customer_id GROUP_BY"},
    ),
    "INSERT into named columns, by name, and with a WITH before it": (
        "with o as (select id, amount from m.orders where items is null) "
        "insert into m.totals (total, id) select amount, id from o",
        {"total": {"orders.amount IDENTITY"}, "id": {"orders.id IDENTITY"}},
        {"orders.items FILTER"},
    ),
    "INSERT BY NAME": (
        "insert into m.totals by name select amount as total, id from m.orders",
        {"total": {"orders.amount IDENTITY"}, "id": {"orders.id IDENTITY"}},
        set(),
    ),
    "INSERT that updates where there is a row": (
        "insert into m.totals (id, total) select id, amount from m.orders "
        "on conflict (id) do update set total = totals.total + excluded.total",
        {
            "id": {"orders.id IDENTITY"},
            "total": {"orders.amount TRANSFORMATION", "totals.total TRANSFORMATION"},
        },
        {"orders.id JOIN", "totals.id JOIN"},
    ),
    "UPDATE FROM": (
        "update m.totals as t set total = t.total + o.amount, note = 'late' from m.orders o "
        "join m.customers c on c.id = o.customer_id where t.id = o.id and c.name = 'x'",
        {
            "total": {"totals.total TRANSFORMATION", "orders.amount TRANSFORMATION"},
            "note": set(),
        },
        {
            *("customers.id JOIN", "orders.customer_id JOIN", "totals.id JOIN", "orders.id JOIN"),
            "customers.name FILTER",
        },
    ),
    "UPDATE without FROM": (
        "with most as (select max(amount) as amount from m.orders) "
        "update m.totals set total = (select amount from most) where note is null",
        {"total": {"orders.amount AGGREGATION"}},
        {"totals.note FILTER"},
    ),
    "MERGE: each WHEN writes, its condition and those before it decide": (
        "merge into m.totals t using (select customer_id, amount, items from m.orders) s "
        "on t.id = s.customer_id "
        "when matched and s.items is null then delete "
        "when matched then update set total = t.total + s.amount "
        "when not matched and s.amount > 0 then "
        "insert (id, total) values (s.customer_id, s.amount)",
        {
            "total": {"totals.total TRANSFORMATION", "orders.amount TRANSFORMATION"},
            "id": {"orders.customer_id IDENTITY"},
        },
        {*MATCHED, "orders.items FILTER", "orders.amount FILTER"},
    ),
    "MERGE of all columns": (
        "merge into m.totals t using (select customer_id as id, amount as total from m.orders) s "
        "on t.id = s.id when matched then update set * when not matched then insert *",
        {"id": {"orders.customer_id IDENTITY"}, "total": {"orders.amount IDENTITY"}},
        MATCHED,
    ),
    "MERGE by place, with a WITH before it": (
        "with s as (select customer_id, amount from m.orders) merge into m.totals t using s "
        "on t.id = s.customer_id when not matched then insert values (s.customer_id, 1, 'new')",
        {"id": {"orders.customer_id IDENTITY"}, "total": set(), "note": set()},
        MATCHED,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_statement_writes_rests_on(name: str) -> None:
    sql, columns, rows = CASES[name]
    found = trace([Statement("x", "", sql)], TARGET, None)["x"]
    assert found.problem == ""
    assert {column: told(edges) for column, edges in found.columns.items()} == columns
    assert told(found.rows) == rows


def test_columns_that_are_not_known_are_not_guessed() -> None:
    merged = traced(
        "merge into x.t using m.orders o on t.id = o.id when not matched then insert values (o.id)"
    )
    assert merged.columns == {} and "it inserts into columns that are not known" in merged.problem
    inserted = traced("insert into x.t select id, amount from m.orders")
    assert list(inserted.columns) == ["id", "amount"], "as they are called where they come from"


def test_spark_merges_the_same_way() -> None:
    found = traced(
        "MERGE INTO m.days AS d USING m.orders AS o ON d.day = o.ordered_at "
        "WHEN MATCHED THEN UPDATE SET d.holiday = get_json_object(o.properties, '$.free')",
        "",
        "spark",
    )
    assert told(found.columns["holiday"]) == {"orders.properties:properties.free IDENTITY"}
    assert told(found.rows) == {"days.day JOIN", "orders.ordered_at JOIN"}

"""What a column rests on, one construct of SQL at a time.

An edge is written `table.column KIND`, of a path `table.column:path KIND`; `*` is a whole table.
"""

from pathlib import Path

import pytest

from platform_assets.lineage.columns import trace
from platform_assets.lineage.model import Edge, Statement, TableLineage

SCHEMAS = {
    "m.orders": ["id", "customer_id", "amount", "properties", "ordered_at", "items"],
    "m.customers": ["id", "name", "Segment"],
    "m.days": ["day", "holiday"],
}
KEYS = {"m.customers": [["id"]]}


def traced(sql: str, table: str = "", dialect: str = "duckdb") -> TableLineage:
    return trace([Statement("x", table, sql, dialect)], SCHEMAS, None, KEYS)["x"]


def told(edges: tuple[Edge, ...]) -> set[str]:
    found = set()
    for edge in edges:
        source = edge.source
        name = f"{source.table.removeprefix('m.')}.{source.column or '*'}"
        found.add(f"{name}{':' if source.path else ''}{source.path} {edge.subtype}")
    return found


CASES = {
    "a column as it is": (
        "select id from m.orders",
        {"id": {"orders.id IDENTITY"}},
        set(),
    ),
    "its spelling is the table's": (
        "select SEGMENT as s from m.customers",
        {"s": {"customers.Segment IDENTITY"}},
        set(),
    ),
    "changed and gathered, filtered, grouped, and held back": (
        "select customer_id as c, sum(amount * 2) as total, count(*) as n from lake.m.orders "
        "where ordered_at > '2024-01-01' group by 1 having max(id) > 3",
        {
            "c": {"orders.customer_id IDENTITY"},
            "total": {"orders.amount AGGREGATION"},
            "n": {"orders.* AGGREGATION"},
        },
        {"orders.ordered_at FILTER", "orders.customer_id GROUP_BY", "orders.id FILTER"},
    ),
    "an inner join decides over all": (
        "select o.id, c.name from m.orders o join m.customers c on o.customer_id = c.id",
        {"id": {"orders.id IDENTITY"}, "name": {"customers.name IDENTITY"}},
        {"orders.customer_id JOIN", "customers.id JOIN"},
    ),
    "a left join to at most one row decides over its own columns": (
        "select o.id, c.name from m.orders o left join m.customers c on o.customer_id = c.id",
        {
            "id": {"orders.id IDENTITY"},
            "name": {"customers.name IDENTITY", "orders.customer_id JOIN", "customers.id JOIN"},
        },
        set(),
    ),
    "a left join to the first row of each decides over its own columns": (
        "select c.name, o.amount from m.customers c left join (select *, row_number() over "
        "(partition by customer_id order by ordered_at) as place from m.orders) o "
        "on o.customer_id = c.id and o.place = 1",
        {
            "name": {"customers.name IDENTITY"},
            "amount": {
                *("orders.amount IDENTITY", "orders.customer_id JOIN", "customers.id JOIN"),
                *("orders.customer_id WINDOW", "orders.ordered_at WINDOW"),
            },
        },
        set(),
    ),
    "a left join to the first row of each of something else decides over all": (
        "select c.name from m.customers c left join (select *, row_number() over "
        "(partition by amount order by ordered_at) as place from m.orders) o "
        "on o.customer_id = c.id and o.place = 1",
        {"name": {"customers.name IDENTITY"}},
        {
            *("orders.customer_id JOIN", "customers.id JOIN"),
            *("orders.amount WINDOW", "orders.ordered_at WINDOW"),
        },
    ),
    "a left join to many rows decides over all": (
        "select c.name from m.customers c left join m.orders o on o.customer_id = c.id",
        {"name": {"customers.name IDENTITY"}},
        {"orders.customer_id JOIN", "customers.id JOIN"},
    ),
    "a join in WHERE is a join": (
        "select o.id from m.orders o, m.customers c where o.customer_id = c.id and c.name = 'x'",
        {"id": {"orders.id IDENTITY"}},
        {"orders.customer_id JOIN", "customers.id JOIN", "customers.name FILTER"},
    ),
    "what filters a common table expression touches all that reads it": (
        "with a as (select id, amount from m.orders where ordered_at > '2024'), "
        "b as (select id, amount + 1 as more from a) select sum(more) as s from b",
        {"s": {"orders.amount AGGREGATION", "orders.ordered_at FILTER"}},
        set(),
    ),
    "CASE: its conditions decide, its branches flow": (
        "select case when customer_id = 1 then amount else id end as v from m.orders",
        {
            "v": {
                "orders.amount TRANSFORMATION",
                "orders.id TRANSFORMATION",
                "orders.customer_id CONDITIONAL",
            }
        },
        set(),
    ),
    "a window is partitioned and ordered": (
        "select lag(amount) over w as before from m.orders "
        "window w as (partition by customer_id order by ordered_at)",
        {
            "before": {
                "orders.amount TRANSFORMATION",
                "orders.customer_id WINDOW",
                "orders.ordered_at WINDOW",
            }
        },
        set(),
    ),
    "the first row of each: its order decides over all but what they share": (
        "select customer_id, amount from (select *, row_number() over "
        "(partition by customer_id order by ordered_at) as place from m.orders) where place = 1",
        {
            "customer_id": {"orders.customer_id IDENTITY"},
            "amount": {"orders.amount IDENTITY", "orders.ordered_at WINDOW"},
        },
        {"orders.customer_id WINDOW"},
    ),
    "the first row of each, if it is looked at: its order decides over all": (
        "select customer_id, amount from (select *, row_number() over "
        "(partition by customer_id order by ordered_at) as place from m.orders) "
        "where place = 1 and amount > 3",
        {"customer_id": {"orders.customer_id IDENTITY"}, "amount": {"orders.amount IDENTITY"}},
        {"orders.customer_id WINDOW", "orders.ordered_at WINDOW", "orders.amount FILTER"},
    ),
    "the first row of each: a column it is ordered by rests on that and those before it": (
        "select amount, ordered_at, cast(ordered_at as date) as day, items from (select *, "
        "false as stored, row_number() over (partition by customer_id order by ordered_at desc, "
        "amount, id) as place from m.orders) where place = 1 and not stored",
        {
            "amount": {
                "orders.amount IDENTITY",
                "orders.amount WINDOW",
                "orders.ordered_at WINDOW",
            },
            "ordered_at": {"orders.ordered_at IDENTITY", "orders.ordered_at WINDOW"},
            "day": {"orders.ordered_at TRANSFORMATION", "orders.ordered_at WINDOW"},
            "items": {
                *("orders.items IDENTITY", "orders.ordered_at WINDOW", "orders.amount WINDOW"),
                "orders.id WINDOW",
            },
        },
        {"orders.customer_id WINDOW"},
    ),
    "the first row of each, where two tables have what it is ordered by": (
        "select name from (select a.name, customer_id, row_number() over (partition by customer_id "
        "order by b.name, a.amount) as place from (select customer_id, amount, items as name "
        "from m.orders) a join m.customers b on a.customer_id = b.id) where place = 1",
        {
            "name": {
                *("orders.items IDENTITY", "customers.name WINDOW", "orders.amount WINDOW"),
            }
        },
        {"orders.customer_id JOIN", "customers.id JOIN", "orders.customer_id WINDOW"},
    ),
    "a window over rows that are alone in it decides nothing": (
        "select customer_id, arg_min(total, place) as first from (select o.*, c.name, "
        "row_number() over (partition by o.customer_id order by c.name) as place "
        "from (select customer_id, sum(amount) as total from m.orders group by 1) o "
        "left join m.customers c on c.id = o.customer_id) where place = 1 group by 1",
        {
            "customer_id": {"orders.customer_id IDENTITY"},
            "first": {"orders.amount AGGREGATION"},
        },
        {"orders.customer_id GROUP_BY"},
    ),
    "a window over rows that a join repeats, or whose key may lack": (
        "select row_number() over (partition by o.customer_id order by c.name) as a, "
        "row_number() over (partition by c.id order by o.total) as b "
        "from (select customer_id, sum(amount) as total from m.orders group by 1) o "
        "left join m.customers c on c.name = o.customer_id",
        {
            "a": {"customers.name WINDOW", "orders.customer_id WINDOW"},
            "b": {"customers.id WINDOW", "orders.amount WINDOW"},
        },
        {
            *("orders.customer_id GROUP_BY", "orders.customer_id JOIN"),
            "customers.name JOIN",
        },
    ),
    "all fields of a struct": (
        "select s.* from (select {'a': id, 'b': amount} as s from m.orders)",
        {"a": {"orders.id IDENTITY"}, "b": {"orders.amount IDENTITY"}},
        set(),
    ),
    "an order that cuts": (
        "select id from m.orders order by amount desc limit 3",
        {"id": {"orders.id IDENTITY"}},
        {"orders.amount SORT"},
    ),
    "an order that cuts nothing": (
        "select id from m.orders order by amount desc",
        {"id": {"orders.id IDENTITY"}},
        set(),
    ),
    "aggregates of an order and of a condition": (
        "select arg_min(amount, ordered_at) filter (where id > 3) as a, "
        "string_agg(customer_id, ',' order by id) as b from m.orders",
        {
            "a": {"orders.amount AGGREGATION", "orders.ordered_at SORT", "orders.id FILTER"},
            "b": {"orders.customer_id AGGREGATION", "orders.id SORT"},
        },
        set(),
    ),
    "a path into JSON is a column": (
        "with a as (select properties from m.orders) "
        "select properties->>'$.price.net' as p, "
        "json_extract_string(properties, '$.sku') as s from a",
        {
            "p": {"orders.properties:properties.price.net IDENTITY"},
            "s": {"orders.properties:properties.sku IDENTITY"},
        },
        set(),
    ),
    "paths taken out together are told apart": (
        "select nullif(r[2], '') as b from "
        "(select json_extract_string(properties, ['$.a', '$.b']) as r from m.orders)",
        {"b": {"orders.properties:properties.b TRANSFORMATION"}},
        set(),
    ),
    "fields of a struct are told apart": (
        "select s.a, s['b'] as b from (select {'a': id, 'b': amount} as s from m.orders)",
        {"a": {"orders.id IDENTITY"}, "b": {"orders.amount IDENTITY"}},
        set(),
    ),
    "a list makes rows": (
        "select o.id, i.item->>'price' as p from m.orders o, "
        "unnest(from_json(o.properties->'$.items', '[\"json\"]')) as i(item)",
        {
            "id": {"orders.id IDENTITY"},
            "p": {"orders.properties:properties.items.price TRANSFORMATION"},
        },
        {"orders.properties:properties.items JOIN"},
    ),
    "membership and existence": (
        "select amount from m.orders o where customer_id in (select id from m.customers where "
        "name = 'x') and exists (select 1 from m.days d where d.day = o.ordered_at)",
        {"amount": {"orders.amount IDENTITY"}},
        {
            "orders.customer_id FILTER",
            "customers.id FILTER",
            "customers.name FILTER",
            "days.day JOIN",
            "orders.ordered_at JOIN",
            "days.* FILTER",
        },
    ),
    "a correlated subquery among the columns": (
        "select (select max(name) from m.customers c where c.id = o.customer_id) as n "
        "from m.orders o",
        {"n": {"customers.name AGGREGATION", "customers.id JOIN", "orders.customer_id JOIN"}},
        set(),
    ),
    "a union has the columns of both, and of a distinct one repeated rows go": (
        "select id from m.orders union select id from m.customers",
        {"id": {"orders.id IDENTITY", "customers.id IDENTITY"}},
        {"orders.id GROUP_BY", "customers.id GROUP_BY"},
    ),
    "a recursive query": (
        "with recursive t as (select id, amount from m.orders union all "
        "select o.id, t.amount + o.amount from t join m.orders o on o.customer_id = t.id) "
        "select amount from t",
        {"amount": {"orders.amount TRANSFORMATION"}},
        {"orders.customer_id JOIN", "orders.id JOIN"},
    ),
    "stars with exceptions and replacements": (
        "select * exclude (properties, items, ordered_at) replace (amount + 1 as amount) "
        "from m.orders",
        {
            "id": {"orders.id IDENTITY"},
            "customer_id": {"orders.customer_id IDENTITY"},
            "amount": {"orders.amount TRANSFORMATION"},
        },
        set(),
    ),
    "USING merges": (
        "select id, name from m.orders join m.customers using (id)",
        {"id": {"orders.id IDENTITY"}, "name": {"customers.name IDENTITY"}},
        {"orders.id JOIN", "customers.id JOIN"},
    ),
    "PIVOT": (
        "from m.orders pivot (sum(amount) for customer_id in (1, 2) group by id)",
        {
            "id": {"orders.id IDENTITY"},
            "1": {"orders.amount AGGREGATION", "orders.customer_id CONDITIONAL"},
            "2": {"orders.amount AGGREGATION", "orders.customer_id CONDITIONAL"},
        },
        {"orders.id GROUP_BY"},
    ),
    "UNPIVOT": (
        "select n, v from (select id, amount from m.orders) unpivot (v for n in (id, amount))",
        {"n": set(), "v": {"orders.id IDENTITY", "orders.amount IDENTITY"}},
        {"orders.id FILTER", "orders.amount FILTER"},
    ),
    "a group that another determines decides nothing": (
        "select c.id, c.name, sum(o.amount) as s from m.customers c, m.orders o "
        "where c.id = o.customer_id group by c.id, c.name",
        {
            "id": {"customers.id IDENTITY"},
            "name": {"customers.name IDENTITY"},
            "s": {"orders.amount AGGREGATION"},
        },
        {"customers.id JOIN", "orders.customer_id JOIN", "customers.id GROUP_BY"},
    ),
    "an alias named beside it": (
        "select amount + 1 as a, a * 2 as b from m.orders where b > 3",
        {"a": {"orders.amount TRANSFORMATION"}, "b": {"orders.amount TRANSFORMATION"}},
        {"orders.amount FILTER"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_column_rests_on(name: str) -> None:
    sql, columns, rows = CASES[name]
    found = traced(sql)
    assert found.problem == ""
    assert {column: told(edges) for column, edges in found.columns.items()} == columns
    assert told(found.rows) == rows


def test_an_edge_quotes_the_sql_that_makes_it() -> None:
    found = traced(
        "with a as (select sum(amount) as total, customer_id from m.orders "
        "where id > 3 and ordered_at is not null group by all) "
        "select round(total, 2) as revenue from a"
    )
    direct, *_ = found.columns["revenue"]
    assert direct.expression == "SUM(amount)"
    assert [edge.expression for edge in found.rows] == [
        "id > 3",
        "NOT ordered_at IS NULL",
        "customer_id",
    ]


PROBLEMS = {
    "select id frm m.orders": "Its SQL is not read",
    "select id from m.orders; select 1": "it holds 2 statements",
    "delete from m.orders where id = 1": "it is no query but DELETE",
    "update m.orders set (id, amount) = (select 1, 2)": "it sets (id, amount)",
    "merge into m.days d using m.orders o on d.day = o.ordered_at when matched then delete": (
        "it writes no column"
    ),
    "select * from elsewhere.t": "the columns of elsewhere.t are not",
    "select a from x.t, x.u": "the columns of x.t, x.u are not known",
    "select items.* from m.orders": "items.* stands for is not found out",
    "select nope from m.orders": "The column nope is in none of the tables read",
    "select * from read_csv('x.csv')": "READ_CSV('x.csv') reads is no table",
    "pivot m.orders on customer_id using sum(amount)": "What * stands for is not known",
}


@pytest.mark.parametrize("sql", PROBLEMS)
def test_what_is_not_known_is_said(sql: str) -> None:
    assert PROBLEMS[sql] in traced(sql).problem


def test_what_is_known_beside_it_is_told() -> None:
    found = traced("select o.id, u.x, y from m.orders o, x.u, x.v")
    assert told(found.columns["id"]) == {"orders.id IDENTITY"}
    assert told(found.columns["x"]) == {"x.u.x IDENTITY"}
    assert found.columns["y"] == () and "Whose column y is" in found.problem


def test_columns_that_data_name_are_those_of_the_table() -> None:
    made = trace(
        [Statement("p", "m.p", "pivot m.orders on customer_id using sum(amount) group by id")],
        SCHEMAS | {"m.p": ["id", "Ada", "Bob"]},
    )["p"]
    assert made.problem == ""
    assert told(made.columns["Ada"]) == {
        "orders.amount AGGREGATION",
        "orders.customer_id CONDITIONAL",
    }


def test_a_statement_reads_the_columns_that_were_traced_before_it() -> None:
    statements = [
        Statement("a", "m.a", "select id as number, amount from m.orders"),
        Statement("b", "m.b", "select * from m.a"),
    ]
    found = trace(statements, SCHEMAS | {"m.a": ["old", "columns"]})
    assert list(found["b"].columns) == ["number", "amount"]


def test_spark_is_read_as_spark() -> None:
    found = traced("select get_json_object(properties, '$.a.b') as `p` from m.orders", "", "spark")
    assert told(found.columns["p"]) == {"orders.properties:properties.a.b IDENTITY"}


def test_lineage_is_kept_until_sql_or_a_schema_it_reads_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from platform_assets.lineage import columns

    calls: list[str] = []
    plain = columns.trace_one
    monkeypatch.setattr(columns, "trace_one", lambda s, *a: (calls.append(s.key), plain(s, *a))[1])
    star = Statement("x", "", "select * from m.days")
    first = trace([star], SCHEMAS, tmp_path)
    assert trace([star], SCHEMAS, tmp_path) == first
    assert len(calls) == 1
    trace([star], SCHEMAS | {"m.orders": ["id"]}, tmp_path)
    assert len(calls) == 1, "a table that it does not read has changed"
    wider = trace([star], SCHEMAS | {"m.days": ["day", "holiday", "season"]}, tmp_path)
    assert list(wider["x"].columns) == ["day", "holiday", "season"] and len(calls) == 2
    (tmp_path / "columns.sqlite").write_bytes(b"torn")
    assert trace([star], SCHEMAS, tmp_path) == first and len(calls) == 3

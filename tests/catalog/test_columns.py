"""Walking column lineage both ways, the drawing of it, and the page of a column."""

import dagster as dg
from starlette.testclient import TestClient

from platform_assets.catalog.column_drawing import drawing
from platform_assets.catalog.column_pages import column_page
from platform_assets.catalog.columns import ROWS, VALUES, Columns
from platform_assets.catalog.highlight import sql
from platform_assets.inventory.health import Status
from platform_assets.inventory.landed import NOT_DECLARED, SCHEMA, Landed
from platform_assets.lineage.model import DIRECT, IDENTITY, Edge, Source, TableLineage
from tests.catalog.world import NOW, FixedCatalog, lineage

REVENUE = ("marts/fct_orders", "revenue")


def test_a_column_is_walked_up_to_its_source_and_down_to_the_report() -> None:
    columns = lineage()
    assert columns.walk(REVENUE, columns.up) == {
        ("staging/stg_orders", "total"): 1,
        ("raw/shop/orders", "total"): 2,
    }
    assert columns.walk(REVENUE, columns.down) == {("report/revenue#kpi", "revenue"): 1}


def test_a_number_rests_on_what_decides_which_rows_count_too() -> None:
    found = lineage().rests_on(("report/revenue#kpi", "revenue"))
    assert found[REVENUE] == VALUES
    assert found["raw/shop/orders", "total"] == VALUES
    assert found["marts/fct_orders", "channel"] == ROWS
    assert found["raw/shop/orders", "status"] == ROWS
    assert found["raw/shop/customers", "id"] == ROWS
    assert ("raw/shop/customers", "email") not in found


def test_what_touches_rows_touches_every_column_downstream() -> None:
    touched = lineage().touched_by(("raw/shop/orders", "status"))
    assert list(touched) == [("staging/stg_orders", "")]
    assert set(lineage().touched_by(("staging/stg_orders", ""))) >= {
        ("staging/stg_orders", "total"),
        ("marts/fct_orders", ""),
    }


def test_the_page_says_where_a_column_comes_from_and_goes_to_and_by_which_sql() -> None:
    facts = column_page(FixedCatalog().view(), "marts/fct_orders", "revenue")
    assert facts["known"]
    assert [(f["label"], f["column"], f["how"], f["sql"]) for f in facts["from"]] == [
        ("stg_orders", "total", "worked out from", "CAST(o.total AS DECIMAL(10, 2))")
    ]
    assert [(c["kind"], c["words"]) for c in facts["conditions"]] == [
        ("JOIN", "orders and customers, matched by order id on one side and id on the other")
    ]
    assert [(u["label"], u["query"], u["columns"][0]["url"]) for u in facts["uses"]] == [
        ("Revenue review", "kpi", "/catalog/explain/revenue/kpi/revenue")
    ]


def test_a_condition_of_a_table_is_told_with_the_name_of_its_rows() -> None:
    facts = column_page(FixedCatalog().view(), "staging/stg_orders", "total")
    assert facts["conditions"][0]["words"] == "only orders that are not cancelled"


def test_a_column_that_filters_is_used_by_what_it_decides_over() -> None:
    facts = column_page(FixedCatalog().view(), "marts/fct_orders", "channel")
    assert [(u["columns"], u["decides"]) for u in facts["uses"]] == [([], ["revenue", "orders"])]
    facts = column_page(FixedCatalog().view(), "staging/stg_orders", "order_id")
    assert [u["rows"] for u in facts["uses"]] == [["matches rows by it"]]


def test_the_page_says_why_lineage_is_not_known(client: TestClient, catalog: FixedCatalog) -> None:
    catalog.columns = Columns(problem="dbt does not compile the project: Compilation Error")
    page = client.get("/catalog/column/marts/fct_orders/revenue").text
    assert "dbt does not compile the project" in page
    catalog.columns = Columns()
    page = client.get("/catalog/column/marts/fct_orders/revenue").text
    assert "It was not read yet" in page


def test_a_column_that_landed_undeclared_says_so_and_how_to_declare_it(
    client: TestClient, catalog: FixedCatalog
) -> None:
    new = [dg.TableColumn(name="status", type="varchar", tags={NOT_DECLARED: NOW.isoformat()})]
    status = Status(metadata={SCHEMA: dg.TableSchema(new)})
    catalog.graph = Landed().join(catalog.graph, {"raw/shop/orders": status})
    table = client.get("/catalog/asset/raw/shop/orders").text
    page = client.get("/catalog/column/raw/shop/orders/status").text
    for text in (table, page):
        assert "not declared" in text and "2026-06-01 12:00 UTC" in text
        assert "- {name: status, type: string, description: &#34;…&#34;}" in text
    assert "1 column is not declared" in table and "It comes in here." in page
    assert (
        'href="/catalog/column/raw/shop/orders/status"'
        in client.get("/catalog/search?q=status").text
    )
    facts = client.get("/catalog/column/raw/shop/orders/status.json").json()
    assert not facts["column"]["declared"] and facts["uses"][0]["rows"] == ["filters by it"]
    (origin,) = column_page(catalog.view(), "staging/stg_orders", "total")["conditions"]
    assert origin["columns"][0]["column_url"] == "/catalog/column/raw/shop/orders/status"


def test_of_a_source_nobody_asks_where_a_column_comes_from(
    client: TestClient, catalog: FixedCatalog
) -> None:
    catalog.columns = Columns()  # it landed after lineage was read
    assert "It comes in here." in client.get("/catalog/column/raw/shop/orders/total").text


def test_the_drawing_holds_both_directions_each_box_once() -> None:
    drawn = drawing(FixedCatalog().view(), REVENUE)
    assert drawn is not None
    places = {(n["table"], n["name"]): n["x"] for n in drawn["nodes"]}
    ordered = sorted(places, key=lambda node: places[node])
    assert ordered == [
        ("orders", "total"), ("stg_orders", "total"), ("fct_orders", "revenue"),
        ("Revenue review", "revenue"),
    ]  # fmt: skip
    assert len(drawn["paths"]) == 3
    assert drawing(FixedCatalog().view(), ("marts/fct_orders", "channel")) is None


def test_columns_that_make_each_other_are_drawn_nevertheless() -> None:
    def table(name: str, other: str) -> TableLineage:
        edge = Edge(Source(f"s.{other}", "x"), DIRECT, IDENTITY)
        return TableLineage(f"s/{name}", f"s.{name}", {"x": (edge,)})

    catalog = FixedCatalog(columns=Columns({"s/a": table("a", "b"), "s/b": table("b", "a")}))
    drawn = drawing(catalog.view(), ("s/a", "x"))
    assert drawn is not None and len(drawn["nodes"]) == 2 and len(drawn["paths"]) == 1


def test_sql_marks_the_column_and_lets_nothing_through() -> None:
    text = str(sql("select revenue, '<b>revenue</b>' as x from a", "revenue"))
    assert text.startswith('<span class="k">select</span> <mark>revenue</mark>')
    assert "<b>" not in text

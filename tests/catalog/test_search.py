"""Search: what is meant comes first, typos are forgiven, facets count."""

import pytest

from platform_assets.catalog.search import Index
from platform_assets.inventory.model import Asset, Column, Graph
from tests.catalog.world import company


@pytest.fixture
def index() -> Index:
    found = Index()
    found.update(company())
    return found


def keys(index: Index, text: str, **more: object) -> list[str]:
    return [hit.asset.key for hit in index.search(text, **more).hits]  # type: ignore[arg-type]


def test_a_table_called_so_comes_before_those_that_mention_it(index: Index) -> None:
    assert keys(index, "orders")[0] == "marts/fct_orders"
    assert keys(index, "fct_orders")[0] == "marts/fct_orders"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("sessio", "marts/daily_traffic"),  # a beginning, of a column
        ("customer accounts", "raw/shop/customers"),  # words of a description
        ("web@example.com", "marts/daily_traffic"),  # an owner
        ("dbt", "marts/fct_orders"),  # a kind
        ("how did we do", "report/revenue"),  # the question of a report
        ("stg_orders ref", "marts/fct_orders"),  # SQL
    ],
)
def test_everything_that_is_written_of_an_asset_is_searched(
    index: Index, asked: str, found: str
) -> None:
    assert found in keys(index, asked)


@pytest.mark.parametrize("asked", ["custmoers", "custommers", "kustomers"])
def test_a_typo_finds_what_was_meant_and_says_so(index: Index, asked: str) -> None:
    found = index.search(asked)
    assert found.corrected == "customers"
    assert found.hits[0].asset.key == "raw/shop/customers"


def test_nonsense_finds_nothing(index: Index) -> None:
    assert index.search("qqqqqqq zzzzzz").total == 0


@pytest.mark.parametrize(
    "asked", ['"', "' OR 1=1", "*", "NEAR(", "a AND", "{", "-", "(", "^x", ":"]
)
def test_search_syntax_is_taken_as_words(index: Index, asked: str) -> None:
    index.search(asked)


def test_importance_and_use_raise_a_result() -> None:
    twins = {
        "marts/a": Asset("marts/a", "table", description="a thing"),
        "marts/b": Asset("marts/b", "table", description="a thing"),
        "marts/c": Asset("marts/c", "table", parents=("marts/b",)),
    }
    index = Index()
    index.update(Graph(twins))
    assert keys(index, "thing") == ["marts/b", "marts/a"]
    assert keys(index, "thing", use={"marts/a": 500}) == ["marts/a", "marts/b"]


def test_facets_count_what_the_other_facets_leave(index: Index) -> None:
    found = index.search("", only={"domain": ["commerce"]}, health={"marts/fct_orders": "failing"})
    assert found.total == 5
    assert found.facets["domain"] == {"commerce": 5, "web": 1}
    assert found.facets["kind"] == {"source": 2, "table": 2, "report": 1}
    assert found.facets["health"] == {"failing": 1}
    both = index.search("", only={"domain": ["commerce"], "kind": ["report", "source"]})
    assert both.total == 3


def test_matching_columns_are_named_best_first(index: Index) -> None:
    hit = next(h for h in index.search("revenue").hits if h.asset.key == "marts/fct_orders")
    assert [c.name for c in hit.columns] == ["revenue"]


def test_a_change_indexes_only_what_changed(index: Index) -> None:
    graph = company()
    assert index.update(graph) == 0
    changed = dict(graph.assets)
    changed["marts/new"] = Asset("marts/new", "table", columns=(Column("brand_new"),))
    del changed["raw/shop/customers"]
    assert index.update(Graph(changed)) == 1
    assert keys(index, "brand_new") == ["marts/new"]
    assert "raw/shop/customers" not in keys(index, "customer")


def test_thousands_of_requests_do_not_crowd_out_the_tables_that_they_speak_of() -> None:
    asked = [
        Asset(f"record/request/{n}", "record", title=f"Orders {n}", layer="request")
        for n in range(500)
    ]
    index = Index()
    index.update(Graph({**company().assets, **{a.key: a for a in asked}}))
    found = index.search("orders")
    assert found.hits[0].asset.key == "marts/fct_orders"
    assert found.facets["kind"] == {"record": 400, "table": 2, "source": 1}
    index.update(Graph({a.key: a for a in asked[:3]}))
    assert index.search("orders").facets["kind"] == {"record": 3}

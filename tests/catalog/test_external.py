"""What other platforms told, in the catalog: joined to our assets, marked, on pages of its own."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from platform_assets.catalog import external as external_module
from platform_assets.catalog.external import External, Name, title_of
from platform_assets.catalog.lineage import drawing
from platform_assets.catalog.present import asset_url
from platform_assets.inventory.model import Asset, Graph
from platform_assets.lineage.openlineage.received.reading import Reader
from platform_assets.lineage.openlineage.received.store import Store
from tests.catalog.test_security import Markup
from tests.catalog.world import FixedCatalog, client_of, company
from tests.lineage import producers
from tests.lineage.producers import LAKE, NOW, SHOP, dataset, facet, run_event, run_id
from tests.lineage.receiving import put, store_in

OURS = "ducklake:///srv/lake"


def names(assets: Iterable[Asset]) -> Mapping[Name, str]:
    """Return our tables as events name them."""
    return {(OURS, asset.table): asset.key for asset in assets if asset.table}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = store_in(tmp_path)
    yield found
    found.close()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external_module, "LOOK_SECONDS", 0)
    monkeypatch.setattr(external_module, "REST", 0)


def joined(store: Store, told: Iterable[dict[str, Any]], graph: Graph | None = None) -> Any:
    put(store, told)
    external = External(Reader(store), names, "platform")
    found, statuses = external.join(graph or company())
    titles = {a.title if a.kind == "external" else a.key: a for a in found.assets.values()}
    return found, titles, statuses, external


def run(name: str, inputs: Iterable[Any] = (), outputs: Iterable[Any] = (), **more: Any) -> Any:
    return run_event("COMPLETE", run_id(), name, inputs=inputs, outputs=outputs, **more)


def titles_of(graph: Graph, keys: Iterable[str]) -> set[str]:
    found = graph.having(keys)
    return {a.title if a.kind == "external" else a.key for a in found}


def test_a_job_of_others_stands_between_our_tables_and_theirs(store: Store) -> None:
    told = [
        run("extract", [dataset(SHOP, "public.orders")], [dataset(OURS, "raw.shop__orders")]),
        run("train", [dataset(OURS, "marts.fct_orders")], [dataset(LAKE, "models/churn")]),
    ]
    graph, titles, _, _ = joined(store, told)
    assert titles_of(graph, graph.upstream("raw/shop/orders")) == {"extract", "public.orders"}
    assert titles_of(graph, graph.downstream("marts/fct_orders")) == {
        "train", "models/churn", "report/revenue",
    }  # fmt: skip
    assert titles["train"].kind == "external" and titles["train"].layer == "external job"
    assert titles["raw/shop/orders"].kind == "source", "ours stays ours"
    assert "raw.shop__orders" not in titles
    assert graph.importance[titles["public.orders"].key] == 7


def test_a_symlink_ties_their_name_to_our_asset(store: Store) -> None:
    ours = {"namespace": OURS, "name": "marts.fct_orders", "type": "TABLE"}
    links = facet(LAKE, "SymlinksDatasetFacet", identifiers=[ours])
    _, titles, _, _ = joined(
        store, [run("read files", [dataset(LAKE, "files/fct_orders", symlinks=links)])]
    )
    assert titles["read files"].parents == ("marts/fct_orders",)
    assert "files/fct_orders" not in titles


def test_what_a_source_is_declared_to_read_is_upstream_of_it(store: Store) -> None:
    own = company()
    orders = replace(own.assets["raw/shop/orders"], outside=((SHOP, "shop.public.orders"),))
    told = [run("web shop", [], [dataset(SHOP, "shop.public.orders")])]
    graph, titles, _, _ = joined(store, told, Graph({**own.assets, orders.key: orders}))
    assert "web shop" in titles_of(graph, graph.upstream("report/revenue"))
    assert titles_of(graph, titles["raw/shop/orders"].parents) == {"shop.public.orders"}


def test_datasets_that_name_each_other_are_one(store: Store) -> None:
    told = [*producers.spark(), run("hive", [dataset("hive://metastore.example:9083",
                                                     "shop.daily_orders")])]  # fmt: skip
    _, titles, _, _ = joined(store, told)
    assert "shop.daily_orders" not in titles
    assert titles["hive"].parents == (titles["warehouse/daily_orders"].key,)


def test_what_our_own_jobs_tell_is_in_the_graph_already(store: Store) -> None:
    told = run_event("COMPLETE", run_id(), "marts.fct_orders", "platform",
                     outputs=[dataset(OURS, "marts.fct_orders")])  # fmt: skip
    own = company()
    graph, _, _, _ = joined(store, [told], own)
    assert graph is own


def test_circles_of_others_break_nothing(store: Store) -> None:
    table, other = dataset(OURS, "raw.shop__orders"), dataset(SHOP, "x")
    told = [
        run("upsert", [table], [table]),
        run("there", [dataset(OURS, "marts.fct_orders")], [other]),
        run("back", [other], [table]),
    ]
    graph, titles, _, _ = joined(store, told)
    assert sorted(graph.order) == sorted(graph.assets)
    assert set(graph.importance) == set(graph.assets)
    assert "upsert" in titles_of(graph, titles["raw/shop/orders"].parents)
    assert titles["upsert"].parents == (), "what is read and written back is drawn as written"
    catalog = FixedCatalog(graph)
    for key in graph.assets:
        assert drawing(catalog.view(), key, 5, 5)["nodes"]


def test_a_table_that_was_dropped_is_gone(store: Store) -> None:
    change = facet(LAKE, "LifecycleStateChangeDatasetFacet", lifecycleStateChange="DROP")
    put(store, [run("make", [], [dataset(LAKE, "gone")])])
    later = NOW + timedelta(seconds=1)
    _, titles, _, _ = joined(
        store, [run("drop", [], [dataset(LAKE, "gone", lifecycleStateChange=change)], at=later)]
    )
    assert "gone" not in titles and "make" in titles


def test_statuses_are_those_of_the_last_run(store: Store) -> None:
    graph, titles, statuses, external = joined(store, producers.everybody())
    assert statuses[titles["shop_daily.fill_mart"].key].failed_run
    assert statuses[titles["enrich_clicks"].key].running
    assert statuses[titles["warehouse/daily_orders"].key].made_at == NOW - timedelta(minutes=5)
    assert titles["nightly_export"].key not in statuses
    again = external.join(external._seen[0] or graph)
    assert again[0] is graph and again[1] is statuses, "the same while nothing is new"


def test_a_run_changes_statuses_and_no_graph(store: Store) -> None:
    own = company()
    put(store, producers.airflow())
    external = External(Reader(store), names)
    graph, before = external.join(own)
    ends = [dataset(SHOP, "shop.public.orders")], [dataset(SHOP, "shop.mart.orders")]
    put(store, [run("shop_daily.fill_mart", *ends)])
    again, after = external.join(own)
    assert again is graph and after is not before
    put(store, [run("another")])
    more, _ = external.join(own)
    assert len(more.assets) == len(graph.assets) + 1
    key = next(k for k, a in graph.assets.items() if a.title == "shop.mart.orders")
    assert more.assets[key] is graph.assets[key], "what did not change is the same object"


def test_a_store_that_is_away_leaves_what_was_known(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = company()
    put(store, producers.spark())
    external = External(Reader(store), names)
    graph, _ = external.join(own)

    def away(_self: Reader) -> Any:
        raise sa.exc.OperationalError("SELECT", {}, ValueError("away"))

    monkeypatch.setattr(Reader, "state", away)
    assert external.join(own)[0] is graph
    other = Graph({k: replace(a, description="new") for k, a in own.assets.items()})
    found, _ = external.join(other)
    assert len(found.assets) == len(graph.assets)
    assert found.assets["marts/fct_orders"].description == "new"


@pytest.fixture
def pages(store: Store, tmp_path: Path) -> TestClient:
    put(store, producers.everybody())
    put(store, producers.airflow(dataset(OURS, "raw.shop__orders")))
    external = External(Reader(store), names, "platform")
    return client_of(FixedCatalog(external=external), tmp_path)


def url_of(pages: TestClient, title: str) -> str:
    found = pages.get("/catalog/everything.json").json()["assets"]
    return next(str(each["url"]) for each in found if each["label"] == title)


def test_the_page_of_a_dataset(pages: TestClient) -> None:
    url = url_of(pages, "warehouse/daily_orders")
    told = pages.get(f"{url}.json").json()
    assert told["namespace"] == LAKE and told["kind"] == "external"
    assert [each["id"] for each in told["owners"]] == ["ana@example.com"]
    revenue = next(each for each in told["fields"] if each["name"] == "revenue")
    (source,) = revenue["sources"]
    assert (source["dataset"], source["field"]) == ("shop.public.orders", "total")
    assert source["how"] == ["aggregation"]
    assert pages.get(source["url"]).status_code == 200
    assert {each["how"][0] for each in told["rest_on"]} == {"join"}
    assert told["names"] == [{"namespace": "hive://metastore.example:9083",
                              "name": "shop.daily_orders", "type": "table"}]  # fmt: skip
    written = next(each for each in told["roles"] if each["word"] == "is written by")
    assert written["facets"]["outputStatistics"]["rowCount"] == 4212
    page = pages.get(url).text
    for word in (
        "external dataset",
        "Where the customer lives.",
        "storageLayer",
        "<strong>country",
    ):
        assert word in page


def test_the_page_of_a_job(pages: TestClient) -> None:
    url = url_of(pages, "shop_daily.fill_mart")
    told = pages.get(f"{url}.json").json()
    states = [each["state"] for each in told["runs"]]
    assert sorted(states) == ["completed", "completed", "failed", "failed"]
    assert told["health"] == "failing" and told["runs"][0]["error"].startswith("relation")
    assert told["runs"][0]["took"] == "60 min" and told["integration"] == "airflow"
    page = pages.get(url).text
    assert "insert" in page and "Stack trace" in page and "/catalog/asset/raw/shop/orders" in page


def test_external_things_are_found_and_marked(pages: TestClient) -> None:
    found = pages.get("/catalog/search.json?q=daily_orders").json()
    assert found["results"][0]["kind"] == "external"
    only = pages.get("/catalog/search.json?kind=external").json()
    assert only["total"] == 12
    assert "external dataset" in pages.get("/catalog/domain/external").text
    assert pages.get(f"/catalog/tag/namespace%3A{SHOP.replace(':', '%3A')}").status_code == 200
    url = url_of(pages, "warehouse/daily_orders").removeprefix("/catalog/external/")
    drawn = pages.get(f"/catalog/lineage/openlineage/{url}.svg?up=2")
    assert drawn.status_code == 200 and "external" in drawn.text
    names_of = [each["name"] for each in pages.get("/catalog/coverage.json").json()["domains"]]
    assert "external" not in names_of


def test_trouble_of_others_is_ours_where_something_of_ours_rests_on_it(
    store: Store, tmp_path: Path
) -> None:
    put(store, producers.airflow())
    pages = client_of(FixedCatalog(external=External(Reader(store), names)), tmp_path)

    def attention() -> set[str]:
        return {each["label"] for each in pages.get("/catalog/home.json").json()["attention"]}

    assert "shop_daily.fill_mart" not in attention()
    put(store, producers.airflow(dataset(OURS, "raw.shop__orders")))
    assert "shop_daily.fill_mart" in attention()


def test_our_asset_says_who_else_tells_of_it(pages: TestClient) -> None:
    told = pages.get("/catalog/asset/raw/shop/orders.json").json()
    assert [each["name"] for each in told["told_of"]] == ["raw.shop__orders"]
    assert [each["label"] for each in told["upstream"]] == ["shop_daily.fill_mart"]
    assert [each["label"] for each in told["trouble_upstream"]] == ["shop_daily.fill_mart"]


@pytest.mark.parametrize("path", ["job/none~1", "dataset/x", "x/y", "dataset/a.json"])
def test_what_nobody_told_of_is_not_found(pages: TestClient, path: str) -> None:
    assert pages.get(f"/catalog/external/{path}").status_code == 404


EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "</pre></code><iframe src=//e>",
)


def evil_event() -> dict[str, Any]:
    """Return an event that is stuffed with markup wherever there is room."""

    def stuffed(kind: str, **more: Any) -> dict[str, Any]:
        return facet("javascript:alert(1)", kind, **dict.fromkeys(EVIL, EVIL), **more)

    def column(text: str) -> dict[str, Any]:
        how = {"type": text, "subtype": text, "description": text}
        return {"namespace": text, "name": text, "field": text, "transformations": [how]}

    bad = EVIL[0]
    facets = {
        bad: stuffed("X"),
        "schema": stuffed("S", fields=[{"name": e, "type": e, "description": e} for e in EVIL]),
        "columnLineage": stuffed("C", fields={e: {"inputFields": [column(e)]} for e in EVIL}),
        "documentation": stuffed("D", description=" ".join(EVIL)),
        "ownership": stuffed("O", owners=[{"name": e} for e in EVIL]),
        "symlinks": stuffed("L", identifiers=[{"namespace": e, "name": e} for e in EVIL]),
    }
    parent = stuffed("P", run={"runId": bad}, job={"namespace": bad, "name": bad})
    error = stuffed("E", message=bad, stackTrace=bad)
    return run_event(
        "FAIL", run_id(), bad, bad, producer="javascript:alert(1)",
        run_facets={"errorMessage": error, "parent": parent, bad: stuffed("R")},
        job_facets={"sql": stuffed("Q", query=bad), "jobType": stuffed("J", integration=bad)},
        inputs=[dataset(bad, each) for each in EVIL],
        outputs=[{**dataset(bad, bad, **facets), "outputFacets": {bad: stuffed("T")}}],
    )  # fmt: skip


def test_whatever_a_facet_holds_is_shown_and_never_run(tmp_path: Path, store: Store) -> None:
    put(store, [evil_event()])
    pages = client_of(FixedCatalog(external=External(Reader(store), names)), tmp_path)
    every = pages.get("/catalog/everything.json").json()["assets"]
    looked = [asset_url(each["key"]) for each in every if each["kind"] == "external"]
    assert len(looked) == len(EVIL) + 1
    for path in (*looked, "/catalog/search?q=script", "/catalog/domain/external", "/catalog/"):
        answer, markup = pages.get(path), Markup()
        markup.feed(answer.text)
        assert answer.status_code == 200 and not markup.faults, (path, markup.faults)
        assert "<script>alert" not in answer.text


def test_a_long_name_keeps_its_end() -> None:
    assert title_of("a" * 70 + "/end").endswith("/end") and len(title_of("a" * 99)) == 64
    assert title_of("short") == "short"

"""The routes: every page as HTML and as JSON, the right status, and what is shown is true."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from platform_assets.catalog.catalog import View
from platform_assets.catalog.coverage import shares
from platform_assets.catalog.usage import Usage
from platform_assets.inventory.health import CheckResult, Status
from platform_assets.inventory.model import Asset, Graph
from tests.catalog.world import NOW, FixedCatalog, HereSandbox, client_of, company, statuses

PAGES = [
    "/catalog/",
    "/catalog/search",
    "/catalog/search?q=orders&kind=table&page=1",
    "/catalog/search?q=nothinglikethis",
    "/catalog/coverage",
    "/catalog/glossary",
    "/catalog/glossary/order-revenue",
    "/catalog/owner/team:data",
    "/catalog/owner/shop@example.com",
    "/catalog/domain/commerce",
    "/catalog/tag/layer:marts",
    "/catalog/tag/dbt",
    "/catalog/asset/marts/fct_orders",
    "/catalog/asset/report/revenue",
    "/catalog/column/marts/fct_orders/revenue",
    "/catalog/impact/raw/shop/orders",
    "/catalog/history/marts/fct_orders",
    "/catalog/preview/marts/fct_orders",
    "/catalog/profile/marts/fct_orders",
    "/catalog/query",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole_html(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.text.startswith("<!doctype html>") and answer.text.rstrip().endswith("</html>")
    assert answer.text.count("<h1") == 1
    assert "<title>" in answer.text


@pytest.mark.parametrize("path", [p for p in PAGES if p != "/catalog/query"])
def test_every_page_has_a_json_twin(client: TestClient, path: str) -> None:
    base, _, query = path.partition("?")
    twin = "/catalog/home.json" if base == "/catalog/" else f"{base}.json"
    answer = client.get(f"{twin}?{query}" if query else twin)
    assert answer.status_code == 200 and isinstance(answer.json(), dict)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/catalog/nothing", 404),
        ("/catalog/asset/marts/none", 404),
        ("/catalog/asset/marts/none.json", 404),
        ("/catalog/column/marts/fct_orders/none", 404),
        ("/catalog/owner/nobody", 404),
        ("/catalog/domain/none-such", 404),
        ("/catalog/tag/none:such", 404),
        ("/catalog/glossary/none", 404),
        ("/catalog/impact/none.csv", 404),
        ("/catalog/lineage/none.svg", 404),
        ("/catalog/badge/none.svg", 404),
        ("/catalog/preview/report/revenue", 404),
        ("/catalog/static/none.css", 404),
        ("/catalog/search?page=x", 400),
        ("/catalog/search?page=-1", 400),
        ("/catalog/lineage/marts/fct_orders.svg?up=9e9", 400),
        ("/catalog/query?sql=DROP+TABLE+marts.fct_orders", 400),
        ("/catalog/query.json?sql=SELECT+nope", 400),
        ("/catalog/query.csv", 400),
        ("/catalog/query/report/other.txt?name=aa&owner=team:x&domain=d&sql=SELECT+1", 404),
        ("/catalog/query/report/report.md", 400),
    ],
)
def test_what_is_wrong_has_its_status_and_a_way_on(
    client: TestClient, path: str, status: int
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    if "text/html" in answer.headers["content-type"]:
        assert 'href="/catalog/"' in answer.text
    else:
        assert answer.json()["error"]


def test_methods_that_a_route_does_not_have_are_refused(client: TestClient) -> None:
    for path in ("/catalog/", "/catalog/asset/marts/fct_orders", "/catalog/query.json"):
        assert client.post(path).status_code == 405
        assert client.delete(path).status_code == 405


def test_the_asset_page_says_what_is_known(client: TestClient) -> None:
    text = client.get("/catalog/asset/marts/fct_orders").text
    for part in (
        "3 h old, at most 2 h is allowed",
        "unique_order_id",
        "/catalog/column/marts/fct_orders/revenue",
        'data-load="/catalog/preview/marts/fct_orders"',
        'data-load="/catalog/profile/marts/fct_orders"',
        "/catalog/query?sql=SELECT",
        "What it rests on needs care.",
        "/assets/marts/fct_orders",
        "/catalog/glossary/order-revenue",
    ):
        assert part in text
    facts = client.get("/catalog/asset/marts/fct_orders.json").json()
    assert facts["health"] == "failing" and facts["dependents"] == 1
    assert [a["key"] for a in facts["trouble_upstream"]] == ["staging/stg_orders"]


def test_who_is_hit_can_be_taken_along_as_csv(client: TestClient) -> None:
    answer = client.get("/catalog/impact/raw/shop/orders.csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(r["key"], r["distance"], r["owners"]) for r in rows][-1] == (
        "report/revenue",
        "3",
        "team:data",
    )


def test_a_badge_is_an_svg_and_has_words(client: TestClient) -> None:
    answer = client.get("/catalog/badge/marts/fct_orders.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    texts = [e.text for e in ElementTree.fromstring(answer.text).iter() if e.tag.endswith("text")]
    assert texts == ["fct_orders", "failing"]
    told = client.get("/catalog/badge/marts/fct_orders.json").json()
    assert (told["message"], told["health"]) == ("failing", "failing")


def test_looks_and_searches_in_vain_are_counted(sandbox: HereSandbox, tmp_path: Path) -> None:
    client = client_of(FixedCatalog(), tmp_path, sandbox)
    for _ in range(2):
        client.get("/catalog/asset/marts/fct_orders")
    client.get("/catalog/asset/marts/fct_orders.json")
    client.get("/catalog/search?q=Unobtainium")
    usage = Usage(tmp_path / "usage.sqlite")
    assert usage.looks() == {"marts/fct_orders": 2}
    assert [row[:2] for row in usage.in_vain()] == [("unobtainium", 1)]


def test_coverage_is_kept_day_by_day(tmp_path: Path) -> None:
    usage = Usage(tmp_path / "usage.sqlite")
    view = View(company(), statuses(), NOW)
    usage.covered(shares(view))
    usage.covered(shares(view))
    found = usage.coverage()
    assert [share for _, share in found["owned"]] == [1.0]
    assert [share for _, share in found["fresh"]] == [shares(view)["fresh"]]


def test_a_location_that_does_not_load_is_said_on_every_page_with_what_was_known(
    sandbox: HereSandbox, tmp_path: Path
) -> None:
    client = client_of(FixedCatalog(trouble="defs.yaml:3: no such <field>"), tmp_path, sandbox)
    for path in ("/catalog/", "/catalog/asset/marts/fct_orders"):
        text = client.get(path).text
        assert "The definitions do not load." in text
        assert "defs.yaml:3: no such &lt;field&gt;" in text
        assert "2026-06-01 12:00 UTC" in text
    assert client.get("/catalog/healthz").status_code == 503
    assert client.get("/catalog/healthz").json()["assets"] == 6


def test_a_page_after_a_materialization_shows_it(client: TestClient, catalog: FixedCatalog) -> None:
    before = client.get("/catalog/asset/marts/daily_traffic.json").json()
    catalog.statuses = {**catalog.statuses, "marts/daily_traffic": statuses()["report/revenue"]}
    after = client.get("/catalog/asset/marts/daily_traffic.json").json()
    assert (before["health"], after["health"]) == ("unknown", "good")


def test_everything_is_one_json_document(client: TestClient) -> None:
    told = client.get("/catalog/everything.json").json()
    assert {a["key"] for a in told["assets"]} == set(company().assets)


def test_what_was_searched_for_in_vain_is_listed_for_those_who_plan(client: TestClient) -> None:
    for text in ("unobtainium", "unobtainium", "<b>nothing</b>"):
        client.get("/catalog/search", params={"q": text})
    told = client.get("/catalog/coverage.json").json()["in_vain"]
    assert (told[0]["text"], told[0]["count"]) == ("unobtainium", 2)
    text = client.get("/catalog/coverage").text
    assert text.count("unobtainium") == 1 and "&lt;b&gt;nothing&lt;/b&gt;" in text


def test_results_can_be_narrowed_by_freshness_and_health(client: TestClient) -> None:
    told = client.get("/catalog/search.json?freshness=too+old&health=failing").json()
    assert [r["key"] for r in told["results"]] == ["marts/fct_orders"]
    assert told["facets"]["freshness"]["too old"] == 1


def test_a_job_without_a_table_tells_what_its_newest_run_did(
    sandbox: HereSandbox, tmp_path: Path
) -> None:
    job = Asset("maintenance/compact", "platform", title="Compact the lake", layer="platform")
    metadata = {"bytes_won": 5_200_000, "files_after": 12_345, "tables": "raw.<a>", "dagster/x": 1}
    told = Status(made_at=NOW, run_id="r", metadata={**metadata, "links": ["/"]})
    catalog = FixedCatalog(Graph({job.key: job}), {job.key: told})
    page = client_of(catalog, tmp_path, sandbox).get(f"/catalog/asset/{job.key}").text
    assert "Compact the lake" in page and "data comes in here" not in page
    for name, value in (("Bytes won", "5.2 MB"), ("Files after", "12\u2009345")):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in page
    assert "<dt>Tables</dt><dd>raw.&lt;a&gt;</dd>" in page
    assert page.count("<h2>Newest run") == 1 and "Dagster/x" not in page


def test_a_check_that_warns_is_not_called_failed(catalog: FixedCatalog, client: TestClient) -> None:
    warns = CheckResult("unique_order_id", passed=False, error=False, at=NOW)
    made = replace(catalog.statuses["marts/fct_orders"], checks=(warns,))
    catalog.statuses = {**catalog.statuses, "marts/fct_orders": made}
    page = client.get("/catalog/asset/marts/fct_orders").text
    assert "</span>warns</span>" in page and "</span>failed" not in page


def test_a_source_leads_to_what_of_it_could_not_be_loaded(
    catalog: FixedCatalog, client: TestClient
) -> None:
    asset = replace(catalog.graph.assets["raw/shop/orders"], checks=("volume",))
    asset = replace(asset, table="raw.shop__order's")
    catalog.graph = Graph({**catalog.graph.assets, asset.key: asset})
    volume = CheckResult("volume", passed=True, at=NOW)
    made = replace(catalog.statuses[asset.key], checks=(volume,))
    catalog.statuses = {**catalog.statuses, asset.key: made}
    page = client.get("/catalog/asset/raw/shop/orders").text
    wanted = quote("WHERE source = 'shop__order''s'\n")
    assert 'href="/catalog/query?sql=SELECT%20file' in page and wanted in page
    assert "FROM%20platform.quarantine" not in client.get("/catalog/asset/marts/fct_orders").text

"""Records in the catalog's graph: where they stand, and where they do not count."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from platform_assets.catalog.coverage import coverage, shares
from platform_assets.catalog.demand.joined import Joined, Told, nodes_of
from platform_assets.catalog.demand.records import CuratedFolder, Records, Snapshot
from platform_assets.catalog.lineage import drawing
from platform_assets.catalog.pages import home
from platform_assets.catalog.present import asset_url, record_url
from platform_assets.inventory.model import Graph
from platform_assets.product.curated import Curated
from platform_assets.product.kinds import Request
from platform_assets.product.store import RecordStore
from resources.errors import PlatformError
from tests.catalog.records_world import ANA, BEN, CURATED, KEY, Shop, graph, submitted
from tests.catalog.world import NOW, company


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_request_leads_to_the_objective_that_it_moves(shop: Shop) -> None:
    found = shop.catalog.view().graph
    down = found.downstream("record/request/3")
    assert down["record/requirement/orders-once"] == 1
    assert down["marts/fct_orders"] == 2
    assert down["report/revenue"] == 1, "what answers it"
    assert down[KEY] == 3
    assert down["record/objective/healthy-shop"] == 4
    assert found.importance["record/request/3"] >= 5
    up = found.upstream("record/objective/healthy-shop")
    assert {"raw/shop/orders", "record/request/3", "record/roadmap/returns"} <= up.keys()


def test_what_a_source_carries_are_the_objectives_downstream(shop: Shop) -> None:
    told = shop.client().get("/catalog/impact/raw/shop/orders.json").json()
    assert [each["label"] for each in told["objectives"]] == ["A shop that earns its keep"]


def test_each_link_is_an_edge_from_what_came_first(shop: Shop) -> None:
    found = shop.catalog.view().graph.assets
    parents = {key: set(asset.parents) for key, asset in found.items()}
    assert "record/decision/count-orders-once" in parents["record/request/3"]
    assert "record/minutes/2026-05-04" in parents["record/decision/count-orders-once"]
    assert "record/decision/count-by-file" in parents["record/decision/count-orders-once"]
    assert "record/request/5" in parents["record/request/1"], "merged into it"
    assert parents["record/metric/revenue"] == {"marts/fct_orders"}
    assert "record/roadmap/review" in parents["report/revenue"]
    assert "marts/fct_orders" in parents[KEY], "what is real keeps what it is made from"
    said = {key for key in found if key.startswith("record/feedback/")}
    assert said and not any(parents[key] or said & parents[key] for key in said)
    assert "record/request/1" not in parents["marts/fct_orders"], "it is about it, no more"


def test_a_key_result_without_an_asset_is_a_record(tmp_path: Path) -> None:
    found = Shop(tmp_path, graph=company()).catalog.view().graph
    key = "record/key_result/net-revenue"
    assert KEY not in found.assets and found.assets[key].parents == ("marts/fct_orders",)
    assert key in found.assets["record/objective/healthy-shop"].parents


def test_links_that_lead_nowhere_break_nothing() -> None:
    lost = (Request(1, "x", ANA, NOW, NOW, requirement="gone", answered_by="marts/gone"),)
    nodes = nodes_of(Snapshot(Curated(), lost), graph())
    assert nodes["record/request/1"].parents == () and set(nodes) == {"record/request/1"}


def test_nodes_that_were_made_before_are_taken_while_their_record_is_the_same(shop: Shop) -> None:
    own, records = graph(), Records(shop.store)
    told: Told = {}
    nodes_of(records.now(), own, told)
    before = dict(told)
    shop.store.decline(6, "po", "No.")
    after = nodes_of(records.now(), own, told)
    assert after == nodes_of(records.now(), own)
    assert [k for k in told if told[k][1] is not before[k][1]] == ["record/request/6"]
    assert after["record/request/6"].tags == {"state": "declined"}


def test_links_in_a_circle_break_nothing() -> None:
    circle = (
        Request(1, "x", ANA, NOW, NOW, state="merged", merged_into=2),
        Request(2, "y", ANA, NOW, NOW, state="merged", merged_into=1),
        Request(3, "z", ANA, NOW, NOW, split_from=3),
    )
    nodes = nodes_of(Snapshot(Curated(), circle), graph())
    found = Graph({**graph().assets, **nodes})
    assert set(found.order) == set(found.assets) and nodes["record/request/3"].parents == ()


def test_records_are_no_assets_to_look_after(shop: Shop) -> None:
    with_records = shop.catalog.view()
    bare = replace(with_records, graph=graph())
    assert shares(with_records) == shares(bare)
    assert "demand" not in {d["name"] for d in coverage(with_records, {})["domains"]}
    told, plain = home(with_records), home(bare)
    assert {k: v for k, v in told["counts"].items() if k != "record"} == plain["counts"]
    assert told["domains"] == plain["domains"]
    owned = {each["id"]: each["assets"] for each in told["owners"]}
    assert owned == {each["id"]: each["assets"] for each in plain["owners"]}


def test_an_asset_is_made_from_assets_and_drawn_with_records(shop: Shop) -> None:
    told = shop.client().get("/catalog/asset/marts/fct_orders.json").json()
    assert {each["key"] for each in told["upstream"]} == {
        "staging/stg_orders", "raw/shop/customers",
    }  # fmt: skip
    assert "record" not in {each["kind"] for each in told["downstream"]}
    drawn = drawing(shop.catalog.view(), "marts/fct_orders", 1, 1)
    records = {node["key"]: node["label"] for node in drawn["nodes"] if node["record"]}
    assert records["record/requirement/orders-once"] == "Every order counts on…"


def test_records_are_found_by_what_is_written_in_them(shop: Shop) -> None:
    client = shop.client()

    def first(q: str) -> str:
        return str(client.get(f"/catalog/search.json?q={q}").json()["results"][0]["key"])

    assert first("weather tomorrow") == "record/request/4"
    assert first("advertising") == "record/request/1", "the decision that it supports"
    assert first("ask the shop for return files") == "record/minutes/2026-05-04"
    assert first("chart too small") == "record/feedback/2"
    only = client.get("/catalog/search.json?kind=record&tag=state:declined").json()
    assert [each["key"] for each in only["results"]] == ["record/request/4"]
    everything = client.get("/catalog/search.json").json()
    judged = sum(everything["facets"]["health"].values())
    assert judged == everything["total"] - everything["facets"]["kind"]["record"]


def test_data_comes_before_what_is_said_of_it(shop: Shop) -> None:
    found = shop.client().get("/catalog/search.json?q=revenue").json()["results"]
    kinds = [each["kind"] for each in found]
    assert kinds[0] == "report" and "record" in kinds
    assert found[-1]["layer"] in ("request", "feedback")


def test_the_graph_stays_the_same_while_nothing_that_it_shows_is_new(shop: Shop) -> None:
    own = graph()
    joined = shop.catalog.joined
    assert joined is not None
    first = joined.join(own)
    assert joined.join(own) is first
    shop.store.vote(6, BEN)
    assert joined.join(own) is first, "a vote is nothing that the graph shows"
    made = shop.store.submit_request(BEN, title="Something else")
    second = joined.join(own)
    assert f"record/{made.name}" in second.assets
    key = "record/request/1"
    assert second.assets[key] is first.assets[key], "what did not change is the same object"
    fresh = Graph({k: replace(a, description="new") for k, a in own.assets.items()})
    assert joined.join(fresh).assets["marts/fct_orders"].description == "new"


def test_a_store_that_is_away_leaves_what_was_known(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shop.records.now()

    def away(_self: RecordStore) -> int:
        raise PlatformError("The database is away.")

    monkeypatch.setattr(RecordStore, "changes", away)
    records = Records(shop.store, lambda: CURATED)
    assert records.now().requests == () and records.now().curated is CURATED
    assert shop.records.now().requests == before.requests
    monkeypatch.setattr(
        RecordStore, "changes",
        lambda _self: (_ for _ in ()).throw(sa.exc.OperationalError("", {}, ValueError("x"))),
    )  # fmt: skip
    assert Joined(Records(shop.store, lambda: CURATED)).join(graph()).assets


def test_what_the_team_wrote_is_read_again_when_a_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "metrics" / "revenue.md"
    file.parent.mkdir()

    def write(title: str) -> None:
        file.write_text(
            f"---\ntitle: {title}\nowner: team:data\ndefinition: What it brings.\nunit: EUR\n"
            "sql: SELECT sum(revenue) AS value FROM marts.fct_orders\n---\n"
        )

    write("Revenue")
    read = CuratedFolder(tmp_path)
    first = read()
    assert [each.title for each in first.metrics] == ["Revenue"] and read() is first
    write("Revenue of all orders")
    assert [each.title for each in read().metrics] == ["Revenue of all orders"]
    file.write_text("no record")
    assert [each.title for each in read().metrics] == ["Revenue of all orders"], "the last good"


def test_a_record_has_one_address() -> None:
    assert record_url("request/12") == "/catalog/request/12"
    assert record_url("key_result/a b") == "/catalog/key_result/a%20b"
    assert record_url("roadmap/returns") == "/catalog/roadmap#roadmap-returns"
    assert asset_url("record/objective/x") == record_url("objective/x")
    assert submitted().requests[0].name == "request/1"

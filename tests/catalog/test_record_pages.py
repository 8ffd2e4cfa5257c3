"""Pages of records: what they say is true, whoever wrote it, and nothing written is markup."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from platform_assets.catalog.demand import backlog
from platform_assets.product.curated import Curated
from platform_assets.product.curated_kinds import (
    Action,
    Decision,
    Metric,
    Minutes,
    Objective,
    Requirement,
    RoadmapItem,
)
from platform_assets.product.kinds import Feedback, Measurement, Request
from platform_assets.product.measuring import definition
from platform_assets.product.store import Everything
from resources.errors import PlatformError
from tests.catalog.records_world import (
    BEN,
    KEY,
    REVENUE,
    SESSIONS,
    Kept,
    Shop,
    measurements,
)  # fmt: skip
from tests.catalog.test_security import faults
from tests.catalog.world import NOW, FixedCatalog, client_of, statuses

PATHS = [
    "demand", "objectives", "objective/healthy-shop", "key_result/net-revenue",
    "key_result/sessions", "backlog", "backlog?method=wsjf", "roadmap", "releases", "decisions",
    "decision/count-orders-once", "decision/count-by-file", "requirements",
    "requirement/orders-once", "metrics", "metric/revenue", "minutes", "minutes/2026-05-04",
]  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A client of pages that nobody writes to."""
    return Shop(tmp_path_factory.mktemp("records")).client()


def told(client: TestClient, path: str) -> Any:
    base, _, query = path.partition("?")
    answer = client.get(f"/catalog/{base}.json{'?' if query else ''}{query}")
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_whole_and_has_a_twin(client: TestClient, path: str) -> None:
    page = client.get(f"/catalog/{path}")
    assert page.status_code == 200 and page.text.rstrip().endswith("</html>")
    assert page.text.count("<h1") == 1 and not faults(page.text)
    assert isinstance(told(client, path), dict)


@pytest.mark.parametrize(
    "path",
    ["objective/none", "key_result/none", "decision/none", "requirement/none", "metric/none",
     "minutes/none", "objective/count-orders-once", "minutes/a%2F..%2Fb"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(f"/catalog/{path}").status_code == 404
    assert "error" in client.get(f"/catalog/{path}.json").json()


def test_without_a_store_there_are_no_pages_of_records(tmp_path: Path) -> None:
    bare = client_of(FixedCatalog(), tmp_path)
    assert bare.get("/catalog/objectives").status_code == 404
    assert "/catalog/backlog.json" not in bare.get("/catalog/openapi.json").json()["paths"]


def test_every_twin_is_described(client: TestClient) -> None:
    described = set(client.get("/catalog/openapi.json").json()["paths"])
    mounted: Any = client.app.routes[0].app  # type: ignore[attr-defined]
    while not hasattr(mounted, "routes"):
        mounted = mounted.app
    served = {
        f"/catalog{route.path.replace(':path', '')}"
        for route in mounted.routes
        if route.path.endswith((".json", "/healthz")) and route.path != "/openapi.json"
    }
    assert described == served


def test_a_key_result_shows_how_far_it_is_beside_the_time(client: TestClient) -> None:
    found = told(client, "key_result/net-revenue")
    assert (found["standing"], found["now"]) == ("on track", "1,660")
    assert found["done"] == pytest.approx(0.66) and found["elapsed"] == pytest.approx(
        0.68, abs=0.01
    )
    assert found["picture"].startswith("<svg") and len(found["breaks"]) == 1
    assert found["measured"] == 56 and found["measurements"][0]["run"] == "run55"
    unmeasured = [each for each in found["measurements"] if each["trouble"]]
    assert len(unmeasured) == 3 and {each["shown"] for each in unmeasured} == {"–"}
    behind = found["behind"]
    assert {each["key"] for each in behind["tables"]} == {"marts/fct_orders", "staging/stg_orders"}
    assert {each["key"] for each in behind["sources"]} == {
        "raw/shop/orders", "raw/shop/customers",
    }  # fmt: skip
    assert [each["number"] for each in behind["requests"]] == [1], "open, about a table behind it"
    assert "Nothing measures it yet" not in client.get("/catalog/key_result/net-revenue").text


def test_a_key_result_that_is_not_loaded_says_why_it_is_not_measured(client: TestClient) -> None:
    page = client.get("/catalog/key_result/sessions").text
    assert "Nothing measures it yet" in page and 'href="/deployment/locations"' in page


def test_nothing_stays_green_when_what_it_rests_on_is_late(tmp_path: Path) -> None:
    late = Shop(tmp_path, statuses=statuses()).client()
    found = told(late, "key_result/net-revenue")
    assert found["standing"] == "not measured" and found["value"] is None
    assert any("staging/stg_orders" in each for each in found["hindrances"])
    page = late.get("/catalog/key_result/net-revenue").text
    assert "It is not measured now." in page and "The last value was 1,660 EUR" in page
    listed = told(late, "objectives")
    assert listed["standings"] == {"not measured": 2}
    assert listed["groups"]["now"][0]["standing"] == "not measured"
    assert ">on track<" not in late.get("/catalog/objectives").text.replace("\n", "")


def test_an_objective_stands_as_its_worst_key_result(tmp_path: Path) -> None:
    behind = [
        Measurement("sessions", NOW, "r", definition(SESSIONS), 395.0, NOW),
        *measurements(),
    ]
    found = told(Shop(tmp_path, measured=Kept(behind)).client(), "objectives")
    (objective,) = found["groups"]["now"]
    assert [each["standing"] for each in objective["key_results"]] == ["on track", "off track"]
    assert objective["standing"] == "off track"
    assert [each["id"] for each in found["groups"]["next"]] == ["self-service"]


def test_measurements_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    class Away(Kept):
        def all(self) -> dict[str, list[Measurement]]:
            raise PlatformError("The lake is away.")

    client = Shop(tmp_path, measured=Away()).client()
    for path in ("demand", "objectives", "objective/healthy-shop", "key_result/net-revenue"):
        page = client.get(f"/catalog/{path}")
        assert page.status_code == 200 and "The lake is away." in page.text
        assert "on track" not in page.text


def test_an_objective_shows_everything_behind_it(client: TestClient) -> None:
    found = told(client, "objective/healthy-shop")
    assert [each["id"] for each in found["key_results"]] == ["net-revenue", "sessions"]
    assert [each["name"] for each in found["roadmap"]] == ["roadmap/returns"]
    assert {each["key"] for each in found["behind"]["sources"]} == {
        "raw/shop/orders", "raw/shop/customers",
    }  # fmt: skip
    assert all(each["layer"] != "key_result" for each in found["behind"]["tables"])
    assert any(node["kind"] == "request" for node in found["lineage"]["nodes"])


def test_the_backlog_says_what_is_next_and_why(client: TestClient) -> None:
    found = told(client, "backlog")
    assert [(each["number"], each["score"]) for each in found["scored"]] == [(2, 90.0), (1, 48.0)]
    first, second = found["scored"]
    assert first["overridden"] and first["override_reason"] == "The board asked for it."
    assert "The board asked for it." in first["arithmetic"]
    assert second["arithmetic"].startswith("reach 60 × impact 2 × confidence 0.8 ÷ effort 2")
    assert (second["evidence"]["asked"], second["evidence"]["rating"]) == (3, 4.0)
    assert [each["number"] for each in found["unscored"]] == [6]
    assert "not estimated" in found["unscored"][0]["arithmetic"]
    other = told(client, "backlog?method=wsjf")
    assert other["method"] == "wsjf" and [e["number"] for e in other["scored"]] == [2]
    assert told(client, "backlog?method=%3Cscript%3E")["method"] == found["method"]


def test_a_long_backlog_has_pages_and_says_how_much_there_is(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "PAGE", 2)
    whole = [told(client, f"backlog?method=rice&page={page}") for page in (1, 2)]
    assert [[e["number"] for e in each["scored"]] for each in whole] == [[2, 1], []]
    assert [[(e["number"], e["rank"]) for e in each["unscored"]] for each in whole] == [
        [],
        [(6, 3)],
    ]
    for each in whole:
        assert (each["total"], each["unscored_total"], each["pages"]) == (3, 1, 2)
        assert sum(each["states"].values()) == 3 and each["overridden"] == 1
    page = client.get("/catalog/backlog?page=2").text
    assert "3 requests wait" in page and 'href="/catalog/backlog?method=rice&amp;page=1"' in page
    assert "Page 2 of 2" in page and 'rel="next"' not in page
    assert "There is no more" in client.get("/catalog/backlog?page=9").text


def test_the_backlog_is_as_new_as_the_store(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    client = shop.client()
    shop.store.estimate(6, BEN, reach=1000.0, impact=3.0, confidence=1.0, effort=1.0)
    assert told(client, "backlog")["scored"][0]["number"] == 6
    shop.store.decline(6, BEN, "No.")
    assert 6 not in [e["number"] for e in told(client, "backlog")["scored"]]


def test_a_method_that_cannot_be_used_is_told(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong() -> None:
        raise PlatformError("priority_formula: there is no name speed.")

    monkeypatch.setattr(backlog.priorities, "declared", wrong)
    page = client.get("/catalog/backlog").text
    assert "there is no name speed" in page and "48" in page


def test_the_roadmap_has_what_is_late_and_what_is_done(client: TestClient) -> None:
    columns = {each["name"]: each["items"] for each in told(client, "roadmap")["columns"]}
    assert [each["id"] for each in columns["now"]] == ["returns"] and columns["now"][0]["late"]
    assert [each["name"] for each in columns["now"][0]["deliverables"]] == [
        "marts/fct_orders", "requirement/returns-daily",
    ]  # fmt: skip
    assert columns["now"][0]["objective"]["url"] == "/catalog/objective/healthy-shop"
    assert not columns["later"][0]["late"] and columns["done"][0]["shipped_on"] == "2026-05-11"
    assert 'id="roadmap-returns"' in client.get("/catalog/roadmap").text


def test_release_notes_are_written_from_what_shipped(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    client = shop.client()
    (may,) = told(client, "releases")["months"]
    assert may["month"] == "2026-05" and [e["id"] for e in may["items"]] == ["review"]
    (answered,) = may["requests"]
    assert answered["number"] == 3 and answered["helped"] and may["helped"] == 1
    assert (answered["ratings"], answered["rating"]) == (2, 3.5), "what was said since"
    shop.store.accept(6, BEN)
    shop.store.ship(6, BEN, "marts/daily_traffic")
    months = told(client, "releases")["months"]
    assert [e["number"] for e in months[0]["requests"]] == [6] and len(months) == 2


def test_a_decision_says_what_was_chosen_and_what_it_settles(client: TestClient) -> None:
    found = told(client, "decision/count-orders-once")
    assert [(o["text"], o["chosen"]) for o in found["options"]] == [
        ("By id", True), ("By file and line", False),
    ]  # fmt: skip
    assert [each["url"] for each in found["settles"]] == ["/catalog/request/3"]
    assert [each["name"] for each in found["supersedes"]] == ["decision/count-by-file"]
    assert [each["name"] for each in found["minutes"]] == ["minutes/2026-05-04"]
    old = client.get("/catalog/decision/count-by-file").text
    assert "It does not hold any more." in old and "/catalog/decision/count-orders-once" in old
    log = [each["id"] for each in told(client, "decisions")["decisions"]]
    assert log == ["buy-or-build", "count-orders-once", "count-by-file"], "what waits comes first"


def test_open_actions_stand_before_all_minutes(client: TestClient) -> None:
    found = told(client, "minutes")
    assert [(a["what"], a["overdue"]) for a in found["actions"]] == [
        ("Ask the shop for return files", True)
    ]
    assert (found["minutes"][0]["open"], found["minutes"][0]["overdue"]) == (1, 1)
    one = told(client, "minutes/2026-05-04")
    assert [each["done_on"] for each in one["actions"]] == [None, "2026-05-07"]
    assert [each["id"] for each in one["decisions"]] == ["count-orders-once"]


def test_a_requirement_says_whether_its_check_passes(client: TestClient) -> None:
    found = told(client, "requirement/orders-once")
    assert found["verified"]["state"] == "passed" and found["verified"]["severity"] == "error"
    assert [each["number"] for each in found["requests"]] == [3]
    assert [each["key"] for each in found["met_by"]] == ["marts/fct_orders"]
    listed = {each["id"]: each for each in told(client, "requirements")["requirements"]}
    assert listed["returns-daily"]["verified"] is None and listed["orders-once"]["requests"] == 1


def test_a_metric_can_be_queried(client: TestClient) -> None:
    found = told(client, "metric/revenue")
    assert [each["key"] for each in found["read_from"]] == ["marts/fct_orders"]
    assert [each["name"] for each in found["key_results"]] == [KEY]
    assert "/catalog/query?sql=SELECT" in client.get("/catalog/metric/revenue").text


def test_the_demand_behind_an_asset_stands_on_its_page(client: TestClient) -> None:
    found = told(client, "asset/marts/fct_orders")["behind"]
    assert [each["name"] for each in found["objectives"]] == ["objective/healthy-shop"]
    assert [each["number"] for each in found["waiting"]] == [1]
    assert [each["name"] for each in found["requirements"]] == ["requirement/orders-once"]
    assert found["feedback"]["count"] == 1 and found["feedback"]["unanswered"] == 0
    report = told(client, "asset/report/revenue")["behind"]
    assert (report["feedback"]["count"], report["feedback"]["rating"]) == (2, 3.5)
    assert report["feedback"]["newest"][0]["number"] == 2 and report["feedback"]["unanswered"] == 2
    assert [each["number"] for each in report["answered"]] == [3]
    assert [each["name"] for each in report["roadmap"]] == ["roadmap/review"]
    own = told(client, f"asset/{KEY}")["behind"]
    assert own["page"] == "/catalog/key_result/net-revenue"


def test_a_request_says_which_objective_it_leads_to(client: TestClient) -> None:
    found = [each["label"] for each in told(client, "request/3")["leads_to"]]
    assert found[0] in ("Every order counts once", "Revenue review")
    assert found[-1] == "A shop that earns its keep"
    assert told(client, "request/4")["leads_to"] == []


def test_a_late_source_names_every_objective_at_risk(tmp_path: Path, client: TestClient) -> None:
    place = tmp_path / "late"
    place.mkdir()
    late = Shop(place, statuses={**statuses(), "raw/shop/orders": replace(
        statuses()["raw/shop/orders"], failed_run="r9")}).client()  # fmt: skip
    page = late.get("/catalog/asset/raw/shop/orders").text
    assert "1 objective at risk while this is so." in page
    assert "/catalog/objective/healthy-shop" in page
    assert "at risk while" not in client.get("/catalog/asset/raw/shop/orders").text


def test_the_page_of_a_record_as_an_asset_is_its_own(client: TestClient) -> None:
    answer = client.get("/catalog/asset/record/objective/healthy-shop", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == "/catalog/objective/healthy-shop"


def test_the_first_page_has_the_best_of_each(client: TestClient) -> None:
    found = told(client, "demand")
    assert [each["number"] for each in found["next"]] == [2, 1] and found["waiting"] == 3
    assert found["untriaged"] == 2 and found["overdue"] == 1
    assert [each["id"] for each in found["now"]] == ["returns"]
    assert found["release"]["month"] == "2026-05"


def test_without_any_record_every_page_says_how_to_begin(tmp_path: Path) -> None:
    client = Shop(tmp_path, Everything(), Curated(), measured=Kept()).client()
    for path in ("demand", "objectives", "backlog", "roadmap", "releases", "decisions",
                 "requirements", "metrics", "minutes"):  # fmt: skip
        page = client.get(f"/catalog/{path}")
        assert page.status_code == 200 and 'class="empty"' in page.text, path
    assert not told(client, "asset/marts/fct_orders")["behind"]["any"]
    assert ">Demand</h2>" not in client.get("/catalog/asset/marts/fct_orders").text


EVIL = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}",
    "[x](javascript:alert(1))", "</title></svg><script>alert(2)</script>", "' onmouseover=alert(1)",
)  # fmt: skip


def hostile(text: str) -> tuple[Everything, Curated]:
    """Records that are stuffed with a text wherever people can write."""
    result = replace(REVENUE, title=text, owner=text, unit=text, sql=text, text=text)
    objective = Objective("o", text, text, text, start=date(2026, 4, 1), due=date(2026, 6, 30),
                          key_results=(replace(result, objective="o"),))  # fmt: skip
    action = Action(text, text, date(2026, 1, 1))
    curated = Curated(
        (Requirement("r", text, text, text, text, 1, statement=text, rationale=text,
                     acceptance=(text,), check=f"marts/fct_orders:{text}", assets=(text,)),),
        (objective,),
        (Decision("d", text, text, text, status="accepted", decided_on=date(2026, 1, 1),
                  options=(text,), choice=text, settles=(text, "request/1")),),
        (RoadmapItem("i", text, text, text, horizon="now", objective="o", deliverables=(text,)),),
        (Minutes("m", text, text, text, held_on=date(2026, 1, 1), attendees=(text,),
                 decisions=("d",), actions=(action,)),),
        (Metric("x", text, text, text, definition=text, unit=text, sql=text, tables=(text,)),),
    )  # fmt: skip
    at = NOW - timedelta(days=1)
    requests = (
        Request(1, text, text, at, at, decision=text, waiting_costs=text, about="marts/fct_orders",
                assignee=text, override=5.0, override_reason=text),
        Request(2, text, text, at, at, state="closed", answered_by=text, shipped_at=at, helped=True,
                helped_words=text),
    )  # fmt: skip
    said = Feedback(1, "marts/fct_orders", text, 3, text, text, at, answer=text)
    return Everything(requests=requests, feedback=(said,)), curated


@pytest.mark.parametrize("text", EVIL)
def test_whatever_is_written_is_shown_and_never_run(tmp_path: Path, text: str) -> None:
    everything, curated = hostile(text)
    bad = [Measurement("net-revenue", NOW, text, text, trouble=(text,))]
    client = Shop(tmp_path, everything, curated, measured=Kept(bad)).client()
    looked = ["demand", "objectives", "objective/o", "key_result/net-revenue", "backlog", "roadmap",
              "releases", "decisions", "decision/d", "requirements", "requirement/r", "metrics",
              "metric/x", "minutes", "minutes/m", "asset/marts/fct_orders", "search?kind=record",
              "impact/marts/fct_orders"]  # fmt: skip
    for path in looked:
        answer = client.get(f"/catalog/{path}")
        assert answer.status_code == 200 and not faults(answer.text), (path, faults(answer.text))
        assert "<script>alert" not in answer.text and "49" not in answer.text.split("<h1")[1][:200]

"""The routes below /api/v1: statuses, limits, who may send, and the shapes of Marquez's answers."""

import gzip
import itertools
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from platform_assets.lineage.openlineage.received import asking, events, taking
from platform_assets.lineage.openlineage.received.store import Store
from tests.lineage import producers
from tests.lineage.producers import SHOP
from tests.lineage.receiving import client, put, store_in

POST = "/api/v1/lineage"
DATASET = f"/api/v1/namespaces/{quote(SHOP, safe='')}/datasets"


@pytest.fixture
def store(tmp_path: Path) -> Any:
    found = store_in(tmp_path)
    yield found
    found.close()


@pytest.fixture
def api(store: Store) -> TestClient:
    return client(store)


@pytest.fixture
def full(store: Store, api: TestClient) -> TestClient:
    put(store, producers.everybody())
    return api


def test_an_event_is_created(api: TestClient) -> None:
    told = producers.spark()[0]
    for _ in range(2):
        answer = api.post(POST, json=told)
        assert (answer.status_code, answer.content) == (201, b"")
    assert api.get("/api/v1/events/lineage").json() == {"events": [told], "totalCount": 1}


def test_a_packed_body_is_taken(api: TestClient) -> None:
    body = gzip.compress(json.dumps(producers.spark()[0]).encode())
    headers = {"content-type": "application/json; charset=utf-8", "content-encoding": "gzip"}
    assert api.post(POST, content=body, headers=headers).status_code == 201
    assert api.post(POST, content=body[:-9], headers=headers).status_code == 400
    assert api.post(POST, content=b"no gzip", headers=headers).status_code == 400
    bomb = gzip.compress(b"[" + b" " * (events.EVENT_BYTES * 4))
    assert api.post(POST, content=bomb, headers=headers).status_code == 413


def test_a_refusal_is_readable(api: TestClient) -> None:
    answer = api.post(POST, json={**producers.spark()[0], "run": {"runId": "7"}})
    assert answer.status_code == 422
    told = answer.json()
    assert told["errors"] == ["run.runId: not a UUID"]
    assert (told["code"], told["message"]) == (422, "run.runId: not a UUID")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"", {}, 400),
        (b'{"a": "\xff"}', {}, 400),
        (b"NaN", {}, 400),
        (b"[" * 50_000, {}, 400),
        (b" " * (events.EVENT_BYTES + 1), {}, 413),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {"content-type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {"content-encoding": "br"}, 415),
        (b"{}", {"sec-fetch-site": "cross-site"}, 403),
        (b"{}", {"origin": "https://evil.example"}, 403),
        (b"{}", {"origin": "null"}, 403),
        (b"{}", {}, 422),
        (b"[]", {}, 422),
    ],
    ids=itertools.count(),
)
def test_what_is_not_taken(
    api: TestClient, body: bytes, headers: dict[str, str], status: int
) -> None:
    sent = {"content-type": "application/json", **headers}
    answer = api.post(POST, content=body, headers=sent)
    assert answer.status_code == status
    assert answer.json()["code"] == status and answer.json()["message"]


def test_a_batch_keeps_what_is_right_and_says_what_is_not(api: TestClient) -> None:
    told = producers.everybody()
    answer = api.post(f"{POST}/batch", json=told)
    assert answer.status_code == 200
    assert answer.json()["status"] == "success"
    assert answer.json()["summary"]["successful"] == len(told)
    mixed = [producers.flink()[0], {"eventType": "START"}, 5]
    answer = api.post(f"{POST}/batch", json=mixed)
    assert answer.status_code == 422
    found = answer.json()
    assert found["status"] == "partial_success"
    assert [each["index"] for each in found["failed_events"]] == [1, 2]
    assert "eventTime: is missing" in found["failed_events"][0]["reason"]
    assert api.get("/api/v1/events/lineage").json()["totalCount"] == len(told) + 1
    assert api.post(f"{POST}/batch", json={}).status_code == 422
    assert api.post(f"{POST}/batch", json=[1] * (taking.MOST_OF_BATCH + 1)).status_code == 422


def test_the_key_is_asked_for_everywhere(store: Store) -> None:
    api = client(store, "correct horse battery")
    told = producers.spark()[0]
    for given in ("", "Bearer", "Bearer wrong", "Basic correct horse battery", "Bearer \u00e9"):
        headers = {"authorization": given.encode()}
        for answer in (
            api.post(POST, json=told, headers=headers),
            api.get("/api/v1/namespaces", headers=headers),
            api.get("/api/v1/nothing", headers=headers),
        ):
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "correct" not in answer.text
    right = {"authorization": "Bearer correct horse battery"}
    assert api.post(POST, json=told, headers=right).status_code == 201
    assert api.get("/api/v1/namespaces", headers=right).status_code == 200


def test_passwords_in_addresses_are_not_kept(store: Store, api: TestClient) -> None:
    told = producers.spark()[0]
    told["inputs"][0]["facets"]["dataSource"]["uri"] = "postgres://u:hunter22@h/d"
    told["inputs"][0]["namespace"] = "postgres://u:hunter22@h:5432"
    assert api.post(POST, json=told).status_code == 201
    assert "hunter22" not in api.get("/api/v1/events/lineage").text
    names = [each["name"] for each in api.get("/api/v1/namespaces").json()["namespaces"]]
    assert "postgres://u:***@h:5432" in names


def test_namespaces(full: TestClient) -> None:
    found = full.get("/api/v1/namespaces").json()["namespaces"]
    names = [each["name"] for each in found]
    assert names == sorted(names) and {SHOP, "airflow", "flink"} <= set(names)
    assert set(found[0]) >= {"name", "createdAt", "updatedAt", "ownerName", "description"}
    page = full.get("/api/v1/namespaces?limit=2&offset=1").json()["namespaces"]
    assert [each["name"] for each in page] == names[1:3]
    one = full.get(f"/api/v1/namespaces/{quote(SHOP, safe='')}")
    assert one.json()["name"] == SHOP


def test_datasets(full: TestClient) -> None:
    listed = full.get(DATASET).json()
    assert listed["totalCount"] == 4 == len(listed["datasets"])
    assert len(full.get(f"{DATASET}?limit=1&offset=3").json()["datasets"]) == 1
    one = full.get(f"{DATASET}/shop.public.orders").json()
    assert one["id"] == {"namespace": SHOP, "name": "shop.public.orders"}
    assert one["fields"][0] == {"name": "id", "type": "long", "tags": [], "description": None}
    assert one["type"] == "DB_TABLE" and one["sourceName"] == SHOP
    made = full.get("/api/v1/namespaces/s3%3A%2F%2Fcompany-lake/datasets/warehouse%2Fdaily_orders")
    assert made.json()["facets"]["storage"]["storageLayer"] == "delta"
    assert made.json()["lastModifiedAt"] and made.json()["description"].startswith("Revenue")
    assert made.json()["columnLineage"][1]["inputFields"] == [
        {"namespace": SHOP, "dataset": "shop.public.orders", "field": "total"}
    ]
    topic = "/api/v1/namespaces/kafka%3A%2F%2Fbroker.example%3A9092/datasets/clicks"
    assert full.get(topic).json()["type"] == "STREAM"


def test_jobs_and_runs(full: TestClient) -> None:
    job = full.get("/api/v1/namespaces/airflow/jobs/shop_daily.fill_mart").json()
    assert job["inputs"] == [{"namespace": SHOP, "name": "shop.public.orders"}]
    assert job["outputs"] == [{"namespace": SHOP, "name": "shop.mart.orders"}]
    assert job["latestRun"]["state"] == "FAILED" and len(job["latestRuns"]) == 2
    assert job["simpleName"] == "fill_mart" and job["description"] == "Fills the mart."
    runs = full.get("/api/v1/namespaces/airflow/jobs/shop_daily.fill_mart/runs?limit=1").json()
    assert runs["totalCount"] == 2 and len(runs["runs"]) == 1
    run = runs["runs"][0]
    assert run["durationMs"] == 3_600_000
    assert run["nominalStartTime"] == "2026-01-31T00:00:00Z"
    assert full.get(f"/api/v1/jobs/runs/{run['id'].upper()}").json() == run
    facets = full.get(f"/api/v1/jobs/runs/{run['id']}/facets?type=run").json()
    assert facets["facets"]["errorMessage"]["message"].startswith("relation")
    of_job = full.get(f"/api/v1/jobs/runs/{run['id']}/facets?type=job").json()
    assert of_job["facets"]["sql"]["dialect"] == "postgres"
    assert full.get("/api/v1/namespaces/flink/jobs").json()["jobs"][0]["type"] == "STREAM"
    assert full.get("/api/v1/jobs").json()["totalCount"] == 4


def test_lineage(full: TestClient) -> None:
    node = f"dataset:{SHOP}:shop.public.orders"
    found = full.get("/api/v1/lineage", params={"nodeId": node}).json()["graph"]
    by_id = {each["id"]: each for each in found}
    spark = "job:spark-cluster:shop_etl.execute_save_into_data_source_command.daily_orders"
    assert by_id[node]["type"] == "DATASET" and by_id[spark]["type"] == "JOB"
    assert {"origin": node, "destination": spark} in by_id[node]["outEdges"]
    assert {"origin": node, "destination": spark} in by_id[spark]["inEdges"]
    assert by_id[spark]["data"]["latestRun"]["state"] == "COMPLETED"
    assert "job:design:nightly_export" in by_id and "job:flink:enrich_clicks" not in by_id
    shallow = full.get("/api/v1/lineage", params={"nodeId": node, "depth": 0}).json()["graph"]
    assert [each["id"] for each in shallow] == [node]


def test_column_lineage(full: TestClient) -> None:
    def ids(**asked: str) -> set[str]:
        answer = full.get("/api/v1/column-lineage", params=asked)
        assert answer.status_code == 200
        return {each["id"] for each in answer.json()["graph"]}

    made = "s3://company-lake:warehouse/daily_orders"
    total, revenue = f"datasetField:{SHOP}:shop.public.orders:total", f"datasetField:{made}:revenue"
    assert ids(nodeId=revenue) == {revenue, total}
    assert len(ids(nodeId=f"dataset:{made}")) == 4
    assert ids(nodeId=total, withDownstream="false") == {total}
    assert ids(nodeId=total, withDownstream="true") == {total, revenue}


def test_events(full: TestClient) -> None:
    def times(**asked: Any) -> list[str]:
        found = full.get("/api/v1/events/lineage", params=asked).json()["events"]
        return [each["eventTime"] for each in found]

    total = len(producers.everybody())
    assert full.get("/api/v1/events/lineage").json()["totalCount"] == total
    newest = producers.NOW.isoformat()
    assert len(times(after=newest)) == 0
    assert len(times(before=newest, limit=3)) == 3
    assert times(sortDirection="asc") != times()
    assert len(times(offset=total - 1)) == 1
    assert full.get("/api/v1/events/flink").json()["totalCount"] == 3


def test_a_list_of_large_events_ends_early(
    full: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_TEXT", 3_000)
    told = full.get("/api/v1/events/lineage").json()
    assert 0 < len(told["events"]) < told["totalCount"]
    rest = full.get(f"/api/v1/events/lineage?offset={len(told['events'])}").json()
    assert rest["events"] and rest["events"][0] not in told["events"]


def test_search(full: TestClient) -> None:
    def names(**asked: Any) -> list[str]:
        return [e["nodeId"] for e in full.get("/api/v1/search", params=asked).json()["results"]]

    assert f"dataset:{SHOP}:shop.mart.orders" in names(q="ORDERS")
    assert names(q="orders", filter="job") == [
        "job:spark-cluster:shop_etl.execute_save_into_data_source_command.daily_orders"
    ]
    assert names(q="shop.mart.%", namespace=SHOP) == [f"dataset:{SHOP}:shop.mart.orders"]
    assert full.get("/api/v1/search?q=o&limit=2").json()["totalCount"] > 2
    assert len(names(q="o", limit=2)) == 2
    assert names(q="'; drop table lineage_jobs; --") == []


def test_sources_and_tags(full: TestClient) -> None:
    found = full.get("/api/v1/sources").json()["sources"]
    assert {"type": "POSTGRES", "name": SHOP, "connectionUrl": SHOP, "description": None} in found
    assert full.get("/api/v1/tags").json() == {"tags": []}


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("namespaces/none", 404, "Namespace 'none' not found."),
        ("namespaces/none/jobs", 404, "Namespace 'none' not found."),
        ("namespaces/airflow/jobs/none", 404, "Job 'none' not found."),
        ("namespaces/airflow/datasets/none", 404, "Dataset 'none' not found."),
        ("jobs/runs/none", 404, "Run 'none' not found."),
        ("lineage", 400, "nodeId: neither"),
        ("lineage?nodeId=dataset:none", 400, "nodeId: neither"),
        ("lineage?nodeId=job:a:b", 404, "Node 'job:a:b' not found."),
        ("namespaces?limit=-1", 400, "limit: not a whole number."),
        ("namespaces?offset=x", 400, "offset: not a whole number."),
        ("events/lineage?before=x", 400, "before: not a date-time"),
        ("search", 400, "q: is missing"),
        ("search?q=a&filter=x", 400, "filter: neither"),
        ("nothing/at/all", 404, "There is nothing at this address."),
        ("", 404, "There is nothing at this address."),
        ("namespaces//datasets", 404, "There is nothing at this address."),
    ],
)
def test_what_is_not_there(full: TestClient, path: str, status: int, message: str) -> None:
    answer = full.get(f"/api/v1/{path}")
    assert answer.status_code == status
    assert answer.json()["code"] == status and answer.json()["message"].startswith(message)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
def test_nothing_else_can_be_changed(full: TestClient, method: str) -> None:
    assert full.request(method, "/api/v1/namespaces/airflow").status_code == 405


def test_a_store_that_is_away_is_said_and_the_next_event_is_kept(
    store: Store, api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> Any:
        raise sa.exc.OperationalError("SELECT", {}, ValueError("secret host"))

    with monkeypatch.context() as patched:
        patched.setattr(Store, "_write", away)
        answer = api.post(POST, json=producers.flink()[0])
    assert answer.status_code == 503 and answer.headers["retry-after"]
    assert "secret" not in answer.text
    assert api.post(POST, json=producers.flink()[0]).status_code == 201

"""What is brought into its last form once is sent as if it were made anew."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import requests
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import RunEvent
from openlineage.client.facet_v2 import JobFacet
from openlineage.client.serde import Serde

from platform_assets.lineage.openlineage.emit import datasets, facets, static
from platform_assets.lineage.openlineage.emit.described import describe
from platform_assets.lineage.openlineage.emit.log import Point
from platform_assets.lineage.openlineage.emit.prepared import AsText, share_what_requests_share
from tests.lineage import emitting

NOW = "2026-01-02T03:04:05.000000+00:00"
FOUND = dg.TableSchema([dg.TableColumn("id", "bigint"), dg.TableColumn("new", "?", "Of late.")])


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """The log of a run that ends well, of one that fails, and of what is told from outside."""
    with emitting.instance_at(tmp_path_factory.mktemp("log")) as instance:
        emitting.materialize(instance, "raw/orders", "marts/orders", team="data")
        emitting.materialize(instance, "marts/broken", "report/weekly")
        seen = {"dagster/column_schema": FOUND}
        for event in (dg.AssetMaterialization, dg.AssetObservation):
            instance.report_runless_asset_event(event(["marts", "orders"], metadata=seen))
        yield instance


def events(instance: dg.DagsterInstance) -> list[Any]:
    """Return every event there is to tell, of assets of which nothing is known yet."""
    assets = describe(
        list(emitting.GRAPH.asset_nodes),
        emitting.NAMING,
        sources=emitting.SOURCES,
        columns=lambda _nodes: emitting.LINEAGE,
        statements=lambda _nodes: [emitting.STATEMENT],
    )
    teller = emitting.teller(instance)
    teller.assets = assets
    entries = [entry for _, entry in teller.log.after(Point(), 1000).entries]
    told = [event for entry in entries for event in teller.events(entry)]
    return [*static.events(assets, emitting.NAMING, NOW), *told]


def forget() -> None:
    """Forget the facets that are kept for the whole process."""
    for kept in vars(facets).values():
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()


def test_the_text_is_that_of_the_clients_own_objects(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [Serde.to_json(AsText(event)) for event in events(instance)]
    whole = [Serde.to_json(event) for event in events(instance)]
    for module in (datasets, facets):
        monkeypatch.setattr(module, "prepared", lambda facet: facet)
    forget()
    anew = events(instance)
    forget()
    assert all(isinstance(e.job.facets["jobType"], JobFacet) for e in anew if hasattr(e, "job"))
    assert len(texts) > 30
    assert texts == whole == [Serde.to_json(event) for event in anew]


def test_columns_that_were_found_are_told_each_time_as_they_were_found() -> None:
    asset, naming = emitting.ASSETS["marts/orders"], emitting.NAMING

    def names(*columns: dg.TableColumn) -> list[str]:
        return [f["name"] for f in datasets.facets_of(asset, naming, columns)["schema"]["fields"]]

    assert names(*FOUND.columns) == ["id", "new"]
    assert names() == names(*asset.columns) == ["id", "total"]
    assert names(*FOUND.columns) == ["id", "new"]


def test_tags_that_the_client_adds_stay_with_their_event(tmp_path: Path) -> None:
    file = tmp_path / "events"
    tags = {"job": {"color": "red"}, "run": {"team": "data"}}
    transport = {"type": "file", "log_file_path": str(file), "append": True}
    client = OpenLineageClient(config={"transport": transport, "tags": tags})
    before = [Serde.to_dict(e) for e in static.events(emitting.ASSETS, emitting.NAMING, NOW)]
    for event in static.events(emitting.ASSETS, emitting.NAMING, NOW):
        client.emit(event)
    told = [json.loads(line) for line in file.open()]
    assert all("color" in str(event) for event in told if "job" in event)
    after = [Serde.to_dict(e) for e in static.events(emitting.ASSETS, emitting.NAMING, NOW)]
    assert before == after


def test_an_event_as_text_answers_like_the_event(instance: dg.DagsterInstance) -> None:
    event = next(e for e in events(instance) if isinstance(e, RunEvent))
    text = AsText(event)
    assert isinstance(text, RunEvent)
    assert isinstance(text, dict)
    assert (text.run.runId, text.eventType) == (event.run.runId, event.eventType)
    assert not hasattr(text, "dataset")


class Wire(requests.adapters.BaseAdapter):
    """Takes requests, as they would go over the wire."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[Any, dict[str, str], Any]] = []

    def send(self, request: Any, *_: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        self.sent.append((body, dict(request.headers), options["proxies"]))
        response = requests.Response()
        response.status_code, response.url, response._content = 201, request.url, b""
        response.raw, response.request = None, request
        return response

    def close(self) -> None:
        """Nothing is open."""


def test_requests_are_alike_in_all_but_what_they_carry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine receiver.example login ana password hunter2hunter2")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/srv/bundle.pem")
    transport: Any = OpenLineageClient(
        config={"transport": {"type": "http", "url": "http://receiver.example"}}
    ).transport
    share_what_requests_share(transport)
    wire, usual = Wire(), requests.Session()
    for session in (transport.session, usual):
        session.mount("http://receiver.example", wire)
    assert transport.verify == "/srv/bundle.pem"
    bodies = ("{}", '{"a": 1}', '{"a": 1, "b": 2}')
    for token in ("one", "two"):
        for session in (transport.session, usual):
            for body in bodies:
                headers = {"Content-Type": "application/json", "X-Token": token}
                session.post("http://receiver.example/api", data=body, headers=headers)
    ours = [each for i, each in enumerate(wire.sent) if i // len(bodies) % 2 == 0]
    theirs = [each for i, each in enumerate(wire.sent) if i // len(bodies) % 2]
    assert [body for body, _, _ in ours] == [*bodies, *bodies]
    assert ours == theirs
    assert all(headers["Authorization"].startswith("Basic ") for _, headers, _ in ours)
    assert all(proxies["http"] == "http://proxy.example:3128" for _, _, proxies in ours)

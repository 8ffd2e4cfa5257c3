"""From requests to landed files: nothing slows, nothing fails, nothing is lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from platform_assets.catalog.usage import Usage
from platform_assets.commands.landing import require_landing
from platform_assets.ingestion import files
from platform_assets.ingestion.declaration import FileDeclaration
from platform_assets.inventory.model import Asset, Graph
from platform_assets.reporting.folder_archive import FolderArchive
from platform_assets.server import usage as server_usage
from platform_assets.usage import recorder as recording_room
from platform_assets.usage.recorder import Recorder, Recording
from platform_assets.usage.visits import Visit
from resources.landing import Landing
from resources.settings import PROJECT_ROOT, Settings, settings
from resources.warehouse import Warehouse
from tests.catalog.world import FixedCatalog, HereSandbox, lake, pages_of
from tests.object_store import object_store
from tests.usage.recording import BROWSER, landed, recorder_in

DECLARED = PROJECT_ROOT / "platform_assets/defs/sources/usage/defs.yaml"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have recorders write every few milliseconds."""
    monkeypatch.setattr(recording_room, "WRITE_SECONDS", 0.02)


def answering(recorder: Recorder, status: int = 200) -> TestClient:
    """Return a client of pages that all have one status."""

    def page(request: Any) -> PlainTextResponse:
        return PlainTextResponse("", status)

    route = Route("/{path:path}", page, methods=["GET", "POST"])
    app = Starlette(routes=[route], middleware=[Middleware(Recording, recorder)])
    return TestClient(app, headers={"user-agent": BROWSER})


def view(asset: str) -> Visit:
    return Visit(
        time.time(), f"/catalog/asset/{asset}", headers=[(b"user-agent", BROWSER.encode())]
    )


def within(seconds: float, found: Callable[[], Any]) -> Any:
    until = time.monotonic() + seconds
    while not (what := found()) and time.monotonic() < until:
        time.sleep(0.02)
    return what


def test_what_was_looked_at_lands_when_the_server_ends(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    recorder.start()
    client = answering(recorder)
    for path in ("/catalog/asset/marts/a", "/files/reports/sales/latest.html", "/assets", "/"):
        client.get(path)
    client.post("/catalog/asset/marts/b")
    recorder.close()
    assert [(e["kind"], e["asset"]) for e in landed(tmp_path)] == [
        ("view", "marts/a"),
        ("open", "report/sales"),
    ]
    assert not list((tmp_path / "waiting").iterdir())
    assert not list((tmp_path / "landing").rglob(".*"))


@pytest.mark.parametrize("status", [303, 400, 403, 404, 500, 503])
def test_a_page_that_was_not_shown_does_not_count(tmp_path: Path, status: int) -> None:
    recorder = recorder_in(tmp_path)
    recorder.start()
    answering(recorder, status).get("/catalog/asset/marts/a")
    recorder.close()
    assert landed(tmp_path) == []


def test_the_catalog_tells_how_much_a_search_found(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    recorder = recorder_in(tmp_path)
    recorder.start()
    sandbox = HereSandbox(lake(tmp_path_factory.mktemp("lake")))
    archive = FolderArchive(tmp_path / "reports")
    pages = pages_of(FixedCatalog(), Usage(tmp_path / "usage.sqlite"), sandbox, archive)
    client = TestClient(Recording(pages, recorder), headers={"user-agent": BROWSER})
    for query in ("q=orders", "q=unobtainium", "q=unobtainium&kind=report"):
        assert client.get(f"/catalog/search?{query}").status_code == 200
        client.get("/catalog/query?sql=SELECT+1+FROM+marts.fct_orders")
    client.get("/catalog/query?sql=SELECT+nope+FROM+marts.fct_orders")  # fails: no use
    client.get("/catalog/asset/marts/none")
    recorder.close()
    found = landed(tmp_path)
    told = [(e["text"], e["results"] > 0, e["narrowed"]) for e in found if e["kind"] == "search"]
    # The second and the third are one: the results were narrowed within seconds.
    assert told == [("orders", True, False), ("unobtainium", False, True)]
    assert [e["asset"] for e in found if e["kind"] == "query"] == ["marts/fct_orders"] * 3


def test_a_landing_zone_that_is_away_costs_nothing(tmp_path: Path) -> None:
    away = tmp_path / "away"
    recorder = recorder_in(tmp_path, landing=str(away))
    recorder.start()
    recorder.seen(view("marts/a"))
    recorder.close()
    assert not away.exists()
    assert len(list((tmp_path / "waiting").iterdir())) == 1
    later = recorder_in(tmp_path)
    later.start()
    assert within(5, lambda: landed(tmp_path))[0]["asset"] == "marts/a"
    later.close()
    assert len(landed(tmp_path)) == 1


def test_what_waits_for_a_landing_zone_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recording_room, "ON_DISK", 50)
    recorder = recorder_in(tmp_path, landing=str(tmp_path / "away"))
    recorder.start()
    recorder.seen(view("marts/a"))
    assert within(5, lambda: list((tmp_path / "waiting").glob("*.open")))
    recorder.seen(view("marts/b"))
    assert within(5, lambda: "1 events of usage are dropped" in caplog.text)
    recorder.close()
    (file,) = (tmp_path / "waiting").iterdir()
    assert file.read_text().count("\n") == 1


def test_what_can_not_be_understood_costs_only_itself(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    recorder.start()
    recorder.seen(Visit(float("nan"), "/catalog/asset/marts/a", headers=view("x").headers))
    recorder.seen(view("marts/\ud800"))
    recorder.seen(view("marts/b"))
    recorder.close()
    assert [event["asset"] for event in landed(tmp_path)] == ["marts/?", "marts/b"]


KILLED = """
import sys, time
from pathlib import Path
from tests.usage.recording import recorder_in
from tests.usage.test_recorder import view
recorder = recorder_in(Path(sys.argv[1]))
recorder.start()
for number in range(1000):
    recorder.seen(view(f"marts/t{number}"))
print("seen", flush=True)
time.sleep(60)
"""


def test_what_a_killed_server_had_written_lands_at_the_next_start(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE)
    waiting = tmp_path / "waiting"

    def written() -> list[Path]:
        return [f for f in waiting.glob("*.open") if f.read_bytes().count(b"\n") >= 1000]

    try:
        (file,) = within(30, written)
        alive = recorder_in(tmp_path)  # another server on the same folder leaves it alone
        alive.start()
        alive.close()
        assert landed(tmp_path) == []
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with file.open("ab") as torn:
        torn.write(b'{"used_at": "2026-01-0')
    later = recorder_in(tmp_path)
    later.start()
    later.close()
    assert [event["asset"] for event in landed(tmp_path)] == [f"marts/t{n}" for n in range(1000)]


def test_people_are_digests_of_whom_the_sign_on_names_and_of_nobody_else(tmp_path: Path) -> None:
    for name, header in (("signed", "X-Forwarded-Email"), ("open", "")):
        folder = tmp_path / name
        folder.mkdir()
        recorder = recorder_in(folder, header)
        recorder.start()
        client = answering(recorder)
        for who in ("Anna@example.org", "anna@example.org ", "bert@example.org", ""):
            client.get("/catalog/", headers={"x-forwarded-email": who, "cookie": "who=Anna"})
        recorder.close()
    people = [event.get("person") for event in landed(tmp_path / "signed")]
    assert people[0] == people[1] != people[2] and people[3] is None
    assert len(str(people[0])) == 32 and "anna" not in str(landed(tmp_path / "signed")).lower()
    assert [event.get("person") for event in landed(tmp_path / "open")] == [None] * 4


def test_the_roll_is_called_once_a_day_and_tells_what_changed(tmp_path: Path) -> None:
    assets = {"marts/a": 1, "marts/b": 0}
    recorder = recorder_in(tmp_path, listed=lambda: assets, land_seconds=0)
    recorder.start()
    assert within(5, lambda: len(landed(tmp_path)) == 3)
    recorder.close()
    first = landed(tmp_path)
    state = tmp_path / "listed.json"
    state.write_text(state.read_text().replace('"day": "20', '"day": "19'))
    assets |= {"marts/b": 2, "marts/c": 0}
    del assets["marts/a"]
    later = recorder_in(tmp_path, listed=lambda: assets, land_seconds=0)
    later.start()
    within(5, lambda: len(landed(tmp_path)) > 3)
    later.close()
    second = [event for event in landed(tmp_path) if event not in first]
    told = [(e["kind"], e.get("asset"), e.get("dependents")) for e in [*first, *second]]
    assert told == [
        ("recording", None, None), ("listed", "marts/a", 1), ("listed", "marts/b", 0),
        ("recording", None, None), ("listed", "marts/b", 2), ("listed", "marts/c", 0),
        ("removed", "marts/a", None),
    ]  # fmt: skip


def test_definitions_that_do_not_load_remove_nothing(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path, listed=dict, land_seconds=0)
    recorder.start()
    time.sleep(0.2)
    recorder.close()
    assert landed(tmp_path) == []


def test_events_land_in_an_object_store_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = object_store()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    url = f"{server.new_bucket()}/landing"
    recorder = recorder_in(tmp_path, landing=url)
    recorder.start()
    recorder.seen(view("marts/a"))
    recorder.close()
    (file,) = within(5, lambda: Landing(url).find("usage/**/*.ndjson*"))
    settings.cache_clear()
    assert file.path.startswith("usage/date=") and file.size > 50
    assert not list((tmp_path / "waiting").iterdir())


def test_what_landed_loads_as_it_is_declared(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path, "x-user", lambda: {"marts/a": 3}, land_seconds=0)
    recorder.start()
    headers = [(b"user-agent", BROWSER.encode()), (b"x-user", b"anna")]
    search = {"results": 0, "narrowed": False}
    for path, query, noted in (
        ("/catalog/asset/marts/a", b"", {}),
        ("/catalog/search", b"q=margin", search),
        ("/files/reports/sales/20260101T000000Z/report.pdf", b"", {}),
        ("/catalog/query.csv", b"sql=FROM+marts.a", {}),
    ):
        recorder.seen(Visit(time.time(), path, query, headers, "", noted))
    within(5, lambda: len(landed(tmp_path)) >= 6)
    recorder.close()
    attributes = yaml.safe_load(DECLARED.read_text())["attributes"]
    known = {k: v for k, v in attributes.items() if k in FileDeclaration.model_fields}
    warehouse = Warehouse(f"ducklake:///{tmp_path}/lake", memory_limit="300MB")
    landing = Landing(str(tmp_path / "landing"))
    result = files.ingest(warehouse, landing, FileDeclaration(name="usage", **known))
    assert (result.rows_loaded, result.rows_quarantined, result.drift) == (6, 0, [])
    with warehouse.reading() as connection:
        found = connection.execute(
            "SELECT kind, asset, results, narrowed, format, dependents, person IS NULL, "
            "date = used_at::DATE FROM lake.raw.usage ORDER BY kind"
        ).fetchall()
    assert found == [
        ("download", "report/sales", None, None, "pdf", None, False, True),
        ("listed", "marts/a", None, None, None, 3, True, True),
        ("query", "marts/a", None, None, "csv", None, False, True),
        ("recording", None, None, None, None, None, True, True),
        ("search", None, 0, False, None, None, False, True),
        ("view", "marts/a", None, None, None, None, False, True),
    ]


def test_usage_is_switched_off_by_a_setting(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        off, on = Settings(usage=False, data_dir=tmp_path), Settings(data_dir=tmp_path)
        catalog: Any = FixedCatalog()
        assert server_usage.recorder(off, catalog, instance) is None
        assert server_usage.recorder(on, catalog, instance) is not None
        key = server_usage.key_of(instance)
        assert len(key) == 32 and server_usage.key_of(instance) == key
    counts = Usage(tmp_path / "usage.sqlite", counting=False)
    counts.looked_at("marts/a")
    counts.searched_in_vain("b")
    assert (counts.looks(), counts.in_vain(), counts.counted_since()) == ({}, [], None)


def test_the_roll_holds_what_people_look_at_and_what_is_made_from_it() -> None:
    found = [
        Asset("raw/a", "source"),
        Asset("marts/a", "table", parents=("raw/a",)),
        Asset("record/request/1", "record", parents=("marts/a",)),
        Asset("openlineage/job", "external", parents=("marts/a",)),
        Asset("maintenance/compact", "platform"),
    ]
    graph = Graph({asset.key: asset for asset in found})
    assert server_usage.listed(graph) == {"raw/a": 1, "marts/a": 1}


def test_a_landing_zone_with_nothing_but_usage_still_takes_the_sample(project_data: Path) -> None:
    (project_data / "landing" / "usage").mkdir(parents=True)
    assert require_landing()
    (project_data / "landing" / "orders").mkdir()
    assert not require_landing()

"""The whole walk, as its user meets it: data lands, and the report is fresh, untouched."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resources.settings import PROJECT_ROOT
from resources.warehouse import Warehouse
from tests.lineage import spec
from tests.server.running import RELOAD, Running, command, processes_of, wait_for

pytestmark = [pytest.mark.xdist_group("platform"), pytest.mark.timeout(400)]
REPORT = "reports/weekly_business_review/latest.html"
EVENTS = "openlineage.ndjson"
REPORTS = {
    "acquisition": "Acquisition and return on ad spend",
    "backlog": "Backlog",
    "data_platform_health": "Data-platform health",
    "platform_attention": "What needs attention",
    "product_funnel": "Product funnel",
    "retention_cohorts": "Retention cohorts",
    "weekly_business_review": "Weekly business review",
}
ASSETS = """{ assetNodes { assetKey { path } description groupName
  owners { __typename ... on UserAssetOwner { email } ... on TeamAssetOwner { team } }
  tags { key value } kinds
  internalFreshnessPolicy { __typename } hasMaterializePermission isMaterializable
  dependencyKeys { path } metadataEntries { label } } }"""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a small company, whose data has landed."""
    data = tmp_path_factory.mktemp("journey") / "data"
    size = ["--days", "30", "--events-per-day", "200"]
    subprocess.run(
        [sys.executable, "-m", "platform_assets.cli", "sample", *size],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PLATFORM_DATA_DIR": str(data)},
        check=True,
        capture_output=True,
    )
    return data


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings that name a copy of the company's declarations, for a walk to add to."""
    folder = tmp_path_factory.mktemp("declared")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT_ROOT / "platform_assets/defs", folder / "fernweh", ignore=ignored)
    return {"PYTHONPATH": str(folder), "PLATFORM_DEFS_MODULE": "fernweh"}


@pytest.fixture(scope="module")
def platform(company: Path, declared: dict[str, str]) -> Iterator[Running]:
    """The platform, up, with every asset materialized."""
    running = Running.start(
        company,
        definitions="platform_assets.definitions",
        **declared,
        OPENLINEAGE__TRANSPORT__TYPE="file",
        OPENLINEAGE__TRANSPORT__LOG_FILE_PATH=str(company / EVENTS),
        OPENLINEAGE__TRANSPORT__APPEND="true",
    )
    yield running
    if running.process.poll() is None:
        running.stop()


def one(data: Path, sql: str) -> object:
    with Warehouse(f"ducklake:///{data}/warehouse").reading() as connection:
        row = connection.execute(sql).fetchone()
    assert row is not None
    return row[0]


def catalog_page(platform: Running, page: str) -> Any:
    """Return the facts of a page of the catalog."""
    return json.loads(platform.get(f"/catalog/{page}.json"))


def test_the_first_start_builds_everything_up_to_the_report(platform: Running) -> None:
    printed = "".join(platform.printed)
    assert " 0 failed" in printed, printed
    manifest = json.loads((platform.data / "sample" / "manifest.json").read_text())
    distinct = manifest["web_events"]["distinct"] + manifest["app_events"]["distinct"]
    assert one(platform.data, "SELECT count(*) FROM staging.stg_web_events") == distinct
    sessions = manifest["web_events"]["sessions"] + manifest["app_events"]["sessions"]
    assert one(platform.data, "SELECT count(*) FROM marts.fct_sessions") == sessions
    orders = manifest["shop"]["orders"]
    assert one(platform.data, "SELECT count(*) FROM marts.fct_orders") == orders
    for name, title in REPORTS.items():
        page = platform.get(f"/files/reports/{name}/latest.html").decode()
        assert f"<h1>{title}</h1>" in page and "<svg" in page, name


def test_every_asset_carries_what_the_policy_asks(platform: Running) -> None:
    nodes = platform.graphql(ASSETS)["assetNodes"]
    layers = {tag["value"] for n in nodes for tag in n["tags"] if tag["key"] == "layer"}
    assert layers == {
        *("raw", "staging", "intermediate", "marts", "report", "platform"),
        *("product", "key_result"),
    }
    for node in nodes:
        name = "/".join(node["assetKey"]["path"])
        labels = {entry["label"] for entry in node["metadataEntries"]}
        assert node["owners"], name
        assert (node["description"] or "").strip(), name
        assert node["internalFreshnessPolicy"], name
        assert node["groupName"] != "default", name
        assert "dagster/code_references" in labels, name
        if node["assetKey"]["path"][0] not in ("report", "maintenance", "key_result"):
            assert {"dagster/table_name", "dagster/column_schema"} <= labels, name


def test_a_file_that_lands_refreshes_all_that_hangs_on_it_without_a_click(
    platform: Running,
) -> None:
    data = platform.data
    before = (data / REPORT).stat().st_mtime
    events = int(str(one(data, "SELECT count(*) FROM staging.stg_web_events")))
    shown = catalog_page(platform, "asset/marts/fct_sessions")
    known = platform.runs_for("raw/web_events")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    event = {
        "messageId": "5f0c2a9e-1111-4c61-8d0a-000000000001",
        "type": "page",
        "name": "Home",
        "anonymousId": "journey-device",
        "timestamp": now,
        "originalTimestamp": now,
        "sentAt": now,
        "receivedAt": now,
        "properties": {"url": "https://www.fernweh.example/", "path": "/"},
        "context": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"},
    }
    folder = data / "landing" / "web_events" / "date=2026-01-01"
    folder.mkdir(exist_ok=True)
    part = folder / "journey.ndjson.part"
    part.write_text("".join([json.dumps(event), "\n", '{"torn": ']))
    part.rename(folder / "journey.ndjson")

    platform.wait_for_refresh(lambda: (data / REPORT).stat().st_mtime > before, 150)
    assert one(data, "SELECT count(*) FROM staging.stg_web_events") == events + 1
    assert (
        one(data, "SELECT count(*) FROM marts.fct_sessions WHERE device_id = 'journey-device'") == 1
    )
    found = one(data, "SELECT reason FROM platform.quarantine WHERE file LIKE '%journey.ndjson'")
    assert "invalid JSON" in str(found)
    new = platform.runs_for("raw/web_events") - known
    assert len(new) == 1, "one run did it all"
    run = new.pop()
    assert platform.wait_for_run(run) == "SUCCESS"

    now_shown = catalog_page(platform, "asset/marts/fct_sessions")
    assert now_shown["made_at"] > shown["made_at"]
    assert now_shown["health"] == "good", now_shown["reason"]
    source = catalog_page(platform, "asset/raw/web_events")
    assert source["health"] == "warning" and "quarantine" in source["reason"]


def test_a_receiver_hears_of_every_table_down_to_its_columns(platform: Running) -> None:
    def told() -> list[Any]:
        file = platform.data / EVENTS
        text = file.read_text() if file.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line[-1] == "\n"]

    def made() -> Any:
        outputs = [
            output
            for event in told()
            if event.get("eventType") == "COMPLETE"
            for output in event["outputs"]
            if output["name"].endswith("marts.fct_sessions")
        ]
        return outputs and outputs[-1]

    facets = wait_for(made, 240)["facets"]
    assert {"schema", "columnLineage", "ownership", "documentation", "version"} <= set(facets)
    [source] = [
        {field["field"] for field in found["inputFields"]}
        for name, found in facets["columnLineage"]["fields"].items()
        if name == "device_id"
    ]
    assert "device_id" in source
    assert [problem for event in told() for problem in spec.problems(event)] == []


def test_a_search_in_vain_ends_in_a_new_report_and_moves_backlog_objective_and_attention(
    platform: Running,
) -> None:
    from tests import demand_walk as walk  # skips where there is no Chromium

    with walk.browsers(f"http://127.0.0.1:{platform.port}") as (ana, nora):
        before = walk.days_to_an_answer(nora)
        number = walk.asks_after_a_search_in_vain(ana)
        assert walk.first_of_the_backlog(nora) != walk.TITLE
        walk.scores_and_accepts_by_keyboard(nora, number)
        assert walk.first_of_the_backlog(ana) == walk.TITLE, "it has the highest score"

        walk.makes_a_report_of_a_query(nora)
        platform.graphql(RELOAD)
        assert platform.wait_for_run(platform.launch(walk.KEY)) == "SUCCESS"
        walk.says_that_it_is_here(nora, number)
        walk.is_told_and_says_that_it_helped(ana, number)
        assert walk.first_of_the_backlog(ana) != walk.TITLE

        walk.rates_it_by_keyboard(ana, number)
        assert walk.UNHAPPY in walk.complaints(nora)
        walk.answers_from_the_list(nora)
        assert walk.UNHAPPY not in walk.complaints(nora)

        waits = f"SELECT count(*) FROM marts.backlog WHERE number = {number}"
        platform.wait_for_refresh(
            lambda: one(platform.data, waits) == 0 and walk.days_to_an_answer(nora) < before, 150
        )


def test_every_page_of_the_catalog_answers(platform: Running) -> None:
    pages = ("", "search?q=revenue", "coverage", "glossary", "query", "domain/web", "healthz")
    pages += (
        "demand",
        "requests",
        "feedback",
        "triage",
        "mine",
        "backlog",
        "objectives",
        "roadmap",
    )
    pages += ("roadmap", "releases", "decisions", "requirements", "metrics", "minutes")
    pages += ("attention", "tell")
    for page in pages:
        assert platform.get(f"/catalog/{page}"), page
    keys = [asset["key"] for asset in catalog_page(platform, "everything")["assets"]]
    assert len(keys) > 50
    for key in keys:
        assert b"That did not work" not in platform.get(f"/catalog/asset/{key}"), key


def test_ctrl_c_leaves_no_process_and_the_next_start_goes_on(
    platform: Running, declared: dict[str, str]
) -> None:
    assert platform.stop() == 0
    assert processes_of(platform.data) == []
    done = command(platform.data, "materialize", "--missing", **declared)
    printed, _ = done.communicate(timeout=120)
    assert done.returncode == 0 and "Nothing is missing" in printed

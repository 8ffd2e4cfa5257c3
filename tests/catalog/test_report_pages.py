"""A report's page: its versions, the newest against one of a week before, what is not there."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from platform_assets.catalog import report_pages
from platform_assets.catalog.usage import Usage
from platform_assets.catalog.web import application
from platform_assets.reporting.archive import Archive
from tests.archives import KINDS, new_archive
from tests.catalog.world import FixedCatalog, HereSandbox

NOW = datetime(2026, 6, 1, 6, tzinfo=UTC)


def keep(archive: Archive, made: datetime, report: str = "revenue", **values: int) -> str:
    """Keep a version of a report that shows these numbers; return its name."""
    name = f"{made:%Y-%m-%dT%H%M%S}Z"
    facts = {
        "made": made.isoformat(),
        "queries": {"days": 2},
        "run_id": "r1",
        "numbers": [
            {"key": key, "label": key.title(), "text": f"€{value}", "value": str(value)}
            for key, value in values.items()
        ],
    }
    with TemporaryDirectory() as folder:
        (Path(folder) / "report.json").write_text(json.dumps(facts))
        (Path(folder) / "index.html").write_text("<h1>Revenue</h1>")
        archive.adopt(report, name, Path(folder))
    return name


@pytest.fixture(params=KINDS)
def archive(request: pytest.FixtureRequest, project_data: Path) -> Archive:
    return new_archive(request.param, project_data / "reports")


@pytest.fixture
def client(tmp_path: Path, archive: Archive, sandbox: HereSandbox) -> Iterator[TestClient]:
    usage = Usage(tmp_path / "usage.sqlite")
    pages = application(FixedCatalog(), usage, sandbox, archive)  # type: ignore[arg-type]
    yield TestClient(Starlette(routes=[Mount("/catalog", app=pages)]))


def facts(client: TestClient, question: str = "") -> Any:
    answer = client.get(f"/catalog/report/revenue.json{question}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_newest_version_is_compared_with_that_of_a_week_before(
    client: TestClient, archive: Archive
) -> None:
    keep(archive, NOW - timedelta(days=20), revenue=50)
    week = keep(archive, NOW - timedelta(days=8), revenue=100, orders=7)
    keep(archive, NOW - timedelta(days=1), revenue=110, orders=7)
    keep(archive, NOW, revenue=120, orders=7)
    found = facts(client)
    assert [found["total"], found["compared"]["name"]] == [4, week]
    changed = [(c["label"], c["before"], c["after"]) for c in found["changes"] if c["changed"]]
    assert changed == [("Revenue", "€100", "€120")]
    assert found["changes"][0]["relative"] == "+20.0%"
    page = client.get("/catalog/report/revenue").text
    assert "€100" in page and "+20.0%" in page


def test_any_version_can_be_compared(client: TestClient, archive: Archive) -> None:
    yesterday = keep(archive, NOW - timedelta(days=1), revenue=110)
    keep(archive, NOW, revenue=121)
    assert facts(client)["compared"]["name"] == yesterday, "younger than a week, but the oldest"
    assert facts(client, f"?compare={yesterday}")["changes"][0]["relative"] == "+10.0%"


@pytest.mark.parametrize("name", ["2026-01-01T000000Z", "../revenue", "", "x" * 300])
def test_a_version_that_is_not_there(client: TestClient, archive: Archive, name: str) -> None:
    keep(archive, NOW, revenue=1)
    status = client.get("/catalog/report/revenue", params={"compare": name}).status_code
    assert status == (404 if name else 200)


def test_older_versions_are_a_page_away(
    client: TestClient, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_pages, "LISTED", 2)
    names = [keep(archive, NOW - timedelta(hours=n), revenue=n) for n in range(5)]
    first = facts(client)
    assert [one["name"] for one in first["versions"]] == names[:2]
    second = facts(client, f"?before={first['more']}")
    assert [one["name"] for one in second["versions"]] == names[2:4]
    last = facts(client, f"?before={second['more']}")
    assert ([one["name"] for one in last["versions"]], last["more"]) == (names[4:], "")


def test_a_report_that_was_not_made_yet_says_so(client: TestClient) -> None:
    assert "not made yet" in client.get("/catalog/report/revenue").text
    assert client.get("/catalog/report/unheard_of").status_code == 404

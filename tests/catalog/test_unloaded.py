"""What is declared and not loaded yet says so where somebody looks for it."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from platform_assets.catalog import unloaded


@pytest.fixture(autouse=True)
def declarations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for place, kind in (("reports/sales", "Report"), ("sources/parcels", "DatabaseSource")):
        file = tmp_path / place / "defs.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(f"# Of the team\ntype: platform_assets.components.{kind}\n")
    monkeypatch.setattr(unloaded, "_folder", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("page", "file"),
    [
        ("report/sales", "reports/sales"),
        ("asset/report/sales", "reports/sales"),
        ("asset/raw/parcels/sent", "sources/parcels"),
        ("history/raw/parcels", "sources/parcels"),
    ],
)
def test_a_page_says_that_the_definitions_are_to_be_reloaded(
    client: TestClient, declarations: Path, page: str, file: str
) -> None:
    answer = client.get(f"/catalog/{page}")
    assert answer.status_code == 404
    assert f"is declared in {declarations / file / 'defs.yaml'}, and not loaded yet" in answer.text
    assert 'href="/deployment/locations"' in answer.text


@pytest.mark.parametrize("key", ["report/parcels", "raw/sales", "marts/sales", "report/..", "raw"])
def test_what_is_not_declared_is_not_there(client: TestClient, key: str) -> None:
    answer = client.get(f"/catalog/asset/{key}")
    assert answer.status_code == 404 and "is declared" not in answer.text
    assert "/deployment/locations" not in answer.text

"""Reports are served as they are, and nothing but reports."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from platform_assets.server.report_files import report_files


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    folder = tmp_path / "reports"
    (folder / "weekly").mkdir(parents=True)
    (folder / "weekly" / "index.html").write_text("<h1>Weekly</h1>")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "empty").mkdir()
    return TestClient(report_files(folder))


@pytest.mark.parametrize("path", ["/weekly/index.html", "/weekly/"])
def test_a_report_is_served(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.text == "<h1>Weekly</h1>"
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("file", "disposition"),
    [
        ("report.pdf", 'attachment; filename="weekly-report.pdf"'),
        ("revenue.csv", 'attachment; filename="weekly-revenue.csv"'),
        ("revenue.png", None),
    ],
)
def test_what_no_page_can_show_is_saved(
    client: TestClient, tmp_path: Path, file: str, disposition: str | None
) -> None:
    version = tmp_path / "reports" / "weekly" / "2026-01-01T000000Z"
    version.mkdir()
    (version / file).write_bytes(b"x")
    answer = client.get(f"/weekly/2026-01-01T000000Z/{file}")
    assert answer.content == b"x"
    assert answer.headers.get("content-disposition") == disposition


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/weekly/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//secret.txt",
        "/link.txt",
        "/empty/",
        "/",
        "/%00",
        "/nothing.html",
    ],
)
def test_what_is_not_a_report_does_not_exist(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(client: TestClient, method: str) -> None:
    assert client.request(method, "/weekly/index.html").status_code == 405


@pytest.mark.parametrize("path", ["/weekly/index.html", "/nothing.html"])
def test_every_answer_keeps_the_page_in_an_origin_of_its_own(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "sandbox" in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"

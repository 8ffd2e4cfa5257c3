"""Reports are served as they are, and nothing but reports."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from platform_assets.reporting.archive import archive_at
from platform_assets.reporting.folder_archive import FolderArchive
from platform_assets.server.report_files import report_files
from resources.settings import settings
from tests.archives import KINDS, files, new_archive

NOW = datetime(2026, 1, 31, 6, 30, tzinfo=UTC)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    folder = tmp_path / "reports"
    (folder / "weekly").mkdir(parents=True)
    (folder / "weekly" / "index.html").write_text("<h1>Weekly</h1>")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "empty").mkdir()
    return TestClient(report_files(FolderArchive(folder)))


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


@pytest.fixture(params=KINDS)
def served(request: pytest.FixtureRequest, project_data: Path) -> TestClient:
    """The files of an archive of each kind, with two versions of a report."""
    archive = new_archive(request.param, project_data / "reports")
    archive.publish("sales", NOW, files(NOW, "<h1>Old</h1>", snapshot=1))
    archive.publish("sales", NOW, files(NOW, "<h1>New ü</h1>" + "x" * 3_000_000, snapshot=2))
    return TestClient(report_files(archive))


def test_files_of_versions_are_served_from_everywhere(served: TestClient) -> None:
    old = "2026-01-31T063000Z"
    for path, start, kind, saved in (
        ("latest.html", b"<h1>New ", "text/html; charset=utf-8", None),
        (f"{old}-2/", b"<h1>New ", "text/html; charset=utf-8", None),
        (f"{old}/index.html", b"<h1>Old", "text/html; charset=utf-8", None),
        (f"{old}/report.pdf", b"%PDF-", "application/pdf", "sales-report.pdf"),
        (f"{old}/days.csv", b"page", "text/csv; charset=utf-8", "sales-days.csv"),
        (f"{old}/report.json", b"{", "application/json", None),
    ):
        answer = served.get(f"/sales/{path}")
        assert answer.status_code == 200 and answer.content.startswith(start)
        size = str(len(answer.content))
        assert (answer.headers["content-type"], answer.headers["content-length"]) == (kind, size)
        named = f'attachment; filename="{saved}"' if saved else None
        assert answer.headers.get("content-disposition") == named
        assert "sandbox" in answer.headers["content-security-policy"]
        head = served.head(f"/sales/{path}")
        assert (head.content, head.headers["content-length"]) == (b"", size)
        known = {"if-none-match": answer.headers["etag"]}
        unchanged = served.get(f"/sales/{path}", headers=known)
        assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_what_is_no_file_of_a_version_does_not_exist(served: TestClient) -> None:
    for path in (
        "/sales/2026-01-31T063000Z/nothing.csv",
        "/sales/2026-01-31T063000Z/.claim",
        "/sales/2026-01-31T063000Z/..%2f..%2fcosts%2flatest.html",
        "/_versions/sales/2026-01-31T063000Z.s1",
        "/sales/",
        "/sales/index.html",
        "/costs/latest.html",
        "/",
    ):
        assert served.get(path).status_code == 404, path
        assert served.post(path).status_code in (404, 405), path


def test_an_object_store_that_refuses_is_told(
    project_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = new_archive("bucket", project_data)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mistaken")
    settings.cache_clear()
    answer = TestClient(report_files(archive)).get("/sales/latest.html")
    assert answer.status_code == 503 and "can't be used" in answer.text
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    settings.cache_clear()
    away = archive_at(archive.place, patience=0.1)
    assert TestClient(report_files(away)).get("/sales/latest.html").status_code == 503

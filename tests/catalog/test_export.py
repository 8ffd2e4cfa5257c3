"""The exported catalog: every link leads to a file that is there, and nothing leads out."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from platform_assets.catalog.export import export, file_of, relative
from platform_assets.reporting.folder_archive import FolderArchive
from tests.catalog.world import FixedCatalog


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [v or "" for n, v in attrs if n in ("href", "src", "action")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    report = tmp_path / "reports" / "revenue" / "latest.html"
    report.parent.mkdir(parents=True)
    report.write_text("<h1>Revenue</h1>")
    catalog = FixedCatalog()
    count = export(catalog.view(), {}, FolderArchive(tmp_path / "reports"), tmp_path / "out")
    assert count == len([f for f in (tmp_path / "out").rglob("*.html") if "reports" not in f.parts])
    return tmp_path / "out"


def test_every_link_of_every_page_leads_to_a_file_in_the_folder(folder: Path) -> None:
    followed = 0
    for page in folder.rglob("*.html"):
        parser = Links()
        parser.feed(page.read_text())
        for link in parser.found:
            if link.startswith(("data:", "mailto:", "#", "https://")):
                continue
            assert not link.startswith("/"), (page, link)
            target = (page.parent / re.split(r"[?#]", link)[0]).resolve()
            assert target.is_file() and target.is_relative_to(folder), (page, link)
            followed += 1
    assert followed > 200


def test_what_matters_is_in_it_and_rows_are_not(folder: Path) -> None:
    page = (folder / "asset" / "marts" / "fct_orders.html").read_text()
    assert "One row per order." in page and "3 h old" in page
    assert "data-load" not in page and "/catalog/" not in page
    assert (folder / "reports" / "revenue.html").read_text() == "<h1>Revenue</h1>"
    report = (folder / "asset" / "report" / "revenue.html").read_text()
    assert 'href="../../reports/revenue.html"' in report


def test_the_search_index_is_a_script_with_every_asset(folder: Path) -> None:
    text = (folder / "static" / "index.js").read_text()
    entries = json.loads(text.removeprefix("window.CATALOG = ").rstrip(";\n"))
    assert {e["key"] for e in entries} == set(FixedCatalog().graph.assets)
    assert all((folder / e["file"]).is_file() for e in entries)


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("/catalog/", "index.html"),
        ("/catalog/asset/marts/fct_orders", "asset/marts/fct_orders.html"),
        ("/catalog/owner/team:data", "owner/team~3adata.html"),
        ("/catalog/asset/../../etc/passwd", "asset/~2e~2e/~2e~2e/etc/passwd.html"),
        ("/catalog/asset/a\\b", "asset/a~5cb.html"),
    ],
)
def test_no_name_leads_out_of_the_folder(address: str, file: str) -> None:
    assert file_of(address) == file


def test_a_link_to_what_is_not_exported_is_taken_out() -> None:
    html = '<a href="/assets/x">Dagster</a> <a href="/catalog/asset/a">a</a>'
    found = relative(html, "owner/x.html", {"asset/a.html"})
    assert found == '<a data-offline="">Dagster</a> <a href="../asset/a.html">a</a>'

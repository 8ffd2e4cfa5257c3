"""The exported catalog: every link leads to a file that is there, and nothing leads out."""

import json
import re
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from platform_assets.care.attention import Known
from platform_assets.catalog.attention import listed
from platform_assets.catalog.demand.objectives import Standings
from platform_assets.catalog.export import export, file_of, relative
from platform_assets.catalog.export_records import Demand
from platform_assets.catalog.usage import Usage
from platform_assets.commands.export import with_records
from platform_assets.product.store import RecordStore
from platform_assets.reporting.folder_archive import FolderArchive
from tests.catalog.records_world import BEN, Shop, submitted
from tests.catalog.world import FixedCatalog
from tests.server.old_platform import settings_of


class Parsed(HTMLParser):
    """What a page leads to, what can be led to in it, and what it would send."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.taken_out = 0
        self.sends: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [v or "" for n, v in attrs if n in ("href", "src", "action")]
        self.places.add(given.get("id") or "")
        self.taken_out += "data-offline" in given
        if given.get("method", "get") != "get" or tag in ("textarea", "select"):
            self.sends.append(tag)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The company's catalog, without its records."""
    catalog = FixedCatalog()
    count = export(catalog.view(), {}, _reports(tmp_path), tmp_path / "out")
    assert count == len([f for f in (tmp_path / "out").rglob("*.html") if "reports" not in f.parts])
    return tmp_path / "out"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's catalog with its records."""
    folder = tmp_path_factory.mktemp("whole")
    shop = Shop(folder)
    with closing(shop.store) as store:
        store.comment("request/1", BEN, "Which <b>channels</b>?")
        store.vote(6, "cy@example.com")
        view = shop.catalog.view()
        standings = Standings(view, shop.records.now(), shop.measured.all())
        demand = Demand.of(store, standings, "", {"marts/fct_orders": 12})
    known = Known(store=shop.everything, curated=shop.curated)
    attention = listed(view, known)
    export(view, {}, _reports(folder), folder / "out", demand, attention)
    return folder / "out"


def _reports(folder: Path) -> FolderArchive:
    report = folder / "reports" / "revenue" / "latest.html"
    report.parent.mkdir(parents=True)
    report.write_text("<h1>Revenue</h1>")
    return FolderArchive(folder / "reports")


def follow(folder: Path) -> int:
    """Follow every link of every page, also to its place there; return how many there are."""
    followed = 0
    pages = {page.resolve(): Parsed(page) for page in folder.rglob("*.html")}
    for page, parsed in pages.items():
        assert not parsed.sends, page
        for link in parsed.links:
            if link.startswith(("data:", "mailto:", "https://")):
                continue
            assert not link.startswith("/"), (page, link)
            file, _, place = link.partition("#")
            target = (page.parent / file.partition("?")[0]).resolve() if file else page
            assert target.is_file() and target.is_relative_to(folder), (page, link)
            assert not place or unquote(place) in pages[target].places, (page, link)
            followed += 1
    return followed


def test_every_link_of_every_page_leads_to_a_file_in_the_folder(folder: Path) -> None:
    assert follow(folder) > 200
    assert not (folder / "demand.html").exists() and not (folder / "requests.html").exists()
    assert (folder / "attention.html").is_file()


def test_every_record_has_a_page_whose_links_lead_on_and_that_sends_nothing(whole: Path) -> None:
    assert follow(whole) > 1500
    names = (
        "demand", "requests", "request/1", "request/6", "feedback", "backlog", "roadmap",
        "releases", "objectives", "objective/healthy-shop", "key_result/net-revenue",
        "key_result/sessions", "decisions", "decision/count-orders-once", "minutes",
        "minutes/2026-05-04", "metrics", "metric/revenue", "requirements",
        "requirement/orders-once", "attention", "requests/order~3dnewest~26show~3ddeclined",
        "feedback/about~3dreport~2frevenue", "request/3",
    )  # fmt: skip
    for name in names:
        page = Parsed(whole / f"{name}.html")
        # Ana, who wrote a check, owns nothing: in the catalog itself she has no page either.
        assert page.taken_out == (name == "minutes/2026-05-04"), f"{name} has links to nowhere"


def test_pages_of_records_say_what_they_say_in_the_catalog(whole: Path) -> None:
    def text(name: str) -> str:
        return re.sub(r"\s+", " ", (whole / f"{name}.html").read_text())

    assert 'href="../reports/revenue.html">Open Revenue review' in text("request/3")
    request = text("request/1")
    assert "Which &lt;b&gt;channels&lt;/b&gt;?" in request and "Two weeks of adverts" in request
    assert "With ana@example.com: ben@example.com, cy@example.com" in request
    assert "÷ effort 2 = 48" in request
    assert "asked for it too" in text("request/6"), "what became of it"
    assert "Weather of tomorrow" in text("requests/order~3dnewest~26show~3ddeclined")
    assert "Weather of tomorrow" not in text("requests")
    said = text("feedback/about~3dreport~2frevenue")
    assert "The chart is too small to read." in said and "Good columns." not in said
    assert "<path" in text("key_result/net-revenue") and "SELECT" in text("key_result/net-revenue")
    assert "too small to read" in text("attention"), "it waits for an answer"
    assert 'href="../../objective/healthy-shop.html"' in text("asset/marts/fct_orders")
    assert 'href="feedback.html#feedback-2"' in text("attention")


def test_what_matters_is_in_it_and_rows_are_not(folder: Path) -> None:
    page = (folder / "asset" / "marts" / "fct_orders.html").read_text()
    assert "One row per order." in page and "3 h old" in page
    assert "data-load" not in page and "/catalog/" not in page
    assert (folder / "reports" / "revenue.html").read_text() == "<h1>Revenue</h1>"
    report = (folder / "asset" / "report" / "revenue.html").read_text()
    assert 'href="../../reports/revenue.html"' in report


def test_the_command_takes_records_as_the_server_has_them(tmp_path: Path) -> None:
    with settings_of(PLATFORM_DATA_DIR=str(tmp_path)):
        usage = Usage(tmp_path / "usage.sqlite")
        with closing(RecordStore.from_settings()) as store:
            store.seed(submitted())
            store.comment("request/1", BEN, "Which channels?")
        catalog = FixedCatalog()
        view, demand, attention = with_records(catalog.view(), catalog.instance, usage)
    assert view.graph.assets["record/request/6"].title == "Visits by hour"
    assert [c.words for c in demand.comments["request/1"]] == ["Which channels?"]
    assert [c.after for c in demand.history["request/1"]] == ["Which channels?"]
    assert demand.trouble == "", "that there is no warehouse yet is no trouble"
    assert "bad feedback" in {item.kind for item in attention.items}


def test_a_report_that_was_never_made_has_no_button(tmp_path: Path) -> None:
    export(FixedCatalog().view(), {}, FolderArchive(tmp_path / "none"), tmp_path / "out")
    page = (tmp_path / "out" / "asset" / "report" / "revenue.html").read_text()
    assert "Open the report" not in page


def test_the_search_index_is_a_script_with_every_asset(folder: Path) -> None:
    text = (folder / "static" / "index.js").read_text()
    entries = json.loads(text.removeprefix("window.CATALOG = ").rstrip(";\n"))
    assert {e["key"] for e in entries} == set(FixedCatalog().graph.assets)
    assert all((folder / e["file"]).is_file() for e in entries)


def test_the_search_finds_records(whole: Path) -> None:
    text = (whole / "static" / "index.js").read_text()
    entries = json.loads(text.removeprefix("window.CATALOG = ").rstrip(";\n"))
    files = {e["key"]: e["file"] for e in entries}
    assert files["record/request/4"] == "request/4.html"
    assert files["record/feedback/2"] == "feedback.html#feedback-2"
    assert files["record/roadmap/returns"] == "roadmap.html#roadmap-returns"
    assert all((whole / file.partition("#")[0]).is_file() for file in files.values())


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

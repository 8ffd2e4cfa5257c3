"""The catalog in a real browser, by keyboard: from a search to a report of one's own."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from platform_assets.catalog import drafts, explain
from platform_assets.catalog.export import export
from platform_assets.catalog.usage import Usage
from platform_assets.catalog.web import application
from platform_assets.reporting.folder_archive import FolderArchive
from platform_assets.server.report_files import report_files
from tests.catalog.serving import served
from tests.catalog.world import FixedCatalog, HereSandbox, declare_report

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
if not CHROMIUM and "CI" not in os.environ:
    pytest.skip("there is no Chromium: apt-get install chromium", allow_module_level=True)
pytestmark = pytest.mark.xdist_group("browser")


@dataclass
class Seen:
    """What a page said on the console, and where it sent requests."""

    base: str
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def watch(self, page: sync_api.Page) -> None:
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        page.on("request", lambda r: self._request(r.url))

    def _request(self, url: str) -> None:
        if not url.startswith((self.base, "data:", "blob:", "file:")):
            self.elsewhere.append(url)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("browser")
    page = found / "rendered" / "revenue" / "latest.html"
    page.parent.mkdir(parents=True)
    page.write_text(
        "<!doctype html><html lang=en><link rel=icon href=data:,><title>R</title>"
        "<h1>Revenue review</h1></html>"
    )
    (found / "declared").mkdir()
    return found


@pytest.fixture(scope="module")
def base(folder: Path, sandbox: HereSandbox) -> Iterator[str]:
    reports = declare_report(folder / "reports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explain, "folder", lambda: reports)
        yield from _served(folder, sandbox)


def _served(folder: Path, sandbox: HereSandbox) -> Iterator[str]:
    company = FixedCatalog()
    for rows in (100, 200):
        metadata = {"dagster/row_count": rows, "seconds": 1.5}
        orders = dg.AssetMaterialization(["marts", "fct_orders"], metadata=metadata)
        company.instance.report_runless_asset_event(orders)
    catalog = application(company, Usage(folder / "usage.sqlite"), sandbox)
    app = Starlette(
        routes=[
            Mount("/files/reports", app=report_files(FolderArchive(folder / "rendered"))),
            Mount("/catalog", app=catalog),
        ]
    )
    with served(app) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


def until(page: sync_api.Page, expression: str) -> None:
    """Wait for a condition; Playwright's own waiting evaluates text, which the policy forbids."""
    for _ in range(500):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"it did not come true on {page.url}: {expression}")


def tab_to(page: sync_api.Page, selector: str, most: int = 120) -> None:
    """Press Tab until an element that matches has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"the keyboard does not reach {selector} on {page.url}")


def test_from_search_to_a_report_of_ones_own_with_the_keyboard_alone(
    browser: sync_api.Browser, base: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "reports_folder", lambda: folder / "declared")
    page = browser.new_page(accept_downloads=True, viewport={"width": 1400, "height": 900})
    seen = Seen(base)
    seen.watch(page)

    page.goto(f"{base}/catalog/coverage")
    page.keyboard.press("/")
    page.keyboard.type("ordres")  # with a typo
    page.wait_for_selector("#suggestions a")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalog/asset/marts/fct_orders")
    page.wait_for_selector("table.data")
    page.wait_for_selector("table.profile .histogram")
    until(page, "!document.body.innerText.includes('Reading …')")
    assert "person1@example.com" not in page.content()

    boxes = page.locator(".lineage a").count()
    tab_to(page, "[data-lineage] [name=up]")
    page.keyboard.press("ArrowUp")
    until(page, f"document.querySelectorAll('.lineage a').length > {boxes}")
    tab_to(page, ".lineage a[href$='/report/revenue']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalog/asset/report/revenue")
    tab_to(page, "a.button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/files/reports/revenue/latest.html")
    assert page.inner_text("h1") == "Revenue review"

    page.goto(f"{base}/catalog/query")
    page.wait_for_selector("#sql:focus")
    page.keyboard.type("SELECT channel, sum(reve")
    page.keyboard.press("Escape")
    page.keyboard.type("nue) AS revenue FROM marts.f")
    page.wait_for_selector("#completions [role=option]")
    page.keyboard.press("Tab")
    page.keyboard.type(" GROUP BY 1 ORDER BY 1")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#result table.data")
    assert "sql=SELECT" in page.url and "FROM+marts.fct_orders" in page.url
    assert page.inner_text("#result tbody tr:nth-child(1) td") == "channel 1"
    tab_to(page, "#result a[download]")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.path().read_text(encoding="utf-8-sig").startswith("channel,revenue")
    tab_to(page, "#as-table")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#result svg.chart", state="visible")

    tab_to(page, "#make summary")
    page.keyboard.press("Enter")
    tab_to(page, "#make [name=name]")
    page.keyboard.type("channels")
    tab_to(page, "#make [name=owner]")
    page.keyboard.type("team:data")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=The report is there")
    assert (folder / "declared" / "channels" / "report.md").read_text().count("marts.fct_orders")
    assert (seen.errors, seen.elsewhere) == ([], [])
    page.close()


PAGES = [
    "/catalog/",
    "/catalog/search?q=orders",
    "/catalog/asset/marts/fct_orders",
    "/catalog/column/marts/fct_orders/revenue",
    "/catalog/query?sql=SELECT+channel,+sum(revenue)+AS+n+FROM+marts.fct_orders+GROUP+BY+1",
    "/catalog/glossary/order-revenue",
    "/catalog/coverage",
    "/catalog/attention",
    "/catalog/impact/raw/shop/orders",
    "/catalog/history/marts/fct_orders",
    "/catalog/owner/team:data",
    "/catalog/report/revenue",
    "/catalog/explain/revenue/kpi/revenue",
    "/catalog/none",
]


# Faults that another color scheme may add: by Axe's names of them.
OF_COLOR = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]}


def grave_faults(page: sync_api.Page) -> list[tuple[str, str, str]]:
    """Return the serious faults of accessibility of a page, in light colors and in dark ones."""
    if "CI" not in os.environ:
        pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not there")
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(color_scheme="light")
    found = [("light", v) for v in Axe().run(page).response["violations"]]
    page.emulate_media(color_scheme="dark")
    dark = Axe().run(page, options=OF_COLOR).response["violations"]
    return [
        (scheme, v["id"], v["nodes"][0]["html"][:200])
        for scheme, v in [*found, *(("dark", v) for v in dark)]
        if v["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_serious_fault_of_accessibility(
    browser: sync_api.Browser, base: str, path: str
) -> None:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(base + path)
    until(page, "!document.body.innerText.includes('Reading …')")
    for summary in page.locator("summary").all():
        summary.evaluate("each => each.parentElement.open = true")
    assert grave_faults(page) == []
    page.close()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_a_phone(browser: sync_api.Browser, base: str, path: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    seen = Seen(base)
    seen.watch(page)
    page.goto(base + path)
    until(page, "!document.body.innerText.includes('Reading …')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
    assert [e for e in seen.errors if "404" not in e] == [] and seen.elsewhere == []


def test_an_exported_catalog_opens_from_a_folder_and_is_searched(
    browser: sync_api.Browser, tmp_path: Path
) -> None:
    export(FixedCatalog().view(), {}, FolderArchive(tmp_path / "none"), tmp_path / "out")
    page = browser.new_page()
    seen = Seen("file:")
    seen.watch(page)
    page.goto((tmp_path / "out" / "index.html").as_uri())
    page.fill("#q", "sessions")
    page.keyboard.press("Enter")
    page.wait_for_selector(".results a")
    assert page.inner_text(".results a") == "daily_traffic"
    page.click(".results a")
    page.wait_for_url("**/asset/marts/daily_traffic.html")
    assert page.inner_text("h1").startswith("daily_traffic")
    assert page.evaluate("getComputedStyle(document.querySelector('.bar')).position") == "sticky"
    page.close()
    assert (seen.errors, seen.elsewhere) == ([], [])

"""Demand in a real browser: from a search in vain to a report that helps; pages are accessible."""

import os
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from platform_assets.inventory.model import Asset, Graph
from platform_assets.server.report_files import report_files
from tests.catalog.intake_world import ANA, DATA, Intake
from tests.catalog.serving import served
from tests.catalog.test_browser import Seen, browser, sync_api, tab_to, until
from tests.catalog.test_report_pages import NOW, keep
from tests.catalog.world import HereSandbox

pytestmark = pytest.mark.xdist_group("browser")
__all__ = ["browser"]  # a fixture
RETURNS = Asset(
    "report/returns", "report", title="Returns and reasons", layer="report", domain="commerce",
    owners=("team:data",), question="What comes back, and why?", parents=("marts/fct_orders",),
    link="/files/reports/returns/latest.html", description="Returns by product and reason.",
)  # fmt: skip
TOLD = ".arrived"


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory, sandbox: HereSandbox) -> Intake:
    return Intake(tmp_path_factory.mktemp("demand"), sandbox=sandbox)


@pytest.fixture(scope="module")
def base(intake: Intake) -> Iterator[str]:
    files = Mount("/files/reports", app=report_files(intake.archive))
    app = Starlette(routes=[files, *intake.app.routes])
    with served(app) as address:
        yield address


def test_from_a_search_in_vain_to_a_report_that_helps(
    browser: sync_api.Browser, base: str, intake: Intake
) -> None:
    seen = Seen(base)
    ana, data = (browser.new_context().new_page() for _ in range(2))
    for page in (ana, data):
        seen.watch(page)

    asks_after_a_search_in_vain(ana, base)
    estimates_and_accepts_by_keyboard(data, base)
    assert (intake.store.request(1).state, intake.store.request(1).assignee) == ("accepted", DATA)
    ana.goto(f"{base}/catalog/request/1")
    assert ana.inner_text(".stages [aria-current]").startswith("Accepted")
    ana.goto(f"{base}/catalog/backlog")
    assert "64" in ana.inner_text("main") and "Returns by reason" in ana.inner_text("main")
    assert ana.locator(TOLD).count() == 0

    report_is_made(intake)
    says_that_it_is_here(data, base)
    is_told_and_says_that_it_helped(ana, base)
    assert (intake.store.request(1).state, intake.store.request(1).helped) == ("closed", True)
    rates_it_by_keyboard(ana, base)
    said = intake.store.feedback()[0]
    assert (said.about, said.rating, said.words, said.request) == (
        RETURNS.key, 5, "It has what we lacked.", 1,
    )  # fmt: skip

    ana.goto(f"{base}/catalog/backlog")
    assert "Returns by reason" not in ana.inner_text("main")
    ana.goto(f"{base}/catalog/requests?show=closed")
    assert "It helped" in ana.inner_text("#request-1")
    ana.goto(f"{base}/catalog/search?q=reasons&kind=report")
    assert ana.inner_text(".results h2 a") == "Returns and reasons"
    # The report's page has no icon here.
    assert ([e for e in seen.errors if "404" not in e], seen.elsewhere) == ([], [])


def asks_after_a_search_in_vain(page: sync_api.Page, base: str) -> None:
    page.goto(f"{base}/catalog/coverage")
    page.keyboard.press("/")
    page.keyboard.type("returns reasons")
    page.keyboard.press("Enter")
    page.click("text=Ask for it")
    page.wait_for_url("**/catalog/ask?searched=returns*")
    assert page.input_value("[name=title]") == "returns reasons"
    page.fill("[name=title]", "How did revenue go")
    page.wait_for_selector("[data-alike] a[href$='/report/revenue']")
    page.fill("[name=title]", "Returns by reason, every Monday")
    page.fill("[name=decision]", "What we take out of the range")
    page.fill("[name=who]", ANA)
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalog/request/1?did=ask*")
    assert page.inner_text(".stages [aria-current]").startswith("Asked")


def estimates_and_accepts_by_keyboard(page: sync_api.Page, base: str) -> None:
    page.goto(f"{base}/catalog/mine")
    page.fill("[name=who]", DATA)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"h1:has-text('{DATA}')")
    page.goto(f"{base}/catalog/triage")
    page.wait_for_selector("#request-1:focus")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.wait_for_selector("[name=reach]:focus")
    page.keyboard.type("120")
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    page.keyboard.type("0.8")
    page.keyboard.press("Tab")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=÷ effort 3 = 64")
    page.keyboard.press("d")
    page.wait_for_selector("[name=reason]:focus")
    page.keyboard.press("Escape")
    page.wait_for_selector("#request-1:focus")
    page.keyboard.press("a")
    page.keyboard.type(DATA)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Nothing is new")


def report_is_made(intake: Intake) -> None:
    known = intake.catalog.graph.assets
    intake.catalog.graph = Graph({**known, RETURNS.key: RETURNS})
    keep(intake.archive, NOW, "returns", returned=7)


def says_that_it_is_here(page: sync_api.Page, base: str) -> None:
    page.goto(f"{base}/catalog/triage?show=accepted")
    page.wait_for_selector("#request-1:focus")
    page.keyboard.press("x")
    page.wait_for_selector("[name=answered_by]:focus")
    page.keyboard.type(RETURNS.key)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=its asker is told")


def is_told_and_says_that_it_helped(page: sync_api.Page, base: str) -> None:
    page.goto(f"{base}/catalog/glossary")
    assert page.inner_text(TOLD).startswith("You asked, it is here: Returns and reasons")
    page.click(f"{TOLD} a:has-text('Returns and reasons')")
    page.wait_for_url("**/files/reports/returns/2026-06-01T060000Z/index.html")
    page.goto(f"{base}/catalog/")
    tab_to(page, f"{TOLD} button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalog/request/1?did=helped*")
    assert page.locator(TOLD).count() == 0


def rates_it_by_keyboard(page: sync_api.Page, base: str) -> None:
    page.goto(f"{base}/catalog/asset/report/returns")
    page.click("nav >> text=Tell us")
    page.wait_for_url("**/catalog/tell/report/returns")
    tab_to(page, "[name=rating]")
    page.keyboard.press("Space")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.type("It has what we lacked.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/catalog/feedback?about=*")
    until(page, "document.querySelector('.said').innerText.includes('It has what we lacked.')")


PAGES = [
    "/catalog/ask?q=revenue+by+reason",
    "/catalog/tell/report/revenue",
    "/catalog/requests?show=all",
    "/catalog/request/1",
    "/catalog/request/2",
    "/catalog/triage",
    "/catalog/mine",
    "/catalog/feedback",
]


def test_pages_are_accessible_and_fit_a_phone(
    browser: sync_api.Browser, base: str, intake: Intake
) -> None:
    if "CI" not in os.environ:
        pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not there")
    from axe_playwright_python.sync_playwright import Axe

    several_records(intake)
    page = browser.new_page()
    page.context.add_cookies([{"name": "who", "value": ANA, "url": base}])
    seen = Seen(base)
    seen.watch(page)
    for path in PAGES:
        page.set_viewport_size({"width": 1400, "height": 900})
        page.goto(base + path)
        for summary in page.locator("summary").all():
            summary.evaluate(
                "each => { each.parentElement.name = ''; each.parentElement.open = true }"
            )
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page).response["violations"]
            grave = [v for v in found if v["impact"] in ("serious", "critical")]
            faults = [(v["id"], v["nodes"][0]["html"][:200]) for v in grave]
            assert faults == [], (path, scheme)
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.close()
    assert (seen.errors, seen.elsewhere) == ([], [])


def several_records(intake: Intake) -> None:
    store, costs = intake.store, "We order at the end of March."
    first = store.submit_request("ben@example.com", title="Revenue by reason", waiting_costs=costs)
    second = store.submit_request(
        ANA, title="Revenue by reason and product", about="report/revenue"
    )
    third = store.submit_request(ANA, title="Stock by hour", decision="Where to send parcels from")
    store.comment(first.name, ANA, "Which reasons?")
    store.decline(third.number, DATA, "The warehouse has it on its screens.")
    store.accept(second.number, DATA, assignee=ANA)
    store.ship(second.number, DATA, "report/revenue", "")
    said = store.submit_feedback(ANA, about="report/revenue", version="", rating=2, words="Late.")
    store.answer(said.number, DATA, "Mended.")
    store.submit_feedback(DATA, about="report/revenue", version="", rating=3, words="")

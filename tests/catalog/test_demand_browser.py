"""Pages of demand in a real browser: by everybody, wide and narrow."""

from collections.abc import Iterator

import pytest

from tests.catalog.intake_world import ANA, DATA, Intake
from tests.catalog.serving import served
from tests.catalog.test_browser import Seen, browser, grave_faults, sync_api
from tests.catalog.world import HereSandbox

pytestmark = pytest.mark.xdist_group("browser")
__all__ = ["browser"]  # a fixture


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory, sandbox: HereSandbox) -> Intake:
    return Intake(tmp_path_factory.mktemp("demand"), sandbox=sandbox)


@pytest.fixture(scope="module")
def base(intake: Intake) -> Iterator[str]:
    with served(intake.app) as address:
        yield address


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
        assert grave_faults(page) == [], path
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.close()
    assert (seen.errors, seen.elsewhere) == ([], [])


def several_records(intake: Intake) -> None:
    store, costs = intake.store, "We order at the end of March."
    over = store.submit_request(ANA, title="Returns by reason", decision="What we take out")
    store.ship(over.number, DATA, "report/revenue", "")
    store.say_helped(over.number, ANA, True, "It has what we lacked.")
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


def test_the_tab_that_is_open_is_in_sight_on_a_phone(browser: sync_api.Browser, base: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    for path in ("requests", "backlog", "minutes"):
        page.goto(f"{base}/catalog/{path}")
        box = page.locator(".subnav [aria-current]").bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390, path
    page.close()

"""Pages of records in a real browser: light and dark, wide and narrow, by everybody."""

from collections.abc import Iterator

import pytest

from tests.catalog.records_world import Shop
from tests.catalog.serving import served
from tests.catalog.test_browser import browser, grave_faults, sync_api
from tests.catalog.world import HereSandbox, statuses

pytestmark = pytest.mark.xdist_group("browser")
__all__ = ["browser"]  # a fixture
PATHS = [
    "demand", "objective/healthy-shop", "key_result/net-revenue", "backlog", "roadmap", "releases",
    "decisions", "decision/count-orders-once", "requirements", "requirement/orders-once",
    "metrics", "minutes", "asset/marts/fct_orders", "search?q=revenue",
]  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, sandbox: HereSandbox) -> Iterator[str]:
    shop = Shop(tmp_path_factory.mktemp("records"), statuses=statuses())
    with served(shop.pages(sandbox)) as address:
        yield f"{address}/catalog"


def test_no_page_has_a_serious_fault_of_accessibility(browser: sync_api.Browser, base: str) -> None:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    for path in PATHS:
        page.goto(f"{base}/{path}")
        assert grave_faults(page) == [], path
    page.close()
    assert said == []


def test_every_page_fits_a_phone(browser: sync_api.Browser, base: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    for path in PATHS:
        page.goto(f"{base}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.close()

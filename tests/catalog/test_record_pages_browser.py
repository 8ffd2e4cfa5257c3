"""Pages of records in a real browser: light and dark, wide and narrow, by everybody."""

import os
import shutil
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from tests.catalog.records_world import Shop
from tests.catalog.world import HereSandbox, statuses

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
if not CHROMIUM and "CI" not in os.environ:
    pytest.skip("there is no Chromium: apt-get install chromium", allow_module_level=True)
pytestmark = pytest.mark.xdist_group("browser")
PATHS = [
    "demand", "objective/healthy-shop", "key_result/net-revenue", "backlog", "roadmap", "releases",
    "decisions", "decision/count-orders-once", "requirements", "requirement/orders-once",
    "metrics", "minutes", "asset/marts/fct_orders", "search?q=revenue",
]  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, sandbox: HereSandbox) -> Iterator[str]:
    shop = Shop(tmp_path_factory.mktemp("records"), statuses=statuses())
    server = uvicorn.Server(uvicorn.Config(shop.pages(sandbox), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/catalog"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize(("scheme", "paths"), [("light", PATHS), ("dark", PATHS[:5])])
def test_no_page_has_a_serious_fault_of_accessibility(
    browser: sync_api.Browser, base: str, scheme: str, paths: list[str]
) -> None:
    if "CI" not in os.environ:
        pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not there")
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(color_scheme=scheme, viewport={"width": 1400, "height": 900})
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    for path in paths:
        page.goto(f"{base}/{path}")
        found = Axe().run(page).response["violations"]
        grave = [v for v in found if v["impact"] in ("serious", "critical")]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in grave] == [], path
    page.close()
    assert said == []


def test_every_page_fits_a_phone(browser: sync_api.Browser, base: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    for path in PATHS:
        page.goto(f"{base}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.close()

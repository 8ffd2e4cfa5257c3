"""Reports with other parameters: what the reader is told, and that no more than two are made."""

import threading
from collections.abc import Mapping

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from platform_assets.reporting.errors import ReportError
from platform_assets.server import live_reports
from platform_assets.server.live_reports import LiveReports, Render


def client(render: Render) -> TestClient:
    return TestClient(Starlette(routes=[Route("/report/{name}/live", LiveReports(render))]))


def test_the_values_of_the_address_make_the_page() -> None:
    asked = []

    def render(name: str, values: Mapping[str, str]) -> str:
        asked.append((name, values))
        return "<h1>Sales</h1>"

    answer = client(render).get("/report/sales/live?period_from=2026-01-01")
    assert (answer.status_code, answer.text) == (200, "<h1>Sales</h1>")
    assert asked == [("sales", {"period_from": "2026-01-01"})]


def test_a_mistake_is_told_as_text_and_never_as_markup() -> None:
    def render(name: str, values: Mapping[str, str]) -> str:
        raise ReportError("`<script>` is no date.", hint="Write <b>2026-01-31</b>.")

    answer = client(render).get("/report/%3Cimg%3E/live")
    assert answer.status_code == 400
    assert "`&lt;script&gt;` is no date." in answer.text and "<b>2026" not in answer.text
    assert "<img>" not in answer.text


def test_only_reading_is_possible() -> None:
    assert client(lambda name, values: "").post("/report/sales/live").status_code == 405


def test_a_third_page_waits_and_is_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_reports, "WAIT_SECONDS", 0.1)
    working, done = threading.Semaphore(0), threading.Event()

    def render(name: str, values: Mapping[str, str]) -> str:
        working.release()
        done.wait(20)
        return "made"

    served = client(render)
    others = [threading.Thread(target=served.get, args=("/report/a/live",)) for _ in range(2)]
    for other in others:
        other.start()
        working.acquire(timeout=20)
    answer = served.get("/report/a/live")
    done.set()
    for other in others:
        other.join()
    assert answer.status_code == 503 and "Try again" in answer.text
    assert served.get("/report/a/live").status_code == 200

"""What the page's own script does, in a real browser."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from platform_assets.reporting import RenderContext, ReportDeclaration, render

MakeReport = Callable[..., ReportDeclaration]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TEXT = """```parameters
least: {type: number, default: 5}
```

```sql q
select * from (values ('b', 10, date '2026-01-02'), ('a', 9, null), ('ä', 100, date '2025-12-31'))
as t (name, n, day) where n > :least
```

```table
query: q
columns: {name: Name, n: {label: Amount, format: number, total: sum}, day: {format: date}}
```
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a headless browser."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def test_a_page_in_a_file_sorts_warns_when_it_is_old_and_hides_its_filters(
    browser: Any,
    make_report: MakeReport,
    engine: sqlalchemy.Engine,
    tmp_path: Path,
    context: RenderContext,
) -> None:
    report = make_report(TEXT).model_copy(
        update={"warn_after": timedelta(hours=26), "fail_after": timedelta(hours=50)}
    )
    made = datetime.now(UTC)
    context = replace(
        context,
        generated_at=made,
        live_url="/catalog/report/sales/live",
        explain_url="/catalog/explain/sales",
    )
    path = render(report, engine, tmp_path / "out", context=context).html_path
    page = browser.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))

    def column(number: int) -> list[str]:
        return [
            str(cell) for cell in page.locator(f"tbody td:nth-child({number})").all_inner_texts()
        ]

    page.goto(path.as_uri())
    page.get_by_role("button", name="Amount").click()
    assert column(2) == ["100", "10", "9"]
    page.get_by_role("button", name="Amount").click()
    assert column(2) == ["9", "10", "100"]
    page.get_by_role("button", name="Day").press("Enter")
    assert column(3) == ["31 Dec 2025", "2 Jan 2026", "–"]
    page.get_by_role("button", name="Name").click()
    assert column(1) == ["a", "ä", "b"]
    assert page.locator("tfoot td").nth(1).inner_text() == "119"
    assert not page.locator("#old").is_visible()
    assert not page.locator("#filters").is_visible()
    assert page.locator("#chosen").inner_text().split() == ["Least", "5"]
    assert page.locator("a.why").count() == 0  # no catalog is near a file

    page.clock.install(time=made + timedelta(hours=30))
    page.goto(path.as_uri())
    assert "It was made 30 hours ago." in page.locator("#old").inner_text()
    page.clock.set_system_time(made + timedelta(hours=100))
    page.reload()
    assert "at most 50 hours old" in page.locator("#old").inner_text()
    assert problems == []
    page.close()


def test_a_page_of_a_server_leads_from_each_number_to_its_explanation(
    browser: Any,
    make_report: MakeReport,
    engine: sqlalchemy.Engine,
    tmp_path: Path,
    context: RenderContext,
) -> None:
    context = replace(context, explain_url="/catalog/explain/sales")
    told = TEXT + "\nThe first is {{ q.name }} with **{{ q.n | number }}**.\n"
    path = render(make_report(told), engine, tmp_path / "out", context=context).html_path
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    body = path.read_text("utf-8")
    page.route("**/*", lambda route: route.fulfill(body=body, content_type="text/html"))

    page.goto("http://reports.example/files/reports/sales/latest.html")
    links = page.locator("tbody a.why")
    assert links.count() == 3
    assert links.first.get_attribute("href") == "/catalog/explain/sales/q/n"
    assert [link.get_attribute("tabindex") for link in links.all()] == [None, "-1", "-1"]
    page.get_by_role("button", name="Amount").click()
    assert links.all_inner_texts() == ["100", "10", "9"]  # they are sorted like any cell
    assert page.locator(".prose a.why").all_inner_texts() == ["10"]  # a name is no number
    assert problems == []
    page.close()

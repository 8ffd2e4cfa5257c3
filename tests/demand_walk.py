"""Demand in Chromium, on a platform that runs: each step of the journey as its person takes it.

What belongs here: which pages somebody opens, what they press, what they then see. What does not:
what becomes of it in between, in runs (`test_journey`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.catalog.test_browser import CHROMIUM, Seen, sync_api, tab_to

Page = sync_api.Page
ANA, NORA = "ana@fernweh.example", "nora@fernweh.example"
WANTED = "warranty claims"  # what nothing is found for
TITLE = "Warranty claims by channel, every Monday"
REPORT = "warranty_claims"
KEY = f"report/{REPORT}"
SQL = "SELECT channel, count(*) AS tickets FROM marts.fct_support_tickets GROUP BY 1"
TOLD = ".arrived"
UNHAPPY = "The rows are too small to read."


@contextmanager
def browsers(base: str) -> Iterator[tuple[Page, Page]]:
    """Give Ana and Nora a browser each; no page may report an error or ask another server."""
    seen = Seen(base)
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        ana, nora = (chromium.new_context(base_url=base).new_page() for _ in range(2))
        for page in (ana, nora):
            seen.watch(page)
        yield ana, nora
        chromium.close()
    # A page that is not loaded yet is not there.
    assert ([e for e in seen.errors if "404" not in e], seen.elsewhere) == ([], [])


def asks_after_a_search_in_vain(page: Page) -> int:
    """Return the number of the request."""
    page.goto("/catalog/coverage")
    page.keyboard.press("/")
    page.keyboard.type(WANTED)
    page.keyboard.press("Enter")
    page.click(".wanted >> text=Ask for it")  # only where nothing was found
    page.wait_for_url("**/catalog/ask?searched=*")
    assert page.input_value("[name=title]") == WANTED
    page.fill("[name=title]", "How did the business go last week")
    page.wait_for_selector("[data-alike] a[href$='/report/weekly_business_review']")
    page.fill("[name=title]", TITLE)
    page.fill("[name=decision]", "What we take out of the range")
    page.fill("[name=who]", ANA)
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalog/request/*?did=ask*")
    assert page.inner_text(".stages [aria-current]").startswith("Asked")
    return int(page.url.partition("?")[0].rpartition("/")[2])


def scores_and_accepts_by_keyboard(page: Page, number: int) -> None:
    """Say who one is, estimate, and take it up."""
    page.goto("/catalog/yours")
    page.fill("[name=who]", NORA)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"h1:has-text('{NORA}')")
    page.goto(f"/catalog/triage#request-{number}")
    page.wait_for_selector(f"#request-{number}:focus")
    page.keyboard.press("e")
    page.wait_for_selector("[name=reach]:focus")
    page.keyboard.type("90")
    for value in ("3", "1", "1"):
        page.keyboard.press("Tab")
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Estimated.")
    page.goto(f"/catalog/triage?show=new#request-{number}")
    assert "÷ effort 1 = 270" in page.inner_text(f"#request-{number}")
    page.keyboard.press("d")
    page.wait_for_selector("[name=reason]:focus")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"#request-{number}:focus")
    page.keyboard.press("a")
    page.keyboard.type(NORA)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Accepted.")


def first_of_the_backlog(page: Page) -> str:
    """Return the title of what comes next."""
    page.goto("/catalog/backlog")
    return page.inner_text(".backlog .title a >> nth=0")


def days_to_an_answer(page: Page) -> float:
    """Return what the objective's page shows of its key result."""
    page.goto("/catalog/objective/answers-in-days")
    row = page.locator(".key-results li", has=page.locator("[href$='/key_result/faster-answers']"))
    return float(row.locator(".value strong").inner_text())


def makes_a_report_of_a_query(page: Page) -> None:
    """Write the report; it is declared then, and no page shows it yet."""
    page.goto("/catalog/query")
    page.wait_for_selector("#sql:focus")
    page.keyboard.insert_text(SQL)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#result table.data")
    page.click("#make summary")
    page.fill("#make [name=name]", REPORT)
    page.fill("#make [name=title]", "Warranty claims")
    page.fill("#make [name=question]", "Which warranty claims reach us, and how?")
    page.fill("#make [name=owner]", "team:data")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=The report is there")
    page.goto(f"/catalog/report/{REPORT}")
    assert "not loaded yet" in page.inner_text("main")


def says_that_it_is_here(page: Page, number: int) -> None:
    """Name the report as the answer."""
    page.goto(f"/catalog/triage?show=accepted#request-{number}")
    page.wait_for_selector(f"#request-{number}:focus")
    page.keyboard.press("x")
    page.wait_for_selector(f"#request-{number} [name=answered_by]:focus")
    page.keyboard.type(f"report/{REPORT}")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=its asker is told")


def is_told_and_says_that_it_helped(page: Page, number: int) -> None:
    """Open the answer from the line on top of any page."""
    page.goto("/catalog/glossary")
    assert page.inner_text(TOLD).startswith("You asked, it is here: Warranty claims")
    page.click(f"{TOLD} a:has-text('Warranty claims') >> nth=0")
    page.wait_for_url(f"**/files/reports/{REPORT}/*/index.html")
    assert page.inner_text("h1") == "Warranty claims"
    page.goto("/catalog/")
    tab_to(page, f"{TOLD} button")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/catalog/request/{number}?did=helped*")
    assert page.locator(TOLD).count() == 0
    assert "It helped" in page.inner_text(".edits li >> nth=0")


def rates_it_by_keyboard(page: Page, number: int) -> None:
    """Give two of five, and say why; it is said of the answer to the request."""
    page.goto(f"/catalog/asset/report/{REPORT}")
    page.click("nav >> text=Tell us")
    page.wait_for_url(f"**/catalog/tell/report/{REPORT}")
    tab_to(page, "[name=rating]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.type(UNHAPPY)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/catalog/feedback?about=*")
    said = page.inner_text(".said li >> nth=0")
    assert UNHAPPY in said and "Poor" in said and f"request {number}" in said


def complaints(page: Page) -> str:
    """Return the list of what needs attention, of its bad feedback."""
    page.goto("/catalog/attention?kind=bad+feedback")
    return page.inner_text("[aria-label='The list']")


def answers_from_the_list(page: Page) -> None:
    """Follow the next step of the entry, to the form, and send it."""
    page.goto("/catalog/attention?kind=bad+feedback")
    page.click(f"li:has-text('{UNHAPPY}') .step a")
    page.wait_for_url("**/catalog/feedback?answer=*")
    page.fill("details[open] [name=words]", "They are larger from today on.")
    page.click("details[open] button")
    page.wait_for_url("**/catalog/feedback?did=answer*")

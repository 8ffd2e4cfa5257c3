"""Which requests count, and as use of what."""

from typing import Any

import pytest

from platform_assets.usage.queries import tables_of
from platform_assets.usage.searches import Searches
from platform_assets.usage.visits import Visit, events_of
from tests.usage.recording import BROWSER

AT = 1_767_225_600.25  # 2026-01-01 00:00:00.250 UTC


def visit(path: str, query: str = "", noted: Any = None, **headers: str) -> Visit:
    given = {"user-agent": BROWSER, **{n.replace("_", "-"): v for n, v in headers.items()}}
    pairs = [(name.encode(), value.encode()) for name, value in given.items()]
    return Visit(AT, path, query.encode(), pairs, "10.0.0.1", noted or {})


def told(path: str, query: str = "", **headers: str) -> list[dict[str, Any]]:
    found = events_of(visit(path, query, **headers))
    assert all(event.pop("used_at") == "2026-01-01T00:00:00.250Z" for event in found)
    return found


@pytest.mark.parametrize(
    ("path", "page", "asset"),
    [
        ("/catalog/", "home", None),
        ("/catalog/coverage", "coverage", None),
        ("/catalog/owner/anna@example.org", "owner", None),
        ("/catalog/asset/marts/fct_orders", "asset", "marts/fct_orders"),
        ("/catalog/impact/raw/shop/orders", "impact", "raw/shop/orders"),
        ("/catalog/column/raw/shop/orders/total", "column", "raw/shop/orders"),
        ("/catalog/tell/report/sales", "tell", "report/sales"),
        ("/catalog/report/sales", "report", "report/sales"),
        ("/catalog/explain/sales/days/revenue", "explain", "report/sales"),
        ("/catalog/key_result/faster", "key_result", "key_result/faster"),
        ("/catalog/request/12", "request", "record/request/12"),
        ("/catalog/minutes", "minutes", None),
        ("/catalog/query", "query", None),
    ],
)
def test_a_page_is_a_view_of_what_it_is_about(path: str, page: str, asset: str | None) -> None:
    about = {"asset": asset} if asset else {}
    assert told(path) == [{"kind": "view", "page": page, **about}]


def test_a_page_that_a_search_led_to_says_so() -> None:
    found = told("/catalog/asset/marts/a", referer="http://here/catalog/search?q=a")
    assert found[0]["came_from"] == "search"


@pytest.mark.parametrize(
    "path",
    [
        "/catalog/asset/marts/fct_orders.json",
        "/catalog/home.json",
        "/catalog/suggest.json",
        "/catalog/complete.json",
        "/catalog/attention.svg",
        "/catalog/lineage/marts/fct_orders.svg",
        "/catalog/badge/marts/fct_orders.svg",
        "/catalog/history/marts/fct_orders",
        "/catalog/preview/marts/fct_orders",
        "/catalog/profile/marts/fct_orders",
        "/catalog/static/catalog.css",
        "/catalog/healthz",
        "/catalog/query.json",
        "/files/reports/sales/20260101T000000Z/report.json",
        "/files/reports/",
        "/files/reports/sales",
    ],
)
def test_parts_of_pages_twins_and_probes_do_not_count(path: str) -> None:
    assert told(path) == []


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("latest.html", {"kind": "open"}),
        ("20260101T000000Z/index.html", {"kind": "open", "version": "20260101T000000Z"}),
        ("20260101T000000Z/", {"kind": "open", "version": "20260101T000000Z"}),
        (
            "20260101T000000Z/report.pdf",
            {"kind": "download", "version": "20260101T000000Z", "format": "pdf"},
        ),
        (
            "20260101T000000Z/days.csv",
            {"kind": "download", "version": "20260101T000000Z", "format": "csv"},
        ),
    ],
)
def test_files_of_a_report_are_opened_or_downloaded(path: str, event: dict[str, Any]) -> None:
    assert told(f"/files/reports/sales/{path}") == [{**event, "asset": "report/sales"}]


def test_a_report_with_other_parameters_is_opened_and_who_is_hit_is_a_download() -> None:
    assert told("/catalog/report/sales/live") == [
        {"kind": "open", "asset": "report/sales", "version": "live"}
    ]
    assert told("/catalog/impact/raw/shop/orders.csv") == [
        {"kind": "download", "asset": "raw/shop/orders", "format": "csv"}
    ]


def test_of_a_query_the_tables_are_kept_and_never_its_text() -> None:
    sql = (
        "WITH marts AS (SELECT 1) SELECT 'secret' FROM lake.marts.fct_orders AS o "
        "JOIN raw.shop__orders USING (id), marts, range(3)"
    )
    for path, kind in (("query", "html"), ("query.csv", "csv"), ("query.json", "json")):
        found = told(f"/catalog/{path}", f"sql={sql.replace(' ', '+')}")
        event = {"kind": "query", "page": "query", "format": kind}
        assert found == [
            {**event, "asset": "marts/fct_orders"},
            {**event, "asset": "raw/shop/orders"},
        ]
        assert "secret" not in str(found)
    assert told("/catalog/query", "sql=SELECT+1") == [
        {"kind": "query", "page": "query", "format": "html"}
    ]
    assert tables_of("SELECT (((") == ()
    assert tables_of("(" * 5_000 + "1") == ()


def test_a_search_counts_with_what_its_answer_says_and_its_further_pages_do_not() -> None:
    asked = visit("/catalog/search", "q=+gross+margin&kind=report", {"results": 0, "x": 1})
    (found,) = events_of(asked)
    assert (found["text"], found["results"]) == ("gross margin", 0)
    assert "x" not in found
    assert told("/catalog/search", "q=a&page=2") == []
    assert told("/catalog/search") == []
    (long,) = told("/catalog/search", f"q={'x' * 5000}")
    assert len(long["text"]) == 200
    assert told("/catalog/search", "&".join(f"a{n}=1" for n in range(500))) == []


def test_robots_and_pages_that_a_browser_fetches_ahead_do_not_count() -> None:
    page = "/catalog/asset/marts/a"
    for agent in ("Mozilla/5.0 (compatible; Googlebot/2.1)", "kube-probe/1.29", "", "curl/8.5"):
        assert told(page, user_agent=agent) == []
    assert told(page, sec_purpose="prefetch;prerender") == []


def test_what_a_page_fetches_for_itself_does_not_count_but_a_search_and_a_query() -> None:
    def fetched(path: str, query: str = "") -> int:
        return len(told(path, query, sec_fetch_dest="empty"))

    assert not fetched("/catalog/asset/marts/a") and not fetched("/files/reports/a/latest.html")
    assert fetched("/catalog/search", "q=a") and fetched("/catalog/query", "sql=FROM+marts.a")
    assert told("/files/reports/a/latest.html", sec_fetch_dest="iframe")


def test_a_program_that_reads_a_table_or_takes_a_file_is_use_of_it() -> None:
    agent = "python-requests/2.31"
    assert told("/catalog/query.csv", "sql=FROM+marts.a", user_agent=agent)
    assert told("/files/reports/sales/v/days.csv", user_agent=agent)
    assert not told("/files/reports/sales/latest.html", user_agent=agent)


def test_of_a_search_that_follows_the_typing_only_the_last_counts() -> None:
    searches, certain = Searches(), []
    typed = ["r", "rev", "revenue", "rev", "revision", "margin"]
    for seconds, text in enumerate(typed):
        one = Visit(AT + seconds, "/catalog/search", f"q={text}".encode(), (), "10.0.0.1")
        certain += list(searches.take(one, [{"kind": "search", "text": text}]))
    assert [event["text"] for event in certain] == ["revision"]
    other = Visit(AT + 5, "/catalog/search", b"q=m", (), "10.0.0.2")
    assert not list(searches.take(other, [{"kind": "search", "text": "m"}]))
    assert not list(searches.settled(AT + 6))
    assert [event["text"] for event in searches.settled(AT + 10)] == ["margin", "m"]
    assert not list(searches.all())

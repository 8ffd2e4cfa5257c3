"""A report from its Markdown to the page on disk."""

import base64
import csv
import hashlib
import html
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from platform_assets.reporting import (
    RenderContext,
    ReportDeclaration,
    ReportError,
    UpstreamCheck,
    render,
)
from platform_assets.reporting.folder_archive import FolderArchive
from platform_assets.reporting.page import script as own_script

MakeReport = Callable[..., ReportDeclaration]

SALES = """On {{ last.date | day }}: **{{ last.revenue | eur(2) }}**.

```sql last
select * from days order by date desc limit 1
```

```sql days
select date, revenue, orders from marts.daily_revenue order by date
```

```sql notes
select order_id, note from marts.fct_orders order by order_id
```

```numbers
- label: Revenue
  value: last.revenue
  format: eur
  trend: days.revenue
```

```chart
type: line
query: days
x: date
y: {revenue: Revenue, orders: Orders}
title: Per day
```

```chart
type: bar
query: notes
x: note
y: order_id
```

```chart
type: area
query: days
x: date
y: revenue
format: eur
width: half
```

```table
query: notes
```
"""


REFERENCES = ("src", "href", "xlink:href", "srcset", "action", "poster", "data")


class Outside(HTMLParser):
    """Collects what a page would fetch, and what it would run beside its own script."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note scripts, event handlers, and references that leave the page."""
        if tag in ("script", "iframe", "object", "embed", "link", "base", "form"):
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on"):
                self.found.append(name)
            inside = (value or "").startswith(("#", "data:"))
            if name in REFERENCES and not inside:
                self.found.append(f"{name}={value}")


def outside(page: str) -> list[str]:
    """Return everything in `page` that runs or leaves it."""
    parser = Outside()
    parser.feed(page.replace(f"<script>{own_script()}</script>", ""))
    styles = " ".join(re.findall(r"<style>.*?</style>", page, re.DOTALL))
    return parser.found + re.findall(r"@import|url\((?!#)", styles)


def csv_of(page: str, query: str) -> list[list[str]]:
    """Return the rows of the CSV that the page carries for `query`."""
    link = re.search(rf'download="sales-{query}.csv" href="data:[^,]*,([^"]+)"', page)
    assert link
    text = base64.b64decode(link[1]).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def rendered_page(
    make_report: MakeReport,
    engine: sqlalchemy.Engine,
    tmp_path: Path,
    context: RenderContext,
    text: str = SALES,
    **more: Any,
) -> str:
    """Render `text` and return the page."""
    report = make_report(text, **more)
    return render(report, engine, tmp_path / "out", context=context).html_path.read_text("utf-8")


def test_a_report_becomes_a_page_with_its_facts_on_it(
    make_report: MakeReport, engine: sqlalchemy.Engine, tmp_path: Path, context: RenderContext
) -> None:
    report = make_report(SALES, data_time="last.date")
    done = render(report, engine, tmp_path / "out", context=context)
    page = done.html_path.read_text("utf-8")
    assert done.html_path == tmp_path / "out" / "sales" / "latest.html"
    assert done.version_path == tmp_path / "out" / "sales" / "2026-01-31T063000Z"
    assert (done.version_path / "index.html").read_bytes() == done.html_path.read_bytes()
    assert done.bytes == len(done.html_path.read_bytes())
    assert done.data_time == date(2026, 1, 30)
    assert done.queries == {"last": 1, "days": 30, "notes": 2}
    assert done.tables == {"marts.daily_revenue", "marts.fct_orders"}
    for fact in ("Sales", "team:data", "at most 26h old", "Fri 30 Jan 2026", "€1,300.50"):
        assert fact in page
    for origin in ("31 Jan 2026, 06:30 UTC", "snapshot 7", "01234567", "marts.daily_revenue"):
        assert origin in page
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg"') == 6
    assert 'aria-label="Line chart: Per day. From Thu 1 Jan 2026 to Fri 30 Jan 2026;' in page
    assert "Thu 1 Jan 2026, Revenue: 1,010.5" in page


def test_the_page_asks_the_network_for_nothing_and_runs_its_own_script_only(
    make_report: MakeReport, engine: sqlalchemy.Engine, tmp_path: Path, context: RenderContext
) -> None:
    page = rendered_page(make_report, engine, tmp_path, context)
    assert outside(page) == []
    assert page.count("<script") == 1
    digest = base64.b64encode(hashlib.sha256(own_script().encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert html.escape(policy) in page or policy in page


def test_hostile_values_are_shown_and_never_run(
    make_report: MakeReport, engine: sqlalchemy.Engine, tmp_path: Path, context: RenderContext
) -> None:
    hostile = '"><img src=x onerror=alert(1)>'
    context = replace(
        context,
        owner=hostile,
        freshness=hostile,
        run_id="<b>12345",
        checks=(UpstreamCheck(hostile, passed=False),),
        stale=(hostile,),
    )
    text = SALES.replace(
        "title: Per day", f"title: '{hostile}'\nalt: '{hostile}'\nsubtitle: '{hostile}'"
    )
    page = rendered_page(
        make_report, engine, tmp_path, context, f"# {hostile}\n\n{text}", title=hostile
    )
    assert outside(page) == []
    assert page.count("<script") == 1
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_csv_cell_is_no_formula(
    make_report: MakeReport, engine: sqlalchemy.Engine, tmp_path: Path, context: RenderContext
) -> None:
    page = rendered_page(make_report, engine, tmp_path, context)
    assert csv_of(page, "notes") == [
        ["order_id", "note"],
        ["1", "<script>alert(1)</script>"],
        ["2", '\'=HYPERLINK("http://evil.example")'],
    ]
    assert csv_of(page, "days")[1] == ["2026-01-01", "1010.50", "21"]


@pytest.mark.parametrize(
    ("checks", "stale", "said", "unsaid"),
    [
        ((), (), "none reported", "with care"),
        ((UpstreamCheck("a", passed=True),), (), "all 1 passed", "with care"),
        ((UpstreamCheck("a: b", passed=False),), (), "Read these numbers with care", "passed</"),
        ((UpstreamCheck("a: b", passed=False, severity="WARN"),), (), "1 warning upstream", "care"),
        (
            (UpstreamCheck("a", passed=True),),
            ("Orders are 7 hours late.",),
            "7 hours late",
            "failed",
        ),
    ],
)
def test_the_page_says_whether_it_can_be_trusted(
    make_report: MakeReport,
    engine: sqlalchemy.Engine,
    tmp_path: Path,
    context: RenderContext,
    checks: tuple[UpstreamCheck, ...],
    stale: tuple[str, ...],
    said: str,
    unsaid: str,
) -> None:
    context = replace(context, checks=checks, stale=stale)
    page = rendered_page(make_report, engine, tmp_path, context, "All is well.")
    assert said in page
    assert unsaid not in page


def test_a_version_is_never_written_again(
    make_report: MakeReport, engine: sqlalchemy.Engine, tmp_path: Path, context: RenderContext
) -> None:
    first = render(make_report("One."), engine, tmp_path / "out", context=context)
    second = render(make_report("Two."), engine, tmp_path / "out", context=context)
    assert first.version_path != second.version_path
    assert "One." in (first.version_path / "index.html").read_text("utf-8")
    assert "Two." in second.html_path.read_text("utf-8")
    assert sorted(path.name for path in (tmp_path / "out" / "sales").iterdir()) == [
        "2026-01-31T063000Z",
        "2026-01-31T063000Z-2",
        "latest.html",
    ]


def test_a_mistake_leaves_the_page_before_as_it_was(
    make_report: MakeReport, engine: sqlalchemy.Engine, tmp_path: Path, context: RenderContext
) -> None:
    render(make_report("One."), engine, tmp_path / "out", context=context)
    with pytest.raises(ReportError):
        render(
            make_report("```sql q\nselect nope from marts.fct_orders\n```"),
            engine,
            tmp_path / "out",
            context=context,
        )
    assert "One." in (tmp_path / "out" / "sales" / "latest.html").read_text("utf-8")
    assert len(list((tmp_path / "out" / "sales").iterdir())) == 2


def test_a_write_that_fails_leaves_the_page_before_and_no_rubbish(
    tmp_path: Path, context: RenderContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(text: str) -> Callable[[Path], None]:
        def write(folder: Path) -> None:
            (folder / "index.html").write_text(text)
            (folder / "report.json").write_text('{"made": "2026-01-31T06:30:00Z"}')

        return write

    archive = FolderArchive(tmp_path)
    archive.publish("sales", context.generated_at, page("one"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Exception, match="No space left on device"):
        archive.publish("sales", context.generated_at, page("two"))
    assert archive.page("sales") == b"one"
    assert len(list((tmp_path / "sales").iterdir())) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "\n```sql q\nselect\n  revenu\nfrom marts.daily_revenue\n```",
            "line 4: query `q`: there is no column `revenu`.\nDid you mean `revenue`?",
        ),
        (
            "```sql a\nselect 1 as day from marts.fct_orders\n```\n```sql b\nselect dy from a\n```",
            "sales/report.md, line 5: query `b`: there is no column `dy`.\nDid you mean `day`?",
        ),
        (
            "```sql q\nselect * from marts.fct_order\n```",
            "query `q`: there is no table marts.fct_order.\nDid you mean `marts.fct_orders`?",
        ),
        (
            "```sql q\nselect 1 as a\n```\n```table\nquery: q\ncolumns: [b]\n```",
            "sales/report.md, line 4: query `q` has no column `b`.",
        ),
        (
            "```sql q\nselect 1 as a\n```\n\n{{ q.a | eurr }}",
            "line 5: there is no format `eurr`.\nDid you mean `eur`?",
        ),
        (
            "```sql q\nselect 'x' as a\n```\n```chart\ntype: bar\nquery: q\nx: a\ny: a\n```",
            "line 4: 'x' is no number.",
        ),
        ("```sql q\n\nselect 1 / 'a'\n```", "sales/report.md, line 3: query `q`: "),
    ],
)
def test_a_mistake_is_told_in_the_authors_words(
    make_report: MakeReport,
    engine: sqlalchemy.Engine,
    tmp_path: Path,
    context: RenderContext,
    text: str,
    message: str,
) -> None:
    with pytest.raises(ReportError, match=re.escape(message)):
        render(make_report(text), engine, tmp_path / "out", context=context)


def test_queries_without_rows_make_a_page_that_says_so(
    make_report: MakeReport, engine: sqlalchemy.Engine, tmp_path: Path, context: RenderContext
) -> None:
    text = SALES.replace("from marts.daily_revenue", "from marts.daily_revenue where false")
    text = text.replace("from marts.fct_orders", "from marts.fct_orders where false")
    page = rendered_page(make_report, engine, tmp_path, context, text, data_time="last.date")
    assert page.count("No data yet.") == 3
    assert "No rows." in page
    assert "On –: <strong>–</strong>" in page
    assert "<dd>not stated</dd>" in page


def test_a_query_may_bring_its_own_with_and_name_others(
    make_report: MakeReport, engine: sqlalchemy.Engine, tmp_path: Path, context: RenderContext
) -> None:
    text = (
        "```sql a\nselect 1 as n; -- one\n```\n"
        "```sql b\nwith recursive c as\n"
        "(select n from a union all select n + 1 from c where n < 4)\n"
        "select sum(n) as total, max(generated_on) as day from c, this_report; -- done;\n```\n"
        "Total {{ b.total }} on {{ b.day | date }}"
    )
    page = rendered_page(make_report, engine, tmp_path, context, text)
    assert "Total 10 on 31 Jan 2026" in page


def test_a_title_may_hold_values(
    make_report: MakeReport, engine: sqlalchemy.Engine, tmp_path: Path, context: RenderContext
) -> None:
    text = (
        "```sql q\nselect date '2026-01-05' as day, '<b>' as name\n```\n"
        "```table\nquery: q\ntitle: Week of {{ q.day | day }}\nsubtitle: By {{ q.name }}\n```\n"
    )
    page = rendered_page(make_report, engine, tmp_path, context, text)
    assert "<h3>Week of Mon 5 Jan 2026</h3>" in page
    assert "By &lt;b&gt;</p>" in page

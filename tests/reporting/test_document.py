"""The parts of a report, and what its author is told of a mistake."""

import pytest

from platform_assets.reporting import ReportError
from platform_assets.reporting.document import Prose, Shown, html, parse

GOOD = """Revenue is **{{ q.revenue | eur }}**.

```sql q
select 1 as revenue
```

```chart
type: line
query: q
x: date
y: revenue
```

Done.
"""


def written(text: str, value: str = "42") -> str:
    """Return the HTML of all prose of a report, with `value` for every value."""
    parts = parse(text).parts
    return "".join(html(p, lambda *_: value) for p in parts if isinstance(p, Prose))


def test_a_report_is_prose_queries_and_blocks_in_order() -> None:
    document = parse(GOOD)
    assert [type(part) for part in document.parts] == [Prose, Shown, Prose]
    assert document.queries["q"].line == 4
    assert document.queries["q"].sql == "select 1 as revenue\n"
    assert "<strong>42</strong>" in written(GOOD)


def test_a_value_is_never_html_nor_markdown() -> None:
    page = written("```sql q\nselect 1\n```\n# {{ q.a }}\n", "<img src=x> **b** [l](http://e)")
    assert "<h1>&lt;img src=x&gt; **b** [l](http://e)</h1>" in page


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](https://evil.example/pixel.png)",
        "![x](//evil.example/pixel.png)",
        "![x](data:image/svg+xml;base64,PHN2Zz4=)",
        "<https://example.com> [x](vbscript:x)",
    ],
)
def test_nothing_in_markdown_runs_or_loads(text: str) -> None:
    page = written(text)
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert 'href="vbscript' not in page


def test_a_picture_inside_the_page_is_kept() -> None:
    assert '<img src="data:image/png;base64,AAAA" alt="dot">' in written(
        "![dot](data:image/png;base64,AAAA)"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x\n\n```chart\ntyp: line\nquery: q\n```", "line 4: a chart has no setting `typ`"),
        ("x\n\n```chart\ntyp: line\nquery: q\n```", "Did you mean `type`"),
        ("```chart\ntype: line\n```", "line 1: this chart needs `query`"),
        ("```chart\ntype: pie\nquery: q\nx: a\ny: b\n```", "line 2: `type` of this chart"),
        ("```chart\na: [\n```", "not valid YAML"),
        ("```table\n```", "line 1: this table is empty"),
        ("```numbers\n- label: x\n  value: revenue\n```", "line 3: .*Write `query.column`"),
        ("```sql\nselect 1\n```", "line 1: a SQL block needs a name"),
        ("```sql a\n1\n```\n```sql a\n2\n```", "line 4: there are two queries named `a`"),
        ("```table\nquery: q\n```", "line 1: there is no query `q`"),
        ("```sql weeks\n1\n```\n\n{{ week.a }}", "line 5: there is no query `week`.\nDid you mean"),
        ("```sql q\n1\n```\n```table\nquery: q\ntitle: A {{ r.a }}\n```", "no query `r`"),
        ("a\n\nb {{ q.revenue | }} c", "line 3: a value is not understood"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_way_out(text: str, message: str) -> None:
    with pytest.raises(ReportError, match=rf"(?s)report.md, {message}|{message}"):
        parse(text)


def test_a_value_in_code_is_left_alone() -> None:
    assert "<code>{{ q.a }}</code>" in written("`{{ q.a }}`")

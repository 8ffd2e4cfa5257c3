"""Texts become HTML, and nothing of them becomes anything else."""

import pytest
from markupsafe import Markup

from platform_assets.catalog import highlight, render
from platform_assets.catalog.catalog import View
from platform_assets.catalog.glossary import Glossary
from tests.catalog.world import NOW, REVENUE, company


def prose(text: str, view: View | None = None) -> str:
    environment = render._environment()
    return environment.from_string("{{ text|markdown }}").render(text=text, view=view)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:x)",
        "![x](javascript:alert(1))",
        "<javascript:alert(1)>",
        '[x](/y "a" onmouseover=alert(1))',
    ],
)
def test_markdown_lets_no_markup_and_no_script_link_through(text: str) -> None:
    found = prose(text).lower()
    assert "<script" not in found and "<img src=x" not in found
    assert 'href="javascript' not in found and 'href="data' not in found
    assert 'src="javascript' not in found and 'href="vbscript' not in found


def test_markdown_keeps_what_people_write() -> None:
    found = prose("**bold** `code` [a](https://example.com)\n\n| a |\n|---|\n| 1 |")
    for part in (
        "<strong>bold</strong>",
        "<code>code</code>",
        'href="https://example.com"',
        "<td>",
    ):
        assert part in found


def test_the_first_occurrence_of_a_term_leads_to_the_glossary() -> None:
    view = View(company(), {}, NOW, glossary=Glossary((REVENUE,)))
    found = prose("The revenue, and Revenue again; `revenue` in code, pre-revenue.", view)
    assert found.count('href="/catalog/glossary/order-revenue"') == 1
    assert ">revenue</a>, and Revenue" in found
    linked = prose("[revenue](https://example.com) is a link, revenue is a term", view)
    assert linked.count("/catalog/glossary/") == 1 and ">revenue</a> is a term" in linked


def test_sql_is_highlighted_and_escaped() -> None:
    found = highlight.sql("select '<b>' as x, 1 -- a <i>\nfrom {{ ref('y') }}")
    assert isinstance(found, Markup)
    assert '<span class="k">select</span>' in found
    assert '<span class="s">&#39;&lt;b&gt;&#39;</span>' in found
    assert '<span class="c">-- a &lt;i&gt;</span>' in found
    assert '<span class="j">' in found and "<b>" not in found
    assert Markup(found).striptags() == "select '<b>' as x, 1 -- a <i> from {{ ref('y') }}"


@pytest.mark.parametrize(
    ("share", "shown"), [(1, "100 %"), (0.999, "99 %"), (0.004, "< 1 %"), (0, "0 %")]
)
def test_only_what_is_whole_is_a_hundred_per_cent(share: float, shown: str) -> None:
    assert render.percent(share) == shown


def test_numbers_are_grouped_and_none_is_a_dash() -> None:
    assert render.number(1234567) == "1\u2009234\u2009567"
    assert render.number(None) == "–"
    assert render.counted(1, "row", "rows") == "1 row"

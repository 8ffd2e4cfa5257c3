"""From facts to HTML: templates, Markdown, numbers and times as people read them.

What belongs here: how any page is filled in. What does not: which facts a page has (`pages`).
Nothing that comes from data is markup: Jinja escapes it, Markdown lets no HTML through.
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

from platform_assets.catalog import highlight, lineage
from platform_assets.catalog.glossary import Glossary
from platform_assets.catalog.present import asset_url, domain_url, term_url

HERE = Path(__file__).parent
HEALTH_WORDS = {
    "good": "Healthy",
    "warning": "Warning",
    "failing": "Failing",
    "unknown": "Not made yet",
}


def page(template: str, facts: Mapping[str, Any], **more: Any) -> str:
    """Return a template filled with facts."""
    return _environment().get_template(f"{template}.html.j2").render(**facts, **more)


@jinja2.pass_context
def markdown(context: jinja2.runtime.Context, text: str, at: str = "") -> Markup:
    """Return Markdown as HTML; HTML in it is shown as text, links lead to the web or a mail.

    The first occurrence of each term of the glossary leads to it; not on its own page, `at`.
    """
    return Markup(_markdown().render(text, _terms(context, at)))


@jinja2.pass_context
def phrase(context: jinja2.runtime.Context, text: str) -> Markup:
    """Return Markdown of one line as HTML, with terms of the glossary linked."""
    return Markup(_markdown().renderInline(" ".join(text.split()), _terms(context)))


def _terms(context: jinja2.runtime.Context, at: str = "") -> dict[str, Any]:
    view = context.get("view")
    return {"glossary": view.glossary if view is not None else Glossary(), "seen": {at}}


def link_terms(state: StateCore) -> None:
    """Link the first occurrence of each term in the text; not in code, nor in another link."""
    pattern = state.env["glossary"].pattern if "glossary" in state.env else None
    if pattern is None:
        return
    for block in state.tokens:
        if block.type != "inline" or not block.children:
            continue
        found: list[Token] = []
        inside = 0
        for token in block.children:
            inside += token.nesting if token.type.startswith("link_") else 0
            plain = token.type == "text" and not inside
            found += _linked(token, pattern, state.env) if plain else [token]
        block.children = found


def _linked(token: Token, pattern: re.Pattern[str], env: Any) -> list[Token]:
    parts, end = [], 0

    def text(content: str) -> Token:
        return Token("text", "", 0, content=content)

    for match in pattern.finditer(token.content):
        term = env["glossary"].by_word[match[0].lower()]
        if term.slug in env["seen"]:
            continue
        env["seen"].add(term.slug)
        attributes = {"href": term_url(term.slug), "class": "term"}
        parts += [
            text(token.content[end : match.start()]),
            Token("link_open", "a", 1, attrs=attributes),  # type: ignore[arg-type]
            text(match[0]),
            Token("link_close", "a", -1),
        ]
        end = match.end()
    return [*parts, text(token.content[end:])]


def number(value: float | int | None) -> str:
    """Return a number with thousands separated by thin spaces; an em dash for none."""
    if value is None:
        return "–"
    shown = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
    return shown.replace(",", "\u2009")


def counted(value: int | None, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number(value)} {one if value == 1 else many}"


def percent(share: float) -> str:
    """Return a share in per cent; only what is whole is 100 %, only what is nothing 0 %."""
    if 0 < share < 0.01:
        return "< 1 %"
    shown = int(share * 100)
    return f"{shown} %"


def moment(text: str | None) -> str:
    """Return an ISO time as `2026-01-31 14:05 UTC`."""
    return f"{text[:10]} {text[11:16]} UTC" if text else "never"


def day(text: str | None) -> str:
    """Return an ISO date as `3 Oct 2026`; an en dash for none."""
    if not text:
        return "–"
    found = date.fromisoformat(text[:10])
    return f"{found.day} {found:%b %Y}"


def month(text: str) -> str:
    """Return a month, `2026-10`, as `October 2026`."""
    return f"{date.fromisoformat(f'{text}-01'):%B %Y}"


@cache
def _markdown() -> MarkdownIt:
    found = MarkdownIt("commonmark", {"html": False}).enable("table")
    found.validateLink = _safe_link  # type: ignore[method-assign]
    found.core.ruler.push("terms", link_terms)
    return found


def _safe_link(url: str) -> bool:
    return bool(re.match(r"(https?://|mailto:|/|#|[\w.-]+(/|$))", url, re.IGNORECASE))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        markdown=markdown,
        phrase=phrase,
        number=number,
        moment=moment,
        day=day,
        month=month,
        percent=percent,
        counted=counted,
        sql=highlight.sql,
        json=lambda value: json.dumps(value, ensure_ascii=False),
    )
    environment.globals.update(
        asset_url=asset_url,
        domain_url=domain_url,
        health_words=HEALTH_WORDS,
        node=lineage,
        version=_version(),
        static=False,
    )
    return environment


@cache
def _version() -> str:
    """Return what changes with every static file, to be put behind its address."""
    files = sorted((HERE / "static").iterdir())
    return f"{max(int(file.stat().st_mtime) for file in files):x}" if files else "0"

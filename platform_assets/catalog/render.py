"""From facts to HTML: templates, Markdown, numbers and times as people read them.

What belongs here: how any page is filled in. What does not: which facts a page has (`pages`).
Nothing that comes from data is markup: Jinja escapes it, Markdown lets no HTML through.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

from platform_assets.catalog import lineage
from platform_assets.catalog.present import asset_url, domain_url

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


def markdown(text: str) -> Markup:
    """Return Markdown as HTML; HTML in it is shown as text, links lead to the web or a mail."""
    return Markup(_markdown().render(text))


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
    """Return a share in per cent; only what is whole is 100 %."""
    shown = int(share * 100)
    return f"{shown} %"


def moment(text: str | None) -> str:
    """Return an ISO time as `2026-01-31 14:05 UTC`."""
    return f"{text[:10]} {text[11:16]} UTC" if text else "never"


@cache
def _markdown() -> MarkdownIt:
    found = MarkdownIt("commonmark", {"html": False}).enable("table")
    found.validateLink = _safe_link  # type: ignore[method-assign]
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
        number=number,
        moment=moment,
        percent=percent,
        counted=counted,
        json=lambda value: json.dumps(value, ensure_ascii=False),
    )
    environment.globals.update(
        asset_url=asset_url,
        domain_url=domain_url,
        health_words=HEALTH_WORDS,
        node=lineage,
        version=_version(),
    )
    return environment


@cache
def _version() -> str:
    """Return what changes with every static file, to be put behind its address."""
    files = sorted((HERE / "static").iterdir())
    return f"{max(int(file.stat().st_mtime) for file in files):x}" if files else "0"

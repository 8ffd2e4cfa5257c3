"""One page from a report's sections: self-contained HTML that opens offline.

What belongs here: filling the template. What does not: what a value looks like (`formats`,
`view`), which parts there are (`sections`), how it is laid out (`templates/`).
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from platform_assets.reporting import csv_export, formats, palette, svg
from platform_assets.reporting import document as documents
from platform_assets.reporting.declaration import RenderContext, ReportDeclaration
from platform_assets.reporting.document import Document
from platform_assets.reporting.queries import Answers
from platform_assets.reporting.sections import Section
from platform_assets.reporting.sql import Parsed

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Content:
    """All that an edition of a report is made of.

    Attributes:
        declaration: the report.
        document: as written.
        parsed: its queries.
        answers: their results, and the values of the parameters.
        sections: what is shown, in order.
        drawn: the SVG of each drawing, wide and narrow, in the order of the sections.
        context: what the report says of itself.
        data_time: the time up to which the data goes.
    """

    declaration: ReportDeclaration
    document: Document
    parsed: Mapping[str, Parsed]
    answers: Answers
    sections: Sequence[Section]
    drawn: Sequence[str]
    context: RenderContext
    data_time: datetime | date | None

    @property
    def tables(self) -> list[str]:
        """Warehouse tables that were read, as `schema.table`."""
        return sorted({table for one in self.parsed.values() for table in one.tables})

    @property
    def data_through(self) -> str:
        """The data time in words, empty where the report states none."""
        if self.data_time is None:
            return ""
        kind = "datetime" if isinstance(self.data_time, datetime) else "day"
        return formats.find(kind)(self.data_time)

    @property
    def made(self) -> str:
        """When it was made, in words."""
        return formats.find("datetime")(self.context.generated_at.astimezone(UTC))


def specs(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Return the specifications to draw: wide and narrow of each drawing, in order."""
    drawings = [s.fields["drawing"] for s in sections if s.fields.get("drawing")]
    return [spec for drawing in drawings for spec in (drawing.wide, drawing.narrow)]


def compose(content: Content) -> str:
    """Return the page as HTML."""
    numbered = [svg.embed(text, f"c{n}-") for n, text in enumerate(content.drawn)]
    drawn = iter(numbered)
    for section in content.sections:
        if section.fields.get("drawing"):
            section.fields["wide"] = Markup(next(drawn))
            section.fields["narrow"] = Markup(next(drawn))
        elif section.kind == "prose":
            fields = section.fields
            explained = bool(content.context.explain_url)
            fields["html"] = Markup(documents.html(fields["prose"], fields["write"], explained))
    queries = [
        (query, content.answers[name], csv_export.data_url(content.answers[name]))
        for name, query in content.document.queries.items()
        if name in content.answers
    ]
    return _template().render(
        content=content,
        report=content.declaration,
        context=content.context,
        sections=content.sections,
        queries=queries,
        filters=content.answers.values_chosen,
        light=Markup(palette.variables(palette.LIGHT)),
        dark=Markup(palette.variables(palette.DARK)),
        script=Markup(script()),
        script_hash=_hash(script()),
    )


@cache
def script() -> str:
    """Return the page's own script: sorting, age, filters."""
    return (TEMPLATES / "page.js").read_text("utf-8").strip()


def _hash(text: str) -> str:
    """Return the hash by which a Content-Security-Policy lets a script run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _breakable(text: str) -> Markup:
    """Return `text` escaped, with leave to break a long name after an underscore."""
    return escape(text).replace("_", Markup("_<wbr>"))


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment.get_template("page.html.j2")

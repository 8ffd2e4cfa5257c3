"""One page from a document and its results: self-contained HTML that opens offline.

What belongs here: putting the parts in order and filling the template. What does not: what a
value looks like (`formats`, `view`), how it is laid out (`templates/`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from platform_assets.reporting import charts, csv_export, formats, palette, svg, view
from platform_assets.reporting import document as documents
from platform_assets.reporting.blocks import Chart, Column, Funnel, Numbers, Table
from platform_assets.reporting.declaration import RenderContext, ReportDeclaration
from platform_assets.reporting.document import Document, Prose, Shown
from platform_assets.reporting.errors import ReportError
from platform_assets.reporting.queries import Result
from platform_assets.reporting.sql import Parsed

NUMBERS_LIMIT = 120
Results = Mapping[str, Result]
Titled = Chart | Table | Funnel


@dataclass(frozen=True)
class Section:
    """One part of the page: which macro of the template prints it, and what it prints."""

    kind: str
    width: str
    fields: dict[str, Any]


def compose(
    declaration: ReportDeclaration,
    document: Document,
    parsed: Mapping[str, Parsed],
    results: Results,
    context: RenderContext,
    data_time: datetime | date | None,
) -> str:
    """Return the page as HTML.

    Raises:
        ReportError: a block that does not fit its query; with file and line.
    """
    sections = [_section(part, results, document.file) for part in document.parts]
    drawings = [s.fields["drawing"] for s in sections if s.fields.get("drawing")]
    drawn = iter(svg.draw([spec for d in drawings for spec in (d.wide, d.narrow)]))
    for section in sections:
        if section.fields.get("drawing"):
            section.fields["wide"] = Markup(next(drawn))
            section.fields["narrow"] = Markup(next(drawn))
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            report=declaration,
            context=context,
            sections=sections,
            queries=[
                (q, results[q.name], csv_export.data_url(results[q.name]))
                for q in document.queries.values()
            ],
            tables=sorted({table for one in parsed.values() for table in one.tables}),
            data_time=_moment(data_time),
            generated_at=formats.find("datetime")(context.generated_at.astimezone(UTC)),
            light=Markup(palette.variables(palette.LIGHT)),
            dark=Markup(palette.variables(palette.DARK)),
        )
    )


def _moment(value: datetime | date | None) -> str:
    if value is None:
        return ""
    return formats.find("datetime" if isinstance(value, datetime) else "day")(value)


def _section(part: Prose | Shown, results: Results, file: str) -> Section:
    try:
        if isinstance(part, Prose):
            return _prose(part, results)
        if isinstance(part.block, Numbers):
            return _numbers(part.block, results)
        block = _titled(part.block, results)
        if isinstance(block, Chart):
            return _chart(block, results)
        if isinstance(block, Table):
            return _table(block, results)
        return _funnel(block, results)
    except ReportError as error:
        raise error.at(file, part.line) from None


def _values(results: Results) -> Callable[[str, str, str], str]:
    """Return what writes the `{{ query.column | format }}` values of a text."""
    return lambda query, column, style: formats.find(style or "auto")(results[query].first(column))


def _titled(block: Titled, results: Results) -> Titled:
    """Return `block` with the values in its title and subtitle."""
    write = _values(results)
    texts = {name: documents.fill(getattr(block, name), write) for name in ("title", "subtitle")}
    return block.model_copy(update=texts)


def _prose(part: Prose, results: Results) -> Section:
    return Section("prose", "full", {"html": Markup(documents.html(part, _values(results)))})


def _numbers(block: Numbers, results: Results) -> Section:
    return Section("numbers", "full", {"cards": [view.card(c, results) for c in block.cards]})


def _chart(block: Chart, results: Results) -> Section:
    result = results[block.query]
    shown = [block.x, *([block.color] if block.color else []), *block.y]
    columns = {
        name: Column(label=block.y.get(name, ""), format=block.format if name in block.y else "")
        for name in shown
    }
    table = Table(query=block.query, columns=columns, limit=NUMBERS_LIMIT)
    return Section(
        "chart",
        block.width,
        {
            "block": block,
            "drawing": charts.draw(block, results),
            "grid": view.grid(table, result),
            "csv": csv_export.data_url(result),
        },
    )


def _table(block: Table, results: Results) -> Section:
    result = results[block.query]
    fields = {"block": block, "grid": view.grid(block, result), "csv": csv_export.data_url(result)}
    return Section("table", "full", fields)


def _funnel(block: Funnel, results: Results) -> Section:
    result = results[block.query]
    fields = {
        "block": block,
        "steps": view.steps(block, result),
        "csv": csv_export.data_url(result),
    }
    return Section("funnel", block.width, fields)


def _breakable(text: str) -> Markup:
    """Return `text` escaped, with leave to break a long name after an underscore."""
    return escape(text).replace("_", Markup("_<wbr>"))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment

"""From the parts of a document and its results to what every edition of it shows.

What belongs here: the sections, in order, each with its values in words. What does not: how an
edition prints them: the page (`page`), the PDF (`pdf`), the list of numbers (`numbers`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from platform_assets.reporting import charts, cohorts, csv_export, formats, plots, view
from platform_assets.reporting import document as documents
from platform_assets.reporting.blocks import (
    AnyBlock,
    Chart,
    Cohort,
    Column,
    Funnel,
    Heatmap,
    Numbers,
    Scatter,
    Table,
    Vega,
)
from platform_assets.reporting.document import Document, Prose, Shown
from platform_assets.reporting.errors import ReportError
from platform_assets.reporting.queries import Answers

NUMBERS_LIMIT = 120
Write = Callable[[str, str, str], str]


@dataclass(frozen=True)
class Section:
    """One part of the report.

    Attributes:
        kind: which macro of the template prints it.
        width: `full` or `half`.
        block: as declared, with the values in its title; None for prose.
        fields: what is printed, by kind.
    """

    kind: str
    width: str
    block: Any
    fields: dict[str, Any] = field(default_factory=dict)


def build(document: Document, answers: Answers, tolerant: bool = False) -> list[Section]:
    """Return the sections of a report.

    Args:
        document: the report.
        answers: results of its queries.
        tolerant: a part that does not fit its query becomes a section of kind `error`.

    Raises:
        ReportError: a part that does not fit its query; with file and line.
    """
    found = []
    for part in document.parts:
        try:
            found.append(_section(part, answers))
        except ReportError as error:
            placed = error.at(document.file, part.line)
            if not tolerant:
                raise placed from None
            found.append(Section("error", "full", None, {"error": placed}))
    return found


def writer(answers: Answers) -> Write:
    """Return what writes a `{{ query.column | format }}` or `{{ parameter | format }}`."""

    def write(name: str, column: str, style: str) -> str:
        if not column:
            return answers.values_chosen.text(name, style)
        return formats.find(style or "auto")(answers[name].first(column))

    return write


def _section(part: Prose | Shown, answers: Answers) -> Section:
    if isinstance(part, Prose):
        write = writer(answers)
        for name, column, style, _ in documents.values(part):
            write(name, column, style)  # what can't be written is told here, with its place
        return Section("prose", "full", None, {"prose": part, "write": write})
    block = part.block
    if isinstance(block, Numbers):
        cards = [view.card(card, answers) for card in block.cards]
        return Section("numbers", "full", block, {"cards": cards})
    block = _titled(block, answers)
    result = answers[block.query]
    kind, width, fields = _shown(block, answers)
    return Section(kind, width, block, {**fields, "csv": csv_export.data_url(result)})


def _titled(block: Any, answers: Answers) -> Any:
    """Return `block` with the values in its title and subtitle."""
    write = writer(answers)
    texts = {
        name: documents.fill(getattr(block, name), write)
        for name in documents.TITLES
        if hasattr(block, name)
    }
    return block.model_copy(update=texts)


def _shown(block: AnyBlock, answers: Answers) -> tuple[str, str, dict[str, Any]]:
    """Return kind, width and fields of the section that shows `block`."""
    if isinstance(block, Chart):
        grid = view.grid(_chart_table(block), answers[block.query])
        return "chart", block.width, {"drawing": charts.draw(block, answers), "grid": grid}
    if isinstance(block, Scatter | Heatmap | Vega):
        result = answers[block.query]
        grid = view.grid(_plot_table(block), result)
        return "chart", block.width, {"drawing": plots.draw(block, result), "grid": grid}
    if isinstance(block, Cohort):
        return "cohort", "full", {"triangle": cohorts.triangle(block, answers[block.query])}
    if isinstance(block, Table):
        return "table", "full", {"grid": view.grid(block, answers[block.query])}
    assert isinstance(block, Funnel)
    return "funnel", block.width, {"steps": view.steps(block, answers[block.query])}


def _chart_table(block: Chart) -> Table:
    """Return the table of a chart's numbers."""
    shown = [block.x, *([block.color] if block.color else []), *block.y]
    columns = {
        name: Column(label=block.y.get(name, ""), format=block.format if name in block.y else "")
        for name in shown
    }
    return Table(query=block.query, columns=columns, limit=NUMBERS_LIMIT)


def _plot_table(block: Scatter | Heatmap | Vega) -> Table:
    if isinstance(block, Vega):
        return Table(query=block.query, limit=NUMBERS_LIMIT)
    if isinstance(block, Heatmap):
        formats_of = {block.y: "", block.x: "", block.value: block.format}
    else:
        named = {name: "" for name in (block.label, block.color) if name}
        sized = {block.size: ""} if block.size else {}
        formats_of = {**named, block.x: block.x_format, block.y: block.format, **sized}
    columns = {name: Column(format="" if f == "auto" else f) for name, f in formats_of.items()}
    return Table(query=block.query, columns=columns, limit=NUMBERS_LIMIT)

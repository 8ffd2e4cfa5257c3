"""The PDF of a report: what its template (`templates/report.typ`) is given, as plain values.

What belongs here: sections to values. What does not: the look (`report.typ`), typesetting (`svg`).
Nothing of the report becomes markup: the template reads values and prints them as text.
"""

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from platform_assets.reporting import palette, prose, svg, view
from platform_assets.reporting.cohorts import Row, Square, Triangle
from platform_assets.reporting.formats import clean
from platform_assets.reporting.page import TEMPLATES, Content
from platform_assets.reporting.sections import Section

ROWS = 60  # of a table; the CSV has all
FONT = "Libertinus Serif"  # comes with the typesetter


def prepare(folder: Path, content: Content) -> None:
    """Write what the typesetter needs into `folder`, which is made: template, values, charts.

    Raises:
        OSError: the folder can't be written.
    """
    folder.mkdir()
    drawn = list(content.drawn[::2])
    for number, text in enumerate(drawn):
        chart = re.sub(r'font-family="[^"]*"', f'font-family="{FONT}"', svg.plain(text))
        (folder / f"chart{number}.svg").write_text(chart, encoding="utf-8", errors="replace")
    shutil.copyfile(TEMPLATES / "report.typ", folder / "report.typ")
    values = json.dumps(_values(content), ensure_ascii=False)
    (folder / "report.json").write_text(values, encoding="utf-8", errors="replace")


def clear(folder: Path) -> None:
    """Remove what `prepare` wrote."""
    shutil.rmtree(folder)


def _values(content: Content) -> dict[str, Any]:
    context, report = content.context, content.declaration
    chosen = content.answers.values_chosen
    return {
        "font": FONT,
        "colours": palette.LIGHT,
        "audience": clean(report.audience),
        "title": clean(report.title),
        "lead": clean(report.question or report.description),
        "author": clean(context.owner),
        "facts": [
            ["Data through", clean(content.data_through or "not stated")],
            ["Owner", clean(context.owner)],
            ["Freshness", clean(context.freshness)],
            ["Checks upstream", context.checks_text],
        ],
        "filters": [[clean(label), clean(text)] for label, text in chosen.shown.items()],
        "problems": [*map(clean, context.stale), *_failed(content)],
        "warnings": len(context.warnings),
        "rows": list(_rows(content)),
        "foot": _origin(content),
    }


def _failed(content: Content) -> Iterator[str]:
    for check in content.context.errors[:8]:
        yield f"Failed check: {clean(check.name)}"


def _origin(content: Content) -> str:
    snapshot = content.context.snapshot
    made = f"Made {content.made}"
    return made if snapshot is None else f"{made} from warehouse snapshot {snapshot}"


def _rows(content: Content) -> Iterator[list[dict[str, Any]]]:
    """Yield rows of one full section, or of one or two halves."""
    waiting: list[dict[str, Any]] = []
    number = 0
    for section in content.sections:
        chart = f"chart{number}.svg" if section.fields.get("drawing") else ""
        number += bool(chart)
        printed = _section(section, chart)
        if section.width == "half":
            waiting.append(printed)
            if len(waiting) < 2:
                continue
            yield waiting
            waiting = []
            continue
        if waiting:
            yield waiting
            waiting = []
        yield [printed]
    if waiting:
        yield waiting


def _section(section: Section, chart: str) -> dict[str, Any]:
    fields, block = section.fields, section.block
    if section.kind == "prose":
        nodes = prose.tree(fields["prose"], fields["write"])
        leads = bool(nodes) and nodes[-1]["t"] == "heading"  # stays with what comes after it
        return {"kind": "prose", "nodes": nodes, "leads": leads}
    if section.kind == "numbers":
        return {"kind": "numbers", "cards": [_card(card) for card in fields["cards"]]}
    titled = {"kind": section.kind, "title": clean(block.title), "subtitle": clean(block.subtitle)}
    if section.kind == "chart":
        drawing = fields["drawing"]
        legend = [[clean(name), svg.plain(c)] for name, c in drawing.legend] if drawing else []
        note, alt = (drawing.note, clean(drawing.alt)) if drawing else ("No data yet.", "")
        return {**titled, "file": chart, "legend": legend, "note": note, "alt": alt}
    if section.kind == "funnel":
        return {**titled, "steps": [_step(step) for step in fields["steps"]]}
    if section.kind == "cohort":
        return {**titled, **_cohort(fields["triangle"], block.size_label if block.size else "")}
    return {**titled, **_table(fields["grid"], block.empty)}


def _card(card: view.Card) -> dict[str, Any]:
    changes = [
        [clean(change.label), clean(change.before), change.text, change.tone]
        for change in card.changes
    ]
    return {"label": clean(card.label), "value": clean(card.value), "changes": changes}


def _step(step: view.Step) -> list[Any]:
    said = f"{step.of_previous} of the step before · {step.of_first} of all"
    return [step.name, clean(step.value), step.share, said if step.of_previous else ""]


def _table(grid: view.Grid, empty: str) -> dict[str, Any]:
    def line(cells: Sequence[view.Cell]) -> list[Any]:
        return [[clean(cell.text), cell.numeric, cell.tone] for cell in cells]

    left_out = grid.left_out + max(len(grid.rows) - ROWS, 0)
    return {
        "head": line(grid.head),
        "body": [line(row) for row in grid.rows[:ROWS]],
        "total": line(grid.total),
        "note": f"{left_out:,} more rows are in the CSV." if left_out > 0 else "",
        "empty": clean(empty),
    }


def _square(square: Square | None) -> list[Any]:
    return [square.text, square.share] if square else ["", None]


def _cohort(triangle: Triangle, size: str) -> dict[str, Any]:
    def line(row: Row) -> list[Any]:
        squares: list[list[Any]] = [
            ["", None] if s is None else [s.text, s.share] for s in row.squares
        ]
        return [clean(row.name), row.size, squares]

    rows = [line(row) for row in triangle.rows]
    average = [line(triangle.average)] if triangle.average else []
    return {"size": size, "steps": list(triangle.steps), "rows": rows, "average": average}

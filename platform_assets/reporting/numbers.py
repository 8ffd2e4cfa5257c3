"""Every number that a report shows, with a key that stays the same from one version to the next.

What belongs here: collecting them. What does not: comparing two versions (`versions`).

Keys: `kpi.revenue` for a value of a query's first row, in a sentence or on a card;
`total:campaigns.spend` for a table's total; `funnel:steps.Cart` for a step; `cohort:c.2` for the
average of a cohort table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from platform_assets.reporting import document as documents
from platform_assets.reporting import formats
from platform_assets.reporting.queries import Answers
from platform_assets.reporting.sections import Section


@dataclass(frozen=True)
class Shown:
    """One number (or date, or word) as shown.

    Attributes:
        key: the same in every version.
        label: what it is.
        text: as the page writes it.
        value: the exact number; None for what is no number.
        format: in which it is written.
    """

    key: str
    label: str
    text: str
    value: str | None
    format: str


def collect(sections: Sequence[Section], answers: Answers) -> list[Shown]:
    """Return everything shown, each key once: what a card says goes before what a sentence does."""
    found: dict[str, Shown] = {}
    for section in sorted(sections, key=lambda section: section.kind != "numbers"):
        for shown in _of(section, answers):
            found.setdefault(shown.key, shown)
    return list(found.values())


def _of(section: Section, answers: Answers) -> Iterator[Shown]:
    block, fields = section.block, section.fields
    if section.kind == "numbers":
        yield from _cards(section, answers)
    elif section.kind == "prose":
        for query, column, style, _ in documents.values(fields["prose"]):
            if column:
                label = f"{_words(column)} ({query})"
                yield _first(query, column, style, label, answers)
    elif section.kind == "table":
        grid = fields["grid"]
        for name, head, cell in zip(grid.names, grid.head, grid.total, strict=False):
            if cell.value is not None:
                key, label = f"total:{block.query}.{name}", f"{head.text}, total of {block.query}"
                style = block.columns[name].format if name in block.columns else ""
                yield Shown(key, label, cell.text, _exact(cell.value), style or "auto")
    elif section.kind == "funnel":
        for step in fields["steps"]:
            key = f"funnel:{block.query}.{step.name}"
            yield Shown(key, step.name, step.value, _exact(step.number), block.format)
    elif section.kind == "cohort" and fields["triangle"].average:
        triangle = fields["triangle"]
        for step, square in zip(triangle.steps, triangle.average.squares, strict=True):
            key, label = f"cohort:{block.query}.{step}", f"{_words(block.value)}, {step}"
            yield Shown(key, label, square.text, _exact(square.value), block.format)


def _cards(section: Section, answers: Answers) -> Iterator[Shown]:
    for card in section.fields["cards"]:
        query, column = card.number.value.split(".")
        yield _first(query, column, card.number.format, card.label, answers)
        for label, reference in card.number.compare.items():
            query, column = reference.split(".")
            told = f"{card.label}, {label}"
            yield _first(query, column, card.number.format, told, answers)


def _first(query: str, column: str, style: str, label: str, answers: Answers) -> Shown:
    value = answers[query].first(column)
    text = formats.find(style or "auto")(value)
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    exact = _exact(formats.number(value)) if number and not formats.is_gap(value) else None
    return Shown(f"{query}.{column}", label, text, exact, style or "auto")


def _words(column: str) -> str:
    return column.replace("_", " ").capitalize()


def _exact(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"

"""The cohort table: who came back, one row per cohort, one column per step since.

What belongs here: rows to squares. What does not: HTML (`templates/`), other tables (`view`).
"""

from dataclasses import dataclass
from decimal import Decimal

from platform_assets.reporting import formats
from platform_assets.reporting.blocks import Cohort
from platform_assets.reporting.errors import ReportError
from platform_assets.reporting.queries import Result

MOST_STEPS = 60


@dataclass(frozen=True)
class Square:
    """One value; `share` is its part of the largest, in per cent, None for a gap."""

    text: str
    share: float | None
    value: Decimal | None = None


@dataclass(frozen=True)
class Row:
    """One cohort: its name, its size in words, its squares; None where there is no row for it."""

    name: str
    size: str
    squares: tuple[Square | None, ...]


@dataclass(frozen=True)
class Triangle:
    """The whole table; `average` is the last row, or None."""

    steps: tuple[str, ...]
    rows: tuple[Row, ...]
    average: Row | None


def triangle(block: Cohort, result: Result) -> Triangle:
    """Return the table of `block`.

    Raises:
        ReportError: a column that does not exist, no number, or more than 60 steps.
    """
    names, steps = result.column(block.cohort), result.column(block.step)
    values = [None if formats.is_gap(v) else formats.number(v) for v in result.column(block.value)]
    order = sorted({step for step in steps if step is not None}, key=_by_number)
    if len(order) > MOST_STEPS:
        raise ReportError(f"{len(order)} steps are more than a page holds.", hint="Show fewer.")
    sizes = result.column(block.size) if block.size else [None] * len(names)
    largest = _largest(values, steps, order)
    style, named = formats.find(block.format), formats.find(block.cohort_format)
    number = formats.find("number")
    found: dict[object, dict[object, Square]] = {}
    size_of: dict[object, object] = {}
    for name, step, value, size in zip(names, steps, values, sizes, strict=True):
        found.setdefault(name, {})[step] = _square(value, style, largest)
        size_of.setdefault(name, size)
    rows = tuple(
        Row(
            named(name),
            number(size_of[name]) if block.size else "",
            tuple(squares.get(step) for step in order),
        )
        for name, squares in found.items()
    )
    shown = tuple(formats.find("auto")(step) for step in order)
    return Triangle(shown, rows, _average(block, result, values, steps, order, style, largest))


def _by_number(step: object) -> tuple[int, Decimal, str]:
    try:
        return 0, formats.number(step), ""
    except ReportError:
        return 1, Decimal(0), str(step)


def _largest(values: list[Decimal | None], steps: list[object], order: list[object]) -> Decimal:
    """Return the largest value, that of the first step left out: there, mostly, all are there."""
    later = [v for v, s in zip(values, steps, strict=True) if v is not None and s != order[0]]
    known = later or [value for value in values if value is not None]
    return max(known, default=Decimal(0))


def _square(value: Decimal | None, style: formats.Format, largest: Decimal) -> Square:
    share = None
    if value is not None:
        share = min(float(max(value, Decimal(0)) / largest * 100), 100.0) if largest else 0.0
    return Square(style(value), share, value)


def _average(
    block: Cohort,
    result: Result,
    values: list[Decimal | None],
    steps: list[object],
    order: list[object],
    style: formats.Format,
    largest: Decimal,
) -> Row | None:
    """Return the row of averages, weighted, or None where none is asked for."""
    if not block.average or not values:
        return None
    weights = [
        Decimal(0) if formats.is_gap(v) else formats.number(v) for v in result.column(block.average)
    ]
    squares = []
    for wanted in order:
        mine = [
            (value, weight)
            for value, weight, step in zip(values, weights, steps, strict=True)
            if step == wanted and value is not None
        ]
        whole = sum((weight for _, weight in mine), Decimal(0))
        total = sum((value * weight for value, weight in mine), Decimal(0))
        squares.append(_square(total / whole if whole else None, style, largest))
    return Row("Average", "", tuple(squares))

"""From blocks and rows to what the page's template prints: every value already in its words.

What belongs here: numbers and their comparison, table cells, funnel steps. What does not: HTML
(`templates/`), charts (`charts`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from platform_assets.reporting import formats
from platform_assets.reporting.blocks import Column, Funnel, Number, Table
from platform_assets.reporting.queries import Result

Results = Mapping[str, Result]


@dataclass(frozen=True)
class Change:
    """A value against an earlier one: label, earlier value, difference, arrow, and whether good."""

    label: str
    before: str
    text: str
    arrow: str
    tone: str


@dataclass(frozen=True)
class Card:
    """A big number; `trend` holds the points of its small line, as SVG wants them."""

    number: Number
    label: str
    value: str
    changes: tuple[Change, ...]
    trend: str


@dataclass(frozen=True)
class Cell:
    """A table cell.

    `bar` is the length of the bar behind it in per cent, or None; `sort` is what a table is sorted
    by, where the text is not: numbers plain, times ISO 8601; `value` is an exact number, or None.
    """

    text: str
    numeric: bool
    tone: str = ""
    bar: float | None = None
    sort: str = ""
    value: Decimal | None = None


@dataclass(frozen=True)
class Grid:
    """A table as printed: names of columns, header cells, rows, totals (or none), rows left out."""

    names: tuple[str, ...]
    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...]
    left_out: int


@dataclass(frozen=True)
class Step:
    """A step of a funnel; `share` is the part of the first step, in per cent."""

    name: str
    value: str
    share: float
    of_first: str
    of_previous: str
    before: str
    number: Decimal | None = None


def lookup(reference: str, results: Results) -> object:
    """Return the value that `query.column` names, from the first row."""
    query, column = reference.split(".")
    return results[query].first(column)


def card(number: Number, results: Results) -> Card:
    """Return a big number with its comparisons and its trend."""
    style = formats.find(number.format)
    value = lookup(number.value, results)
    changes = tuple(
        change(label, value, lookup(reference, results), number)
        for label, reference in number.compare.items()
    )
    trend = ""
    if number.trend:
        query, column = number.trend.split(".")
        trend = sparkline(results[query].column(column))
    return Card(number, number.label, style(value), changes, trend)


def change(label: str, value: object, before: object, number: Number) -> Change:
    """Return the difference of `value` to `before`.

    In percentage points for a percentage, else in per cent of the earlier value; a gap where
    there is nothing to compare with.
    """
    style = formats.find(number.format)
    gap = formats.is_gap(value) or formats.is_gap(before)
    share = number.format.startswith("percent")
    difference: Decimal | None = None
    if not gap:
        now, then = formats.number(value), formats.number(before)
        if share:
            difference = now - then
        elif then > 0:
            difference = now / then - 1
    text = formats.find("points(2)" if share else "change")(difference)
    sign = 0 if difference is None or text.lstrip("+−").strip("0.% p") == "" else difference
    arrow = "▲" if sign > 0 else "▼" if sign < 0 else ""
    return Change(label, style(before), text, arrow, _tone(sign, number.good))


def _tone(sign: Decimal | int, good: str) -> str:
    if sign == 0 or good in ("", "neutral"):
        return ""
    return "good" if (sign > 0) == (good == "up") else "bad"


def sparkline(values: Sequence[object], width: int = 120, height: int = 28) -> str:
    """Return the points of a small line through `values`, as `x,y x,y`; gaps are left out."""
    known = [(n, float(formats.number(v))) for n, v in enumerate(values) if not formats.is_gap(v)]
    if len(known) < 2:
        return ""
    low, high = min(v for _, v in known), max(v for _, v in known)
    span = (high - low) or 1.0
    step = (width - 6) / max(len(values) - 1, 1)
    return " ".join(
        f"{3 + n * step:.1f},{height - 3 - (v - low) / span * (height - 6):.1f}" for n, v in known
    )


def grid(table: Table, result: Result) -> Grid:
    """Return a table as printed.

    Raises:
        ReportError: a column or format that does not exist.
    """
    columns = table.columns or {name: Column() for name in result.columns}
    shown = result.rows[: table.limit]
    parts = [_column(name, column, result, table.limit) for name, column in columns.items()]
    head = tuple(
        Cell(column.label or name.replace("_", " ").capitalize(), cells[1])
        for (name, column), cells in zip(columns.items(), parts, strict=True)
    )
    rows = tuple(zip(*(cells[0] for cells in parts), strict=True)) if shown else ()
    has_total = any(column.total for column in columns.values()) and bool(shown)
    total = tuple(cells[2] for cells in parts) if has_total else ()
    if total and not total[0].text:
        total = (Cell("Total", False), *total[1:])
    return Grid(tuple(columns), head, rows, total, len(result.rows) - len(shown))


def _column(
    name: str, column: Column, result: Result, limit: int
) -> tuple[tuple[Cell, ...], bool, Cell]:
    """Return the cells of a column, whether it is numeric, and its total (over all rows)."""
    values = result.column(name)
    style = formats.find(column.format or "auto")
    known = [v for v in values if not formats.is_gap(v)]
    numeric = style.numeric or (
        bool(known)
        and style.name == "auto"
        and all(isinstance(v, int | float | Decimal) and not isinstance(v, bool) for v in known)
    )
    longest = max((formats.number(v) for v in known), default=Decimal(0)) if column.bar else None
    cells = tuple(_cell(v, style, numeric, column, longest) for v in values[:limit])
    if not column.total:
        return cells, numeric, Cell("", numeric)
    total = _total(column.total, values, result)
    return cells, numeric, Cell(style(total), numeric, value=total)


def _total(how: str, values: Sequence[object], result: Result) -> Decimal | None:
    """Return the sum, the average, or the sum of one column by the sum of another."""
    if "/" in how:
        above, below = (_sum(result.column(name.strip())) for name in how.split("/"))
        return _part(above, below)
    total = _sum(values)
    known = sum(not formats.is_gap(v) for v in values)
    return _part(total, Decimal(known)) if how == "average" else total


def _sum(values: Sequence[object]) -> Decimal:
    return sum((formats.number(v) for v in values if not formats.is_gap(v)), Decimal(0))


def _cell(
    value: object, style: formats.Format, numeric: bool, column: Column, longest: Decimal | None
) -> Cell:
    gap = formats.is_gap(value)
    bar = None
    if longest and not gap:
        bar = round(float(max(formats.number(value), Decimal(0)) / longest * 100), 1)
    tone = ""
    if column.good and not gap:
        amount = formats.number(value)
        tone = _tone(amount, column.good)
    return Cell(style(value), numeric, tone, bar, _sort_key(value, numeric))


def _sort_key(value: object, numeric: bool) -> str:
    if formats.is_gap(value):
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return f"{formats.number(value):f}" if numeric else ""


def steps(funnel: Funnel, result: Result) -> tuple[Step, ...]:
    """Return the steps of a funnel with their shares of the first and of the step before."""
    style, share = formats.find(funnel.format), formats.find("percent")
    names = result.column(funnel.step)
    values = [None if formats.is_gap(v) else formats.number(v) for v in result.column(funnel.value)]
    before = result.column(funnel.compare) if funnel.compare else [None] * len(values)
    found = []
    for position, value in enumerate(values):
        first = _part(value, values[0])
        previous = _part(value, values[position - 1]) if position else None
        found.append(
            Step(
                formats.clean(names[position]),
                style(value),
                min(float(first or 0) * 100, 100.0),
                share(first),
                share(previous) if position else "",
                style(before[position]) if funnel.compare else "",
                value,
            )
        )
    return tuple(found)


def _part(value: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return value / whole if value is not None and whole else None

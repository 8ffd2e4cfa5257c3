"""From a chart block and its query's rows to what is to be drawn, and the same in words.

What belongs here: points, series, their colours, the alternative text. What does not: axes and
marks (`marks`), drawing (`svg`), the colours themselves (`palette`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from platform_assets.reporting import formats, marks, palette
from platform_assets.reporting.blocks import Chart
from platform_assets.reporting.errors import ReportError
from platform_assets.reporting.marks import Point, Spec
from platform_assets.reporting.queries import Result

POINT_CAP = 5_000
# Pixels inside a panel at the page's full width, and on a phone of 390 pixels.
WIDTHS = {"full": 1010, "half": 472}


@dataclass(frozen=True)
class Drawing:
    """What is drawn of a chart block.

    Attributes:
        wide: specification for a screen or a page.
        narrow: the same for a phone.
        alt: the chart in a sentence.
        note: what the reader must know, e.g. that rows are missing; mostly empty.
        legend: label and colour of each series, where there is more than one.
    """

    wide: Spec
    narrow: Spec
    alt: str
    note: str
    legend: tuple[tuple[str, str], ...]


def draw(chart: Chart, results: Mapping[str, Result]) -> Drawing | None:
    """Return the drawing of `chart`, or None when its query has no rows.

    Raises:
        ReportError: a column that does not exist, a value that is no number or no date.
    """
    result = results[chart.query]
    points, note = _points(chart, result)
    if not points:
        return None
    temporal = all(isinstance(point.x, date) for point in points)
    names = list(dict.fromkeys(point.series for point in points))
    colours = {name: _colour(chart, names, name) for name in names}
    legend = tuple(colours.items()) if len(names) > 1 else ()
    shade = _shade(chart, results) if temporal else None
    specs = [
        marks.specification(chart, points, colours, shade, width)
        for width in (WIDTHS[chart.width], marks.NARROW)
    ]
    if len(names) > len(palette.SERIES) and not chart.emphasis:
        note = (
            f"{note} Colours repeat: {len(names)} series are more than there are colours.".strip()
        )
    alt = chart.alt or _alt(chart, points, names)
    return Drawing(specs[0], specs[1], alt, note, legend)


def _points(chart: Chart, result: Result) -> tuple[list[Point], str]:
    style = formats.find(chart.format)
    xs = result.column(chart.x)
    by = result.column(chart.color) if chart.color else None
    found: list[Point] = []
    for column, label in chart.y.items():
        for position, value in enumerate(result.column(column)):
            name = formats.clean(by[position]) if by is not None else (label or column)
            y = None if formats.is_gap(value) else float(formats.number(value))
            x = xs[position]
            tip = f"{_where(x)}: {style(value)}"
            if by is not None or len(chart.y) > 1:
                tip = f"{_where(x)}, {name}: {style(value)}"
            x = x if isinstance(x, date) else formats.clean(x)
            found.append(Point(x, y, name, formats.clean(tip)))
    if len(found) <= POINT_CAP:
        return found, ""
    return found[:POINT_CAP], (
        f"The first {POINT_CAP:,} of {len(found):,} values are drawn: aggregate in the query."
    )


def _where(x: object) -> str:
    if isinstance(x, datetime):
        return formats.find("datetime")(x)
    return formats.find("day" if isinstance(x, date) else "text")(x)


def _colour(chart: Chart, names: Sequence[str], name: str) -> str:
    if not chart.emphasis:
        return palette.series(list(names).index(name))
    wanted = chart.y.get(chart.emphasis) or chart.emphasis
    if wanted not in names:
        raise ReportError(
            f"`emphasis` names `{chart.emphasis}`, which is no series of this chart.",
            hint=f"Write one of {', '.join(f'`{n}`' for n in (chart.y or names))}.",
        )
    return palette.series(0) if name == wanted else palette.colour("faint")


def _shade(chart: Chart, results: Mapping[str, Result]) -> tuple[date, date, str] | None:
    if chart.shade is None:
        return None
    ends = []
    for reference in (chart.shade.start, chart.shade.end):
        query, column = reference.split(".")
        value = results[query].first(column)
        if value is None:
            return None
        ends.append(formats.as_date(value))
    return ends[0], ends[1], chart.shade.label


def _alt(chart: Chart, points: Sequence[Point], names: Sequence[str]) -> str:
    """Return a sentence: what, from where to where, highest and lowest."""
    style = formats.find(chart.format)
    valued = [point for point in points if point.y is not None]
    what = chart.title or " and ".join(label or name for name, label in chart.y.items())
    kind = {"line": "Line chart", "bar": "Bar chart", "area": "Area chart"}[chart.type]
    if not valued:
        return f"{kind}: {what}. No values."
    top, low = max(valued, key=_height), min(valued, key=_height)
    series = f" Series: {', '.join(names)}." if len(names) > 1 else ""
    return (
        f"{kind}: {what}. From {_where(points[0].x)} to {_where(points[-1].x)}; "
        f"highest {style(top.y)} ({_where(top.x)}), "
        f"lowest {style(low.y)} ({_where(low.x)}).{series}"
    )


def _height(point: Point) -> float:
    return point.y or 0.0

"""Vega-Lite specifications: the marks, axes and labels of a chart at one width.

What belongs here: the grammar of the drawing. What does not: which points there are (`charts`),
drawing it (`svg`). The analyst's names and values are only ever values in a specification: fields
have our own names, so that no text of theirs is read as an expression.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from platform_assets.reporting import formats, palette
from platform_assets.reporting.blocks import Chart

NARROW = 324
Spec = dict[str, Any]


@dataclass(frozen=True)
class Point:
    """One value of a chart: where it stands, how much it is, which series it is of, in words."""

    x: object
    y: float | None
    series: str
    tip: str


def iso(x: object) -> object:
    if isinstance(x, datetime):
        return x.replace(tzinfo=None).isoformat()
    return f"{x.isoformat()}T00:00:00" if isinstance(x, date) else x


def specification(
    chart: Chart,
    points: Sequence[Point],
    colours: Mapping[str, str],
    shade: tuple[date, date, str] | None,
    width: int,
) -> Spec:
    """Return the specification of a chart that is `width` pixels wide, labels and all.

    Args:
        chart: the block.
        points: what is drawn, at least one.
        colours: of each series, in order.
        shade: first and last day of a stretch to set off, and its label.
        width: pixels.
    """
    temporal = all(isinstance(point.x, date) for point in points)
    rows = [{"x": iso(p.x), "y": p.y, "s": p.series, "t": p.tip} for p in points]
    lying = chart.type == "bar" and not temporal
    layers = _bars_lying(chart, points, width) if lying else _standing(chart, points, width)
    if shade is not None:
        layers = [*_shade_layers(points, shade), *layers]
    height: Any = (chart.height or {"step": 34}) if lying else chart.height or 260
    style = formats.find(chart.format)
    return {
        "width": width,
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 0, "right": 2, "top": 20 if shade else 4, "bottom": 0},
        "data": {"values": rows},
        "encoding": {
            "color": {
                "field": "s",
                "type": "nominal",
                "scale": {"domain": list(colours), "range": list(colours.values())},
                "legend": None,
            }
        },
        "layer": layers,
        "config": palette.chart_theme(),
        "usermeta": {"currency": style.symbol},
    }


def _standing(chart: Chart, points: Sequence[Point], width: int) -> list[Spec]:
    """Return the layers of a chart with values upright and time (or names) along the bottom."""
    style = formats.find(chart.format)
    x = _time_axis(points, width) if isinstance(points[0].x, date) else _name_axis()
    if chart.type == "bar" and x["type"] == "temporal":
        x["scale"] = {"padding": round(width / (len({p.x for p in points}) + 1) / 2)}
    y: Spec = {
        "field": "y",
        "type": "quantitative",
        "title": None,
        "stack": None if chart.type == "line" else "zero",
        "axis": {
            "format": style.axis or "~s",
            "tickCount": 5,
            "labelExpr": label(style),
        },
        "scale": {"zero": chart.type != "line" or _starts_near_zero(points), "nice": True},
    }
    mark: Spec = {
        "line": {
            "type": "line",
            "strokeWidth": 2.25,
            "strokeJoin": "round",
            "interpolate": "linear",
        },
        "area": {
            "type": "area",
            "line": {"strokeWidth": 2},
            "fillOpacity": 0.5 if len({p.series for p in points}) > 1 else 0.18,
        },
        "bar": {"type": "bar", "width": {"band": 0.8}, "cornerRadiusEnd": 2},
    }[chart.type]
    layers: list[Spec] = [{"mark": mark, "encoding": {"x": x, "y": y}}]
    if chart.emphasis:
        layers = _emphasised(chart, mark, x, y)
    return layers if width <= NARROW else [*layers, _touch(points, x, width)]


def label(style: formats.Format) -> str:
    """Return how an axis writes a value: zero plain, else each by itself (200, then 1k)."""
    return f"datum.value === 0 ? '{style.zero}' : format(datum.value, '{style.axis or '~s'}')"


def _emphasised(chart: Chart, mark: Spec, x: Spec, y: Spec) -> list[Spec]:
    """Draw the quieter series first and thinner, so that the one that matters is on top."""
    wanted = chart.y.get(chart.emphasis) or chart.emphasis
    test = {"field": "s", "equal": wanted}
    quiet = {**mark, "strokeWidth": 1.25} if chart.type == "line" else mark
    strong = {**mark, "strokeWidth": 2.75} if chart.type == "line" else mark
    return [
        {"transform": [{"filter": {"not": test}}], "mark": quiet, "encoding": {"x": x, "y": y}},
        {"transform": [{"filter": test}], "mark": strong, "encoding": {"x": x, "y": y}},
    ]


def _touch(points: Sequence[Point], x: Spec, width: int) -> Spec:
    """Return an unseen layer that says the value under the pointer, without a script."""
    texts: dict[object, list[str]] = {}
    for point in points:
        texts.setdefault(iso(point.x), []).append(point.tip)
    rows = [{"x": at, "t": "\n".join(tips)} for at, tips in texts.items()]
    stroke = max(3, round(width / max(len(rows), 1)))
    return {
        "data": {"values": rows},
        "mark": {"type": "rule", "strokeWidth": stroke, "opacity": 0, "color": "#000"},
        "encoding": {
            "x": x,
            "description": {"field": "t", "type": "nominal"},
            "color": {"value": "#000"},
        },
    }


def _starts_near_zero(points: Sequence[Point]) -> bool:
    """Whether zero belongs on the axis: unless all values lie in a narrow band far from it."""
    values = [point.y for point in points if point.y is not None]
    return not values or min(values) < 0.7 * max(values)


def _bars_lying(chart: Chart, points: Sequence[Point], width: int) -> list[Spec]:
    """Return the layers of bars that lie: names on the left, values written at their ends."""
    order = list(dict.fromkeys(point.x for point in points))
    heights = [point.y for point in points if point.y is not None]
    room = 1.28 if width <= NARROW else 1.16
    names: Spec = {
        "field": "x",
        "type": "nominal",
        "sort": order,
        "title": None,
        "axis": {
            "labelLimit": 120 if width <= NARROW else 200,
            "ticks": False,
            "domain": False,
            "grid": False,
        },
    }
    ends = {"domainMax": max([0.0, *heights]) * room, "domainMin": min([0.0, *heights]) * room}
    values: Spec = {
        "field": "y",
        "type": "quantitative",
        "axis": None,
        "stack": None,
        "scale": ends if any(heights) else {"domainMin": 0, "domainMax": 1},
    }
    both: Spec = {"y": names, "x": values}
    bar: Spec = {
        "mark": {"type": "bar", "cornerRadiusEnd": 3, "height": {"band": 0.68}},
        "encoding": {**both, "description": {"field": "t", "type": "nominal"}},
    }
    layers = [bar, *_bar_labels(chart, points, both)]
    if len({point.series for point in points}) > 1:
        for layer in layers:
            series = list(dict.fromkeys(point.series for point in points))
            offset = {"field": "s", "type": "nominal", "sort": series}
            layer["encoding"] = {**layer["encoding"], "yOffset": offset}
    return layers


def _bar_labels(chart: Chart, points: Sequence[Point], both: Spec) -> list[Spec]:
    """Return the layers of values written at the ends of lying bars, outside of them."""
    style = formats.find(chart.format)
    rows = [
        {"x": iso(p.x), "y": p.y, "s": p.series, "t": style(p.y), "minus": p.y < 0}
        for p in points
        if p.y is not None
    ]
    return [
        {
            "data": {"values": [row for row in rows if row["minus"] == minus]},
            "mark": {"type": "text", "align": align, "dx": dx},
            "encoding": {
                **both,
                "text": {"field": "t"},
                "color": {"value": palette.colour("ink")},
            },
        }
        for minus, align, dx in ((False, "left", 6), (True, "right", -6))
        if any(row["minus"] == minus for row in rows)
    ]


def _shade_layers(points: Sequence[Point], shade: tuple[date, date, str]) -> list[Spec]:
    """Return a tinted stretch from the first day to the last, with its label above."""
    first, last, label = shade
    days = [formats.as_date(point.x) for point in points]
    right = (last - min(days)) * 2 > max(days) - min(days)
    row = {"x": iso(first), "x2": iso(last), "t": label}
    band: Spec = {
        "data": {"values": [row]},
        "mark": {"type": "rect", "opacity": 0.1},
        "encoding": {
            "x": {"field": "x", "type": "temporal"},
            "x2": {"field": "x2"},
            "color": {"value": palette.colour("shade")},
        },
    }
    text: Spec = {
        "data": {"values": [row]},
        "mark": {
            "type": "text",
            "align": "right" if right else "left",
            "baseline": "bottom",
            "y": -5,
            "fontSize": 12,
        },
        "encoding": {
            "x": {"field": "x2" if right else "x", "type": "temporal"},
            "text": {"field": "t", "type": "nominal"},
            "color": {"value": palette.colour("muted")},
        },
    }
    return [band, text] if label else [band]


def _name_axis() -> Spec:
    return {"field": "x", "type": "nominal", "sort": None, "title": None, "axis": {"labelAngle": 0}}


def _time_axis(points: Sequence[Point], width: int) -> Spec:
    days = [formats.as_date(point.x) for point in points]
    ticks, pattern = time_ticks(min(days), max(days), 5 if width <= NARROW else width // 75)
    return {
        "field": "x",
        "type": "temporal",
        "title": None,
        "axis": {"values": [iso(day) for day in ticks], "format": pattern, "grid": False},
    }


def time_ticks(first: date, last: date, most: int) -> tuple[list[date], str]:
    """Return at most `most` days to mark between two days, and how they are written (d3).

    Days for a short span, Mondays for up to about 30 weeks, else the first of months.
    """
    span = (last - first).days
    if span < most:
        return [first + timedelta(days=n) for n in range(span + 1)], "%a %-d"
    if span <= 210:
        step = 7 * -(-(span // 7 + 1) // most)
        monday = last - timedelta(days=last.weekday())
        ticks = [monday - timedelta(days=step * n) for n in range(span // step + 1)]
        return [day for day in reversed(ticks) if day >= first], "%-d %b"
    months = [(first.year, first.month)]
    while months[-1] < (last.year, last.month):
        year, month = months[-1]
        months.append((year + month // 12, month % 12 + 1))
    step = -(-len(months) // most)
    starts = [date(year, month, 1) for year, month in months]
    return [day for day in starts[::-1][::step][::-1] if day >= first], "%b %y"

"""What is drawn of a scatter, a heat map, and a chart of one's own in Vega-Lite.

What belongs here: rows to specifications of these. What does not: lines, areas and bars (`charts`,
`marks`), drawing (`svg`).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from platform_assets.reporting import formats, marks, palette
from platform_assets.reporting.blocks import Heatmap, Scatter, Vega
from platform_assets.reporting.charts import POINT_CAP, WIDTHS, Drawing
from platform_assets.reporting.errors import ReportError
from platform_assets.reporting.marks import Spec
from platform_assets.reporting.queries import Result

MOST_LABELS = 20  # points of a scatter that are named
CELL = 30  # pixels of a heat map's row
# Opacity of its squares: the text on the strongest still has a contrast of 4.5:1, in both modes.
FAINTEST, STRONGEST = 0.04, 0.55


def draw(block: Scatter | Heatmap | Vega, result: Result) -> Drawing | None:
    """Return the drawing of `block`, or None when its query has no rows.

    Raises:
        ReportError: a column that does not exist, or a value that is no number.
    """
    if not result.rows:
        return None
    note = ""
    if len(result.rows) > POINT_CAP:
        note = f"The first {POINT_CAP:,} of {len(result.rows):,} rows are drawn."
        result = Result(result.name, result.columns, result.rows[:POINT_CAP], True)
    widths = (WIDTHS[block.width], marks.NARROW)
    if isinstance(block, Scatter):
        rows, legend = _points(block, result)
        specs = [_scatter(block, rows, dict(legend), width) for width in widths]
        alt = block.alt or _scatter_alt(block, result)
        return Drawing(specs[0], specs[1], alt, note, legend if len(legend) > 1 else ())
    if isinstance(block, Heatmap):
        rows = _squares(block, result)
        specs = [_heatmap(block, rows, width) for width in widths]
        return Drawing(specs[0], specs[1], block.alt or _heatmap_alt(block, rows), note, ())
    specs = [_own(block, result, width) for width in widths]
    return Drawing(specs[0], specs[1], block.alt, note, ())


def _number(value: object) -> float | None:
    return None if formats.is_gap(value) else float(formats.number(value))


def _points(block: Scatter, result: Result) -> tuple[list[Spec], tuple[tuple[str, str], ...]]:
    xs, ys = result.column(block.x), result.column(block.y)
    series = result.column(block.color) if block.color else [""] * len(xs)
    sizes = result.column(block.size) if block.size else [None] * len(xs)
    labels = result.column(block.label) if block.label else [""] * len(xs)
    x_style, y_style = formats.find(block.x_format), formats.find(block.format)
    rows = []
    for x, y, s, size, label in zip(xs, ys, series, sizes, labels, strict=True):
        said = [formats.clean(each) for each in (label, s) if each not in ("", None)]
        tip = " · ".join([*said, f"{x_style(x)}, {y_style(y)}"])
        point = {"x": _number(x), "y": _number(y), "s": formats.clean(s), "t": tip}
        rows.append({**point, "z": _number(size), "l": formats.clean(label or "")})
    names = list(dict.fromkeys(str(row["s"]) for row in rows))
    return rows, tuple((name, palette.series(n)) for n, name in enumerate(names))


def _scatter(block: Scatter, rows: Sequence[Spec], colours: Mapping[str, str], width: int) -> Spec:
    x_style, y_style = formats.find(block.x_format), formats.find(block.format)
    both = {"x": _axis("x", x_style, block.x_title), "y": _axis("y", y_style, block.y_title)}
    scale = {"domain": list(colours), "range": list(colours.values())}
    layers: list[Spec] = [
        {
            "mark": {"type": "circle", "opacity": 0.75},
            "encoding": {
                **both,
                "size": _size(block),
                "color": {"field": "s", "type": "nominal", "legend": None, "scale": scale},
                "description": {"field": "t", "type": "nominal"},
            },
        }
    ]
    if block.label and len(rows) <= MOST_LABELS and width > marks.NARROW:
        words = {**both, "text": {"field": "l"}, "color": {"value": palette.colour("muted")}}
        mark = {"type": "text", "align": "left", "dx": 12, "fontSize": 11}
        layers.append({"mark": mark, "encoding": words})
    return _spec(block.height, width, rows, layers, y_style.symbol or x_style.symbol)


def _axis(field: str, style: formats.Format, title: str) -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "title": title or None,
        "axis": {"labelExpr": marks.label(style), "tickCount": 5},
        "scale": {"nice": True, "zero": False, "padding": 12},
    }


def _size(block: Scatter) -> Spec:
    if not block.size:
        return {"value": 70}
    scale = {"range": [20, 700], "zero": True}
    return {"field": "z", "type": "quantitative", "legend": None, "scale": scale}


def _scatter_alt(block: Scatter, result: Result) -> str:
    what = block.title or f"{block.y} against {block.x}"
    return f"Scatter chart: {what}. {len(result.rows):,} points."


def _squares(block: Heatmap, result: Result) -> list[Spec]:
    style = formats.find(block.format)
    values = [_number(value) for value in result.column(block.value)]
    top = max((value for value in values if value is not None), default=0.0) or 1.0
    columns = (result.column(block.x), result.column(block.y), values)
    return [
        {
            "x": _named(x),
            "y": _named(y),
            "v": value,
            "o": FAINTEST + (STRONGEST - FAINTEST) * max(value or 0.0, 0.0) / top,
            "w": style(value),
            "t": f"{_named(y)}, {_named(x)}: {style(value)}",
        }
        for x, y, value in zip(*columns, strict=True)
    ]


def _named(value: object) -> str:
    return formats.find("short_date")(value) if isinstance(value, date) else formats.clean(value)


def _heatmap(block: Heatmap, rows: Sequence[Spec], width: int) -> Spec:
    xs, ys = (list(dict.fromkeys(row[name] for row in rows)) for name in ("x", "y"))
    both: Spec = {
        "x": {
            "field": "x",
            "type": "nominal",
            "sort": xs,
            "title": None,
            "axis": {"labelAngle": 0, "orient": "top", "domain": False, "ticks": False},
        },
        "y": {
            "field": "y",
            "type": "nominal",
            "sort": ys,
            "title": None,
            "axis": {"domain": False, "ticks": False, "labelLimit": 140},
        },
    }
    squares: Spec = {
        "mark": {"type": "rect", "cornerRadius": 2, "color": palette.series(0)},
        "encoding": {
            **both,
            "opacity": {"field": "o", "type": "quantitative", "scale": None, "legend": None},
            "description": {"field": "t", "type": "nominal"},
        },
    }
    layers = [squares]
    if width / max(len(xs), 1) > 52:
        words = {**both, "text": {"field": "w"}, "color": {"value": palette.colour("ink")}}
        layers.append({"mark": {"type": "text", "fontSize": 11}, "encoding": words})
    return _spec(CELL * len(ys), width, rows, layers, "")


def _heatmap_alt(block: Heatmap, rows: Sequence[Spec]) -> str:
    known = [row for row in rows if row["v"] is not None]
    what = f"Heat map: {block.title or block.value}."
    if not known:
        return f"{what} No values."
    top, low = max(known, key=lambda row: row["v"]), min(known, key=lambda row: row["v"])
    return (
        f"{what} Highest {top['w']} ({top['y']}, {top['x']}), "
        f"lowest {low['w']} ({low['y']}, {low['x']})."
    )


def _spec(height: int, width: int, rows: Sequence[Spec], layers: list[Spec], symbol: str) -> Spec:
    return {
        "width": width,
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 0, "right": 2, "top": 4, "bottom": 0},
        "data": {"values": list(rows)},
        "layer": layers,
        "config": palette.chart_theme(),
        "usermeta": {"currency": symbol},
    }


def _own(block: Vega, result: Result, width: int) -> Spec:
    """Return the author's specification with our data, width and theme under it."""
    _refuse_outside(block.spec)
    rows = [
        {name: _plain(value) for name, value in zip(result.columns, row, strict=True)}
        for row in result.rows
    ]
    colours = {"category": [palette.series(n) for n in range(len(palette.SERIES))]}
    theme = {**palette.chart_theme(), "range": colours}
    spec: Spec = {
        "width": width,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 0, "right": 2, "top": 4, "bottom": 0},
        "usermeta": {"currency": formats.find(block.format).symbol},
        **block.spec,
        "data": {"values": rows},
    }
    spec["config"] = {**theme, **block.spec.get("config", {})}
    if spec["width"] == "container" or width == marks.NARROW:
        spec["width"] = width
    return spec


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, date):
        return marks.iso(value)
    try:
        return _number(value)
    except ReportError:
        return formats.clean(value)


def _refuse_outside(node: Any) -> None:
    """Refuse a specification that fetches: its data is the query, and a report asks for nothing."""
    if isinstance(node, Mapping):
        if "url" in node:
            raise ReportError(
                f"the specification fetches {str(node['url'])[:60]!r}.",
                hint="Leave `data` out: the rows of the query are the data.",
            )
        for value in node.values():
            _refuse_outside(value)
    elif isinstance(node, list):
        for value in node:
            _refuse_outside(value)

"""A simple drawing of a query's result: lines over time, bars by name.

What belongs here: choosing the columns, scales and shapes. What does not: colours
(`static/catalog.css`), reports' charts (`platform_assets.reporting`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from platform_assets.catalog.present import Facts

WIDTH, HEIGHT = 900, 320  # of lines, in units of the drawing
LEFT, RIGHT, TOP, BOTTOM = 70, 16, 12, 34  # margins
BAR, GAP = 24, 6  # of lying bars
LABEL = 220  # width of the names beside them
MOST_BARS, MOST_SERIES, MOST_POINTS = 40, 4, 2_000
NUMBERS = ("INT", "DECIMAL", "DOUBLE", "FLOAT")
TIMES = ("DATE", "TIMESTAMP")


@dataclass(frozen=True)
class Columns:
    """Which column is the axis, and which are drawn."""

    axis: int
    values: tuple[int, ...]


def draw(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> Facts | None:
    """Return what to draw of a result; None where there is nothing to draw.

    Args:
        columns: name and DuckDB type of each.
        rows: values as JSON has them.
    """
    chosen = _choose(columns)
    kept = [row for row in rows if chosen and row[chosen.axis] is not None]
    if chosen is None or len(kept) < 2:
        return None
    series = [
        (columns[i][0], [_number(row[i]) for row in kept[:MOST_POINTS]]) for i in chosen.values
    ]
    if not any(v is not None for _, values in series for v in values):
        return None
    names = [str(row[chosen.axis]) for row in kept[:MOST_POINTS]]
    if columns[chosen.axis][1].startswith(TIMES):
        order = sorted(range(len(names)), key=lambda i: names[i])
        ordered = [(name, [values[i] for i in order]) for name, values in series]
        return _lines([names[i] for i in order], ordered, len(kept))
    name, values = series[0]
    return _bars(names, name, values, len(kept))


def _choose(columns: Sequence[tuple[str, str]]) -> Columns | None:
    """Return time if there is any, else the first text; against it the first numbers."""
    numbers = [i for i, (_, kind) in enumerate(columns) if _is(kind, NUMBERS)]
    times = [i for i, (_, kind) in enumerate(columns) if kind.startswith(TIMES)]
    texts = [i for i, (_, kind) in enumerate(columns) if kind in ("VARCHAR", "BOOLEAN")]
    axis = (times or texts or (numbers[:1] if len(numbers) > 1 else []))[:1]
    values = [i for i in numbers if i not in axis]
    return Columns(axis[0], tuple(values[:MOST_SERIES])) if axis and values else None


def _is(kind: str, families: Sequence[str]) -> bool:
    return not kind.endswith("]") and any(kind.split("(")[0].endswith(each) for each in families)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _lines(names: Sequence[str], series: Sequence[tuple[str, list[float | None]]], n: int) -> Facts:
    there = [v for _, values in series for v in values if v is not None]
    low, high = min(0.0, *there), max(0.0, *there)
    ticks = _ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])

    def x(i: int) -> float:
        return LEFT + i * (WIDTH - LEFT - RIGHT) / max(len(names) - 1, 1)

    def y(value: float) -> float:
        span = (high - low) or 1.0
        return TOP + (high - value) / span * (HEIGHT - TOP - BOTTOM)

    every = max(1, math.ceil(len(names) / 8))
    return {
        "kind": "line",
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "ticks": [{"y": round(y(t), 1), "label": _short(t)} for t in ticks],
        "names": [
            {"x": round(x(i), 1), "label": names[i][:10]} for i in range(0, len(names), every)
        ],
        "series": [{"name": name, "path": _path(values, x, y)} for name, values in series],
        "left_out": n - len(names),
    }


def _path(values: Sequence[float | None], x: Any, y: Any) -> str:
    """Return an SVG path with a gap where a value is missing."""
    parts, pen = [], "M"
    for i, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{x(i):.1f} {y(value):.1f}")
        pen = "L"
    return "".join(parts)


def _bars(names: Sequence[str], title: str, values: Sequence[float | None], n: int) -> Facts:
    shown = list(zip(names, values, strict=True))[:MOST_BARS]
    low = min(0.0, *(v for _, v in shown if v is not None), 0.0)
    high = max(0.0, *(v for _, v in shown if v is not None), 0.0)
    scale = (WIDTH - LABEL - 90) / ((high - low) or 1.0)
    zero = LABEL - low * scale
    return {
        "kind": "bar",
        "width": WIDTH,
        "height": len(shown) * (BAR + GAP),
        "title": title,
        "zero": round(zero, 1),
        "bars": [
            {
                "name": name if len(name) <= 30 else f"{name[:29]}…",
                "y": i * (BAR + GAP),
                "x": round(min(zero, zero + (value or 0) * scale), 1),
                "width": round(abs(value or 0) * scale, 1),
                "label": _short(value) if value is not None else "–",
            }
            for i, (name, value) in enumerate(shown)
        ],
        "left_out": n - len(shown),
    }


def _ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers from `low` to `high`."""
    span = high - low
    if not span:
        return [low]
    raw = span / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw)
    first = math.floor(low / step)
    last = math.ceil(high / step)
    return [i * step for i in range(first, last + 1)]


def _short(value: float) -> str:
    """Return a number as an axis shows it: 1.2M, 35k, 0.25."""
    for size, letter in ((1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):.3g}{letter}"
    return f"{value:.4g}"

"""The theme of a report: its colours in light and dark, and how charts take them.

Colours are CSS variables, so that one drawing serves light and dark, screen and print. Series
colours are Okabe and Ito's palette (2008), told apart by colour-blind readers, darkened or
lightened to reach a contrast of 3:1 on their ground, and two more for the seventh and eighth.
"""

from typing import Any

SERIES = ("blue", "orange", "green", "purple", "sky", "amber", "slate", "maroon")

LIGHT = {
    "ground": "#ffffff",
    "page": "#f6f7f9",
    "ink": "#14202e",
    "muted": "#566375",
    "line": "#dfe4ea",
    "soft": "#eef2f6",
    "accent": "#0b5cad",
    "good": "#00704f",
    "bad": "#b23c00",
    "warn": "#7d5a00",
    "warn-ground": "#fff6df",
    "warn-line": "#d9a100",
    "bad-ground": "#fdece4",
    "bad-line": "#c8480a",
    "blue": "#0b62b0",
    "orange": "#cf5500",
    "green": "#00805f",
    "purple": "#b0589a",
    "sky": "#2b93cf",
    "amber": "#b98400",
    "slate": "#5b6b7d",
    "maroon": "#8c1d40",
    "faint": "#b9c3cf",
    "shade": "#0b62b0",
}
DARK = {
    "ground": "#151c26",
    "page": "#0e131a",
    "ink": "#e8edf3",
    "muted": "#9aa8b8",
    "line": "#2b3644",
    "soft": "#1d2632",
    "accent": "#72b5f2",
    "good": "#3fcf9f",
    "bad": "#ff9a62",
    "warn": "#e8b93a",
    "warn-ground": "#2c2510",
    "warn-line": "#d9a100",
    "bad-ground": "#331c11",
    "bad-line": "#f0783a",
    "blue": "#5ba8f0",
    "orange": "#f08a3c",
    "green": "#2fc196",
    "purple": "#d98cc4",
    "sky": "#7fc8f0",
    "amber": "#e8b93a",
    "slate": "#9aabbd",
    "maroon": "#e0708f",
    "faint": "#4c5a6b",
    "shade": "#5ba8f0",
}


def variables(colours: dict[str, str]) -> str:
    """Return CSS declarations of `colours`."""
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


def colour(name: str) -> str:
    """Return a CSS colour that follows the page's mode; on its own, it is the light one."""
    return f"var(--{name}, {LIGHT[name]})"


def series(position: int) -> str:
    """Return the colour of the series at `position`."""
    return colour(SERIES[position % len(SERIES)])


def chart_theme() -> dict[str, Any]:
    """Return Vega-Lite's `config` of every chart."""
    ink, muted, line = (colour(name) for name in ("ink", "muted", "line"))
    return {
        "background": None,
        "font": "Liberation Sans, Arial, sans-serif",
        "view": {"stroke": None},
        "text": {"color": ink, "fontSize": 12},
        "axis": {
            "labelColor": muted,
            "labelFontSize": 12,
            "labelPadding": 6,
            "titleColor": muted,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "gridColor": line,
            "domainColor": line,
            "tickColor": line,
            "domain": False,
            "ticks": False,
        },
        "axisX": {"domain": True, "ticks": True, "tickSize": 4, "labelOverlap": "greedy"},
    }

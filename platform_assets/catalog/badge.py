"""A small picture of an asset's health, to be shown elsewhere; and the same as JSON.

What belongs here: its words, colours and widths. What does not: the verdict (`health`).
"""

from markupsafe import Markup

from platform_assets.catalog.catalog import View
from platform_assets.catalog.present import Facts, asset_url
from platform_assets.inventory.model import Asset
from platform_assets.reporting.palette import LIGHT

COLOURS = {"good": LIGHT["good"], "warning": "#8a6100", "failing": "#b23c00", "unknown": "#566375"}
WORDS = {"good": "healthy", "warning": "warning", "failing": "failing", "unknown": "not made yet"}
LETTER = 6.7  # width of a letter in pixels, on average
LONGEST = 40
_SVG = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" '
    'aria-label="{label}: {message}"><title>{label}: {reason}</title>'
    '<rect width="{width}" height="20" rx="4" fill="#39424e"/>'
    '<path d="M{left} 0h{inner}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{left}z" fill="{colour}"/>'
    '<g fill="#ffffff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
    '<text x="7" y="14">{label}</text><text x="{at}" y="14">{message}</text></g></svg>'
)


def facts(view: View, asset: Asset) -> Facts:
    """Return a badge as JSON; its first four fields are what shields.io's endpoint takes."""
    found = view.verdicts[asset.key]
    return {
        "schemaVersion": 1,
        "label": asset.label[:LONGEST],
        "message": WORDS[found.health.name],
        "color": COLOURS[found.health.name],
        "health": found.health.name,
        "reason": found.reason,
        "url": asset_url(asset.key),
    }


def svg(view: View, asset: Asset) -> str:
    """Return a badge as an SVG picture."""
    told = facts(view, asset)
    left = round(len(told["label"]) * LETTER) + 14
    right = round(len(told["message"]) * LETTER) + 14
    return str(
        _SVG.format(
            width=left + right,
            left=left,
            inner=right - 4,
            at=left + 7,
            label=told["label"],
            message=told["message"],
            reason=told["reason"],
            colour=told["color"],
        )
    )

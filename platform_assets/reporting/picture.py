"""A chart as a picture of its own: title, legend and origin drawn around it, for a slide or a mail.

What belongs here: the frame, as SVG. What does not: the chart (`charts`, `marks`), pixels (`svg`).
"""

import re
from xml.sax.saxutils import escape

from platform_assets.reporting import formats, palette, svg
from platform_assets.reporting.page import Content
from platform_assets.reporting.sections import Section

MARGIN = 24
FONT = "Liberation Sans, Arial, sans-serif"
LETTER = 6.7  # pixels of a letter of 12 pixels, on average


def pictures(content: Content) -> dict[str, str]:
    """Return the SVG of every chart's picture, by the name of its file (without `.png`).

    The name is the query's; the second chart of a query has `_2`.
    """
    drawn = list(content.drawn[::2])  # the wide ones
    found: dict[str, str] = {}
    charts = [section for section in content.sections if section.fields.get("drawing")]
    for section, text in zip(charts, drawn, strict=True):
        query, number = section.block.query, 1
        name = query
        while name in found:
            number += 1
            name = f"{query}_{number}"
        found[name] = framed(section, text, _origin(content))
    return found


def framed(section: Section, text: str, origin: str) -> str:
    """Return a drawn chart with title, subtitle, legend and origin, on white, in light colours."""
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    width, height = (float(size[1]), float(size[2])) if size else (1000.0, 300.0)
    lines: list[str] = []
    top = float(MARGIN)
    for words, style, step in (
        (section.block.title, f'font-size="18" font-weight="bold" fill="{_hex("ink")}"', 26),
        (section.block.subtitle, f'font-size="13" fill="{_hex("muted")}"', 22),
    ):
        if words:
            lines.append(f'<text x="{MARGIN}" y="{top + 14:.0f}" {style}>{_clean(words)}</text>')
            top += step
    legend = section.fields["drawing"].legend
    if legend:
        lines.append(_legend(legend, top + 6, width))
        top += 26
    top += 8
    whole = top + height + 44
    foot = f'<text x="{MARGIN}" y="{whole - 14:.0f}" font-size="11" fill="{_hex("muted")}">'
    inner = re.sub(r"^<\?xml[^>]*\?>", "", svg.plain(text))
    inner = inner.replace("<svg ", f'<svg x="{MARGIN}" y="{top:.0f}" overflow="visible" ', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width + 2 * MARGIN:.0f}" height="{whole:.0f}" font-family="{FONT}">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(lines)}{inner}'
        f"{foot}{_clean(origin)}</text></svg>"
    )


def _legend(legend: tuple[tuple[str, str], ...], y: float, width: float) -> str:
    parts, x = [], float(MARGIN)
    for name, colour in legend:
        if x > width - 80:
            break
        fill = svg.plain(colour)
        parts.append(
            f'<rect x="{x:.0f}" y="{y - 4:.0f}" width="12" height="12" rx="3" fill="{fill}"/>'
            f'<text x="{x + 18:.0f}" y="{y + 6:.0f}" font-size="12" fill="{_hex("muted")}">'
            f"{_clean(name)}</text>"
        )
        x += 18 + len(name) * LETTER + 18
    return "".join(parts)


def _origin(content: Content) -> str:
    through = f"data through {content.data_through}" if content.data_through else ""
    parts = [content.declaration.title, through, content.context.owner]
    return " · ".join(part for part in parts if part)


def _hex(name: str) -> str:
    return palette.LIGHT[name]


def _clean(text: str) -> str:
    return escape(formats.clean(text))

"""SQL with its words told apart, as HTML: keywords, texts, numbers, comments, Jinja.

What belongs here: one pass over the text. What does not: colours (`static/catalog.css`).
"""

import re

from markupsafe import Markup, escape

KEYWORDS = (
    "all and any as asc between by case cast cross current desc distinct else end except exclude "
    "exists false filter following from full group having if ilike in inner intersect interval "
    "into is join lateral left like limit not null on or order outer over partition preceding "
    "qualify range recursive replace right row rows select then true unbounded union unnest using "
    "values when where window with within"
)
_TOKEN = re.compile(
    r"(?P<c>--[^\n]*|/\*.*?\*/|\{#.*?#\})"
    r"|(?P<j>\{\{.*?\}\}|\{%.*?%\})"
    r"|(?P<s>'(?:[^']|'')*')"
    r"|(?P<n>\b\d+(?:\.\d+)?\b)"
    rf"|(?P<k>\b(?:{KEYWORDS.replace(' ', '|')})\b)",
    re.IGNORECASE | re.DOTALL,
)


def sql(text: str, column: str = "") -> Markup:
    """Return SQL as HTML with a `<span class>` around what stands out: c, j, s, n, k.

    The name of a column stands in a `<mark>` wherever it is named.
    """
    named = re.compile(rf"\b{re.escape(column)}\b", re.IGNORECASE) if column else None
    parts, end = [], 0
    for match in _TOKEN.finditer(text):
        parts.append(_plain(text[end : match.start()], named))
        parts.append(Markup('<span class="{}">{}</span>').format(match.lastgroup, match[0]))
        end = match.end()
    parts.append(_plain(text[end:], named))
    return Markup("").join(parts)


def _plain(text: str, named: re.Pattern[str] | None) -> Markup:
    if named is None:
        return escape(text)
    parts, end = [], 0
    for match in named.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(Markup("<mark>{}</mark>").format(match[0]))
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])

"""What may come next in a query: tables, the columns of those that it names, a few words.

What belongs here: suggestions for one place in one text. What does not: showing them
(`static/query.js`).
"""

import re
from collections.abc import Iterator

from platform_assets.catalog.present import Facts, first_sentence
from platform_assets.inventory.model import Asset, Graph

MOST = 12
WORDS = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "JOIN", "LEFT JOIN", "USING",
    "HAVING", "DISTINCT", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END", "COUNT(*)", "SUM(",
    "AVG(", "MIN(", "MAX(", "COALESCE(", "DATE_TRUNC('month', ", "DESCRIBE", "SUMMARIZE", "WITH",
)  # fmt: skip
_USED = re.compile(
    r"\b(?:from|join)\s+(?:lake\.)?([\w\"]+\.[\w\"]+)(?:\s+(?:as\s+)?(?!on\b|where\b|using\b|group\b"
    r"|order\b|limit\b|join\b|left\b|inner\b|cross\b)(\w+))?",
    re.IGNORECASE,
)


def complete(graph: Graph, sql: str, word: str) -> list[Facts]:
    """Return what `word`, the text before the caret, may become: at most 12, the likeliest first.

    Args:
        sql: the whole query, which says whose columns come first.
    """
    tables = {a.table.lower(): a for a in graph.assets.values() if a.table}
    used = {
        alias or table: tables[table]
        for table, alias in _used(sql)
        if table in tables
    }  # fmt: skip
    prefix, dot, last = word.lower().rpartition(".")
    if dot and prefix in {alias.lower() for alias in used}:
        found = _columns(used[prefix], last, f"{word[: len(prefix)]}.")
    elif dot and prefix in tables:
        found = _columns(tables[prefix], last, f"{prefix}.")
    else:
        found = _anything(graph, used, tables, word.lower())
    unique = {each["text"]: each for each in found}
    return list(unique.values())[:MOST]


def _used(sql: str) -> Iterator[tuple[str, str]]:
    for match in _USED.finditer(sql):
        yield match[1].replace('"', "").lower(), (match[2] or "").lower()


def _columns(asset: Asset, start: str, before: str = "") -> Iterator[Facts]:
    for rank in (True, False):
        for column in asset.columns:
            name = column.name.lower()
            if name.startswith(start) is rank and start in name:
                what = f"{column.type.lower()} {first_sentence(column.description)}".strip()
                yield {"text": f"{before}{column.name}", "kind": "column", "what": what}


def _anything(
    graph: Graph, used: dict[str, Asset], tables: dict[str, Asset], start: str
) -> Iterator[Facts]:
    if not start:
        return
    for asset in used.values():
        yield from _columns(asset, start)
    near = [
        a
        for name, a in tables.items()
        if name.startswith(start) or name.partition(".")[2].startswith(start)
    ]
    near += [a for name, a in tables.items() if start in name and a not in near]
    order = {"marts": 0, "intermediate": 1, "staging": 2, "raw": 3}
    near.sort(key=lambda a: (order.get(a.layer, 4), -graph.importance[a.key], a.key))
    for asset in near:
        yield {"text": asset.table, "kind": "table", "what": first_sentence(asset.description)}
    for keyword in WORDS:
        if keyword.lower().startswith(start):
            yield {"text": keyword, "kind": "SQL", "what": ""}

"""The page of a column: what it means, where it comes from and goes to, through which SQL.

What belongs here: the facts of the page, and how an edge is shown wherever one is. What does not:
the drawing (`column_drawing`), words for SQL (`plain_words`).
"""

from collections.abc import Iterable

from platform_assets.catalog import plain_words
from platform_assets.catalog.catalog import View
from platform_assets.catalog.column_drawing import drawing
from platform_assets.catalog.columns import Use
from platform_assets.catalog.pages import Missing, find
from platform_assets.catalog.present import (
    Facts,
    asset_url,
    card,
    check,
    column,
    column_url,
    explain_url,
)
from platform_assets.inventory.model import Asset
from platform_assets.lineage.model import (
    CONDITIONAL,
    DIRECT,
    FILTER,
    GROUP_BY,
    JOIN,
    SORT,
    WINDOW,
    Edge,
    Source,
)

KINDS = (FILTER, JOIN, GROUP_BY, WINDOW, CONDITIONAL, SORT)
TITLES = {
    FILTER: "Which rows count",
    JOIN: "What is put beside them",
    GROUP_BY: "What is put together",
    WINDOW: "What is looked at together",
    CONDITIONAL: "What decides over the value",
    SORT: "What decides over the order",
}


def column_page(view: View, key: str, name: str) -> Facts:
    """Return what is known of a column, of its lineage, and where else a column of its name is.

    Raises:
        Missing: there is no such asset, or no such column in it.
    """
    found = find(view, key)
    one = found.column(name)
    if one is None:
        raise Missing(f"{key} has no column {name}.")
    results = {c.name: c for c in view.status(key).checks}
    same = [
        {**column(view, other, match), "asset": card(view, other)}
        for other in view.graph.assets.values()
        if other.key != key and (match := other.column(name)) is not None
    ]
    lineage = view.columns.tables.get(key)
    edges, rows = view.columns.edges(key, name), view.columns.rows(key)
    uses = view.columns.uses(found.table, name)
    return {
        "asset": card(view, found),
        "column": column(view, found, one),
        "table": found.table,
        "file": found.file,
        "in_database": found.name if "database" in found.kinds else "",
        "checks": [check(results[test], view.now) for test in one.tests if test in results],
        "known": view.columns.known(key, name) or found.kind == "source",
        "problem": (lineage.problem if lineage else "") or view.columns.problem,
        "from": sources(view, edges),
        "conditions": conditions(view, (*edges, *rows)),
        "uses": _uses(view, uses),
        "sql": found.compiled or found.written,
        "lineage": drawing(view, (key, name.lower())),
        "elsewhere": same,
    }


def sources(view: View, edges: Iterable[Edge]) -> list[Facts]:
    """Return the columns whose values an edge carries on, each with how and by which SQL."""
    return [
        {**place(view, edge), "how": plain_words.way(edge), "sql": edge.expression}
        for edge in dict.fromkeys(edges)
        if edge.kind == DIRECT
    ]


def place(view: View, edge: Edge) -> Facts:
    """Return the column, or the table, that an edge begins at."""
    key = view.columns.node(edge.source)[0]
    asset = view.graph.assets.get(key)
    name = edge.source.column
    there = asset is not None and asset.column(name) is not None
    return {
        "key": key,
        "label": asset.label if asset else edge.source.table,
        "url": asset_url(key) if asset else "",
        "column": edge.source.name,
        "column_url": column_url(key, name) if there else "",
    }


def conditions(view: View, edges: Iterable[Edge]) -> list[Facts]:
    """Return what decides over a value, each expression once: kind, words, SQL, its columns."""
    grouped: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        if edge.kind != DIRECT:
            grouped.setdefault((edge.subtype, edge.expression), []).append(edge)
    ordered = sorted(grouped, key=lambda each: KINDS.index(each[0]) if each[0] in KINDS else 9)
    found = []
    for kind, sql in ordered:
        mine = grouped[kind, sql]
        places = {(p["key"], p["column"]): p for p in (place(view, e) for e in mine)}
        told = in_words(kind, sql, [e.source for e in mine])
        found.append(
            {
                "kind": kind,
                "title": TITLES.get(kind, ""),
                "words": told,
                "sql": sql,
                "columns": list(places.values()),
            }
        )
    return _said_once(found)


def _said_once(found: list[Facts]) -> list[Facts]:
    """Return conditions without a second that says the same."""
    said: dict[tuple[str, str], Facts] = {}
    for one in found:
        said.setdefault((one["kind"], one["words"] or one["sql"]), one)
    return list(said.values())


def in_words(kind: str, sql: str, sources: Iterable[Source]) -> str:
    """Return what an expression does, in words; "" if it is not simple.

    Rows are called by their table where the expression names columns of the table itself, and not
    of a step in between.
    """
    columns = {source.column.lower(): source.table for source in sources}
    tables = list(dict.fromkeys(columns[c] for c in plain_words.columns(sql) if c in columns))
    own = all(c in columns for c in plain_words.columns(sql))
    nouns = [plain_words.noun(table) for table in tables] if own else []
    if kind in (FILTER, CONDITIONAL):
        return plain_words.condition(sql, nouns[0] if nouns else "rows")
    if kind == JOIN:
        told = plain_words.join(sql)
        both = " and ".join(dict.fromkeys(nouns)) if len(set(nouns)) > 1 else "rows"
        return told and f"{both}, matched by {told}"
    if kind == GROUP_BY:
        return plain_words.group((sql,))
    return plain_words.window(sql) if kind == WINDOW else ""


def _uses(view: View, uses: Iterable[Use]) -> list[Facts]:
    """Return who uses a column: each asset once, with the columns that carry its values first."""
    grouped: dict[str, list[Use]] = {}
    for use in uses:
        grouped.setdefault(use.key, []).append(use)
    found = [_user(view, key, mine) for key, mine in grouped.items()]
    return sorted(found, key=lambda each: (not each["columns"], each["kind"] != "report"))


def _user(view: View, key: str, uses: list[Use]) -> Facts:
    asset_key, _, query = key.partition("#")
    asset = view.graph.assets.get(asset_key)
    carried: dict[str, Use] = {}
    for use in uses:
        if use.edge.kind == DIRECT:
            carried.setdefault(use.column, use)
    decided = dict.fromkeys(u.column for u in uses if u.column and u.column not in carried)
    return {
        "key": asset_key,
        "label": asset.label if asset else asset_key,
        "url": asset_url(asset_key) if asset else "",
        "kind": asset.kind if asset else "",
        "layer": (asset.layer or asset.kind) if asset else "",
        "query": query,
        "columns": [
            {
                "name": name,
                "url": _url(asset, asset_key, query, name),
                "how": plain_words.way(use.edge),
                "sql": use.edge.expression,
            }
            for name, use in carried.items()
        ],
        "decides": list(decided),
        "rows": sorted({_row_word(u.edge.subtype) for u in uses if not u.column}),
    }


def _row_word(subtype: str) -> str:
    words = {FILTER: "filters by it", JOIN: "matches rows by it", GROUP_BY: "groups by it"}
    return words.get(subtype, "orders rows by it")


def _url(asset: Asset | None, key: str, query: str, name: str) -> str:
    if query:
        return explain_url(key.removeprefix("report/"), query, name)
    return column_url(key, name) if asset is not None and asset.column(name) is not None else ""

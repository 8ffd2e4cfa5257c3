"""The lineage of one column as a drawing: where its values come from, and where they go.

What belongs here: choosing the boxes and ordering them. What does not: where boxes stand and how
lines curve (`lineage`), colours (`static/catalog.css`).
"""

from platform_assets.catalog.catalog import View
from platform_assets.catalog.columns import Columns, Node
from platform_assets.catalog.lineage import curve, place
from platform_assets.catalog.present import Facts, column_url, explain_url

MOST = 60  # boxes; the nearest are taken


def drawing(view: View, here: Node) -> Facts | None:
    """Return boxes and curves of a column's direct lineage; None where it has none."""
    columns = view.columns
    near = {
        here: 0,
        **columns.walk(here, columns.up),
        **columns.walk(here, columns.down),
    }
    if len(near) == 1:
        return None
    chosen = set(sorted(near, key=lambda node: (near[node], node))[:MOST])
    parents = {node: [p for p in columns.up(node) if p in chosen] for node in chosen}
    order = _in_order(parents)
    name = {node: f"{node[0]}\n{node[1]}" for node in order}
    above = {name[node]: [name[p] for p in parents[node]] for node in order}
    placed = place([name[node] for node in order], above)
    at = placed.at
    return {
        "width": placed.width,
        "height": placed.height,
        "left_out": len(near) - len(chosen),
        "nodes": [_box(view, node, at[name[node]], node == here) for node in order],
        "paths": [
            {"near": here in (p, node), "d": curve(*at[name[p]], *at[name[node]])}
            for node in order
            for p in parents[node]
        ],
    }


def _in_order(parents: dict[Node, list[Node]]) -> list[Node]:
    """Return the nodes, each after its parents; a circle is entered anywhere."""
    order: dict[Node, None] = {}
    waiting = [(node, False) for node in sorted(parents, reverse=True)]
    entered: set[Node] = set()
    while waiting:
        node, done = waiting.pop()
        if done:
            order[node] = None
        elif node not in entered:
            entered.add(node)
            waiting.append((node, True))
            waiting += [(p, False) for p in parents[node]]
    places = {node: number for number, node in enumerate(order)}
    for node in order:  # what a circle needs twice, it has once
        parents[node] = [p for p in parents[node] if places[p] < places[node]]
    return list(order)


def _box(view: View, node: Node, at: tuple[int, int], here: bool) -> Facts:
    key, _, query = node[0].partition("#")
    asset = view.graph.assets.get(key)
    column = asset.column(node[1]) if asset is not None else None
    name = column.name if column else shown_name(view.columns, node)
    url = column_url(key, name) if column else ""
    if query:
        url = explain_url(key.removeprefix("report/"), query, name)
    return {
        "name": name or "rows",
        "table": asset.label if asset else key,
        "url": url,
        "kind": asset.kind if asset else "other",
        "personal": bool(column and column.personal),
        "here": here,
        "x": at[0],
        "y": at[1],
    }


def shown_name(columns: Columns, node: Node) -> str:
    """Return a column's name as it is written."""
    one = columns.tables.get(node[0])
    names = one.columns if one is not None else ()
    return next((name for name in names if name.lower() == node[1]), node[1])

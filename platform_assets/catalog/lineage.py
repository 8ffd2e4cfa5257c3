"""The neighbourhood of an asset as a drawing: who stands where, and which lines cross least.

What belongs here: choosing, ranking and ordering nodes (Sugiyama's layers with barycentres). What
does not: which asset depends on which (`model`), colours (`static/catalog.css`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from platform_assets.catalog.catalog import View
from platform_assets.catalog.present import Facts
from platform_assets.inventory.model import Asset, Graph

WIDTH, HEIGHT = 208, 44  # of a node, in pixels
GAP_X, GAP_Y = 64, 14
SWEEPS = 4  # of ordering
LONGEST_LABEL = 24  # letters
LONGEST_TITLE = 22  # letters of a sentence, which are wider than those of a key
MOST = 1_000  # nodes of one drawing


@dataclass(frozen=True)
class Node:
    """One box: its left upper corner, and how many neighbours of it are not drawn."""

    key: str
    x: int
    y: int
    more_up: int
    more_down: int


@dataclass(frozen=True)
class Drawing:
    """Boxes and lines, and the size of it all in pixels.

    Attributes:
        edges: from key, to key.
        left_out: assets that were asked for and are too many.
    """

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    width: int
    height: int
    left_out: int = 0

    def paths(self) -> list[tuple[str, str, str]]:
        """Return of each edge both keys and the curve between their boxes, as an SVG path."""
        at = {node.key: node for node in self.nodes}
        return [(a, b, curve(at[a].x, at[a].y, at[b].x, at[b].y)) for a, b in self.edges]


def draw(graph: Graph, key: str, up: int, down: int) -> Drawing:
    """Return the drawing of what is at most `up` and `down` steps away from an asset."""
    near = {**graph.upstream(key, up), **graph.downstream(key, down), key: 0}
    chosen = sorted(near, key=lambda k: (near[k], -graph.importance[k], k))[:MOST]
    inside = {k: None for k in graph.order if k in set(chosen)}
    parents = {k: [p for p in graph.assets[k].parents if p in inside] for k in inside}
    placed = place(list(inside), parents)
    nodes = []
    for k, (x, y) in placed.at.items():
        hidden_up = sum(p in graph.assets and p not in inside for p in graph.assets[k].parents)
        hidden_down = sum(c not in inside for c in graph.children[k])
        nodes.append(Node(k, x, y, hidden_up, hidden_down))
    edges = tuple((p, k) for k in inside for p in parents[k])
    return Drawing(tuple(nodes), edges, placed.width, placed.height, len(near) - len(chosen))


@dataclass(frozen=True)
class Placed:
    """Where each box stands: its left upper corner; and the size of it all in pixels."""

    at: Mapping[str, tuple[int, int]]
    width: int
    height: int


def place(order: Sequence[str], parents: Mapping[str, Sequence[str]]) -> Placed:
    """Return where boxes stand, given in an order in which each comes after its parents."""
    layers = ordered(_layers(order, parents), parents)
    tallest = max(len(layer) for layer in layers)
    height = tallest * (HEIGHT + GAP_Y) - GAP_Y
    at = {}
    for number, layer in enumerate(layers):
        top = (height - (len(layer) * (HEIGHT + GAP_Y) - GAP_Y)) // 2
        for row, key in enumerate(layer):
            at[key] = number * (WIDTH + GAP_X), top + row * (HEIGHT + GAP_Y)
    return Placed(at, len(layers) * (WIDTH + GAP_X) - GAP_X, height)


def drawing(view: View, key: str, up: int, down: int) -> Facts:
    """Return the drawing of an asset's neighbourhood as a page shows it: boxes and curves."""
    drawn = draw(view.graph, key, up, down)
    return {
        "key": key,
        "up": up,
        "down": down,
        "width": drawn.width,
        "height": drawn.height,
        "left_out": drawn.left_out,
        "nodes": [
            {
                "key": node.key,
                "label": _label(view.graph.assets[node.key]),
                "kind": _kind(view.graph.assets[node.key]),
                "record": view.graph.assets[node.key].kind == "record",
                "external": view.graph.assets[node.key].kind == "external",
                "health": view.verdicts[node.key].health.name,
                "reason": view.verdicts[node.key].reason,
                "x": node.x,
                "y": node.y,
                "more_up": node.more_up,
                "more_down": node.more_down,
            }
            for node in drawn.nodes
        ],
        "paths": drawn.paths(),
    }


def _label(asset: Asset) -> str:
    """Return what fits into a box; the end of what others have, which is where names differ."""
    if asset.kind == "record":
        title = asset.title
        return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"
    if asset.kind != "external":
        return asset.name
    title = asset.title
    return title if len(title) <= LONGEST_LABEL else f"…{title[1 - LONGEST_LABEL :]}"


def _kind(asset: Asset) -> str:
    return (asset.layer or asset.kind).removeprefix("external ").replace("_", " ")


def _layers(order: Sequence[str], parents: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return the nodes by rank: right of all their parents, close to what reads them."""
    children: dict[str, list[str]] = {key: [] for key in order}
    rank: dict[str, int] = {}
    for key in order:
        # A parent that comes later closes a circle.
        rank[key] = max((rank[p] + 1 for p in parents[key] if p in rank), default=0)
        for parent in parents[key]:
            children[parent].append(key)
    for key in reversed(order):
        if not parents[key] and children[key]:
            rank[key] = min(rank[c] for c in children[key]) - 1
    layers: list[list[str]] = [[] for _ in range(max(rank.values()) + 1)]
    for key in order:
        layers[rank[key]].append(key)
    return [layer for layer in layers if layer]


def ordered(layers: list[list[str]], parents: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Order each layer by the mean place of its neighbours, there and back a few times."""
    children: dict[str, list[str]] = {key: [] for key in parents}
    for key, above in parents.items():
        for parent in above:
            children[parent].append(key)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        place = {k: i - len(layer) / 2 for layer in layers for i, k in enumerate(layer)}
        beside = parents if forward else children
        for layer in layers if forward else reversed(layers):
            means = {
                k: sum(place[n] for n in beside[k]) / len(beside[k]) if beside[k] else place[k]
                for k in layer
            }
            layer.sort(key=lambda k: means[k])
            for i, k in enumerate(layer):
                place[k] = i - len(layer) / 2
    return layers


def curve(from_x: int, from_y: int, to_x: int, to_y: int) -> str:
    """Return the line from one box to another, given their left upper corners, as an SVG path."""
    x1, y1, x2, y2 = from_x + WIDTH, from_y + HEIGHT // 2, to_x, to_y + HEIGHT // 2
    bend = max(GAP_X // 2, (x2 - x1) // 2)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"

"""The neighbourhood of an asset as a drawing: who stands where, and which lines cross least.

What belongs here: choosing, ranking and ordering nodes (Sugiyama's layers with barycentres). What
does not: which asset depends on which (`model`), colours (`static/catalog.css`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from platform_assets.catalog.catalog import View
from platform_assets.catalog.model import Graph
from platform_assets.catalog.present import Facts

WIDTH, HEIGHT = 208, 44  # of a node, in pixels
GAP_X, GAP_Y = 64, 14
SWEEPS = 4  # of ordering
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
        return [(a, b, _curve(at[a], at[b])) for a, b in self.edges]


def draw(graph: Graph, key: str, up: int, down: int) -> Drawing:
    """Return the drawing of what is at most `up` and `down` steps away from an asset."""
    near = {**graph.upstream(key, up), **graph.downstream(key, down), key: 0}
    chosen = sorted(near, key=lambda k: (near[k], -graph.importance[k], k))[:MOST]
    inside = {k: None for k in graph.order if k in set(chosen)}
    parents = {k: [p for p in graph.assets[k].parents if p in inside] for k in inside}
    layers = _ordered(_layers(list(inside), parents), parents)
    tallest = max(len(layer) for layer in layers)
    height = tallest * (HEIGHT + GAP_Y) - GAP_Y
    nodes = []
    for number, layer in enumerate(layers):
        top = (height - (len(layer) * (HEIGHT + GAP_Y) - GAP_Y)) // 2
        for place, k in enumerate(layer):
            hidden_up = sum(p in graph.assets and p not in inside for p in graph.assets[k].parents)
            hidden_down = sum(c not in inside for c in graph.children[k])
            x, y = number * (WIDTH + GAP_X), top + place * (HEIGHT + GAP_Y)
            nodes.append(Node(k, x, y, hidden_up, hidden_down))
    edges = tuple((p, k) for k in inside for p in parents[k])
    width = len(layers) * (WIDTH + GAP_X) - GAP_X
    return Drawing(tuple(nodes), edges, width, height, len(near) - len(chosen))


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
                "label": view.graph.assets[node.key].name,
                "kind": view.graph.assets[node.key].layer or view.graph.assets[node.key].kind,
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


def _layers(order: Sequence[str], parents: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return the nodes by rank: right of all their parents, close to what reads them."""
    children: dict[str, list[str]] = {key: [] for key in order}
    rank: dict[str, int] = {}
    for key in order:
        rank[key] = max((rank[p] + 1 for p in parents[key]), default=0)
        for parent in parents[key]:
            children[parent].append(key)
    for key in reversed(order):
        if not parents[key] and children[key]:
            rank[key] = min(rank[c] for c in children[key]) - 1
    layers: list[list[str]] = [[] for _ in range(max(rank.values()) + 1)]
    for key in order:
        layers[rank[key]].append(key)
    return [layer for layer in layers if layer]


def _ordered(layers: list[list[str]], parents: Mapping[str, Sequence[str]]) -> list[list[str]]:
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


def _curve(a: Node, b: Node) -> str:
    x1, y1, x2, y2 = a.x + WIDTH, a.y + HEIGHT // 2, b.x, b.y + HEIGHT // 2
    bend = max(GAP_X // 2, (x2 - x1) // 2)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"

"""The whole graph coloured by trouble: what is fine stays grey and small, so that the rest is seen.

What belongs here: which assets are drawn, where, how large, in which colour and with which words.
What does not: what is trouble (`care`), shapes and colours (`templates/attention_picture`).

From left to right: sources, staging, and so on to what people read. Within a layer what depends on
another of it stands further right. An asset that waits only for another one in trouble is outlined
in its colour, and so is the way between them: the eye finds the cause, then what hangs on it. A
column takes the room that its labels need: most have none.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from platform_assets.care.causes import Causes
from platform_assets.care.importance import Importance
from platform_assets.care.model import Item
from platform_assets.catalog.lineage import ordered
from platform_assets.inventory.model import Asset, Graph

# Where the bands begin, from left to right; other layers stand in the last.
BANDS: Mapping[str, str] = {
    "raw": "Sources",
    "platform": "Platform",
    "product": "Records",
    "staging": "Staging",
    "intermediate": "Intermediate",
    "marts": "Marts",
    "report": "Reports",
    "key_result": "Key results",
    "": "Others",
}
MOST = 500  # assets of one drawing: those in trouble, then the most important
TALLEST = 30  # assets above each other before a column is split
ROW, COLUMN, NARROW = 26, 92, 34  # pixels between rows, columns, parts of a split column
TOP, SIDE = 44, 24  # pixels above the rows, and beside the columns
LETTER, BESIDE = 7, 40  # pixels of a letter of a label, and of what is beside the label
LONGEST = 26  # letters of a label
BAD, SOME = 5.0, 1.0  # weights from which trouble is bad, and from which it is more than a blemish
LEVELS = ("bad", "some", "slight")


@dataclass(frozen=True)
class Spot:
    """An asset in the drawing: its centre, its radius, how it is, and what is said of it.

    Attributes:
        level: one of `LEVELS`; "waits" for another asset, or "fine".
        label: "" for what is only to be seen as being there; of what waits, reports have one.
    """

    key: str
    x: float
    y: float
    radius: float
    level: str
    label: str
    words: str


@dataclass(frozen=True)
class Line:
    """From one asset to another; `bad` on the way from a cause to what waits for it."""

    path: str
    bad: bool


@dataclass(frozen=True)
class Picture:
    """All that is drawn, in pixels, what is in trouble last: on top.

    Attributes:
        bands: headings, with the left and the right end of what is below each.
        left_out: assets that are too many to be drawn, none of them in trouble.
    """

    spots: tuple[Spot, ...]
    lines: tuple[Line, ...]
    bands: tuple[tuple[str, float, float], ...]
    width: int
    height: int
    left_out: int
    summary: str


def picture(graph: Graph, items: Sequence[Item], importance: Importance, known: Causes) -> Picture:
    """Return the drawing of a graph.

    Args:
        items: what needs attention; what is snoozed is drawn as fine.
        known: which assets wait for which.
    """
    troubles = _by_asset(graph, items)
    waits = known.waiting()
    weight = {key: importance.total(key) for key in graph.assets}
    first = sorted(graph.assets, key=lambda k: (k not in troubles, k not in waits, -weight[k], k))[
        :MOST
    ]
    chosen = set(first)
    told = {key: _told(graph.assets[key], troubles.get(key, ()), key in waits) for key in first}
    at, width, height, bands = _placed(_columns(graph, chosen), told)
    spots = [_spot(key, at[key], weight[key], told[key]) for key in at]
    # On the way from a cause: what comes from it, and leads to what waits for it.
    comes_from, leads_to = graph.gathered(known.bits, upstream=True), graph.gathered(waits)
    rank = {"fine": 0, "waits": 1, "slight": 2, "some": 3, "bad": 4}
    lines = [
        Line(_curve(at[parent], at[key]), bool(comes_from[parent] & leads_to[key]))
        for key in at
        for parent in graph.assets[key].parents
        if parent in at
    ]
    return Picture(
        spots=tuple(sorted(spots, key=lambda s: rank[s.level])),
        lines=tuple(sorted(lines, key=lambda line: line.bad)),
        bands=bands,
        width=width,
        height=height,
        left_out=len(graph.assets) - len(chosen),
        summary=_summary(spots),
    )


def level(trouble: float) -> str:
    """Return how bad a weight of trouble is: one of `LEVELS`."""
    return LEVELS[0] if trouble >= BAD else LEVELS[1] if trouble >= SOME else LEVELS[2]


def _by_asset(graph: Graph, items: Iterable[Item]) -> dict[str, list[Item]]:
    """Return what is wrong with each asset, or was said of it, the worst first."""
    found: dict[str, list[Item]] = defaultdict(list)
    for item in sorted(items, key=lambda i: -i.trouble):
        key = item.subject if item.subject in graph.assets else item.about
        if key in graph.assets and item.snoozed is None:
            found[key].append(item)
    return found


def _columns(graph: Graph, chosen: set[str]) -> list[tuple[str, list[str]]]:
    """Return the columns from left to right: the band of each, and its assets from the top."""
    names = list(BANDS)
    depth: dict[str, tuple[int, int]] = {}
    parents: dict[str, list[str]] = {}
    for key in (k for k in graph.order if k in chosen):
        asset = graph.assets[key]
        band = names.index(asset.layer if asset.layer in BANDS else "")
        parents[key] = [p for p in asset.parents if p in depth]
        within = [depth[p][1] + 1 for p in parents[key] if depth[p][0] == band]
        depth[key] = (band, max(within, default=0))
    layers: dict[tuple[int, int], list[str]] = defaultdict(list)
    for key, place in depth.items():
        layers[place].append(key)
    places = sorted(layers)
    rows = ordered([layers[place] for place in places], parents)
    return [(names[place[0]], row) for place, row in zip(places, rows, strict=True)]


@dataclass(frozen=True)
class Told:
    """How an asset is, its label, and what is said of it."""

    level: str
    label: str
    words: str


def _told(asset: Asset, items: Sequence[Item], waits: bool) -> Told:
    said = "; ".join(item.what for item in items)
    name = asset.label if asset.kind == "report" else asset.name
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…"
    if items:
        how = level(items[0].trouble)
        return Told(how, short if how in LEVELS[:2] else "", said)
    if waits:
        label = short if asset.kind == "report" else ""
        return Told("waits", label, "waits for what it rests on")
    return Told("fine", "", "nothing is wrong with it")


Places = dict[str, tuple[float, float]]
Bands = tuple[tuple[str, float, float], ...]


def _placed(
    columns: Sequence[tuple[str, list[str]]], told: Mapping[str, Told]
) -> tuple[Places, int, int, Bands]:
    """Return where assets stand, the size of it all, and the bands."""
    tallest = max((min(len(keys), TALLEST) for _, keys in columns), default=1)
    at: Places = {}
    ends: dict[str, tuple[float, float]] = {}
    x = last = float(SIDE)
    for band, keys in columns:
        parts = -(-len(keys) // TALLEST)
        tall = -(-len(keys) // parts)
        top = TOP + (tallest - tall) * ROW / 2
        for place, key in enumerate(keys):
            at[key] = (x + place // tall * NARROW, top + (place % tall + 0.5) * ROW)
        last = x + (parts - 1) * NARROW
        ends[band] = (ends.get(band, (x, x))[0], last)
        letters = max(len(told[key].label) for key in keys)
        x = last + max(COLUMN, letters * LETTER + BESIDE if letters else 0)
    bands = tuple((BANDS[band], left, right) for band, (left, right) in ends.items())
    return at, int(max(x, last + COLUMN)), TOP + tallest * ROW + SIDE // 2, bands


def _spot(key: str, at: tuple[float, float], weight: float, told: Told) -> Spot:
    return Spot(
        key=key,
        x=round(at[0], 1),
        y=round(at[1], 1),
        radius=round(3 + 1.3 * math.sqrt(weight), 1),
        level=told.level,
        label=told.label,
        words=told.words,
    )


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    bend = max(COLUMN / 3, abs(x2 - x1) / 2)
    return f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"


def _summary(spots: Iterable[Spot]) -> str:
    """Return the drawing in a sentence, for who does not see it."""
    every = list(spots)
    named = [spot.key for spot in every if spot.level == "bad"]
    some = sum(spot.level in LEVELS[1:] for spot in every)
    waits = sum(spot.level == "waits" for spot in every)
    shown = ", ".join(named[:5]) + (" and others" if len(named) > 5 else "")
    return (
        f"{len(every)} assets. In bad trouble: {shown or 'none'}. "
        f"In lesser trouble: {some}. Waiting for others: {waits}."
    )

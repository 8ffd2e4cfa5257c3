"""Records as part of the catalog's graph: request → requirement → asset → … → objective.

What belongs here: which record is which node, and which link is which edge. What does not: reading
records (`records`), their pages (`record_pages`).

An edge leads from what came first to what came of it. A key result is a real asset where the
definitions have it; between it and the tables are their own edges. What was said of an asset, and
which asset a request is about, is no edge: nothing would break with it.
"""

import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from platform_assets.catalog.demand.records import Record, Records, Snapshot, state_of
from platform_assets.inventory.model import RECORD, Asset, Graph
from platform_assets.product.curated_kinds import (
    Decision,
    KeyResult,
    Metric,
    Minutes,
    Objective,
    Requirement,
    Written,
)
from platform_assets.product.kinds import Feedback, Link, Request

DOMAIN = "demand"
LONGEST_TITLE = 64
FORWARD = {"taken_up_by", "met_by", "answered_by", "measures", "settles", "delivers", "serves",
           "merged_into"}  # fmt: skip
_MARKS = re.compile(r"\*\*|`|^#+ +", re.MULTILINE)  # of Markdown
BACKWARD = {"measured_from", "minuted_in", "split_from", "defined_on", "supersedes"}
Told = dict[str, tuple[Record, Asset]]


class Joined:
    """The graph with all records in it."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self._guard = threading.Lock()
        self._seen: tuple[Graph | None, Snapshot | None] = (None, None)
        self._told: Told = {}
        self._nodes: Mapping[str, Asset] = {}
        self._joined = Graph()

    def join(self, graph: Graph) -> Graph:
        """Return a graph with the records; the same object while neither has anything new."""
        with self._guard:
            snapshot = self.records.now()
            if graph is self._seen[0] and snapshot is self._seen[1]:
                return self._joined
            nodes = _same(nodes_of(snapshot, graph, self._told), self._nodes)
            # A vote, a comment: what changed is nothing that the graph shows.
            if graph is not self._seen[0] or not _identical(nodes, self._nodes):
                every = {**graph.assets, **nodes}
                self._joined = Graph({key: every[key] for key in sorted(every)})
                self._nodes = nodes
            self._seen = (graph, snapshot)
            return self._joined


def nodes_of(snapshot: Snapshot, graph: Graph, told: Told | None = None) -> dict[str, Asset]:
    """Return the nodes of all records, and those of the graph's assets that they lead to.

    Args:
        told: nodes that were made before, each beside its record, by key; those that are made now
            are put into it.
    """
    told = {} if told is None else told
    keys = {name: key_of(name, graph) for name in snapshot.by_name}
    parents: dict[str, set[str]] = defaultdict(set)
    for before, after in _edges(snapshot.links):
        one, other = keys.get(before, before), keys.get(after, after)
        if one != other:
            parents[other].add(one)
    found = {
        keys[name]: _node(keys[name], name, record, told)
        for name, record in snapshot.by_name.items()
        if keys[name] not in graph.assets
    }
    for key, more in parents.items():
        asset = found.get(key) or graph.assets.get(key)
        known = {each for each in more if each in found or each in graph.assets}
        if asset is not None and not known <= set(asset.parents):
            found[key] = replace(asset, parents=tuple(sorted({*asset.parents, *known})))
    return found


def key_of(name: str, graph: Graph) -> str:
    """Return the key of a record's node: of a key result its asset's, if there is one."""
    return name if name.startswith("key_result/") and name in graph.assets else f"{RECORD}{name}"


def _edges(links: tuple[Link, ...]) -> Iterator[tuple[str, str]]:
    """Return what came first, and what came of it, of each link that is an edge."""
    for link in links:
        if link.relation in FORWARD:
            yield link.source, link.target
        elif link.relation in BACKWARD:
            yield link.target, link.source


@dataclass(frozen=True)
class _Told:
    """What a record says of itself; `text` is what it is found by beside what is shown."""

    title: str
    description: str
    text: str = ""
    state: str = ""
    owner: str = ""


def _node(key: str, name: str, record: Record, before: Told) -> Asset:
    known = before.get(key)
    if known is not None and known[0] is record:
        return known[1]
    told = _told(record)
    node = Asset(
        key=key,
        kind="record",
        title=told.title,
        description=_MARKS.sub("", told.description),  # shown in lists, as plain text
        text=told.text,
        layer=name.partition("/")[0],
        domain=DOMAIN,
        owners=(told.owner,) if told.owner else (),
        tags={"state": told.state} if told.state else {},
        file=record.file if isinstance(record, Written) else "",
        line=record.line if isinstance(record, Written) else 1,
        materializable=False,
    )
    before[key] = (record, node)
    return node


def _told(record: Record) -> _Told:
    if isinstance(record, Request):
        words = (record.name, record.asker, record.waiting_costs, record.about, record.reason)
        text = " ".join(filter(None, words))
        return _Told(record.title, record.decision, text, record.state, record.assignee)
    if isinstance(record, Feedback):
        text = " ".join((record.name, record.author, record.words, record.answer))
        return _Told(_short(record), f"Said of {record.about}, {record.rating} of 5.", text)
    description, more = _written(record)
    return _Told(record.title, description, " ".join(more), state_of(record), record.owner)


def _short(record: Feedback) -> str:
    words = " ".join(record.words.split()) or f"{record.rating} of 5"
    return words if len(words) <= LONGEST_TITLE else f"{words[: LONGEST_TITLE - 1].rstrip()}…"


def _written(record: Written) -> tuple[str, Iterable[str]]:
    """Return the description of what the team wrote, and the other words that it is found by."""
    match record:
        case Requirement():
            met = (record.rationale, *record.acceptance, record.check, record.text)
            return record.statement, met
        case Decision():
            return record.choice, (*record.options, record.text)
        case Objective():
            return record.text, (each.title for each in record.key_results)
        case KeyResult():
            return record.text, (record.sql,)
        case Minutes():
            return record.text, (*record.attendees, *(each.what for each in record.actions))
        case Metric():
            return record.definition, (record.text, record.sql)
    return record.text, ()


def _same(nodes: Mapping[str, Asset], before: Mapping[str, Asset]) -> dict[str, Asset]:
    """Return nodes; one that did not change stays the same object, and what rests on it."""

    def kept(key: str, node: Asset) -> Asset:
        known = before.get(key, node)
        return known if known is node or known == node else node

    return {key: kept(key, node) for key, node in nodes.items()}


def _identical(nodes: Mapping[str, Asset], others: Mapping[str, Asset]) -> bool:
    return nodes.keys() == others.keys() and all(nodes[key] is others[key] for key in nodes)

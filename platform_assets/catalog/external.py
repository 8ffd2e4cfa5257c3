"""What other platforms told of themselves, as part of the catalog's graph.

What belongs here: which received job and dataset is which node, and which of them are ours. What
does not: receiving (`lineage.openlineage.received`), their pages (`external_pages`).

A dataset that is called what an asset of ours is called, by its name or by a symlink, is that
asset. Datasets that name each other in symlinks are one. What a source of ours is declared to read
is upstream of it.
"""

import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from platform_assets.inventory.health import Status
from platform_assets.inventory.model import EXTERNAL, Asset, Column, Graph
from platform_assets.lineage.openlineage.naming import Naming, keys_by_name
from platform_assets.lineage.openlineage.received import tables as t
from platform_assets.lineage.openlineage.received.events import INPUT, OUTPUT
from platform_assets.lineage.openlineage.received.merging import DERIVED
from platform_assets.lineage.openlineage.received.reading import Reader
from platform_assets.lineage.openlineage.received.tables import Row
from resources.errors import PlatformError

Name = tuple[str, str]  # namespace, name
Names = Callable[[Iterable[Asset]], Mapping[Name, str]]
LOOK_SECONDS = 1.0  # between two looks for news
REST = 10  # times as long as the last look took, if that is more
AWAY_SECONDS = 15.0  # until a store that is away is asked again
RUNNING_FOR = timedelta(days=1)  # a run that says no more is not at work for longer
LONGEST_TITLE = 64
DOMAIN = "external"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Known:
    """What is known of others.

    Attributes:
        nodes: their jobs and datasets, and where those of ours have more parents, ours.
        keys: of each received job's or dataset's key, the key of its node.
        names: of each dataset's name, the key of its node.
        rows: the received jobs and datasets of each node.
    """

    nodes: Mapping[str, Asset] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[Name, str] = field(default_factory=dict)
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class External:
    """The catalog's look at the store: now and then, so that it takes a tenth of a core at most.

    Args:
        reader: of the store.
        names: of assets, the key of each by every name that events may call it.
        jobs: the namespace of our own jobs, whose events say nothing that the graph does not have.
    """

    def __init__(self, reader: Reader, names: Names, jobs: str = "") -> None:
        self.reader = reader
        self._names = names
        self._jobs = jobs
        self._guard = threading.Lock()
        self._next_look = 0.0
        self._state: tuple[int, int] = (-1, -1)
        self._seen: tuple[Graph | None, int] = (None, -1)
        self._joined = Graph()
        self._statuses: dict[str, Status] = {}
        self.known = Known()

    def join(self, graph: Graph) -> tuple[Graph, Mapping[str, Status]]:
        """Return a graph with what others have, and how that is; the same while nothing is new.

        A store that is away leaves what was known of it before.
        """
        with self._guard:
            if graph is self._seen[0] and time.monotonic() < self._next_look:
                return self._joined, self._statuses
            started = time.monotonic()
            try:
                self._look(graph)
                took = time.monotonic() - started
                self._next_look = started + took + max(LOOK_SECONDS, REST * took)
            except (sa.exc.SQLAlchemyError, PlatformError) as error:
                self._next_look = time.monotonic() + AWAY_SECONDS
                kind = type(getattr(error, "orig", None) or error).__name__
                logging.getLogger(__name__).warning("Received lineage can't be read: %s.", kind)
                if graph is not self._seen[0]:
                    self._seen, self._joined = (graph, -1), _over(graph, self.known.nodes)
            return self._joined, self._statuses

    def _look(self, graph: Graph) -> None:
        state = self.reader.state()
        if (graph, state[1]) != self._seen or graph is not self._seen[0]:
            self.known = self._read(graph)
            nodes = _same(self.known.nodes, self._joined.assets)
            self._seen, self._joined = (graph, state[1]), _over(graph, nodes)
            self._state = (-1, -1)
        if state != self._state:
            self._statuses = self._read_statuses()
            self._state = state

    def _read(self, graph: Graph) -> Known:
        every = self.reader.rows(sa.select(t.datasets).where(t.datasets.c.state != "DROP"))
        for row in every:
            row["facets"] = orjson.loads(row["facets"])
        jobs = self.reader.rows(sa.select(t.jobs).where(t.jobs.c.namespace != self._jobs))
        groups = _groups(every)
        ours = self._names(graph.assets.values())
        keys: dict[str, str] = {}
        names: dict[Name, str] = {}
        for group in groups:
            calls = dict.fromkeys(name for row in group for name in _calls(row))
            key = next((ours[name] for name in calls if name in ours), "")
            if key not in graph.assets:
                key = node_key("dataset", group[0])
            keys |= {row["key"]: key for row in group}
            names |= dict.fromkeys(calls, key)
        keys |= {row["key"]: node_key("job", row) for row in jobs}
        found = {
            keys[group[0]["key"]]: _dataset(keys[group[0]["key"]], group)
            for group in groups
            if keys[group[0]["key"]].startswith(EXTERNAL)
        }
        found |= {keys[row["key"]]: _job(keys[row["key"]], row) for row in jobs}
        parents = self._parents(keys)
        for asset in graph.assets.values():
            loaded = {names[name] for name in asset.outside if name in names} - {asset.key}
            if loaded:
                parents.setdefault(asset.key, set()).update(loaded)
        nodes = _linked(found, graph, parents)
        rows: dict[str, tuple[str, ...]] = {}
        for row_key, key in keys.items():
            rows[key] = (*rows.get(key, ()), row_key)
        return Known(nodes, keys, {**names, **ours}, rows)

    def _parents(self, keys: Mapping[str, str]) -> dict[str, set[str]]:
        """Return of each node the nodes that data comes from, of all links."""
        links = self.reader.rows(sa.select(t.links))
        known = [r for r in links if r["job"] in keys and r["dataset"] in keys]
        written = {(keys[r["job"]], keys[r["dataset"]]) for r in known if r["role"] == OUTPUT}
        found: dict[str, set[str]] = {}
        for row in known:
            job, dataset = keys[row["job"]], keys[row["dataset"]]
            if row["role"] == OUTPUT:
                found.setdefault(dataset, set()).add(job)
            # What a job reads and writes back is drawn as what it writes.
            elif row["role"] in (INPUT, DERIVED) and (job, dataset) not in written:
                found.setdefault(job, set()).add(dataset)
        return {key: parents - {key} for key, parents in found.items()}

    def _read_statuses(self) -> dict[str, Status]:
        c = t.jobs.c
        jobs = self.reader.rows(sa.select(c.key, c.last_run).where(c.last_run != ""))
        last = self.reader.by_key(t.runs, [row["last_run"] for row in jobs])
        found = {}
        for row in jobs:
            key = self.known.keys.get(row["key"], "")
            if key and row["last_run"] in last:
                found[key] = status_of(last[row["last_run"]])
        d = t.datasets.c
        changed = sa.select(d.key, d.modified_at).where(d.modified_at.is_not(None))
        for row in self.reader.rows(changed):
            key = self.known.keys.get(row["key"], "")
            if key.startswith(EXTERNAL):
                found[key] = Status(made_at=t.moment_of(row["modified_at"]))
        return found


def names_of_ours(assets: Iterable[Asset]) -> Mapping[Name, str]:
    """Return the key of each asset by every name that events may call it."""
    naming = Naming.from_settings()
    return keys_by_name([(a.key, naming.dataset_of(a.key, a.table)) for a in assets])


def status_of(run: Row) -> Status:
    """Return how a job is, by its last run."""
    ended, heard = t.moment_of(run["ended_at"]), t.moment_of(run["heard_at"])
    running = run["state"] in ("NEW", "RUNNING")
    return Status(
        made_at=ended if run["state"] == "COMPLETED" else None,
        run_id=run["run_id"],
        failed_run=run["run_id"] if run["state"] in ("FAILED", "ABORTED") else "",
        running=running and heard is not None and datetime.now(UTC) - heard < RUNNING_FOR,
    )


def node_key(kind: str, row: Row) -> str:
    """Return the key of a job's or a dataset's node: readable, and no two the same."""
    digest = hashlib.sha256(f"{kind}\0{row['key']}".encode()).hexdigest()[:12]
    readable = _UNSAFE.sub("-", row["name"][-48:]).strip("-.") or "unnamed"
    return f"{EXTERNAL}{kind}/{readable}~{digest}"


def title_of(name: str) -> str:
    """Return a name, its end if it is long: that is where names differ."""
    return name if len(name) <= LONGEST_TITLE else f"…{name[1 - LONGEST_TITLE :]}"


def _calls(row: Row) -> list[Name]:
    """Return every name of a dataset."""
    links = row["facets"].get("symlinks", {}).get("identifiers") or ()
    return [(row["namespace"], row["name"]), *((i["namespace"], i["name"]) for i in links)]


def _groups(rows: Iterable[Row]) -> list[list[Row]]:
    """Return datasets, those together that share a name; in each, what tells the most first."""
    of: dict[Name, int] = {}
    groups: dict[int, list[Row]] = {}
    for number, row in enumerate(rows):
        calls = _calls(row)
        merged = [row]
        for other in {of[name] for name in calls if name in of}:
            merged += groups.pop(other)
        groups[number] = merged
        of |= {name: number for each in merged for name in _calls(each)}
    return [
        sorted(group, key=lambda r: (-len(r["facets"]), r["namespace"], r["name"]))
        for group in groups.values()
    ]


def _dataset(key: str, group: list[Row]) -> Asset:
    facets: dict[str, Any] = {}
    for row in reversed(group):
        facets |= row["facets"]
    names = " ".join(" ".join(name) for row in group for name in _calls(row))
    fields = list(_fields(facets.get("schema", {}).get("fields") or ()))
    columns = tuple(Column(*each) for each in fields)
    return _node(key, "external dataset", group[0], facets, columns, names)


def _fields(found: Iterable[Any], before: str = "") -> Iterable[tuple[str, str, str]]:
    for each in found:
        name = f"{before}{each['name']}"
        yield name, each.get("type") or "", each.get("description") or ""
        yield from _fields(each.get("fields") or (), f"{name}.")


def _job(key: str, row: Row) -> Asset:
    facets = orjson.loads(row["facets"])
    text = f"{row['namespace']} {row['name']} {facets.get('sql', {}).get('query') or ''}"
    return _node(key, "external job", row, facets, (), text)


def _node(
    key: str, layer: str, row: Row, facets: Mapping[str, Any], columns: tuple[Column, ...],
    text: str,
) -> Asset:  # fmt: skip
    owners = facets.get("ownership", {}).get("owners") or ()
    integration = str(facets.get("jobType", {}).get("integration") or "").lower()
    return Asset(
        key=key,
        kind="external",
        title=title_of(row["name"]),
        description=facets.get("documentation", {}).get("description") or "",
        layer=layer,
        domain=DOMAIN,
        owners=tuple(dict.fromkeys(each["name"].removeprefix("user:") for each in owners)),
        tags={"namespace": row["namespace"]},
        kinds=(integration,) if integration else (),
        columns=columns,
        text=text[:20_000],
        materializable=False,
    )


def _linked(
    found: Mapping[str, Asset], graph: Graph, parents: Mapping[str, set[str]]
) -> dict[str, Asset]:
    """Return nodes with their parents; ours, too, where others write what is ours."""
    nodes = dict(found)
    for key, more in parents.items():
        asset = nodes.get(key) or graph.assets.get(key)
        if asset is not None:
            known = {p for p in more if p in found or p in graph.assets}
            every = tuple(sorted({*asset.parents, *known}))
            if every != asset.parents:
                nodes[key] = replace(asset, parents=every)
    return nodes


def _over(graph: Graph, nodes: Mapping[str, Asset]) -> Graph:
    """Return a graph with nodes over it; the graph itself if there are none."""
    if not nodes:
        return graph
    every = {**graph.assets, **nodes}
    return Graph({key: every[key] for key in sorted(every)})


def _same(nodes: Mapping[str, Asset], before: Mapping[str, Asset]) -> dict[str, Asset]:
    """Return nodes; one that did not change stays the same object, and what rests on it."""
    return {k: before[k] if before.get(k) == node else node for k, node in nodes.items()}

"""The catalog of a running web server: graph, index and statuses, never staler than a request.

What belongs here: when to read what again. What does not: what is read (`collect`, `status`) and
what people see (`pages`).
"""

import contextlib
import gc
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg

from platform_assets.catalog import glossary, tracing
from platform_assets.catalog.columns import Columns
from platform_assets.catalog.demand.joined import Joined
from platform_assets.catalog.external import External
from platform_assets.catalog.glossary import Glossary
from platform_assets.catalog.privacy import marked
from platform_assets.catalog.search import Index
from platform_assets.inventory import collect
from platform_assets.inventory.health import NO_STATUS, Health, Status, Verdict
from platform_assets.inventory.judging import Freshnesses, Judged, Names, Verdicts
from platform_assets.inventory.landed import Landed
from platform_assets.inventory.model import Asset, Graph
from platform_assets.inventory.status import Statuses
from platform_assets.server.load_errors import load_error
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT

TRACED_FOR = timedelta(minutes=10)  # lineage, while no file changes
RETRIED_AFTER = timedelta(minutes=1)  # lineage that could not be read
NOTHING_TOLD: Mapping[str, Status] = {}
KEPT_FOR = timedelta(seconds=5)  # a view, while nothing happens: ages are that exact


@dataclass(frozen=True)
class View:
    """The catalog as of one moment: what a page shows.

    Attributes:
        trouble: why the definitions do not load; the graph is then the last that did.
        known_at: when the graph was read.
        judged: verdicts that views before this one have come to, as far as they still hold.
        columns: the lineage of columns, as far as it was read.
    """

    graph: Graph
    statuses: Mapping[str, Status]
    now: datetime
    trouble: str = ""
    known_at: datetime | None = None
    glossary: Glossary = field(default_factory=Glossary)
    judged: Judged = field(default_factory=dict, compare=False, repr=False)
    columns: Columns = field(default_factory=Columns, compare=False, repr=False)

    def status(self, key: str) -> Status:
        """Return how an asset is."""
        return self.statuses.get(key, NO_STATUS)

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """How each asset is by itself; found out when it is asked for."""
        return Verdicts(self.graph.assets, self.statuses, self.now, self.judged)

    @cached_property
    def health(self) -> Mapping[str, str]:
        """The name of each asset's health."""
        return Names(self.verdicts)

    @cached_property
    def freshness(self) -> Mapping[str, str]:
        """How each asset stands to its freshness policy."""
        return Freshnesses(self.graph.assets, self.statuses, self.now)

    def upstream_trouble(self, key: str) -> list[tuple[Asset, Verdict]]:
        """Return what is wrong with what an asset rests on, nearest first."""
        found = [(self.graph.assets[k], self.verdicts[k]) for k in self.graph.upstream(key)]
        return [(a, v) for a, v in found if v.health >= Health.warning]


class Catalog:
    """What the web server knows, shared by all requests.

    Args:
        context: Dagster's `WorkspaceProcessContext`.
        dbt_target: the folder of dbt's artifacts.
        external: what other platforms told; None without.
        joined: puts the records of demand into the graph; None without.
    """

    def __init__(
        self,
        context: Any,
        dbt_target: Path,
        external: External | None = None,
        joined: Joined | None = None,
    ) -> None:
        self._context = context
        self.external = external
        self.joined = joined
        self._target = dbt_target
        self._statuses = Statuses(context.instance)
        self._landed = Landed()
        self._guard = threading.Lock()
        self._state: tuple[Any, ...] = ()
        self._graph = Graph()
        self._known_at: datetime | None = None
        self._glossary: tuple[Any, Glossary] = ((), Glossary())
        self._last: View | None = None
        self._together: tuple[Any, Any, Mapping[str, Status]] = (None, None, {})
        self._judged: Judged = {}
        self._columns = Columns()
        self._traced: tuple[Any, ...] = ()
        self._traced_at = 0.0
        self.index = Index()

    @property
    def instance(self) -> dg.DagsterInstance:
        """Dagster's instance."""
        instance: dg.DagsterInstance = self._context.instance
        return instance

    def view(self) -> View:
        """Return the catalog as it is now."""
        workspace = self._context.create_request_context()
        trouble = _trouble(workspace)
        with self._guard:
            columns = self._columns
            manifest = _modified(self._target / "manifest.json")
            state = (*_versions(workspace), manifest, columns.version)
            if state != self._state and not trouble:
                with _no_garbage_collection():
                    self._graph = self._collect(workspace, columns)
                self._state, self._known_at = state, datetime.now(UTC)
            own, known_at = self._graph, self._known_at
            statuses = self._statuses.read(own)
            with _no_garbage_collection():
                graph, told = self._landed.join(own, statuses), NOTHING_TOLD
                graph, told = self.external.join(graph) if self.external else (graph, told)
                graph = self.joined.join(graph) if self.joined else graph
                self.index.update(graph)
        statuses = self._with_told(statuses, told)
        return self._shown(graph, statuses, trouble, known_at, columns)

    def trace(self) -> None:
        """Read the lineage of columns again if it may have changed; takes seconds if dbt's has.

        Tables of the warehouse may change without a word, and what failed may not fail again: both
        are looked at now and then.
        """
        workspace = self._context.create_request_context()
        state = (*_versions(workspace), tracing.state(), self._landed.version)
        rest = RETRIED_AFTER if self._columns.problem else TRACED_FOR
        due = time.monotonic() - self._traced_at > rest.total_seconds()
        if (state != self._traced or due) and not _trouble(workspace):
            self._traced, self._traced_at = state, time.monotonic()
            self._columns = tracing.read(workspace.asset_graph.asset_nodes, self._columns)

    def _with_told(
        self, statuses: Mapping[str, Status], told: Mapping[str, Status]
    ) -> Mapping[str, Status]:
        """Return both, the same object while both are."""
        if not told:
            return statuses
        if self._together[0] is not statuses or self._together[1] is not told:
            self._together = (statuses, told, {**told, **statuses})
        return self._together[2]

    def _shown(
        self,
        graph: Graph,
        statuses: Mapping[str, Status],
        trouble: str,
        known_at: datetime | None,
        columns: Columns,
    ) -> View:
        """Return the view of before while nothing is new: its verdicts need not be made again."""
        terms, now = self._terms(), datetime.now(UTC)
        last = self._last
        if (
            last is not None
            and (now - last.now) < KEPT_FOR
            and last.graph is graph
            and last.statuses is statuses
            and last.glossary is terms
            and last.columns is columns
            and (last.trouble, last.known_at) == (trouble, known_at)
        ):
            return last
        self._last = View(graph, statuses, now, trouble, known_at, terms, self._judged, columns)
        return self._last

    def _terms(self) -> Glossary:
        """Return the glossary, read again when a file of it changes; the last that could be."""
        folder = glossary.folder()
        state = tuple((f.name, _modified(f)) for f in sorted(folder.glob("*.md")))
        if state != self._glossary[0]:
            try:
                self._glossary = (state, glossary.read(folder, PROJECT_ROOT))
            except (PlatformError, OSError, UnicodeDecodeError):
                self._glossary = (state, self._glossary[1])
        return self._glossary[1]

    def _collect(self, workspace: Any, columns: Columns) -> Graph:
        manifest = collect.manifest(self._target / "manifest.json")
        found = collect.graph(
            workspace.asset_graph.asset_nodes, manifest, self._target / "compiled"
        )
        found = marked(found, columns)
        # An asset that did not change stays the same object: whatever rests on it stays, too.
        known = self._graph.assets
        same = {k: known[k] if known.get(k) == a else a for k, a in found.assets.items()}
        return Graph(same)


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Hold the collector back while a hundred thousand small things are made, none of them garbage.

    It would walk all of them again and again, for half of the time that it takes to make them.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _versions(workspace: Any) -> list[Any]:
    """Return what changes whenever a code location is loaded again."""
    entries = [workspace.get_location_entry(name) for name in workspace.code_location_names]
    return [(entry.version_key, entry.update_timestamp) for entry in entries if entry]


def _trouble(workspace: Any) -> str:
    """Return why a code location does not load; "" if all do."""
    for name in workspace.code_location_names:
        entry = workspace.get_location_entry(name)
        if entry is not None and entry.load_error is not None:
            return load_error(entry.load_error).message
    return ""


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0

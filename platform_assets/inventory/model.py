"""What the catalog knows of an asset, and how assets hang together: plain, immutable facts.

What belongs here: names and meaning. What does not: where the facts come from (`collect`), what
changes with every run (`status`), how it looks (`pages`).
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

KINDS = ("report", "table", "source", "platform", "external", "record", "other")
EXTERNAL = "openlineage/"  # begins the keys of what other platforms have
RECORD = "record/"  # begins the keys of what people ask for, decide and aim at


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        tests: names of the checks that look at this column.
        personal: it holds personal data; previews and profiles do not show its values.
        parts: of a column of JSON, the paths in it that are personal; () is all of it.
        because: why, where nobody marked it: the column that it carries on, `raw.shop.email`.
        exempt: why it holds none though it is made from some, as declared.
        declared: False where it landed, and its source says nothing of it.
        since: of such a column, when it landed first, as far as known.
    """

    name: str
    type: str = ""
    description: str = ""
    tests: tuple[str, ...] = ()
    personal: bool = False
    parts: tuple[str, ...] = ()
    because: str = ""
    exempt: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    declared: bool = True
    since: datetime | None = None


@dataclass(frozen=True)
class Asset:
    """One node of the asset graph.

    Attributes:
        key: the asset key with `/` between its parts.
        kind: one of `KINDS`.
        table: `schema.name` in the warehouse; empty for what is no table.
        warn_seconds, fail_seconds: ages at which its freshness warns and fails; None without.
        deadline: the cron expression of a freshness policy by the clock.
        written, compiled: SQL as its author wrote it, and as it runs.
        text: words of a report's page.
        link: where the thing itself is, for what is no table (a report's page).
        outside: the data from elsewhere that it is loaded from, as OpenLineage names it.
        described_in: the file that describes it, where that is not `file`.
    """

    key: str
    kind: str
    title: str = ""
    description: str = ""
    layer: str = ""
    domain: str = ""
    owners: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    parents: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    table: str = ""
    warn_seconds: float | None = None
    fail_seconds: float | None = None
    deadline: str = ""
    file: str = ""
    line: int = 1
    written: str = ""
    compiled: str = ""
    text: str = ""
    question: str = ""
    audience: str = ""
    link: str = ""
    materializable: bool = True
    outside: tuple[tuple[str, str], ...] = ()
    described_in: str = ""

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def label(self) -> str:
        """What people call it."""
        return self.title or self.name

    @property
    def columns_known(self) -> tuple[tuple[str, bool], ...]:
        """The names of its columns, and which hold personal data."""
        return tuple((column.name, column.personal) for column in self.columns)

    def column(self, name: str) -> Column | None:
        """Return a column by its name, whatever its case."""
        lowered = name.lower()
        return next((c for c in self.columns if c.name.lower() == lowered), None)


@dataclass(frozen=True)
class Graph:
    """All assets, by key."""

    assets: Mapping[str, Asset] = field(default_factory=dict)

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """Keys of what reads each asset directly, sorted."""
        found: dict[str, list[str]] = {key: [] for key in self.assets}
        for key in sorted(self.assets):
            for parent in self.assets[key].parents:
                if parent in found:
                    found[parent].append(key)
        return {key: tuple(children) for key, children in found.items()}

    @cached_property
    def importance(self) -> Mapping[str, int]:
        """How many assets depend on each, however far downstream."""
        dependents = (key for key, asset in self.assets.items() if asset.parents)
        bits = {key: 1 << place for place, key in enumerate(dependents)}
        reached = self.gathered(bits)
        return {key: found.bit_count() - (key in bits) for key, found in reached.items()}

    def gathered(self, own: Mapping[str, int], upstream: bool = False) -> dict[str, int]:
        """Return the bits of each asset together with those of everything that depends on it.

        One pass over the graph, or some where it has circles: 10,000 assets with a bit each take a
        tenth of a second, and walking from each of them minutes.

        Args:
            own: bits of assets, of any meaning; those that are not in it have none.
            upstream: together with those of everything that it depends on instead.
        """
        order = self.order if upstream else self.order[::-1]
        found: dict[str, int] = {}
        while True:
            settled = True
            for key in order:
                bits = before = found.get(key, 0)
                bits |= own.get(key, 0)
                for other in self.assets[key].parents if upstream else self.children[key]:
                    bits |= found.get(other, 0)
                found[key] = bits
                settled = settled and bits == before
            if settled or not self._circular:
                return found

    @cached_property
    def _circular(self) -> bool:
        """Whether something depends on itself, through others."""
        places = {key: place for place, key in enumerate(self.order)}
        return any(
            places.get(parent, -1) >= places[key]
            for key, asset in self.assets.items()
            for parent in asset.parents
        )

    @cached_property
    def without_records(self) -> "Graph":
        """The graph without records, which have no runs; the same object if there are none."""
        own = {key: asset for key, asset in self.assets.items() if asset.kind != "record"}
        return self if len(own) == len(self.assets) else Graph(own)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All keys, each after everything that it depends on.

        Where others read a table and write it back, there is no such order: one of the circle comes
        first.
        """
        waiting = {
            key: sum(parent in self.assets for parent in asset.parents)
            for key, asset in self.assets.items()
        }
        ready = deque(sorted(key for key, count in waiting.items() if not count))
        done: dict[str, None] = {}
        while len(done) < len(self.assets):
            if not ready:
                ready.append(
                    min((k for k in waiting if k not in done), key=lambda k: (waiting[k], k))
                )
            key = ready.popleft()
            if key in done:
                continue
            done[key] = None
            for child in self.children[key]:
                waiting[child] -= 1
                if not waiting[child]:
                    ready.append(child)
        return tuple(done)

    def upstream(self, key: str, depth: int | None = None) -> dict[str, int]:
        """Return what an asset depends on, with the distance to it, nearest first."""
        return self._walk(key, lambda k: self.assets[k].parents, depth)

    def downstream(self, key: str, depth: int | None = None) -> dict[str, int]:
        """Return what depends on an asset, with the distance to it, nearest first."""
        return self._walk(key, lambda k: self.children[k], depth)

    def _walk(
        self, key: str, neighbours: Callable[[str], Iterable[str]], depth: int | None
    ) -> dict[str, int]:
        found = {key: 0}
        ahead = deque([key])
        while ahead:
            here = ahead.popleft()
            if depth is not None and found[here] == depth:
                continue
            for other in neighbours(here):
                if other in self.assets and other not in found:
                    found[other] = found[here] + 1
                    ahead.append(other)
        del found[key]
        return found

    def having(self, keys: Iterable[str]) -> list[Asset]:
        """Return the assets of these keys that exist, in their order."""
        return [self.assets[key] for key in keys if key in self.assets]

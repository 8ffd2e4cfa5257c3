"""What a value and a relation inside a query rest on, and how that is put together.

What belongs here: the two values that a walk through SQL passes on, and their sums. What does not:
SQL (`walk`, `queries`). Plain tuples stand for `model.Source` and `model.Edge`: there are
millions of them in a large project.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from platform_assets.lineage.model import (
    AGGREGATION,
    CONDITIONAL,
    IDENTITY,
    TRANSFORMATION,
    Edge,
    Source,
)

Key = tuple[str, str, str]  # table, column, path
Influence = tuple[Key, str, str]  # source, subtype, SQL
Influences = dict[Influence, None]  # a set that keeps its order

AS_IT_IS, CHANGED, GATHERED = range(3)
SUBTYPES = (IDENTITY, TRANSFORMATION, AGGREGATION)


class Flow(NamedTuple):
    """How a source's values come into a value.

    Attributes:
        rank: the strongest of what was done to them.
        text: the SQL that did it; None as long as the projection is not known.
        open: whether it is still the source's content, so that a path can go on into it.
    """

    rank: int
    text: str | None
    open: bool


class Ranked(NamedTuple):
    """What `row_number()` numbers.

    Attributes:
        within: the columns it starts anew for.
        partition: what decides over them.
        order: what decides over the numbers, key by key: the name of one that is a plain column,
            else "", and what it rests on.
    """

    within: frozenset[str]
    partition: Influences
    order: tuple[tuple[str, Influences], ...]

    def known_as(self, names: Collection[str]) -> "Ranked":
        """Return it where only these columns still go by their names."""
        order = ((name if name in names else "", influences) for name, influences in self.order)
        return Ranked(self.within, self.partition, tuple(order))

    def deciding(self, columns: frozenset[str] | None) -> Influences:
        """Return which of the order decides over what is made of these columns of a first row.

        Nothing does over what each first row shares with its others. Over a key of the order only
        that key does and those before it: further ones choose among rows that have the same value.

        Args:
            columns: by name; None if that is not known.
        """
        found: Influences = {}
        left = None if columns is None else columns - self.within
        for name, influences in self.order:
            if left is not None and not left:
                break
            found |= influences
            left = left and left - {name}
        return found


@dataclass(slots=True)
class Value:
    """What one expression rests on.

    Attributes:
        direct: the sources whose values it has or is made of.
        indirect: what decides which of them it is.
        parts: of a struct its fields, of a list its items by number, where they are told apart.
        ranked: of `row_number()`, what it numbers; None for all else.
    """

    direct: dict[Key, Flow] = field(default_factory=dict)
    indirect: Influences = field(default_factory=dict)
    parts: "Mapping[str, Value] | None" = None
    ranked: "Ranked | None" = None

    def raised(self, rank: int, open_: bool = False) -> "Value":
        """Return it after something was done to it; `open_` if paths still go into it."""
        if not self.direct:
            return Value(self.direct, self.indirect)
        direct = {
            key: Flow(rank, None, open_ and flow.open)
            if rank >= flow.rank
            else Flow(flow.rank, flow.text, open_ and flow.open)
            for key, flow in self.direct.items()
        }
        return Value(direct, self.indirect)

    def touched(self, influences: Influences) -> "Value":
        """Return it with more that decides over it."""
        if not influences:
            return self
        parts = self.parts and {k: v.touched(influences) for k, v in self.parts.items()}
        return Value(self.direct, self.indirect | influences, parts, self.ranked)

    def within(self, path: str) -> "Value":
        """Return a part of it; `path` is dotted."""
        if self.parts is not None:
            first, _, rest = path.partition(".")
            if first in self.parts:
                part = self.parts[first]
                return part.within(rest) if rest else part
        direct: dict[Key, Flow] = {}
        for (table, column, inner), flow in self.direct.items():
            if flow.open and column:
                direct[(table, column, f"{inner or column}.{path}")] = flow
            else:
                rank = max(flow.rank, CHANGED)
                direct[(table, column, inner)] = Flow(rank, flow.text, False)
        return Value(direct, self.indirect)

    def told(self, text: Callable[[], str]) -> "Value":
        """Return it with the SQL of its projection where nothing stronger was told before."""
        if all(flow.text is not None for flow in self.direct.values()):
            return self
        told = text()
        direct = {
            key: flow if flow.text is not None else Flow(flow.rank, told, flow.open)
            for key, flow in self.direct.items()
        }
        return Value(direct, self.indirect, self.parts, self.ranked)


NOTHING = Value()


def together(values: Iterable[Value]) -> Value:
    """Return the sum of values: of two flows of one source, the stronger."""
    some = [value for value in values if value.direct or value.indirect]
    if len(some) < 2:
        return Value(some[0].direct, some[0].indirect) if some else NOTHING
    direct: dict[Key, Flow] = {}
    indirect: Influences = {}
    for value in some:
        for key, flow in value.direct.items():
            known = direct.get(key)
            direct[key] = flow if known is None else _stronger(known, flow)
        indirect |= value.indirect
    return Value(direct, indirect)


def alternatives(one: Value, other: Value) -> Value:
    """Return the column of a union: `together`, and part by part."""
    both = together((one, other))
    if one.parts is None or other.parts is None or one.parts.keys() != other.parts.keys():
        return both
    parts = {k: alternatives(v, other.parts[k]) for k, v in one.parts.items()}
    return Value(both.direct, both.indirect, parts)


def _stronger(one: Flow, other: Flow) -> Flow:
    if one.rank != other.rank:
        return max(one, other, key=lambda flow: flow.rank)._replace(open=one.open and other.open)
    return Flow(one.rank, one.text if other.text is not None else None, one.open and other.open)


def deciding(value: Value, subtype: str, text: str) -> Influences:
    """Return what a condition on `value` rests on. A CASE in a filter filters."""
    found: Influences = {(key, subtype, text): None for key in value.direct}
    for key, kind, told in value.indirect:
        found[(key, subtype if kind == CONDITIONAL else kind, told or text)] = None
    return found


@dataclass
class Relation:
    """What a table, a subquery or a common table expression gives to who reads it.

    Attributes:
        columns: by name in lower case, in order.
        names: as written, by name in lower case.
        rows: what decides over the rows, and so over every column.
        tables: base tables whose rows these are, or are made of.
        unknown: of what else its columns may come, where `*` stands for what is not known.
        fallback: the value of a column that is not listed.
        keys: sets of columns by which a row is found at most once.
        apart: those of them that no two rows share, even where they have no value.
        single: whether it has one row, always.
        schema: the schema of a table, as it may qualify a column.
    """

    columns: dict[str, Value] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    rows: Influences = field(default_factory=dict)
    tables: tuple[str, ...] = ()
    unknown: "tuple[Relation, ...]" = ()
    fallback: Callable[[str], Value | None] | None = None
    keys: tuple[frozenset[str], ...] = ()
    apart: tuple[frozenset[str], ...] = ()
    single: bool = False
    schema: str = ""

    @property
    def complete(self) -> bool:
        """Whether all its columns are known by name."""
        return not self.unknown and self.fallback is None

    def column(self, name: str) -> Value | None:
        """Return the value of a column, by its name in lower case; None if it has none such."""
        found = self.columns.get(name)
        if found is not None:
            return found
        if self.fallback is not None:
            return self.fallback(name)
        if len(self.unknown) == 1:
            return self.unknown[0].column(name)
        return None

    def add(self, name: str, value: Value) -> str:
        """Add a column, under another name if there is one of that name; return the name."""
        key, number = name.lower(), 0
        while key in self.columns:
            number += 1
            key = f"{name.lower()}_{number}"
        self.columns[key] = value
        self.names[key] = name if not number else f"{name}_{number}"
        return key

    def renamed(self, names: Iterable[str]) -> "Relation":
        """Return it with its first columns called otherwise."""
        given = list(names)
        if not given:
            return self
        other = replace(self, columns={}, names={}, keys=(), apart=())
        now: dict[str, str] = {}
        for place, (key, value) in enumerate(self.columns.items()):
            name = given[place] if place < len(given) else self.names[key]
            now[key] = other.add(name, value)
        other.keys, other.apart = (
            tuple(frozenset(now[c] for c in key if c in now) for key in keys)
            for keys in (self.keys, self.apart)
        )
        return other

    def touched(self, influences: Influences) -> "Relation":
        """Return it with more that decides over each column, and rows that nothing decides over."""
        more = self.rows | influences
        columns = {name: value.touched(more) for name, value in self.columns.items()}
        fallback = None
        if not self.complete:
            plain = self.column

            def fallback(name: str) -> Value | None:
                value = plain(name)
                return value and value.touched(more)

        return replace(self, columns=columns, rows={}, unknown=(), fallback=fallback)


def edges(value: Value, known: Mapping[Edge, None]) -> tuple[Edge, ...]:
    """Return a value's edges as others read them; without those of all rows, `known`."""
    direct = [
        Edge(Source(*key), "DIRECT", SUBTYPES[flow.rank], flow.text or "")
        for key, flow in value.direct.items()
    ]
    return (*direct, *(edge for edge in decided(value.indirect) if edge not in known))


def decided(influences: Influences) -> Iterator[Edge]:
    """Return indirect edges as others read them."""
    return (Edge(Source(*key), "INDIRECT", subtype, text) for key, subtype, text in influences)

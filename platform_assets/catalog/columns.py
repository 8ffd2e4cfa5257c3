"""Column lineage as the catalog asks for it: what a column rests on, and what rests on it.

What belongs here: walking edges both ways. What does not: finding them (`platform_assets.lineage`),
saying them in words (`plain_words`), when they are read (`tracing`).

A node is the key of an asset, or of a report's query (`report/weekly#kpi`), and a column's name in
lower case; the column "" is the rows as such.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from platform_assets.lineage.model import DIRECT, Edge, Source, TableLineage

Node = tuple[str, str]
VALUES, ROWS = "values", "rows"  # what a node contributes: values, or which rows and values count


@dataclass(frozen=True)
class Use:
    """That a column is used by another: `column` is "" where it decides over all rows."""

    key: str
    column: str
    edge: Edge


@dataclass(frozen=True)
class Columns:
    """The lineage of all tables and queries, by their keys.

    Attributes:
        tables: as traced.
        problem: why nothing is known, or nothing new; "" if all is well.
        version: changes whenever what is known does.
    """

    tables: Mapping[str, TableLineage] = field(default_factory=dict)
    problem: str = ""
    version: int = 0

    @cached_property
    def key_of(self) -> Mapping[str, str]:
        """The key of the asset that each table is."""
        return {one.table: key for key, one in self.tables.items() if one.table}

    @cached_property
    def _names(self) -> Mapping[str, Mapping[str, str]]:
        return {key: {n.lower(): n for n in one.columns} for key, one in self.tables.items()}

    @cached_property
    def _uses(self) -> Mapping[tuple[str, str], tuple[Use, ...]]:
        found: dict[tuple[str, str], list[Use]] = {}
        for key, one in self.tables.items():
            every = [(name, edge) for name, edges in one.columns.items() for edge in edges]
            for name, edge in [*every, *(("", edge) for edge in one.rows)]:
                at = edge.source.table, edge.source.column.lower()
                found.setdefault(at, []).append(Use(key, name, edge))
        return {at: tuple(dict.fromkeys(uses)) for at, uses in found.items()}

    def known(self, key: str, column: str) -> bool:
        """Whether the lineage of a column is known."""
        return column.lower() in self._names.get(key, {})

    def edges(self, key: str, column: str) -> tuple[Edge, ...]:
        """Return what a column rests on itself, without what decides over all rows."""
        name = self._names.get(key, {}).get(column.lower())
        return self.tables[key].columns[name] if name is not None else ()

    def rows(self, key: str) -> tuple[Edge, ...]:
        """Return what decides over all rows of a table."""
        return self.tables[key].rows if key in self.tables else ()

    def uses(self, table: str, column: str) -> tuple[Use, ...]:
        """Return what uses a column of a table, `schema.name`, directly or not."""
        return self._uses.get((table, column.lower()), ())

    @cached_property
    def _readers(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for (table, _), uses in self._uses.items():
            for use in uses:
                found.setdefault(table, {}).setdefault(use.key)
        return {table: tuple(keys) for table, keys in found.items()}

    def readers(self, table: str) -> tuple[str, ...]:
        """Return the keys of what reads a table, `schema.name`."""
        return self._readers.get(table, ())

    def node(self, source: Source) -> Node:
        """Return the node of a source: that of its asset, or of the table if it is none."""
        return self.key_of.get(source.table, source.table), source.column.lower()

    def up(self, node: Node) -> Iterable[Node]:
        """Return the nodes whose values a node carries on."""
        return dict.fromkeys(self.node(e.source) for e in self.edges(*node) if e.kind == DIRECT)

    def down(self, node: Node) -> Iterable[Node]:
        """Return the nodes that carry on a node's values."""
        table = self.tables[node[0]].table if node[0] in self.tables else ""
        uses = self.uses(table, node[1]) if table else ()
        return dict.fromkeys((u.key, u.column.lower()) for u in uses if u.edge.kind == DIRECT)

    def walk(self, start: Node, step: Callable[[Node], Iterable[Node]]) -> dict[Node, int]:
        """Return what is reached from a node step by step, with the distance, nearest first."""
        found, ahead = {start: 0}, deque([start])
        while ahead:
            here = ahead.popleft()
            for other in step(here):
                if other not in found:
                    found[other] = found[here] + 1
                    ahead.append(other)
        del found[start]
        return found

    def rests_on(self, start: Node) -> dict[Node, str]:
        """Return everything that a node rests on, nearest first, each with `VALUES` or `ROWS`.

        What decides which rows count rests on columns itself, and so on.
        """
        values = {start, *self.walk(start, self.up)}
        found = self.walk(start, self._any)
        return {node: VALUES if node in values else ROWS for node in found}

    def touched_by(self, node: Node) -> Iterable[Node]:
        """Return what is another when a column is, or, for the column "", when a table's rows are.

        What decides over rows touches every column.
        """
        key, column = node
        one = self.tables.get(key)
        if one is None:
            return ()
        found: dict[Node, None] = {}
        if not column:
            found |= {(key, name.lower()): None for name in one.columns}
            found |= {(reader, ""): None for reader in self.readers(one.table) if one.table}
        for use in self.uses(one.table, column) if one.table else ():
            found[use.key, use.column.lower()] = None
        return found

    def _any(self, node: Node) -> Iterable[Node]:
        edges = (*self.edges(*node), *self.rows(node[0]))
        return dict.fromkeys(self.node(e.source) for e in edges)

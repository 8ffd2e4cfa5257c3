"""Whose column a name is, in one SELECT.

What belongs here: the relations that a SELECT reads, its aliases, its named windows, and the query
around it. What does not: how relations are made (`relations`, `queries`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from platform_assets.lineage.columns.values import (
    CHANGED,
    NOTHING,
    Flow,
    Influences,
    Relation,
    Value,
    together,
)
from platform_assets.lineage.columns.walk import value_of

Evaluate = Callable[[exp.Expr, "Surroundings"], Relation]


@dataclass
class Context:
    """What a whole statement has in common.

    Attributes:
        dialect: of the SQL.
        schemas: columns by table, both in lower case, as they are spelled.
        keys: of a table, sets of columns by which a row is found at most once.
        evaluate: what a query gives, in its surroundings.
        problems: what could not be found out, in the order met.
        read: the tables met.
    """

    dialect: str
    schemas: Mapping[str, Mapping[str, str]]
    keys: Mapping[str, tuple[frozenset[str], ...]]
    evaluate: Evaluate
    problems: dict[str, None] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)

    def table(self, name: str) -> Relation:
        """Return a table of the warehouse, by `schema.name` in lower case."""
        self.read.add(name)
        schema = name.rpartition(".")[0]
        known = self.schemas.get(name)
        if known is None:
            return Relation(tables=(name,), fallback=lambda c: _own(name, c), schema=schema)
        columns = {lower: _own(name, spelled) for lower, spelled in known.items()}
        names = dict(known)
        keys = self.keys.get(name, ())
        return Relation(columns, names, tables=(name,), keys=keys, schema=schema)

    def problem(self, text: str) -> None:
        """Note what is not known."""
        self.problems[text] = None


def _own(table: str, column: str) -> Value:
    return Value({(table, column, ""): Flow(0, "", True)})


@dataclass(frozen=True)
class Surroundings:
    """Where a query stands: common table expressions that it may name, and the query around it."""

    ctes: Mapping[str, Relation]
    outer: "Scope | None" = None


class Scope:
    """The names of one SELECT; see `walk.Names`."""

    def __init__(self, context: Context, around: Surroundings) -> None:
        self.context = context
        self.dialect = context.dialect
        self.around = around
        self.sources: dict[str, Relation] = {}
        self.hidden: set[tuple[str, str]] = set()  # columns that USING has merged away
        self.merged: dict[str, Value] = {}
        self.aliases: dict[str, exp.Expr] = {}
        self.windows: dict[str, exp.Expr] = {}
        self.rows: Influences = {}
        self.apart: Callable[[list[exp.Expr]], bool] = lambda _: False  # see `lone`
        self._open: set[str] = set()  # aliases that are being looked into

    def add(self, alias: str, relation: Relation) -> str:
        """Add what FROM names; return the alias it is known by."""
        key, number = alias.lower(), 0
        while key in self.sources:
            number += 1
            key = f"{alias.lower()} {number}"
        self.sources[key] = relation
        return key

    def column(self, parts: list[str]) -> Value:
        """Return what a column rests on; `a.b.c` may be a schema's, a table's, or a struct's."""
        value = self._found(parts)
        if value is None:
            self.context.problem(f"The column {'.'.join(parts)} is in none of the tables read.")
            return NOTHING
        return value

    def owner(self, node: exp.Expr | None) -> str | None:
        """Return the source that a plain column comes from; None for all else."""
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            return None
        lowered = [part.name.lower() for part in node.parts]
        if len(lowered) > 1:
            return lowered[-2]
        owners = [a for a, r in self.sources.items() if lowered[0] in r.columns]
        if not owners:
            owners = [a for a, r in self.sources.items() if not r.complete]
        return owners[0] if len(owners) == 1 else None

    def plain(self, node: exp.Expr) -> str:
        """Return the name of a plain column that one source alone has; "" for all else."""
        name = node.name.lower()
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            return ""
        owners = [r for r in self.sources.values() if name in r.columns or not r.complete]
        return name if len(owners) == 1 else ""

    def named(self, node: exp.Expr | None) -> tuple[str, str] | None:
        """Return source and name of a plain column; None for all else."""
        owner = self.owner(node)
        if owner is None or node is None or owner not in self.sources:
            return None
        return owner, node.name.lower()

    def _found(self, parts: list[str]) -> Value | None:
        lowered = [part.lower() for part in parts]
        for place in range(len(parts) - 1, 0, -1):
            source = self._source(lowered[:place])
            if source is not None:
                value = source.column(lowered[place])
                if value is not None:
                    return _within(value, parts[place + 1 :])
        value = self._bare(lowered[0])
        if value is not None:
            return _within(value, parts[1:])
        outer = self.around.outer
        return outer._found(parts) if outer is not None else None

    def _source(self, qualifier: list[str]) -> Relation | None:
        found = self.sources.get(qualifier[-1])
        if found is None or len(qualifier) == 1 or found.schema == qualifier[-2]:
            return found
        return None

    def _bare(self, name: str) -> Value | None:
        if name in self.merged:
            return self.merged[name]
        for source in self.sources.values():
            if name in source.columns:
                return source.columns[name]
        alias = self._alias(name)
        if alias is not None:
            return alias
        guesses = [source for source in self.sources.values() if not source.complete]
        if len(guesses) == 1:
            found = guesses[0].column(name)
            if found is not None:
                return found
        if len(guesses) > 1:
            told = ", ".join(table for guess in guesses for table in guess.tables) or "the sources"
            self.context.problem(f"Whose column {name} is: the columns of {told} are not known.")
            return NOTHING
        if name in self.sources:  # a row as a whole
            return together(self.sources[name].columns.values()).raised(CHANGED)
        return None

    def _alias(self, name: str) -> Value | None:
        if name not in self.aliases or name in self._open:
            return None
        self._open.add(name)
        try:
            return value_of(self.aliases[name], self)
        finally:
            self._open.discard(name)

    def query(self, node: exp.Expr) -> Relation:
        """Return what a subquery gives, which may name the columns of this query."""
        return self.context.evaluate(node, Surroundings(self.around.ctes, self))

    def window(self, name: str) -> exp.Expr | None:
        """Return a window of the WINDOW clause."""
        return self.windows.get(name.lower())

    def whole_rows(self) -> Value:
        """Return a value that rests on the rows of all base tables, and on no column."""
        tables = (table for source in self.sources.values() for table in source.tables)
        return Value({(table, "", ""): Flow(CHANGED, None, False) for table in tables})

    def stars(self, node: exp.Expr) -> Value:
        """Return the sum of the columns that `*` or `t.*` stands for."""
        qualifier = node.args.get("table")
        return together(value for _, _, value in self.all_columns(qualifier and qualifier.name))

    def lone(self, partition: list[exp.Expr]) -> bool:
        """Return whether no two rows share all of these values."""
        return self.apart(partition)

    def note_rows(self, influences: Influences) -> None:
        """Note what decides over the rows."""
        self.rows |= influences

    def all_columns(self, qualifier: str | None = None) -> Iterator[tuple[str, str, Value]]:
        """Return source, name and value of all columns, or of those of one source."""
        wanted = qualifier.lower() if qualifier else None
        for alias, source in self.sources.items():
            if wanted is not None and alias != wanted:
                continue
            for key, value in source.columns.items():
                if wanted is not None or (alias, key) not in self.hidden:
                    merged = self.merged.get(key) if wanted is None else None
                    yield alias, source.names[key], merged or value


def _within(value: Value, path: list[str]) -> Value:
    return value.within(".".join(path)) if path else value

"""A walk over the tree of an expression, to what it rests on.

What belongs here: which function knows a kind of node, and what all of them need. What does not:
those functions (`scalars`, `contents`, `gathering`), whose column a name is (`scope`). Functions of
SQL that no table names change their arguments: every argument is a direct source.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from sqlglot import exp

from platform_assets.lineage.columns.values import (
    CHANGED,
    NOTHING,
    Influences,
    Relation,
    Value,
    deciding,
    together,
)

LONGEST = 240  # characters of SQL that an edge quotes


class Names(Protocol):
    """What an expression needs of the query it stands in."""

    dialect: str

    def column(self, parts: list[str]) -> Value:
        """Return what a column rests on, by the parts of its name."""

    def query(self, node: exp.Expr) -> Relation:
        """Return what a subquery gives."""

    def window(self, name: str) -> exp.Expr | None:
        """Return a window by name."""

    def whole_rows(self) -> Value:
        """Return a value that rests on the rows as such, as `count(*)` does."""

    def stars(self, node: exp.Expr) -> Value:
        """Return what all columns together rest on that a star stands for."""

    def plain(self, node: exp.Expr) -> str:
        """Return the name of a plain column that one source alone has; "" for all else."""

    def lone(self, partition: list[exp.Expr]) -> bool:
        """Return whether no two rows share all of these values."""

    def note_rows(self, influences: Influences) -> None:
        """Note what decides over the query's rows, found in an expression."""


Found = Callable[[Any, Names], Value]
NO_VALUE = (exp.DataType, exp.Identifier, exp.JSONPath, exp.Literal, exp.Null, exp.Boolean)
_KINDS: dict[type, Found] = {}
_BASES: list[tuple[type, Found]] = []


def learn(kinds: Mapping[type, Found], bases: Mapping[type, Found]) -> None:
    """Learn what is done with nodes of a kind, and of all kinds that are one of `bases`."""
    _KINDS.update(kinds)
    _BASES.extend(bases.items())


def quoted(node: exp.Expr, names: Names) -> str:
    """Return the SQL of a node, on one line and shortened."""
    text = node.sql(dialect=names.dialect, comments=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def value_of(node: exp.Expr | None, names: Names) -> Value:
    """Return what an expression rests on."""
    if node is None:
        return NOTHING
    kind = type(node)
    found = _KINDS.get(kind)
    if found is None:
        found = _KINDS[kind] = _kind(kind)
    return found(node, names)


def conjuncts(node: exp.Expr | None) -> Iterator[exp.Expr]:
    """Return the conditions that `AND` puts together, from first to last."""
    if isinstance(node, exp.Paren):
        yield from conjuncts(node.this)
    elif isinstance(node, exp.And):
        yield from conjuncts(node.this)
        yield from conjuncts(node.expression)
    elif node is not None:
        yield node


def conditions(node: exp.Expr | None, subtype: str, names: Names) -> Influences:
    """Return what a condition rests on; each edge quotes the conjunct it comes from."""
    found: Influences = {}
    for one in conjuncts(node):
        value = value_of(one, names)
        if value.direct or value.indirect:
            found |= deciding(value, subtype, quoted(one, names))
    return found


def inner(node: exp.Expr) -> Iterator[exp.Expr]:
    """Return the expressions directly below a node; types and identifiers are none."""
    for one in node.iter_expressions():
        if not isinstance(one, NO_VALUE):
            yield one


def _kind(kind: type) -> Found:
    for base, found in _BASES:
        if issubclass(kind, base):
            return found
    return changed


def changed(node: exp.Expr, names: Names) -> Value:
    """Return the sum of all arguments, changed."""
    return together(value_of(one, names) for one in inner(node)).raised(CHANGED)

"""What names, conditions, and queries within expressions rest on."""

from collections.abc import Iterator

from sqlglot import exp

from platform_assets.lineage.columns.values import (
    CHANGED,
    NOTHING,
    Influences,
    Value,
    deciding,
    together,
)
from platform_assets.lineage.columns.walk import (
    NO_VALUE,
    Found,
    Names,
    conditions,
    inner,
    quoted,
    value_of,
)
from platform_assets.lineage.model import CONDITIONAL, JOIN


def _nothing(node: exp.Expr, names: Names) -> Value:
    return NOTHING


def _same(node: exp.Expr, names: Names) -> Value:
    return value_of(node.this, names)


def _column(node: exp.Column, names: Names) -> Value:
    if isinstance(node.this, exp.Star):
        return names.stars(node).raised(CHANGED)
    return names.column([part.name for part in node.parts])


def _star(node: exp.Star, names: Names) -> Value:
    return names.whole_rows()


def _kept(node: exp.Expr, names: Names) -> Value:
    """A cast, or a function that leaves content content: a path may still go into it."""
    value = value_of(node.this, names)
    changed = value.raised(CHANGED, open_=True)
    return Value(changed.direct, changed.indirect, value.parts)


def _case(node: exp.Case, names: Names) -> Value:
    """A CASE has the values of its branches; its conditions decide which."""
    branches: list[Value] = []
    decided: Influences = {}
    if node.this is not None:
        decided |= deciding(value_of(node.this, names), CONDITIONAL, quoted(node.this, names))
    for branch in node.args.get("ifs") or ():
        decided |= conditions(branch.this, CONDITIONAL, names)
        branches.append(value_of(branch.args.get("true"), names))
    branches.append(value_of(node.args.get("default"), names))
    return together(branches).raised(CHANGED, open_=True).touched(decided)


def _if(node: exp.If, names: Names) -> Value:
    branches = (value_of(node.args.get(arm), names) for arm in ("true", "false"))
    decided = conditions(node.this, CONDITIONAL, names)
    return together(branches).raised(CHANGED, open_=True).touched(decided)


def _first_of(node: exp.Expr, names: Names) -> Value:
    """COALESCE: one of its arguments; the earlier ones decide, and are direct sources already."""
    return together(value_of(one, names) for one in inner(node)).raised(CHANGED, open_=True)


def _nullif(node: exp.Nullif, names: Names) -> Value:
    value = value_of(node.this, names).raised(CHANGED, open_=True)
    other = value_of(node.expression, names)
    return value.touched(deciding(other, CONDITIONAL, quoted(node, names)))


def _subquery(node: exp.Expr, names: Names) -> Value:
    """A scalar subquery: its first column, and all that decides over its rows."""
    relation = names.query(node)
    value = next(iter(relation.columns.values()), NOTHING)
    return value.touched(relation.rows)


def _exists(node: exp.Exists, names: Names) -> Value:
    relation = names.query(node.this)
    told = quoted(node, names)
    rows = {((table, "", ""), CONDITIONAL, told): None for table in relation.tables}
    return Value({}, relation.rows | rows)


def _in(node: exp.In, names: Names) -> Value:
    """Membership: in a subquery, what it returns decides and its values go nowhere."""
    value = together(
        value_of(one, names)
        for key, one in _arguments(node)
        if key != "query" and not isinstance(one, NO_VALUE)
    ).raised(CHANGED)
    query = node.args.get("query")
    if query is None:
        return value
    relation = names.query(query)
    told = quoted(node, names)
    decided = dict(relation.rows)
    for column in relation.columns.values():
        decided |= deciding(column, CONDITIONAL, told)
    return value.touched(decided)


def _arguments(node: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    for key, value in node.args.items():
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, exp.Expr):
                yield key, one


def _unnested(node: exp.Expr, names: Names) -> Value:
    """A list among the columns makes as many rows as it is long."""
    value = together(value_of(one, names) for one in inner(node))
    names.note_rows(deciding(value, JOIN, quoted(node, names)))
    return value.raised(CHANGED, open_=True)


def _renamed(node: exp.Expr, names: Names) -> Value:
    return value_of(node.expression, names)


KINDS: dict[type, Found] = {
    exp.Column: _column,
    exp.Star: _star,
    exp.Alias: _same,
    exp.Paren: _same,
    exp.Cast: _kept,
    exp.TryCast: _kept,
    exp.ParseJSON: _kept,
    exp.FromJson: _kept,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _first_of,
    exp.Nullif: _nullif,
    exp.Exists: _exists,
    exp.In: _in,
    exp.Explode: _unnested,
    exp.ExplodeOuter: _unnested,
    exp.Unnest: _unnested,
    exp.PropertyEQ: _renamed,
    exp.Kwarg: _renamed,
    exp.Literal: _nothing,
    exp.Identifier: _nothing,
}
BASES: dict[type, Found] = {exp.Query: _subquery}

"""PIVOT and UNPIVOT: rows that become columns, and columns that become rows."""

from sqlglot import exp

from platform_assets.lineage.columns.scope import Context, Scope, Surroundings
from platform_assets.lineage.columns.values import Influences, Relation, Value, deciding, together
from platform_assets.lineage.columns.walk import quoted, value_of
from platform_assets.lineage.model import CONDITIONAL, FILTER, GROUP_BY


def pivoted(relation: Relation, pivot: exp.Pivot, outer: Scope) -> Relation:
    """Return what a pivot makes of a relation."""
    scope = Scope(outer.context, Surroundings(outer.around.ctes, outer))
    scope.sources["pivoted"] = relation
    if pivot.args.get("unpivot"):
        return _unpivot(relation, pivot, scope)
    return _pivot(relation, pivot, scope)


def statement(
    node: exp.Pivot, relation: Relation, context: Context, around: Surroundings
) -> Relation:
    """Return what `PIVOT t ON c USING sum(x)` makes: what its columns are called, the data says."""
    scope = Scope(context, around)
    scope.sources["pivoted"] = relation
    if node.args.get("unpivot"):
        return _unpivot(relation, node, scope)
    return _pivot(relation, node, scope)


def _columns_of(nodes: list[exp.Expr]) -> list[str]:
    return [c.name.lower() for node in nodes for c in node.find_all(exp.Column)]


def _pivot(relation: Relation, pivot: exp.Pivot, scope: Scope) -> Relation:
    aggregates = list(pivot.args.get("using") or ()) or list(pivot.expressions)
    fields = list(pivot.args.get("fields") or ())
    on = [field.this for field in fields] or list(pivot.expressions)
    on = [one.this if isinstance(one, exp.In) else one for one in on]
    group = pivot.args.get("group")
    spread: Influences = {}
    for one in on:
        spread |= deciding(value_of(one, scope), CONDITIONAL, quoted(one, scope))
    values = [
        value_of(one, scope).told(lambda one=one: quoted(one, scope)).touched(spread)  # type: ignore[misc]
        for one in aggregates
    ]
    used = {*_columns_of(on), *_columns_of(aggregates)}
    kept = (
        _columns_of(list(group.expressions))
        if group is not None
        else [name for name in relation.columns if name not in used]
    )
    made = Relation(rows=dict(relation.rows), tables=relation.tables, keys=(frozenset(kept),))
    for name in kept:
        value = scope.column([name])
        made.rows |= deciding(value, GROUP_BY, name)
        made.add(relation.names.get(name, name), value)
    named = pivot.args.get("columns") or ()
    for place, name in enumerate(named):
        made.add(name.name, values[place % len(values)] if values else Value())
    if not named:
        whole = together(values)
        made.fallback = lambda name: whole
    return made


def _unpivot(relation: Relation, pivot: exp.Pivot, scope: Scope) -> Relation:
    fields = list(pivot.args.get("fields") or ())
    into = pivot.args.get("into")
    listed = _columns_of([e for field in fields for e in field.expressions])
    labels = [field.this.name for field in fields]
    values = [one.name for one in pivot.expressions]
    if not fields:  # UNPIVOT t ON a, b INTO NAME n VALUE v
        listed = _columns_of(list(pivot.expressions)) or list(relation.columns)
        labels = [into.this.name] if into is not None else ["name"]
        values = [e.name for e in into.expressions] if into is not None else ["value"]
    sources = [scope.column([name]) for name in listed]
    made = Relation(rows=dict(relation.rows), tables=relation.tables)
    for name, value in relation.columns.items():
        if name not in listed:
            made.add(relation.names[name], value)
    for label in labels:
        made.add(label, Value())
    for name in values:
        made.add(name, together(sources))
    for value in sources:
        made.rows |= deciding(value, FILTER, "UNPIVOT leaves out NULL")
    if not relation.complete:
        made.unknown = (relation,)
    return made

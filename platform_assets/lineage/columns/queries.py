"""What a query gives: SELECT, set operations, common table expressions.

What belongs here: which query reads which. What does not: a SELECT (`select`), what FROM names
(`relations`), expressions (`walk`).
"""

from sqlglot import exp

from platform_assets.lineage.columns import contents, gathering, scalars, walk
from platform_assets.lineage.columns.pivots import statement
from platform_assets.lineage.columns.relations import is_query
from platform_assets.lineage.columns.scope import Context, Scope, Surroundings
from platform_assets.lineage.columns.select import ordering, selected
from platform_assets.lineage.columns.values import Relation, Value, alternatives, deciding
from platform_assets.lineage.model import FILTER, GROUP_BY

ROUNDS = 6  # of a recursive query, until what its columns rest on stays the same

walk.learn(scalars.KINDS | contents.KINDS | gathering.KINDS, scalars.BASES | gathering.BASES)


def evaluate(node: exp.Expr, around: Surroundings, context: Context) -> Relation:
    """Return what a query gives."""
    if isinstance(node, exp.Subquery | exp.Paren):
        return _parenthesized(node, around, context)
    if isinstance(node, exp.Select):
        return selected(node, _with(node, around, context), context)
    if isinstance(node, exp.SetOperation):
        return _set(node, _with(node, around, context), context)
    if isinstance(node, exp.Pivot):
        within = Surroundings(_with(node, around, context).ctes, around.outer)
        source = exp.select("*").from_(node.this.copy())
        return statement(node, evaluate(source, within, context), context, within)
    if isinstance(node, exp.Table | exp.Values):
        return selected(exp.select("*").from_(node.copy()), around, context)
    context.problem(f"{type(node).__name__.upper()} is no query that is read.")
    return Relation()


def _parenthesized(node: exp.Expr, around: Surroundings, context: Context) -> Relation:
    if isinstance(node, exp.Subquery) and (node.args.get("joins") or not is_query(node)):
        return selected(exp.select("*").from_(node.copy()), around, context)
    relation = evaluate(node.this, _with(node, around, context), context)
    if node.args.get("limit") is not None and node.args.get("order") is not None:
        relation.rows |= ordering(node, relation, _over(relation, around, context))
    return relation


def _with(node: exp.Expr, around: Surroundings, context: Context) -> Surroundings:
    """Return the surroundings that the WITH of a query adds to."""
    with_ = node.args.get("with_")
    if with_ is None:
        return around
    ctes = dict(around.ctes)
    for cte in with_.expressions:
        name = cte.alias.lower()
        given = [c.name for c in cte.args["alias"].columns]
        body = cte.this
        recursive = with_.args.get("recursive") and isinstance(body, exp.SetOperation)
        if recursive and any(t.name.lower() == name and not t.db for t in body.find_all(exp.Table)):
            ctes[name] = _recursive(body, name, given, Surroundings(ctes, around.outer), context)
        else:
            found = evaluate(body, Surroundings(dict(ctes), around.outer), context)
            ctes[name] = found.renamed(given)
    return Surroundings(ctes, around.outer)


def _recursive(
    body: exp.SetOperation, name: str, given: list[str], around: Surroundings, context: Context
) -> Relation:
    """Return a recursive query's columns: read itself again until nothing is added."""
    known = evaluate(body.this, around, context).renamed(given)
    known.keys = known.apart = ()
    for _ in range(ROUNDS):
        within = Surroundings({**around.ctes, name: known}, around.outer)
        following = evaluate(body, within, context).renamed(given)
        following.keys = following.apart = ()
        if _size(following) == _size(known):
            break
        known = following
    return known


def _size(relation: Relation) -> tuple[int, ...]:
    values = relation.columns.values()
    return (len(relation.rows), *(len(v.direct) + len(v.indirect) for v in values))


def _set(node: exp.SetOperation, around: Surroundings, context: Context) -> Relation:
    """UNION has the columns of both sides; EXCEPT and INTERSECT those of the left."""
    left = evaluate(node.left, around, context)
    right = evaluate(node.right, around, context)
    union = isinstance(node, exp.Union)
    by_name = bool(node.args.get("by_name"))
    made = Relation(rows=left.rows | right.rows, tables=(*left.tables, *right.tables))
    others = list(right.columns.values())
    for place, (name, value) in enumerate(left.columns.items()):
        other = right.column(name) if by_name else others[place] if place < len(others) else None
        if other is not None and union:
            made.add(left.names[name], alternatives(value, other))
            continue
        made.add(left.names[name], value)
        if other is not None:
            made.rows |= deciding(other, FILTER, node.key.upper())
    if by_name and union:
        for name, value in right.columns.items():
            if name not in left.columns:
                made.add(right.names[name], value)
    if not left.complete or not right.complete:
        made.fallback = lambda name: _either(left.column(name), right.column(name))
    if node.args.get("distinct") or not union:
        for value in list(made.columns.values()):
            made.rows |= deciding(value, GROUP_BY, f"{node.key.upper()} leaves out repeated rows")
        made.keys = made.apart = (frozenset(made.columns),)
    if node.args.get("limit") is not None and node.args.get("order") is not None:
        made.rows |= ordering(node, made, _over(made, around, context))
    return made


def _either(one: Value | None, other: Value | None) -> Value | None:
    if one is None or other is None:
        return one or other
    return alternatives(one, other)


def _over(relation: Relation, around: Surroundings, context: Context) -> Scope:
    scope = Scope(context, around)
    scope.sources["result"] = relation
    return scope

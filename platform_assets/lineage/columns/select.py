"""What a SELECT gives, clause by clause, in the order in which they count.

What does not belong here: FROM (`relations`), groups and keys (`grouping`), expressions (`walk`).
"""

import re
from collections.abc import Iterator

from sqlglot import exp

from platform_assets.lineage.columns.grouping import (
    Written,
    aggregated,
    first_of_each,
    groups,
    keys_of,
    told_apart,
)
from platform_assets.lineage.columns.relations import add_sources
from platform_assets.lineage.columns.scope import Context, Scope, Surroundings
from platform_assets.lineage.columns.values import (
    NOTHING,
    Influences,
    Ranked,
    Relation,
    Value,
    deciding,
)
from platform_assets.lineage.columns.walk import conditions, conjuncts, quoted, value_of
from platform_assets.lineage.model import FILTER, GROUP_BY, JOIN, SORT


def selected(node: exp.Select, around: Surroundings, context: Context) -> Relation:
    """Return what a SELECT gives."""
    scope = Scope(context, around)
    add_sources(node, scope)
    scope.apart = lambda keys: told_apart(keys, node, scope)
    scope.windows = {w.name.lower(): w for w in node.args.get("windows") or ()}
    outputs = list(_outputs(node, scope))
    for projection in node.expressions:
        if isinstance(projection, exp.Alias):
            scope.aliases.setdefault(projection.alias.lower(), projection.this)
    gathered = aggregated(node)
    first = _filtered(node, scope, gathered)
    grouped, group = groups(node, scope)
    scope.rows |= group
    made = Relation(tables=tuple(t for s in scope.sources.values() for t in s.tables))
    own: Influences = {}
    if gathered and not grouped and not (node.args.get("having") or node.args.get("qualify")):
        own, made.single = dict(scope.rows), True  # one row, whatever is filtered
    else:
        made.rows = dict(scope.rows)
    written: list[Written] = []
    for name, value, expression in outputs:
        chosen = (ranked.deciding(_columns_in(expression)) for ranked in first)
        decided = {one: None for order in (own, *chosen) for one in order}
        written.append((made.add(name, value.touched(decided)), expression))
    _forget_renamed(made, written)
    _open_ends(node, scope, made)
    made.keys = keys_of(node, scope, made, written, gathered)
    made.apart = keys_of(node, scope, made, written, gathered, even_without_values=True)
    _distinct(node, scope, made)
    if node.args.get("order") is not None and (node.args.get("limit") or node.args.get("fetch")):
        made.rows |= ordering(node, made, scope)
    return made


def _filtered(node: exp.Select, scope: Scope, gathered: bool) -> list[Ranked]:
    """Note what WHERE, HAVING and QUALIFY decide; return what they take the first rows of.

    That columns of two tables are equal joins them. The first row of each: how they are ordered
    decides over all columns but those that each first row shares with its others. It decides over
    these too where a further condition looks at the first row.
    """
    clauses = {name: node.args.get(name) for name in ("where", "having", "qualify")}
    given = {name: list(conjuncts(one and one.this)) for name, one in clauses.items()}
    alone = (given["qualify"] or given["where"]) if not gathered else []
    alone = [one for one in alone if not _is_constant(one, scope)]
    first = first_of_each(alone[0], scope) if len(alone) == 1 else None
    for one in (one for every in given.values() for one in every):
        if first is not None and one is alone[0]:
            scope.rows |= first.partition
            continue
        owners = {scope.owner(one.this), scope.owner(one.args.get("expression"))}
        joins = isinstance(one, exp.EQ) and len(owners) == 2 and None not in owners
        scope.rows |= conditions(one, JOIN if joins else FILTER, scope)
    return [first] if first is not None else []


def _is_constant(condition: exp.Expr, scope: Scope) -> bool:
    """Whether a condition rests on nothing: `NOT is_stored`, of `false AS is_stored`."""
    value = value_of(condition, scope)
    return not value.direct and not value.indirect and value.ranked is None


def _columns_in(expression: exp.Expr | None) -> frozenset[str] | None:
    """Return the names of the columns that an expression of one row is made of."""
    if expression is None or any(expression.find_all(exp.Query, exp.Window, exp.Lambda, exp.Star)):
        return None
    return frozenset(column.name.lower() for column in expression.find_all(exp.Column))


def _is_column(expression: exp.Expr | None, names: frozenset[str]) -> bool:
    return isinstance(expression, exp.Column) and expression.name.lower() in names


def _forget_renamed(made: Relation, written: list[Written]) -> None:
    """Forget what is numbered within columns that go by these names no more."""
    same = {name for name, expression in written if _is_column(expression, frozenset({name}))}
    for name, value in made.columns.items():
        if value.ranked is None:
            continue
        ranked = value.ranked.known_as(same) if value.ranked.within <= same else None
        made.columns[name] = Value(value.direct, value.indirect, value.parts, ranked)


def _outputs(node: exp.Select, scope: Scope) -> Iterator[tuple[str, Value, exp.Expr | None]]:
    """Return name, value and expression of each output; `*` stands for several."""
    for projection in node.expressions:
        star = projection.this if isinstance(projection, exp.Column) else projection
        if isinstance(star, exp.Star):
            yield from _star(projection, star, scope)
        elif isinstance(projection, exp.Columns):
            yield from _matching(projection, scope)
        else:
            plain = projection.unalias()
            value = value_of(plain, scope)
            told = value.told(lambda plain=plain: quoted(plain, scope))  # type: ignore[misc]
            named = isinstance(projection, exp.Alias | exp.Column | exp.Dot)
            name = projection.output_name if named else quoted(plain, scope)
            yield name, told, plain
            if isinstance(projection, exp.Alias):
                scope.aliases.setdefault(projection.alias.lower(), projection.this)


def _star(
    projection: exp.Expr, star: exp.Expr, scope: Scope
) -> Iterator[tuple[str, Value, exp.Expr | None]]:
    qualifier = projection.args.get("table") if isinstance(projection, exp.Column) else None
    if qualifier is not None and qualifier.name.lower() not in scope.sources:
        yield from _fields(projection, qualifier.name, scope)
        return
    left_out = {e.name.lower() for e in star.args.get("except_") or ()}
    replaced = {e.alias.lower(): e.this for e in star.args.get("replace") or ()}
    renamed = {e.this.name.lower(): e.alias for e in star.args.get("rename") or ()}
    for alias, name, value in scope.all_columns(qualifier.name if qualifier else None):
        lower = name.lower()
        if lower in left_out:
            continue
        if lower in replaced:
            plain = replaced[lower]
            told = value_of(plain, scope).told(lambda plain=plain: quoted(plain, scope))  # type: ignore[misc]
            yield name, told, plain
            continue
        yield renamed.get(lower, name), value, exp.column(name, table=alias)


def _fields(
    projection: exp.Expr, struct: str, scope: Scope
) -> Iterator[tuple[str, Value, exp.Expr | None]]:
    """`s.*` of a struct: its fields, where they are known."""
    value = scope.column([struct])
    if value.parts is None:
        scope.context.problem(f"What {quoted(projection, scope)} stands for is not found out.")
    for name, part in (value.parts or {}).items():
        yield name, part, None


def _matching(node: exp.Columns, scope: Scope) -> Iterator[tuple[str, Value, exp.Expr | None]]:
    """`COLUMNS('pattern')`: the columns whose names match it."""
    if not isinstance(node.this, exp.Literal):
        scope.context.problem(f"What {quoted(node, scope)} stands for is not found out.")
        return
    for alias, name, value in scope.all_columns():
        if re.search(node.this.name, name):
            yield name, value, exp.column(name, table=alias)


def _open_ends(node: exp.Select, scope: Scope, made: Relation) -> None:
    """Note of which sources `*` stands for columns that are not known."""
    stars = [
        p.args.get("table") if isinstance(p, exp.Column) else None
        for p in node.expressions
        if isinstance(p, exp.Star) or (isinstance(p, exp.Column) and isinstance(p.this, exp.Star))
    ]
    wanted = {q.name.lower() if q else None for q in stars}
    made.unknown = tuple(
        source
        for alias, source in scope.sources.items()
        if not source.complete and not _is_list(source) and (None in wanted or alias in wanted)
    )


def _is_list(source: Relation) -> bool:
    return not source.tables and bool(source.columns)


def _distinct(node: exp.Select, scope: Scope, made: Relation) -> None:
    distinct = node.args.get("distinct")
    if distinct is None:
        return
    on = distinct.args.get("on")
    if on is None:
        for value in list(made.columns.values()):
            made.rows |= deciding(value, GROUP_BY, "DISTINCT")
        made.keys = (*made.keys, frozenset(made.columns))
        made.apart = (*made.apart, frozenset(made.columns))
        return
    for key in on.expressions if isinstance(on, exp.Tuple) else [on]:
        made.rows |= deciding(value_of(key, scope), GROUP_BY, f"DISTINCT ON {quoted(key, scope)}")
    if node.args.get("order") is not None:
        made.rows |= ordering(node, made, scope)


def ordering(node: exp.Expr, made: Relation, scope: Scope) -> Influences:
    """Return what the order of rows rests on, where it decides which rows there are."""
    found: Influences = {}
    outputs = list(made.columns.values())
    for key in node.args["order"].expressions:
        plain = key.this if isinstance(key, exp.Ordered) else key
        if isinstance(plain, exp.Literal) and plain.is_int:
            place = int(plain.name) - 1
            value = outputs[place] if place < len(outputs) else NOTHING
        elif isinstance(plain, exp.Column) and len(plain.parts) == 1:
            value = made.columns.get(plain.name.lower()) or value_of(plain, scope)
        else:
            value = value_of(plain, scope)
        found |= deciding(value, SORT, f"ORDER BY {quoted(key, scope)}")
    return found

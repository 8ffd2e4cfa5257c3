"""What FROM names: tables, subqueries, joins, lists, pivots.

What belongs here: adding them to the scope of a SELECT, with what joins them. What does not: the
SELECT itself (`queries`), the pivot (`pivots`).
"""

from collections.abc import Iterable

from sqlglot import exp

from platform_assets.lineage.columns.grouping import is_first
from platform_assets.lineage.columns.pivots import pivoted
from platform_assets.lineage.columns.scope import Scope
from platform_assets.lineage.columns.values import (
    CHANGED,
    NOTHING,
    Influences,
    Relation,
    Value,
    alternatives,
    deciding,
    together,
)
from platform_assets.lineage.columns.walk import conditions, conjuncts, quoted, value_of
from platform_assets.lineage.model import JOIN

SERIES = (exp.GenerateSeries, exp.GenerateDateArray, exp.GenerateTimestampArray)


def add_sources(select: exp.Expr, scope: Scope) -> None:
    """Add everything that FROM, JOIN and LATERAL VIEW of a SELECT name."""
    start = select.args.get("from_")
    if start is not None:
        _add_plain(start.this, scope)
    for join in select.args.get("joins") or ():
        add_join(join, scope)
    for lateral in select.args.get("laterals") or ():
        _add_plain(lateral, scope)


def _add_plain(node: exp.Expr, scope: Scope) -> list[str]:
    """Add what is not joined to anything; return the aliases. Its rows count as they are."""
    added = _add(node, scope)
    for alias in added:
        source = scope.sources[alias]
        scope.note_rows(source.rows)
    for join in node.args.get("joins") or ():
        added += add_join(join, scope)
    return added


def add_join(join: exp.Join, scope: Scope) -> list[str]:
    """Add what JOIN names, and what the condition decides over.

    A left join to at most one row decides over the columns of that row only, any other over all.
    """
    before = list(scope.sources)
    added = _add(join.this, scope)
    for nested in join.this.args.get("joins") or ():
        added += add_join(nested, scope)
    for pivot in join.args.get("pivots") or ():
        scope.sources[added[-1]] = pivoted(scope.sources[added[-1]], pivot, scope)
    keys = _shared(join, scope, before, added)
    on = conditions(join.args.get("on"), JOIN, scope) | _using(keys, join, scope, before, added)
    if str(join.kind).upper() in ("SEMI", "ANTI") or str(join.side).upper() in ("SEMI", "ANTI"):
        for alias in added:
            scope.note_rows(scope.sources.pop(alias).rows)
        scope.note_rows(on)
        return []
    if str(join.side).upper() == "LEFT" and len(added) == 1:
        right = scope.sources[added[0]]
        if right.single or _found_at_most_once(right, added[0], join, keys, scope):
            scope.sources[added[0]] = right.touched(on)
            return added
    for alias in added:
        scope.note_rows(scope.sources[alias].rows)
    scope.note_rows(on)
    return added


def _shared(join: exp.Join, scope: Scope, before: list[str], added: list[str]) -> list[str]:
    """Return the columns that USING names, or that a NATURAL join finds on both sides."""
    using = [one.name.lower() for one in join.args.get("using") or ()]
    if using or str(join.args.get("method")).upper() != "NATURAL":
        return using
    left = {name for alias in before for name in scope.sources[alias].columns}
    return [name for alias in added for name in scope.sources[alias].columns if name in left]


def _using(
    keys: Iterable[str], join: exp.Join, scope: Scope, before: list[str], added: list[str]
) -> Influences:
    """Merge the columns of USING into one each; return what they decide."""
    found: Influences = {}
    for key in keys:
        text = f"USING ({key})"
        left = [(a, scope.sources[a].column(key)) for a in before]
        right = [(a, scope.sources[a].column(key)) for a in added]
        sides = [
            next(((a, value) for a, value in side if value is not None), None)
            for side in (left, right)
        ]
        known = [one for one in sides if one is not None]
        for _, value in known:
            found |= deciding(value, JOIN, text)
        if len(known) == 2:
            side = str(join.side).upper()
            taken = known[::-1] if side == "RIGHT" else known
            if side == "FULL":
                scope.merged[key] = together(value for _, value in known).raised(CHANGED, True)
            else:
                scope.merged[key] = scope.merged.get(key, taken[0][1])
            scope.hidden.add((known[1][0], key))
    return found


def _found_at_most_once(
    right: Relation, alias: str, join: exp.Join, using: list[str], scope: Scope
) -> bool:
    """Whether the condition names a key of the right side, each column equal to something else.

    Of rows that are numbered within some columns, the first of each are told apart by these.
    """
    equal, keys = set(using), list(right.keys)
    for one in conjuncts(join.args.get("on")):
        if isinstance(one, exp.EQ | exp.NullSafeEQ):
            for side, other in ((one.this, one.expression), (one.expression, one.this)):
                owners = {scope.owner(column) for column in other.find_all(exp.Column)}
                if scope.owner(side) == alias and alias not in owners:
                    equal.add(side.name.lower())
            if scope.owner(one.this) == alias and is_first(one):
                ranked = value_of(one.this, scope).ranked
                keys += [ranked.within] if ranked is not None else []
    return any(key <= equal for key in keys)


def _add(node: exp.Expr, scope: Scope) -> list[str]:
    """Add one thing, without what is joined to it."""
    if isinstance(node, exp.Paren) or (isinstance(node, exp.Subquery) and not is_query(node)):
        inside = node.this
        added = _add_plain(inside, scope)
        for join in node.args.get("joins") or ():
            added += add_join(join, scope)
        return added
    relation = _relation(node, scope)
    alias = node.alias_or_name
    given = node.args.get("alias")
    if isinstance(given, exp.TableAlias) and given.columns and not isinstance(node, LISTS):
        relation = relation.renamed(column.name for column in given.columns)
    for pivot in node.args.get("pivots") or ():
        relation = pivoted(relation, pivot, scope)
        alias = pivot.alias or alias
        if isinstance(pivot.args.get("alias"), exp.TableAlias) and pivot.args["alias"].columns:
            relation = relation.renamed(c.name for c in pivot.args["alias"].columns)
    return [scope.add(alias or f"source {len(scope.sources) + 1}", relation)]


LISTS = (exp.Unnest, exp.Lateral)


def is_query(node: exp.Subquery) -> bool:
    """Whether parentheses hold a query; else they hold tables that are joined."""
    held = node.this
    if isinstance(held, exp.Subquery):
        return not held.alias and not held.args.get("joins") and is_query(held)
    return isinstance(held, exp.Query) and not isinstance(held, exp.Table)


def _relation(node: exp.Expr, scope: Scope) -> Relation:
    if isinstance(node, exp.Table):
        return _table(node, scope)
    if isinstance(node, exp.Unnest):
        return _list(node, node.expressions, scope)
    if isinstance(node, exp.Lateral):
        if isinstance(node.this, exp.Query):
            return scope.query(node.this)
        return _list(node, [node.this], scope)
    if isinstance(node, exp.Values):
        return _values(node, scope)
    if isinstance(node, exp.Pivot):
        return scope.context.evaluate(node, scope.around)
    return scope.query(node)


def _table(node: exp.Table, scope: Scope) -> Relation:
    if isinstance(node.this, exp.Identifier):
        if not node.db and node.name.lower() in scope.around.ctes:
            return scope.around.ctes[node.name.lower()]
        name = f"{node.db}.{node.name}" if node.db else node.name
        return scope.context.table(name.lower())
    if isinstance(node.this, (*SERIES, exp.Unnest, exp.Explode)) or node.this.find(exp.Column):
        return _list(node, [node.this], scope)  # `json_each(t.properties)` is a list too
    scope.context.problem(
        f"What {quoted(node.this, scope)} reads is no table whose columns are known."
    )
    return Relation(fallback=lambda name: NOTHING)


def _list(node: exp.Expr, lists: list[exp.Expr], scope: Scope) -> Relation:
    """Return the rows that a list is turned into: as many as it is long."""
    text = quoted(node, scope)
    items, rows = [], Influences()
    for one in lists:
        arguments = one.iter_expressions() if isinstance(one, (*SERIES, exp.Explode)) else [one]
        value = together(value_of(argument, scope) for argument in arguments)
        rows |= deciding(value, JOIN, text)
        item = value.raised(CHANGED, open_=True)
        item.parts = next(iter(value.parts.values())).parts if value.parts else None
        items.append(item)
    whole = together(items) if len(items) > 1 else (items or [NOTHING])[0]
    alias = node.args.get("alias")
    named = [c.name for c in alias.columns] if isinstance(alias, exp.TableAlias) else []
    relation = Relation(rows=rows)
    default = node.alias_or_name or "unnest"
    for place, name in enumerate(named or [default]):
        relation.add(name, items[place] if place < len(items) else Value())
    plain = {"unnest", "generate_series", "range", "value", "key", default.lower()}
    relation.fallback = lambda name: whole if name in plain else whole.within(name)
    return relation


def _values(node: exp.Values, scope: Scope) -> Relation:
    relation = Relation()
    for row in node.expressions:
        cells = row.expressions if isinstance(row, exp.Tuple) else [row]
        for place, cell in enumerate(cells):
            value = value_of(cell, scope)
            key = f"col{place}"
            if key in relation.columns:
                relation.columns[key] = alternatives(relation.columns[key], value)
            else:
                relation.add(key, value)
    return relation

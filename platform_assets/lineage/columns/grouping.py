"""Groups, and by which columns a row is found at most once.

What belongs here: what GROUP BY names, which of it decides nothing because the rest determines it,
and the keys that a SELECT keeps or makes.
"""

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp

from platform_assets.lineage.columns.scope import Scope
from platform_assets.lineage.columns.values import Influences, Ranked, Relation, deciding
from platform_assets.lineage.columns.walk import conjuncts, quoted, value_of
from platform_assets.lineage.model import GROUP_BY

Written = tuple[str, exp.Expr | None]  # an output's name, and its expression


def aggregated(node: exp.Select) -> bool:
    """Whether rows are gathered: GROUP BY, or an aggregate that is no window."""
    if node.args.get("group") is not None:
        return True
    clauses = [*node.expressions, node.args.get("having")]
    return any(_gathers(clause) for clause in clauses if clause is not None)


def _gathers(node: exp.Expr) -> bool:
    if isinstance(node, exp.Query):
        return False
    if isinstance(node, exp.Window):
        return any(_gathers(one) for one in node.this.iter_expressions())
    if isinstance(node, exp.AggFunc | exp.AnonymousAggFunc):
        return True
    return any(_gathers(one) for one in node.iter_expressions())


def groups(node: exp.Select, scope: Scope) -> tuple[bool, Influences]:
    """Return whether there are groups, and what decides over them.

    What the other keys determine decides nothing: grouped by an order's number, its date makes no
    group of its own.
    """
    if node.args.get("group") is None:
        return False, {}
    found: Influences = {}
    keys = list(group_keys(node))
    for key in _deciding_keys(keys, node, scope):
        found |= deciding(value_of(key, scope), GROUP_BY, quoted(key, scope))
    return bool(keys), found


def _deciding_keys(keys: list[exp.Expr], node: exp.Select, scope: Scope) -> list[exp.Expr]:
    """Return the keys that are left when those go which the others determine."""
    if not any(source.keys for source in scope.sources.values()):
        return keys
    equal = list(_equal_columns(node, scope))
    back = [(b, a) for a, b in equal]
    unique = {alias: source.keys for alias, source in scope.sources.items()}
    left = list(keys)
    for key in reversed(keys):
        column = scope.named(key)
        others = {name for one in left if one is not key and (name := scope.named(one))}
        if column is not None and column in _determined(others, [*equal, *back], unique, scope):
            left = [one for one in left if one is not key]
    return left


Named = tuple[str, str]  # source, column


def told_apart(partition: list[exp.Expr], node: exp.Select, scope: Scope) -> bool:
    """Whether no two rows of what FROM names share these values: they determine a row of each.

    The right side of a left join is determined by what its key must equal.
    """
    sources = scope.sources
    if not any(source.apart for source in sources.values()):
        return False
    joins = node.args.get("joins") or ()
    if any(str(join.side or "").upper() in ("RIGHT", "FULL") for join in joins):
        return False
    equal = list(_equal_columns(node, scope))
    equal += [(b, a) for a, b in equal]
    for join in joins:
        if str(join.side or "").upper() == "LEFT":
            pairs = list(_equal_in(join.args.get("on"), scope))
            added = join.this.alias_or_name.lower()
            equal += [pair for pair in (*pairs, *((b, a) for a, b in pairs)) if pair[1][0] == added]
    known = {name for one in partition if (name := scope.named(one)) is not None}
    given = {b for _, b in equal}  # columns that have a value, where there is a row
    unique = {
        alias: (*source.apart, *(k for k in source.keys if all((alias, c) in given for c in k)))
        for alias, source in sources.items()
    }
    found = _determined(known, equal, unique, scope)
    return all(
        source.single or any(all((alias, name) in found for name in key) for key in unique[alias])
        for alias, source in sources.items()
    )


def _determined(
    known: set[Named],
    equal: list[tuple[Named, Named]],
    unique: Mapping[str, Iterable[frozenset[str]]],
    scope: Scope,
) -> set[Named]:
    """Return what these columns determine: by keys of their tables, and by what equals them."""
    found = set(known)
    while True:
        more = {b for a, b in equal if a in found}
        for alias, source in scope.sources.items():
            if any(all((alias, name) in found for name in key) for key in unique[alias] if key):
                more |= {(alias, name) for name in source.columns}
        if more <= found:
            return found
        found |= more


def _equal_columns(node: exp.Select, scope: Scope) -> Iterator[tuple[Named, Named]]:
    """Return the pairs of columns that are equal in every row."""
    where = node.args.get("where")
    given = [where.this if where is not None else None]
    given += [
        join.args.get("on") for join in node.args.get("joins") or () if str(join.side or "") == ""
    ]
    for condition in given:
        yield from _equal_in(condition, scope)


def _equal_in(condition: exp.Expr | None, scope: Scope) -> Iterator[tuple[Named, Named]]:
    for one in conjuncts(condition):
        if isinstance(one, exp.EQ):
            left, right = scope.named(one.this), scope.named(one.expression)
            if left is not None and right is not None:
                yield left, right


def group_keys(node: exp.Select) -> Iterator[exp.Expr]:
    """Return what GROUP BY names, behind numbers, ALL, and sets of groups."""
    group = node.args["group"]
    if group.args.get("all"):
        yield from (p.unalias() for p in node.expressions if not _gathers(p))
    listed = list(group.expressions)
    for kind in ("grouping_sets", "rollup", "cube"):
        listed += group.args.get(kind) or []
    for key in listed:
        if isinstance(key, exp.Literal) and key.is_int:
            place = int(key.name) - 1
            if place < len(node.expressions):
                yield node.expressions[place].unalias()
        elif isinstance(key, exp.GroupingSets | exp.Rollup | exp.Cube | exp.Tuple):
            yield from key.find_all(exp.Column)
        else:
            yield key


def keys_of(
    node: exp.Select,
    scope: Scope,
    made: Relation,
    written: list[Written],
    gathered: bool,
    even_without_values: bool = False,
) -> tuple[frozenset[str], ...]:
    """Return by which outputs a row is found at most once.

    Args:
        even_without_values: only those that no two rows share, even where they have no value.
    """
    names: dict[str, str] = {}
    for name, expression in written:
        if expression is not None:
            names.setdefault(expression.sql().lower(), name)
            if isinstance(expression, exp.Column):
                names.setdefault(expression.name.lower(), name)
    wanted: list[list[str]] = []
    if gathered:
        plain = node.args.get("group")
        sets = plain is not None and any(
            plain.args.get(kind) for kind in ("grouping_sets", "rollup", "cube")
        )
        if plain is not None and not sets:
            wanted.append([key.sql().lower() for key in group_keys(node)])
    else:
        wanted += _kept_keys(node, scope, even_without_values)
    found = []
    for keys in wanted:
        mapped = [names.get(k) or names.get(k.rpartition(".")[2]) for k in keys]
        mapped = [
            m or (k if k in made.columns else None) for m, k in zip(mapped, keys, strict=True)
        ]
        if all(mapped):
            found.append(frozenset(m for m in mapped if m))
    return tuple(found)


def first_of_each(condition: exp.Expr, scope: Scope) -> Ranked | None:
    """Return what is numbered, if a condition takes the first row of each: `place = 1`."""
    if not is_first(condition) or len(scope.sources) != 1:
        return None
    return value_of(condition.this, scope).ranked


def is_first(condition: exp.Expr) -> bool:
    """Whether a condition says that something is 1, as the number of a first row is."""
    one = condition.args.get("expression")
    return isinstance(condition, exp.EQ) and isinstance(one, exp.Literal) and one.name == "1"


def _kept_keys(node: exp.Select, scope: Scope, even_without_values: bool) -> Iterator[list[str]]:
    """Return keys that a SELECT without groups keeps: the first row of each, or of its source."""
    for clause in ("where", "qualify"):
        condition = node.args.get(clause)
        for one in conjuncts(condition.this if condition is not None else None):
            ranked = first_of_each(one, scope)
            if ranked is not None:
                yield sorted(ranked.within)
    if len(scope.sources) == 1:
        (source,) = scope.sources.values()
        for key in source.apart if even_without_values else source.keys:
            yield sorted(key)

"""Statements that write: INSERT, UPDATE and MERGE as the query of what they put into their table.

What belongs here: the SELECT that has the same lineage, its columns named as the table's are. What
does not: tracing it (`queries`). A column has what a statement writes into it; rows that stay as
they were are not told of. DELETE writes no column.
"""

from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

ColumnsOf = Callable[[str], Sequence[str]]  # of a table, `schema.name`; none where not known


def stored(tree: exp.Expr, columns_of: ColumnsOf) -> tuple[exp.Expr, list[str]]:
    """Return the query of what a statement stores, and the names its columns are given besides.

    Raises:
        ValueError: it is written in a way that is not understood, or stores nothing.
    """
    if isinstance(tree, exp.Create | exp.Insert):
        return _inserted(tree, columns_of)
    if isinstance(tree, exp.Update):
        return _with_of(tree, _updated(tree)), []
    if isinstance(tree, exp.Merge):
        return _with_of(tree, _merged(tree, columns_of)), []
    return tree, []


def _inserted(tree: exp.Create | exp.Insert, columns_of: ColumnsOf) -> tuple[exp.Expr, list[str]]:
    query = tree.expression
    if isinstance(query, exp.Query):
        query = _with_of(tree, query)
    target, names = tree.this, list[str]()
    if isinstance(target, exp.Schema):
        names = [c.name for c in target.expressions if isinstance(c, exp.Identifier)]
        target = target.this
    elif isinstance(tree, exp.Insert) and not tree.args.get("by_name"):
        names = list(columns_of(_named(target)))
    conflict = tree.args.get("conflict")
    if conflict is None or not conflict.expressions or not isinstance(query, exp.Query):
        return query, names
    # ON CONFLICT DO UPDATE: the row that was to be inserted is called `excluded`.
    given = exp.TableAlias(
        this=exp.to_identifier("excluded"), columns=[exp.to_identifier(n) for n in names]
    )
    keys = [
        exp.EQ(
            this=exp.column(key.name, table="excluded"),
            expression=exp.column(key.name, table=target.alias_or_name),
        )
        for key in conflict.args.get("conflict_keys") or ()
    ]
    excluded = exp.Subquery(this=query.copy(), alias=given)
    where = conflict.args.get("where")
    update = _select(
        list(_assigned(conflict.expressions)),
        [target, excluded],
        exp.and_(*keys) if keys else None,
        [where.this] if where is not None else [],
    )
    first = exp.Subquery(this=query, alias=given.copy())
    return _union([exp.select("*").from_(first), update]), []


def _updated(tree: exp.Update) -> exp.Query:
    read = tree.args.get("from_")
    where = tree.args.get("where")
    return _select(
        list(_assigned(tree.expressions)),
        [tree.this, *([read.this] if read is not None else [])],
        None,
        [where.this] if where is not None else [],
    )


def _merged(tree: exp.Merge, columns_of: ColumnsOf) -> exp.Query:
    """Each WHEN is a query over the joined rows; what the ones before it took is not its own."""
    target, source = tree.this, tree.args["using"]
    if tree.args.get("on") is None:
        raise ValueError("it merges without ON")
    parts, taken = list[exp.Query](), list[tuple[object, exp.Expr]]()
    for when in tree.args["whens"].expressions:
        kind = (when.args.get("matched"), when.args.get("source"))
        condition = when.args.get("condition")
        conditions = [exp.not_(one.copy()) for of, one in taken if of == kind]
        if condition is not None:
            conditions.append(condition)
            taken.append((kind, condition))
        then = when.args["then"]
        if isinstance(then, exp.Update):
            read = [target, source]
            written = list(_assigned(then.expressions or [exp.Star()], source))
        elif isinstance(then, exp.Insert):
            read = [source, target]
            written = list(_values(then, source, columns_of(_named(target))))
        else:
            continue  # DELETE, DO NOTHING
        parts.append(_select(written, read, tree.args["on"], conditions))
    if not parts:
        raise ValueError("it writes no column")
    return _union(parts)


def _assigned(
    expressions: Sequence[exp.Expr], source: exp.Expr | None = None
) -> Iterator[exp.Expr]:
    """Return what SET says as projections; `SET *` takes the source's columns by name."""
    for one in expressions:
        if isinstance(one, exp.Star) and source is not None:
            yield exp.Column(this=exp.Star(), table=exp.to_identifier(source.alias_or_name))
        elif isinstance(one, exp.EQ) and isinstance(one.this, exp.Column):
            yield _as(one.expression, one.this.name)
        else:
            raise ValueError(f"it sets {one.sql()[:60]}")


def _values(then: exp.Insert, source: exp.Expr, columns: Sequence[str]) -> Iterator[exp.Expr]:
    """Return what INSERT of a MERGE says as projections."""
    if not isinstance(then.expression, exp.Tuple):  # `INSERT *`, `INSERT BY NAME`
        yield from _assigned([exp.Star()], source)
        return
    values, listed = then.expression.expressions, then.this
    names = [c.name for c in listed.expressions] if isinstance(listed, exp.Tuple) else columns
    if len(names) < len(values):
        raise ValueError("it inserts into columns that are not known")
    for name, value in zip(names, values, strict=False):
        yield _as(value, name)


def _as(value: exp.Expr, name: str) -> exp.Expr:
    return exp.Alias(this=value.copy(), alias=exp.to_identifier(name, quoted=True))


def _select(
    written: Sequence[exp.Expr],
    read: Sequence[exp.Expr],
    on: exp.Expr | None,
    conditions: Sequence[exp.Expr],
) -> exp.Query:
    first, *others = (one.copy() for one in read)
    joins = [exp.Join(this=one, on=on.copy() if on is not None else None) for one in others]
    select = exp.Select(expressions=list(written), from_=exp.From(this=first), joins=joins)
    if conditions:
        select.set("where", exp.Where(this=exp.and_(*conditions, copy=True)))
    return select


def _union(parts: Sequence[exp.Query]) -> exp.Query:
    first, *others = parts
    for one in others:
        first = exp.Union(this=first, expression=one, distinct=False, by_name=True)
    return first


def _with_of(tree: exp.Expr, query: exp.Query) -> exp.Query:
    """Return a query with the common table expressions that stand before the statement."""
    with_ = tree.args.get("with_")
    if with_ is not None:
        query.set("with_", with_.pop())
    return query


def _named(table: exp.Expr) -> str:
    return f"{table.db}.{table.name}".lower().strip(".") if isinstance(table, exp.Table) else ""

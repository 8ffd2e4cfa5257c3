"""Which columns a report's SQL names, and whether they exist: known before anything runs.

What belongs here: finding a column that cannot be there, and what columns a query gives. What does
not: tables (`sql`), the errors of the engine (`queries`).

The check is careful rather than complete: where a table's columns are not known, where a query
gives columns that only the engine can tell (`SELECT *` of such a table, PIVOT), nothing that comes
from there is judged.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from platform_assets.reporting.document import Document
from platform_assets.reporting.errors import ReportError, did_you_mean
from platform_assets.reporting.sql import THIS_REPORT, Parsed

# Schema under which the queries of the report are known to each other while they are checked.
QUERIES = "queries of this report"
# What DuckDB understands as a column of every table, or as a word of its own.
ALWAYS = {"rowid", "all", "*", "snapshot_id", "filename"}
THIS_REPORT_COLUMNS = ("generated_at", "generated_on")


def check(
    parsed: Mapping[str, Parsed], known: Mapping[str, Sequence[str]], document: Document
) -> dict[str, list[str]]:
    """Refuse a column that can't be there; return the columns of each query, as far as known.

    Args:
        parsed: from `sql.parse_all`.
        known: columns of tables by `schema.table`; a table without any is not judged.
        document: for the file's name.

    Returns:
        Columns by query; a query whose columns can't be told is left out.

    Raises:
        ReportError: file, line and the nearest right name.
    """
    tables = {name.lower(): [c.lower() for c in columns] for name, columns in known.items()}
    given: dict[str, list[str]] = {THIS_REPORT: list(THIS_REPORT_COLUMNS)}
    for name in _in_order(parsed):
        try:
            columns = _check_query(parsed[name], tables, given)
        except ReportError as error:
            raise error.at(document.file, parsed[name].query.line) from None
        if columns is not None:
            given[name] = columns
    return {name: columns for name, columns in given.items() if name != THIS_REPORT}


def _in_order(parsed: Mapping[str, Parsed]) -> list[str]:
    """Return the queries so that each comes after those it names."""
    order: list[str] = []

    def visit(name: str) -> None:
        for other in parsed[name].queries:
            if other in parsed and other not in order:
                visit(other)
        if name not in order:
            order.append(name)

    for name in parsed:
        visit(name)
    return order


def _check_query(
    one: Parsed, tables: Mapping[str, list[str]], given: Mapping[str, list[str]]
) -> list[str] | None:
    """Check one query; return the columns it gives, None where that can't be told."""
    tree = _qualified(one, tables, given)
    if tree is None:
        return None
    for scope in traverse_scope(tree):
        _check_scope(one, scope, tables, given)
    return _outputs(tree)


def _qualified(
    one: Parsed, tables: Mapping[str, list[str]], given: Mapping[str, list[str]]
) -> exp.Query | None:
    """Return the query with every column's table written out, as far as it is known."""
    tree = one.tree.copy()
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and not table.db and table.name in one.queries:
            table.set("db", exp.to_identifier(QUERIES, quoted=True))
    schema: dict[str, Any] = {}
    for table_name, columns in tables.items():
        if table_name in one.tables and columns:
            folder, name = table_name.split(".", 1)
            schema.setdefault(folder, {})[name] = dict.fromkeys(columns, "unknown")
    for query in one.queries:
        if query in given:
            schema.setdefault(QUERIES, {})[query] = dict.fromkeys(given[query], "unknown")
    try:
        found = qualify(
            tree,
            dialect="duckdb",
            schema=schema,
            allow_partial_qualification=True,
            validate_qualify_columns=False,
            quote_identifiers=False,
            identify=False,
        )
    except (SqlglotError, RecursionError, KeyError, AttributeError, TypeError, ValueError):
        return None  # beyond what can be told without the engine
    return found if isinstance(found, exp.Query) else None


def _check_scope(
    one: Parsed, scope: Scope, tables: Mapping[str, list[str]], given: Mapping[str, list[str]]
) -> None:
    """Refuse the first column of a SELECT that none of what it reads can have."""
    sources = {name.lower(): _columns(source, tables, given) for name, source in _visible(scope)}
    if any(isinstance(node, exp.Pivot | exp.Lateral) for node in scope.walk()):
        return
    aliases = {each.alias.lower() for each in one.tree.find_all(exp.Alias)}
    for column in scope.columns:
        name = column.name.lower()
        if not name or name in ALWAYS or name in sources:
            continue
        if column.table:
            have = sources.get(column.table.lower())
            if have is not None and name not in have:
                raise _no_column(one, column, have)
        elif sources and name not in aliases and None not in sources.values():
            have = {each for columns in sources.values() for each in columns or ()}
            if name not in have:
                raise _no_column(one, column, have | aliases)


def _visible(scope: Scope) -> Iterator[tuple[str, exp.Expr | Scope]]:
    """Yield what a SELECT may name: its own sources, and those of the SELECTs around it."""
    outer: Scope | None = scope
    while outer is not None:
        yield from outer.sources.items()
        outer = outer.parent


def _columns(
    source: exp.Expr | Scope, tables: Mapping[str, list[str]], given: Mapping[str, list[str]]
) -> set[str] | None:
    """Return the columns of what a SELECT reads, None where they can't be told."""
    if isinstance(source, exp.Table):
        if not isinstance(source.this, exp.Identifier) or source.args.get("pivots"):
            return None
        if source.db == QUERIES:
            return set(given[source.name]) if source.name in given else None
        return set(tables.get(f"{source.db}.{source.name}".lower(), ())) or None
    if isinstance(source, Scope) and isinstance(source.expression, exp.Query):
        outputs = _outputs(source.expression)
        if outputs is None or source.is_udtf:
            return None
        renamed = [column.lower() for column in source.outer_columns]
        return {*renamed, *outputs}
    return None


def _outputs(tree: exp.Query) -> list[str] | None:
    names = [name.lower() for name in tree.named_selects]
    stars = any(isinstance(each, exp.Star | exp.Columns) for each in _projections(tree))
    unnamed = any(name in ("", "*") or name.startswith("_col_") for name in names)
    return None if stars or unnamed or not names else names


def _projections(tree: exp.Query) -> Iterator[exp.Expr]:
    """Yield the columns that a query (each side of a UNION) selects, without their aliases."""
    select = tree
    while isinstance(select, exp.SetOperation | exp.Subquery):
        select = select.this
    for each in select.selects:
        bare = each.unalias()
        yield bare.this if isinstance(bare, exp.Column) else bare


def _no_column(one: Parsed, column: exp.Column, known: Collection[str]) -> ReportError:
    shown = column.name if _added(one, column) else column.sql(dialect="duckdb")
    error = ReportError(
        f"query `{one.query.name}`: there is no column `{shown}`.",
        hint=did_you_mean(column.name, known),
    )
    line = column.this.meta.get("line") if isinstance(column.this, exp.Expression) else None
    error.line = one.query.line + (int(line) - 1 if line else 0)
    return error


def _added(one: Parsed, column: exp.Column) -> bool:
    """Whether the author wrote the column without its table."""
    return not any(
        each.table.lower() == column.table.lower() and each.name.lower() == column.name.lower()
        for each in one.tree.find_all(exp.Column)
        if each.table
    )

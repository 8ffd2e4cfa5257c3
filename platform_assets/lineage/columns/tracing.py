"""Lineage of one statement, from its SQL and the columns of the tables it reads."""

from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from platform_assets.lineage.columns.queries import evaluate
from platform_assets.lineage.columns.scope import Context, Surroundings
from platform_assets.lineage.columns.values import decided, edges
from platform_assets.lineage.columns.written import ColumnsOf, stored
from platform_assets.lineage.model import Edge, Statement, TableLineage

VERSION = 3  # of what is found: one more whenever the same SQL is traced otherwise

Schemas = Mapping[str, Mapping[str, str]]  # columns by table: lower case to as spelled
Keys = Mapping[str, tuple[frozenset[str], ...]]


def trace_one(statement: Statement, schemas: Schemas, keys: Keys) -> tuple[TableLineage, set[str]]:
    """Return what each column that a statement makes rests on, and the tables it reads.

    What can't be found out is named in `problem`; what is known beside it is told all the same.
    """
    key, table = statement.key, statement.table
    if statement.problem:
        return TableLineage(key, table, problem=statement.problem), set()
    named: set[str] = set()

    def columns_of(other: str) -> list[str]:
        if other in schemas:
            named.add(other)
        return list(schemas.get(other, {}).values())

    try:
        tree, names = parsed(statement, columns_of)
        context = Context(
            statement.dialect, schemas, keys, lambda node, around: evaluate(node, around, context)
        )
        found = evaluate(tree, Surroundings({}), context).renamed(names)
    except (SqlglotError, ValueError) as error:
        return TableLineage(key, table, problem=f"Its SQL is not read: {_first_line(error)}"), set()
    except RecursionError:
        return TableLineage(key, table, problem="Its SQL is nested too deep to be read."), set()
    known = schemas.get(table, {})
    if not found.complete:
        for lower, spelled in known.items():
            value = found.column(lower) if lower not in found.columns else None
            if value is not None:
                found.add(spelled, value)
        if not known:
            context.problem(_unknown(found.unknown))
    rows: dict[Edge, None] = dict.fromkeys(decided(found.rows))
    columns = {
        known.get(name, found.names[name]): edges(value, rows)
        for name, value in found.columns.items()
    }
    problem = " ".join(context.problems)
    return TableLineage(key, table, columns, tuple(rows), problem), context.read | named


def parsed(statement: Statement, columns_of: ColumnsOf) -> tuple[exp.Expr, list[str]]:
    """Return the one query of a statement, and the names its columns are given besides.

    Of CREATE, INSERT, UPDATE and MERGE it is the query of what they store.

    Raises:
        SqlglotError: it can't be read.
        ValueError: it is not one query.
    """
    trees = [
        tree
        for tree in sqlglot.parse(statement.sql, dialect=statement.dialect)
        if tree is not None and not isinstance(tree, exp.Semicolon)
    ]
    if len(trees) != 1:
        raise ValueError(f"it holds {len(trees)} statements")
    tree, names = stored(trees[0], columns_of)
    if not isinstance(tree, exp.Query | exp.Values | exp.Pivot):
        raise ValueError(f"it is no query but {type(trees[0]).__name__.upper()}")
    return tree, names


def _unknown(unknown: tuple[object, ...]) -> str:
    tables = [t for relation in unknown for t in getattr(relation, "tables", ())]
    told = ", ".join(dict.fromkeys(tables)) or "what is read"
    return f"What * stands for is not known, because the columns of {told} are not."


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") + "."

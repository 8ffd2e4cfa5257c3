"""What a key result's or a metric's SQL reads and returns, told without running it.

What belongs here: one query, parsed. What does not: running it (`measuring`).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from resources.table_names import asset_key

MEASURED = ("value", "as_of")  # what the query of a key result returns
_WRITES = (exp.DML, exp.DDL, exp.Command, exp.Into)


class WrongSql(Exception):
    """A query that is not what it has to be; `line` counts from its first line, from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.message, self.line = message, line


@dataclass(frozen=True)
class Parsed:
    """One query.

    Attributes:
        tables: keys of the assets that it reads, sorted.
        columns: names of what it returns, in lower case; () where only the engine knows.
    """

    tables: tuple[str, ...]
    columns: tuple[str, ...]


def check(sql: str, columns: tuple[str, ...] = ()) -> None:
    """Refuse a query that can't be read, does more than read, or lacks one of the columns.

    Raises:
        WrongSql: with the line within the query.
    """
    parsed = parse(sql)
    missing = [name for name in columns if name not in parsed.columns]
    if parsed.columns and missing:
        wanted = " and ".join(f"`{name}`" for name in columns)
        raise WrongSql(
            f"the query returns {', '.join(parsed.columns)}: it has to return {wanted}, one row."
        )
    if not parsed.tables:
        raise WrongSql("the query reads no table: what it says would never change.")


@lru_cache(maxsize=512)
def parse(sql: str) -> Parsed:
    """Return what a query reads and returns.

    Raises:
        WrongSql: it can't be read, does more than read, or names a table without its schema.
    """
    tree = _tree(sql)
    tables = set()
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or _is_named_above(table):
            continue
        if not table.db:
            line = int(table.this.meta.get("line") or 1)
            raise WrongSql(f"`{table.name}` has no schema: write e.g. marts.{table.name}.", line)
        tables.add(asset_key(f"{table.db}.{table.name}".lower()))
    open_ended = any(isinstance(each, exp.Star) or each.is_star for each in tree.selects)
    columns = () if open_ended else tuple(name.lower() for name in tree.named_selects)
    return Parsed(tuple(sorted(tables)), columns)


def _tree(sql: str) -> exp.Query:
    try:
        trees: list[Any] = [
            tree
            for tree in sqlglot.parse(sql, dialect="duckdb")
            if tree is not None and not isinstance(tree, exp.Semicolon)
        ]
    except (ParseError, TokenError) as error:
        told = (getattr(error, "errors", None) or [{}])[0]
        what = str(told.get("description") or str(error).splitlines()[0]).rstrip(".")
        raise WrongSql(f"this is no SQL: {what}.", int(told.get("line") or 1)) from None
    if len(trees) != 1:
        raise WrongSql(f"there are {len(trees)} statements: write one SELECT.")
    tree = trees[0]
    if not isinstance(tree, exp.Query) or any(
        isinstance(node, _WRITES) and not isinstance(node, exp.Query) for node in tree.walk()
    ):
        raise WrongSql("the query does more than read: write a SELECT.")
    return tree


def _is_named_above(table: exp.Table) -> bool:
    """Whether a table is a common table expression of a query around it."""
    node: exp.Expr | None = table
    while node is not None:
        named = node.args.get("with_") or node.args.get("with")
        if named and any(one.alias.lower() == table.name.lower() for one in named.expressions):
            return not table.db
        node = node.parent
    return False

"""SQL in plain words, where it is simple enough: `status <> 'cancelled'` of `marts.fct_orders` is
"only orders that are not cancelled". Where it is not, there are no words, and SQL is shown.

What belongs here: conditions, joins, groups, and how a value is come by. Nothing is guessed: a
condition with one part that is not understood has no words at all.
"""

import re
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from platform_assets.lineage.model import AGGREGATION, IDENTITY, Edge

STATES = {"status", "state"}
PARTICIPLE = re.compile(r"[a-z]+(ed|en|aid)|open|new|active|pending|live")
PREFIX = re.compile(r"(fct|dim|stg|int|raw)_")
LISTED = 6  # values that a sentence can hold
COMPARED: dict[type[exp.Expr], str] = {
    exp.EQ: "is", exp.NEQ: "is not", exp.GT: "is more than", exp.GTE: "is at least",
    exp.LT: "is less than", exp.LTE: "is at most", exp.NullSafeEQ: "is", exp.NullSafeNEQ: "is not",
}  # fmt: skip
DATED: dict[type[exp.Expr], str] = {
    exp.GT: "is after", exp.GTE: "is on or after", exp.LT: "is before", exp.LTE: "is on or before",
}  # fmt: skip
GATHERED: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.Sum, "the sum of"), (exp.Count, "the number of"), (exp.Avg, "the average of"),
    (exp.Max, "the largest of"), (exp.Min, "the smallest of"), (exp.Median, "the median of"),
)  # fmt: skip


class _NotSimple(Exception):
    """There are no plain words for it."""


def noun(table: str) -> str:
    """Return what the rows of a table are called: `marts.fct_orders` are orders."""
    name = PREFIX.sub("", table.rpartition(".")[2].rpartition("__")[2])
    words = name.replace("_", " ")
    return words if words.endswith("s") else f"rows of {words}"


def named(column: str) -> str:
    """Return a column's name as words."""
    return column.strip("_").replace("_", " ")


@lru_cache(4096)
def columns(sql: str) -> tuple[str, ...]:
    """Return the names of the columns that SQL names, in lower case; none if it can't be read."""
    try:
        found = _parsed(sql).find_all(exp.Column)
        return tuple(dict.fromkeys(column.name.lower() for column in found))
    except _NotSimple:
        return ()


@lru_cache(4096)
def condition(sql: str, rows: str = "rows") -> str:
    """Return a filter in words, `only orders that are not cancelled`; "" if it is not simple.

    Args:
        sql: the condition.
        rows: what the rows are called.
    """
    try:
        return f"only {rows} {_told(_parsed(sql))}"
    except _NotSimple:
        return ""


@lru_cache(4096)
def join(sql: str) -> str:
    """Return by what rows of two tables are matched: `the same customer id`; "" if not simple."""
    try:
        parts = [_matched(part) for part in _conjuncts(_parsed(sql))]
    except _NotSimple:
        return ""
    return _and(parts)


def group(expressions: tuple[str, ...]) -> str:
    """Return what rows are put together by, `one row for each channel`; "" if it is not simple."""
    try:
        return f"one row for each {_and([_value(_parsed(e)) for e in expressions])}"
    except _NotSimple:
        return ""


@lru_cache(4096)
def window(sql: str) -> str:
    """Return how rows are looked at in groups, in their order; "" if it is not simple."""
    try:
        tree = _parsed(sql)
        if not isinstance(tree, exp.Window):
            raise _NotSimple
        by = [_value(one) for one in tree.args.get("partition_by") or ()]
        order = tree.args.get("order")
        first = order.expressions[0] if order is not None else None
        told = f"rows with the same {_and(by)} are looked at together" if by else "all rows are"
        if not by and first is None:
            raise _NotSimple
        if first is None:
            return told
        end = "latest or largest" if first.args.get("desc") else "earliest or smallest"
        ordered = f"by {_value(first.this)}, {end} first"
        return f"{told}, {ordered}" if by else f"all rows are put in order {ordered}"
    except _NotSimple:
        return ""


@lru_cache(4096)
def way(edge: Edge) -> str:
    """Return how a value is come by: `as it is`, `the sum of`, `worked out from`."""
    if edge.subtype == IDENTITY:
        return "as it is"
    if edge.subtype == AGGREGATION:
        return _gathered(edge.expression)
    return "worked out from"


def _gathered(sql: str) -> str:
    try:
        tree = _parsed(sql)
    except _NotSimple:
        return "put together from many rows of"
    found = list(tree.find_all(exp.AggFunc))
    divided = tree.find(exp.Div) is not None
    for kind, words in GATHERED:
        if len(found) == 1 and isinstance(found[0], kind) and not divided:
            return words
    return "worked out from many rows of"


def _parsed(sql: str) -> exp.Expr:
    if sql.endswith("…"):
        raise _NotSimple
    try:
        return sqlglot.parse_one(sql, dialect="duckdb")
    except SqlglotError:
        raise _NotSimple from None


def _bare(node: exp.Expr) -> exp.Expr:
    """Return a node without brackets, and a column without the cast around it."""
    while isinstance(node, exp.Paren) or (
        isinstance(node, exp.Cast) and isinstance(_inside(node), exp.Column)
    ):
        node = node.this
    return node


def _inside(node: exp.Expr) -> exp.Expr:
    inner = node.this
    return _inside(inner) if isinstance(inner, exp.Cast | exp.Paren) else inner


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    node = _bare(node)
    if isinstance(node, exp.And):
        return [*_conjuncts(node.this), *_conjuncts(node.expression)]
    return [node]


def _told(node: exp.Expr) -> str:
    parts = _conjuncts(node)
    if len(parts) > 1:
        return _and([_told(part) for part in parts])
    node = parts[0]
    if isinstance(node, exp.Or):
        sides = [_conjuncts(side) for side in (node.this, node.expression)]
        if any(len(side) > 1 for side in sides):  # brackets can't be heard
            raise _NotSimple
        return f"{_told(node.this)} or {_told(node.expression)}"
    return _one(node, True)


def _one(node: exp.Expr, holds: bool) -> str:
    node = _bare(node)
    if isinstance(node, exp.Not):
        return _one(node.this, not holds)
    if isinstance(node, exp.Column):
        return _flag(node.name, holds)
    if isinstance(node, exp.Is):
        return _is(node, holds)
    if isinstance(node, exp.In):
        return _in(node, holds)
    if isinstance(node, exp.Between) and holds:
        low, high = (_value(node.args[name]) for name in ("low", "high"))
        return f"whose {_column(node.this)} lies between {low} and {high}"
    if isinstance(node, exp.Like) and holds:
        return _like(node)
    if type(node) in COMPARED:
        return _compared(node, holds)
    raise _NotSimple


def _flag(name: str, holds: bool) -> str:
    what, _, rest = name.partition("_")
    if rest and what in ("is", "was"):
        return f"{'' if holds else 'not '}marked as {named(rest)}"
    if rest and what == "has":
        return f"that have {'' if holds else 'no '}{named(rest)}"
    return f"where “{named(name)}” is {'yes' if holds else 'not yes'}"


def _is(node: exp.Is, holds: bool) -> str:
    right = node.expression
    if isinstance(right, exp.Null):
        return f"whose {_column(node.this)} is {'not known' if holds else 'known'}"
    if isinstance(right, exp.Boolean) and isinstance(_bare(node.this), exp.Column):
        return _flag(_bare(node.this).name, holds == bool(right.this))
    raise _NotSimple


def _in(node: exp.In, holds: bool) -> str:
    listed = node.expressions
    if not listed or len(listed) > LISTED or not all(isinstance(e, exp.Literal) for e in listed):
        raise _NotSimple
    column, texts = _column(node.this), [str(e.this) for e in listed]
    if column in STATES and all(PARTICIPLE.fullmatch(text) for text in texts):
        return f"that are {'' if holds else 'not '}{_or(texts)}"
    shown = [_value(e) for e in listed]
    return f"whose {column} is {'' if holds else 'not '}{_or(shown)}"


def _like(node: exp.Like) -> str:
    pattern = node.expression
    text = str(pattern.this) if isinstance(pattern, exp.Literal) else ""
    if text.strip("%") == "" or "%" in text.strip("%") or "_" in text:
        raise _NotSimple
    how = {(False, True): "begins with", (True, False): "ends with", (True, True): "contains"}
    found = how.get((text.startswith("%"), text.endswith("%")))
    if found is None:
        raise _NotSimple
    return f"whose {_column(node.this)} {found} “{text.strip('%')}”"


def _compared(node: exp.Expr, holds: bool) -> str:
    kind = type(node)
    left, right = _bare(node.this), _bare(node.expression)
    if not holds:
        if kind not in (exp.EQ, exp.NEQ):
            raise _NotSimple
        kind = exp.NEQ if kind is exp.EQ else exp.EQ
    if isinstance(right, exp.Boolean) and isinstance(left, exp.Column):
        return _flag(left.name, bool(right.this) == (kind is exp.EQ))
    column = _column(left)
    if kind in (exp.EQ, exp.NEQ) and _is_state(column, right):
        return f"that are {'' if kind is exp.EQ else 'not '}{right.this}"
    words = COMPARED[kind]
    if _is_day(right) or re.search(r"(date|day|week|month|_at)$", left.name):
        words = DATED.get(kind, words)
    return f"whose {column} {words} {_value(right)}"


def _is_state(column: str, value: exp.Expr) -> bool:
    """Whether a value reads as what something is: an order is `cancelled`."""
    literal = isinstance(value, exp.Literal) and PARTICIPLE.fullmatch(str(value.this))
    return column in STATES and bool(literal)


def _matched(node: exp.Expr) -> str:
    node = _bare(node)
    left, right = (_bare(getattr(node, side, node)) for side in ("this", "expression"))
    if isinstance(node, exp.EQ) and isinstance(left, exp.Column) and isinstance(right, exp.Column):
        a, b = named(left.name), named(right.name)
        return f"the same {a}" if a == b else f"{a} on one side and {b} on the other"
    if isinstance(node, exp.EQ):
        return f"{_value(left)} on one side and {_value(right)} on the other"
    raise _NotSimple


def _is_day(node: exp.Expr) -> bool:
    return isinstance(node, exp.Cast) and node.is_type("date", "timestamp", "timestamptz")


def _column(node: exp.Expr) -> str:
    node = _bare(node)
    if not isinstance(node, exp.Column):
        raise _NotSimple
    return named(node.name)


def _value(node: exp.Expr) -> str:
    """Return an operand: a column, a plain value, a day, what a reader chose, a rounded time."""
    node = _bare(node)
    if isinstance(node, exp.Column):
        return named(node.name)
    if isinstance(node, exp.Literal):
        return f"“{node.this}”" if node.is_string else str(node.this)
    if isinstance(node, exp.Boolean):
        return "yes" if node.this else "no"
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
        return f"−{node.this.this}"
    if isinstance(node, exp.Parameter | exp.Placeholder):
        return f"what the reader chose as “{named(node.name or str(node.this))}”"
    if _is_day(node) and isinstance(node.this, exp.Literal):
        return str(node.this.this)
    if isinstance(node, exp.Cast):
        return _value(node.this)
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
        unit = str(node.args.get("unit") or "").strip("'").lower()
        return f"{unit} of {_value(node.this)}"
    raise _NotSimple


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _or(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"

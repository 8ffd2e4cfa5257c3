"""What aggregates and window functions rest on."""

from sqlglot import exp

from platform_assets.lineage.columns.values import (
    CHANGED,
    GATHERED,
    NOTHING,
    Ranked,
    Value,
    deciding,
    together,
)
from platform_assets.lineage.columns.walk import (
    Found,
    Names,
    changed,
    conditions,
    inner,
    quoted,
    value_of,
)
from platform_assets.lineage.model import FILTER, SORT, WINDOW

PICKED = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)
NUMBERED = (exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile, exp.RowNumber)
# Aggregates that the parser does not know by name, in DuckDB and Spark.
AGGREGATES = frozenset(
    {
        *("arg_min_null", "arg_max_null", "arbitrary", "bitstring_agg", "bool_and", "bool_or"),
        *("count_star", "entropy", "favg", "fsum", "geomean", "geometric_mean", "histogram"),
        *("histogram_exact", "kahan_sum", "kurtosis_pop", "list", "mad", "mean", "mode"),
        *("product", "reservoir_quantile", "sumkahan", "weighted_avg", "percentile"),
        *("approx_percentile", "bitmap_union_agg", "count_min_sketch", "every", "some"),
        *("try_sum", "try_avg", "regr_count"),
    }
)


def _aggregate(node: exp.Expr, names: Names) -> Value:
    value = together(value_of(one, names) for one in inner(node)).raised(GATHERED)
    return value if value.direct or value.indirect else names.whole_rows().raised(GATHERED)


def _number(node: exp.Expr, names: Names) -> Value:
    return NOTHING


def _argument_of_least(node: exp.Expr, names: Names) -> Value:
    """`arg_min(value, order)`: the order decides whose value it is."""
    order = value_of(node.args.get("expression"), names)
    value = value_of(node.this, names).raised(GATHERED, open_=True)
    return value.touched(deciding(order, SORT, quoted(node, names)))


def _anonymous(node: exp.Expr, names: Names) -> Value:
    if node.name.lower() in AGGREGATES:
        return _aggregate(node, names)
    return changed(node, names)


def _filtered(node: exp.Filter, names: Names) -> Value:
    condition = node.expression.this if node.expression is not None else None
    value = value_of(node.this, names)
    return value.touched(conditions(condition, FILTER, names))


def _ordered(node: exp.Order, names: Names) -> Value:
    """ORDER BY within an aggregate."""
    value = value_of(node.this, names)
    for one in node.expressions:
        value = value.touched(deciding(value_of(one, names), SORT, quoted(one, names)))
    return value


def _within_group(node: exp.WithinGroup, names: Names) -> Value:
    """`percentile_cont(0.5) WITHIN GROUP (ORDER BY x)` gathers x; `listagg(y)` is sorted by it."""
    value = value_of(node.this, names)
    order = together(value_of(one, names) for one in node.expression.expressions)
    if value.direct and node.find(exp.Column) in set(node.this.find_all(exp.Column)):
        return value.touched(deciding(order, SORT, quoted(node, names)))
    return together((value, order)).raised(GATHERED)


def _window(node: exp.Window, names: Names) -> Value:
    function: exp.Expr = node.this
    while isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
        function = function.this
    if isinstance(function, PICKED):
        value = together(value_of(one, names) for one in inner(function)).raised(CHANGED)
    elif isinstance(function, NUMBERED):
        value = NOTHING
    else:
        value = value_of(function, names)
    partition, order = _frame(node, names)
    if partition and names.lone(partition):  # each row by itself: the first, and all there are
        if isinstance(function, NUMBERED):
            return NOTHING
        partition = order = []
    told = quoted(node, names) if partition or order else ""
    within, sorted_ = (
        {k: None for one in some for k in deciding(value_of(one, names), WINDOW, told)}
        for some in (partition, order)
    )
    value = value.touched(within | sorted_)
    named = frozenset(names.plain(one) for one in partition)
    if isinstance(function, exp.RowNumber) and named and "" not in named:
        keys = tuple(
            (_name(one, names), deciding(value_of(one, names), WINDOW, told)) for one in order
        )
        return Value({}, value.indirect, ranked=Ranked(named, within, keys))
    if not value.direct and not value.indirect:
        return names.whole_rows().raised(CHANGED)
    return value


def _name(key: exp.Expr, names: Names) -> str:
    """Return the name of a plain column that rows are sorted by; "" for all else."""
    return names.plain(key.this if isinstance(key, exp.Ordered) else key)


def _frame(node: exp.Window, names: Names) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """Return what a window is partitioned and ordered by, with what it inherits by name."""
    partition = list(node.args.get("partition_by") or ())
    order = node.args.get("order")
    ordered = list(order.expressions) if order is not None else []
    named = names.window(node.alias) if node.alias else None
    if isinstance(named, exp.Window) and named is not node:
        more, further = _frame(named, names)
        return [*more, *partition], [*further, *ordered]
    return partition, ordered


KINDS: dict[type, Found] = {
    **dict.fromkeys(NUMBERED, _number),
    exp.Filter: _filtered,
    exp.Order: _ordered,
    exp.WithinGroup: _within_group,
    exp.Window: _window,
    exp.Anonymous: _anonymous,
    exp.AnonymousAggFunc: _aggregate,
    exp.ArgMin: _argument_of_least,
    exp.ArgMax: _argument_of_least,
}
BASES: dict[type, Found] = {exp.AggFunc: _aggregate}

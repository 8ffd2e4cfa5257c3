"""Which columns hold personal data: those that are marked, and what is made from them.

What belongs here: carrying the mark downstream, along the lineage of columns. What does not:
setting it (a source's declaration, a model's column), hiding values (`profile`).

A value that is carried on, also changed, carries the mark with it; what only decides which rows
count, or is counted and summed up, does not. `not_personal: <why>` in the `meta` of a model's
column stops it. Where a column's lineage is not known, it goes by name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from platform_assets.catalog.columns import Columns
from platform_assets.inventory.model import Asset, Column, Graph
from platform_assets.lineage.model import AGGREGATION, DIRECT, Edge

# Columns that hold whole records, or what was left of them: personal if anything of a record is.
WHOLE = frozenset({"_raw", "_extra"})
QUARANTINED = ("platform.quarantine", "raw")
RECORD = "the record that it is part of"
# Aggregates that tell of many rows and show none of them.
COUNTING = (
    exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp,
    exp.Variance, exp.VariancePop, exp.ApproxDistinct, exp.LogicalAnd, exp.LogicalOr, exp.Corr,
)  # fmt: skip


def marked(graph: Graph, lineage: Columns | None = None) -> Graph:
    """Return the graph with the mark on every column that carries on a marked one.

    Without lineage, a column carries on those of its name: `customerId` and `customer_id` are one
    name, and one that a model renames has to be marked where the model is described.
    """
    known = lineage or Columns()
    found: dict[str, Asset] = {}
    tables: dict[str, Asset] = {}
    for key in graph.order:
        asset = graph.assets[key]
        parents = [found[parent] for parent in asset.parents if parent in found]
        found[key] = tables[asset.table.lower()] = _marked(asset, parents, tables, known)
    return Graph({key: found.get(key, asset) for key, asset in graph.assets.items()})


def _marked(
    asset: Asset, parents: Iterable[Asset], tables: Mapping[str, Asset], lineage: Columns
) -> Asset:
    inherited = {
        _plain(c.name): f"{parent.key}.{c.name}"
        for parent in parents
        for c in parent.columns
        if c.personal
    }
    own = any(c.personal for c in asset.columns)
    if not inherited and not own and asset.table != QUARANTINED[0]:
        return asset
    columns = tuple(_column(asset, c, inherited, own, tables, lineage) for c in asset.columns)
    return asset if columns == asset.columns else replace(asset, columns=columns)


def _column(
    asset: Asset,
    column: Column,
    inherited: Mapping[str, str],
    own: bool,
    tables: Mapping[str, Asset],
    lineage: Columns,
) -> Column:
    if column.personal or column.exempt:
        return column
    if lineage.known(asset.key, column.name) and asset.parents:
        because = _carried(asset.key, column, tables, lineage)
    else:
        because = inherited.get(_plain(column.name), "")
    if (asset.table, column.name) == QUARANTINED or (own and column.name.lower() in WHOLE):
        because = because or RECORD
    return replace(column, personal=True, because=because) if because else column


def _carried(key: str, column: Column, tables: Mapping[str, Asset], lineage: Columns) -> str:
    """Return the first marked column that a column carries on; "" for none."""
    for edge in lineage.edges(key, column.name):
        source = tables.get(edge.source.table)
        origin = source.column(edge.source.column) if source is not None else None
        if source is None or origin is None or not origin.personal or not carries(edge):
            continue
        if _is_part(edge.source.path, origin):
            return f"{source.key}.{edge.source.path or origin.name}"
    return ""


def _is_part(path: str, origin: Column) -> bool:
    """Whether a path into a column of JSON is personal, holds what is, or lies in what is."""
    inside = path.partition(".")[2].lower()
    return (
        not inside
        or not origin.parts
        or any(
            inside == part or inside.startswith(f"{part}.") or part.startswith(f"{inside}.")
            for part in (each.lower() for each in origin.parts)
        )
    )


def carries(edge: Edge) -> bool:
    """Whether single values of an edge's source can be seen in what it leads to."""
    if edge.kind != DIRECT:
        return False
    return edge.subtype != AGGREGATION or _shows_one(edge.expression)


@lru_cache(4096)
def _shows_one(sql: str) -> bool:
    """Whether an aggregate shows values of single rows, as `max` does; SQL in doubt does."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except SqlglotError:
        return True
    aggregates = list(tree.find_all(exp.AggFunc))
    return not aggregates or not all(isinstance(one, COUNTING) for one in aggregates)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()

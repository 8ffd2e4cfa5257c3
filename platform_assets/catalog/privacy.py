"""Which columns hold personal data: those that are marked, and what is made from them.

What belongs here: carrying the mark downstream. What does not: setting it (a source's declaration,
a model's column), hiding values (`profile`).
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from platform_assets.catalog.model import Asset, Graph

# Columns that hold whole records, or what was left of them: personal if anything of a record is.
WHOLE = frozenset({"_raw", "_extra"})
QUARANTINED = ("platform.quarantine", "raw")


def marked(graph: Graph) -> Graph:
    """Return the graph with the mark on every column that carries a marked one on by its name.

    `customerId` and `customer_id` are one name. A column that a model renames has to be marked
    where the model is described.
    """
    found: dict[str, Asset] = {}
    for key in graph.order:
        asset = graph.assets[key]
        parents = [found[parent] for parent in asset.parents if parent in found]
        found[key] = _marked(asset, parents)
    return Graph({key: found.get(key, asset) for key, asset in graph.assets.items()})


def _marked(asset: Asset, parents: Iterable[Asset]) -> Asset:
    inherited = {_plain(c.name) for parent in parents for c in parent.columns if c.personal}
    own = any(c.personal for c in asset.columns)
    if not inherited and not own and asset.table != QUARANTINED[0]:
        return asset
    columns = tuple(
        replace(c, personal=True)
        if not c.personal and _personal(asset.table, c.name, inherited, own)
        else c
        for c in asset.columns
    )
    return asset if columns == asset.columns else replace(asset, columns=columns)


def _personal(table: str, column: str, inherited: set[str], own: bool) -> bool:
    if (table, column) == QUARANTINED or _plain(column) in inherited:
        return True
    return own and column.lower() in WHOLE


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()

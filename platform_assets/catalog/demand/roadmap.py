"""The roadmap: what is built now, next and later, what it brings, and which objective it serves.

What belongs here: the facts of that page. What does not: what was built (`releases`), HTML.
"""

from datetime import date

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand.cards import day, thing, things, written
from platform_assets.catalog.demand.records import Snapshot
from platform_assets.catalog.present import Facts
from platform_assets.product.curated_kinds import HORIZONS, RoadmapItem
from platform_assets.product.kinds import name_of

WORDS = {"now": "Now", "next": "Next", "later": "Later", "done": "Done"}


def roadmap_page(view: View, snapshot: Snapshot) -> Facts:
    """Return all items by horizon; the soonest first, of what is done the newest first."""
    items = snapshot.curated.roadmap
    columns = []
    for horizon in HORIZONS:
        mine = [each for each in items if each.horizon == horizon]
        if horizon == "done":
            mine.sort(key=lambda i: (i.shipped_on or date.min, i.title), reverse=True)
        else:
            mine.sort(key=lambda i: (i.target or date.max, i.title))
        lines = [roadmap_line(view, snapshot, each) for each in mine]
        columns.append({"name": horizon, "words": WORDS[horizon], "items": lines})
    return {"columns": columns, "total": len(items)}


def roadmap_line(view: View, snapshot: Snapshot, item: RoadmapItem) -> Facts:
    """Return what a list shows of an item."""
    today = view.now.date()
    open_ = item.horizon != "done"
    return {
        **written(item),
        "horizon": item.horizon,
        "target": day(item.target),
        "shipped_on": day(item.shipped_on),
        "late": open_ and item.target is not None and item.target < today,
        "objective": thing(view, snapshot, name_of("objective", item.objective))
        if item.objective
        else None,
        "deliverables": things(view, snapshot, item.deliverables),
        "settled_by": things(view, snapshot, snapshot.back(item.name, "settles")),
    }

"""The first page of demand: what is aimed at, what comes next, what is built, what shipped.

What belongs here: the best few of each page. What does not: the pages themselves.
"""

from collections.abc import Mapping

from platform_assets.catalog.demand.backlog import backlog_page
from platform_assets.catalog.demand.decisions import decisions_page, minutes_page
from platform_assets.catalog.demand.objectives import Standings, objectives_page
from platform_assets.catalog.demand.releases import releases_page
from platform_assets.catalog.demand.roadmap import roadmap_page
from platform_assets.catalog.present import Facts

SHOWN = 5


def overview_page(standings: Standings, looks: Mapping[str, int]) -> Facts:
    """Return the facts of the first page.

    Args:
        looks: views in 90 days, by key of asset.
    """
    view, snapshot = standings.view, standings.snapshot
    backlog = backlog_page(view, snapshot, looks, page=1)
    aims = objectives_page(standings)
    months = releases_page(view, snapshot)["months"]
    columns = roadmap_page(view, snapshot)["columns"]
    actions = minutes_page(view, snapshot)["actions"]
    return {
        "objectives": aims["groups"]["now"],
        "standings": aims["standings"],
        "next": backlog["scored"][:SHOWN],
        "method_words": backlog["method_words"],
        "waiting": backlog["total"],
        "untriaged": backlog["states"]["new"],
        "now": next(each["items"] for each in columns if each["name"] == "now"),
        "decisions": decisions_page(view, snapshot)["decisions"][:SHOWN],
        "release": months[0] if months else None,
        "actions": actions[:SHOWN],
        "overdue": sum(each["overdue"] for each in actions),
    }

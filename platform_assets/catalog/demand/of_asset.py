"""The demand behind an asset: objectives that it carries, who asked for it, what is said of it.

What belongs here: the facts of that section of an asset's page. What does not: the rest of the page
(`pages`), forms (`intake`).
"""

from collections.abc import Mapping, Sequence

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import shown
from platform_assets.catalog.demand.cards import things
from platform_assets.catalog.demand.joined import key_of
from platform_assets.catalog.demand.records import Snapshot
from platform_assets.catalog.present import Facts, cards, record_url
from platform_assets.inventory.health import Health
from platform_assets.inventory.model import RECORD, Asset
from platform_assets.product.curated_kinds import KeyResult
from platform_assets.product.kinds import OPEN, Feedback, name_of

SAID = 3  # of the newest feedback that is shown
WAITING = ("new", "accepted")
NAMED = ("requirement", "report", "key_result", "objective")  # layers, on the way to an objective


def demand_of(view: View, snapshot: Snapshot, asset: Asset) -> Facts:
    """Return what there is of demand behind an asset; `any` says whether there is something."""
    key = asset.key
    said = _feedback(snapshot, key)
    asked = snapshot.requests_named(snapshot.back(key, "about", "answered_by"))
    about = [each for each in asked if each.state in OPEN and each.answered_by != key]
    answered = [each for each in asked if each.answered_by == key]
    found: Facts = {
        "page": record_url(key) if key in snapshot.by_name else "",
        "objectives": _objectives(view, snapshot, key),
        "late": _late(view, key),
        "waiting": [shown.request(each, view) for each in about if each.state in WAITING],
        "answered": [shown.request(each, view) for each in answered],
        "requirements": things(view, snapshot, snapshot.back(key, "met_by")),
        "verifies": things(view, snapshot, _verified(snapshot, asset)),
        "roadmap": things(view, snapshot, snapshot.back(key, "delivers")),
        "metrics": things(view, snapshot, snapshot.back(key, "defined_on")),
        "feedback": _summary(said, view),
    }
    told: Mapping[str, object] = {k: v for k, v in found.items() if k != "late"}
    found["any"] = any(told.values())
    return found


def leads_to(view: View, name: str) -> list[Facts]:
    """Return what comes of a record, as far as its objectives: what people would name."""
    down = (
        view.graph.downstream(f"{RECORD}{name}") if f"{RECORD}{name}" in view.graph.assets else {}
    )
    return cards(view, [a for a in view.graph.having(down) if a.layer in NAMED])


def _late(view: View, key: str) -> str:
    """Return why what rests on an asset may be wrong now; "" if nothing is late or fails."""
    here = view.verdicts[key]
    if here.health >= Health.warning:
        return here.reason
    up = view.upstream_trouble(key)
    return f"{up[0][0].label}: {up[0][1].reason}" if up else ""


def _objectives(view: View, snapshot: Snapshot, key: str) -> list[Facts]:
    """Return the objectives that can't be measured while an asset is late, with the key results."""
    below = {key, *view.graph.downstream(key)}
    resting: dict[str, list[KeyResult]] = {}
    for kr in snapshot.curated.key_results:
        if key_of(kr.key, view.graph) in below:
            resting.setdefault(kr.objective, []).append(kr)
    return [
        {
            **things(view, snapshot, [name_of("objective", objective)])[0],
            "key_results": things(view, snapshot, [kr.key for kr in results]),
        }
        for objective, results in resting.items()
    ]


def _verified(snapshot: Snapshot, asset: Asset) -> list[str]:
    return [
        name
        for check in asset.checks
        for name in snapshot.back(f"{asset.key}:{check}", "verified_by")
    ]


def _feedback(snapshot: Snapshot, key: str) -> list[Feedback]:
    names = snapshot.back(key, "about")
    found = [each for name in names if isinstance(each := snapshot.by_name.get(name), Feedback)]
    return sorted(found, key=lambda f: f.created_at, reverse=True)


def _summary(said: Sequence[Feedback], view: View) -> Facts | None:
    """Return how many said something, how they rate it on average, and the newest words."""
    if not said:
        return None
    rating = sum(each.rating for each in said) / len(said)
    return {
        "count": len(said),
        "rating": round(rating, 1),
        "unanswered": sum(not each.answer for each in said),
        "newest": [shown.feedback(each, view) for each in said[:SAID]],
    }

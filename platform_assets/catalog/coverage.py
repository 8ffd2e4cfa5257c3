"""How well the assets are looked after: owned, described, tested, healthy, fresh; by domain.

What belongs here: the measures. What does not: keeping them day by day (`usage`).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from platform_assets.catalog.catalog import View
from platform_assets.catalog.present import Facts, asset_url, domain_url
from platform_assets.inventory.health import Health
from platform_assets.inventory.model import Asset

MEASURES: Mapping[str, Callable[[View, Asset], bool]] = {
    "owned": lambda view, a: bool(a.owners),
    "described": lambda view, a: bool(a.description.strip()),
    "columns described": lambda view, a: all(c.description for c in a.columns),
    "tested": lambda view, a: bool(a.checks) or a.kind in ("report", "platform"),
    "healthy": lambda view, a: view.verdicts[a.key].health <= Health.unknown,
    "fresh": lambda view, a: a.fail_seconds is not None and view.status(a.key).fresh == "PASS",
}


def coverage(
    view: View,
    days: Mapping[str, Sequence[tuple[str, float]]],
    in_vain: Sequence[tuple[str, int, str]] = (),
) -> Facts:
    """Return of each domain which share of its assets is owned, described, tested and fresh.

    Args:
        days: of each measure, day and share over all assets, oldest first.
        in_vain: searches that found nothing: text, how often, when last.
    """
    by_domain: dict[str, list[Asset]] = defaultdict(list)
    for each in _ours(view):
        by_domain[each.domain or "none"].append(each)
    rows = [_covered(view, name, assets) for name, assets in sorted(by_domain.items())]
    return {
        "measures": list(MEASURES),
        "domains": rows,
        "all": _covered(view, "all", _ours(view)),
        "in_vain": [{"text": t, "count": n, "at": at} for t, n, at in in_vain[:20]],
        "days": {
            measure: [{"day": day, "share": share} for day, share in days.get(measure, ())]
            for measure in MEASURES
        },
    }


def shares(view: View) -> dict[str, float]:
    """Return of each measure its share over all assets, to be recorded day by day."""
    found = _covered(view, "all", _ours(view))["shares"]
    return {measure: found[measure]["share"] for measure in MEASURES}


def _ours(view: View) -> list[Asset]:
    """Return what somebody here can look after."""
    return [a for a in view.graph.assets.values() if a.kind not in ("external", "record")]


def _covered(view: View, name: str, assets: Sequence[Asset]) -> Facts:
    held: dict[str, Any] = {}
    for measure, holds in MEASURES.items():
        lacking = [a for a in assets if not holds(view, a)]
        held[measure] = {
            "share": round(1 - len(lacking) / len(assets), 4) if assets else 1.0,
            "lacking": [{"key": a.key, "url": asset_url(a.key)} for a in lacking[:50]],
        }
    url = domain_url(name) if name != "all" else "/catalog/"
    return {"name": name, "url": url, "assets": len(assets), "shares": held}

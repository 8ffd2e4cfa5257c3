"""Release notes, written from what shipped: answered requests, and what is done of the roadmap.

What belongs here: the facts of that page. What does not: what comes (`roadmap`, `backlog`), HTML.
"""

from collections import defaultdict
from datetime import UTC, date

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import shown
from platform_assets.catalog.demand.records import Snapshot
from platform_assets.catalog.demand.roadmap import roadmap_line
from platform_assets.catalog.present import Facts
from platform_assets.product.kinds import Feedback, Request

SHIPPED = ("shipped", "closed")


def releases_page(view: View, snapshot: Snapshot) -> Facts:
    """Return by month, newest first, what shipped and what its readers say of it."""
    months: dict[str, list[tuple[date, Facts]]] = defaultdict(list)
    for request in snapshot.requests:
        if request.state in SHIPPED and request.shipped_at is not None:
            at = request.shipped_at.astimezone(UTC).date()
            months[f"{at:%Y-%m}"].append((at, _answered(view, snapshot, request)))
    for item in snapshot.curated.roadmap:
        if item.horizon == "done" and item.shipped_on is not None:
            line = {"kind": "roadmap", **roadmap_line(view, snapshot, item)}
            months[f"{item.shipped_on:%Y-%m}"].append((item.shipped_on, line))
    return {"months": [_month(name, months[name]) for name in sorted(months, reverse=True)]}


def _month(name: str, dated: list[tuple[date, Facts]]) -> Facts:
    dated.sort(key=lambda each: each[0], reverse=True)
    lines = [{**line, "on": on.isoformat()} for on, line in dated]
    answered = [each for each in lines if each["kind"] == "request"]
    return {
        "month": name,
        "items": [each for each in lines if each["kind"] == "roadmap"],
        "requests": answered,
        "helped": sum(each["helped"] is True for each in answered),
        "asked": sum(each["asked"] for each in answered),
    }


def _answered(view: View, snapshot: Snapshot, request: Request) -> Facts:
    said = [
        each
        for name in snapshot.back(request.answered_by, "about")
        if isinstance(each := snapshot.by_name.get(name), Feedback)
        and request.shipped_at is not None
        and each.created_at >= request.shipped_at
    ]
    rating = round(sum(each.rating for each in said) / len(said), 2) if said else None
    line = shown.request(request, view)
    return {"kind": "request", **line, "ratings": len(said), "rating": rating}

"""The backlog: what comes next, and why; each score with its arithmetic, beside what speaks for it.

What belongs here: the facts of that page. What does not: scores and evidence (`product`), HTML
(`templates/`). Requests are read from the store, so that the page is never behind it.
"""

from collections import Counter
from collections.abc import Mapping

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import shown
from platform_assets.catalog.demand.cards import amount, thing, things
from platform_assets.catalog.demand.records import Snapshot
from platform_assets.catalog.present import Facts
from platform_assets.product import evidence, priorities
from platform_assets.product.kinds import name_of
from platform_assets.product.priorities import Method, Priority
from resources.errors import PlatformError

PAGE = 50  # requests on a page
METHODS = {"rice": "RICE", "wsjf": "WSJF", "custom": "Own formula"}


def backlog_page(
    view: View,
    snapshot: Snapshot,
    looks: Mapping[str, int],
    asked_for: str = "",
    page: int | None = None,
) -> Facts:
    """Return what waits, in the order in which it should be done.

    Args:
        looks: views in 90 days, by key of asset.
        asked_for: name of a method; that of the project for any other text.
        page: which part of it, from 1; all of it for None.
    """
    method, trouble = _method(asked_for)
    waiting = [r for r in snapshot.requests if r.state in priorities.WAITING]
    speaks = evidence.gather(waiting, snapshot.feedback, snapshot.served, looks)
    ranked = priorities.rank(waiting, method, speaks)
    first, last = (0, len(ranked)) if page is None else ((page - 1) * PAGE, page * PAGE)
    lines = [_line(view, snapshot, each, n) for n, each in enumerate(ranked[first:last], first + 1)]
    name = method.name if isinstance(method, Method) else method
    return {
        "method": name,
        "method_words": METHODS.get(name, name),
        "formula": method.formula.text if isinstance(method, Method) else "",
        "methods": [{"name": each, "words": METHODS[each]} for each in _offered(name)],
        "method_trouble": trouble,
        "scored": [each for each in lines if each["score"] is not None],
        "unscored": [each for each in lines if each["score"] is None],
        "total": len(ranked),
        "unscored_total": sum(each.score is None for each in ranked),
        "states": Counter(each.request.state for each in ranked),
        "overridden": sum(each.overridden for each in ranked),
        "page": page or 1,
        "pages": max(1, -(-len(ranked) // PAGE)) if page else 1,
    }


def _method(asked_for: str) -> tuple[Method | str, str]:
    """Return a method, and what is wrong with that of the project, if something is."""
    try:
        own = priorities.declared()
    except PlatformError as error:
        return (asked_for if asked_for in ("rice", "wsjf") else "rice"), str(error)
    return (asked_for if asked_for in ("rice", "wsjf") and asked_for != own.name else own), ""


def _offered(name: str) -> list[str]:
    return [each for each in METHODS if each != "custom" or name == "custom"]


def _line(view: View, snapshot: Snapshot, found: Priority, place: int) -> Facts:
    request, speaks = found.request, found.evidence
    requirement = name_of("requirement", request.requirement) if request.requirement else ""
    name = request.name
    return {
        **shown.request(request, view),
        "rank": place,
        "score": found.score,
        "score_words": amount(found.score),
        "arithmetic": found.arithmetic,
        "overridden": found.overridden,
        "computed": found.computed,
        "taken_up_by": thing(view, snapshot, requirement) if requirement else None,
        "settled_by": things(view, snapshot, snapshot.back(name, "settles")),
        "evidence": {
            "asked": speaks.asked,
            "feedback": speaks.feedback,
            "rating": speaks.rating,
            "views": speaks.views,
            "objectives": things(
                view, snapshot, [name_of("objective", each) for each in speaks.objectives]
            ),
        },
    }

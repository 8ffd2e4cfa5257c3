"""The list of requests, the page of one, and what is done to it there.

What belongs here: facts and routes. What does not: what an action means (`actions`), going through
what is new (`triage`).
"""

from collections import Counter
from collections.abc import Callable, Sequence

from starlette.requests import Request as Asked
from starlette.responses import Response
from starlette.routing import BaseRoute

from platform_assets.catalog.answers import whole
from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import person, shown
from platform_assets.catalog.demand.actions import UNDOABLE, Actions, has_form
from platform_assets.catalog.demand.desk import Desk, address, done, wrong
from platform_assets.catalog.demand.forms import Form, Forms
from platform_assets.catalog.demand.of_asset import leads_to
from platform_assets.catalog.present import Facts
from platform_assets.inventory.model import Asset
from platform_assets.product.kinds import OPEN, RICE, STATES, WSJF, Request

PAGE = 50
LONGEST = 200  # characters of a search
SHOWN = ("open", "new", "accepted", "shipped", "closed", "declined", "all")
ORDERS: dict[str, Callable[[Request], object]] = {
    "newest": lambda r: -r.number,
    "most asked": lambda r: (-r.asked, -r.number),
}
KEPT = ("show", "order", "q", "about", "page")  # of a list's address, by a form on it
CHOICES = 400  # keys that may answer a request
IMPACTS = {"3": "massive", "2": "high", "1": "medium", "0.5": "low", "0.25": "minimal"}


class RequestPages:
    """The handlers.

    Args:
        again: shows the page that a form was on, where that is not the request's own.
    """

    def __init__(
        self, desk: Desk, again: Callable[[Asked, Form, Facts, int], Response | None]
    ) -> None:
        self._desk = desk
        self._actions = Actions(desk.newest_version, desk.requirements)
        self._elsewhere = again

    def routes(self) -> list[BaseRoute]:
        """Return the routes below `/catalog`."""
        page = self._desk.site.page
        path = "/request/{number}/{action}"
        return [
            *page("/requests", "requests", self._requests),
            *page("/request/{number}", "request", self._request),
            Forms(self._desk.site).route(path, self._act, self._again),
        ]

    def _requests(self, asked: Asked, view: View) -> Facts:
        given = {name: asked.query_params.get(name, "")[:LONGEST] for name in KEPT}
        page = whole(asked, "page", 1, 1, 10_000)
        found = listed(self._desk.held.requests(), **given)
        rows = found["rows"]
        shown_rows = [shown.request(r, view) for r in rows[(page - 1) * PAGE : page * PAGE]]
        about = shown.asset(view, given["about"])
        pages = max(1, -(-len(rows) // PAGE))
        return {
            **found, "rows": shown_rows, "total": len(rows), "page": page, "pages": pages,
            "q": given["q"], "about": about, "orders": list(ORDERS), "did": done(asked),
            "yours": _yours(self._desk.held.requests(), person.who(asked)),
        }  # fmt: skip

    def _request(self, asked: Asked, view: View) -> Facts:
        return self._facts(asked, view, None)

    def _facts(self, asked: Asked, view: View, fault: Facts | None) -> Facts:
        r = self._desk.held.request(asked.path_params["number"])
        store, every, you = self._desk.store, self._desk.held.requests(), person.who(asked)
        its_own = {o.number for o in every if r.number in (o.number, o.merged_into, o.split_from)}
        alike = self._desk.held.titles().like(r.title, STATES, but=its_own)
        said = [f for f in self._desk.held.feedback() if f.request == r.number]
        did = done(asked)
        return {
            **shown.request(r, view),
            "parts_of": [shown.request(p, view) for p in every if p.split_from == r.number],
            "merged": [shown.request(p, view) for p in every if p.merged_into == r.number],
            "talk": [shown.comment(c) for c in store.comments(r.name)],
            "history": shown.changes(store.history(r.name)),
            "said": [shown.feedback(f, view) for f in said],
            "alike": [shown.request(other, view) for other in alike],
            "priority": self._desk.priorities([r])[0],
            "leads_to": leads_to(view, r.name),
            "is_yours": person.same(r.asker, you),
            "voted": any(person.same(v, you) for v in r.voters),
            "did": did,
            "undo": bool(did and did["action"] in UNDOABLE),
            "wrong": fault,
            "wrong_on_top": bool(fault and not has_form(r.state, fault["action"])),
            **choices(view),
        }

    def _act(self, asked: Asked, form: Form, who: str) -> str:
        """Do what a form asks for; return where its sender goes on."""
        number, action = asked.path_params["number"], asked.path_params["action"]
        r = self._desk.held.request(number)
        act = self._actions.find(action)
        act(self._desk.store, r, who, form)
        return _onwards(r, action, form)

    def _again(self, asked: Asked, form: Form, message: str, status: int) -> Response:
        number, action = asked.path_params["number"], asked.path_params["action"]
        fault = wrong(action, number, message, form)
        elsewhere = self._elsewhere(asked, form, fault, status)
        if elsewhere is not None:
            return elsewhere
        site = self._desk.site
        facts, view = site.facts(asked, lambda a, v: self._facts(a, v, fault))
        return site.html("request", facts, view, asked, status)


def listed(
    requests: Sequence[Request], show: str, order: str, q: str, about: str, **_: str
) -> Facts:
    """Return the requests that a list shows, and how many each of its views has.

    Args:
        show: one of `SHOWN`; what else it may be means what is open.
        order: one of `ORDERS`.
        q: words that title or decision have, all of them.
        about: the key of the asset that they are about, or that answers them.
    """
    words = q.lower().split()
    found = [r for r in requests if _has(r, words) and (not about or about in _assets(r))]
    counts = Counter(r.state for r in found)
    counts |= {"open": sum(counts[s] for s in OPEN), "all": len(found)}
    view = show if show in SHOWN else "open"
    states = {"open": OPEN, "all": STATES}.get(view, (view,))
    ordered = order if order in ORDERS else next(iter(ORDERS))
    rows = sorted((r for r in found if r.state in states), key=ORDERS[ordered])  # type: ignore[arg-type]
    views = [{"name": name, "count": counts[name]} for name in SHOWN]
    return {"rows": rows, "show": view, "order": ordered, "views": views}


def choices(view: View) -> Facts:
    """Return what there is to choose from where a request is dealt with."""
    assets = view.graph.assets.values()
    likely = sorted((a for a in assets if a.kind == "report" or a.layer == "marts"), key=_by_kind)
    return {
        "people": sorted({o for a in assets if a.kind != "record" for o in a.owners}),
        "answers": [{"key": a.key, "label": a.label} for a in likely[:CHOICES]],
        "methods": {"rice": RICE, "wsjf": WSJF},
        "impacts": IMPACTS,
    }


def _by_kind(asset: Asset) -> tuple[bool, str]:
    return (asset.kind != "report", asset.key)


def _onwards(r: Request, action: str, form: Form) -> str:
    """Return where somebody goes on: where the form was, at the place where it was."""
    match form.get("back", ""):
        case "triage":
            following = form.get("next", "")
            anchor = f"request-{following}" if following.isdigit() else "list"
            view = form.get("show", "")
            return address("/triage", anchor, show=view, did=action, number=r.number)
        case "mine":
            return address("/mine", did=action, number=r.number)
        case "requests":
            kept = {name: form.get(name, "")[:LONGEST] for name in KEPT}
            return address("/requests", f"request-{r.number}", **kept)
    anchor = {"comment": "talk", "estimate": "priority", "override": "priority"}.get(action, "")
    return address(f"/request/{r.number}", anchor, did=action, number=r.number)


def _has(r: Request, words: Sequence[str]) -> bool:
    text = f"#{r.number} {r.title} {r.decision} {r.asker}".lower()
    return all(word in text for word in words)


def _assets(r: Request) -> tuple[str, str]:
    return (r.about, r.answered_by)


def _yours(requests: Sequence[Request], you: str) -> list[int]:
    """Return the numbers of what somebody asked for, alone or with others."""
    return [r.number for r in requests if any(person.same(you, p) for p in (r.asker, *r.voters))]

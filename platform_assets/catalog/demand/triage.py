"""Going through what people asked for: what is new, then what is to be made, one after the other.

What belongs here: what is to be decided on, in which order, with what helps to decide. What does
not: what an action means (`actions`) and its route (`request_pages`).
"""

from starlette.requests import Request as Asked
from starlette.responses import Response
from starlette.routing import BaseRoute

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import person, shown
from platform_assets.catalog.demand.actions import UNDOABLE, has_form
from platform_assets.catalog.demand.desk import Desk, done
from platform_assets.catalog.demand.forms import Form
from platform_assets.catalog.demand.links_pages import nowhere
from platform_assets.catalog.demand.request_pages import choices
from platform_assets.catalog.demand.similar import Titles, assets_like
from platform_assets.catalog.present import Facts, cards
from platform_assets.product.kinds import Request

AT_ONCE = 20  # requests on the page: what is done goes, and others follow
MERGED_INTO = ("new", "accepted", "shipped", "closed")  # states of what a duplicate may join
SHOWN = ("new", "accepted", "yours")


class TriagePages:
    """The handlers, bound to what all pages of intake share."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        """Return the routes below `/catalog`."""
        return list(self._desk.site.page("/triage", "triage", self._triage))

    def again(self, asked: Asked, form: Form, fault: Facts, status: int) -> Response | None:
        """Return this page with what was wrong with a form of it; None if it was on another."""
        if form.get("back") != "triage":
            return None
        site, show = self._desk.site, form.get("show", "")
        facts, view = site.facts(asked, lambda a, v: self._facts(a, v, show, fault))
        return site.html("triage", facts, view, asked, status)

    def _triage(self, asked: Asked, view: View) -> Facts:
        return self._facts(asked, view, asked.query_params.get("show", ""), None)

    def _facts(self, asked: Asked, view: View, show: str, fault: Facts | None) -> Facts:
        every, you = self._desk.held.requests(), person.who(asked)
        lists = {state: waiting(every, state) for state in ("new", "accepted")}
        lists["yours"] = [r for r in lists["accepted"] if person.same(r.assignee, you)]
        chosen = show if show in SHOWN else "new"
        rows = self._with_fault(lists[chosen], every, fault)[:AT_ONCE]
        did, titles = done(asked), self._desk.held.titles()
        return {
            "show": chosen,
            "views": [{"name": name, "count": len(lists[name])} for name in SHOWN],
            "total": len(lists[chosen]),
            "rows": [
                {**self._row(r, titles, view), "priority": priority}
                for r, priority in zip(rows, self._desk.priorities(rows), strict=True)
            ],
            "nowhere": len(nowhere(view, self._desk.held.records.now())),
            "did": did,
            "undo": bool(did and did["number"] and did["action"] in UNDOABLE),
            "wrong": fault,
            "wrong_on_top": bool(fault and not any(_stands_in(fault, r) for r in rows)),
            **choices(view),
        }

    def _row(self, r: Request, titles: Titles, view: View) -> Facts:
        """Return a request with what may be the same, and what may answer it already."""
        index, text = self._desk.site.catalog.index, r.title
        alike = titles.like(text, MERGED_INTO, but=(r.number,))
        answers = assets_like(view, index, text, self._desk.looks)
        return {
            **shown.request(r, view),
            "alike": [shown.request(other, view) for other in alike],
            "answers": cards(view, answers),
        }

    def _with_fault(
        self, rows: list[Request], every: list[Request], fault: Facts | None
    ) -> list[Request]:
        """Put what a refused form was on first: its list may go on without it."""
        if fault is None:
            return rows
        number = str(fault["number"])
        first = [r for r in every if str(r.number) == number]
        return [*first, *(r for r in rows if str(r.number) != number)]


def _stands_in(fault: Facts, r: Request) -> bool:
    return str(fault["number"]) == str(r.number) and has_form(r.state, fault["action"])


def waiting(requests: list[Request], state: str) -> list[Request]:
    """Return what waits in a state: what most people asked for first, then what waits longest."""
    found = [r for r in requests if r.state == state]
    return sorted(found, key=lambda r: (-r.asked, r.number))

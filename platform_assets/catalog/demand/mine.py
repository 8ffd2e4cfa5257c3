"""What somebody asked for, said and is to take care of; and who they are.

What belongs here: facts and routes of `/mine`. What does not: how a person is known (`person`).
"""

from starlette.requests import Request as Asked
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import person, shown
from platform_assets.catalog.demand.desk import Desk, done, wrong
from platform_assets.catalog.demand.forms import Form, Forms
from platform_assets.catalog.present import Facts
from platform_assets.product.kinds import Request

ENDED = ("closed", "declined", "merged", "split")
LATELY = 30  # of what is over


class MinePages:
    """The handlers, bound to what all pages of intake share."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        """Return the routes below `/catalog`."""
        site = self._desk.site
        return [
            *site.page("/mine", "mine", self._mine),
            Route("/yours", lambda asked: RedirectResponse("/catalog/mine")),  # the name of its tab
            Forms(site).route("/mine", lambda asked, form, who: "/catalog/mine", self._again),
        ]

    def _mine(self, asked: Asked, view: View) -> Facts:
        return self._facts(asked, view, None)

    def _facts(self, asked: Asked, view: View, fault: Facts | None) -> Facts:
        who, every = person.who(asked), self._desk.held.requests()
        own = [r for r in every if person.same(r.asker, who)]
        joined = [r for r in every if _among(who, r.voters) and not person.same(r.asker, who)]
        said = [f for f in self._desk.held.feedback() if person.same(f.author, who)]

        def listed(found: list[Request]) -> list[Facts]:
            return [shown.request(r, view) for r in found]

        return {
            "here_now": listed(self._desk.held.arrived(who)),
            "waiting": listed([r for r in own if r.state in ("new", "accepted")]),
            "joined": listed([r for r in joined if r.state not in ENDED]),
            "assigned": listed(
                [r for r in every if r.state == "accepted" and person.same(r.assignee, who)]
            ),
            "over": listed([r for r in own if r.state in ENDED][:LATELY]),
            "said": [shown.feedback(f, view) for f in said[:LATELY]],
            "did": done(asked),
            "wrong": fault,
        }

    def _again(self, asked: Asked, form: Form, message: str, status: int) -> Response:
        site, fault = self._desk.site, wrong("name", "", message, form)
        facts, view = site.facts(asked, lambda a, v: self._facts(a, v, fault))
        return site.html("mine", facts, view, asked, status)


def _among(who: str, people: tuple[str, ...]) -> bool:
    return any(person.same(who, each) for each in people)

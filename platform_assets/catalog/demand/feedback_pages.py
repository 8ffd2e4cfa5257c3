"""What people said of reports and tables, and what was answered.

What belongs here: facts and routes of `/feedback`. What does not: the form to say something
(`intake`).
"""

from collections import defaultdict
from collections.abc import Sequence

from starlette.requests import Request as Asked
from starlette.responses import Response
from starlette.routing import BaseRoute

from platform_assets.catalog.answers import whole
from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import shown
from platform_assets.catalog.demand.desk import Desk, address, done, wrong
from platform_assets.catalog.demand.forms import Form, Forms
from platform_assets.catalog.demand.held import number_of
from platform_assets.catalog.pages import Missing
from platform_assets.catalog.present import Facts
from platform_assets.product.kinds import Feedback

PAGE = 200  # the address of one is a place on this page
SHOWN = ("all", "unanswered", "bad")
BAD = 2  # ratings up to this
LONGEST = 300


class FeedbackPages:
    """The handlers, bound to what all pages of intake share."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        """Return the routes below `/catalog`."""
        site, path = self._desk.site, "/feedback/{number}/answer"
        return [
            *site.page("/feedback", "feedback", self._feedback),
            Forms(site).route(path, self._answer, self._again),
        ]

    def _feedback(self, asked: Asked, view: View) -> Facts:
        return self._facts(asked, view, None)

    def _facts(self, asked: Asked, view: View, fault: Facts | None) -> Facts:
        about, show, answer = (
            asked.query_params.get(n, "")[:LONGEST] for n in ("about", "show", "answer")
        )
        every = [f for f in self._desk.held.feedback() if not about or f.about == about]
        lists = {
            "all": every,
            "unanswered": [f for f in every if not f.answer],
            "bad": [f for f in every if f.rating <= BAD],
        }
        chosen = show if show in SHOWN else "all"
        rows = lists[chosen]
        # Who comes to answer finds the form open, on whichever page it is.
        at = next((i for i, f in enumerate(rows) if str(f.number) == answer), 0)
        page = whole(asked, "page", at // PAGE + 1, 1, 10_000)
        return {
            "about": shown.asset(view, about),
            "show": chosen,
            "views": [{"name": name, "count": len(lists[name])} for name in SHOWN],
            "total": len(rows),
            "page": page,
            "pages": max(1, -(-len(rows) // PAGE)),
            "rows": [shown.feedback(f, view) for f in rows[(page - 1) * PAGE : page * PAGE]],
            "by_asset": summary(every, view),
            "answering": answer,
            "did": done(asked),
            "wrong": fault,
        }

    def _answer(self, asked: Asked, form: Form, who: str) -> str:
        number = number_of(asked.path_params["number"])
        if all(f.number != number for f in self._desk.held.feedback()):
            raise Missing(f"There is no feedback {number}.")
        made = self._desk.store.answer(number, who, form.get("words", "").strip())
        about, show = (form.get(name, "")[:LONGEST] for name in ("about", "show"))
        anchor = f"feedback-{made.number}"
        return address("/feedback", anchor, about=about, show=show, did="answer")

    def _again(self, asked: Asked, form: Form, message: str, status: int) -> Response:
        site = self._desk.site
        fault = wrong("answer", asked.path_params["number"], message, form)
        facts, view = site.facts(asked, lambda a, v: self._facts(a, v, fault))
        return site.html("feedback", facts, view, asked, status)


def summary(found: Sequence[Feedback], view: View) -> list[Facts]:
    """Return of each asset how often something was said, and how it was rated, worst first.

    `counts` has how often each rating was given, from 1 to 5.
    """
    by_asset: dict[str, list[int]] = defaultdict(list)
    for each in found:
        by_asset[each.about].append(each.rating)
    rows = [
        {
            "asset": shown.asset(view, key),
            "count": len(ratings),
            "mean": round(sum(ratings) / len(ratings), 1),
            "counts": [ratings.count(n) for n in range(1, 6)],
        }
        for key, ratings in by_asset.items()
    ]
    return sorted(rows, key=lambda row: (row["mean"], -int(str(row["count"]))))

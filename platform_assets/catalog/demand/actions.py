"""What can be done to a request, and to feedback: a form's fields to one call of the store.

What belongs here: which field means what. What does not: what is allowed (`product.store`), which
page a form stands on (`request_pages`, `triage`).
"""

import difflib
from collections.abc import Callable, Collection, Mapping

from platform_assets.catalog.demand.forms import Form, Unclear, amount, day
from platform_assets.catalog.demand.held import number_of
from platform_assets.catalog.demand.person import same
from platform_assets.catalog.pages import Missing
from platform_assets.product.kinds import INPUTS, Request
from platform_assets.product.store import RecordStore

Act = Callable[[RecordStore, Request, str, Form], object]
NewestVersion = Callable[[str], str]  # of an asset's key; raises Missing where there is no such one


class Actions:
    """The actions, by the last part of their address.

    Args:
        newest_version: returns the name of the newest version of an asset.
        requirements: returns the ids of all requirements.
    """

    def __init__(
        self, newest_version: NewestVersion, requirements: Callable[[], Collection[str]]
    ) -> None:
        self._newest_version = newest_version
        self._requirements = requirements
        self.all: Mapping[str, Act] = {
            "vote": lambda store, r, who, form: store.vote(r.number, who),
            "unvote": lambda store, r, who, form: store.unvote(r.number, who),
            "comment": _comment,
            "edit": _edit,
            "accept": self._accept,
            "decline": lambda s, r, who, form: s.decline(r.number, who, _text(form, "reason")),
            "merge": _merge,
            "split": _split,
            "assign": lambda s, r, who, form: s.assign(r.number, who, _text(form, "assignee")),
            "estimate": _estimate,
            "override": _override,
            "ship": self._ship,
            "helped": _helped,
            "reopen": lambda store, r, who, form: store.reopen(r.number, who),
            "undo": lambda store, r, who, form: store.undo(r.number, who),
        }

    def find(self, name: str) -> Act:
        """Return an action.

        Raises:
            Missing: there is none of that name.
        """
        if name not in self.all:
            raise Missing(f"Nothing is called {name[:40]!r} that could be done to a request.")
        return self.all[name]

    def _accept(self, store: RecordStore, r: Request, who: str, form: Form) -> object:
        """Take a request up, into a requirement that there is."""
        named, there = _text(form, "requirement"), self._requirements()
        if named and named != r.requirement and named not in there:
            near = difflib.get_close_matches(named, there, n=1)
            raise Unclear(
                f"There is no requirement {named[:80]}.",
                hint=f"Did you mean {near[0]}?" if near else "Write its file first, or leave it.",
            )
        return store.accept(r.number, who, assignee=_text(form, "assignee"), requirement=named)

    def _ship(self, store: RecordStore, r: Request, who: str, form: Form) -> object:
        """Say which asset answers a request, as it is now."""
        key = _text(form, "answered_by")
        try:
            version = self._newest_version(key)
        except Missing:
            raise Unclear(
                f"There is no report or table {key[:80]!r}.",
                hint="Take one from the list that opens while you type: report/… or marts/….",
            ) from None
        return store.ship(r.number, who, key, version)


# What was done, after it was done: for the line on top of the page.
DONE = {
    "ask": "Asked. You will see here, and on every page, when it is there.",
    "vote": "You asked for it too.",
    "unvote": "You do not ask for it any more.",
    "comment": "Your comment is there.",
    "edit": "Changed.",
    "accept": "Accepted.",
    "decline": "Declined.",
    "merge": "Merged: whoever asked for it now asks for the other.",
    "split": "Split: its parts are in the list.",
    "assign": "Assigned.",
    "estimate": "Estimated.",
    "override": "The score is set.",
    "ship": "It is here: its asker is told on the next page that they open.",
    "helped": "Thank you for saying so.",
    "reopen": "Open again.",
    "undo": "Taken back: it is what it was before.",
    "answer": "Answered.",
    "tell": "Thank you. Its owner can read it now, and answer.",
}
UNDOABLE = ("decline", "merge", "ship")
# Of each state the steps whose forms its page has: what is wrong with one stands in it.
_WAITING = ("accept", "decline", "merge", "split", "assign", "override")
_LIVING = ("estimate", "ship", "edit")
FORMS = {"new": (*_WAITING, *_LIVING), "accepted": (*_WAITING, *_LIVING), "shipped": _LIVING}


def has_form(state: str, action: str) -> bool:
    """Return whether the page of a request in some state has the form of a step."""
    return action == "comment" or action in FORMS.get(state, ())


def _text(form: Form, name: str) -> str:
    return form.get(name, "").strip()


def _comment(store: RecordStore, r: Request, who: str, form: Form) -> object:
    return store.comment(r.name, who, _text(form, "words"))


def _edit(store: RecordStore, r: Request, who: str, form: Form) -> object:
    texts = {n: _text(form, n) for n in ("title", "decision", "waiting_costs") if n in form}
    when = {"needed_by": day(form, "needed_by", "Needed by")} if "needed_by" in form else {}
    return store.edit(r.number, who, **texts, **when)


def _merge(store: RecordStore, r: Request, who: str, form: Form) -> object:
    try:
        into = number_of(_text(form, "into"))
    except Missing:
        raise Unclear("It does not say which request to merge it into.", hint="Write 12.") from None
    return store.merge(r.number, who, into)


def _split(store: RecordStore, r: Request, who: str, form: Form) -> object:
    titles = [line.strip() for line in form.get("titles", "").splitlines() if line.strip()]
    if len(titles) < 2:
        raise Unclear("A request is split into two parts or more.", hint="One part on each line.")
    return store.split(r.number, who, titles)


def _estimate(store: RecordStore, r: Request, who: str, form: Form) -> object:
    found = {name: amount(form, name, name.capitalize()) for name in INPUTS if name in form}
    return store.estimate(r.number, who, **found)


def _override(store: RecordStore, r: Request, who: str, form: Form) -> object:
    return store.override(r.number, who, amount(form, "score", "Score"), _text(form, "reason"))


def _helped(store: RecordStore, r: Request, who: str, form: Form) -> object:
    if not any(same(who, each) for each in (r.asker, *r.voters)):
        raise Unclear(
            f"Only {r.asker} can say whether it helped, or who asked for it too.",
            hint="What you think of it, you can say on the page of what was made.",
        )
    said = form.get("helped")
    if said not in ("yes", "no"):
        raise Unclear("It does not say whether it helped.", hint="Choose yes or no.")
    return store.say_helped(r.number, who, said == "yes", _text(form, "words"))

"""Pages of decisions and minutes: what was decided, why, where; and what somebody is to do.

What belongs here: the facts of these pages. What does not: reading records (`records`), HTML.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand.cards import day, one, thing, things, written
from platform_assets.catalog.demand.records import Snapshot
from platform_assets.catalog.present import Facts, owner
from platform_assets.product.curated_kinds import Action, Decision, Minutes
from platform_assets.product.kinds import name_of


def decisions_page(view: View, snapshot: Snapshot) -> Facts:
    """Return the decision log: what waits to be decided first, then the newest first."""
    every = sorted(
        snapshot.curated.decisions,
        key=lambda d: (d.decided_on is None, d.decided_on or date.min, d.title),
        reverse=True,
    )
    lines = [decision_line(view, snapshot, each) for each in every]
    return {"decisions": lines, "states": Counter(each["status"] for each in lines)}


def decision_line(view: View, snapshot: Snapshot, found: Decision) -> Facts:
    """Return what a list shows of a decision."""
    return {
        **written(found),
        "status": found.status,
        "decided_on": day(found.decided_on),
        "choice": found.choice,
        "settles": things(view, snapshot, found.settles),
    }


def decision_page(view: View, snapshot: Snapshot, ident: str) -> Facts:
    """Return a decision: its context, options, choice and consequences, and what it settles.

    Raises:
        Missing: there is no such decision.
    """
    found = one(snapshot, Decision, ident)
    return {
        **decision_line(view, snapshot, found),
        "options": [
            {"text": each, "chosen": each.strip() == found.choice.strip()} for each in found.options
        ],
        "superseded_by": things(view, snapshot, snapshot.back(found.name, "supersedes")),
        "supersedes": things(view, snapshot, snapshot.to(found.name, "supersedes")),
        "minutes": things(view, snapshot, snapshot.to(found.name, "minuted_in")),
    }


def minutes_page(view: View, snapshot: Snapshot) -> Facts:
    """Return all minutes, newest first, and before them every action that is still open."""
    every = sorted(snapshot.curated.minutes, key=lambda m: (m.held_on, m.title), reverse=True)
    open_ = [
        {**_action(each, view.now.date()), "minutes": thing(view, snapshot, found.name)}
        for found in every
        for each in found.actions
        if each.done_on is None
    ]
    return {
        "minutes": [minutes_line(view, each) for each in every],
        "actions": sorted(open_, key=lambda a: (a["due"], a["what"])),
    }


def minutes_line(view: View, found: Minutes) -> Facts:
    """Return what a list shows of minutes."""
    actions = [_action(each, view.now.date()) for each in found.actions]
    return {
        **written(found),
        "held_on": day(found.held_on),
        "attendees": list(found.attendees),
        "actions": actions,
        "decided": len(found.decisions),
        "open": sum(each["done_on"] is None for each in actions),
        "overdue": sum(each["overdue"] for each in actions),
    }


def one_minutes_page(view: View, snapshot: Snapshot, ident: str) -> Facts:
    """Return the minutes of a meeting.

    Raises:
        Missing: there are none of that name.
    """
    found = one(snapshot, Minutes, ident)
    decided = _decisions(snapshot, found.decisions)
    return {
        **minutes_line(view, found),
        "decisions": [decision_line(view, snapshot, each) for each in decided],
    }


def _decisions(snapshot: Snapshot, idents: Iterable[str]) -> list[Decision]:
    found = (snapshot.curated.get(name_of(Decision.kind, each)) for each in idents)
    return [each for each in found if isinstance(each, Decision)]


def _action(found: Action, today: date) -> Facts:
    return {
        "what": found.what,
        "owner": owner(found.owner),
        "due": found.due.isoformat(),
        "done_on": day(found.done_on),
        "overdue": found.done_on is None and found.due < today,
    }

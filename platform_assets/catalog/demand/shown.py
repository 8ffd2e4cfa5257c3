"""Records as a page, or its JSON twin, shows them: plain dictionaries.

What belongs here: which facts of a request, of feedback, of an edit go where, and the words for
states. What does not: HTML (`templates`), routes (`intake`).
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand.versions import version_url
from platform_assets.catalog.present import Facts, asset_url, moment, record_url
from platform_assets.inventory.health import span
from platform_assets.product.kinds import Change, Comment, Feedback, Request, name_of
from platform_assets.product.resting import meant, rests
from platform_assets.reporting import versions

STATES = {
    "new": "New",
    "accepted": "Accepted",
    "shipped": "It is here",
    "closed": "Closed",
    "declined": "Declined",
    "merged": "Merged",
    "split": "Split",
}
RATINGS = {1: "Bad", 2: "Poor", 3: "Fair", 4: "Good", 5: "Very good"}
STAGES = {"trial": "on trial", "live": "in use", "retiring": "about to go"}
FIELDS = {
    "needed_by": "needed by",
    "waiting_costs": "what waiting costs",
    "merged_into": "merged into",
    "split_from": "split from",
    "answered_by": "answered by",
    "answered_version": "version of the answer",
    "override": "score set by hand",
    "override_reason": "why it was set",
    "helped_words": "words on whether it helped",
}
HELPED = {
    "true": "It helped",
    "false": "It did not help",
    "": "Whether it helped is to be said anew",
}
# What follows from another edit of the same moment, or says when, or stands on the page itself.
_ECHOES = (
    "comment",
    "updated_at",
    "created_at",
    "accepted_at",
    "shipped_at",
    "ended_at",
    "answered_at",
)
SEARCHED = "search: "  # what a request's `about` begins with where it comes from a search


def request(r: Request, view: View) -> Facts:
    """Return what is shown of a request."""
    return {
        "number": r.number,
        "url": record_url(r.name),
        "title": r.title,
        "asker": r.asker,
        "state": r.state,
        "state_words": _state(r),
        "standing": standing(r),
        "decision": r.decision,
        "needed_by": r.needed_by.isoformat() if r.needed_by else None,
        "late": r.state in ("new", "accepted") and (r.needed_by or date.max) < _today(),
        "waiting_costs": r.waiting_costs,
        "about": r.about,
        "about_asset": asset(view, r.about),
        "reason": r.reason,
        "assignee": r.assignee,
        "requirement": r.requirement,
        "requirement_url": r.requirement and record_url(name_of("requirement", r.requirement)),
        "merged_into": r.merged_into,
        "split_from": r.split_from,
        "answer": asset(view, r.answered_by, r.answered_version),
        "inputs": dict(r.inputs),
        "override": r.override,
        "override_reason": r.override_reason,
        "helped": r.helped,
        "helped_words": r.helped_words,
        "asked": r.asked,
        "voters": list(r.voters),
        "comments": r.comments,
        "age": age(r.created_at),
        **{
            name: moment(getattr(r, name))
            for name in ("created_at", "updated_at", "accepted_at", "shipped_at", "ended_at")
        },
    }


def feedback(f: Feedback, view: View) -> Facts:
    """Return what is shown of feedback."""
    return {
        "number": f.number,
        "url": record_url(f.name),
        "about": f.about,
        "asset": asset(view, f.about, f.version),
        "version": f.version,
        "version_words": version_words(f.version),
        "rating": f.rating,
        "rating_words": RATINGS.get(f.rating, ""),
        "words": f.words,
        "author": f.author,
        "stage": f.stage,
        "stage_words": STAGES.get(f.stage, f.stage),
        "request": f.request,
        "answer": f.answer,
        "answered_by": f.answered_by,
        "created_at": moment(f.created_at),
        "answered_at": moment(f.answered_at),
        "age": age(f.created_at),
    }


def comment(c: Comment) -> Facts:
    """Return what is shown of a comment."""
    return {
        "number": c.number,
        "author": c.author,
        "words": c.words,
        "created_at": moment(c.created_at),
        "age": age(c.created_at),
    }


def changes(found: Iterable[Change]) -> list[Facts]:
    """Return what is shown of edits, newest first: what one person changed at once is one entry."""
    shown: list[Facts] = []
    for at, who, together in _together(found):
        fields = [_change(c) for c in together if c.field not in _ECHOES]
        begun = any(c.field == "asker" and not c.before for c in together)
        if fields or begun:
            shown.append({"at": moment(at), "who": who, "begun": begun, "fields": fields})
    return shown[::-1]


def _change(c: Change) -> Facts:
    """Return one field of an edit; `words` has the whole of it where that says more."""
    before, after = c.before, c.after
    words = ""
    if c.field == "vote":
        words = "asked for it too" if after else "does not ask for it any more"
    if c.field == "helped":
        words = HELPED.get(after, after)
    if c.field == "state":
        before, after = STATES.get(before, before), STATES.get(after, after)
    if c.field == "answered_version":
        before, after = version_words(before), version_words(after)
    return {
        "field": FIELDS.get(c.field, c.field),
        "before": before,
        "after": after,
        "words": words,
    }


def _together(found: Iterable[Change]) -> list[tuple[datetime, str, list[Change]]]:
    groups: dict[tuple[datetime, str], list[Change]] = {}
    for change in found:
        groups.setdefault((change.at, change.who), []).append(change)
    return [(at, who, changes) for (at, who), changes in groups.items()]


def asset(view: View, key: str, version: str = "") -> Facts | None:
    """Return how an asset is named and where it is; None for "" and for a search.

    One that is gone keeps its key, without a page.
    """
    if not key or key.startswith(SEARCHED):
        return None
    found = view.graph.assets.get(key)
    if found is None:
        label = f"{meant(key)} (gone)" if rests(key) else key
        nowhere = {"label": label, "url": "", "kind": "", "open": ""}
        return {"key": key, **nowhere, "version": version, "version_words": version_words(version)}
    return {
        "key": key,
        "label": found.label,
        "url": asset_url(key),
        "kind": found.kind,
        "version": version,
        "version_words": version_words(version),
        "open": version_url(found, version) if version else found.link or asset_url(key),
    }


def version_words(version: str) -> str:
    """Return when a version was made, as people read it; what is no time stays as it is."""
    if rests(version):
        return f"{version_words(meant(version))} (gone)"
    if versions.NAME.match(version):
        return f"{versions.made(version):%Y-%m-%d %H:%M} UTC"
    try:
        return f"{datetime.fromisoformat(version).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return version


def standing(r: Request) -> str:
    """Return how a request stands, in a sentence."""
    match r.state:
        case "new":
            return "It waits to be looked at."
        case "accepted":
            who = f" {r.assignee} takes care of it." if r.assignee else ""
            back = " What was made did not help yet." if r.helped is False else ""
            return f"It will be done.{who}{back}"
        case "shipped":
            return "It is here, and waits for its asker to say whether it helped."
        case "closed":
            return "It was made, and it helped." if r.helped else "It is closed."
        case "declined":
            return "It will not be done."
        case "merged":
            return f"It goes on as request {r.merged_into}."
    return "It goes on in its parts."


def age(at: datetime) -> str:
    """Return how long ago something was, roughly."""
    return span(datetime.now(UTC) - at)


def _state(r: Request) -> str:
    return "It helped" if r.state == "closed" and r.helped else STATES.get(r.state, r.state)


def _today() -> date:
    return datetime.now(UTC).date()

"""Which step of a request may follow which, and what it changes: plain functions.

What belongs here: from a request as it is to the request as it becomes. What does not: what input
may look like (`bounds`), keeping it (`writing`).

    new ──accept──▶ accepted ──ship──▶ shipped ──it helped──▶ closed
     │                 │  ▲               │
     │                 │  └─it did not────┘
     └─ decline, merge, split: from new and accepted

`reopen` leads back: from declined and merged to new, from shipped and closed to accepted; `undo`,
to what was there right before. What was split lives on in its parts and is never reopened.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from platform_assets.product.kinds import OPEN, Change, Request
from platform_assets.product.store.refusals import Refused

WAITING = ("new", "accepted")
# What declining, merging and shipping change, from how history keeps it to what it is.
_CHANGED: Mapping[str, Callable[[str], Any]] = {
    "state": str,
    "reason": str,
    "merged_into": lambda text: int(text) if text else None,
    "answered_by": str,
    "answered_version": str,
    "helped": lambda text: text == "true" if text else None,
    "helped_words": str,
}


def accept(request: Request, at: datetime, assignee: str = "", requirement: str = "") -> Request:
    """Return it as taken up; of one taken up before, what is given changes."""
    _only(request, "accepted", WAITING)
    return replace(
        request,
        state="accepted",
        accepted_at=request.accepted_at or at,
        assignee=assignee or request.assignee,
        requirement=requirement or request.requirement,
    )


def decline(request: Request, at: datetime, reason: str) -> Request:
    """Return it as declined."""
    _only(request, "declined", WAITING)
    return replace(request, state="declined", reason=reason, ended_at=at)


def merge(request: Request, at: datetime, into: Request) -> Request:
    """Return it as living on in another, which did not end itself: so no circle closes."""
    _only(request, "merged", WAITING)
    if into.number == request.number:
        raise Refused(f"{request.name} can't be merged into itself.", hint="Name another request.")
    if into.state == "merged":
        raise Refused(
            f"{into.name} is itself merged into request/{into.merged_into}.",
            hint=f"Reopen {into.name} first."
            if into.merged_into == request.number
            else f"Merge into request/{into.merged_into}.",
        )
    if into.state not in (*OPEN, "closed"):
        raise Refused(f"{into.name} is {into.state}.", hint=_way_out(into))
    return replace(request, state="merged", merged_into=into.number, ended_at=at)


def split(
    request: Request, at: datetime, parts: Mapping[int, str]
) -> tuple[Request, list[Request]]:
    """Return it as split, and its parts: each what it was, but for title and estimates.

    Args:
        parts: titles by number.
    """
    _only(request, "split", WAITING)
    if len(parts) < 2:
        raise Refused("A request is split into two parts at least.", hint="Give two titles.")
    made = [
        replace(
            request,
            number=number,
            title=title,
            split_from=request.number,
            created_at=at,
            updated_at=at,
            accepted_at=request.accepted_at and at,
            inputs={},
            override=None,
            override_reason="",
            voters=(),
            comments=0,
        )
        for number, title in parts.items()
    ]
    return replace(request, state="split", ended_at=at), made


def assign(request: Request, assignee: str) -> Request:
    """Return it as somebody's task; "" for nobody's."""
    _only(request, "assigned", WAITING)
    return replace(request, assignee=assignee)


def reopen(request: Request) -> Request:
    """Return it as it was before it ended, or shipped."""
    _only(request, "reopened", ("declined", "merged", "shipped", "closed"))
    if request.state in ("shipped", "closed"):
        return replace(_unanswered(request), ended_at=None, helped=None, helped_words="")
    return replace(
        request, state="new", reason="", merged_into=None, accepted_at=None, ended_at=None
    )


def undo(request: Request, history: Sequence[Change]) -> Request:
    """Return it as it was before it was declined, merged or shipped.

    Args:
        history: of the request, oldest first; without any, it is reopened.
    """
    _only(request, "taken back", ("declined", "merged", "shipped"))
    moves = [c for c in history if c.field in ("state", "answered_by", "answered_version")]
    if not moves:
        return reopen(request)
    last = (c for c in history if (c.at, c.who) == (moves[-1].at, moves[-1].who))
    back = {c.field: _CHANGED[c.field](c.before) for c in last if c.field in _CHANGED}
    state = back.get("state", request.state)
    return replace(
        request,
        **back,
        accepted_at=None if state == "new" else request.accepted_at,
        shipped_at=request.shipped_at if state == "shipped" else None,
        ended_at=None,
    )


def ship(request: Request, at: datetime, answered_by: str, version: str) -> Request:
    """Return it as answered; one that is shipped already may be given another answer."""
    _only(request, "shipped", OPEN)
    return replace(
        request,
        state="shipped",
        accepted_at=request.accepted_at or at,
        shipped_at=request.shipped_at or at,
        answered_by=answered_by,
        answered_version=version,
        helped=None,
        helped_words="",
    )


def say_helped(request: Request, at: datetime, helped: bool, words: str) -> Request:
    """Return it as closed, or, where the answer did not help, as one that waits for another."""
    _only(request, "closed", ("shipped",))
    if helped:
        return replace(request, state="closed", helped=True, helped_words=words, ended_at=at)
    return replace(_unanswered(request), helped=False, helped_words=words)


def edit(request: Request, fields: Mapping[str, Any]) -> Request:
    """Return it in other words of its asker."""
    _only(request, "edited", OPEN)
    return replace(request, **fields)


def estimate(request: Request, inputs: Mapping[str, float | None]) -> Request:
    """Return it with some inputs of its score set, or taken back."""
    _only(request, "estimated", OPEN)
    merged = {**request.inputs, **inputs}
    return replace(request, inputs={k: v for k, v in merged.items() if v is not None})


def override(request: Request, score: float | None, reason: str) -> Request:
    """Return it with a score that replaces the computed one, or with none."""
    _only(request, "scored", OPEN)
    return replace(request, override=score, override_reason=reason if score is not None else "")


def vote(request: Request) -> None:
    """Refuse the vote where nobody waits any more."""
    _only(request, "voted for", OPEN)


def _unanswered(request: Request) -> Request:
    return replace(request, state="accepted", answered_by="", answered_version="", shipped_at=None)


def _only(request: Request, done: str, states: Sequence[str]) -> None:
    if request.state not in states:
        raise Refused(
            f"{request.name} is {request.state}: it can't be {done}.", hint=_way_out(request)
        )


def _way_out(request: Request) -> str:
    return {
        "new": "Accept it and ship what answers it first.",
        "accepted": "Ship what answers it first.",
        "shipped": "Reopen it, or wait for its asker to say whether it helped.",
        "merged": f"Go to request/{request.merged_into}, or reopen it.",
        "split": "Go to its parts.",
    }.get(request.state, "Reopen it first.")

"""All requests and feedback, kept up with a store: only what was edited is read again.

What belongs here: which records have to be read. What does not: queries (`reading`), when to look
(whoever shows them).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from platform_assets.product.kinds import Feedback, Request
from platform_assets.product.store import reading
from platform_assets.product.store import tables as t

MOST = 200  # edited records, of more than which everything is read again


@dataclass(frozen=True)
class Submitted:
    """What people submitted, as of one moment.

    Attributes:
        changes: how often anything was written by then; -1 where nothing was read.
        edits: number of the last edit.
        requests, feedback: newest first; one that was not edited stays the same object.
    """

    changes: int = -1
    edits: int = 0
    requests: tuple[Request, ...] = ()
    feedback: tuple[Feedback, ...] = ()


def caught_up(connection: sa.Connection, before: Submitted) -> Submitted:
    """Return what there is now."""
    changes, edits = reading.changes(connection), reading.last_edit(connection)
    if changes == before.changes:
        return before
    edited = reading.edited(connection, before.edits)
    empty = not (before.requests or before.feedback)  # what a store is filled with is no edit
    other = changes < before.changes or edits < before.edits  # another store in its place
    if empty or other or len(edited) > MOST:
        requests, feedback = reading.requests(connection), reading.feedback(connection)
        return Submitted(changes, edits, tuple(requests[::-1]), tuple(feedback[::-1]))
    return Submitted(
        changes,
        edits,
        _requests(connection, before.requests, _numbers(edited, "request")),
        _feedback(connection, before.feedback, _numbers(edited, "feedback")),
    )


def _numbers(edited: Iterable[str], kind: str) -> set[int]:
    named = (name.split("/", 1) for name in edited)
    return {int(ident) for each, ident in named if each == kind}


def _requests(
    connection: sa.Connection, before: tuple[Request, ...], edited: set[int]
) -> tuple[Request, ...]:
    """Return all requests; those that others were merged into have their voters, and change, too.

    History does not tell edits of a moment alone: of these, a moment itself is looked at.
    """
    known = {r.number: r for r in before}
    latest = max((r.updated_at for r in before), default=t.EPOCH)
    ahead = edited | set(reading.touched(connection, t.requests.c.updated_at, latest))
    done: set[int] = set()
    while ahead:
        found = {r.number: r for r in reading.requests(connection, ahead)}
        heirs = (each.get(n) for n in ahead for each in (known, found))
        done |= ahead
        ahead = {r.merged_into for r in heirs if r and r.merged_into is not None} - done
        known |= {n: r for n, r in found.items() if known.get(n) != r}
    return tuple(sorted(known.values(), key=lambda r: -r.number)) if done else before


def _feedback(
    connection: sa.Connection, before: tuple[Feedback, ...], edited: set[int]
) -> tuple[Feedback, ...]:
    latest = max((f.answered_at for f in before if f.answered_at), default=t.EPOCH)
    ahead = edited | set(reading.touched(connection, t.feedback.c.answered_at, latest))
    if not ahead:
        return before
    found = {number: reading.feedback_of(connection, number) for number in ahead}
    known = {f.number: f for f in before}
    known |= {n: f for n, f in found.items() if known.get(n) != f}
    return tuple(sorted(known.values(), key=lambda f: -f.number))

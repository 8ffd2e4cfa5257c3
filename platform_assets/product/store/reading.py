"""From rows to records.

What belongs here: queries, and who voted. What does not: transactions (`records`), what changes
rows (`writing`).

Who asked for a request that was merged, or voted for it, counts as a voter of the one that it lives
on in; that is worked out here, so that reopening it takes nothing from anybody.
"""

from collections.abc import Iterator, Set
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from platform_assets.product.kinds import (
    INPUTS,
    Change,
    Comment,
    Feedback,
    Request,
    Snooze,
    name_of,
)
from platform_assets.product.store import tables as t
from platform_assets.product.store.bounds import MOST_NUMBER, record
from platform_assets.product.store.everything import Everything, Vote
from platform_assets.product.store.refusals import Missing

Voters = dict[int, dict[str, None]]  # by number; in the order in which they came


def changes(connection: sa.Connection) -> int:
    """Return how often anything was written."""
    return int(connection.execute(sa.select(t.state.c.changes)).scalar_one())


def request(connection: sa.Connection, number: int) -> Request:
    """Return one request.

    Raises:
        Missing: there is none of that number.
    """
    if 0 < number <= MOST_NUMBER:
        for found in _requests(connection, {number}):
            return found
    raise Missing(name_of("request", number))


def requests(connection: sa.Connection, only: Set[int] | None = None) -> list[Request]:
    """Return all requests, or those of some numbers, oldest first."""
    return list(_requests(connection, only))


def last_edit(connection: sa.Connection) -> int:
    """Return the number of the last edit; 0 without any."""
    return connection.scalar(sa.select(sa.func.max(t.history.c.number))) or 0


def edited(connection: sa.Connection, after: int) -> list[str]:
    """Return the names of the records of which there are edits after that of a number."""
    c = t.history.c
    return list(connection.scalars(sa.select(c.record).distinct().where(c.number > after)))


def touched(connection: sa.Connection, when: sa.Column[datetime], since: datetime) -> list[int]:
    """Return the numbers of rows of a table that have a moment of then or later in a column."""
    return list(connection.scalars(sa.select(when.table.c.number).where(when >= since)))


def feedback_of(connection: sa.Connection, number: int) -> Feedback:
    """Return one piece of feedback.

    Raises:
        Missing: there is none of that number.
    """
    if 0 < number <= MOST_NUMBER:
        query = sa.select(t.feedback).where(t.feedback.c.number == number)
        for row in _rows(connection, query):
            return Feedback(**row)
    raise Missing(name_of("feedback", number))


def feedback(connection: sa.Connection, about: str | None = None) -> list[Feedback]:
    """Return all feedback, or that on one asset, oldest first."""
    query = sa.select(t.feedback).order_by(t.feedback.c.number)
    if about is not None:
        query = query.where(t.feedback.c.about == about)
    return [Feedback(**row) for row in _rows(connection, query)]


def comments(connection: sa.Connection, name: str | None = None) -> list[Comment]:
    """Return all comments, or those below one record, oldest first."""
    query = sa.select(t.comments).order_by(t.comments.c.number)
    if name is not None:
        query = query.where(t.comments.c.record == name)
    return [Comment(**row) for row in _rows(connection, query)]


def comment(connection: sa.Connection, number: int) -> Comment:
    """Return one comment, which exists."""
    (row,) = _rows(connection, sa.select(t.comments).where(t.comments.c.number == number))
    return Comment(**row)


def history(connection: sa.Connection, name: str | None = None) -> list[Change]:
    """Return every edit, or those of one record, oldest first."""
    query = sa.select(t.history).order_by(t.history.c.number)
    if name is not None:
        query = query.where(t.history.c.record == name)
    return [Change(**row) for row in _rows(connection, query)]


def snoozes(connection: sa.Connection, at: datetime | None = None) -> list[Snooze]:
    """Return all snoozes, or those in force at a time; the one that ends first comes first."""
    c = t.snoozes.c
    query = sa.select(t.snoozes).order_by(c.until, c.item)
    if at is not None:
        query = query.where(c.at <= at, c.until > at)
    return [Snooze(**row) for row in _rows(connection, query)]


def everything(connection: sa.Connection) -> Everything:
    """Return all that is kept."""
    votes = sa.select(t.votes).order_by(t.votes.c.at, t.votes.c.request, t.votes.c.voter)
    return Everything(
        requests=tuple(_requests(connection)),
        feedback=tuple(feedback(connection)),
        comments=tuple(comments(connection)),
        history=tuple(history(connection)),
        snoozes=tuple(snoozes(connection)),
        votes=tuple(Vote(**row) for row in _rows(connection, votes)),
    )


def must_exist(connection: sa.Connection, name: str) -> None:
    """Look for a record that is kept here; of others only the name is looked at.

    Raises:
        Missing: there is none of that name.
    """
    kind, ident = record(name)
    if kind == "request":
        request(connection, int(ident))
    elif kind == "feedback":
        feedback_of(connection, int(ident))


def family(connection: sa.Connection, number: int) -> set[int]:
    """Return a request and all that were merged into it, at first or second hand."""
    c = t.requests.c
    merged = sa.select(c.number, c.merged_into).where(c.merged_into.is_not(None))
    return _below({number}, dict(_pairs(connection, merged)))


def _requests(connection: sa.Connection, only: Set[int] | None = None) -> Iterator[Request]:
    rows = sa.select(t.requests).order_by(t.requests.c.number)
    c = t.comments.c
    counts = sa.select(c.record, sa.func.count()).group_by(c.record)
    if only is None:
        counts = counts.where(c.record.startswith("request/"))
    else:
        rows = rows.where(t.requests.c.number.in_(only))
        counts = counts.where(c.record.in_([name_of("request", number) for number in only]))
    voters, written = _voters(connection, only), dict(_pairs(connection, counts))
    for row in _rows(connection, rows):
        number, asker = row["number"], row["asker"]
        inputs = {name: value for name in INPUTS if (value := row.pop(name)) is not None}
        yield Request(
            **row,
            inputs=inputs,
            voters=tuple(voter for voter in voters.get(number, ()) if voter != asker),
            comments=written.get(name_of("request", number), 0),
        )


def _voters(connection: sa.Connection, only: Set[int] | None) -> Voters:
    r, v = t.requests.c, t.votes.c
    merged = sa.select(r.created_at, r.number, r.merged_into, r.asker)
    rows = list(connection.execute(merged.where(r.merged_into.is_not(None))))
    into = {row.number: row.merged_into for row in rows}
    votes = sa.select(v.at, v.request, v.voter)
    if only is not None:
        votes = votes.where(v.request.in_(_below(only, into)))
    said = [(row.at, row.request, row.voter) for row in connection.execute(votes)]
    said += [(row.created_at, row.merged_into, row.asker) for row in rows]
    found: Voters = {}
    for _, number, voter in sorted(said):
        heir: int | None = number
        while heir is not None and voter not in found.setdefault(heir, {}):
            found[heir][voter] = None
            heir = into.get(heir)
    return found


def _below(numbers: Set[int], into: dict[int, int]) -> set[int]:
    found, fresh = set(numbers), set(numbers)
    while fresh:
        fresh = {n for n, heir in into.items() if heir in fresh} - found
        found |= fresh
    return found


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[dict[str, Any]]:
    found = connection.execute(query)
    names = tuple(found.keys())
    for row in found:  # `row._mapping` takes nearly twice as long
        yield dict(zip(names, row, strict=True))


def _pairs(connection: sa.Connection, query: sa.Select[Any]) -> list[tuple[Any, Any]]:
    return [(row[0], row[1]) for row in connection.execute(query)]

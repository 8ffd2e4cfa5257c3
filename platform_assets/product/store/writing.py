"""One write: what it changes, and the history of that, in one transaction.

What belongs here: rows, numbers, history, how often somebody may submit. What does not: which
step may follow which (`steps`), transactions (`records`).
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from platform_assets.product.kinds import (
    INPUTS,
    Comment,
    Feedback,
    Request,
    Snooze,
    name_of,
)
from platform_assets.product.store import reading
from platform_assets.product.store import tables as t
from platform_assets.product.store.everything import Everything
from platform_assets.product.store.refusals import Refused

Row = dict[str, Any]  # by column
WINDOW = timedelta(minutes=10)
MOST = 30  # submissions of one person in the window
# A change of these is a submission; steps of triage are not counted.
SUBMISSION = ("title", "decision", "needed_by", "waiting_costs", "about", "rating", "comment")
# Not told in history: it has the record, the time and the person already, and the moments of a
# request are those at which its state changed.
UNTOLD = {"number", "item", "at", "who", "created_at", "updated_at", "accepted_at", "shipped_at",
          "ended_at", "answered_at"}  # fmt: skip


@dataclass
class Writing:
    """What one person does at one moment.

    Attributes:
        who: who does it, as `bounds.person` returns it.
        changed: whether anything was written.
    """

    connection: sa.Connection
    who: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    changed: bool = False

    def may_submit(self) -> None:
        """Refuse one more submission of somebody who has just sent many.

        Raises:
            Refused: there were `MOST` within `WINDOW`.
        """
        c = t.history.c
        count = sa.select(sa.func.count(c.at.distinct())).where(
            c.who == self.who, c.at > self.at - WINDOW, c.field.in_(SUBMISSION)
        )
        if (self.connection.scalar(count) or 0) >= MOST:
            minutes = WINDOW // timedelta(minutes=1)
            raise Refused(
                f"{self.who} has sent {MOST} entries within {minutes} minutes.",
                hint=f"Send the next one in {minutes} minutes.",
            )

    def just_sent(self, table: sa.Table, author: str, **fields: Any) -> int | None:
        """Return the number of the same entry of the same person within `WINDOW`, if any.

        Args:
            author: the column that says who sent it.
        """
        same = [table.c[name] == value for name, value in {**fields, author: self.who}.items()]
        recent = table.c.created_at > self.at - WINDOW
        query = sa.select(sa.func.min(table.c.number)).where(recent, *same)
        number: int | None = self.connection.scalar(query)
        return number

    def next_number(self, table: sa.Table) -> int:
        """Return the number of the next row; nobody else writes meanwhile."""
        return (self.connection.scalar(sa.select(sa.func.max(table.c.number))) or 0) + 1

    def add_request(self, request: Request) -> None:
        """Keep a new request."""
        self._insert(t.requests, request_row(request))
        self._tell(request.name, {}, request_row(request))

    def change_request(self, before: Request, after: Request) -> None:
        """Keep what became of a request; nothing is written where nothing differs."""
        old, new = request_row(before), request_row(after)
        if old != new:
            new["updated_at"] = self.at
            self._update(t.requests, before.number, new)
            self._tell(before.name, old, new)

    def add_feedback(self, feedback: Feedback) -> None:
        """Keep new feedback."""
        self._insert(t.feedback, _row(feedback))
        self._tell(feedback.name, {}, _row(feedback))

    def change_feedback(self, before: Feedback, after: Feedback) -> None:
        """Keep what became of feedback."""
        self._update(t.feedback, before.number, _row(after))
        self._tell(before.name, _row(before), _row(after))

    def add_comment(self, comment: Comment) -> None:
        """Keep a comment."""
        self._insert(t.comments, _row(comment))
        self._tell(comment.record, {}, {"comment": comment.words})

    def vote(self, number: int, voter: str) -> None:
        """Keep a vote; of who voted for a whole, who splits it votes for the parts."""
        self._insert(t.votes, {"request": number, "voter": voter, "at": self.at})
        self._tell(name_of("request", number), {}, {"vote": voter})

    def unvote(self, number: int) -> None:
        """Take back the vote of who writes, also where it was for what was merged into this."""
        c = t.votes.c
        own = (c.voter == self.who, c.request.in_(reading.family(self.connection, number)))
        for found in list(self.connection.scalars(sa.select(c.request).where(*own))):
            self.connection.execute(t.votes.delete().where(*own, c.request == found))
            self._tell(name_of("request", found), {"vote": self.who}, {})

    def snooze(self, snooze: Snooze) -> None:
        """Keep a snooze in the place of an earlier one."""
        before = self._remove_snooze(snooze.item)
        self._insert(t.snoozes, _row(snooze))
        self._tell(f"snooze/{snooze.item}", before, _row(snooze))

    def wake(self, item: str) -> None:
        """Remove a snooze, if there is one."""
        if before := self._remove_snooze(item):
            self._tell(f"snooze/{item}", before, {})

    def put(self, everything: Everything) -> int:
        """Put all records as they are given, if there are none; return how many were put."""
        exists = sa.select(*(sa.exists().select_from(table) for table in t.RECORDS))
        if any(self.connection.execute(exists).one()):
            return 0
        count = self._insert(t.requests, *map(request_row, everything.requests))
        for table, records in (
            (t.feedback, everything.feedback),
            (t.votes, everything.votes),
            (t.comments, everything.comments),
            (t.history, everything.history),
            (t.snoozes, everything.snoozes),
        ):
            count += self._insert(table, *map(_row, records))
        return count

    def _remove_snooze(self, item: str) -> Row:
        of_it = t.snoozes.c.item == item
        before = self.connection.execute(sa.select(t.snoozes).where(of_it)).one_or_none()
        self.connection.execute(t.snoozes.delete().where(of_it))
        return dict(before._mapping) if before else {}

    def _insert(self, table: sa.Table, *rows: Row) -> int:
        if rows:
            self.connection.execute(table.insert(), list(rows))
            self.changed = True
        return len(rows)

    def _update(self, table: sa.Table, number: int, row: Row) -> None:
        self.connection.execute(table.update().where(table.c.number == number).values(row))
        self.changed = True

    def _tell(self, record: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Add to history what differs."""
        number = self.next_number(t.history)
        rows = [
            {"number": number + index, "record": record, "at": self.at, "who": self.who,
             "field": name, "before": old, "after": new}
            for index, (name, old, new) in enumerate(_differences(before, after))
        ]  # fmt: skip
        self._insert(t.history, *rows)


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterable[tuple[str, str, str]]:
    for name in {**before, **after}:
        old, new = text_of(before.get(name)), text_of(after.get(name))
        if name not in UNTOLD and old != new:
            yield name, old, new


def text_of(value: object) -> str:
    """Return a value as history keeps it: "" for none, times in ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    return value.isoformat() if isinstance(value, date) else str(value)


def request_row(request: Request) -> Row:
    """Return the columns of a request."""
    columns = {column.name for column in t.requests.c} - set(INPUTS)
    fields = {name: value for name, value in vars(request).items() if name in columns}
    return {**fields, **{name: request.inputs.get(name) for name in INPUTS}}


def _row(record: Any) -> Row:
    return {each.name: getattr(record, each.name) for each in dataclasses.fields(record)}

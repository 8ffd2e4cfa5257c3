"""The tables that hold what everybody submits, as the code of this release knows them.

What belongs here: columns. What does not: how a database comes to have them (`versions`, one file
for each change; a test compares the two), what rows mean (`reading`, `writing`).

Numbers are given by the store, without gaps, and never again.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from platform_assets.product.kinds import INPUTS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
METADATA = sa.MetaData()


class Moment(sa.TypeDecorator[datetime]):
    """A time, kept as whole microseconds since 1970 in UTC: the same in every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        """Return a time as it is kept."""
        return None if value is None else (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        """Return a time that was kept."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


def _number(name: str = "number") -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _text(name: str, **more: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, **more)


def _time(name: str, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, Moment, nullable=nullable)


def _other(name: str) -> sa.Column[int]:
    """Return a column that names another request, or none."""
    return sa.Column(name, sa.BigInteger, nullable=True)


def _amount(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=True)


# One row: `changes` grows with every write.
state = sa.Table("product_state", METADATA, sa.Column("changes", sa.BigInteger, nullable=False))
requests = sa.Table(
    "product_requests",
    METADATA,
    _number(),
    _text("title"),
    _text("asker"),
    _time("created_at"),
    _time("updated_at"),
    _text("state"),
    _text("decision"),
    sa.Column("needed_by", sa.Date, nullable=True),
    _text("waiting_costs"),
    _text("about"),
    _text("reason"),
    _text("assignee"),
    _text("requirement"),
    _other("merged_into"),
    _other("split_from"),
    _text("answered_by"),
    _text("answered_version"),
    *(_amount(name) for name in INPUTS),
    _amount("override"),
    _text("override_reason"),
    sa.Column("helped", sa.Boolean, nullable=True),
    _text("helped_words"),
    _time("accepted_at", nullable=True),
    _time("shipped_at", nullable=True),
    _time("ended_at", nullable=True),
    sa.Index("product_requests_asker", "asker", "created_at"),
)
feedback = sa.Table(
    "product_feedback",
    METADATA,
    _number(),
    _text("about"),
    _text("version"),
    sa.Column("rating", sa.Integer, nullable=False),
    _text("words"),
    _text("author"),
    _time("created_at"),
    _text("stage"),
    _other("request"),
    _text("answer"),
    _text("answered_by"),
    _time("answered_at", nullable=True),
    sa.Index("product_feedback_about", "about"),
    sa.Index("product_feedback_author", "author", "created_at"),
)
votes = sa.Table(
    "product_votes",
    METADATA,
    _number("request"),
    _text("voter", primary_key=True),
    _time("at"),
)
comments = sa.Table(
    "product_comments",
    METADATA,
    _number(),
    _text("record"),
    _text("author"),
    _text("words"),
    _time("created_at"),
    sa.Index("product_comments_record", "record"),
    sa.Index("product_comments_author", "author", "created_at"),
)
# The database itself refuses to change or to delete rows of it.
history = sa.Table(
    "product_history",
    METADATA,
    _number(),
    _text("record"),
    _time("at"),
    _text("who"),
    _text("field"),
    _text("before"),
    _text("after"),
    sa.Index("product_history_record", "record"),
    sa.Index("product_history_who", "who", "at"),
)
snoozes = sa.Table(
    "product_snoozes",
    METADATA,
    _text("item", primary_key=True),
    _text("reason"),
    _time("until"),
    _text("who"),
    _time("at"),
)
RECORDS = (requests, feedback, votes, comments, history, snoozes)

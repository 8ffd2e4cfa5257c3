"""Requests, feedback, votes, comments, snoozes, and a history that nothing changes."""

from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INPUTS = ("reach", "impact", "confidence", "effort", "value", "urgency", "risk", "size")


def upgrade(op: Operations) -> None:
    """Make the tables."""
    state = op.create_table("product_state", sa.Column("changes", sa.BigInteger, nullable=False))
    op.bulk_insert(state, [{"changes": 0}])
    _requests(op)
    _feedback(op)
    _beside_them(op)
    _history(op)


def _requests(op: Operations) -> None:
    op.create_table(
        "product_requests",
        _number("number"),
        *_texts("title", "asker"),
        *_times("created_at", "updated_at"),
        *_texts("state", "decision"),
        sa.Column("needed_by", sa.Date),
        *_texts("waiting_costs", "about", "reason", "assignee", "requirement"),
        sa.Column("merged_into", sa.BigInteger),
        sa.Column("split_from", sa.BigInteger),
        *_texts("answered_by", "answered_version"),
        *(sa.Column(name, sa.Double) for name in (*INPUTS, "override")),
        *_texts("override_reason"),
        sa.Column("helped", sa.Boolean),
        *_texts("helped_words"),
        *_times("accepted_at", "shipped_at", "ended_at", nullable=True),
    )
    op.create_index("product_requests_asker", "product_requests", ["asker", "created_at"])


def _feedback(op: Operations) -> None:
    op.create_table(
        "product_feedback",
        _number("number"),
        *_texts("about", "version"),
        sa.Column("rating", sa.Integer, nullable=False),
        *_texts("words", "author"),
        *_times("created_at"),
        *_texts("stage"),
        sa.Column("request", sa.BigInteger),
        *_texts("answer", "answered_by"),
        *_times("answered_at", nullable=True),
    )
    op.create_index("product_feedback_about", "product_feedback", ["about"])
    op.create_index("product_feedback_author", "product_feedback", ["author", "created_at"])


def _beside_them(op: Operations) -> None:
    op.create_table(
        "product_votes",
        _number("request"),
        sa.Column("voter", sa.Text, primary_key=True, nullable=False),
        *_times("at"),
    )
    op.create_table(
        "product_comments",
        _number("number"),
        *_texts("record", "author", "words"),
        *_times("created_at"),
    )
    op.create_index("product_comments_record", "product_comments", ["record"])
    op.create_index("product_comments_author", "product_comments", ["author", "created_at"])
    op.create_table(
        "product_snoozes",
        sa.Column("item", sa.Text, primary_key=True, nullable=False),
        *_texts("reason"),
        *_times("until"),
        *_texts("who"),
        *_times("at"),
    )


def _history(op: Operations) -> None:
    op.create_table(
        "product_history",
        _number("number"),
        *_texts("record"),
        *_times("at"),
        *_texts("who", "field", "before", "after"),
    )
    op.create_index("product_history_record", "product_history", ["record"])
    op.create_index("product_history_who", "product_history", ["who", "at"])
    database = op.get_bind().dialect.name
    for statement in POSTGRESQL_STAYS if database == "postgresql" else SQLITE_STAYS:
        op.execute(sa.text(statement))


SQLITE_STAYS = tuple(
    f"CREATE TRIGGER product_history_no_{event.lower()} BEFORE {event} ON product_history "
    "BEGIN SELECT RAISE(ABORT, 'history is never changed'); END"
    for event in ("UPDATE", "DELETE")
)
POSTGRESQL_STAYS = (
    "CREATE FUNCTION product_history_stays() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'history is never changed'; END $$",
    "CREATE TRIGGER product_history_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON product_history "
    "FOR EACH STATEMENT EXECUTE FUNCTION product_history_stays()",
)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _times(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    """Return columns of microseconds since 1970 in UTC."""
    return [sa.Column(name, sa.BigInteger, nullable=nullable) for name in names]

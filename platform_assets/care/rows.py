"""The list of what needs attention as rows of the warehouse: `product.attention`.

What belongs here: names and meaning of the columns, and which value goes where. What does not:
writing them (`components.attention`).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from platform_assets.care.model import Item
from platform_assets.product.rows_tables import Column, Table

Row = tuple[Any, ...]

TABLE = Table(
    "attention",
    "What needs attention",
    "One row per thing that needs attention now: an asset that is late or failing or badly looked "
    "after, a request or feedback that nobody answers, an overdue action, a key result off its "
    "track, a document older than its code. Ranked by what it matters times how bad it is."
    "\n\nBeware: it is of the moment `as_of`, and made anew as a whole; what is late only because "
    "something upstream is late is not in it, its cause is.",
    (
        Column("as_of", "TIMESTAMP", "When the list was made, UTC."),
        Column("rank", "BIGINT", "Place on the list, from 1; what is snoozed comes last."),
        Column("item", "VARCHAR", "What names the entry while it lasts: `late:marts/fct_orders`."),
        Column("kind", "VARCHAR", "Kind of trouble: `late`, `failing check`, `warns` …"),
        Column("title", "VARCHAR", "What is in trouble, as people call it."),
        Column("what", "VARCHAR", "What is wrong, in one line."),
        Column("importance", "DOUBLE", "What it matters: objectives, reports, looks, dependents."),
        Column("trouble", "DOUBLE", "How bad it is: 1 only warns, 6 and more is late or failing."),
        Column("score", "DOUBLE", "Importance times trouble."),
        Column("arithmetic", "VARCHAR", "How the score came about, each part with its reason."),
        Column("next_step", "VARCHAR", "The one thing to do now."),
        Column("owner", "VARCHAR", "Who answers for it; empty for nobody.", personal=True),
        Column("snoozed_until", "TIMESTAMP", "Until when it may wait, UTC; empty if it may not."),
        Column("snoozed_because", "VARCHAR", "Why it may wait."),
    ),
)


def rows(items: Iterable[Item], as_of: datetime) -> list[Row]:
    """Return one row per entry, in the columns of `TABLE`.

    Args:
        items: in their order.
        as_of: a moment with its zone.
    """
    return [
        (
            _naive(as_of),
            rank,
            item.key,
            item.kind,
            item.title,
            item.what,
            item.importance,
            item.trouble,
            item.score,
            item.arithmetic,
            item.next_step,
            item.owner or None,
            _naive(item.snoozed.until) if item.snoozed else None,
            item.snoozed.reason if item.snoozed else None,
        )
        for rank, item in enumerate(items, start=1)
    ]


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)

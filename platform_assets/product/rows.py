"""Records as rows of the warehouse's tables.

What belongs here: which fact of a record stands in which column. What does not: the columns
(`rows_tables`), writing (`rows_lake`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from platform_assets.product.broken import Broken, whole
from platform_assets.product.curated import Curated
from platform_assets.product.curated_kinds import Minutes
from platform_assets.product.kinds import INPUTS, Link
from platform_assets.product.links import links
from platform_assets.product.rows_tables import ACTIONS, TABLES, Table
from platform_assets.product.store import Everything

Row = tuple[Any, ...]
Rows = Mapping[str, Sequence[Row]]  # of each table

# What is called otherwise in the warehouse than in a record; a column's own name is the field's.
_FIELDS: dict[tuple[str, str], Callable[[Any], Any]] = {
    **{("requests", each): lambda record, n=each: record.inputs.get(n) for each in INPUTS},  # type: ignore[misc]
    ("requirements", "acceptance"): lambda record: "\n".join(record.acceptance),
    ("requirements", "check_key"): lambda record: record.check,
    ("key_results", "definition"): lambda record: record.sql,
    ("roadmap", "target_on"): lambda record: record.target,
    **{
        (table, f"{field}_on"): lambda record, n=field: getattr(record, n)  # type: ignore[misc]
        for table in ("objectives", "key_results")
        for field in ("start", "due")
    },
}


def rows(curated: Curated, store: Everything, faults: Collection[Broken] = ()) -> Rows:
    """Return the rows of all tables, each in the order of its columns.

    Args:
        faults: links that lead nowhere: they are no rows. What names them is one, as it stands.
    """
    found_links = whole(links(curated, store.requests, store.feedback), faults)
    records: dict[str, Iterable[Any]] = {
        "requests": store.requests,
        "feedback": store.feedback,
        "history": store.history,
        "requirements": curated.requirements,
        "objectives": curated.objectives,
        "key_results": curated.key_results,
        "decisions": curated.decisions,
        "roadmap": curated.roadmap,
        "minutes": curated.minutes,
        "metrics": curated.metrics,
        "links": _once(found_links),
    }
    found = {
        table.name: [_row(table, each) for each in records[table.name]]
        for table in TABLES
        if table is not ACTIONS
    }
    return found | {ACTIONS.name: list(_actions(curated.minutes))}


def _row(table: Table, record: object) -> Row:
    return tuple(
        _plain(_FIELDS.get((table.name, column.name), _field(column.name))(record))
        for column in table.columns
    )


def _field(name: str) -> Callable[[Any], Any]:
    return lambda record: getattr(record, name)


def _plain(value: Any) -> Any:
    """Return a value as the warehouse has it: UTC without saying so, and nothing for no text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return None if value == "" else value


def _once(found: Iterable[Link]) -> list[Link]:
    """Return the links in the order of their ends, so that the same links are the same table."""
    return sorted(found, key=lambda link: (link.source, link.relation, link.target))


def _actions(minutes: Iterable[Minutes]) -> Iterator[Row]:
    for meeting in minutes:
        for number, action in enumerate(meeting.actions, start=1):
            yield meeting.id, number, action.what, action.owner, action.due, action.done_on

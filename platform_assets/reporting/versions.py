"""A version of a report, its name, and what changed between two of them.

What belongs here: plain values. What does not: where versions are kept (`archive`).
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import count
from pathlib import Path
from typing import Any

from platform_assets.reporting import formats
from platform_assets.reporting.errors import ReportError

PAGE = "index.html"
NAME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{6}Z(-\d+)?\Z")
FACTS = "report.json"


@dataclass(frozen=True)
class Version:
    """One version that is kept.

    Attributes:
        name: `2026-01-31T063000Z`.
        made: when, UTC.
        data_time: the time up to which its data goes, ISO 8601; empty where none is stated.
        snapshot: the warehouse snapshot that it was made from.
        run_id: the Dagster run.
        facts: the whole `report.json`.
    """

    name: str
    made: datetime
    data_time: str
    snapshot: int | None
    run_id: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One number in two versions; a number that one of them lacks is None there.

    Attributes:
        key: of the number, see `numbers`.
        label: what it is.
        before: as the older version writes it.
        after: as the newer one does.
        difference: newer less older; None where either is no number.
        relative: that by the older; None where it is zero.
    """

    key: str
    label: str
    before: str | None
    after: str | None
    difference: Decimal | None
    relative: Decimal | None

    @property
    def changed(self) -> bool:
        """Whether the two versions say different things."""
        return self.before != self.after or bool(self.difference)

    @property
    def relative_text(self) -> str:
        """The relative change in words, e.g. `+3.2%`."""
        return formats.find("change")(self.relative)


def second(made: datetime, snapshot: int | None, newest: Version | None) -> str:
    """Return the beginning of the name of a new version: the second that it was made in.

    Names are sorted, and clocks of machines differ: a version of the same or newer data than the
    newest has gets at least the newest's second, so that it comes after it.
    """
    own = f"{made.astimezone(UTC):%Y-%m-%dT%H%M%S}Z"
    if newest is None or snapshot is None or snapshot < (newest.snapshot or 0):
        return own
    return max(own, newest.name.partition("Z")[0] + "Z")


def numbered(second: str) -> Iterator[str]:
    """Yield the names that a version of a second can have, the first free one of which it gets."""
    yield second
    for number in count(2):
        yield f"{second}-{number}"


def made(name: str) -> datetime:
    """Return the second that a version's name says it was made in, UTC."""
    return datetime.strptime(name[:17], "%Y-%m-%dT%H%M%S").replace(tzinfo=UTC)


def newest_first(names: Iterable[str]) -> list[str]:
    """Return those of `names` that are a version's, the newest first."""
    return sorted((name for name in names if NAME.match(name)), key=_order, reverse=True)


def _order(name: str) -> tuple[str, int]:
    second, _, number = name.partition("Z-")
    return second.rstrip("Z"), int(number or 1)


def parse(name: str, facts: bytes) -> Version | None:
    """Return a version from its `report.json`; None where that is none."""
    try:
        told = json.loads(facts)
        return Version(
            name=name,
            made=datetime.fromisoformat(told["made"]),
            data_time=told.get("data_time") or "",
            snapshot=told.get("snapshot"),
            run_id=told.get("run_id") or "",
            facts=told,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def snapshot(folder: Path) -> int | None:
    """Return the warehouse snapshot of the version whose files are in `folder`."""
    found = parse("", (folder / FACTS).read_bytes())
    return found.snapshot if found else None


def missing(name: str) -> ReportError:
    """Return the error for a version that is none."""
    return ReportError(f"there is no version `{name[:40]}` of this report.")


def compare(old: Version, new: Version) -> list[Change]:
    """Return every number of both versions, in the newer's order, then what it has no more."""
    before = {one["key"]: one for one in old.facts.get("numbers", [])}
    after = {one["key"]: one for one in new.facts.get("numbers", [])}
    return [_change(before.get(key), after.get(key)) for key in {**after, **before}]


def _change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> Change:
    known = after or before or {}
    was, now = _number(before), _number(after)
    difference = now - was if now is not None and was is not None else None
    return Change(
        key=known["key"],
        label=known["label"],
        before=before["text"] if before else None,
        after=after["text"] if after else None,
        difference=difference,
        relative=difference / abs(was) if difference is not None and was else None,
    )


def _number(shown: dict[str, Any] | None) -> Decimal | None:
    if shown is None or shown.get("value") is None:
        return None
    try:
        return Decimal(shown["value"])
    except InvalidOperation:
        return None

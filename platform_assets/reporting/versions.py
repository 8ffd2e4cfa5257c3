"""The versions of a report that are kept, and what changed between two of them.

What belongs here: reading what `publish` has written. What does not: writing.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from platform_assets.reporting import formats
from platform_assets.reporting.errors import ReportError

NAME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{6}Z(-\d+)?$")
FACTS = "report.json"


@dataclass(frozen=True)
class Version:
    """One version on disk.

    Attributes:
        name: of its folder, `2026-01-31T063000Z`.
        folder: where its files are.
        made: when, UTC.
        data_time: the time up to which its data goes, ISO 8601; empty where none is stated.
        snapshot: the warehouse snapshot that it was made from.
        run_id: the Dagster run.
        facts: the whole `report.json`.
    """

    name: str
    folder: Path
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


def versions(folder: Path) -> list[Version]:
    """Return the versions in the folder of one report, the newest first.

    A folder without a readable `report.json` is no version.
    """
    if not folder.is_dir():
        return []
    found = (_read(path) for path in folder.iterdir() if NAME.match(path.name))
    return sorted((one for one in found if one), key=_order, reverse=True)


def version(folder: Path, name: str) -> Version:
    """Return the version `name` of the report in `folder`.

    Raises:
        ReportError: there is none of that name.
    """
    found = _read(folder / name) if NAME.match(name) else None
    if found is None:
        raise ReportError(f"there is no version `{name[:40]}` of this report.")
    return found


def _order(one: Version) -> tuple[datetime, int]:
    return one.made, int(one.name.partition("Z-")[2] or 1)


def _read(folder: Path) -> Version | None:
    try:
        facts = json.loads((folder / FACTS).read_text("utf-8"))
        return Version(
            name=folder.name,
            folder=folder,
            made=datetime.fromisoformat(facts["made"]),
            data_time=facts.get("data_time") or "",
            snapshot=facts.get("snapshot"),
            run_id=facts.get("run_id") or "",
            facts=facts,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


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

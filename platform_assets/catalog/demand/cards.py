"""Records as a page, or its JSON twin, shows them in a list, a chip or a line.

What belongs here: what several pages of records show alike. What does not: a page of one kind
(the modules beside this one), HTML (`templates/`).
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand.records import Snapshot, state_of, title_of
from platform_assets.catalog.lineage import drawing
from platform_assets.catalog.pages import Missing
from platform_assets.catalog.present import Facts, card, first_sentence, owner, record_url
from platform_assets.inventory.model import RECORD
from platform_assets.product import progress
from platform_assets.product.curated_kinds import Written
from platform_assets.product.kinds import name_of

W = TypeVar("W", bound=Written)
_HEADINGS = re.compile(r"^#.*$", re.MULTILINE)


def thing(view: View, snapshot: Snapshot, name: str) -> Facts:
    """Return what a chip shows of a record or an asset; without an address if it is neither."""
    record, asset = snapshot.by_name.get(name), view.graph.assets.get(name)
    found: Facts = dict.fromkeys(("kind", "url", "state", "health", "reason"), "")
    found |= {"name": name, "label": name}
    if record is not None:
        kind = name.partition("/")[0].replace("_", " ")
        found |= {"label": title_of(record), "kind": kind, "url": record_url(name)}
        found |= {"state": state_of(record)}
    elif asset is not None:
        known = card(view, asset)
        found |= {key: known[key] for key in ("label", "url", "health", "reason")}
        found |= {"kind": known["layer"] or known["kind"]}
    return found


def things(view: View, snapshot: Snapshot, names: Iterable[str]) -> list[Facts]:
    """Return what chips show of records or assets, each once, in their order."""
    return [thing(view, snapshot, name) for name in dict.fromkeys(names)]


def one(snapshot: Snapshot, kind: type[W], ident: str) -> W:
    """Return a record of a kind that the team writes, by its id.

    Raises:
        Missing: there is none.
    """
    found = snapshot.curated.get(name_of(kind.kind, ident))
    if not isinstance(found, kind):
        raise Missing(f"There is no {name_of(kind.kind, ident)}.")
    return found


def written(record: Written) -> Facts:
    """Return what every record that the team writes has."""
    return {
        "id": record.id,
        "name": record.name,
        "url": record_url(record.name),
        "title": record.title,
        "owner": owner(record.owner) if record.owner else None,
        "text": record.text,
        "summary": first_sentence(_HEADINGS.sub("", record.text).strip()),
        "file": record.file,
        "line": record.line,
    }


def drawn(view: View, record: Written, up: int, down: int) -> Facts | None:
    """Return the drawing of what a record comes from and leads to; None where it is in no graph."""
    key = f"{RECORD}{record.name}"
    return drawing(view, key, up, down) if key in view.graph.assets else None


def day(value: date | None) -> str | None:
    """Return a date in ISO 8601; None for none, and for the ends of time, which mean "not said"."""
    return None if value is None or value in (date.min, date.max) else value.isoformat()


def amount(value: float | None, unit: str = "") -> str:
    """Return a number as people say it, – for none; with no unit but %, which stands beside it."""
    return "–" if value is None else progress.amount(value, unit if unit == "%" else "")

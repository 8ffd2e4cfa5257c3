"""Leading what names something that is gone elsewhere, or letting it rest: plain functions.

What belongs here: from a record as it is to the record as it becomes. What does not: which links
lead nowhere (`product.broken`), the steps of a request (`steps`), keeping it (`writing`).

It may be done in any state: an asset goes long after what it answered was closed.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from platform_assets.product.kinds import Feedback, Request
from platform_assets.product.resting import meant, resting
from platform_assets.product.store import steps
from platform_assets.product.store.refusals import Refused


def changed(
    requests: Iterable[Request], feedback: Iterable[Feedback], missing: str, to: str, version: str
) -> tuple[list[tuple[Request, Request]], list[tuple[Feedback, Feedback]]]:
    """Return what names something that is missing, before and after.

    Args:
        missing, to: as for `of_request`.
        version: as for `of_feedback`; no request is looked at then.

    Raises:
        Refused: nothing names it.
    """
    pairs = [(r, of_request(r, missing, to)) for r in (() if version else requests)]
    asked = [(before, after) for before, after in pairs if before != after]
    others = [(f, of_feedback(f, missing, to, version)) for f in feedback]
    said = [(before, after) for before, after in others if before != after]
    if not asked and not said:
        raise Refused(f"Nothing names {version or missing} any more.")
    return asked, said


def of_request(record: Request, missing: str, to: str) -> Request:
    """Return a request that names `to` where it named what is missing.

    Args:
        missing: key of an asset, `gone: <key>` of one whose links rest, or name of a record.
        to: the same; "" lets it rest: what a requirement or another request was is then in its
            history alone, and what was merged into nothing is new again.
    """
    kind, _, ident = missing.partition("/")
    changes: dict[str, Any] = {}
    if record.about == missing:
        changes["about"] = to or resting(missing)
    if record.answered_by == missing:
        changes["answered_by"] = to or resting(missing)
        if to and to != meant(missing):
            changes["answered_version"] = ""
    if kind == "requirement" and record.requirement == ident:
        changes["requirement"] = to.partition("/")[2]
    number = to.partition("/")[2]
    if kind == "request" and str(record.split_from) == ident:
        changes["split_from"] = int(number) if number else None
    if kind == "request" and str(record.merged_into) == ident:
        if not number:
            return replace(steps.reopen(record), **changes)
        changes["merged_into"] = int(number)
    return replace(record, **changes)


def of_feedback(record: Feedback, missing: str, to: str, version: str = "") -> Feedback:
    """Return feedback that names `to` where it named what is missing; its words stay.

    Args:
        missing: key of an asset, or `gone: <key>` of one whose links rest.
        version: if it is that which is missing of the asset; `to` is then another one.
    """
    if record.about != missing or (version and record.version != version):
        return record
    if version:
        return replace(record, version=to or resting(version))
    moved = bool(to) and to != meant(missing)  # the other asset never had this version
    return replace(
        record,
        about=to or resting(missing),
        version=resting(record.version) if moved else record.version,
    )

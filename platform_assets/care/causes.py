"""Which assets are late, or were not made, only because of another one: the cause is listed, once.

What belongs here: telling causes from those that they hold up. What does not: what becomes of a
cause in the list (`assets`).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from platform_assets.inventory.health import NO_STATUS, Status, freshness
from platform_assets.inventory.model import Asset, Graph
from platform_assets.inventory.upstream import SELF_RELIANT

TOO_OLD, GETTING_OLD = "too old", "getting old"


@dataclass
class Causes:
    """Causes, and what they hold up.

    Attributes:
        failed, late: of each asset whose run failed, or that is late, because of others upstream,
            the keys of these.
    """

    failed: dict[str, frozenset[str]] = field(default_factory=dict)
    late: dict[str, frozenset[str]] = field(default_factory=dict)

    def held_up(self) -> Counter[str]:
        """Return how many assets each cause holds up."""
        waiting = {**self.failed}
        for key, causes in self.late.items():
            waiting[key] = waiting.get(key, frozenset()) | causes
        return Counter(cause for causes in waiting.values() for cause in causes)


def causes(graph: Graph, statuses: Mapping[str, Status], now: datetime) -> Causes:
    """Return the causes of what failed or is late.

    A run stops at an asset, and those downstream are not made either: they count as held up where
    it was the same run, or where a check upstream fails. What is late is held up by anything
    upstream that failed, or that is as late as it is; never made is as late as can be. The
    platform's own tables wait for nothing: they tell that others are late.
    """
    found = Causes()
    nothing: frozenset[str] = frozenset()
    broken: dict[str, frozenset[str]] = {}  # causes upstream of each asset
    ageing: dict[str, frozenset[str]] = {}  # of these, such as are only getting old
    for key in graph.order:
        asset = graph.assets[key]
        rests_on = () if asset.kind in SELF_RELIANT else asset.parents
        parents = [parent for parent in rests_on if parent in broken]
        worse = nothing.union(*(broken[parent] for parent in parents))
        older = nothing.union(*(ageing[parent] for parent in parents))
        status = statuses.get(key, NO_STATUS)
        age = TOO_OLD if never_made(asset, status) else freshness(asset, status, now)
        stopped = frozenset(c for c in worse if _stopped_by(status, statuses.get(c, NO_STATUS)))
        if status.failed_run and stopped:
            found.failed[key] = stopped
        held_by = worse if age == TOO_OLD else worse | older
        if age in (TOO_OLD, GETTING_OLD) and held_by:
            found.late[key] = held_by
        own_failure = status.failed_run and key not in found.failed
        is_cause = own_failure or _fails(status) or (age == TOO_OLD and key not in found.late)
        broken[key] = worse | {key} if is_cause else worse
        only_ageing = age == GETTING_OLD and key not in found.late and not is_cause
        ageing[key] = older | {key} if only_ageing else older
    return found


def never_made(asset: Asset, status: Status) -> bool:
    """Return whether an asset could be made, never was, and is not being made."""
    return asset.materializable and status.made_at is None and not status.running


def _stopped_by(status: Status, cause: Status) -> bool:
    return cause.failed_run == status.failed_run or _fails(cause)


def _fails(status: Status) -> bool:
    return any(check.error for check in status.failing)

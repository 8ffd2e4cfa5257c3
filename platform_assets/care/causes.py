"""Which assets are late, or were not made, only because of another one: the cause is listed, once.

What belongs here: telling causes from those that they hold up. What does not: what becomes of a
cause in the list (`assets`).
"""

from collections import Counter, defaultdict
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
        bits: of each cause its own bit; several of them are a number, the sum of theirs.
        failed, late: of each asset whose run failed, or that is late, because of others upstream,
            these.
    """

    bits: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)

    def waiting(self) -> dict[str, int]:
        """Return of each asset that waits for others the causes of it."""
        return {k: self.failed.get(k, 0) | self.late.get(k, 0) for k in (self.failed | self.late)}

    def held_up(self) -> Counter[str]:
        """Return how many assets each cause holds up."""
        found: Counter[str] = Counter()
        for causes, count in Counter(self.waiting().values()).items():
            found.update({key: count for key, bit in self.bits.items() if causes & bit})
        return found


def causes(graph: Graph, statuses: Mapping[str, Status], now: datetime) -> Causes:
    """Return the causes of what failed or is late.

    A run stops at an asset, and those downstream are not made either: they count as held up where
    it was the same run, or where a check upstream fails. What is late is held up by anything
    upstream that failed, or that is as late as it is; never made is as late as can be. The
    platform's own tables wait for nothing: they tell that others are late.
    """
    found = Causes()
    broken: dict[str, int] = {}  # causes upstream of each asset
    ageing: dict[str, int] = {}  # of these, such as are only getting old
    stops: dict[str, int] = defaultdict(int)  # causes by the run that they stopped
    checks = 0  # causes of which a check fails
    for key in graph.order:
        asset, status = graph.assets[key], statuses.get(key, NO_STATUS)
        worse = older = 0
        for parent in () if asset.kind in SELF_RELIANT else asset.parents:
            worse |= broken.get(parent, 0)
            older |= ageing.get(parent, 0)
        age = TOO_OLD if never_made(asset, status) else freshness(asset, status, now)
        stopped = worse & (stops[status.failed_run] | checks) if status.failed_run else 0
        if stopped:
            found.failed[key] = stopped
        held_by = worse if age == TOO_OLD else worse | older
        if age in (TOO_OLD, GETTING_OLD) and held_by:
            found.late[key] = held_by
        fails, own_failure = _fails(status), status.failed_run and not stopped
        late = age == TOO_OLD and key not in found.late
        only_ageing = age == GETTING_OLD and key not in found.late
        if own_failure or fails or late:
            found.bits[key] = bit = 1 << len(found.bits)
            worse |= bit
            checks |= bit if fails else 0
            if status.failed_run:
                stops[status.failed_run] |= bit
        elif only_ageing:
            found.bits[key] = bit = 1 << len(found.bits)
            older |= bit
        broken[key], ageing[key] = worse, older
    return found


def never_made(asset: Asset, status: Status) -> bool:
    """Return whether an asset could be made, never was, and is not being made."""
    return asset.materializable and status.made_at is None and not status.running


def _fails(status: Status) -> bool:
    return any(check.error for check in status.failing)

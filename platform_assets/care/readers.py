"""How much each asset is used, from the warehouse: the mart `asset_usage`.

What belongs here: reading it. What does not: recording use (`usage`), what use matters
(`importance`), counts of this server alone (`catalog.usage`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from resources.warehouse.sandbox import QueryError

Read = Callable[[str], Sequence[Sequence[Any]]]  # SQL → rows; raises QueryError
MOST = 10_000  # assets that are read, as many as a page's query may return; those used most
NOT_THERE = ("refused", "unavailable")  # kinds of QueryError: no such table, no warehouse
_ROWS = f"""
SELECT asset, uses_90d, recorded_days FROM marts.asset_usage
ORDER BY uses_90d DESC, recorded_days DESC, asset LIMIT {MOST}"""


@dataclass(frozen=True)
class Used:
    """How often assets were used.

    Attributes:
        looks: views, queries, opens and downloads in 90 days, by key of asset.
        recorded: for how long use has been recorded, counting days on which anything was.
    """

    looks: Mapping[str, int] = field(default_factory=dict)
    recorded: timedelta = timedelta(0)

    def beside(self, other: "Used") -> "Used":
        """Return what two records of the same use tell together: of each asset the larger."""
        keys = {*self.looks, *other.looks}
        looks = {key: max(self.looks.get(key, 0), other.looks.get(key, 0)) for key in keys}
        return Used(looks, max(self.recorded, other.recorded))


def used(read: Read) -> Used:
    """Return how often assets were used; nothing where the mart was not made yet.

    Raises:
        QueryError: the warehouse can't be read now.
    """
    try:
        rows = read(_ROWS)
    except QueryError as error:
        if error.kind in NOT_THERE:
            return Used()
        raise
    looks = {str(key): int(uses or 0) for key, uses, _ in rows}
    return Used(looks, timedelta(days=max((int(days or 0) for *_, days in rows), default=0)))

"""Verdicts on thousands of assets, of which a page needs some: made when asked for, and kept.

What belongs here: when a verdict has to be made again. What does not: the verdict (`health`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from platform_assets.inventory.health import (
    NO_STATUS,
    Status,
    Verdict,
    freshness,
    holds_until,
    verdict,
)
from platform_assets.inventory.model import Asset


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, what it was made of, and until when it holds."""

    asset: Asset
    status: Status
    until: datetime
    found: Verdict


Judged = dict[str, Judgement]  # by key


class Verdicts(Mapping[str, Verdict]):
    """The verdict on each asset, at one moment.

    Args:
        judged: verdicts of earlier moments; those that are made now are put into it.
    """

    def __init__(
        self,
        assets: Mapping[str, Asset],
        statuses: Mapping[str, Status],
        now: datetime,
        judged: Judged,
    ) -> None:
        self._assets = assets
        self._statuses = statuses
        self._now = now
        self._judged = judged

    def __getitem__(self, key: str) -> Verdict:
        """Return the verdict on an asset."""
        asset, status = self._assets[key], self._statuses.get(key, NO_STATUS)
        known = self._judged.get(key)
        if (
            known is None
            or known.asset is not asset
            or known.status is not status
            or self._now >= known.until
        ):
            until = holds_until(asset, status, self._now)
            known = Judgement(asset, status, until, verdict(asset, status, self._now))
            self._judged[key] = known
        return known.found

    def __iter__(self) -> Iterator[str]:
        """Return the keys."""
        return iter(self._assets)

    def __len__(self) -> int:
        """Return how many assets there are."""
        return len(self._assets)


class Names(Mapping[str, str]):
    """The name of each asset's health."""

    def __init__(self, verdicts: Verdicts | Mapping[str, Verdict]) -> None:
        self._verdicts = verdicts

    def __getitem__(self, key: str) -> str:
        """Return the name of an asset's health."""
        return self._verdicts[key].health.name

    def __iter__(self) -> Iterator[str]:
        """Return the keys."""
        return iter(self._verdicts)

    def __len__(self) -> int:
        """Return how many assets there are."""
        return len(self._verdicts)


class Freshnesses(Mapping[str, str]):
    """How each asset stands to its freshness policy, at one moment."""

    def __init__(
        self, assets: Mapping[str, Asset], statuses: Mapping[str, Status], now: datetime
    ) -> None:
        self._assets = assets
        self._statuses = statuses
        self._now = now

    def __getitem__(self, key: str) -> str:
        """Return how an asset stands to its policy."""
        return freshness(self._assets[key], self._statuses.get(key, NO_STATUS), self._now)

    def __iter__(self) -> Iterator[str]:
        """Return the keys."""
        return iter(self._assets)

    def __len__(self) -> int:
        """Return how many assets there are."""
        return len(self._assets)

"""Which assets there are, told once a day: what nobody ever looked at has no other event.

What belongs here: the difference to the day before. What does not: which assets count
(`platform_assets.server.usage`), and when one is unused (`dbt/models/marts/usage/asset_usage.sql`).
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from platform_assets.usage.visits import Event

Listed = Mapping[str, int]  # of each asset how many others are made from it


class RollCall:
    """Tells of each asset when it is new, when other assets came to depend on it, and when it goes.

    Args:
        file: what was told last; without it, everything is told anew, which does no harm.
        listed: returns the assets of now; of none, nothing is told: they are not known yet.
    """

    def __init__(self, file: Path, listed: Callable[[], Listed]) -> None:
        self._file = file
        self._listed = listed

    def due(self, now: datetime) -> list[Event]:
        """Return the events of a day at its first call: one `recording`, `listed`, `removed`."""
        day, before = self._read()
        if day == f"{now:%Y-%m-%d}":
            return []
        assets = dict(self._listed())
        if not assets:
            return []
        at = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        news = [key for key, number in sorted(assets.items()) if before.get(key) != number]
        gone = sorted(before.keys() - assets.keys())
        self._write(f"{now:%Y-%m-%d}", assets)
        return [
            {"used_at": at, "kind": "recording"},
            *({"used_at": at, "kind": "listed", "asset": k, "dependents": assets[k]} for k in news),
            *({"used_at": at, "kind": "removed", "asset": k} for k in gone),
        ]

    def _read(self) -> tuple[str, dict[str, int]]:
        try:
            found = json.loads(self._file.read_text())
            return str(found["day"]), dict(found["assets"])
        except (OSError, ValueError, KeyError, TypeError):
            return "", {}

    def _write(self, day: str, assets: Listed) -> None:
        part = self._file.with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"day": day, "assets": assets}))
        part.replace(self._file)

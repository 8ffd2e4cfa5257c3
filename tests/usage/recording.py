"""A recorder of a test's own, and what it has landed."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from platform_assets.usage.delivery import Delivery
from platform_assets.usage.people import People
from platform_assets.usage.recorder import Recorder
from platform_assets.usage.roll_call import RollCall
from platform_assets.usage.spool import Spool

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"


def recorder_in(
    folder: Path,
    header: str = "",
    listed: Callable[[], Mapping[str, int]] = dict,
    landing: str = "",
    land_seconds: float = 900.0,
) -> Recorder:
    """Return a recorder whose files are below a folder, which is its landing zone as well."""
    (folder / "landing").mkdir(exist_ok=True)
    return Recorder(
        Spool(folder / "waiting"),
        Delivery(landing or str(folder / "landing")),
        People(header, lambda: b"key"),
        RollCall(folder / "listed.json", listed),
        land_seconds,
    )


def landed(folder: Path) -> list[dict[str, Any]]:
    """Return the events that have landed, in the order of their files."""
    files = sorted((folder / "landing").glob("usage/date=*/*.ndjson"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]

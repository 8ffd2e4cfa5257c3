"""What something rests on, and whether that can be relied on now.

What belongs here: late and failing among all that is upstream, told with its reason. What does not:
the verdict on one asset (`health`), what is done about it (`care`).
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from platform_assets.inventory.health import NO_STATUS, Health, Status, Verdict, span
from platform_assets.inventory.model import Asset, Graph

LATE = "late"
# Kinds that carry no data on.
BESIDE = ("report", "record")
# Kinds that stay true whatever becomes of what they are downstream of: the platform's own tables
# tell that a source is late, and what is measured from them must not fall silent when it is.
SELF_RELIANT = ("platform",)


@dataclass(frozen=True)
class Upstream:
    """The state of all that something rests on, at one moment.

    Attributes:
        health: by asset key the name of its health; `late` where its newest event is too old.
        trouble: a sentence for each asset that is late or failing, sources before what they feed.
    """

    health: Mapping[str, str]
    trouble: tuple[str, ...]


def upstream(
    graph: Graph,
    verdicts: Mapping[str, Verdict],
    statuses: Mapping[str, Status],
    key: str,
    now: datetime,
    itself: bool = True,
) -> Upstream:
    """Return the state of all that `key` rests on, up to the sources.

    Args:
        itself: whether the asset's own failure counts too, as that of a key result's last run.
            What is not in the graph can't be relied on.
    """
    if key not in graph.assets:
        return Upstream({}, (f"{key}: no such asset is known",))
    health, trouble = {}, []
    for asset in _sources_first(graph, key, itself):
        found, status = verdicts[asset.key], statuses.get(asset.key, NO_STATUS)
        missing = _missing(asset, status, now)
        health[asset.key] = LATE if missing else found.health.name
        never = found.health == Health.unknown and asset.materializable
        if missing or found.health == Health.failing or never:
            trouble.append(f"{asset.key}: {missing or found.reason}")
    return Upstream(health, tuple(trouble))


def _sources_first(graph: Graph, key: str, itself: bool) -> list[Asset]:
    """Return what the data of an asset comes through, the farthest first."""
    found = {key: 0}  # with the distance
    ahead = deque([key])
    while ahead:
        here = graph.assets[ahead.popleft()]
        if here.kind in SELF_RELIANT and here.key != key:
            continue
        for parent in graph.having(here.parents):
            if parent.key not in found and parent.kind not in BESIDE:
                found[parent.key] = found[here.key] + 1
                ahead.append(parent.key)
    kept = found if itself else found.keys() - {key}
    return graph.having(sorted(kept, key=lambda k: (-found[k], k)))


def _missing(asset: Asset, status: Status, now: datetime) -> str:
    """Return what of a source's events is missing, if its newest one is older than it may be.

    The age is that of this moment, not of the check, which looked when the source was last loaded.
    """
    if status.newest_data is None or asset.fail_seconds is None:
        return ""
    late = now - status.newest_data - timedelta(seconds=asset.fail_seconds)
    if late <= timedelta(0):
        return ""
    return f"{span(late)} late, its newest event is of {status.newest_data:%Y-%m-%d %H:%M} UTC"

"""The list of what needs attention now: every trouble, by what it matters times how bad it is.

What belongs here: joining, ranking, snoozing. What does not: what is trouble (`assets`, `records`,
`documents`), what an asset matters (`importance`), showing the list (`catalog`, `components`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from platform_assets.care.assets import Seen, of_assets
from platform_assets.care.documents import of_documents
from platform_assets.care.importance import OBJECTIVE, Importance
from platform_assets.care.model import (
    FAILED_RUN,
    FAILING_CHECK,
    LATE,
    Item,
    Sum,
    Trouble,
    counted,
    plain,
)
from platform_assets.care.records import of_records
from platform_assets.inventory.health import Status
from platform_assets.inventory.model import Graph
from platform_assets.product.curated import Curated
from platform_assets.product.kinds import Snooze
from platform_assets.product.progress import Progress
from platform_assets.product.store import Everything


@dataclass(frozen=True)
class Known:
    """What there is to know besides the assets and how they are; each part may be missing.

    Attributes:
        store: what everybody submits, with all snoozes.
        curated: what the team writes.
        progresses: how key results stand, by id.
        looks: how often each asset was looked at in 90 days, by key.
        recorded: for how long looks have been recorded.
        rows: of each table, its rows after its last materializations, the newest first.
        changed: when each file, named from the project's folder, was last changed.
    """

    store: Everything = field(default_factory=Everything)
    curated: Curated = field(default_factory=Curated)
    progresses: Mapping[str, Progress] = field(default_factory=dict)
    looks: Mapping[str, int] = field(default_factory=dict)
    recorded: timedelta = timedelta(0)
    rows: Mapping[str, Sequence[int]] = field(default_factory=dict)
    changed: Mapping[str, datetime] = field(default_factory=dict)


def attention(
    graph: Graph, statuses: Mapping[str, Status], known: Known, now: datetime
) -> list[Item]:
    """Return what needs attention: what is snoozed last, else the highest score first.

    Args:
        graph: assets without records. What belongs to others counts where something of ours rests
            on it.
    """
    importance = weigh(graph, known, now)
    seen = Seen(graph, statuses, importance, now, known.rows, known.recorded, known.changed)
    assets = [t for t in of_assets(seen) if _concerns_us(graph, t.subject)]
    unreliable = {t.subject for t in assets if t.kind in (FAILED_RUN, FAILING_CHECK, LATE)}
    troubles = [
        *assets,
        *of_records(known.store, known.curated, known.progresses, graph, now, unreliable),
        *of_documents(graph, known.curated, known.changed),
    ]
    snoozes = {s.item: s for s in sorted(known.store.snoozes, key=lambda s: s.at) if s.until > now}
    items = [_item(trouble, importance, snoozes.get(trouble.key)) for trouble in troubles]
    return sorted(items, key=lambda i: (i.snoozed is not None, -i.score, -i.trouble, i.key))


def weigh(graph: Graph, known: Known, now: datetime) -> Importance:
    """Return the importance of every asset."""
    return Importance(graph, known.looks, known.curated.key_results, now.date())


def awake(items: Iterable[Item]) -> list[Item]:
    """Return the entries that nobody has put off."""
    return [item for item in items if item.snoozed is None]


def _item(trouble: Trouble, importance: Importance, snoozed: Snooze | None) -> Item:
    also = trouble.objectives
    if trouble.importance is None:
        matters = importance.of(trouble.about, also)
        objectives = tuple(sorted({*importance.objectives(trouble.about), *also}))
    else:
        served = (OBJECTIVE * len(also), f"for {counted(len(also), 'objective')}")
        matters, objectives = Sum.of(*trouble.importance.parts, served), also
    score = round(matters.total * trouble.weight.total, 2)  # exact: each has one place
    return Item(
        key=trouble.key,
        kind=trouble.kind,
        subject=trouble.subject,
        title=trouble.title,
        what=trouble.what,
        importance=matters.total,
        trouble=trouble.weight.total,
        score=score,
        arithmetic=f"({matters}) × ({trouble.weight}) = {plain(score)}",
        next_step=trouble.next_step,
        owner=trouble.owner,
        url=trouble.url,
        step_url=trouble.step_url,
        about=trouble.about,
        objectives=objectives,
        snoozed=snoozed,
    )


def _concerns_us(graph: Graph, key: str) -> bool:
    """Return whether an asset is ours, or something of ours rests on it."""
    return graph.assets[key].kind != "external" or any(
        graph.assets[each].kind != "external" for each in graph.downstream(key)
    )

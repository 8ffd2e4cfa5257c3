"""A made-up company on a bad day: thousands of assets, one of twenty in trouble, and its records.

What belongs here: the graph, how its assets are, what people said and wrote. The same number of
assets always makes the same company.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from platform_assets.care.attention import Known
from platform_assets.inventory.health import CheckResult, Status
from platform_assets.inventory.model import Asset, Column, Graph
from platform_assets.product.curated import Curated
from platform_assets.product.curated_kinds import (
    Action,
    Decision,
    KeyResult,
    Metric,
    Minutes,
    Objective,
    RoadmapItem,
)
from platform_assets.product.kinds import Feedback, Request
from platform_assets.product.progress import Progress
from platform_assets.product.store import Everything

NOW = datetime(2026, 8, 10, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
# Of a hundred assets, how many are of each layer, and their kind. A domain is a hundred of them.
LAYERS = {
    "raw": (15, "source"),
    "staging": (20, "table"),
    "intermediate": (20, "table"),
    "marts": (30, "table"),
    "report": (15, "report"),
}
DOMAIN = sum(count for count, _ in LAYERS.values())
# Of what assets are made from: one of ten tables that all use, of the same layer, of the domain.
HUBS, DEEPER, NEAR = 0.05, 0.4, 0.9
IN_TROUBLE = 0.05
TROUBLES = (
    "failed", "check", "warns", "late", "old", "never", "halved", "silent", "orphan", "unused",
)  # fmt: skip
HOLD_UP = ("failed", "check", "late", "never")
OBJECTIVES, RESULTS = 20, 3  # and key results of each
RECORDS = 1_000  # requests, and pieces of feedback
WELL = Status(made_at=NOW - timedelta(hours=1), run_id="r", rows=1_000)
COLUMNS = tuple(Column(f"c{n}", "bigint", "What it is.") for n in range(5))


@dataclass(frozen=True)
class Company:
    """What a list of what needs attention is made of; `troubles` are the causes, by asset."""

    graph: Graph
    statuses: Mapping[str, Status]
    known: Known
    troubles: Mapping[str, str]


def company(size: int) -> Company:
    """Return a company of so many assets."""
    chance = random.Random(size)
    found = {asset.key: asset for asset in _assets(size, chance)}
    troubles = {key: chance.choice(TROUBLES) for key in found if chance.random() < IN_TROUBLE}
    found |= {key: _neglected(found[key], trouble) for key, trouble in troubles.items()}
    curated = _curated(found, chance)
    for result in curated.key_results:
        found[result.key] = replace(
            found[result.tables[0]], key=result.key, kind="other", layer="key_result",
            parents=result.tables,
        )  # fmt: skip
    graph = Graph(dict(sorted(found.items())))
    read = [key for key in found if troubles.get(key) != "unused"]
    known = Known(
        store=_store(found, chance),
        curated=curated,
        progresses={
            each.id: Progress(each.id, chance.choice(("on track", "off track", "at risk")), "half")
            for each in curated.key_results
        },
        looks={key: chance.randint(1, 200) for key in read},
        recorded=90 * DAY,
        rows={
            key: (100 if how == "halved" else 990, *[1_000] * 11) for key, how in troubles.items()
        },
        changed=_changed(found, chance),
    )
    return Company(graph, _statuses(graph, troubles), known, troubles)


def _assets(size: int, chance: random.Random) -> Iterator[Asset]:
    """Yield assets layer by layer, each made from one to four of the layer before or of its own."""
    domains = max(1, size // DOMAIN)
    before: list[list[str]] = []
    for layer, (count, kind) in LAYERS.items():
        made: list[list[str]] = [[] for _ in range(domains)]
        for place in range(count * size // DOMAIN):
            domain = place % domains
            key = f"{layer}/d{domain}_t{place}"
            parents = set()
            for _ in range(chance.randint(1, 4) if before else 0):
                if chance.random() < HUBS:
                    parents.add(before[chance.randrange(min(domains, 10))][0])
                    continue
                near = domain if chance.random() < NEAR else chance.randrange(domains)
                within = made if kind == "table" and chance.random() < DEEPER else before
                parents.add(chance.choice(within[near] or before[near]))
            yield Asset(
                key, kind, description="What it is.", layer=layer, domain=f"d{domain}",
                owners=(f"team:d{domain}",), columns=COLUMNS, parents=tuple(sorted(parents)),
                warn_seconds=26 * 3600.0, fail_seconds=50 * 3600.0, file=f"{key}.sql",
                described_in=f"d{domain}/{layer}.yml",
            )  # fmt: skip
            made[domain].append(key)
        before = made


def _neglected(asset: Asset, trouble: str) -> Asset:
    if trouble == "silent":
        return replace(asset, columns=(*COLUMNS[:3], Column("silent"), Column("too")))
    return replace(asset, owners=()) if trouble == "orphan" else asset


def _statuses(graph: Graph, troubles: Mapping[str, str]) -> dict[str, Status]:
    """Return how assets are: what hangs on one that failed or is late was not made either."""
    old = replace(WELL, made_at=NOW - 5 * DAY)
    failing, warning = (CheckResult("c", error=error, at=NOW) for error in (True, False))
    own = {
        "failed": replace(old, failed_run="f"),
        "check": replace(WELL, checks=(failing,)),
        "warns": replace(WELL, checks=(warning,)),
        "late": old,
        "old": replace(WELL, made_at=NOW - timedelta(hours=30)),
        "never": Status(),
    }
    found = dict.fromkeys(graph.assets, WELL)
    held: set[str] = set()
    for key in graph.order:
        if any(parent in held for parent in graph.assets[key].parents):
            found[key] = old
            held.add(key)
        if key in troubles:
            found[key] = own.get(troubles[key], found[key])
        if troubles.get(key) in HOLD_UP:
            held.add(key)
    return found


def _curated(assets: Mapping[str, Asset], chance: random.Random) -> Curated:
    marts = [key for key in assets if key.startswith("marts/")]
    begins, ends = NOW.date() - 40 * DAY, NOW.date() + 20 * DAY
    objectives = tuple(
        Objective(
            f"o{n}", f"Objective {n}", "ada", start=begins, due=ends,
            key_results=tuple(
                KeyResult(
                    f"o{n}k{k}", f"Result {k}", "ada", objective=f"o{n}", start=begins, due=ends,
                    tables=tuple(chance.sample(marts, 2)),
                )
                for k in range(RESULTS)
            ),
        )
        for n in range(OBJECTIVES)
    )  # fmt: skip
    day = NOW.date() - 20 * DAY
    return Curated(
        objectives=objectives,
        decisions=tuple(Decision(f"d{n}", "", "", settles=(f"request/{n}",)) for n in range(200)),
        minutes=tuple(
            Minutes(
                f"m{n}", "Minutes", "ada", decisions=(f"d{n}",),
                actions=(Action("Do it", "bo", day), Action("Done", "bo", day, done_on=day)),
            )
            for n in range(100)
        ),
        roadmap=tuple(
            RoadmapItem(
                f"i{n}", "", "", objective=f"o{n % OBJECTIVES}", deliverables=(f"request/{n}",)
            )
            for n in range(200)
        ),
        metrics=tuple(
            Metric(f"n{n}", "", "", file=f"n{n}.md", tables=(chance.choice(marts),))
            for n in range(200)
        ),
    )  # fmt: skip


def _store(assets: Mapping[str, Asset], chance: random.Random) -> Everything:
    """Return a thousand requests and as much feedback, a tenth of each of it left lying."""
    read = [key for key, asset in assets.items() if asset.kind == "report"]
    at = NOW - 20 * DAY
    states = ("new", *["closed"] * 8, "accepted")
    return Everything(
        requests=tuple(
            Request(n, "What we need", "ada", at, at, state=states[n % 10], accepted_at=at)
            for n in range(RECORDS)
        ),
        feedback=tuple(
            Feedback(n, chance.choice(read), "v", 5 if n % 10 else 2, "It is wrong.", "bo", at)
            for n in range(RECORDS)
        ),
    )


def _changed(assets: Mapping[str, Asset], chance: random.Random) -> dict[str, datetime]:
    """Return when files were changed: one of a hundred after what describes it."""
    found = dict.fromkeys((f"n{n}.md" for n in range(200)), NOW - 100 * DAY)
    for asset in assets.values():
        found[asset.described_in] = NOW - 100 * DAY
        found[asset.file] = NOW - (30 if chance.random() < 0.01 else 100) * DAY
    return found

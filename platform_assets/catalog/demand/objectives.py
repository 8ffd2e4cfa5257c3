"""Pages of objectives and key results: how each stands, and everything that is behind it.

What belongs here: which facts these pages have. What does not: measuring, the rules of a standing,
the picture (`product`), HTML (`templates/`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from markupsafe import Markup

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import shown
from platform_assets.catalog.demand.cards import amount, day, drawn, one, things, written
from platform_assets.catalog.demand.joined import key_of
from platform_assets.catalog.demand.records import Snapshot
from platform_assets.catalog.lineage import drawing
from platform_assets.catalog.present import Facts, card, cards, dagster_url, moment, record_url
from platform_assets.inventory.model import RECORD, Asset
from platform_assets.inventory.upstream import upstream
from platform_assets.product import picture
from platform_assets.product.curated_kinds import KeyResult, Objective
from platform_assets.product.kinds import OPEN, Measurement
from platform_assets.product.progress import (
    AT_RISK,
    NOT_BEGUN,
    NOT_MEASURED,
    OFF_TRACK,
    ON_TRACK,
    REACHED,
    STANDINGS,
    Progress,
    progress,
)

# What is said of several key results together is said of the worst of them.
WORST_FIRST = (OFF_TRACK, AT_RISK, NOT_MEASURED, ON_TRACK, REACHED, NOT_BEGUN)
LISTED = 40  # measurements on a key result's page
LONGEST_UNIT = 8  # letters that a picture has room for
DRAWN = 4  # steps upstream in the drawing of an objective


@dataclass(frozen=True)
class Standings:
    """How key results stand, as of one moment.

    Attributes:
        measured: measurements by key result's id, oldest first.
    """

    view: View
    snapshot: Snapshot
    measured: Mapping[str, Sequence[Measurement]] = field(default_factory=dict)

    def of(self, kr: KeyResult) -> Progress:
        """Return how a key result stands."""
        found = self.measured.get(kr.id, ())
        return progress(kr, found, self.view.now, self.trouble(kr))

    def trouble(self, kr: KeyResult) -> tuple[str, ...]:
        """Return what is late or failing of all that a key result is measured from."""
        view, key = self.view, key_of(kr.key, self.view.graph)
        return upstream(view.graph, view.verdicts, view.statuses, key, view.now).trouble


def objectives_page(standings: Standings) -> Facts:
    """Return all objectives with their key results: what runs now, what comes, what is over."""
    today = standings.view.now.date()
    every = sorted(standings.snapshot.curated.objectives, key=lambda o: (o.due, o.title))
    groups: Mapping[str, list[Objective]] = {
        "now": [o for o in every if o.start <= today <= o.due],
        "next": [o for o in every if o.start > today],
        "over": [o for o in reversed(every) if o.due < today],
    }
    lines = {name: [objective_line(standings, o) for o in group] for name, group in groups.items()}
    counted = Counter(k["standing"] for line in lines["now"] for k in line["key_results"])
    return {
        "groups": lines,
        "standings": {each: counted[each] for each in STANDINGS if counted[each]},
        "total": len(every),
    }


def objective_line(standings: Standings, found: Objective) -> Facts:
    """Return what a list shows of an objective, its key results with it."""
    results = [key_result_line(standings, kr) for kr in found.key_results]
    said = {line["standing"] for line in results}
    return {
        **written(found),
        "start": day(found.start),
        "due": day(found.due),
        "standing": next((each for each in WORST_FIRST if each in said), NOT_MEASURED),
        "key_results": results,
    }


def key_result_line(standings: Standings, kr: KeyResult) -> Facts:
    """Return what a list shows of a key result."""
    found = standings.of(kr)
    return {
        "id": kr.id,
        "title": kr.title,
        "url": record_url(kr.key),
        "unit": kr.unit if kr.unit != "%" else "",
        "baseline": kr.baseline,
        "target": kr.target,
        "from": amount(kr.baseline, kr.unit),
        "to": amount(kr.target, kr.unit),
        "value": found.value,
        "now": amount(found.value, kr.unit),
        "as_of": moment(found.as_of),
        "measured_at": moment(found.measured_at),
        "done": found.done,
        "elapsed": found.elapsed,
        "standing": found.standing,
        "reason": found.reason,
        "hindrances": list(found.trouble),
        "start": day(kr.start),
        "due": day(kr.due),
    }


def objective_page(standings: Standings, ident: str) -> Facts:
    """Return an objective: its key results, what serves it, what it rests on.

    Raises:
        Missing: there is no such objective.
    """
    view, snapshot = standings.view, standings.snapshot
    found = one(snapshot, Objective, ident)
    return {
        **objective_line(standings, found),
        "roadmap": things(view, snapshot, snapshot.back(found.name, "serves")),
        "decisions": things(view, snapshot, snapshot.back(found.name, "settles")),
        "behind": behind(view, snapshot, [f"{RECORD}{found.name}"]),
        "lineage": drawn(view, found, DRAWN, 0),
    }


def key_result_page(standings: Standings, ident: str) -> Facts:
    """Return a key result: how it stands, its picture, its query, all that is behind it.

    Raises:
        Missing: there is no such key result.
    """
    view, snapshot = standings.view, standings.snapshot
    kr = one(snapshot, KeyResult, ident)
    found, measured = standings.of(kr), standings.measured.get(ident, ())
    key = key_of(kr.key, view.graph)
    asset = view.graph.assets.get(key)
    short = kr if len(kr.unit) <= LONGEST_UNIT else replace(kr, unit="")
    return {
        **written(kr),
        **key_result_line(standings, kr),
        "objective": things(view, snapshot, [f"objective/{kr.objective}"])[0],
        "sql": kr.sql,
        "picture": Markup(picture.draw(short, measured, view.now)),  # which escapes what it is told
        "breaks": [moment(at) for at in found.breaks],
        "last": _measurement(found.last, kr) if found.last else None,
        "measurements": [_measurement(each, kr) for each in reversed(measured[-LISTED:])],
        "measured": len(measured),
        "asset": card(view, asset) if asset is not None and asset.kind != "record" else None,
        "dagster": dagster_url(kr.key),
        "behind": behind(view, snapshot, [key]),
        "lineage": drawing(view, key, 2, 1) if asset is not None else None,
    }


def behind(view: View, snapshot: Snapshot, keys: Sequence[str]) -> Facts:
    """Return every table, source, report and open request that stands behind something."""
    up: dict[str, int] = {}
    for key in keys:
        up |= view.graph.upstream(key) if key in view.graph.assets else {}
    assets = [a for a in view.graph.having(up) if a.kind != "record"]
    names = [key.removeprefix(RECORD) for key in up if key.startswith(RECORD)]
    for asset in assets:
        names += snapshot.back(asset.key, "about", "answered_by")
    waiting = [each for each in snapshot.requests_named(names) if each.state in OPEN]
    return {
        "reports": cards(view, _of(assets, "report")),
        "tables": cards(
            view, [a for a in _of(assets, "table", "platform", "other") if a.layer != "key_result"]
        ),
        "sources": cards(view, _of(assets, "source", "external")),
        "requests": [shown.request(each, view) for each in waiting],
    }


def _of(assets: Sequence[Asset], *kinds: str) -> list[Asset]:
    return [each for each in assets if each.kind in kinds]


def _measurement(found: Measurement, kr: KeyResult) -> Facts:
    return {
        "at": moment(found.at),
        "as_of": moment(found.as_of),
        "value": found.value,
        "shown": amount(found.value, kr.unit),
        "definition": found.definition,
        "trouble": list(found.trouble),
        "run": found.run_id,
    }

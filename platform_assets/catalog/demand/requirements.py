"""Pages of requirements and metrics: what has to hold, what verifies it, what a number means.

What belongs here: the facts of these pages. What does not: running checks, HTML.
"""

from collections import Counter

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import shown
from platform_assets.catalog.demand.cards import drawn, one, thing, things, written
from platform_assets.catalog.demand.records import Snapshot
from platform_assets.catalog.present import Facts, asset_url, cards, check
from platform_assets.product.curated_kinds import Metric, Requirement

ORDER = ("agreed", "proposed", "met", "dropped")


def requirements_page(view: View, snapshot: Snapshot) -> Facts:
    """Return all requirements: what is agreed and not met yet first."""
    every = sorted(
        snapshot.curated.requirements, key=lambda r: (ORDER.index(r.status), r.title.lower())
    )
    lines = [requirement_line(view, snapshot, each) for each in every]
    return {"requirements": lines, "states": Counter(each["status"] for each in lines)}


def requirement_line(view: View, snapshot: Snapshot, found: Requirement) -> Facts:
    """Return what a list shows of a requirement."""
    return {
        **written(found),
        "status": found.status,
        "statement": found.statement,
        "verified": _check(view, found.check),
        "assets": things(view, snapshot, found.assets),
        "requests": len(_requests(snapshot, found)),
    }


def requirement_page(view: View, snapshot: Snapshot, ident: str) -> Facts:
    """Return a requirement: who asked, what has to hold, what verifies it, what meets it.

    Raises:
        Missing: there is no such requirement.
    """
    found = one(snapshot, Requirement, ident)
    asked = snapshot.requests_named(_requests(snapshot, found))
    return {
        **requirement_line(view, snapshot, found),
        "rationale": found.rationale,
        "acceptance": list(found.acceptance),
        "met_by": cards(view, view.graph.having(found.assets)),
        "requests": [shown.request(each, view) for each in asked],
        "delivered_by": things(view, snapshot, snapshot.back(found.name, "delivers")),
        "settled_by": things(view, snapshot, snapshot.back(found.name, "settles")),
        "lineage": drawn(view, found, 1, 2),
    }


def _requests(snapshot: Snapshot, found: Requirement) -> list[str]:
    return list(dict.fromkeys(snapshot.back(found.name, "taken_up_by")))


def _check(view: View, named: str) -> Facts | None:
    """Return how the check that verifies something is; None where nothing does."""
    key, _, name = named.rpartition(":")
    if not name:
        return None
    found = next((c for c in view.status(key).checks if c.name == name), None)
    known = check(found, view.now) if found else {"name": name, "state": "never ran", "age": ""}
    url = asset_url(key) if key in view.graph.assets else ""
    return {"severity": "error", **known, "asset": key, "url": url}


def metrics_page(view: View, snapshot: Snapshot) -> Facts:
    """Return all metrics, by name."""
    every = sorted(snapshot.curated.metrics, key=lambda m: m.title.lower())
    return {"metrics": [metric_line(view, snapshot, each) for each in every]}


def metric_line(view: View, snapshot: Snapshot, found: Metric) -> Facts:
    """Return what a list shows of a metric."""
    return {
        **written(found),
        "unit": found.unit,
        "definition": found.definition,
        "tables": things(view, snapshot, found.tables),
    }


def metric_page(view: View, snapshot: Snapshot, ident: str) -> Facts:
    """Return a metric: what it means, how it is worked out, from which tables.

    Raises:
        Missing: there is no such metric.
    """
    found = one(snapshot, Metric, ident)
    tables = set(found.tables)
    related = [kr for kr in snapshot.curated.key_results if tables and tables & set(kr.tables)]
    return {
        **metric_line(view, snapshot, found),
        "sql": found.sql,
        "read_from": cards(view, view.graph.having(found.tables)),
        "key_results": [thing(view, snapshot, kr.key) for kr in related],
        "lineage": drawn(view, found, 2, 0),
    }

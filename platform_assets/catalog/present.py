"""Assets as a page, or its JSON twin, shows them: plain dictionaries.

What belongs here: which facts of an asset go where. What does not: HTML (`templates/`), routes
(`web`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from platform_assets.catalog.catalog import View
from platform_assets.inventory.health import CheckResult, span
from platform_assets.inventory.landed import declaration
from platform_assets.inventory.model import EXTERNAL, RECORD, Asset, Column

Facts = dict[str, Any]
ON_ONE_PAGE = ("roadmap", "feedback")  # kinds of record whose page has all of them


def asset_url(key: str) -> str:
    """Return the path of an asset's page, or of another platform's thing, or a record."""
    if key.startswith(EXTERNAL):
        return f"/catalog/external/{quote(key.removeprefix(EXTERNAL))}"
    if key.startswith(RECORD):
        return record_url(key.removeprefix(RECORD))
    return f"/catalog/asset/{quote(key)}"


def record_url(name: str) -> str:
    """Return the path of the page that shows a record, `request/12`."""
    kind, _, ident = name.partition("/")
    if kind in ON_ONE_PAGE:
        return f"/catalog/{kind}#{kind}-{quote(ident, safe='')}"
    return f"/catalog/{kind}/{quote(ident, safe='')}"


def column_url(key: str, column: str) -> str:
    """Return the path of a column's page."""
    return f"/catalog/column/{quote(key)}/{quote(column, safe='')}"


def explain_url(report: str, query: str, column: str) -> str:
    """Return the path of the explanation of a number of a report."""
    parts = "/".join(quote(part, safe="") for part in (report, query, column))
    return f"/catalog/explain/{parts}"


def owner_url(owner: str) -> str:
    """Return the path of an owner's page."""
    return f"/catalog/owner/{quote(owner, safe='@')}"


def domain_url(domain: str) -> str:
    """Return the path of a domain's page."""
    return f"/catalog/domain/{quote(domain, safe='')}"


def term_url(slug: str) -> str:
    """Return the path of a term of the glossary."""
    return f"/catalog/glossary/{quote(slug, safe='')}"


def dagster_url(key: str) -> str:
    """Return the path of an asset in Dagster's own pages."""
    return f"/assets/{quote(key)}"


def first_sentence(text: str) -> str:
    """Return the first sentence of a description, on one line."""
    flat = " ".join(text.split("\n\n", 1)[0].split())
    end = flat.find(". ")
    return flat if end < 0 else flat[: end + 1]


def card(view: View, asset: Asset) -> Facts:
    """Return what a list shows of an asset."""
    status, found = view.status(asset.key), view.verdicts[asset.key]
    return {
        "key": asset.key,
        "place": _place(asset),
        "name": asset.name,
        "label": asset.label,
        "url": asset_url(asset.key),
        "kind": asset.kind,
        "layer": asset.layer,
        "state": asset.tags.get("state", "") if asset.kind == "record" else "",
        "domain": asset.domain,
        "owners": [owner(o) for o in asset.owners],
        "summary": first_sentence(asset.question or asset.description),
        "health": found.health.name,
        "reason": found.reason,
        "made_at": moment(status.made_at),
        "age": span(view.now - status.made_at) if status.made_at else "",
        "rows": status.rows,
        "columns": len(asset.columns),
        "dependents": view.graph.importance[asset.key],
    }


def _place(asset: Asset) -> str:
    """Return where an asset is, in a line below its name."""
    if asset.kind == "external":
        return asset.tags.get("namespace", "")
    return asset.key.removeprefix(RECORD)


def cards(view: View, assets: Iterable[Asset]) -> list[Facts]:
    """Return what a list shows of several assets."""
    return [card(view, asset) for asset in assets]


def column(view: View, asset: Asset, found: Column) -> Facts:
    """Return what is known of a column without looking at its values."""
    terms = view.glossary.by_column.get((asset.table.lower(), found.name.lower()), ())
    return {
        "name": found.name,
        "type": found.type.lower(),
        "description": found.description,
        "tests": [test_in_words(name, asset, found) for name in found.tests],
        "personal": found.personal,
        "because": found.because,
        "exempt": found.exempt,
        "declared": found.declared,
        "since": moment(found.since),
        "declare": "" if found.declared else declaration(found.name, found.type),
        "url": column_url(asset.key, found.name),
        "terms": [{"name": term.name, "url": term_url(term.slug)} for term in terms],
    }


def test_in_words(name: str, asset: Asset, found: Column) -> Facts:
    """Return a test's name, and what is left of it without the table's and the column's."""
    short = name.replace(f"_{asset.name}_{found.name}", "", 1).replace("_", " ").strip()
    return {"name": name, "short": short.split("  ")[0]}


def check(result: CheckResult, now: datetime) -> Facts:
    """Return the newest result of a check."""
    state = "never ran" if result.at is None else "passed" if result.passed else "failed"
    return {
        "name": result.name,
        "state": state,
        "severity": "error" if result.error else "warning",
        "description": result.description,
        "at": moment(result.at),
        "age": span(now - result.at) if result.at else "",
    }


def told(metadata: Mapping[str, Any]) -> list[Facts]:
    """Return what the newest run said of itself, in words: plain numbers and short texts."""
    return [
        {
            "name": name.replace("_", " ").capitalize(),
            "value": value,
            "bytes": name.startswith("bytes") or "_bytes" in name,
        }
        for name, value in metadata.items()
        if isinstance(value, int | float | str) and not name.startswith("dagster")
    ]


def owner(name: str) -> Facts:
    """Return an owner, and a way to reach them."""
    team = name.startswith("team:")
    return {
        "name": name.removeprefix("team:"),
        "id": name,
        "team": team,
        "url": owner_url(name),
        "mail": "" if team else f"mailto:{name}",
    }


def moment(value: datetime | None) -> str | None:
    """Return a time in ISO 8601, to the second."""
    return value.isoformat(timespec="seconds") if value is not None else None


def windows(asset: Asset) -> str:
    """Return a freshness policy in words."""
    from datetime import timedelta

    if asset.deadline:
        return f"made by its deadline: {asset.deadline}"
    if asset.fail_seconds is None:
        return "none"
    fail = span(timedelta(seconds=asset.fail_seconds))
    warn = span(timedelta(seconds=asset.warn_seconds)) if asset.warn_seconds else ""
    return f"at most {fail} old" + (f", usually less than {warn}" if warn else "")

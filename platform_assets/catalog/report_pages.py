"""The page of a report: the newest version, all that were kept, and what changed between two.

What belongs here: the facts and the routes. What does not: making a version (`reporting`), serving
its files (`server.report_files`), making it anew with other parameters (`server.live_reports`).
"""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.routing import Route

from platform_assets.catalog.answers import Site
from platform_assets.catalog.catalog import View
from platform_assets.catalog.pages import Missing, find
from platform_assets.catalog.present import Facts, card, moment
from platform_assets.reporting import versions
from platform_assets.reporting.archive import Archive
from platform_assets.reporting.versions import Change, Version

WEEK = timedelta(days=7)
LISTED = 50  # versions on the page; `?before=` leads to older ones


class ReportPages:
    """The handlers, bound to where the versions of all reports are kept."""

    def __init__(self, site: Site, archive: Archive) -> None:
        self._site = site
        self._archive = archive

    def routes(self) -> list[Route]:
        """Return the routes below `/catalog`."""
        return self._site.page("/report/{name}", "report", self._report)

    def _report(self, request: Request, view: View) -> Facts:
        name = request.path_params["name"]
        asked = {key: request.query_params.get(key, "") for key in ("compare", "before")}
        return report(view, self._archive, name, **asked)


def report(view: View, archive: Archive, name: str, compare: str = "", before: str = "") -> Facts:
    """Return the facts of a report's page.

    Args:
        view: the catalog.
        archive: where versions are kept.
        name: of the report, without `report/`.
        compare: the version to compare the newest with; empty for that of a week before.
        before: list versions older than this one.

    Raises:
        Missing: there is no such report, or no such version.
    """
    asset = find(view, f"report/{name}")
    kept = archive.names(name)
    chosen = [compare] if compare else _week_before(kept)
    compared = archive.read(name, chosen)
    if compare and not compared:
        raise Missing(versions.missing(compare).message)
    newest = archive.read(name, kept[:1]) if compared else []
    listed = [one for one in kept if not before or one < before]
    return {
        "asset": card(view, asset),
        "question": asset.question,
        "audience": asset.audience,
        "address": asset.link,
        "versions": [_version(name, one) for one in archive.read(name, listed[:LISTED])],
        "more": listed[LISTED - 1] if len(listed) > LISTED else "",
        "total": len(kept),
        "compared": _version(name, compared[0]) if compared else None,
        "changes": [_change(c) for c in versions.compare(compared[0], newest[0])] if newest else [],
    }


def _week_before(kept: Sequence[str]) -> list[str]:
    """Return the version to compare with: the newest that is a week older, or the oldest."""
    made = [versions.made(name) for name in kept]
    week = [name for name, at in zip(kept, made, strict=True) if made[0] - at >= WEEK]
    return [*week[:1], *kept[1:][-1:]][:1]


def _version(report: str, one: Version) -> Facts:
    address = f"/files/reports/{quote(report)}/{one.name}"
    return {
        "name": one.name,
        "made_at": moment(one.made),
        "data_time": one.data_time,
        "snapshot": one.snapshot,
        "run": one.run_id,
        "page": f"{address}/index.html",
        "pdf": f"{address}/report.pdf",
        "facts": f"{address}/report.json",
        "files": [f"{address}/{quote(query)}.csv" for query in one.facts.get("queries", {})],
    }


def _change(change: Change) -> Facts:
    return {
        "label": change.label,
        "before": change.before,
        "after": change.after,
        "relative": change.relative_text if change.relative is not None else "",
        "changed": change.changed,
        "rises": bool(change.difference and change.difference > 0),
    }

"""Explain this number: from a number of a report to everything that it rests on, on one page.

What belongs here: the facts of the page, and its route. What does not: how columns hang together
(`columns`), how an edge is shown (`column_pages`), what it looks like (`templates/explain`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.routing import Route

from platform_assets.catalog.answers import Site
from platform_assets.catalog.catalog import View
from platform_assets.catalog.column_drawing import drawing, shown_name
from platform_assets.catalog.column_pages import conditions, sources
from platform_assets.catalog.columns import VALUES, Node
from platform_assets.catalog.pages import Missing, find
from platform_assets.catalog.present import Facts, card, check, column_url, moment, windows
from platform_assets.inventory import changes
from platform_assets.inventory.health import Health
from platform_assets.inventory.model import Asset
from platform_assets.reporting import document as documents
from platform_assets.reporting import sql as report_sql
from platform_assets.reporting.archive import Archive
from platform_assets.reporting.declaration import ReportDeclaration
from platform_assets.reporting.declaration import find as find_report
from platform_assets.reporting.errors import ReportError
from platform_assets.reporting.live import folder
from platform_assets.reporting.versions import Version

STEPS = 40  # columns on the way whose conditions are told


class Explanations:
    """The handlers, bound to where the versions of all reports are kept, if they are."""

    def __init__(self, site: Site, archive: Archive | None) -> None:
        self._site = site
        self._archive = archive

    def routes(self) -> list[Route]:
        """Return the routes below `/catalog`."""
        return self._site.page("/explain/{report}/{query}/{column}", "explain", self._explain)

    def _explain(self, request: Request, view: View) -> Facts:
        given = request.path_params
        newest = self._archive.newest(given["report"]) if self._archive else None
        return explanation(view, given["report"], given["query"], given["column"], newest)


def explanation(
    view: View, report: str, query: str, column: str, newest: Version | None = None
) -> Facts:
    """Return what a number of a report rests on.

    Args:
        view: the catalog.
        report: its name, without `report/`.
        query, column: where the number stands.
        newest: the newest version of the report, for the number as it shows it.

    Raises:
        Missing: there is no such report, query or column.
    """
    asset = find(view, f"report/{report}")
    written = _queries(report, query)
    key = f"report/{report}#{query}"
    lineage = view.columns.tables.get(key)
    known = view.columns.known(key, column)
    if lineage is not None and lineage.columns and not lineage.problem and not known:
        raise Missing(f"The query {query} of {asset.label} has no column {column}.")
    here = key, column.lower()
    way = _way(view, here) if known else _upstream(view, asset)
    return {
        "report": card(view, asset),
        "question": asset.question,
        "query": query,
        "column": shown_name(view.columns, here) if known else column,
        **_number(newest, query, column),
        "known": known,
        "problem": (lineage.problem if lineage else "") or view.columns.problem,
        "from": sources(view, view.columns.edges(*here)),
        "conditions": conditions(view, (*view.columns.edges(*here), *view.columns.rows(key))),
        "steps": _steps(view, here) if known else [],
        "queries": written,
        "way": way,
        "care": [one for one in way if Health[one["health"]] >= Health.warning],
        "lineage": drawing(view, here),
        "address": asset.link,
        "now": moment(view.now),
    }


def _queries(report: str, query: str) -> list[Facts]:
    """Return the query as written, and those it names, each after those it names itself."""
    try:
        declaration = ReportDeclaration.load(find_report(folder(), report))
        document = documents.parse(declaration.text(), declaration.file)
        parsed = report_sql.parse_all(document)
    except ReportError as error:
        raise Missing(error.message) from None
    if query not in parsed:
        raise Missing(f"The report {report} has no query {query}.")
    needed = [name for name in report_sql.needed_by(query, parsed) if name in parsed]
    return [{"name": name, "sql": document.queries[name].sql.strip()} for name in needed[::-1]]


def _number(newest: Version | None, query: str, column: str) -> Facts:
    """Return the number as the newest version shows it, where it is one of its single numbers."""
    told = newest.facts if newest else {}
    wanted = f"{query}.{column}".lower()
    number = next((n for n in told.get("numbers", ()) if n["key"].lower() == wanted), None)
    return {
        "label": number["label"] if number else "",
        "text": number["text"] if number else "",
        "made_at": moment(newest.made) if newest else None,
        "data_time": told.get("data_time"),
    }


def _steps(view: View, here: Node) -> list[Facts]:
    """Return of each table on the way of the values what decides over them there."""
    found: dict[str, list[Node]] = {}
    for node in list(view.columns.walk(here, view.columns.up))[:STEPS]:
        found.setdefault(node[0], []).append(node)
    steps = []
    for key, nodes in found.items():
        asset = view.graph.assets.get(key)
        own = [edge for node in nodes for edge in view.columns.edges(*node)]
        told = conditions(view, (*own, *view.columns.rows(key)))
        columns = [_column(view, asset, node) for node in nodes if node[1]]
        if asset is None or not (told or columns):
            continue
        steps.append(
            {
                "asset": card(view, asset),
                "columns": [
                    {**c, "from": sources(view, view.columns.edges(key, c["name"]))}
                    for c in columns
                ],
                "conditions": told,
            }
        )
    return steps


def _column(view: View, asset: Asset | None, node: Node) -> Facts:
    found = asset.column(node[1]) if asset is not None else None
    name = found.name if found else shown_name(view.columns, node)
    return {
        "name": name,
        "url": column_url(node[0], name) if found else "",
        "description": found.description if found else "",
    }


def _way(view: View, here: Node) -> list[Facts]:
    """Return every table that a number rests on, nearest first, with what is known of it."""
    roles: dict[str, str] = {}
    columns: dict[str, list[Node]] = {}
    for node, role in view.columns.rests_on(here).items():
        roles[node[0]] = VALUES if VALUES in (role, roles.get(node[0])) else role
        columns.setdefault(node[0], []).append(node)
    assets = [a for a in view.graph.having(roles) if a.table]
    commits = changes.last(a.file for a in assets if a.file)
    return [
        {
            **_trust(view, asset, commits),
            "role": roles[asset.key],
            "columns": [_column(view, asset, node) for node in columns[asset.key] if node[1]],
        }
        for asset in assets
    ]


def _upstream(view: View, report: Asset) -> list[Facts]:
    """Return every table that the report rests on: all that can be said without columns."""
    assets = [a for a in view.graph.having(view.graph.upstream(report.key)) if a.table]
    commits = changes.last(a.file for a in assets if a.file)
    return [{**_trust(view, a, commits), "role": "", "columns": []} for a in assets]


def _trust(view: View, asset: Asset, commits: Mapping[str, changes.Commit]) -> Facts:
    """Return a table with its freshness, its checks, its owner, and its last change."""
    status = view.status(asset.key)
    results = [check(c, view.now) for c in status.checks]
    commit = commits.get(asset.file)
    return {
        **card(view, asset),
        "policy": windows(asset),
        "newest_data": moment(status.newest_data),
        "passed": sum(c["state"] == "passed" for c in results),
        "checks": len(results),
        "failed": [c for c in results if c["state"] == "failed"],
        "changed": {"at": _day(commit.at), "by": commit.by, "what": commit.what}
        if commit
        else None,
        "file": asset.file,
    }


def _day(text: str) -> str:
    return moment(datetime.fromisoformat(text).astimezone(UTC)) or ""

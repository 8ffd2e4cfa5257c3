"""The catalog's routes: each page as HTML, and under `.json` as the facts it is made of.

What belongs here: HTTP. What does not: what a page says (`pages`), how it looks (`templates`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from platform_assets.catalog import badge, coverage, openapi, pages, render
from platform_assets.catalog.answers import Handler, Site, whole
from platform_assets.catalog.attention import Attention
from platform_assets.catalog.attention_pages import AttentionPages
from platform_assets.catalog.catalog import Catalog, View
from platform_assets.catalog.column_pages import column_page
from platform_assets.catalog.demand.intake import DemandPages
from platform_assets.catalog.demand.of_asset import demand_of
from platform_assets.catalog.demand.record_pages import RecordPages
from platform_assets.catalog.demand.records import Records
from platform_assets.catalog.explain import Explanations
from platform_assets.catalog.external_pages import ExternalPages, told_of
from platform_assets.catalog.history import history
from platform_assets.catalog.lineage import drawing
from platform_assets.catalog.present import Facts, asset_url, card
from platform_assets.catalog.report_pages import ReportPages
from platform_assets.catalog.search import FACETS
from platform_assets.catalog.theme import theme
from platform_assets.catalog.usage import Usage
from platform_assets.catalog.web_data import DataPages, to_csv
from platform_assets.inventory.model import RECORD
from platform_assets.product.measured import Measured
from platform_assets.product.store import RecordStore
from platform_assets.reporting.archive import Archive
from platform_assets.server.headers import SafeHeaders
from platform_assets.usage.noting import note
from resources.warehouse.sandbox import Sandbox

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
DEEPEST = 12  # steps of lineage
LONGEST = 200  # characters of a search
SUGGESTED = 7  # matches below the search box


class Pages:
    """The handlers, bound to a catalog.

    Args:
        site: of the catalog.
        usage: what is looked at, and what was searched for in vain.
        sandbox: where tables are read.
        attention: what needs attention.
        records: what is behind assets; without it, nothing is told of that.
    """

    def __init__(
        self,
        site: Site,
        usage: Usage,
        sandbox: Sandbox,
        attention: AttentionPages,
        records: Records | None = None,
    ) -> None:
        self.catalog = site.catalog
        self.usage = usage
        self.site = site
        self.attention = attention
        self.records = records
        self.data = DataPages(self.site, sandbox)

    def routes(self) -> list[BaseRoute]:
        """Return every route below `/catalog`."""
        key, page = "{key:path}", self.site.page
        return [
            *page("/", "home", self._home, twin="/home.json"),
            *page("/search", "search", self._search),
            Route("/suggest.json", self._suggest),
            *page("/coverage", "coverage", self._coverage),
            *page("/glossary", "glossary", lambda r, v: pages.glossary(v)),
            *page("/glossary/{slug}", "term", self._named(pages.term_page, "slug")),
            *page("/owner/{name}", "group", self._named(pages.owner_page, "name")),
            *page("/domain/{name}", "group", self._named(pages.domain_page, "name")),
            *page("/tag/{name:path}", "group", self._named(pages.tag_page, "name")),
            Route(f"/badge/{key}.svg", self._badge),
            Route(f"/badge/{key}.json", self._badge_facts),
            Route("/openapi.json", self._openapi),
            Route(f"/impact/{key}.csv", self._impact_csv),
            *page(f"/history/{key}", "history", self._history),
            *page(f"/impact/{key}", "impact", self._named(pages.impact, "key")),
            *page(f"/column/{key}/{{column}}", "column", self._column),
            Route(f"/lineage/{key}.svg", self._lineage),
            *page(f"/asset/{key}", "asset", self._asset),
            *self.data.routes(),
            *self.attention.routes(),
            Route("/everything.json", self._everything),
            Route("/healthz", self._healthz),
            Route("/static/theme.css", _theme),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ]

    def _named(self, facts: Callable[[View, str], Facts], name: str) -> Handler:
        return lambda request, view: facts(view, request.path_params[name])

    def _home(self, request: Request, view: View) -> Facts:
        return {**pages.home(view), **self.attention.home(request, view)}

    def _search(self, request: Request, view: View) -> Facts:
        text = request.query_params.get("q", "").strip()[:LONGEST]
        only = {facet: request.query_params.getlist(facet) for facet in FACETS}
        page = whole(request, "page", 1, 1, 500)
        found = pages.search(view, self.catalog.index, text, only, self.usage.looks(), page)
        note(request.scope, results=found["total"], narrowed=any(only.values()))
        if text and not found["total"] and not any(only.values()):
            self.usage.searched_in_vain(text)
        return found

    def _suggest(self, request: Request) -> Response:
        """Return the best few matches of what is typed so far; nothing is recorded."""
        view, text = self.catalog.view(), request.query_params.get("q", "").strip()[:LONGEST]
        found = pages.search(view, self.catalog.index, text, {}, self.usage.looks())
        return JSONResponse({"q": text, "results": found["results"][:SUGGESTED]})

    def _asset(self, request: Request, view: View) -> Facts:
        key = request.path_params["key"]
        if key.startswith(RECORD) and key in view.graph.assets:
            raise HTTPException(307, headers={"location": asset_url(key)})
        found = pages.asset(view, key)
        if not request.url.path.endswith(".json"):
            self.usage.looked_at(key)
        found["lineage"] = drawing(view, key, 1, 1)
        found["told_of"] = told_of(self.catalog.external, key)
        if self.records is not None:
            found["behind"] = demand_of(view, self.records.now(), view.graph.assets[key])
        return found

    def _column(self, request: Request, view: View) -> Facts:
        return column_page(view, request.path_params["key"], request.path_params["column"])

    def _coverage(self, request: Request, view: View) -> Facts:
        return coverage.coverage(view, self.usage.coverage(), self.usage.in_vain())

    def _badge(self, request: Request) -> Response:
        facts, _ = self.site.facts(
            request, lambda r, v: {"svg": badge.svg(v, pages.find(v, r.path_params["key"]))}
        )
        return Response(facts["svg"], media_type="image/svg+xml")

    def _badge_facts(self, request: Request) -> Response:
        facts, _ = self.site.facts(
            request, lambda r, v: badge.facts(v, pages.find(v, r.path_params["key"]))
        )
        return JSONResponse(facts, headers={"access-control-allow-origin": "*"})

    def _history(self, request: Request, view: View) -> Facts:
        found = pages.find(view, request.path_params["key"])
        return {"asset": card(view, found), **history(self.catalog.instance, found)}

    def _impact_csv(self, request: Request) -> Response:
        facts, _ = self.site.facts(request, self._named(pages.impact, "key"))
        columns = ["key", "kind", "layer", "domain", "distance", "health", "reason"]
        rows = [
            [each[c] for c in columns] + [", ".join(o["id"] for o in each["owners"])]
            for each in facts["assets"]
        ]
        name = facts["asset"]["name"].encode("ascii", "replace").decode().replace('"', "")
        headers = {"content-disposition": f'attachment; filename="impact-{name}.csv"'}
        body = to_csv([*columns, "owners"], rows).encode("utf-8-sig")
        return Response(body, media_type="text/csv", headers=headers)

    def _lineage(self, request: Request) -> Response:
        view, key = self.catalog.view(), request.path_params["key"]
        if key not in view.graph.assets:
            raise HTTPException(404, f"There is no asset {key}.")
        up, down = (whole(request, name, 1, 0, DEEPEST) for name in ("up", "down"))
        drawn = drawing(view, key, up, down)
        body = render.page("lineage", {"lineage": drawn, "key": key}, standalone=True)
        return Response(body, media_type="image/svg+xml")

    def _everything(self, request: Request) -> Response:
        view = self.catalog.view()
        return JSONResponse(
            {
                "at": view.now.isoformat(),
                "assets": [pages.asset(view, k) for k in view.graph.assets],
            }
        )

    def _openapi(self, request: Request) -> Response:
        return JSONResponse(openapi.description(demand=self.records is not None))

    def _healthz(self, request: Request) -> Response:
        view = self.catalog.view()
        state = {
            "ok": not view.trouble,
            "assets": len(view.graph.assets),
            "known_at": view.known_at.isoformat() if view.known_at else None,
            "trouble": view.trouble,
        }
        return JSONResponse(state, 503 if view.trouble else 200)


def application(
    catalog: Catalog,
    usage: Usage,
    sandbox: Sandbox,
    reports: Archive | None = None,
    store: RecordStore | None = None,
    measured: Measured | None = None,
) -> ASGIApp:
    """Return the application to mount at `/catalog`.

    Args:
        catalog: what there is.
        usage: what is looked at, and what was searched for in vain.
        sandbox: where tables are read.
        reports: where their versions are kept; without it, reports have no page of versions.
        store: where requests and feedback are kept; without it, nobody is asked for any.
        measured: measurements of key results; without it, they are read from the warehouse.
    """
    site = Site(catalog)
    made: list[BaseRoute] = [*ReportPages(site, reports).routes()] if reports else []
    made += Explanations(site, reports).routes()
    made += ExternalPages(site, catalog.external).routes()
    records = None

    def read(sql: str) -> list[list[Any]]:
        return sandbox.run(sql).rows

    found = measured or Measured(read)
    if store is not None:
        records = catalog.joined.records if catalog.joined else Records(store)
        made += DemandPages(site, records, reports, usage).routes()
        made += RecordPages(site, records, found, usage.looks).routes()
    attention = AttentionPages(site, Attention(catalog, usage, read, records, found))
    pages_and_problems = Starlette(
        routes=[*made, *Pages(site, usage, sandbox, attention, records).routes()],
        exception_handlers={HTTPException: site.problem, Exception: site.problem},
    )
    # Around it, not as its middleware: the answer to an error of ours has the headers, too.
    return SafeHeaders(pages_and_problems, policy=POLICY, referrer="same-origin")


def _theme(request: Request) -> Response:
    return Response(theme(), media_type="text/css")

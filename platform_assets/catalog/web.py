"""The catalog's routes: each page as HTML, and under `.json` as the facts it is made of.

What belongs here: HTTP. What does not: what a page says (`pages`), how it looks (`templates`).
"""

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from platform_assets.catalog import lineage, pages, render
from platform_assets.catalog.catalog import Catalog, View
from platform_assets.catalog.pages import Missing
from platform_assets.catalog.present import Facts
from platform_assets.catalog.search import FACETS
from platform_assets.catalog.usage import Usage
from platform_assets.reporting import palette
from platform_assets.server.headers import SafeHeaders

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
DEEPEST = 12  # steps of lineage
LONGEST = 200  # characters of a search
SUGGESTED = 7  # matches below the search box
Handler = Callable[[Request, View], Facts]


class Pages:
    """The handlers, bound to a catalog.

    Args:
        catalog: what there is.
        usage: what is looked at, and what was searched for in vain.
    """

    def __init__(self, catalog: Catalog, usage: Usage) -> None:
        self.catalog = catalog
        self.usage = usage

    def routes(self) -> list[BaseRoute]:
        """Return every route below `/catalog`."""
        key = "{key:path}"
        return [
            *self._page("/", "home", lambda r, v: pages.home(v), twin="/home.json"),
            *self._page("/search", "search", self._search),
            Route("/suggest.json", self._suggest),
            *self._page("/coverage", "coverage", lambda r, v: pages.coverage(v)),
            *self._page("/owner/{name}", "group", self._named(pages.owner_page, "name")),
            *self._page("/domain/{name}", "group", self._named(pages.domain_page, "name")),
            *self._page("/tag/{name}", "group", self._named(pages.tag_page, "name")),
            *self._page(f"/impact/{key}", "impact", self._named(pages.impact, "key")),
            *self._page(f"/column/{key}/{{column}}", "column", self._column),
            Route(f"/lineage/{key}.svg", self._lineage),
            *self._page(f"/asset/{key}", "asset", self._asset),
            Route("/everything.json", self._everything),
            Route("/healthz", self._healthz),
            Route("/static/theme.css", _theme),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ]

    def _page(
        self, path: str, template: str, handler: Handler, twin: str | None = None
    ) -> list[BaseRoute]:
        """Return the routes of a page and its twin; sync handlers run in Starlette's threads."""

        def facts(request: Request) -> tuple[Facts, View]:
            view = self.catalog.view()
            try:
                return handler(request, view), view
            except Missing as missing:
                raise HTTPException(404, str(missing)) from None

        def as_html(request: Request) -> Response:
            found, view = facts(request)
            more = {"view": view, "request": request, "path": request.url.path}
            return HTMLResponse(render.page(template, found, trouble=view.trouble, **more))

        def as_json(request: Request) -> Response:
            return JSONResponse(facts(request)[0])

        return [Route(twin or f"{path}.json", as_json), Route(path, as_html)]

    def _named(self, facts: Callable[[View, str], Facts], name: str) -> Handler:
        return lambda request, view: facts(view, request.path_params[name])

    def _search(self, request: Request, view: View) -> Facts:
        text = request.query_params.get("q", "").strip()[:LONGEST]
        only = {facet: request.query_params.getlist(facet) for facet in FACETS}
        page = _whole(request, "page", 1, 1, 500)
        found = pages.search(view, self.catalog.index, text, only, self.usage.looks(), page)
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
        found = pages.asset(view, key)
        if not request.url.path.endswith(".json"):
            self.usage.looked_at(key)
        found["lineage"] = _drawing(view, key, 1, 1)
        return found

    def _column(self, request: Request, view: View) -> Facts:
        return pages.column_page(view, request.path_params["key"], request.path_params["column"])

    def _lineage(self, request: Request) -> Response:
        view, key = self.catalog.view(), request.path_params["key"]
        if key not in view.graph.assets:
            raise HTTPException(404, f"There is no asset {key}.")
        up, down = (_whole(request, name, 1, 0, DEEPEST) for name in ("up", "down"))
        drawn = _drawing(view, key, up, down)
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

    def _healthz(self, request: Request) -> Response:
        view = self.catalog.view()
        state = {
            "ok": not view.trouble,
            "assets": len(view.graph.assets),
            "known_at": view.known_at.isoformat() if view.known_at else None,
            "trouble": view.trouble,
        }
        return JSONResponse(state, 503 if view.trouble else 200)


def application(catalog: Catalog, usage: Usage) -> ASGIApp:
    """Return the application to mount at `/catalog`."""
    return Starlette(
        routes=Pages(catalog, usage).routes(),
        middleware=[Middleware(SafeHeaders, policy=POLICY)],
        exception_handlers={HTTPException: _problem, Exception: _problem},
    )


def _theme(request: Request) -> Response:
    """Return the colours, which the catalog shares with the reports."""
    light, dark = palette.variables(palette.LIGHT), palette.variables(palette.DARK)
    css = f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    return Response(css, media_type="text/css")


def _problem(request: Request, error: Exception) -> Response:
    """Answer with a page, or JSON, that says what is wrong and where to go on."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    reason = error.detail if isinstance(error, HTTPException) else "Something went wrong here."
    if request.url.path.endswith(".json"):
        return JSONResponse({"error": reason}, status)
    facts = {"status": status, "reason": reason, "path": request.url.path, "trouble": ""}
    return HTMLResponse(render.page("problem", facts), status)


def _drawing(view: View, key: str, up: int, down: int) -> Facts:
    drawn = lineage.draw(view.graph, key, up, down)
    return {
        "key": key,
        "up": up,
        "down": down,
        "width": drawn.width,
        "height": drawn.height,
        "left_out": drawn.left_out,
        "nodes": [
            {
                "key": node.key,
                "label": view.graph.assets[node.key].name,
                "kind": view.graph.assets[node.key].layer or view.graph.assets[node.key].kind,
                "health": view.verdicts[node.key].health.name,
                "reason": view.verdicts[node.key].reason,
                "x": node.x,
                "y": node.y,
                "more_up": node.more_up,
                "more_down": node.more_down,
            }
            for node in drawn.nodes
        ],
        "paths": drawn.paths(),
    }


def _whole(request: Request, name: str, default: int, least: int, most: int) -> int:
    """Return a query parameter as a whole number within limits.

    Raises:
        HTTPException: it is none; status 400.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise HTTPException(400, f"{name}={text[:40]!r} is no whole number.")
    return min(max(int(text), least), most)

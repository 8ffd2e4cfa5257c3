"""How any page of the catalog is answered: as HTML, as its JSON twin, or with what is wrong.

What belongs here: what all routes share. What does not: which routes there are (`web` and the
modules that it names).
"""

import hmac
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from platform_assets.catalog import render
from platform_assets.catalog.catalog import Catalog, View
from platform_assets.catalog.pages import Missing, NotLoaded
from platform_assets.catalog.present import Facts
from resources.errors import PlatformError

Handler = Callable[[Request, View], Facts]
# A page that changes something carries it; a page of another origin can't read it.
TOKEN = secrets.token_urlsafe(32)
FORM_BYTES = 200_000
NOTHING: Facts = {}


class Site:
    """Makes routes of handlers; a handler returns the facts of a page.

    Sync handlers run in Starlette's threads.

    Attributes:
        around: returns what every page shows beside its own facts, to whoever asks for it.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.around: Handler = lambda request, view: {}

    def page(
        self, path: str, template: str, handler: Handler, twin: str | None = None
    ) -> list[Route]:
        """Return the routes of a page and its twin."""

        def as_html(request: Request) -> Response:
            facts, view = self.facts(request, handler)
            return self.html(template, facts, view, request)

        def as_json(request: Request) -> Response:
            return JSONResponse(self.facts(request, handler)[0])

        return [Route(twin or f"{path}.json", as_json), Route(path, as_html)]

    def facts(self, request: Request, handler: Handler) -> tuple[Facts, View]:
        """Return what a handler finds, and the catalog as it saw it.

        Raises:
            HTTPException: there is no such thing, or what knows it is away; status 404 or 503.
        """
        view = self.catalog.view()
        try:
            return handler(request, view), view
        except Missing as missing:
            raise HTTPException(404, str(missing)) from missing
        except PlatformError as error:
            raise HTTPException(503, str(error)) from None

    def html(
        self, template: str, facts: Facts, view: View, request: Request, status: int = 200
    ) -> Response:
        """Return a page of these facts."""
        more = {"view": view, "request": request, "path": request.url.path, "token": TOKEN}
        more |= self.around(request, view)
        body = render.page(template, facts, trouble=view.trouble, **more)
        return HTMLResponse(body, status)

    def problem(self, request: Request, error: Exception) -> Response:
        """Answer with a page that says what is wrong, and has what every page has."""
        more: Facts = {}
        if isinstance(error, HTTPException):  # of anything else nobody knows what still works
            try:
                more = self.around(request, self.catalog.view())
            except PlatformError:
                more = {}
        return problem(request, error, more)


def problem(request: Request, error: Exception, more: Facts = NOTHING) -> Response:
    """Answer with a page, or JSON, that says what is wrong and where to go on.

    Args:
        more: what the page has beside that.
    """
    status = error.status_code if isinstance(error, HTTPException) else 500
    reason = error.detail if isinstance(error, HTTPException) else "Something went wrong here."
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if request.url.path.endswith((".json", ".csv")):
        return JSONResponse({"error": reason}, status, headers)
    facts = {"status": status, "reason": reason, "path": request.url.path, "trouble": ""}
    facts["not_loaded"] = isinstance(error.__cause__, NotLoaded)
    return HTMLResponse(render.page("problem", {**more, **facts}), status, headers)


def whole(request: Request, name: str, default: int, least: int, most: int) -> int:
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


async def form(request: Request, most: int = FORM_BYTES) -> dict[str, str]:
    """Return the fields of a sent form of at most so many bytes.

    Raises:
        HTTPException: it is too large, or no form; status 413 or 400.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise HTTPException(413, "The form is too large.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50))
    except (UnicodeDecodeError, ValueError):
        raise HTTPException(400, "The form can't be read.") from None


def require_same_origin(request: Request, form: Any) -> None:
    """Refuse a request that changes something unless a page of this server sent it.

    Raises:
        HTTPException: it comes from elsewhere, or its token is none of this process; status 403.
    """
    origin = urlsplit(request.headers.get("origin", ""))
    if not origin.netloc or origin.netloc != request.headers.get("host", ""):
        raise HTTPException(403, "This only works from the catalog's own pages.")
    given = str(form.get("token", ""))
    if not hmac.compare_digest(given.encode("utf-8", "replace"), TOKEN.encode()):
        raise HTTPException(403, "The page is from before a restart. Open it again, then send.")

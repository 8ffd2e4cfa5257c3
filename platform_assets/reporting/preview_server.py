"""The preview in a browser: a frame with the page, reloaded at each save.

What belongs here: addresses and the frame around the page. What does not: making it (`preview`).
"""

import html
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from platform_assets.reporting.preview import Mistake, Preview
from resources.errors import PlatformError

WAIT = 20.0  # seconds that a question for news stays open
FRAME = Path(__file__).with_name("templates") / "preview.html"


def application(preview: Preview) -> Starlette:
    """Return the application that shows `preview`; it answers to this machine's names only."""

    def frame(_: Request) -> Response:
        title = html.escape(preview.folder.name)
        return HTMLResponse(FRAME.read_text("utf-8").replace("@NAME@", title), headers=FRESH)

    def page(request: Request) -> Response:
        values = dict(request.query_params)
        if not values:
            return HTMLResponse(preview.html, headers=FRESH)
        try:
            return HTMLResponse(preview.page(values), headers=FRESH)
        except PlatformError as error:
            told = html.escape(f"{error.message} {error.hint}")
            back = f'<p><a href="{preview.address}">Back to the defaults</a></p>'
            return HTMLResponse(f"<!doctype html><p>{told}</p>{back}", 400, headers=FRESH)

    def news(request: Request) -> Response:
        number = request.query_params.get("after", "-1")
        state = preview.wait(int(number) if number.isdigit() else -1, WAIT)
        told = {"number": state.number, "seconds": state.seconds}
        return JSONResponse({**told, "mistake": _told(state.mistake)}, headers=FRESH)

    return Starlette(
        routes=[Route("/", frame), Route(preview.address, page), Route("/news", news)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )


FRESH = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def _told(mistake: Mistake | None) -> dict[str, object] | None:
    if mistake is None:
        return None
    return {"message": mistake.message, "hint": mistake.hint, "lines": mistake.lines}

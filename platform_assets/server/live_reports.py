"""A report with other parameters than its own: made when asked for, within limits, kept nowhere.

What belongs here: HTTP, and how many at once. What does not: making the page (`reporting.live`).
"""

import threading
from collections.abc import Callable, Mapping

from markupsafe import escape
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from platform_assets.reporting.errors import ReportError
from platform_assets.reporting.live import render
from platform_assets.server.headers import SafeHeaders
from platform_assets.server.report_files import POLICY

AT_ONCE = 2  # pages being made; each has a process of its own
WAIT_SECONDS = 5.0  # for a turn
Render = Callable[[str, Mapping[str, str]], str]
_TROUBLE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>This page could not be made</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 3em auto;
padding: 0 1em }}</style></head>
<body><h1>This page could not be made</h1><p>{message}</p><p>{hint}</p>
<p>Go back to choose other values, or open <a href="/files/reports/{name}/latest.html">the report
as it was made last</a>.</p></body></html>"""


class LiveReports:
    """Answers `/catalog/report/{name}/live?period_from=…`: an ASGI application."""

    def __init__(self, render: Render = render) -> None:
        self._render = render
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        if request.method not in ("GET", "HEAD"):
            answer: Response = PlainTextResponse("Only GET is possible here.", 405)
        else:
            answer = await run_in_threadpool(self._answer, request)
        await answer(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        name, values = request.path_params["name"], dict(request.query_params)
        if not self._turns.acquire(timeout=WAIT_SECONDS):
            busy = ReportError("other pages are being made.", hint="Try again in some seconds.")
            return _trouble(name, busy, 503)
        try:
            return HTMLResponse(self._render(name, values))
        except ReportError as error:
            return _trouble(name, error, 400)
        finally:
            self._turns.release()


def live_reports() -> ASGIApp:
    """Return the application, with the headers that hold a report's page to itself."""
    return SafeHeaders(LiveReports(), policy=POLICY)


def _trouble(name: str, error: ReportError, status: int) -> Response:
    message = error.message[:1].upper() + error.message[1:]
    body = _TROUBLE.format(message=escape(message), hint=escape(error.hint), name=escape(name))
    return HTMLResponse(body, status)

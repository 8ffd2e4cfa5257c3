"""Rendered reports as static files: read-only, below one folder, unable to reach anything else."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A report is one self-contained page. It may run its own inline scripts, in an origin of its own
# (`sandbox` without `allow-same-origin`): it can neither call Dagster nor load
# anything from outside.
HEADERS = {
    b"content-security-policy": (
        b"sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads; "
        b"default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; font-src data:; "
        b"script-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    ),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-cache",
}


class SafeHeaders:
    """Puts `HEADERS` on every response of the application inside."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(k, v) for k, v in message["headers"] if k.lower() not in HEADERS]
                message["headers"] = [*kept, *HEADERS.items()]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def report_files(folder: Path) -> ASGIApp:
    """Return the application that serves the files below `folder`.

    A path that leaves the folder, also through a symbolic link, does not exist; a folder shows its
    `index.html` or does not exist: nothing is listed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = StaticFiles(directory=folder, html=True, follow_symlink=False)
    return Starlette(routes=[Mount("/", app=files)], middleware=[Middleware(SafeHeaders)])

"""`/health` and `/ready`: what orchestrators and monitoring ask the web server."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from platform_assets.server.readiness import Readiness

FRESH = {"cache-control": "no-store"}


def routes(readiness: Readiness) -> list[Route]:
    """Return the routes of both pages."""

    async def health(_request: Request) -> Response:
        return JSONResponse({"alive": True}, headers=FRESH)

    async def ready(request: Request) -> Response:
        """Answer with 503 when something is not well; `?checks=storage,code` asks for some only."""
        wanted = [name for name in request.query_params.get("checks", "").split(",") if name]
        unknown = sorted(set(wanted) - set(readiness.names))
        if unknown:
            known = ", ".join(readiness.names)
            told = {"error": f"No check is called {unknown[0]!r}. There are: {known}."}
            return JSONResponse(told, 400, headers=FRESH)
        report = await run_in_threadpool(readiness.report, wanted)
        return JSONResponse(report, 200 if report["ready"] else 503, headers=FRESH)

    return [Route("/health", health), Route("/ready", ready)]

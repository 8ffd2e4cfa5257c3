"""The routes below `/api/v1`: events in, and what Marquez's API tells its clients.

What belongs here: paths, parameters, statuses. What does not: taking an event (`taking`), queries
(`reading`), shapes (`marquez`).

Names hold slashes and colons: clients quote them, and paths are matched before they are unquoted.
"""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import anyio.to_thread
import sqlalchemy as sa
from anyio import CapacityLimiter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from platform_assets.lineage.openlineage.received import events as ev
from platform_assets.lineage.openlineage.received import taking
from platform_assets.lineage.openlineage.received.asking import Asking
from platform_assets.lineage.openlineage.received.store import Store
from resources.errors import PlatformError

PREFIX = "/api/v1/"
AT_ONCE = 16  # requests at work; pages have threads of their own
RETRY_SECONDS = "5"
Answer = Callable[..., Any]


def application(store: Store, key: str = "") -> ASGIApp:
    """Return the application to mount at `/api/v1`.

    Args:
        key: what a client has to send; "" for none.
    """
    return _Api(store, key)


class _Api:
    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self._key = key
        self._asking = Asking(store)
        self._limiter: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except HTTPException as error:
            answer = _problem(error.status_code, error.detail, error.headers)
        except ev.Unreadable as error:
            answer = _problem(400, str(error))
        except ev.Refused as refused:
            answer = _problem(422, str(refused), errors=refused.reasons)
        except (sa.exc.SQLAlchemyError, PlatformError) as error:
            kind = type(getattr(error, "orig", None) or error).__name__
            logging.getLogger(__name__).warning("The store of lineage does not answer: %s.", kind)
            headers = {"retry-after": RETRY_SECONDS}
            answer = _problem(503, "The store of lineage does not answer. Send it again.", headers)
        except Exception:
            logging.getLogger(__name__).exception("A request for lineage failed.")
            answer = _problem(500, "Something went wrong here.")
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        taking.require_key(request, self._key)
        parts = _parts(request)
        if parts in (["lineage"], ["lineage", "batch"]) and request.method == "POST":
            return await self._take(request, batch=len(parts) == 2)
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405, "Only events can be sent here, to /api/v1/lineage.")
        answer, names = self._asking.find(parts)
        if answer is None:
            raise HTTPException(404, "There is nothing at this address.")
        return await self._work(lambda: answer(request.query_params, *names))

    async def _take(self, request: Request, batch: bool) -> Response:
        taking.refuse_browsers(request)
        body = await taking.body_of(request, taking.BATCH_BYTES if batch else ev.EVENT_BYTES)
        take = taking.take_batch if batch else taking.take
        return await self._work(lambda: take(self._store, body))

    async def _work(self, work: Callable[[], Any]) -> Response:
        self._limiter = self._limiter or CapacityLimiter(AT_ONCE)
        found = await anyio.to_thread.run_sync(work, limiter=self._limiter)
        return found if isinstance(found, Response) else JSONResponse(found)


def _parts(request: Request) -> list[str]:
    """Return the parts of the path below the prefix, unquoted one by one."""
    raw = (request.scope.get("raw_path") or request.url.path.encode()).decode("ascii", "replace")
    path = raw.partition("?")[0].partition(PREFIX)[2]
    return [unquote(part) for part in path.rstrip("/").split("/")]


def _problem(status: int, message: str, headers: Any = None, **more: Any) -> Response:
    return JSONResponse({"code": status, "message": message, **more}, status, headers)

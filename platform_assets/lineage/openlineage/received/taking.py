"""How an event comes in over HTTP: who may send, how much, in what form, and what is answered.

What belongs here: `POST`. What does not: what may be asked (`web`), what an event is (`events`).
"""

import hmac
import zlib
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from platform_assets.lineage.openlineage.received import events as ev
from platform_assets.lineage.openlineage.received.store import Store
from resources.secrets import redacted
from resources.settings import secret_values

BATCH_BYTES = 20_000_000
MOST_OF_BATCH = 1_000  # events


def require_key(request: Request, key: str) -> None:
    """Refuse who does not send the key, where there is one.

    Raises:
        HTTPException: status 401.
    """
    if not key:
        return
    given = request.headers.get("authorization", "")
    scheme, _, value = given.partition(" ")
    same = hmac.compare_digest(value.strip().encode("utf-8", "replace"), key.encode())
    if scheme.lower() != "bearer" or not same:
        raise HTTPException(
            401, "Send the platform's key: `Authorization: Bearer <PLATFORM_LINEAGE_KEY>`.",
            {"www-authenticate": "Bearer"},
        )  # fmt: skip


def refuse_browsers(request: Request) -> None:
    """Refuse what a page of another site has a browser send: events come from programs.

    Raises:
        HTTPException: status 403.
    """
    site, origin = (request.headers.get(name, "") for name in ("sec-fetch-site", "origin"))
    host = request.headers.get("host", "")
    if site in ("cross-site", "same-site") or (origin and origin.partition("://")[2] != host):
        raise HTTPException(403, "Events are taken from programs, not from pages of other sites.")


async def body_of(request: Request, most: int) -> bytes:
    """Return the body of a request that sends JSON, unpacked.

    Raises:
        HTTPException: it is too large (413), no JSON (415), or packed in an unknown way (415).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise HTTPException(415, "Send events with `Content-Type: application/json`.")
    packing = request.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip"):
        raise HTTPException(415, "Send events as they are, or with `Content-Encoding: gzip`.")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if packing == "gzip" else None
    found = bytearray()
    async for part in request.stream():
        try:
            found += unpack.decompress(part, most + 1 - len(found)) if unpack else part
        except zlib.error:
            raise HTTPException(400, "The body is no gzip.") from None
        if len(found) > most or (unpack and unpack.unconsumed_tail):
            raise HTTPException(413, f"The body is larger than {most} bytes.")
    if unpack and not unpack.eof:
        raise HTTPException(400, "The body is no whole gzip.")
    return bytes(found)


def take(store: Store, body: bytes) -> Response:
    """Keep the one event that a body is; the answer to it."""
    store.put([ev.read(_loaded(body))])
    return Response(status_code=201)


def take_batch(store: Store, body: bytes) -> Response:
    """Keep the events of a list: those that can be; the answer says which can't.

    Raises:
        Refused: it is no list, or too long; nothing is kept.
    """
    found = _loaded(body)
    if not isinstance(found, list):
        raise ev.Refused(["the body: not a list of events"])
    if len(found) > MOST_OF_BATCH:
        raise ev.Refused([f"the body: more than {MOST_OF_BATCH} events"])
    events, failed = [], []
    for place, each in enumerate(found):
        try:
            events.append(ev.read(each))
        except ev.Refused as refused:
            failed.append({"index": place, "reason": str(refused), "retriable": False})
    store.put(events)
    state = "success" if not failed else "partial_success" if events else "failure"
    summary = {
        "received": len(found),
        "successful": len(events),
        "failed": len(failed),
        "retriable": 0,
        "non_retriable": len(failed),
    }
    told = {"status": state, "summary": summary, "failed_events": failed}
    # A client that looks at nothing but the status must not take what was refused for kept.
    return JSONResponse(told, 422 if failed else 200)


def _loaded(body: bytes) -> Any:
    """Return the JSON of a body, without the passwords that producers left in addresses."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise ev.Unreadable("The body is not encoded in UTF-8.") from None
    return ev.load(redacted(text, secret_values()))

"""Records what is used, beside the requests: none waits for it, and none fails of it.

What belongs here: the way from a request to a landed file, and its bounds. What does not: what
counts (`visits`), and how a file survives (`spool`).

On a request's way stands one append to a list in memory. A thread makes events of it every second
and writes them to this machine's disk; every quarter of an hour, and when the server ends, what was
written lands. A server that is killed loses the last second.
"""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from platform_assets.usage.delivery import Delivery
from platform_assets.usage.noting import NOTED
from platform_assets.usage.people import People
from platform_assets.usage.roll_call import RollCall
from platform_assets.usage.searches import Searches
from platform_assets.usage.spool import Spool
from platform_assets.usage.visits import CATALOG, FILES, Event, Visit, events_of

WRITE_SECONDS = 1.0
LAND_SECONDS = 900.0
END_SECONDS = 2.0  # that a server which ends waits for a landing zone that is slow
AT_ONCE = 20_000  # requests of one second that are looked at; of more, the first are forgotten
ON_DISK = 64 << 20  # bytes that may wait for a landing zone that is away
SAID_AGAIN = 600.0  # seconds between two lines in the log of the same trouble
COUNTED = (200, 304)  # statuses of what was really shown
LOG = logging.getLogger(__name__)


class Recorder:
    """Takes visits from the server's requests, and has them land as events.

    Args:
        spool: where events wait.
        delivery: how files land.
        people: who came.
        roll_call: which assets there are.
        land_seconds: between two landings.
    """

    def __init__(
        self,
        spool: Spool,
        delivery: Delivery,
        people: People,
        roll_call: RollCall,
        land_seconds: float = LAND_SECONDS,
    ) -> None:
        self._spool, self._delivery = spool, delivery
        self._people, self._roll_call = people, roll_call
        self._land_seconds = land_seconds
        self._visits: deque[Visit] = deque(maxlen=AT_ONCE)
        self._searches = Searches()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="usage", daemon=True)
        self._said_at = -SAID_AGAIN

    def start(self) -> None:
        """Begin; what processes before this one did not land, lands at once."""
        self._thread.start()

    def seen(self, visit: Visit) -> None:
        """Take a visit; never waits and never fails."""
        self._visits.append(visit)

    def close(self) -> None:
        """Write and land everything; a landing zone that does not answer has it the next time."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(END_SECONDS)

    def _keep(self) -> None:
        self._try(self._land)
        landed_at = time.monotonic()
        while not self._stop.wait(WRITE_SECONDS):
            self._try(self._write)
            if time.monotonic() - landed_at >= self._land_seconds:
                landed_at = time.monotonic()
                self._try(self._call_roll)
                self._try(self._land)
        self._try(self._write)
        self._try(lambda: self._append(self._searches.all()))
        self._try(self._land)

    def _write(self) -> None:
        """Make events of the visits so far, and write them to this machine's disk."""
        self._append(self._events())

    def _events(self) -> Iterator[Event]:
        while self._visits:
            visit = self._visits.popleft()
            try:
                person = self._people.digest(visit)
                whose = {"person": person} if person else {}
                told = [{**event, **whose} for event in events_of(visit)]
            except Exception:  # an address that nobody thought of must not cost the others
                self._say("A visit of %s was not understood.", visit.path[:200], trace=True)
                continue
            yield from self._searches.take(visit, told)
        yield from self._searches.settled(time.time())

    def _append(self, events: Iterable[Event]) -> None:
        lines = [
            json.dumps(event, ensure_ascii=False).encode("utf-8", "replace") for event in events
        ]
        if lines and self._spool.size() > ON_DISK:
            self._say("%d events of usage are dropped: too many wait to land.", len(lines))
            return
        self._spool.append(lines)

    def _call_roll(self) -> None:
        self._append(self._roll_call.due(datetime.now(UTC)))

    def _land(self) -> None:
        """Land every complete file; what can't land stays, and comes again."""
        self._spool.complete()
        for file in self._spool.waiting():
            self._delivery.land(file)
            file.unlink(missing_ok=True)  # another process may have landed it as well

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            self._say("Usage was not recorded: %s", error)

    def _say(self, text: str, *values: object, trace: bool = False) -> None:
        if time.monotonic() - self._said_at >= SAID_AGAIN:
            self._said_at = time.monotonic()
            LOG.warning(text, *values, exc_info=trace)


class Recording:
    """Middleware that shows a recorder which pages of the catalog, and reports, are answered.

    Args:
        app: the application around which it stands.
    """

    def __init__(self, app: ASGIApp, recorder: Recorder) -> None:
        self._app = app
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; everything but a look at the catalog or a report, untouched."""
        if (
            scope["type"] != "http"
            or scope["method"] != "GET"
            or not scope["path"].startswith((CATALOG, FILES))
        ):
            await self._app(scope, receive, send)
            return
        at, status = time.time(), 0
        noted: dict[str, Any] = {}
        scope[NOTED] = noted

        async def look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        path = scope["path"]
        await self._app(scope, receive, look)
        if status in COUNTED:
            self._recorder.seen(_visit(at, path, scope, noted))


def _visit(at: float, path: str, scope: MutableMapping[str, Any], noted: dict[str, Any]) -> Visit:
    client = scope.get("client") or ("",)
    query, headers = scope.get("query_string", b""), scope.get("headers", ())
    return Visit(at, path, query, headers, str(client[0]), noted)

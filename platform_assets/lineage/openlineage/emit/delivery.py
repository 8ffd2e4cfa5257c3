"""Handing events to the configured client until the receiver has accepted them.

What belongs here: when an event counts as accepted, by kind of transport. What does not: which
transport it is; that is OpenLineage's own configuration, read by its client.

A transport that raises tells when it failed; these do not, and are asked in another way:

- `composite` goes on when one of its transports fails: each is asked by itself;
- `async_http` queues and only counts what failed: it is waited for after every page, and events of
  a page with failures are sent once more, one by one and over plain HTTP, which tells which one;
- `kafka` logs what a broker did not take: its producer is made to tell.

A receiver that refuses an event for what is in it would refuse it for ever. Such an event is kept
below the data folder, and the others go on.
"""

import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import requests
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import DatasetEvent, JobEvent, RunEvent
from openlineage.client.serde import Serde
from openlineage.client.transport.http import HttpConfig, HttpTransport
from openlineage.client.transport.transport import Transport

from platform_assets.lineage.openlineage.emit.prepared import AsText, share_what_requests_share
from resources.errors import PlatformError
from resources.secrets import redacted
from resources.settings import secret_values

Event = RunEvent | JobEvent | DatasetEvent
# Of the answers that blame the request, those that blame the event itself; 401, 403, 404 and 429 do
# not: what is set wrong, or busy, will be put right.
REFUSALS = {400, 413, 415, 422}
TOO_MANY = 10  # events of which all are refused: not they are wrong, but where they are sent
FLUSH_SECONDS = 30.0
# Transports of the client's own that write an event as text and look at little else of it.
TEXT = {"async_http", "console", "file", "http", "kafka", "msk-iam"}
OF_HTTP = ["url", "endpoint", "timeout", "verify", "auth", "compression", "custom_headers", "retry"]

_log = logging.getLogger(__name__)


class NotAcceptedError(PlatformError):
    """The receiver has not taken events; they are to be sent again."""


class Refused(Exception):
    """The receiver will never take this event."""

    def __init__(self, event: Event, reason: str) -> None:
        super().__init__(reason)
        self.event, self.reason = event, reason


class Delivery:
    """The configured client, and what counts as accepted.

    Args:
        refused: file, one JSON object a line, of events that a receiver will never take.
        client: as configured, by default.
    """

    def __init__(self, refused: Path, client: OpenLineageClient | None = None) -> None:
        self._client = client or OpenLineageClient()
        self._sender = sender(self._client.transport)
        self._client.transport = self._sender
        self._refused = refused

    def send(self, events: Sequence[Event]) -> int:
        """Return how many events were accepted, when all are.

        Raises:
            NotAcceptedError: one was not; those before it may have been.
        """
        refused: list[Refused] = []
        try:
            for event in events:
                try:
                    self._client.emit(event)
                except Refused as answer:
                    refused.append(answer)
            refused += self._sender.settle()
            if len(refused) == len(events) >= TOO_MANY:
                raise ConnectionError(f"it refuses every event: {refused[0]}")
        except Exception as error:  # whatever a transport raises, it has not accepted
            raise NotAcceptedError(
                f"OpenLineage's receiver takes no events: {_reason(error)}",
                hint="Look at the receiver, and at openlineage.yml and OPENLINEAGE_*. Nothing is "
                "lost: events are sent when it is back.",
            ) from error
        for refusal in refused:
            self._keep(refusal)
        return len(events)

    def _keep(self, refusal: Refused) -> None:
        """Write down an event that was refused for what is in it."""
        reason = redacted(refusal.reason, secret_values())
        _log.warning(
            "OpenLineage's receiver refused an event, kept in %s: %s", self._refused, reason
        )
        self._refused.parent.mkdir(parents=True, exist_ok=True)
        with self._refused.open("a") as file:
            kept = {"reason": reason, "event": Serde.to_dict(refusal.event)}
            file.write(json.dumps(kept, default=str) + "\n")

    def close(self) -> None:
        """Let go of connections."""
        self._client.close(0)


class Sender(Transport):
    """A transport whose `emit` raises unless the event is accepted, or will be by `settle`."""

    kind = "accepted"

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.kind = transport.kind

    def emit(self, event: Any) -> Any:
        """Send an event.

        Raises:
            Refused: the receiver will never take it.
            Exception: it was not accepted.
        """
        try:
            return self.transport.emit(AsText(event) if self.kind in TEXT else event)
        except requests.HTTPError as error:
            if error.response is not None and error.response.status_code in REFUSALS:
                raise Refused(
                    event, f"{error.response.status_code} {error.response.reason}"
                ) from error
            raise

    def settle(self) -> Sequence[Refused]:
        """Return what was refused, when everything sent is accepted or refused."""
        return ()

    def close(self, timeout: float = -1) -> bool:
        """Let go of connections."""
        return bool(self.transport.close(timeout))


class SenderToAll(Sender):
    """All of several transports, or one after the other until one accepts."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport)
        self.senders = [sender(each) for each in transport.transports]
        self.one_is_enough = not transport.config.continue_on_success

    def emit(self, event: Any) -> None:
        """Send an event to all, or to the first that takes it."""
        problem: Exception | None = None
        for each in self.senders:
            try:
                each.emit(event)
                if self.one_is_enough:
                    for refusal in each.settle():
                        raise refusal
                    return
            except Exception as error:
                # A refusal ends an event's way: only if nobody may take it later.
                if problem is None or isinstance(problem, Refused):
                    problem = error
        if problem is not None:
            raise problem

    def settle(self) -> Sequence[Refused]:
        """Wait for all."""
        return [refusal for each in self.senders for refusal in each.settle()]


class SenderInside(Sender):
    """A transport around another one, which changes events on the way."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport)
        transport.transport = self.inner = sender(transport.transport)

    def settle(self) -> Sequence[Refused]:
        """Wait for the inner one."""
        return self.inner.settle()


class SenderOfQueue(Sender):
    """HTTP with many requests at once, whose transport only counts what failed."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport)
        self._queued: list[Any] = []
        self._failed = 0

    def emit(self, event: Any) -> None:
        """Queue an event."""
        super().emit(event)
        self._queued.append(event)

    def settle(self) -> Sequence[Refused]:
        """Wait for the queue; send what it held once more, one by one, if anything failed."""
        queued, self._queued = self._queued, []
        if not self.transport.wait_for_completion(FLUSH_SECONDS):
            raise TimeoutError("no answer")
        failed = self.transport.get_stats()["failed"]
        before, self._failed = self._failed, failed
        return self._one_by_one(queued) if failed > before else ()

    def _one_by_one(self, events: Sequence[Any]) -> Sequence[Refused]:
        config, refused = self.transport.config, []
        plain = sender(HttpTransport(HttpConfig(**{n: getattr(config, n) for n in OF_HTTP})))
        try:
            for event in events:
                try:
                    plain.emit(event)
                except Refused as refusal:
                    refused.append(refusal)
        finally:
            plain.close()
        return refused


class SenderToBroker(Sender):
    """Kafka, whose transport logs what a broker did not take."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport)
        self._problems: list[str] = []
        if transport.producer is not None:
            transport.producer = _Telling(transport.producer, self._problems.append)

    def settle(self) -> Sequence[Refused]:
        """Wait until the broker has answered for everything."""
        done = self.transport.wait_for_completion(FLUSH_SECONDS)
        problems, self._problems[:] = list(self._problems), []
        if problems or not done:
            raise ConnectionError(problems[0] if problems else "no answer")
        return ()


class _Telling:
    """A producer of Kafka's that tells of messages that were not delivered."""

    def __init__(self, producer: Any, tell: Callable[[str], Any]) -> None:
        self._producer, self._tell = producer, tell

    def produce(self, **message: Any) -> None:
        logged = message.pop("on_delivery", None)

        def delivered(error: Any, sent: Any) -> None:
            if error is not None:
                self._tell(str(error))
            elif logged is not None:
                logged(error, sent)

        self._producer.produce(**message, on_delivery=delivered)

    def flush(self, timeout: float = -1) -> int:
        bounded = timeout if timeout >= 0 else FLUSH_SECONDS
        return int(self._producer.flush(timeout=bounded))


def sender(transport: Any) -> Sender:
    """Return the sender that knows when a transport has accepted."""
    if isinstance(transport, Sender):
        return transport
    if transport.kind == "composite":
        return SenderToAll(transport)
    if transport.kind == "async_http":
        return SenderOfQueue(transport)
    if transport.kind in ("kafka", "msk-iam"):
        return SenderToBroker(transport)
    if isinstance(getattr(transport, "transport", None), Transport):
        return SenderInside(transport)
    if transport.kind == "http" and transport.config.session is None:
        share_what_requests_share(transport)
    if transport.kind == "file":
        end_last_line(Path(transport.config.log_file_path))
    return Sender(transport)


def end_last_line(file: Path) -> None:
    """End the last line of a file of events: whoever wrote it may have been killed in the middle.

    The half event stands alone then, and the same one comes again whole.
    """
    try:
        with file.open("rb+") as opened:
            opened.seek(-1, os.SEEK_END)
            if opened.read(1) != b"\n":
                opened.write(b"\n")
    except OSError:  # not there, empty, or in an object store
        return


def _reason(error: BaseException) -> str:
    """Return what went wrong, in one line without secrets."""
    root: BaseException = error
    while root.__cause__ is not None:
        root = root.__cause__
    lines = str(root).strip().splitlines() or [type(root).__name__]
    return redacted(lines[0][:500], secret_values())

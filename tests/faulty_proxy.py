"""An HTTP proxy on loopback in front of a test's server, which fails as networks and servers do.

What belongs here: refusing, slowing down and cutting requests on their way. What does not: the
server behind it (`object_store`), what a product must make of a fault (its own tests).
"""

import contextlib
import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

Kind = Literal["refuse", "stall", "cut_response", "cut_upload"]
BUSY = (
    b'<?xml version="1.0"?><Error><Code>SlowDown</Code>'
    b"<Message>Please reduce your request rate.</Message></Error>"
)
PIECE = 1 << 14  # bytes that are passed on at once while it is slow


@dataclass
class Fault:
    """What happens to requests: to so many of them, or for so long.

    Attributes:
        only: which requests it hits, by method and path with its query.
        times, until: how many requests are left, and the monotonic time of its end.
        status: of a refused request.
        after: bytes of a body that get through before it is cut.
    """

    kind: Kind
    only: Callable[[str, str], bool]
    times: float
    until: float
    status: int = 503
    after: int = 0


class FaultyProxy:
    """A proxy to `target`, without a fault until one is ordered; close it after use.

    Attributes:
        endpoint: `http://127.0.0.1:<port>`.
        requests: method and path of everything that was asked, in order.
        faulted: how many of them were hit by a fault.
        bytes_per_second: how fast a body is answered; 0 for as fast as it goes.
    """

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target).netloc
        self.requests: list[tuple[str, str]] = []
        self.faulted = 0
        self.bytes_per_second = 0
        self.healed = threading.Event()
        self._faults: list[Fault] = []
        self._guard = threading.Lock()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> "FaultyProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering."""
        self.heal()
        self._server.shutdown()
        self._server.server_close()

    def refuse(self, status: int = 503, **which: Any) -> None:
        """Answer with an error instead of passing requests on.

        Args:
            which: `times` or `seconds`, default for ever; `only`, default every request.
        """
        self._order("refuse", which, status=status)

    def stall(self, **which: Any) -> None:
        """Take requests and say nothing, until `heal` or the client goes away."""
        self._order("stall", which)

    def cut_responses(self, after: int, **which: Any) -> None:
        """Break the connection after so many bytes of an answer's body."""
        self._order("cut_response", which, after=after)

    def cut_uploads(self, after: int, **which: Any) -> None:
        """Break both connections after so many bytes of a request's body have been passed on."""
        self._order("cut_upload", which, after=after)

    def heal(self) -> None:
        """Work again; whoever waits is left without an answer."""
        with self._guard:
            self._faults.clear()
            self.healed.set()
            self.healed = threading.Event()
            self.bytes_per_second = 0

    def count(self, method: str, containing: str = "") -> int:
        """Return how many requests there were of a method, with a text in their path."""
        return sum(m == method and containing in path for m, path in self.requests)

    def _order(self, kind: Kind, which: dict[str, Any], **how: Any) -> None:
        until = time.monotonic() + which.pop("seconds", float("inf"))
        times = which.pop("times", float("inf"))
        only = which.pop("only", lambda method, path: True)
        assert not which, which
        with self._guard:
            self._faults.append(Fault(kind, only, times, until, **how))

    def met(self, method: str, path: str) -> Fault | None:
        """Note a request; return the fault that hits it."""
        with self._guard:
            self.requests.append((method, path))
            for fault in self._faults:
                if fault.kind == "cut_upload" and method not in ("PUT", "POST"):
                    continue
                if fault.times > 0 and time.monotonic() < fault.until and fault.only(method, path):
                    fault.times -= 1
                    self.faulted += 1
                    return fault
        return None


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    proxy: FaultyProxy
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._pass
        raise AttributeError(name)

    def _pass(self) -> None:
        fault = self.proxy.met(self.command, self.path)
        with contextlib.suppress(ConnectionError, http.client.HTTPException):
            if fault and fault.kind == "cut_upload":
                self._cut_upload(fault.after)
                return
            healed, body = self.proxy.healed, self._body()
            if fault and fault.kind == "stall":
                healed.wait()
                self._break()
                return
            if fault and fault.kind == "refuse":
                self._answer(fault.status, [("Content-Type", "application/xml")], BUSY, len(BUSY))
                return
            response, data = self._ask(body)
            length = len(data) if self.command != "HEAD" else response.getheader("Content-Length")
            if fault:
                data = data[: fault.after]
            self._answer(response.status, response.getheaders(), data, length)
            if fault:
                self._break()

    def _body(self) -> bytes:
        """Return the request's body, of whatever transfer."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, length: int) -> http.client.HTTPConnection:
        """Send the request's head to the server."""
        connection = http.client.HTTPConnection(self.proxy.target, timeout=60)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "expect"):
                connection.putheader(name, value)
        if length or self.command in ("PUT", "POST"):
            connection.putheader("Content-Length", str(length))
        connection.endheaders()
        return connection

    def _ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self._send(len(body))
        with contextlib.closing(connection):
            if body:
                connection.send(body)
            response = connection.getresponse()
            return response, response.read()

    def _cut_upload(self, after: int) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        with contextlib.closing(self._send(length)) as connection:
            connection.send(self.rfile.read(min(after, length)))
        self._break()

    def _answer(
        self, status: int, headers: list[tuple[str, str]], data: bytes, length: object
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command == "HEAD":
            return
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            self.wfile.write(piece)
            if self.proxy.bytes_per_second:
                self.wfile.flush()
                time.sleep(len(piece) / self.proxy.bytes_per_second)

    def _break(self) -> None:
        self.wfile.flush()
        self.close_connection = True

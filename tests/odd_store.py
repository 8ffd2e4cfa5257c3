"""A store of objects in memory that keeps keys as Amazon's does, to the letter and in their order.

What belongs here: what the real server of the tests (`object_store`) can't hold, because it keeps
keys as paths of files: `a//b`, `/a`, `./a`. What does not: signatures, which it does not look at.
"""

import threading
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote_plus, unquote, urlsplit

PAGE = 1000


class OddStore:
    """A running store; close it after use.

    Attributes:
        endpoint: `http://127.0.0.1:<port>`.
        objects: content by key, whatever the bucket.
        listed: how many pages were listed.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.listed = 0
        handler = type("Handler", (_Handler,), {"store": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> "OddStore":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def page(self, prefix: str, after: str) -> bytes:
        """Return a page of the listing as S3 writes it."""
        self.listed += 1
        keys = sorted(k for k in list(self.objects) if k.startswith(prefix) and k > after)
        rows = "".join(
            f"<Contents><Key>{quote_plus(key, safe='/')}</Key>"
            f"<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>&quot;{_tag(self.objects[key])}&quot;</ETag>"
            f"<Size>{len(self.objects[key])}</Size></Contents>"
            for key in keys[:PAGE]
        )
        more = "true" if len(keys) > PAGE else "false"
        return (
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<EncodingType>url</EncodingType><IsTruncated>{more}</IsTruncated>{rows}"
            "</ListBucketResult>"
        ).encode()


def _tag(data: bytes) -> str:
    return md5(data, usedforsecurity=False).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    store: OddStore
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """List, or return an object of the version that is asked for."""
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        if "list-type" in asked:
            page = self.store.page(asked.get("prefix", ""), asked.get("start-after", ""))
            self._answer(200, page)
            return
        data = self.store.objects.get(unquote(address.path.split("/", 2)[2]))
        wanted = self.headers.get("If-Match")
        if data is None or (wanted and wanted != f'"{_tag(data)}"'):
            self._answer(404 if data is None else 412, b"")
            return
        span = self.headers.get("Range")
        if span:
            first, last = span.removeprefix("bytes=").split("-")
            data = data[int(first) : int(last) + 1]
        self._answer(206 if span else 200, data)

    def _answer(self, status: int, data: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

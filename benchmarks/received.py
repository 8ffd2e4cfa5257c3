"""Events per second that the lineage API takes, over HTTP: one sender, eight, and in batches.

What belongs here: senders, and the events they send. What does not: the API. The server is a
process of its own; a sender waits for the answer to each request, as OpenLineage's client does.
"""

import http.client
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import DATA, ROOT
from tests.servers import postgresql

PRODUCER = "https://example.com/benchmark"
COLUMNS = 20
JOBS = 200
SENDERS, BATCH = 8, 200
HEADERS = {"Content-Type": "application/json"}


def run(events: int) -> None:
    """Print how many events per second each kind of sender gets rid of, on both databases."""
    DATA.mkdir(parents=True, exist_ok=True)
    bodies = [json.dumps(event(number)).encode() for number in range(events)]
    size = sum(map(len, bodies)) / len(bodies) / 1024
    table = Table(title=f"{events:,} events of {size:.1f} KiB in", title_justify="left")
    for column in ("", "one sender", f"{SENDERS} senders", f"batches of {BATCH}", "the same again"):
        table.add_column(column, justify="left" if not column else "right")
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        for name, urls in (
            ("SQLite", [f"sqlite:///{folder}/{n}.sqlite" for n in range(3)]),
            ("PostgreSQL", [postgresql().new_database() for _ in range(3)]),
        ):
            table.add_row(name, *(f"{rate:,.0f}/s" for rate in _rates(urls, bodies)))
    Console(width=110).print(table)


def _rates(urls: Sequence[str], bodies: Sequence[bytes]) -> list[float]:
    batches = [b"[" + b",".join(bodies[n : n + BATCH]) + b"]" for n in range(0, len(bodies), BATCH)]
    with _server(urls[0]) as port:
        one = _timed(lambda: _send(port, "/api/v1/lineage", bodies))
        again = _timed(lambda: _send(port, "/api/v1/lineage", bodies))
    with _server(urls[1]) as port, ThreadPoolExecutor(SENDERS) as pool:
        parts = [bodies[n::SENDERS] for n in range(SENDERS)]
        many = _timed(lambda: list(pool.map(lambda p: _send(port, "/api/v1/lineage", p), parts)))
    with _server(urls[2]) as port:
        batched = _timed(lambda: _send(port, "/api/v1/lineage/batch", batches))
    return [len(bodies) / seconds for seconds in (one, many, batched, again)]


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _send(port: int, path: str, bodies: Sequence[bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for body in bodies:
        connection.request("POST", path, body, HEADERS)
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status in (200, 201), (answer.status, told[:300])
    connection.close()


@contextmanager
def _server(url: str) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.received"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"{url}\n")  # a password does not belong into arguments
    process.stdin.flush()
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def serve() -> None:
    """Serve the API on a free port, which is printed; the database's URL comes in."""
    import socket

    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from platform_assets.lineage.openlineage.received import web
    from platform_assets.lineage.openlineage.received.store import Store

    store = Store(sys.stdin.readline().strip())
    assert store.engine is not None
    app = Starlette(routes=[Mount("/api/v1", app=web.application(store))])
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])


def event(number: int) -> dict[str, Any]:
    """Return one event: a run of one of many jobs, with schemas and column lineage."""

    def facet(kind: str, **more: Any) -> dict[str, Any]:
        return {"_producer": PRODUCER, "_schemaURL": f"https://openlineage.io/{kind}", **more}

    job, at = number // 2 % JOBS, datetime.now(UTC).isoformat()
    names = [f"column_{n}" for n in range(COLUMNS)]
    schema = facet("schema", fields=[{"name": n, "type": "DECIMAL(18,2)"} for n in names])
    source = {"namespace": "postgres://db.example:5432", "name": f"shop.public.t{job}"}
    lineage = facet("columnLineage", fields={
        n: {"inputFields": [{**source, "field": n, "transformations": [
            {"type": "DIRECT", "subtype": "IDENTITY"}]}]} for n in names
    })  # fmt: skip
    target = {"namespace": "postgres://db.example:5432", "name": f"shop.marts.t{job}"}
    return {
        "eventType": ("START", "COMPLETE")[number % 2],
        "eventTime": at,
        "producer": PRODUCER,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid.UUID(int=number // 2))},
        "job": {"namespace": "benchmark", "name": f"job {job}"},
        "inputs": [{**source, "facets": {"schema": schema}}],
        "outputs": [{**target, "facets": {"schema": schema, "columnLineage": lineage}}],
    }


if __name__ == "__main__":
    serve()

"""A store of received events, and its API: called directly, or over real HTTP."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from platform_assets.lineage.openlineage.received import events, web
from platform_assets.lineage.openlineage.received.store import Store


def store_in(folder: Path, **limits: Any) -> Store:
    return Store(f"sqlite:///{folder}/lineage/received.sqlite", **limits)


def put(store: Store, told: Iterable[dict[str, Any]]) -> int:
    return store.put([events.read(each) for each in told])


def api(store: Store, key: str = "") -> Starlette:
    return Starlette(routes=[Mount("/api/v1", app=web.application(store, key))])


def client(store: Store, key: str = "") -> TestClient:
    return TestClient(api(store, key), base_url="http://testserver")


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an application over HTTP; yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the server does not start"
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)

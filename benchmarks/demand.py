"""Demand: requests kept a second, their pages, what recording usage costs, what needs attention.

What belongs here: who submits, who asks, and the tables. Beside each stands what it can't be faster
than: bare commits of the same words to the same database, and the same pages with no recorder.
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy
from rich.console import Console
from rich.table import Table

from benchmarks.measure import DATA
from benchmarks.requests import pages
from tests.servers import start_postgresql

PEOPLE = 50
REQUESTS = 10_000  # of which pages are shown
EACH = 20  # requests of one person: more within ten minutes are refused
TITLE = "Number {} of what we would like to know about orders that were sent back"
PAGES = 20_000
Commit = Callable[[int], object]


def run(assets: list[int]) -> None:
    """Measure and print all of it."""
    DATA.mkdir(parents=True, exist_ok=True)
    console = Console(width=110)
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        console.print(_submissions(Path(folder)))
        console.print(_recording(Path(folder)))
    console.print(pages(REQUESTS))
    console.print(_attention(assets))


def _submissions(folder: Path) -> Table:
    table = Table(title=f"{PEOPLE} people, {PEOPLE * EACH:,} requests", title_justify="left")
    columns = ("one person", f"{PEOPLE} at once", "bare commits", "of the limit")
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    server = start_postgresql(durable=True)
    try:
        for name, urls, limit in (
            ("SQLite", [f"sqlite:///{folder}/{n}.sqlite" for n in range(2)], _sqlite(folder)),
            ("PostgreSQL", [server.new_database() for _ in range(2)], _postgresql(server)),
        ):
            alone, together = (
                _rate(url, threads) for url, threads in zip(urls, (1, PEOPLE), strict=True)
            )
            rates = (f"{rate:,.0f}/s" for rate in (alone, together, limit))
            table.add_row(name, *rates, f"{together / limit:.0%}")
    finally:
        server.stop()
    return table


def _rate(url: str, threads: int) -> float:
    """Return how many requests a second a store keeps."""
    from platform_assets.product.store import RecordStore

    with closing(RecordStore(url)) as store:
        store.changes()  # its tables are made

        def submit(number: int) -> None:
            who = f"person {number % PEOPLE}@example.com"
            store.submit_request(who, title=TITLE.format(number))

        with ThreadPoolExecutor(threads) as pool:
            seconds = _timed(lambda: list(pool.map(submit, range(PEOPLE * EACH))))
        assert len(store.requests()) == PEOPLE * EACH
    return PEOPLE * EACH / seconds


def _sqlite(folder: Path) -> float:
    """Return how many commits a second a file takes from one bare connection."""
    with closing(sqlite3.connect(folder / "bare.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE t (number INTEGER PRIMARY KEY, title TEXT)")
        return _commits(
            lambda n: connection.execute("INSERT INTO t VALUES (?, ?)", [n, TITLE.format(n)])
        )


def _postgresql(server: Any) -> float:
    """Return how many commits a second the server takes from one bare connection."""
    engine = sqlalchemy.create_engine(server.new_database(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("CREATE TABLE t (number INTEGER PRIMARY KEY, title TEXT)")
        rate = _commits(
            lambda n: cursor.execute("INSERT INTO t VALUES (%s, %s)", [n, TITLE.format(n)])
        )
    engine.dispose()
    return rate


def _commits(commit: Commit) -> float:
    count = PEOPLE * EACH
    return count / _timed(lambda: [commit(number) for number in range(count)])


def _recording(folder: Path) -> Table:
    """Time pages of an application that does nothing else, bare and with the recorder around it."""
    from platform_assets.usage.delivery import Delivery
    from platform_assets.usage.people import People
    from platform_assets.usage.recorder import Recorder, Recording
    from platform_assets.usage.roll_call import RollCall
    from platform_assets.usage.spool import Spool

    (folder / "landing").mkdir()
    delivery = Delivery(str(folder / "landing"))
    people = People("", lambda: b"key")
    roll_call = RollCall(folder / "assets.json", dict)
    recorder = Recorder(Spool(folder / "spool"), delivery, people, roll_call)
    bare = _pages(_page)
    recorder.start()
    recorded = _pages(Recording(_page, recorder))
    recorder.close()
    landed = sum(file.stat().st_size for file in (folder / "landing").rglob("*") if file.is_file())
    table = Table(title=f"Recording {PAGES:,} views of pages", title_justify="left")
    for column in ("bare", "recorded", "added to a page", "landed"):
        table.add_column(column, justify="right")
    added = f"{(recorded - bare) * 1e6:,.0f} µs"
    table.add_row(
        *(f"{s * 1e6:,.0f} µs" for s in (bare, recorded)), added, f"{landed / 1e6:.1f} MB"
    )
    return table


async def _page(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a page"})


def _pages(app: Any) -> float:
    """Return the seconds that an application takes for a page."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        del message

    async def ask() -> None:
        for number in range(PAGES):
            path = f"/catalog/asset/marts/table_{number % 100}"
            headers = [(b"user-agent", b"Mozilla/5.0"), (b"accept", b"text/html")]
            scope = {
                "type": "http", "method": "GET", "path": path, "query_string": b"",
                "headers": headers, "client": ("127.0.0.1", 1), "root_path": "", "state": {},
            }  # fmt: skip
            await app(scope, receive, send)

    return _timed(lambda: asyncio.run(ask())) / PAGES


def _attention(sizes: list[int]) -> Table:
    table = Table(title="What needs attention, worked out anew: median of 5", title_justify="left")
    for column in ("assets", "in trouble", "held up", "entries", "the list", "its page, picture"):
        table.add_column(column, justify="right")
    for size in sizes:
        table.add_row(*_listed(size))
    return table


def _listed(size: int) -> Iterator[str]:
    """Yield what a row tells; each list is of a new graph, of which nothing is known yet."""
    from benchmarks.attention_world import NOW, company
    from platform_assets.care.causes import causes
    from platform_assets.catalog import render
    from platform_assets.catalog.attention import listed
    from platform_assets.catalog.attention_pages import attention_page, drawn
    from platform_assets.catalog.catalog import View
    from platform_assets.inventory.model import Graph

    made = company(size)
    lists, pages = [], []
    for _ in range(5):
        view = View(Graph(made.graph.assets), made.statuses, NOW)
        started = time.perf_counter()
        found = listed(view, made.known)
        lists.append(time.perf_counter() - started)
        started = time.perf_counter()
        attention_page(found)
        render.page("attention_picture", drawn(found), standalone=True)
        pages.append(time.perf_counter() - started)
    waiting = causes(made.graph, made.statuses, NOW).waiting()
    for count in (len(made.graph.assets), len(made.troubles), len(waiting), len(found.items)):
        yield f"{count:,}"
    for seconds in (lists, pages):
        yield f"{statistics.median(seconds) * 1000:,.0f} ms"


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started

"""Pages of requests, of which there are thousands: again, and after somebody edited one.

What belongs here: the requests, the assets that they speak of, and the pages. What does not: how
requests are kept (`demand`). The same numbers always make the same company.
"""

import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.table import Table

from benchmarks.measure import DATA
from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand.joined import Joined
from platform_assets.catalog.demand.records import Records
from platform_assets.catalog.usage import Usage
from platform_assets.catalog.web import application
from platform_assets.inventory.model import Asset, Column, Graph
from platform_assets.product.kinds import Request
from platform_assets.product.store import Everything, RecordStore
from platform_assets.reporting.folder_archive import FolderArchive
from platform_assets.sample.demand_requests import REQUESTS
from tests.catalog.world import FixedCatalog

ASSETS, COLUMNS = 2_000, 10
PAGES = ("/triage", "/backlog", "/requests", "/request/7")
TIMES = 9
WHO = "data@example.com"
WORDS = sorted({word for each in REQUESTS for word in each.title.split() if len(word) > 3})
TOPICS = 800  # words that few requests share
# Of a hundred requests, how many are in each state.
STATES = {"new": 20, "accepted": 20, "shipped": 5, "closed": 40, "declined": 15}


class Seen(FixedCatalog):
    """A catalog with records in its graph, which shows the same view while nothing is new."""

    last: View | None = None

    def view(self) -> View:
        """Return the catalog as it is now."""
        found = super().view()
        if self.last is None or self.last.graph is not found.graph:
            self.last = found
        return self.last


def pages(size: int) -> Table:
    """Return the seconds that pages take with so many requests."""
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.testclient import TestClient

    title = f"Pages of {size:,} requests and {ASSETS:,} assets: median of {TIMES}"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for column in ("again", "after an edit", "size"):
        table.add_column(column, justify="right")
    chance = random.Random(size)
    with tempfile.TemporaryDirectory(dir=DATA) as name:
        folder = Path(name)
        store = RecordStore(f"sqlite:///{folder}/records.sqlite")
        store.seed(Everything(requests=tuple(_requests(size, chance))))
        catalog = Seen(_graph(chance), {}, joined=Joined(Records(store)))
        usage, archive = Usage(folder / "usage.sqlite"), FolderArchive(folder / "reports")
        app = application(catalog, usage, None, archive, store)  # type: ignore[arg-type]
        client = TestClient(Starlette(routes=[Mount("/catalog", app=app)]))
        client.cookies.set("who", WHO.replace("@", "%40"))
        for path in PAGES:
            table.add_row(path, *_timed(lambda path=path: client.get(f"/catalog{path}"), store))
        store.close()
    return table


def _timed(get: Callable[[], object], store: RecordStore) -> Iterator[str]:
    """Yield what a row tells: a page again, after the estimate of a request, and its kilobytes."""
    text = str(getattr(get(), "text", ""))
    assert re.search(r'href="/catalog/request/\d+', text), text[:500]
    again, edited = [], []
    for count in range(TIMES):
        again.append(_seconds(get))
        store.estimate(7, WHO, reach=count + 1.0)
        edited.append(_seconds(get))
    for each in (again, edited):
        yield f"{statistics.median(each) * 1000:,.0f} ms"
    yield f"{len(text) / 1000:,.0f} kB"


def _seconds(get: Callable[[], object]) -> float:
    started = time.perf_counter()
    get()
    return time.perf_counter() - started


def _requests(size: int, chance: random.Random) -> Iterator[Request]:
    now = datetime.now(UTC).replace(microsecond=0)
    states = [state for state, count in STATES.items() for _ in range(count)]
    for number in range(1, size + 1):
        at, state = now - timedelta(days=400 * (size - number) / size), chance.choice(states)
        about = chance.randrange(ASSETS)
        words = [
            *chance.choices(WORDS, k=chance.randint(5, 10)),
            f"topic{chance.randrange(TOPICS)}",
        ]
        chance.shuffle(words)
        yield Request(
            number, " ".join(words), f"p{number % 300}@example.com", at, at,
            state="new" if number == 7 else state,
            decision="Which one we take",
            about=f"marts/t{about}" if number % 3 == 0 else "",
            assignee=WHO if state != "new" and number % 2 else "",
            answered_by="marts/t1" if state in ("shipped", "closed") else "",
            helped=True if state == "closed" else None,
            inputs={"reach": 5.0, "impact": 1.0, "confidence": 0.8, "effort": number % 7 + 1.0}
            if number % 2 else {},
        )  # fmt: skip


def _graph(chance: random.Random) -> Graph:
    found: dict[str, Asset] = {}
    for number in range(ASSETS):
        near = list(found)[-100:]
        key = f"marts/t{number}"
        found[key] = Asset(
            key, "table", title=" ".join(chance.choices(WORDS, k=2)), layer="marts",
            description=" ".join(chance.choices(WORDS, k=15)), owners=("team:data",),
            parents=tuple(sorted(chance.sample(near, min(3, len(near))))),
            columns=tuple(Column(f"{chance.choice(WORDS)}_{n}") for n in range(COLUMNS)),
        )  # fmt: skip
    return Graph(dict(sorted(found.items())))

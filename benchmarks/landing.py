"""Looking for new files in an object store: requests and seconds of a look, and of loading many.

The limit of a look is one bare request for a page of names. Beside it, what a sensor does that
lists everything each time: obstore's own listing, and s3fs's `find`, in an environment of its own.
The store is SeaweedFS on loopback: on a network, every request costs its round trip more.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import obstore
from rich.console import Console
from rich.table import Table

from benchmarks.measure import DATA, ROOT
from platform_assets.ingestion import files
from platform_assets.ingestion.declaration import FileDeclaration, FileFormat
from resources.landing import LandedFile, Landing
from resources.landing.cursor import PAGES
from resources.landing.objects import PAGE, Objects
from resources.object_store import store
from resources.settings import settings
from resources.warehouse import Warehouse
from tests.object_store import ObjectStore, start_object_store

VENV = DATA / "s3fs-venv"
FIND = "import json,os,sys,time,s3fs;t=time.perf_counter();" + (
    "f=s3fs.S3FileSystem(endpoint_url=os.environ['AWS_ENDPOINT_URL']);"
    "n=len(f.find(sys.argv[1],detail=True));print(json.dumps([time.perf_counter()-t,n]))"
)
GLOB = "events/**/*.ndjson"
AWAY = 0.02  # seconds of a round trip to a store that is not on loopback
Row = tuple[str, str, str]


class Counted(Objects):
    """A landing zone whose requests for names are counted."""

    asked = 0

    def page(self, *how: object, **more: object):  # type: ignore[no-untyped-def]
        """Return a page, and count it."""
        self.asked += 1
        return super().page(*how, **more)  # type: ignore[arg-type]


class World:
    """A bucket full of files that are known, and a way to look at it."""

    def __init__(self, server: ObjectStore, count: int) -> None:
        self.url = f"{server.new_bucket()}/landing"
        self.known: set[LandedFile] = set()
        self._store = store(self.url)
        self.put(name(n) for n in range(count))
        self.renew()

    def renew(self) -> None:
        """Be another process, which shares nothing with the one before but the cursor's file."""
        self.landing = Landing(self.url)
        self.objects = Counted(self.url)
        self.landing._opened = self.objects

    def put(self, names: object) -> None:
        """Land small files."""
        with ThreadPoolExecutor(16) as pool:
            for each in names:  # type: ignore[attr-defined]
                pool.submit(obstore.put, self._store, each, b'{"id":"%s"}\n' % each.encode())

    def learn(self) -> None:
        """Know everything that has landed, but let the first look begin from nothing."""
        self.known = set(self.landing.find(GLOB))
        for file in (settings().data / "cursors").iterdir():
            file.unlink()

    def look(self) -> tuple[float, int, int]:
        """Look once; return seconds, requests and how many new files were found."""
        before, started = self.objects.asked, time.perf_counter()
        found = self.landing.fresh(GLOB, self.known.__contains__).files
        seconds = time.perf_counter() - started
        self.known |= set(found)
        return seconds, self.objects.asked - before, len(found)


def name(number: int) -> str:
    """Return the name of a file: a thousand each day."""
    day = time.strftime("%Y-%m-%d", time.gmtime(1_700_000_000 + number // 1000 * 86_400))
    return f"events/date={day}/{number:08}.ndjson"


def run(count: int, small: int) -> None:
    """Measure, and print the tables."""
    DATA.mkdir(parents=True, exist_ok=True)
    server = start_object_store()
    try:
        with tempfile.TemporaryDirectory(dir=DATA) as folder:
            os.environ.update(server.environment() | {"PLATFORM_DATA_DIR": folder})
            settings.cache_clear()
            world = World(server, count)
            _show(f"Looking among {count:,} names", _looks(world, count))
            _reckon(world)
            _load(World(server, small), small, Path(folder))
    finally:
        server.stop()


def _looks(world: World, count: int) -> list[Row]:
    rows = [_row("limit: one request for a page", [_timed(lambda: world.objects.page("", ""))])]
    world.learn()
    first = []
    while not first or _total() is None:
        first.append(world.look())
    rows.append(_row(f"first sweep, in {len(first)} looks; each", first))
    rows.append(_row("steady look", [world.look() for _ in range(50)]))
    world.put(name(count + n) for n in range(100))
    rows.append(_row("look after 100 new names", [world.look()], found=100))
    world.renew()
    rows.append(_row("first look of the next process", [world.look()]))
    world.put([name(count // 3).replace(".ndjson", "-late.ndjson")])
    sweep, looks, requests = settings().landing_sweep_minutes * 60, 0, 0
    while True:
        _, asked, found = world.look()
        looks, requests = looks + 1, requests + asked
        if found or looks > 100:
            break
        world.landing._cursors[GLOB]._looked_at -= sweep / 50  # type: ignore[operator]
    rows.append((f"a late name, after {looks} looks in {sweep / 60:g} minutes", str(requests), ""))
    everything = _timed(lambda: obstore.list(world._store, chunk_size=PAGE).collect())
    rows.append(_row("obstore lists everything", [(everything[0], -(-count // PAGE), 0)]))
    seconds, found = _s3fs(world.url)
    rows.append(_row("s3fs finds everything", [(seconds, -(-count // PAGE), 0)]))
    assert found == count + 101, found
    return rows


def _total() -> int | None:
    (file,) = (settings().data / "cursors").iterdir()
    total: int | None = json.loads(file.read_text())["total"]
    return total


def _timed(work: Callable[[], object]) -> tuple[float, int, int]:
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), 1, 0


def _row(name: str, looks: list[tuple[float, int, int]], found: int | None = None) -> Row:
    if found is not None:
        assert sum(look[2] for look in looks) == found, looks
    requests = statistics.mean(look[1] for look in looks)
    return name, f"{requests:,.1f}", f"{statistics.median(look[0] for look in looks) * 1000:,.0f}"


def _reckon(world: World) -> None:
    """Print what ten million names cost, from what a page costs here."""
    page, _, _ = _timed(lambda: world.objects.page("", ""))
    pages = 10_000_000 // PAGE
    looks = pages / (PAGES - 2)
    print(
        f"10,000,000 names: {pages:,} pages; listing all of them {pages * page:,.0f} s. A look "
        f"lists {PAGES} pages at most ({PAGES * page:.1f} s), so a sweep takes {looks:,.0f} looks, "
        f"{looks * settings().sensor_interval / 60:,.0f} minutes at one each "
        f"{settings().sensor_interval} s."
    )


def _load(world: World, count: int, folder: Path) -> None:
    """Load many small files in one run, fetched ahead and one after the other."""
    rows = []
    said = FileDeclaration(name="events", glob=GLOB, format=FileFormat(type="ndjson"))
    for title, kind, away in (
        ("fetched ahead", Landing, 0.0),
        (f"fetched ahead, {AWAY * 1000:.0f} ms away", Landing, AWAY),
        (f"one after the other, {AWAY * 1000:.0f} ms away", _OneByOne, AWAY),
    ):
        warehouse = Warehouse(f"ducklake:///{folder}/{len(rows)}", "2GB")
        warehouse.connect().close()
        landing = kind(world.url)
        landing._opened = _Away(world.url, away)
        started = time.perf_counter()
        result = files.ingest(warehouse, landing, said)
        seconds = time.perf_counter() - started
        assert result.rows_loaded == count, result
        rows.append((title, str(count), f"{seconds * 1000:,.0f}"))
    _show(f"Loading {count:,} small objects", rows)


class _Away(Objects):
    """A landing zone in which reading an object takes some time longer, as over a network."""

    def __init__(self, url: str, seconds: float) -> None:
        super().__init__(url)
        self._seconds = seconds

    def read(self, file: LandedFile, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes, later."""
        time.sleep(self._seconds)
        return super().read(file, start, end)


class _OneByOne(Landing):
    """A landing zone that fetches an object when it is read."""

    def opening(self, files):  # type: ignore[no-untyped-def]
        """Return what opens without looking ahead."""
        from contextlib import nullcontext

        return nullcontext(self)


def _s3fs(url: str) -> tuple[float, int]:
    """Return seconds and number of names of s3fs's `find`."""
    if not (VENV / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "-qqq", "--require-hashes"]
        subprocess.run([*pip, "-r", str(ROOT / "benchmarks" / "s3fs.lock")], check=True)
        (VENV / "done").touch()
    python = str(VENV / "bin" / "python")
    found = subprocess.run([python, "-c", FIND, url], check=True, capture_output=True, text=True)
    seconds, count = json.loads(found.stdout)
    return seconds, count


def _show(title: str, rows: list[Row]) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    table.add_column("requests", justify="right")
    table.add_column("ms", justify="right")
    for row in rows:
        table.add_row(*row)
    Console(width=100).print(table)

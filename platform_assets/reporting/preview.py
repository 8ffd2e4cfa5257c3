"""A report while it is written: made anew at each save, with mistakes shown where they are.

What belongs here: the state of the preview and what it keeps warm: connection, drawings, results by
SQL and warehouse snapshot. What does not: HTTP (`preview_server`), what a page looks like (`page`).
"""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy

from platform_assets import reporting
from platform_assets.reporting import live, page
from platform_assets.reporting.declaration import ReportDeclaration
from platform_assets.reporting.errors import ReportError
from platform_assets.reporting.queries import Cache, How
from platform_assets.reporting.svg import Drawer
from resources.errors import PlatformError
from resources.warehouse import Warehouse

LOOK = 0.15  # seconds between two looks at the files
LOOK_AT_WAREHOUSE = 2.0
MOST_DRAWN = 400  # drawings after which the drawing process is replaced
AROUND = 2  # lines shown before and after a mistake


class KeptDrawer(Drawer):
    """A drawing process that draws nothing twice."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, str] = {}

    def draw(self, specs: Sequence[dict[str, Any]]) -> list[str]:
        """Return one SVG text for each specification."""
        keys = [json.dumps(spec) for spec in specs]
        new = {key: spec for key, spec in zip(keys, specs, strict=True) if key not in self.kept}
        self.kept.update(zip(new, super().draw(list(new.values())), strict=True))
        return [self.kept[key] for key in keys]


@dataclass(frozen=True)
class Mistake:
    """Why there is no new page: message, way out, and the lines around, each with its number."""

    message: str
    hint: str
    lines: tuple[tuple[int, str, bool], ...] = ()


@dataclass(frozen=True)
class State:
    """What the preview shows: which save it is, how long it took (seconds), and a mistake."""

    number: int = 0
    seconds: float = 0.0
    mistake: Mistake | None = None


class Preview:
    """One report, looked at while it is written."""

    def __init__(self, folder: Path, warehouse: Warehouse) -> None:
        self.folder, self.warehouse = folder, warehouse
        self.state = State()
        self.html = ""
        self._lock = threading.Lock()  # of whoever makes a page
        self._changed = threading.Condition()
        self._engine: sqlalchemy.Engine | None = None
        self._drawer: KeptDrawer | None = None
        self._cache: Cache = {}
        self._of: tuple[int, datetime] = (-1, datetime.now(UTC))
        self._ended = threading.Event()

    @property
    def address(self) -> str:
        """Where the page is, below the preview's own."""
        return "/page"

    def make(self) -> None:
        """Make the page anew; a mistake leaves the page before as it was."""
        begun = time.monotonic()
        mistake = None
        try:
            self.html = self.page({})
        except PlatformError as error:
            mistake = self._mistake(error)
        took = time.monotonic() - begun
        with self._changed:
            self.state = State(self.state.number + 1, took, mistake)
            self._changed.notify_all()

    def page(self, values: Mapping[str, str]) -> str:
        """Return the page with these values; a part that has a mistake says so in its place.

        Raises:
            ReportError: the report can't be read at all, or a value can't be.
            PlatformError: there is no warehouse.
        """
        with self._lock:
            report = ReportDeclaration.load(self.folder)
            snapshot, moment = self._moment()
            context = replace(
                live.context_of(report, snapshot),
                generated_at=moment,
                live_url=self.address,
                explain_url="",
            )
            given = {name: value for name, value in values.items() if value}
            how = How(given=given, tolerant=True, cache=self._cache)
            assert self._engine is not None
            return page.compose(reporting.fill(report, self._engine, context, self._pen(), how))

    def wait(self, number: int, seconds: float) -> State:
        """Return the state as soon as it is another than `number`, or after so many seconds."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.state.number != number or self._ended.is_set(), seconds
            )
            return self.state

    def watch(self) -> None:
        """Make the page at each save and at each change of the warehouse, until `end`."""
        seen: object = None
        looked = time.monotonic()
        while not self._ended.is_set():
            now = self._files()
            if time.monotonic() - looked > LOOK_AT_WAREHOUSE:
                looked = time.monotonic()
                if self._of[0] not in (-1, self._snapshot()):
                    seen = None
            if now != seen:
                seen = now
                self.make()
            self._ended.wait(LOOK)

    def end(self) -> None:
        """Stop watching and let those who wait go."""
        self._ended.set()
        with self._changed:
            self._changed.notify_all()
        with self._lock:
            if self._drawer:
                self._drawer.close()
                self._drawer = None

    def _files(self) -> tuple[tuple[str, int, int], ...]:
        """Return what tells one state of the folder's files from another."""
        found = []
        for path in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            try:
                stat = path.stat()
            except OSError:
                continue  # an editor replaces it right now
            found.append((path.name, stat.st_mtime_ns, stat.st_size))
        return tuple(found)

    def _moment(self) -> tuple[int, datetime]:
        """Return the warehouse's snapshot and the time that pages of it are made at.

        The time stands still as long as the snapshot does (and the day), so that results are kept.
        """
        if self._engine is None:
            self._engine = self.warehouse.engine()
        snapshot, now = self._snapshot(), datetime.now(UTC)
        if snapshot != self._of[0] or now.date() != self._of[1].date():
            self._cache.clear()
            self._of = (snapshot, now)
        return self._of

    def _snapshot(self) -> int:
        with self.warehouse.reading() as connection:
            row = connection.execute("SELECT max(snapshot_id) FROM lake.snapshots()").fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def _pen(self) -> KeptDrawer:
        """Return the drawing process, another one where it has ended or drawn much."""
        pen = self._drawer
        if pen is None or pen.process.poll() is not None or len(pen.kept) > MOST_DRAWN:
            if pen is not None:
                pen.close()
            pen = self._drawer = KeptDrawer()
        return pen

    def _mistake(self, error: PlatformError) -> Mistake:
        """Return an error with the lines of the file around it."""
        lines: tuple[tuple[int, str, bool], ...] = ()
        line = error.line if isinstance(error, ReportError) else None
        if isinstance(error, ReportError) and line:
            path = self.folder / Path(error.file).name
            text = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []
            first, last = max(line - AROUND, 1), min(line + AROUND, len(text))
            lines = tuple((n, text[n - 1], n == line) for n in range(first, last + 1))
        return Mistake(error.message, error.hint, lines)

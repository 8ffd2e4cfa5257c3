"""The order in which an embedded platform becomes a team's, so that it can be ended at any moment.

1. Files of the lake and versions of reports are copied while the platform goes on working.
2. The platform must stand still then: the same again for what is new, which takes seconds;
   Dagster's history, in one transaction; the lake's catalog, in one transaction; every table of
   both lakes is compared. Who writes waits meanwhile. Only then the move is marked as done.

Whatever ends it, the same command goes on: what is copied and the same is left as it is. The source
is only read. What does not belong here: how each part is copied (`resources.warehouse.migration`,
`reporting.moving`, `history`).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from platform_assets.reporting import moving
from platform_assets.reporting.archive import Archive
from platform_assets.reporting.folder_archive import FolderArchive
from platform_assets.server import history
from platform_assets.server.history import History
from platform_assets.server.lock import only_one
from resources.errors import PlatformError
from resources.warehouse import Warehouse
from resources.warehouse.embedded import Embedded
from resources.warehouse.migration import catalog, compare, files, source
from resources.warehouse.migration.files import Copied
from resources.warehouse.migration.target import Target
from resources.warehouse.team import Team


class Show(Protocol):
    """What a person sees of it."""

    def begin(self, doing: str, total: int = 0) -> None:
        """Begin a step; `total` in bytes, where it is known."""

    def more(self, done: int) -> None:
        """Some bytes of the step are done."""

    def at(self, what: str) -> None:
        """The step has come to a table."""


@dataclass(frozen=True)
class Plan:
    """What is moved, and to where.

    Attributes:
        lake: the embedded one.
        to: the team's, which is not there yet.
        reports, reports_to: archives of versions; none where they stay.
        history, history_to: Dagster's, and the URL of its new database; empty where it stays.
        running: the lock file that a running platform holds.
    """

    lake: Warehouse
    to: Warehouse
    reports: FolderArchive
    reports_to: Archive | None
    history: History
    history_to: str
    running: Path


@dataclass
class Moved:
    """What a migration found, or brought.

    Attributes:
        state: of the migration: an empty text before it has begun, `done` at the end.
        lake: what the source is.
        files: of the lake.
        reports: versions of reports.
        tables: of the lake, each with its rows; views besides.
        catalog, history: rows of each table of DuckLake's catalog and of Dagster's history.
        history_stays: why Dagster's history is not moved; empty where it is.
    """

    state: str
    lake: source.Facts
    files: Copied = field(default_factory=lambda: Copied(0, 0, 0))
    reports: moving.Moved = field(default_factory=moving.Moved)
    tables: dict[str, int] = field(default_factory=dict)
    views: int = 0
    catalog: dict[str, int] = field(default_factory=dict)
    history: dict[str, int] = field(default_factory=dict)
    history_stays: str = ""


class Migration:
    """One attempt.

    Raises:
        PlatformError: the source is no embedded lake, or the target is none of a team.
    """

    def __init__(self, plan: Plan, show: Show) -> None:
        if not isinstance(plan.lake.place, Embedded):
            raise PlatformError(
                f"The warehouse is {plan.lake.place.name}: that is a team's already.",
                hint="Set PLATFORM_WAREHOUSE_URL back to the embedded one while you migrate.",
            )
        if not isinstance(plan.to.place, Team):
            raise PlatformError(
                f"{plan.to.place.name} is an embedded lake: that is a folder, which can be copied.",
                hint="Name ducklake+postgresql://<user>@<host>/<database>?files=<folder or s3://…>.",
            )
        self._plan, self._show = plan, show
        self._place, self._team = plan.lake.place, plan.to.place
        plan.lake.connect(read_only=True).close()  # it follows a folder that was moved
        with source.reading(self._place) as lake:
            facts = source.facts(lake)
        origin = self._place.name
        self._target = Target(self._team.name, self._team.connect, "lake", facts.identity, origin)
        self._files = files.place_at(self._team.files)
        self._there: set[str] = set()  # files that this attempt has seen there: they never change
        self.moved = Moved(self._target.state(), facts)
        self._history: Target | None = None
        if not plan.history_to:
            self.moved.history_stays = "PLATFORM_MIGRATE_HISTORY_TO is not set"
        elif not plan.history.exists():
            self.moved.history_stays = "nothing has run yet"
        else:
            target = history.target_at(plan.history_to, facts.identity, origin)
            if not target.state() and history.in_use(target):
                self.moved.history_stays = f"{target.name} has runs already"
            else:
                self._history = target

    def plan(self) -> Moved:
        """Return what would be moved; nothing is written.

        Raises:
            PlatformError: the target is not empty, or can't be reached.
        """
        self._require_empty()
        with source.reading(self._place) as lake:
            found = source.files(lake)
        sizes = self._sizes(found)
        self.moved.files = Copied(len(sizes), sum(sizes.values()), 0)
        if self._plan.reports_to is not None:
            versions = moving.contents(self._plan.reports)
            each = [size for of_one in versions.values() for size in of_one.values()]
            self.moved.reports = moving.Moved(len(versions), len(each), sum(each))
        return self.moved

    def run(self) -> Moved:
        """Move everything that is not moved yet, and return what is there.

        Raises:
            PlatformError: it can't go on; the same command goes on from there.
        """
        if self.moved.state == "done":
            self._catch_up()
            return self.moved
        with self._target.alone():
            self._require_empty()
            if not self.moved.state:
                self._target.begin()
            self._copy()
            with self._still(), self._plan.lake.lock():
                self._copy(last=True)
                self._move_history()
                self._move_catalog()
                self._compare()
            if self._history is not None:
                self._history.finish()
            self._target.finish()
        self.moved.state = "done"
        return self.moved

    def _require_empty(self) -> None:
        if self.moved.state:
            return
        way = "Name an empty database, and a place for files that holds none."
        if self._target.has_table("ducklake_metadata"):
            raise PlatformError(f"There is a lake in {self._team.name} already.", hint=way)
        if there := self._files.names():
            raise PlatformError(
                f"There are files in {self._team.files} already: {len(there):,}, of which one is "
                f"{there[0]}.",
                hint=way,
            )

    def _sizes(self, found: Mapping[str, Path], passing: bool = False) -> dict[str, int]:
        """Return the bytes of each file; one that may be gone, and is, is left out."""
        sizes: dict[str, int] = {}
        for name, file in found.items():
            try:
                sizes[name] = file.stat().st_size
            except OSError as error:
                if passing and isinstance(error, FileNotFoundError):
                    continue
                raise PlatformError(
                    f"The lake's file {name} can't be read: {error.strerror}.",
                    hint="Without it the lake is not whole: bring it back from a backup first.",
                ) from None
        return sizes

    def _copy(self, last: bool = False) -> None:
        """Copy files of the lake and versions of reports, while the platform works or not."""
        which = ", what is new" if last else ""
        with source.reading(self._place) as lake:
            self.moved.lake, found = source.facts(lake), source.files(lake)
        sizes = self._sizes(found, passing=not last)
        rest = {name: found[name] for name in sizes if name not in self._there}
        self._show.begin(f"Files of the lake{which}", sum(sizes[name] for name in rest))
        copied = files.copy(rest, self._files, self._show.more, passing=not last)
        self._there |= {name for name, file in rest.items() if file.exists()}
        new = self.moved.files.new + copied.new
        self.moved.files = Copied(len(sizes), sum(sizes.values()), new)
        self._move_reports(which)

    def _move_reports(self, which: str = "") -> None:
        target = self._plan.reports_to
        if target is not None:
            self._show.begin(f"Versions of reports{which}")
            self.moved.reports = moving.move(self._plan.reports, target, self._show.more)

    def _catch_up(self) -> None:
        """Move what was left behind when the lake was moved, because no place was named for it."""
        self._move_reports()
        if self._history is not None and self._history.state() != "done":
            with self._still():
                self._move_history()
            self._history.finish()

    @contextmanager
    def _still(self) -> Iterator[None]:
        """Keep the platform from starting, once it stands still.

        Raises:
            PlatformError: it runs.
        """
        self._plan.running.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock = only_one(self._plan.running, "a migration")
            lock.__enter__()
        except PlatformError as error:
            raise PlatformError(
                "Files are copied; for the rest the platform must not run. " + error.message,
                hint="Stop it with Ctrl-C and run the same command again: only what is new by then "
                "is copied.",
            ) from error
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    def _move_history(self) -> None:
        if self._history is None:
            return
        self._show.begin("Dagster's history")
        with self._history.alone():
            history.make_tables(self._plan.history_to)
            self._history.begin()
            self.moved.history = history.copy(self._plan.history, self._history, self._show.at)

    def _move_catalog(self) -> None:
        self._show.begin("The lake's catalog")
        with source.reading(self._place) as lake:
            if self._target.state() == "copied":  # and was not compared before it ended
                catalog.remove(lake, self._target)
            self.moved.catalog = catalog.copy(lake, self._target, self._team.files)

    def _compare(self) -> None:
        """Compare all tables; what is different is taken away again.

        Raises:
            PlatformError: a table is not the same in both.
        """
        self._show.begin("Comparing every table")
        lakes = (self._plan.lake, self._plan.to)
        found = compare.compare(*lakes, self.moved.lake.snapshot, self._show.at)
        if found.different:
            with source.reading(self._place) as lake:
                catalog.remove(lake, self._target)
            raise PlatformError(
                "The lake is not the same after it was moved: " + "; ".join(found.different) + ".",
                hint="Its catalog was taken away again; the source is as it was. Run the same "
                "command again.",
            )
        self.moved.tables, self.moved.views = found.tables, found.views

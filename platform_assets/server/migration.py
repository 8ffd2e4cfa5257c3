"""The order in which an embedded platform becomes a team's, so that it can be ended at any moment.

1. Files of the lake and versions of reports are copied while the platform goes on working.
2. The platform must stand still then: the same again for what is new, which takes seconds;
   Dagster's history, requests and feedback, events of other platforms, and the lake's catalog, in
   one transaction each; every table of both lakes is compared. Who writes waits meanwhile. Only
   then the move is marked as done.

Whatever ends it, the same command goes on: what is copied and the same is left as it is. The source
is only read. What does not belong here: how each part is copied (`resources.warehouse.migration`,
`reporting.moving`, `history`, `stores`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from platform_assets.reporting import moving
from platform_assets.server import history, stores
from platform_assets.server.lock import only_one
from platform_assets.server.migration_plan import Moved, Plan, Show
from resources.errors import PlatformError
from resources.warehouse.embedded import Embedded
from resources.warehouse.migration import catalog, compare, files, source
from resources.warehouse.migration.files import Copied
from resources.warehouse.migration.target import Target, target_at
from resources.warehouse.team import Team


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
            setting = "PLATFORM_MIGRATE_HISTORY_TO"
            target = target_at(plan.history_to, setting, "history", facts.identity, origin)
            if not target.state() and history.in_use(target):
                self.moved.history_stays = f"{target.name} has runs already"
            else:
                self._history = target
        follow = self._history is not None
        self._stores, self.moved.stores_stay = stores.chosen(plan.stores, follow, facts.identity)

    def plan(self) -> Moved:
        """Return what would be moved; nothing is written.

        Raises:
            PlatformError: a target is not empty, or can't be reached.
        """
        self._require_empty()
        self.moved.stores = {each.store.what: each.counts() for each in self._stores}
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
                self._move_stores(self._stores)
                self._move_catalog()
                self._compare()
            for each in (self._history, *self._stores, self._target):
                if each is not None:
                    each.finish()
        self.moved.state = "done"
        return self.moved

    def _require_empty(self) -> None:
        for each in self._stores:
            each.require_free()
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
        left = self._history if self._history and self._history.state() != "done" else None
        moves = [each for each in self._stores if each.state() != "done"]
        if left is None and not moves:
            return
        with self._still():
            if left is not None:
                self._move_history()
            self._move_stores(moves)
        for each in (left, *moves):
            if each is not None:
                each.finish()

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

    def _move_stores(self, moves: Sequence[stores.Move]) -> None:
        for each in moves:
            self._show.begin(each.store.title.capitalize())
            self.moved.stores[each.store.what] = each.run(self._show.at)

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

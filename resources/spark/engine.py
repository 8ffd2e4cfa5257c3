"""What a dbt run shares: one session on the cluster; what each connection reads and leaves.

What belongs here: the session's life, a connection's snapshot, lock and files. What does not: dbt's
own classes (`dbt_adapter`).
"""

import os
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from resources.errors import PlatformError
from resources.settings import settings
from resources.spark import publish
from resources.spark.lake_views import LakeViews
from resources.spark.publish import Publication, Staged
from resources.spark.session import open_session, short
from resources.spark.types import named
from resources.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_guard = threading.RLock()
_shared: list["Engine"] = []
_warehouses: dict[str, Warehouse] = {}
_of_parent: list[tuple[object, ...]] = []


def _forget_after_fork() -> None:
    """A forked child starts without the parent's session and connections.

    They are put aside, not closed: DuckDB would wait for threads that only the parent has.
    """
    global _guard  # noqa: PLW0603 (a lock held by another thread of the parent is never freed)
    _guard = threading.RLock()
    _of_parent.append((*_shared, *_warehouses.values()))
    _shared.clear()
    _warehouses.clear()


os.register_at_fork(after_in_child=_forget_after_fork)


class Engine:
    """A session on the cluster and the views of the lake in it."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.spark = open_session()
        self.views = LakeViews(self.spark, warehouse)

    def close(self) -> None:
        """End the session and remove what was copied for it."""
        self.views.close()
        with suppress(Exception):  # the server may be gone
            self.spark.stop()


def shared_warehouse() -> Warehouse:
    """Return this process's warehouse of the settings: attaching the lake costs up to a second."""
    with _guard:
        return _warehouses.setdefault(settings().warehouse, Warehouse.from_settings())


def shared_engine() -> Engine:
    """Return the engine of this process; the first call opens the session.

    Raises:
        PlatformError: there is no Spark Connect server at the address of the settings.
    """
    with _guard:
        if not _shared:
            _shared.append(Engine(shared_warehouse()))
        return _shared[0]


def close_shared_engine() -> None:
    """End the session, if there is one."""
    with _guard:
        while _shared:
            _shared.pop().close()


class Handle:
    """One dbt connection: it reads one snapshot of the lake from its first statement to its close.

    While a model is built its table is locked, so that two runs build it one after the other; what
    fails half-way leaves no files.

    Args:
        engine: the shared session.
        builds: the node that this connection builds; "" for none.
    """

    def __init__(self, engine: Engine, builds: str = "") -> None:
        self.engine = engine
        with ExitStack() as stack:
            if builds:
                stack.enter_context(engine.warehouse.place.mutex(f"model/{builds}"))
            self.snapshot = engine.views.snapshot()
            self._stack = stack.pop_all()
        self._staged: list[Staged] = []
        self._changes: list[str] = []

    def frame(self, sql: str) -> "DataFrame":
        """Return a statement's rows; a command, as against a query, is done then."""
        return self.engine.spark.sql(self.engine.views.resolve(sql, self.snapshot))

    def columns(self, view: str) -> list[tuple[str, str]]:
        """Return name and type of each column of a temporary view."""
        fields = self.engine.spark.table(view).schema.fields
        return [(f.name, named(f.dataType.simpleString())) for f in fields]

    def stage(
        self, schema: str, table: str, sql: str, columns: Sequence[tuple[str, str]] = ()
    ) -> Staged:
        """Have the executors write a query's rows; with these columns and types, if any."""
        rows = self.frame(sql)
        if columns:
            rows = publish.typed(rows, columns)
        staged = publish.stage(self.engine.warehouse, rows, schema, table)
        self._staged.append(staged)
        return staged

    def show(self, staged: Staged, view: str) -> None:
        """Make staged rows a temporary view."""
        publish.staged_frame(self.engine.spark, staged).createOrReplaceTempView(view)

    def later(self, statement: str) -> None:
        """Keep a change of the table, in DuckDB's SQL, for the transaction that adds the rows."""
        self._changes.append(statement)

    def publish(self, staged: Staged, what: Publication) -> int:
        """Show staged rows in the lake; later statements of this connection see them.

        From here on they are the lake's: a commit that fails may be done after all.
        """
        self._staged = [each for each in self._staged if each is not staged]
        rows = publish.publish(self.engine.warehouse, staged, what, self._changes)
        self._changes.clear()
        self.snapshot = self.engine.views.snapshot()
        return rows

    def cancel(self) -> None:
        """Stop what runs in the session."""
        with suppress(Exception):
            self.engine.spark.interruptAll()

    def rollback(self) -> None:
        """Do nothing: what is not published is not there."""

    def close(self) -> None:
        """Remove what was staged and not published, and free the table."""
        publish.remove(self.engine.warehouse, [staged.folder for staged in self._staged])
        self._staged.clear()
        with suppress(RuntimeError):  # dbt's clean-up, after a break, runs in another thread
            self._stack.close()

    def cursor(self) -> "Cursor":
        """Return a cursor."""
        return Cursor(self)


class Cursor:
    """A statement and its rows, as dbt asks for them."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._frame: DataFrame | None = None

    def execute(self, sql: str, bindings: Any = None) -> None:
        """Run a statement.

        Raises:
            PlatformError: Spark refuses it; in its own words, without the server's trace.
        """
        if bindings:
            raise PlatformError("Spark statements have no bindings.")
        from pyspark.errors import PySparkException

        try:
            self._frame = self._handle.frame(sql.strip().removesuffix(";"))
        except PySparkException as error:
            raise PlatformError(short(error)) from error

    @property
    def description(self) -> list[tuple[Any, ...]]:
        """Name and type of each column."""
        if self._frame is None:
            return []
        fields = self._frame.schema.fields
        return [
            (f.name, named(f.dataType.simpleString()), None, None, None, None, f.nullable)
            for f in fields
        ]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows."""
        from pyspark.errors import PySparkException

        if self._frame is None:
            return []
        try:
            table = self._frame.toArrow()
        except PySparkException as error:
            raise PlatformError(short(error)) from error
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Return the first rows."""
        if self._frame is not None:
            self._frame = self._frame.limit(size)
        return self.fetchall()

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the first row."""
        return next(iter(self.fetchmany(1)), None)

    def close(self) -> None:
        """Forget the statement."""
        self._frame = None

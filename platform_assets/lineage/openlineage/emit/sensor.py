"""The sensor that sends OpenLineage events: it runs the tail every few seconds.

What belongs here: where its parts come from in the platform's process, and what Dagster's page of
the sensor says. What does not: the tail itself (`tail`).

A sensor rather than a hook or a wrapped storage: it sees what the log sees, so materializations of
any origin; it costs a run nothing; and whoever looks for it finds it in Dagster, with its history.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg

from platform_assets.lineage.openlineage.emit import static
from platform_assets.lineage.openlineage.emit.delivery import Delivery, NotAcceptedError
from platform_assets.lineage.openlineage.emit.described import (
    Columns,
    Described,
    Nodes,
    Statements,
    describe,
    no_columns,
    no_statements,
)
from platform_assets.lineage.openlineage.emit.live import Live
from platform_assets.lineage.openlineage.emit.log import Log, Runs
from platform_assets.lineage.openlineage.emit.runs import Teller
from platform_assets.lineage.openlineage.emit.snapshots import Snapshots
from platform_assets.lineage.openlineage.emit.tail import Patience, Tail
from platform_assets.lineage.openlineage.naming import Identifier, Naming
from resources.errors import PlatformError
from resources.settings import settings
from resources.warehouse import Warehouse

TURN_SECONDS = 20.0  # Dagster gives a sensor sixty
REFRESH_SECONDS = 600.0
NAME = "openlineage"
REFUSED = Path("openlineage/refused.ndjson")  # in the data folder

T = TypeVar("T")
_log = logging.getLogger(__name__)


def openlineage_sensor(
    warehouse: Warehouse,
    sources: Mapping[str, Sequence[Identifier]] | None = None,
    columns: Columns = no_columns,
    statements: Statements = no_statements,
) -> dg.SensorDefinition:
    """Return the sensor; for a platform that has a receiver configured.

    Args:
        warehouse: whose snapshots are the versions of its tables.
        sources: data from outside, by the key of the asset that is made from it.
        columns: gives what the columns of each asset rest on.
        statements: gives the SQL that makes each asset.
    """
    sending, opened = _Sending(warehouse, sources or {}, columns, statements), _Opened()

    @dg.sensor(
        name=NAME,
        minimum_interval_seconds=settings().sensor_interval,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells OpenLineage's receiver what was made, checked, seen and failed.",
    )
    def openlineage(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        assert context.repository_def is not None
        graph = context.repository_def.asset_graph
        return dg.SkipReason(sending.turn(lambda: opened.of(context), graph))

    return openlineage


class _Opened:
    """The instance, opened once and not for every tick, as Dagster would.

    To open one, and each of its databases for the first time, takes twenty times as long as a tick
    that finds nothing new.
    """

    def __init__(self) -> None:
        self._instance: dg.DagsterInstance | None = None
        self._reference: Any = None

    def of(self, context: dg.SensorEvaluationContext) -> dg.DagsterInstance:
        """Return the instance that a tick is of."""
        reference = context.instance_ref
        if reference is None:  # the context holds one that is open
            return context.instance
        if self._instance is None or self._reference != reference:
            self._instance = dg.DagsterInstance.from_ref(reference)
            self._reference = reference
        return self._instance


class _Sending:
    """The parts of a tail, kept from one tick of the sensor to the next."""

    def __init__(
        self,
        warehouse: Warehouse,
        sources: Mapping[str, Sequence[Identifier]],
        columns: Columns,
        statements: Statements,
    ) -> None:
        self._snapshots = Snapshots(warehouse)
        self._sources, self._columns, self._statements = sources, columns, statements
        self._told: _Told | None = None
        self._telling: Future[_Told] | None = None
        self._delivery: Delivery | None = None
        self._runs, self._live = Runs(), Live()
        self._patience = Patience()
        self._busy = threading.Lock()

    def turn(self, instance: Callable[[], dg.DagsterInstance], graph: Any) -> str:
        """Send for some seconds; return what to say of it.

        Args:
            instance: gives what is to be told of; asked for by one turn at a time.
            graph: of the assets.

        Raises:
            NotAcceptedError: the receiver takes nothing. Until the next try, that is only said.
        """
        if self._patience.left():
            return f"{self._patience.reason} Next try in {self._patience.left():.0f} s."
        if not self._busy.acquire(blocking=False):
            return "Still sending."
        try:
            return self._turn(instance(), graph)
        finally:
            self._busy.release()

    def _turn(self, instance: dg.DagsterInstance, graph: Any) -> str:
        until = time.monotonic() + TURN_SECONDS
        told = self._now(graph)
        if told is None:
            return "Reading the columns' lineage; events follow."
        self._delivery = self._delivery or Delivery(settings().data / REFUSED)
        teller = Teller(
            Log(instance, self._runs), told.assets, told.naming, told.partitions, self._snapshots.at
        )
        try:
            done = Tail(instance, teller, self._delivery, told.digest, self._live).turn(until)
        except NotAcceptedError as error:
            self._patience.lose(error)
            raise
        self._patience.regain()
        if not done.sent:
            return "Nothing new."
        return f"{done.sent:,} events sent{'' if done.done else '; more follow'}."

    def _now(self, graph: Any) -> "_Told | None":
        """Return what there is to tell; None while that is read for the first time.

        Read again now and then: what columns rest on is seen better when their tables are there.
        """
        last = self._told
        if self._telling is None and (last is None or time.monotonic() > last.until):
            self._telling = _in_background(self._tell, graph)
        if self._telling is not None and (last is None or self._telling.done()):
            try:
                self._told = self._telling.result(timeout=TURN_SECONDS)
            except TimeoutError:
                return None
            except BaseException:
                self._telling = None  # and try again
                raise
            self._telling = None
        return self._told

    def _tell(self, graph: Any) -> "_Told":
        naming, nodes = Naming.from_settings(), list(graph.asset_nodes)
        assets = describe(
            nodes,
            naming,
            sources=self._sources,
            columns=lambda nodes: _known(self._columns, nodes) or {},
            statements=lambda nodes: _known(lambda n: list(self._statements(n)), nodes) or (),
        )
        partitions = {"/".join(node.key.path): node.partitions_def for node in nodes}
        until = time.monotonic() + REFRESH_SECONDS
        return _Told(assets, naming, partitions, static.digest(assets, naming), until)


def _known(ask: Callable[[Nodes], T], nodes: Nodes) -> T | None:
    """Return an answer; None where there is none for now, which must not hold up events."""
    try:
        return ask(nodes)
    except PlatformError as error:
        _log.warning("Events tell nothing of columns or SQL: %s", error.message)
        return None


@dataclass(frozen=True)
class _Told:
    """What there is to tell of these definitions, until it is read again."""

    assets: Mapping[str, Described]
    naming: Naming
    partitions: Mapping[str, Any]
    digest: str
    until: float  # of `time.monotonic`


def _in_background(work: Callable[[Any], _Told], graph: Any) -> "Future[_Told]":
    """Start work that may take longer than a sensor may."""
    pool = ThreadPoolExecutor(1, thread_name_prefix=NAME)
    future = pool.submit(work, graph)
    pool.shutdown(wait=False)
    return future

"""What needs attention, for a running server: the list of `care`, made of what is known here.

What belongs here: where each thing that the list rests on comes from, when it is made anew. What
does not: what is trouble (`care`), the page (`attention_pages`), the picture
(`attention_picture`).
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy.exc import SQLAlchemyError

from platform_assets.care import attention as care
from platform_assets.care import documents
from platform_assets.care.attention import Known
from platform_assets.care.causes import causes
from platform_assets.care.model import Item
from platform_assets.care.volumes import Volumes
from platform_assets.catalog.attention_picture import Picture, picture
from platform_assets.catalog.catalog import Catalog, View
from platform_assets.catalog.demand.objectives import Standings
from platform_assets.catalog.demand.records import Records, Snapshot
from platform_assets.catalog.usage import Usage
from platform_assets.inventory.health import Status
from platform_assets.inventory.model import Graph
from platform_assets.product.kinds import Measurement, Snooze
from platform_assets.product.measured import Measured
from platform_assets.product.progress import Progress
from platform_assets.product.store import Everything
from resources.errors import PlatformError

KEPT_FOR = timedelta(seconds=15)  # a list, while nothing happens: ages and looks are that exact
AT_ONCE = 50  # tables whose event log is read for one list
NO_RECORDS = Snapshot()


@dataclass(frozen=True)
class Listed:
    """The list as of one moment.

    Attributes:
        graph: the assets without records.
        items: what is snoozed comes last.
        known: what the list was made of, beside the assets.
    """

    graph: Graph
    statuses: Mapping[str, Status]
    items: tuple[Item, ...]
    known: Known
    now: datetime

    @cached_property
    def awake(self) -> list[Item]:
        """The entries that nobody has put off."""
        return care.awake(self.items)

    @cached_property
    def picture(self) -> Picture:
        """The graph coloured by trouble."""
        importance = care.weigh(self.graph, self.known, self.now)
        waiting = causes(self.graph, self.statuses, self.now)
        unmade = {
            key
            for key, asset in self.graph.assets.items()
            if asset.materializable and not self._made(key)
        }
        return picture(self.graph, self.items, importance, waiting, unmade)

    def _made(self, key: str) -> bool:
        status = self.statuses.get(key)
        return status is not None and status.made_at is not None


def listed(view: View, known: Known | None = None) -> Listed:
    """Return the list of what needs attention, of a view and what else is known."""
    known, graph = known or Known(), without_records(view.graph)
    items = tuple(care.attention(graph, view.statuses, known, view.now))
    return Listed(graph, view.statuses, items, known, view.now)


def without_records(graph: Graph) -> Graph:
    """Return a graph without records, which have no runs; the same object if there are none."""
    own = {key: asset for key, asset in graph.assets.items() if asset.kind != "record"}
    return graph if len(own) == len(graph.assets) else Graph(own)


class Attention:
    """The list of a running server, shared by all requests.

    Args:
        records: None where there is no store of records.
        measured: measurements of key results; None where they are not read.
    """

    def __init__(
        self,
        catalog: Catalog,
        usage: Usage,
        records: Records | None = None,
        measured: Measured | None = None,
    ) -> None:
        self.records = records
        self._usage = usage
        self._measured = measured
        self._catalog = catalog
        self._guard = threading.Lock()
        self._last: tuple[View, Snapshot, Listed] | None = None

    @cached_property
    def _volumes(self) -> Volumes:
        return Volumes(self._catalog.instance, AT_ONCE)

    def of(self, view: View) -> Listed:
        """Return the list as of a view; the one of before while nothing is new."""
        snapshot = self.records.now() if self.records else NO_RECORDS
        snoozes = self._snoozes()
        with self._guard:
            if self._last is not None:
                seen, records, last = self._last
                same = seen.graph is view.graph and seen.statuses is view.statuses
                same = same and records is snapshot and last.known.store.snoozes == snoozes
                if same and view.now - seen.now < KEPT_FOR:
                    return last
            made = listed(view, self._known(view, snapshot, snoozes))
            self._last = (view, snapshot, made)
            return made

    def _known(self, view: View, snapshot: Snapshot, snoozes: tuple[Snooze, ...]) -> Known:
        graph = without_records(view.graph)
        return Known(
            store=Everything(snapshot.requests, snapshot.feedback, snoozes=snoozes),
            curated=snapshot.curated,
            progresses=self._progresses(view, snapshot),
            looks=self._usage.looks(),
            recorded=self._usage.recorded_for(),
            rows=self._volumes.read(graph, view.statuses),
            changed=documents.changed(graph, snapshot.curated),
        )

    def _snoozes(self) -> tuple[Snooze, ...]:
        """Return the snoozes in force; none while the store is away: better too much than less."""
        try:
            return tuple(self.records.store.snoozes()) if self.records else ()
        except (PlatformError, SQLAlchemyError):
            logging.getLogger(__name__).warning("Snoozes can't be read.", exc_info=True)
            return ()

    def _progresses(self, view: View, snapshot: Snapshot) -> Mapping[str, Progress]:
        """Return how key results stand; nothing where measurements can't be read now."""
        if self._measured is None or not snapshot.curated.key_results:
            return {}
        try:
            measured: Mapping[str, list[Measurement]] = self._measured.all()
        except PlatformError:
            logging.getLogger(__name__).warning("Measurements can't be read.", exc_info=True)
            return {}
        standings = Standings(view, snapshot, measured)
        return {result.id: standings.of(result) for result in snapshot.curated.key_results}

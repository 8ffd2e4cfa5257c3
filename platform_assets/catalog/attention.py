"""What needs attention, for a running server: the list of `care`, made of what is known here.

What belongs here: where each thing that the list rests on comes from, when it is made anew. What
does not: what is trouble (`care`), the page (`attention_pages`), the picture
(`attention_picture`).
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol

from dagster import DagsterInstance
from sqlalchemy.exc import SQLAlchemyError

from platform_assets.care import attention as care
from platform_assets.care import documents
from platform_assets.care.attention import Known
from platform_assets.care.causes import causes
from platform_assets.care.model import Item
from platform_assets.care.readers import Read, Used, used
from platform_assets.care.volumes import Volumes
from platform_assets.catalog.attention_lately import Lately
from platform_assets.catalog.attention_picture import Picture, picture
from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand.objectives import Standings
from platform_assets.catalog.demand.records import Records, Snapshot
from platform_assets.catalog.usage import Usage
from platform_assets.inventory.health import Status
from platform_assets.inventory.model import Graph
from platform_assets.product.kinds import Measurement, Snooze
from platform_assets.product.measured import Measured
from platform_assets.product.store import Everything
from resources.errors import PlatformError

KEPT_FOR = timedelta(seconds=15)  # a list, while nothing happens: ages and looks are that exact
TOLD_SECONDS = 60.0  # for which what the warehouse tells is kept
AT_ONCE = 50  # tables whose event log is read for one list
NO_RECORDS = Snapshot()
Measurements = Mapping[str, Sequence[Measurement]]  # by key result's id, oldest first


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
        return picture(self.graph, self.items, importance, waiting)


def listed(view: View, known: Known | None = None) -> Listed:
    """Return the list of what needs attention, of a view and what else is known."""
    known, graph = known or Known(), view.graph.without_records
    items = tuple(care.attention(graph, view.statuses, known, view.now))
    return Listed(graph, view.statuses, items, known, view.now)


class Observed(Protocol):
    """What is looked at: Dagster's runs, and what they brought."""

    @property
    def instance(self) -> DagsterInstance:
        """Dagster's instance."""


class Attention:
    """The list of a running server, shared by all requests.

    Args:
        catalog: whose instance knows how many rows tables had.
        read: runs one SELECT on the warehouse and returns its rows.
        records: None where there is no store of records.
        measured: measurements of key results.
    """

    def __init__(
        self,
        catalog: Observed,
        usage: Usage,
        read: Read,
        records: Records | None = None,
        measured: Measured | None = None,
    ) -> None:
        self.records = records
        self._catalog = catalog
        self._usage = usage
        kept = measured or Measured(read)
        self._measured: Lately[Measurements | None] = Lately(kept.all, None, TOLD_SECONDS)
        self._used = Lately(lambda: used(read), Used(), TOLD_SECONDS)
        self._guard = threading.Lock()
        self._last: tuple[View, Listed, tuple[object, ...]] | None = None

    @cached_property
    def _volumes(self) -> Volumes:
        return Volumes(self._catalog.instance, AT_ONCE)

    def of(self, view: View) -> Listed:
        """Return the list as of a view; the one of before while nothing is new."""
        snapshot = self.records.now() if self.records else NO_RECORDS
        snoozes, measured, used_lately = (
            self._snoozes(), self._measured.value(), self._used.value(),
        )  # fmt: skip
        made_of = (view.graph, view.statuses, snapshot, measured, used_lately)
        with self._guard:
            if self._last is not None:
                seen, last, before = self._last
                same = all(one is other for one, other in zip(made_of, before, strict=True))
                same = same and last.known.store.snoozes == snoozes
                if same and view.now - seen.now < KEPT_FOR:
                    return last
            made = listed(view, self._known(view, snapshot, measured, used_lately, snoozes))
            self._last = (view, made, made_of)
            return made

    def _known(
        self,
        view: View,
        snapshot: Snapshot,
        measured: Measurements | None,
        used_lately: Used,
        snoozes: tuple[Snooze, ...],
    ) -> Known:
        graph = view.graph.without_records
        counted = used_lately.beside(Used(self._usage.looks(), self._usage.recorded_for()))
        standings = Standings(view, snapshot, measured or {})
        key_results = snapshot.curated.key_results if measured is not None else ()
        return Known(
            store=Everything(snapshot.requests, snapshot.feedback, snoozes=snoozes),
            curated=snapshot.curated,
            progresses={kr.id: standings.of(kr) for kr in key_results},
            looks=counted.looks,
            recorded=counted.recorded,
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

"""How many rows tables had after their last materializations, from Dagster's event log.

What belongs here: reading that, a table's again only when it was made again. What does not: what is
unusual about it (`assets`).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from platform_assets.inventory.health import Status
from platform_assets.inventory.model import Graph

if TYPE_CHECKING:
    import dagster as dg

TIMES = 12  # materializations that are remembered of a table
Known = tuple[str, tuple[int, ...]]  # the run that made it last, and the rows of each time


class Volumes:
    """Rows of every table, kept up with what is made.

    Args:
        instance: Dagster's instance, whose event log is read.
        most: tables that one reading asks for, so that nobody waits for thousands; those left out
            are read the next times. None for all.
    """

    def __init__(self, instance: "dg.DagsterInstance", most: int | None = None) -> None:
        self._instance = instance
        self._most = most
        self._known: dict[str, Known] = {}

    def read(self, graph: Graph, statuses: Mapping[str, Status]) -> dict[str, tuple[int, ...]]:
        """Return the rows of each table after its last materializations, the newest first."""
        counted = {
            key: status.run_id
            for key, status in statuses.items()
            if key in graph.assets and status.rows is not None
        }
        due = [k for k, run in counted.items() if k not in self._known or self._known[k][0] != run]
        for key in due[: self._most]:
            self._known[key] = (counted[key], self._rows(key))
        return {key: self._known[key][1] for key in counted if key in self._known}

    def _rows(self, key: str) -> tuple[int, ...]:
        from dagster import AssetKey

        records = self._instance.fetch_materializations(AssetKey(key.split("/")), TIMES).records
        found = []
        for record in records:
            made = record.asset_materialization
            value = made.metadata.get("dagster/row_count") if made else None
            if value is not None and isinstance(value.value, int):
                found.append(value.value)
        return tuple(found)

"""Looking for records that changed: somebody asked or answered, or the team wrote a file.

What belongs here: what the sensor for new data asks. What does not: the run that it starts
(`automation`), the assets (`product_records`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from platform_assets.product import rows_lake
from platform_assets.product.rows_state import glance, state
from platform_assets.product.rows_tables import TABLES
from platform_assets.product.store import RecordStore
from resources.landing import Span


@dataclass(frozen=True)
class WatchedRecords:
    """The tables of records: new is what they were not made from.

    Attributes:
        store: of requests and feedback.
        folder: of the files that the team writes.
        assets: keys of all assets, which records may lead to.
    """

    store: RecordStore
    folder: Path
    assets: frozenset[str] = frozenset()

    def waiting(self, instance: dg.DagsterInstance) -> dict[dg.AssetKey, str]:
        """Return the mark of every table whose records changed since it was made.

        Raises:
            PlatformError: the store can't be reached.
        """
        now = state(self.store, self.folder, assets=self.assets)
        marks = {dg.AssetKey([rows_lake.SCHEMA, t.name]): now.of(t) for t in TABLES}
        broken = {dg.AssetKey([rows_lake.SCHEMA, t.name]): now.of_broken(t) for t in TABLES}
        made = {}
        for record in instance.get_asset_records(list(marks)):
            last = record.asset_entry.last_materialization
            known = last.asset_materialization if last else None
            mark = known.metadata.get("source_fingerprint") if known else None
            made[record.asset_entry.asset_key] = mark.value if mark else None
        return {k: mark for k, mark in marks.items() if made.get(k) not in (mark, broken[k])}

    def landed(self) -> int:
        """Return a number that is another one as soon as something changes.

        Of a database that others share only the files tell: asking it costs.
        """
        near = self.store.url.startswith("sqlite")
        return hash((self.store.changes() if near else 0, glance(self.folder)))

    def spans(self) -> Mapping[str, Sequence[Span]]:
        """Return nothing: there is no landing zone."""
        return {}

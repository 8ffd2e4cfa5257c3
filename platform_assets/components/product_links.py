"""The check `links_hold`: whether the links from and to what people submit lead somewhere.

What belongs here: looking all of them up, what the check says of each table, failing the load. What
does not: which links there are (`product.links`), which lead nowhere (`product.broken`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import dagster as dg

from platform_assets.product import broken
from platform_assets.product.broken import Broken
from platform_assets.product.curated import FOLDERS, Curated
from platform_assets.product.links import into_store, links
from platform_assets.product.rows_tables import LINKS, Table
from platform_assets.product.store import Everything
from platform_assets.reporting import archive
from platform_assets.reporting.archive import Archive
from platform_assets.reporting.kept import lost_versions
from resources.errors import PlatformError

HOLD = "links_hold"
SHOWN = 100  # rows of a check's table
COLUMNS = ("record", "field", "missing", "nearest", "where", "way_out")
_TABLES = {**FOLDERS, "request": "requests", "feedback": "feedback"}  # by kind of record


@dataclass(frozen=True)
class Found:
    """What was found out about the links from and to what people submit.

    Attributes:
        links: how many there are.
        unknown: why some were not looked up; "" where all were.
    """

    faults: tuple[Broken, ...] = ()
    links: int = 0
    unknown: str = ""

    def of(self, table: Table) -> list[Broken]:
        """Return what is wrong with the records of a table; of the links: all."""
        return [
            fault
            for fault in self.faults
            if table is LINKS or _TABLES.get(fault.record.partition("/")[0]) == table.name
        ]


def look(
    written: Curated,
    store: Everything,
    assets: frozenset[str],
    reports: Archive | None = None,
) -> Found:
    """Look up every link from or to what people submit.

    Args:
        assets: keys of all assets.
        reports: where their versions are kept; default: as the settings say.
    """
    every = links(written, store.requests, store.feedback)
    count = sum(map(into_store, every))
    people = {each.name for each in store.requests} | {each.name for each in store.feedback}
    if not people:
        return Found((), count, "Nobody has asked for anything yet: no link was looked up.")
    faults, unknown = broken.of_store(every, {*written.by_name, *people}, assets), ""
    try:
        lost = lost_versions(reports or archive.from_settings())
        faults += broken.of_versions(store.feedback, assets, lost)
    except PlatformError as error:
        unknown = f"Versions of reports were not looked up: {error.message}"
    return Found(tuple(sorted(faults, key=str)), count, unknown)


def result(table: Table, key: dg.AssetKey, found: Found) -> dg.AssetCheckResult:
    """Return what the check says of a table: all that is broken, in sentences and as a table."""
    faults = found.of(table)
    metadata: dict[str, Any] = {"links": found.links, "broken": len(faults)}
    if faults:
        metadata["broken_links"] = as_table(faults[:SHOWN])
    said = "\n".join(map(str, faults[:SHOWN])) or found.unknown
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=HOLD,
        passed=not faults,
        severity=dg.AssetCheckSeverity.ERROR,
        description=said or None,
        metadata=metadata,
    )


def refuse(found: Found, tables: Iterable[Table]) -> None:
    """Fail the step where a table that it loaded names what is not there.

    The rows are there, but for the links that lead nowhere; what rests on them is not made.

    Raises:
        dagster.Failure: naming each of them, and the way out.
    """
    faults = {str(fault) for table in tables for fault in found.of(table)}
    if faults:
        count = f"{len(faults)} links lead" if len(faults) > 1 else "A link leads"
        raise dg.Failure(
            f"{count} nowhere. All records are loaded, and nothing is made of them until this is "
            "mended:\n" + "\n".join(sorted(faults)[:SHOWN]),
            allow_retries=False,
        )


def as_table(faults: Iterable[Broken]) -> dg.TableMetadataValue:
    """Return broken links as a table, one row each."""
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(
                {
                    "record": fault.record,
                    "field": fault.field,
                    "missing": fault.what,
                    "nearest": fault.near,
                    "where": fault.place or fault.page,
                    "way_out": fault.way_out,
                }
            )
            for fault in faults
        ],
        schema=dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in COLUMNS]),
    )

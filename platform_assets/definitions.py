"""The sum of the rooms, bound to the resources: one page."""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from platform_assets import policy
from platform_assets.automation import automation_sensor, refresh_sensor
from platform_assets.components import (
    DatabaseSource,
    FileSource,
    ProductRecords,
    platform_tables,
    product_records,
)
from platform_assets.components.product_watching import WatchedRecords
from platform_assets.product import curated
from platform_assets.product.store import RecordStore
from platform_assets.watching import Unclaimed, Watched, WatchedFiles, WatchedTables
from resources.landing import Landing
from resources.settings import PROJECT_ROOT, settings
from resources.warehouse import Warehouse

if TYPE_CHECKING:
    from platform_assets.lineage.model import TableLineage


def build() -> dg.Definitions:
    """Return all that the settings' package of declarations defines, stamped and enforced.

    Raises:
        PlatformError: two sources claim one name, an asset lacks what the policy asks, or a record
            leads to what is not there.
    """
    tree = dg.ComponentTree.from_module(
        defs_module=importlib.import_module(settings().defs_module), project_root=PROJECT_ROOT
    )
    files = tree.get_all_components(of_type=FileSource)
    databases = tree.get_all_components(of_type=DatabaseSource)
    policy.one_name_each([source.claim() for source in (*files, *databases)])
    warehouse, landing = Warehouse.from_settings(), Landing(settings().landing)
    resources = dg.Definitions(resources={"warehouse": warehouse, "landing": landing})
    declared = dg.Definitions.merge(tree.build_defs(), resources)
    specs = list(declared.resolve_all_asset_specs())
    own = platform_tables.specs([s.key for s in specs if s.tags.get("layer") == "raw"])
    records = tree.get_all_components(of_type=ProductRecords)
    known = [*specs, *own]
    if records:
        checks = declared.resolve_asset_graph().asset_check_keys
        product_records.refuse_broken_links(known, checks)
    names = {spec.key for spec in own}  # until they are added, what reads them implies them
    policy.enforce(
        [*(spec for spec in specs if spec.key not in names), *own],
        policy.written_at(declared.assets or ()),
    )
    sources: list[Watched] = [
        *(
            WatchedFiles(source.asset_key, source.declaration(), warehouse, landing)
            for source in files
        ),
        *(WatchedTables(source.asset_keys(), source.declaration()) for source in databases),
        Unclaimed([source.glob for source in files], landing),
        *(
            WatchedRecords(
                RecordStore.from_settings(), curated.folder(), product_records.owned(known)
            )
            for _ in records
        ),
    ]
    platform = dg.Definitions(
        assets=own,
        sensors=[
            refresh_sensor(sources),
            automation_sensor(),
            *_openlineage(warehouse, files, databases),
        ],
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(declared, platform)


def _openlineage(
    warehouse: Warehouse, files: Iterable[FileSource], databases: Iterable[DatabaseSource]
) -> Iterator[dg.SensorDefinition]:
    """Yield the sensor that sends OpenLineage's events, if they have somewhere to go."""
    if not settings().openlineage_configured:
        return
    from platform_assets.lineage.openlineage.emit.sensor import openlineage_sensor
    from platform_assets.lineage.openlineage.naming import Naming, source_table
    from platform_assets.lineage.project import of_project, of_queries, statements_of
    from platform_assets.reporting.live import folder
    from platform_assets.reporting.statements import of_reports

    naming = Naming.from_settings()
    sources = {
        source.asset_key.to_user_string(): [naming.landed(source.glob)] for source in files
    } | {
        key.to_user_string(): [source_table(source.url, table)]
        for source in databases
        for table, key in source.asset_keys().items()
    }

    def columns(nodes: Iterable[Any]) -> Mapping[str, "TableLineage"]:
        return of_project(nodes, of_queries(of_reports(folder())))

    yield openlineage_sensor(warehouse, sources, columns, statements_of)


defs = build()

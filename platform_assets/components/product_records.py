"""ProductRecords: what people ask for and what the team decides, as tables of the warehouse.

What belongs here: the assets `product/*`, their loading, and the refusal of definitions with links
that lead nowhere. What does not: reading records (`product.curated`, `product.store`), their rows
(`product.rows`), what the check `links_hold` says (`product_links`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
from pydantic import Field

from platform_assets.components import product_links
from platform_assets.components.product_links import HOLD, Found
from platform_assets.components.product_tables import key_of, table_spec
from platform_assets.policy import Freshness
from platform_assets.pools import engine_pool
from platform_assets.product import broken, curated, links, rows, rows_lake
from platform_assets.product.curated import Curated
from platform_assets.product.rows_state import State, state
from platform_assets.product.rows_tables import LINKING, LINKS, TABLES, Table
from platform_assets.product.store import Everything, RecordStore
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT
from resources.warehouse import Warehouse


class ProductRecords(dg.Component, dg.Model, dg.Resolvable):
    """Assets `product/<kind>`: one table for each kind of record, and one for their links.

    Requests, feedback and their history come from the store; all else from Markdown files in the
    folders beside this file.
    """

    owner: Annotated[str, Field(description="Who answers for the tables.")]
    freshness: Annotated[Freshness, Field(description="How old the tables may become.")]

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return the assets; one step writes them all, in one transaction."""
        return self.definitions(Path(context.path) / "defs.yaml")

    def definitions(self, file: Path) -> dg.Definitions:
        """Return the assets, declared in a file."""
        return dg.Definitions(assets=[_asset([self.spec(table, file) for table in TABLES])])

    def spec(self, table: Table, file: Path) -> dg.AssetSpec:
        """Return the asset of a table, with what the policy asks of every asset."""
        others = [key_of(each) for each in TABLES if table is LINKS and each is not LINKS]
        kinds = () if table.submitted else ("markdown",)
        return table_spec(
            table, self.owner, self.freshness, file, "ProductRecords", kinds, deps=others
        )


def refuse_broken_links(
    specs: Collection[dg.AssetSpec], checks: Collection[dg.AssetCheckKey]
) -> None:
    """Refuse links of what the team wrote that lead to no record, asset or check.

    What is linked to the store fails the load of the records instead: the store need not be
    reachable for the definitions to load.

    Args:
        specs: all assets. One without an owner is none: something reads it, nobody defines it.
        checks: all checks of these.

    Raises:
        PlatformError: naming each of them, with file and line, and the nearest right name.
    """
    records = curated.read(curated.folder(), PROJECT_ROOT)
    written = [link for link in links.links(records) if not links.into_store(link)]
    known = {*records.by_name, *owned(specs)}
    faults = broken.broken(written, known, set(map(_check_name, checks)))
    if faults:
        raise PlatformError(
            "Records of the product lead to what is not there:\n"
            + "\n".join(sorted(map(str, faults))),
            hint="Mend the names in the files above, or write what is missing.",
        )


def owned(nodes: Iterable[Any]) -> frozenset[str]:
    """Return the keys of what somebody defines: of specs, or of the nodes of Dagster's graph."""
    return frozenset(node.key.to_user_string() for node in nodes if node.owners)


def _asset(specs: list[dg.AssetSpec]) -> dg.AssetsDefinition:
    checks = [
        dg.AssetCheckSpec(
            HOLD,
            asset=key_of(table),
            blocking=True,
            description="Every link from or to a request or feedback leads to what exists: a "
            "record, an asset, a version.",
        )
        for table in LINKING
    ]

    @dg.multi_asset(
        name="product__records",
        specs=specs,
        check_specs=checks,
        can_subset=True,
        pool=engine_pool(),
    )
    def records(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        assets = owned(context.repository_def.asset_graph.asset_nodes)
        before, written, store = _read(assets)
        found = product_links.look(written, store, assets)
        wanted = [table for table in TABLES if key_of(table) in context.selected_asset_keys]
        loaded = rows.rows(written, store, found.faults)
        counts = rows_lake.replace(warehouse, wanted, loaded)
        yield from _made(wanted, counts, before, found)
        checked = context.selected_asset_check_keys
        for table in LINKING:
            if dg.AssetCheckKey(key_of(table), HOLD) in checked:
                yield product_links.result(table, key_of(table), found)
        product_links.refuse(found, [table for table in wanted if table in LINKING])

    return records


def _made(
    tables: Iterable[Table], counts: Mapping[str, int], before: State, found: Found
) -> Iterator[dg.MaterializeResult[None]]:
    """Yield that tables were made, each with the mark of the records that it was made from."""
    for table in tables:
        mark = before.of_broken(table) if found.of(table) else before.of(table)
        yield dg.MaterializeResult(
            asset_key=key_of(table),
            metadata={"dagster/row_count": counts[table.name], "source_fingerprint": mark},
        )


def _read(assets: Collection[str]) -> tuple[State, Curated, Everything]:
    """Return all records, and the state before: what changes meanwhile is seen by the next look."""
    folder, store = curated.folder(), RecordStore.from_settings()
    try:
        now = state(store, folder, assets=assets)
        return now, curated.read(folder, PROJECT_ROOT), store.everything()
    finally:
        store.close()


def _check_name(key: dg.AssetCheckKey) -> str:
    """Return `<asset key>:<name>`, as requirements name a check."""
    return f"{key.asset_key.to_user_string()}:{key.name}"

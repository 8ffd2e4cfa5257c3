"""ProductRecords: what people ask for and what the team decides, as tables of the warehouse.

What belongs here: the assets `product/*`, their check, and the refusal of links that lead nowhere.
What does not: reading records (`product.curated`, `product.store`), their rows (`product.rows`).
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated

import dagster as dg
from pydantic import Field

from platform_assets.policy import Freshness, line_of, stamp
from platform_assets.pools import engine_pool
from platform_assets.product import curated, links, rows, rows_lake
from platform_assets.product.curated import Curated
from platform_assets.product.rows_state import State, state
from platform_assets.product.rows_tables import LINKS, TABLES, Column, Table
from platform_assets.product.store import Everything, RecordStore
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT
from resources.warehouse import Warehouse

DOMAIN = "product"
HOLD = "links_hold"


class ProductRecords(dg.Component, dg.Model, dg.Resolvable):
    """Assets `product/<kind>`: one table for each kind of record, and one for their links.

    Requests, feedback and their history come from the store; all else from Markdown files in the
    folders beside this file.
    """

    owner: Annotated[str, Field(description="Who answers for the tables.")]
    freshness: Annotated[Freshness, Field(description="How old the tables may become.")]

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return the assets; one step writes them all, in one transaction."""
        file = Path(context.path) / "defs.yaml"
        return dg.Definitions(assets=[_asset([self.spec(table, file) for table in TABLES])])

    def spec(self, table: Table, file: Path) -> dg.AssetSpec:
        """Return the asset of a table, with what the policy asks of every asset."""
        others = [_key(each) for each in TABLES if table is LINKS and each is not LINKS]
        return stamp(
            dg.AssetSpec(_key(table), deps=others, description=table.description),
            layer=DOMAIN,
            domain=DOMAIN,
            kinds={"ducklake"} if table.submitted else {"ducklake", "markdown"},
            table=f"lake.{rows_lake.SCHEMA}.{table.name}",
            file=file,
            line=line_of(file, r"^type:.*ProductRecords"),
            owners=[self.owner],
            freshness=self.freshness.policy(),
            columns=[_column(each) for each in table.columns],
            metadata={"title": table.title},
        )


def refuse_broken_links(
    specs: Collection[dg.AssetSpec], checks: Collection[dg.AssetCheckKey]
) -> None:
    """Refuse links of what the team wrote that lead to no record, asset or check.

    What is linked to the store is left to the check `links_hold`: the store need not be reachable
    for the definitions to load.

    Args:
        specs: all assets. One without an owner is none: something reads it, nobody defines it.
        checks: all checks of these.

    Raises:
        PlatformError: naming each of them, with file and line, and the nearest right name.
    """
    records = curated.read(curated.folder(), PROJECT_ROOT)
    assets = {spec.key.to_user_string() for spec in specs if spec.owners}
    written = [link for link in links.links(records) if not links.into_store(link)]
    faults = links.broken(written, {*records.by_name, *assets}, set(map(_check_name, checks)))
    if faults:
        raise PlatformError(
            "Records of the product lead to what is not there:\n" + "\n".join(sorted(faults)),
            hint="Mend the names in the files above, or write what is missing.",
        )


def _asset(specs: list[dg.AssetSpec]) -> dg.AssetsDefinition:
    check = dg.AssetCheckSpec(
        HOLD,
        asset=_key(LINKS),
        description="Every link from or to a request leads to what exists: record, asset or check.",
    )

    @dg.multi_asset(
        name="product__records",
        specs=specs,
        check_specs=[check],
        can_subset=True,
        pool=engine_pool(),
    )
    def records(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        before, written, store = _read()
        wanted = [table for table in TABLES if _key(table) in context.selected_asset_keys]
        counts = rows_lake.replace(warehouse, wanted, rows.rows(written, store))
        for table in wanted:
            mark = {"source_fingerprint": before.of(table)}
            yield dg.MaterializeResult(
                asset_key=_key(table), metadata={"dagster/row_count": counts[table.name], **mark}
            )
        if context.selected_asset_check_keys:
            graph = context.repository_def.asset_graph
            assets = {key.to_user_string() for key in graph.get_all_asset_keys()}
            yield held(written, store, assets, set(map(_check_name, graph.asset_check_keys)))

    return records


def _read() -> tuple[State, Curated, Everything]:
    """Return all records, and the state before: what changes meanwhile is seen by the next look."""
    folder, store = curated.folder(), RecordStore.from_settings()
    try:
        return state(store, folder), curated.read(folder, PROJECT_ROOT), store.everything()
    finally:
        store.close()


def held(
    written: Curated, store: Everything, assets: Collection[str], checks: Collection[str]
) -> dg.AssetCheckResult:
    """Return whether the links from and to the store lead somewhere.

    What was said of an asset stays when the asset goes: that is no fault. In a store where nobody
    has asked for anything, a developer's for one, nothing can be looked up.

    Args:
        assets: keys of all assets.
        checks: all checks, as `<asset key>:<name>`.
    """
    submitted = [
        link
        for link in links.links(written, store.requests, store.feedback)
        if links.into_store(link) and link.relation != "about"
    ]
    people = {each.name for each in store.requests} | {each.name for each in store.feedback}
    known = {*written.by_name, *people, *assets}
    faults = links.broken(submitted, known, checks) if people else []
    unknown = "" if people else "Nobody has asked for anything yet: no link was looked up."
    return dg.AssetCheckResult(
        asset_key=_key(LINKS),
        check_name=HOLD,
        passed=not faults,
        severity=dg.AssetCheckSeverity.ERROR,
        description="\n".join(faults) or unknown or None,
        metadata={"links": len(submitted), "broken": len(faults)},
    )


def _check_name(key: dg.AssetCheckKey) -> str:
    """Return `<asset key>:<name>`, as requirements name a check."""
    return f"{key.asset_key.to_user_string()}:{key.name}"


def _key(table: Table) -> dg.AssetKey:
    return dg.AssetKey([rows_lake.SCHEMA, table.name])


def _column(column: Column) -> dg.TableColumn:
    return dg.TableColumn(
        name=column.name,
        type=column.type.lower(),
        description=column.meaning,
        tags={"personal": "true"} if column.personal else {},
    )

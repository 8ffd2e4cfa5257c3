"""Attention: what needs attention now, as the asset `product/attention`.

What belongs here: its asset, when it is made, where what it rests on comes from. What does not:
what is trouble and what it matters (`care`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import duckdb
from dagster._utils.schedules import is_valid_cron_string
from pydantic import Field, field_validator

from platform_assets.automation import safety_net
from platform_assets.care import documents
from platform_assets.care.attention import Known, attention, awake
from platform_assets.care.model import Item
from platform_assets.care.readers import Read, used
from platform_assets.care.rows import TABLE, rows
from platform_assets.care.volumes import Volumes
from platform_assets.components.product_tables import key_of, table_spec
from platform_assets.inventory import collect
from platform_assets.inventory.health import Status
from platform_assets.inventory.judging import Verdicts
from platform_assets.inventory.model import Graph
from platform_assets.inventory.status import Statuses
from platform_assets.inventory.upstream import upstream
from platform_assets.policy import Freshness
from platform_assets.pools import engine_pool
from platform_assets.product import curated, rows_lake
from platform_assets.product.curated import Curated
from platform_assets.product.measured import Measured
from platform_assets.product.progress import Progress, progress
from platform_assets.product.rows_tables import TABLES
from platform_assets.product.store import Everything, RecordStore
from resources.dbt import DbtProject
from resources.settings import PROJECT_ROOT
from resources.warehouse import Warehouse
from resources.warehouse.sandbox import QueryError

KEY = key_of(TABLE)
LAST = {"dagster/priority": "-20"}  # of a run that has other steps: it tells how they went
# It reads the records. That it reads how all other assets are is no dependency: everything would
# be upstream of one report, and matter as much as what management reads.
RESTS_ON = tuple(table.name for table in TABLES if table.name not in ("history", "links"))


class Attention(dg.Component, dg.Model, dg.Resolvable):
    """The asset `product/attention`, on a schedule that runs from the start."""

    owner: Annotated[str, Field(description="Who answers for it: e-mail or `team:<name>`.")]
    freshness: Annotated[Freshness, Field(description="How old the list may become.")]
    cron: Annotated[str, Field(description="When it is made though no record is new, in UTC.")] = (
        "40 * * * *"
    )

    @field_validator("cron")
    @classmethod
    def _a_cron_expression(cls, cron: str) -> str:
        if not is_valid_cron_string(cron):
            raise ValueError(f"{cron!r} is no cron expression: `40 * * * *` is each hour at :40")
        return cron

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return the asset and its schedule."""
        schedule = dg.ScheduleDefinition(
            name="product_attention",
            target=dg.AssetSelection.assets(KEY),
            cron_schedule=self.cron,
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="What needs attention, though no record is new: time alone makes it late.",
        )
        asset = _asset(self.spec(Path(context.path) / "defs.yaml"))
        return dg.Definitions(assets=[asset], schedules=[schedule])

    def spec(self, file: Path) -> dg.AssetSpec:
        """Return the asset, with what the policy asks of every asset."""
        return table_spec(
            TABLE,
            self.owner,
            self.freshness,
            file,
            "Attention",
            deps=[[rows_lake.SCHEMA, name] for name in RESTS_ON],
            automation_condition=safety_net(),
        )


def _asset(spec: dg.AssetSpec) -> dg.AssetsDefinition:
    @dg.multi_asset(name="product__attention", specs=[spec], op_tags=LAST, pool=engine_pool())
    def look(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult[None]]:
        now = datetime.now(UTC)
        nodes = context.repository_def.asset_graph.asset_nodes
        items = found(nodes, context.instance, warehouse, now)
        rows_lake.replace(warehouse, [TABLE], {TABLE.name: rows(items, now)})
        yield dg.MaterializeResult(asset_key=spec.key, metadata=_metadata(items))

    return look


def found(
    nodes: Any, instance: dg.DagsterInstance, warehouse: Warehouse, now: datetime
) -> list[Item]:
    """Return what needs attention, of all that is known.

    Args:
        nodes: Dagster's asset nodes.
    """
    graph = collect.graph(nodes, collect.manifest(DbtProject.from_settings().manifest_path))
    statuses = _with_itself(graph, Statuses(instance).read(graph), now)
    read, written = _reader(warehouse), curated.read(curated.folder(), PROJECT_ROOT)
    use = used(read)
    known = Known(
        store=_submitted(),
        curated=written,
        progresses=_progresses(graph, statuses, written, Measured(read), now),
        looks=use.looks,
        recorded=use.recorded,
        rows=Volumes(instance).read(graph, statuses),
        changed=documents.changed(graph, written),
    )
    return attention(graph, statuses, known, now)


def _with_itself(
    graph: Graph, statuses: Mapping[str, Status], now: datetime
) -> Mapping[str, Status]:
    """Return statuses in which the list, and what shows it, are as they will be when it is made."""
    own = KEY.to_user_string()
    keys = (own, *graph.downstream(own)) if own in graph.assets else ()
    made = {key: replace(statuses[key], made_at=now, failed_run="") for key in keys}
    return {**statuses, **made}


def _submitted() -> Everything:
    store = RecordStore.from_settings()
    try:
        return store.everything()
    finally:
        store.close()


def _progresses(
    graph: Graph,
    statuses: Mapping[str, Status],
    written: Curated,
    measured: Measured,
    now: datetime,
) -> dict[str, Progress]:
    """Return how key results stand, by id."""
    verdicts = Verdicts(graph.assets, statuses, now, {})
    measurements = measured.all()
    stands = {}
    for result in written.key_results:
        trouble = upstream(graph, verdicts, statuses, result.key, now).trouble
        stands[result.id] = progress(result, measurements.get(result.id, ()), now, trouble)
    return stands


def _reader(warehouse: Warehouse) -> Read:
    """Return what runs a SELECT on the lake; a table that is not there is refused."""

    def read(sql: str) -> Sequence[Sequence[Any]]:
        with warehouse.reading() as connection:
            try:
                return connection.execute(sql).fetchall()
            except duckdb.CatalogException as error:
                raise QueryError("refused", str(error)) from None

    return read


def _metadata(items: Sequence[Item]) -> dict[str, Any]:
    """Return what Dagster's page of the asset shows, and draws over time."""
    open_ = awake(items)
    kinds = Counter(item.kind for item in open_)
    first = f"{open_[0].title}: {open_[0].what}" if open_ else "nothing"
    return {
        "dagster/row_count": len(items),
        "page": dg.MetadataValue.url("/catalog/attention"),
        "first": first,
        "snoozed": len(items) - len(open_),
        "score": round(float(sum(item.score for item in open_)), 2),
        **{kind.replace(" ", "_"): count for kind, count in sorted(kinds.items())},
    }

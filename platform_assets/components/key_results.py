"""KeyResults: each key result of an objective is an asset that measures itself.

What belongs here: their assets, what they depend on, when they measure. What does not: reading
objectives (`product.curated`), running a query and keeping its answer (`product.measuring`), the
rules by which one stands (`product.progress`).
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import sqlalchemy
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._utils.schedules import is_valid_cron_string
from pydantic import Field, field_validator

from platform_assets.automation import safety_net
from platform_assets.components.product_tables import DOMAIN, table_spec
from platform_assets.inventory import collect
from platform_assets.inventory.judging import Verdicts
from platform_assets.inventory.status import Statuses
from platform_assets.inventory.upstream import Upstream, upstream
from platform_assets.policy import Freshness, stamp
from platform_assets.pools import engine_pool
from platform_assets.product import curated, measuring
from platform_assets.product.curated_kinds import KeyResult
from platform_assets.product.kinds import Measurement
from platform_assets.product.progress import amount, day
from platform_assets.product.rows_tables import Column, Table
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT
from resources.warehouse import Warehouse

MEASUREMENTS = dg.AssetKey(["product", "measurements"])
MEASURED = "measured"  # the check that warns when nothing could be measured
AFTER_REPORTS = {"dagster/priority": "10"}  # drawn at 15 to 25; models are built at -10


class KeyResults(dg.Component, dg.Model, dg.Resolvable):
    """Assets `key_result/<id>`, one for each of the objectives, and `product/measurements`."""

    owner: Annotated[str, Field(description="Who answers for the table: e-mail or `team:<name>`.")]
    freshness: Annotated[Freshness, Field(description="How old the last measurement may become.")]
    cron: Annotated[
        str,
        Field(
            description="When to measure though nothing is new, in UTC: a source that stopped "
            "starts no run, and a key result that rests on it has to say so."
        ),
    ] = "10 * * * *"

    @field_validator("cron")
    @classmethod
    def _a_cron_expression(cls, cron: str) -> str:
        if not is_valid_cron_string(cron):
            raise ValueError(f"{cron!r} is no cron expression: `10 * * * *` is ten past each hour")
        return cron

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return the assets of the key results that are declared, and of their measurements."""
        records = curated.read(curated.folder(), PROJECT_ROOT)
        return self.definitions(records.key_results, Path(context.path) / "defs.yaml")

    def definitions(self, key_results: Sequence[KeyResult], file: Path) -> dg.Definitions:
        """Return the assets of these key results, and of their measurements.

        Raises:
            PlatformError: a query reads what key results have measured.
        """
        measured = [_asset(kr, self.spec(kr)) for kr in key_results]
        return dg.Definitions(assets=[*measured, _table(self.table(key_results, file))])

    def spec(self, kr: KeyResult) -> dg.AssetSpec:
        """Return the asset of a key result, downstream of what its query reads.

        Raises:
            PlatformError: its query reads what key results have measured.
        """
        deps = [dg.AssetKey.from_user_string(key) for key in kr.tables]
        if MEASUREMENTS in deps:
            raise PlatformError(
                f"{kr.file}:{kr.line}: key result {kr.id} reads {measuring.TABLE}, which it is a "
                "part of itself.",
                hint="Measure what the measured tables rest on.",
            )
        return stamp(
            dg.AssetSpec(
                kr.key.split("/"),
                deps=deps,
                description=_description(kr),
                automation_condition=_when(self.cron),
            ),
            layer="key_result",
            domain=DOMAIN,
            kinds={"key_result"},
            file=PROJECT_ROOT / kr.file,
            line=kr.line,
            owners=[kr.owner],
            freshness=self.freshness.policy(),
            metadata={
                "title": kr.title,
                "objective": kr.objective,
                "page": dg.MetadataValue.url(f"/catalog/{kr.key}"),
                "query": dg.MetadataValue.md(f"```sql\n{kr.sql.strip()}\n```"),
            },
        )

    def table(self, key_results: Sequence[KeyResult], file: Path) -> dg.AssetSpec:
        """Return the asset of the table that all measurements go into."""
        table = Table(
            MEASUREMENTS.path[-1],
            "Measurements of key results",
            "One row per measurement of a key result, from the first on; none is ever changed."
            "\n\nEach key result adds its own row in a transaction of its own. Beware: a row "
            "without a value says that nothing could be measured, and why; values of different "
            "definitions do not compare.",
            tuple(Column(name, *told) for name, told in measuring.COLUMNS.items()),
        )
        return table_spec(
            table,
            self.owner,
            self.freshness,
            file,
            deps=[kr.key.split("/") for kr in key_results],
            automation_condition=safety_net(),
        )


def _description(kr: KeyResult) -> str:
    way = f"from {amount(kr.baseline, kr.unit)} to {amount(kr.target, kr.unit)}"
    return f"{kr.title}: {way} between {day(kr.start)} and {day(kr.due)}.\n\n{kr.text}".strip()


def _when(cron: str) -> dg.AutomationCondition[dg.AssetKey]:
    """Return when to measure: as other assets with their tables, and at least as `cron` says."""
    condition = dg.AutomationCondition
    tick = condition.cron_tick_passed(cron).since(
        condition.newly_requested() | condition.newly_updated()
    )
    regularly = tick & ~condition.in_progress() & ~condition.any_deps_missing()
    return safety_net() | regularly.with_label("time to measure")


def _asset(kr: KeyResult, spec: dg.AssetSpec) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"key_result__{kr.id.replace('-', '_')}",
        specs=[spec],
        check_specs=[
            dg.AssetCheckSpec(
                MEASURED,
                asset=spec.key,
                description="All that it rests on is on time and passes its checks, so that its "
                "value could be measured.",
            )
        ],
        op_tags=AFTER_REPORTS,
        pool=engine_pool(),
    )
    def measure(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult[None]]:
        now = datetime.now(UTC)
        rests_on = _upstream(context.instance, context.repository_def.asset_graph, spec.key, now)
        measurement = _measurement(kr, warehouse, now, context.run.run_id, rests_on)
        yield dg.MaterializeResult(
            asset_key=spec.key,
            metadata=_metadata(measurement),
            check_results=[
                dg.AssetCheckResult(
                    asset_key=spec.key,
                    check_name=MEASURED,
                    passed=not measurement.trouble,
                    severity=dg.AssetCheckSeverity.WARN,
                    description="; ".join(measurement.trouble) or None,
                )
            ],
        )

    return measure


def _measurement(
    kr: KeyResult, warehouse: Warehouse, now: datetime, run_id: str, rests_on: Upstream
) -> Measurement:
    """Measure, unless something upstream forbids it, and keep what came of it.

    Raises:
        PlatformError: the query is wrong; that nothing was measured is kept all the same.
    """
    health = rests_on.health
    try:
        if rests_on.trouble:
            found = measuring.unmeasured(kr, now, run_id, health, rests_on.trouble)
        else:
            found = measuring.measure(kr, _engine(warehouse), now, run_id, health)
    except PlatformError as error:
        failed = measuring.unmeasured(kr, now, run_id, health, [error.message])
        measuring.append(warehouse, failed)
        raise
    measuring.append(warehouse, found)
    return found


@lru_cache(maxsize=1)
def _engine(warehouse: Warehouse) -> sqlalchemy.Engine:
    """Return one engine for all key results of a run: opening the lake costs ten queries."""
    return warehouse.engine()


def _upstream(
    instance: dg.DagsterInstance, graph: BaseAssetGraph[Any], key: dg.AssetKey, now: datetime
) -> Upstream:
    """Return the state of all that an asset rests on."""
    nodes = [graph.get(each) for each in graph.get_ancestor_asset_keys(key, True)]
    assets = collect.graph(nodes, {})
    statuses = Statuses(instance).read(assets)
    verdicts = Verdicts(assets.assets, statuses, now, {})
    return upstream(assets, verdicts, statuses, key.to_user_string(), now, itself=False)


def _metadata(measurement: Measurement) -> dict[str, Any]:
    """Return what Dagster's page of the asset shows, and draws over time."""
    told: dict[str, Any] = {"definition": measurement.definition}
    if measurement.value is not None and measurement.as_of is not None:
        told |= {
            "value": dg.MetadataValue.float(measurement.value),
            "as_of": dg.MetadataValue.timestamp(measurement.as_of),
        }
    if measurement.trouble:
        told["trouble"] = dg.MetadataValue.json(list(measurement.trouble))
    return told


def _table(spec: dg.AssetSpec) -> dg.AssetsDefinition:
    @dg.multi_asset(name="product__measurements", specs=[spec], op_tags=AFTER_REPORTS)
    def count(warehouse: dg.ResourceParam[Warehouse]) -> Iterator[dg.MaterializeResult[None]]:
        rows, newest = measuring.counted(warehouse)
        told: dict[str, Any] = {"dagster/row_count": rows}
        if newest is not None:
            told["newest"] = dg.MetadataValue.timestamp(newest)
        yield dg.MaterializeResult(asset_key=spec.key, metadata=told)

    return count

"""The same project the stock way: what the documentation of Dagster and dagster-dbt leads to.

The sources, the dbt models and the report are the platform's; so are the functions that load a file
and render a page. The rest is stock: `@asset`, `@dbt_assets` on a plain `DbtCliResource`, a sensor
with a cursor at its default interval of 30 seconds, the default executor (a process for each step),
run launcher and SQLite storage; served by `dagster dev -m benchmarks.stock`.

It is spared what a careful team would spare itself: the dbt project is parsed once, as for a
deployment, where `prepare_if_dev` would parse it in the process of every step; unit tests are left
out of builds; one dbt invocation does the whole run; runs do not overlap (one writer); only what a
new file touches is built.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

from benchmarks import declared
from platform_assets import reporting
from platform_assets.defs import user_agents as agents
from platform_assets.ingestion import database, files
from platform_assets.ingestion.declaration import FileDeclaration, TableDeclaration
from resources import dbt as platform_dbt
from resources.landing import Landing
from resources.settings import PROJECT_ROOT, settings
from resources.warehouse import Warehouse

DATA = settings().data
TARGET = DATA / "stock" / "target"
os.environ.update(platform_dbt.environment())
os.environ["DBT_TARGET_PATH"] = str(TARGET)

warehouse = Warehouse.from_settings()
landing = Landing(settings().landing)
project = DbtProject(PROJECT_ROOT / "dbt", target_path=TARGET)
if not project.manifest_path.exists():
    project.preparer.prepare(project)
sources = declared.file_sources()
shop = declared.shop(DATA / "sample")


def raw_file(declaration: FileDeclaration) -> dg.AssetsDefinition:
    """Return the asset that loads the files of a source."""

    @dg.asset(name=declaration.name, key_prefix="raw")
    def load() -> dg.MaterializeResult[None]:
        result = files.ingest(warehouse, landing, declaration)
        return dg.MaterializeResult(metadata={"rows": result.rows_loaded})

    return load


def raw_table(table: TableDeclaration) -> dg.AssetsDefinition:
    """Return the asset that loads a table of the shop."""

    @dg.asset(name=table.name, key_prefix=["raw", "shop"])
    def load() -> dg.MaterializeResult[None]:
        result = database.ingest_table(warehouse, shop, table)
        return dg.MaterializeResult(metadata={"rows": result.rows_loaded})

    return load


@dg.asset(key_prefix="staging", deps=[["raw", source] for source in agents.SOURCES])
def user_agents() -> None:
    """Class the user agents that are new."""
    agents.refresh(warehouse)


@dbt_assets(manifest=project.manifest_path)
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Build the selected models and run their tests."""
    command = ["build", "--exclude-resource-type", "unit_test"]
    yield from dbt.cli(command, context=context).stream()


@dg.asset(key_prefix="report", deps=[k.split("/") for k in reporting.tables(declared.report())])
def weekly_business_review(context: dg.AssetExecutionContext) -> None:
    """Render the report."""
    page = reporting.RenderContext(
        owner="team:data",
        freshness="at most 50h old",
        generated_at=datetime.now(UTC),
        run_id=context.run.run_id,
    )
    engine = warehouse.engine()
    reporting.render(declared.report(), engine, DATA / "reports", context=page)


everything = dg.define_asset_job("everything", dg.AssetSelection.all())


@dg.sensor(target=dg.AssetSelection.all(), default_status=dg.DefaultSensorStatus.RUNNING)
def new_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Refresh what depends on the sources for which files have landed since the last look."""
    seen: dict[str, float] = json.loads(context.cursor or "{}")
    found = {s.name: landing.find(s.glob) for s in sources}
    fresh = {
        name: [f for f in there if seen.get(f.path) != f.modified_at.timestamp()]
        for name, there in found.items()
    }
    touched = [name for name, there in fresh.items() if there]
    if not touched:
        return dg.SkipReason("No new files.")
    seen |= {f.path: f.modified_at.timestamp() for name in touched for f in fresh[name]}
    assert context.repository_def is not None
    keys = [dg.AssetKey(["raw", name]) for name in touched]
    graph = context.repository_def.asset_graph
    selected = dg.AssetSelection.assets(*keys).downstream().resolve(graph)
    run = dg.RunRequest(asset_selection=sorted(selected & graph.executable_asset_keys))
    return dg.SensorResult(run_requests=[run], cursor=json.dumps(seen))


defs = dg.Definitions(
    assets=[
        *(raw_file(source) for source in sources),
        *(raw_table(table) for table in shop.tables),
        user_agents,
        models,
        weekly_business_review,
    ],
    jobs=[everything],
    sensors=[new_files],
    resources={"dbt": DbtCliResource(project_dir=project)},
)

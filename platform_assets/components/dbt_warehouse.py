"""DbtWarehouse: every dbt model is an asset, every dbt test a check of it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from platform_assets.automation import UNIT_TEST
from platform_assets.components.dbt_plan import Model, RunPlan
from platform_assets.components.dbt_session import SESSIONS
from platform_assets.components.dbt_translation import Translator
from platform_assets.lineage.compiled import state_of
from platform_assets.lineage.metadata import KEY as COLUMN_LINEAGE
from platform_assets.lineage.metadata import cache_folder, column_lineage
from platform_assets.pools import engine_pool
from resources.dbt import DbtProject, NodeResult
from resources.warehouse import Warehouse, relations
from resources.warehouse.connection import identifier

MODELS = ("model", "seed", "snapshot")
AFTER_SOURCES = {"dagster/priority": "-10"}


class DbtWarehouse(dg.Component, dg.Model, dg.Resolvable):
    """The dbt project of the settings: its models, seeds, tests and unit tests."""

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return one asset for each model and one external asset for each platform table."""
        project = DbtProject.from_settings()
        manifest = project.manifest()
        models = read_models(manifest, project.folder)
        selectors = {m.unique_id: m.selector for m in models}
        selectors |= {
            unique_id: manifest["nodes"].get(unique_id, {}).get("name")
            or manifest["unit_tests"][unique_id]["name"]
            for m in models
            for unique_id in m.tests.values()
        }
        by_key = {m.spec.key: m for m in models}
        state = state_of(project)
        return dg.Definitions(assets=[build_asset(m, by_key, selectors, state) for m in models])


def read_models(manifest: Mapping[str, Any], folder: Path) -> list[Model]:
    """Return the assets of a manifest, with their specs and checks."""
    translator = Translator(folder)
    models = []
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] not in MODELS or node["config"]["materialized"] == "ephemeral":
            continue
        spec = translator.get_asset_spec(manifest, unique_id, None)
        tests, checks = _tests(manifest, translator, unique_id, spec)
        models.append(
            Model(
                unique_id=unique_id,
                spec=spec,
                selector=str(node["name"]),
                relation=(str(node["schema"]), str(node.get("alias") or node["name"])),
                is_view=node["config"]["materialized"] == "view",
                tests=tests,
                check_specs=checks,
            )
        )
    return models


def _tests(
    manifest: Mapping[str, Any],
    translator: Translator,
    unique_id: str,
    spec: dg.AssetSpec,
) -> tuple[dict[str, str], tuple[dg.AssetCheckSpec, ...]]:
    tests: dict[str, str] = {}
    checks: list[dg.AssetCheckSpec] = []
    for child in manifest["child_map"].get(unique_id, ()):
        if child.startswith("test."):
            check = translator.get_asset_check_spec(spec, manifest, child, None)
        elif child.startswith("unit_test."):
            unit = manifest["unit_tests"][child]
            check = dg.AssetCheckSpec(
                f"{UNIT_TEST}{unit['name']}",
                asset=spec.key,
                description=unit.get("description") or "dbt unit test",
                blocking=True,
            )
        else:
            continue
        if check is not None:
            tests[check.name] = child
            checks.append(check)
    return tests, tuple(checks)


def build_asset(
    model: Model,
    by_key: Mapping[dg.AssetKey, Model],
    selectors: Mapping[str, str],
    state: str = "",
) -> dg.AssetsDefinition:
    """Return the asset whose step waits for the model's result in the run's dbt build.

    Args:
        state: of the project's files, as `lineage.compiled` tells it.
    """

    @dg.multi_asset(
        name="__".join(model.spec.key.path),
        specs=[model.spec],
        check_specs=list(model.check_specs),
        can_subset=True,
        op_tags=AFTER_SOURCES,
        pool=engine_pool(),
    )
    def build(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[Any]:
        checks = {key.name for key in context.selected_asset_check_keys}
        wanted = [model.tests[name] for name in model.tests if name in checks]
        if context.selected_asset_keys:
            wanted.append(model.unique_id)
        plan = RunPlan.of(context, by_key)
        wave = plan.wave(model.spec.key)
        session = SESSIONS.get(
            context.run.run_id,
            wave,
            nodes=lambda: _ready(warehouse, by_key, plan.nodes(wave), selectors),
            full_refresh=context.run.tags.get("platform/full_refresh") == "true",
        )
        results = session.wait_for(wanted)
        result = results.get(model.unique_id)
        built = result is not None and result.status == "success"
        if result is not None and built:
            told = _metadata(warehouse, model, result) | _lineage(model, state)
            yield dg.MaterializeResult(asset_key=model.spec.key, metadata=told)
        for name, unique_id in model.tests.items():
            if unique_id in results and results[unique_id].status != "skipped":
                yield _check(model, name, results[unique_id])
        if model.unique_id in wanted and not built:
            raise dg.Failure(description=_failure(model, result, results), allow_retries=False)

    return build


def _ready(
    warehouse: Warehouse,
    by_key: Mapping[dg.AssetKey, Model],
    nodes: Sequence[str],
    selectors: Mapping[str, str],
) -> dict[str, str]:
    """Return the nodes that dbt can run now, as `{unique_id: selector}`.

    A unit test of an incremental model reads the columns of its table: before the first build
    there are none, and the test has to wait for the next run.
    """
    with warehouse.reading() as connection:
        built = relations.names(connection)
    waiting = {
        unique_id
        for model in by_key.values()
        if model.relation not in built
        for unique_id in model.tests.values()
        if unique_id.startswith("unit_test.")
    }
    return {node: selectors[node] for node in nodes if node not in waiting}


def _failure(model: Model, result: NodeResult | None, results: Mapping[str, NodeResult]) -> str:
    """Return why the model was not built: dbt's words, and the file to look at."""
    if result is None:
        return f"{model.unique_id} was not part of this run's dbt build."
    told = result.message.strip() or f"dbt ended with status {result.status}"
    if result.status == "skipped":
        failed = [r for r in results.values() if r.status in ("fail", "error")]
        told = "\n".join(
            ["dbt skipped it, because a test before it failed:"]
            + [f"{r.unique_id}: {r.message.strip()}" for r in failed]
        )
    return f"{told}\n\nmodel {model.selector}, {result.info.get('node_path', '')}".rstrip(", ")


def _metadata(warehouse: Warehouse, model: Model, result: NodeResult) -> dict[str, Any]:
    """Return rows, columns and duration of a model that was built."""
    schema, name = model.relation
    metadata: dict[str, Any] = {"seconds": round(result.seconds, 3)}
    with warehouse.reading() as connection:
        columns = connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'lake' "
            "AND schema_name = ? AND table_name = ? ORDER BY column_index",
            [schema, name],
        ).fetchall()
        if not model.is_view:
            count = f"SELECT count(*) FROM lake.{identifier(schema)}.{identifier(name)}"
            metadata["dagster/row_count"] = (connection.execute(count).fetchone() or (0,))[0]
    metadata["dagster/column_schema"] = dg.TableSchema(
        columns=[dg.TableColumn(name=c, type=t.lower()) for c, t in columns]
    )
    return metadata


def _lineage(model: Model, state: str) -> dict[str, Any]:
    """Return where the columns of a model come from, if it was traced; nothing waits for that."""
    key = "/".join(model.spec.key.path)
    known = column_lineage(cache_folder(), state, key)
    return {COLUMN_LINEAGE: known} if known is not None else {}


def _check(model: Model, name: str, result: NodeResult) -> dg.AssetCheckResult:
    """Return a dbt test's result as the check's; a test that warns is a check that warns."""
    blocking = next(spec.blocking for spec in model.check_specs if spec.name == name)
    error = result.status in ("fail", "error") and blocking
    return dg.AssetCheckResult(
        asset_key=model.spec.key,
        check_name=name,
        passed=result.status in ("pass", "success"),
        severity=dg.AssetCheckSeverity.ERROR if error else dg.AssetCheckSeverity.WARN,
        description=result.message.strip() or None,
        metadata={
            "status": result.status,
            "failures": result.failures,
            "seconds": round(result.seconds, 3),
        },
    )

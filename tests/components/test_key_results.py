"""Key results as assets: when they measure, what they keep, and that they never lie."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster.components.testing import create_defs_folder_sandbox
from pydantic import ValidationError

from platform_assets import policy
from platform_assets.automation import refresh_sensor
from platform_assets.components.key_results import KeyResults
from platform_assets.product import curated, measuring
from platform_assets.product.kinds import Measurement
from platform_assets.product.measured import Measured
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT
from resources.warehouse import Warehouse
from tests.components.running import run

DECLARED = PROJECT_ROOT / "platform_assets" / "defs" / "key_results" / "defs.yaml"
IN_PROCESS = dg.in_process_executor
KEY_RESULT = dg.AssetKey(["key_result", "faster-answers"])
TABLE = dg.AssetKey(["product", "measurements"])
MAIL = dg.AssetKey(["raw", "mail"])
ANSWERS = dg.AssetKey(["marts", "answers"])
OBJECTIVE = """---
title: Customers are answered
owner: support@example.com
start: 2026-07-01
due: 2026-09-30
key_results:
  - id: faster-answers
    title: Answers come faster
    unit: h
    baseline: 30
    target: 10
    sql: |
      {sql}
---
"""
SQL = "SELECT avg(hours) AS value, max(day) AS as_of FROM marts.answers"


@dataclass
class World:
    """Mail → answers → the key result, on a lake and an instance of their own.

    Attributes:
        hours: what the next loads of mail bring.
        newest: time of the newest mail that the next loads bring.
    """

    warehouse: Warehouse
    instance: dg.DagsterInstance
    defs: dg.Definitions = field(default_factory=dg.Definitions)
    hours: float = 20
    newest: datetime = field(default_factory=lambda: datetime.now(UTC))

    def run(self, *keys: dg.AssetKey, fails: bool = False) -> dg.JobExecutionResult:
        result = run(self.defs, self.instance, keys)
        assert result.success is not fails
        return result

    def measurements(self) -> Sequence[Measurement]:
        with self.warehouse.reading() as connection:
            read = Measured(lambda sql: connection.execute(_every(sql)).fetchall())
            return read.of("faster-answers")

    def told(self) -> dict[str, Any]:
        event = self.instance.get_latest_materialization_event(KEY_RESULT)
        assert event is not None and event.asset_materialization is not None
        return {k: v.value for k, v in event.asset_materialization.metadata.items()}


def _every(sql: str) -> str:
    """Return the reader's SQL without its thinning: these tests measure often in one second."""
    return sql[: sql.index("QUALIFY")] + sql[sql.index("ORDER BY measured_at DESC\nLIMIT") :]


def _keys(asset: Any) -> Iterable[dg.AssetKey]:
    assert isinstance(asset, dg.AssetsDefinition)
    return asset.keys


def tables(world: World) -> list[dg.AssetsDefinition]:
    """Return mail, which is late after an hour, and the table of answers."""
    fresh = policy.Freshness(fail="1h").policy()

    @dg.asset(
        key=MAIL,
        freshness_policy=fresh,
        tags={"layer": "raw"},
        check_specs=[dg.AssetCheckSpec("data_freshness", asset=MAIL)],
    )
    def mail() -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads it at run time
        newest = {"newest_event": world.newest.isoformat()}
        return dg.MaterializeResult(
            check_results=[dg.AssetCheckResult(passed=True, metadata=newest)]
        )

    @dg.asset(key=ANSWERS, deps=[MAIL])
    def answers() -> None:
        with world.warehouse.write() as connection:
            connection.execute(
                "CREATE OR REPLACE TABLE lake.marts.answers AS "
                f"SELECT {world.hours} AS hours, DATE '2026-08-01' AS day"
            )

    return [mail, answers]


def world_of(sql: str, folder: Path, instance: dg.DagsterInstance) -> World:
    """Return a world whose key result has this query."""
    (folder / "objectives").mkdir(parents=True, exist_ok=True)
    (folder / "objectives" / "answers.md").write_text(OBJECTIVE.format(sql=sql))
    said = yaml.safe_load(DECLARED.read_text())["attributes"]
    component = KeyResults(**said | {"freshness": policy.Freshness(**said["freshness"])})
    found = component.definitions(curated.read(folder, folder).key_results, DECLARED)
    world = World(Warehouse.from_settings(), instance)
    around = dg.Definitions(
        assets=tables(world), resources={"warehouse": world.warehouse}, executor=IN_PROCESS
    )
    world.defs = dg.Definitions.merge(found, around)
    return world


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture
def world(project_data: Path, instance: dg.DagsterInstance) -> World:
    return world_of(SQL, project_data / "records", instance)


def test_the_declaration_becomes_the_assets_of_all_objectives() -> None:
    body = yaml.safe_load(DECLARED.read_text())
    with create_defs_folder_sandbox() as sandbox:
        path = sandbox.scaffold_component(component_cls=KeyResults, defs_yaml_contents=body)
        with sandbox.load_component_and_build_defs(defs_path=path) as (_, found):
            keys = {key for each in found.assets or () for key in _keys(each)}
    declared = curated.read(curated.folder(), PROJECT_ROOT).key_results
    assert keys == {dg.AssetKey(kr.key.split("/")) for kr in declared} | {TABLE}


def test_a_key_result_is_an_asset_downstream_of_what_its_query_reads(world: World) -> None:
    specs = {spec.key: spec for spec in world.defs.resolve_all_asset_specs()}
    found, table = specs[KEY_RESULT], specs[TABLE]
    policy.enforce([found, table])
    assert [dep.asset_key for dep in found.deps] == [ANSWERS]
    assert [dep.asset_key for dep in table.deps] == [KEY_RESULT]
    assert (found.group_name, found.tags["layer"]) == ("product", "key_result")
    assert found.owners == ["support@example.com"]
    assert "from 30 h to 10 h between 1 Jul 2026 and 30 Sep 2026" in (found.description or "")
    assert policy.declared_at(found).endswith("objectives/answers.md:7")
    assert table.metadata["dagster/table_name"] == "lake.product.measurements"
    columns = table.metadata["dagster/column_schema"].columns
    assert [column.name for column in columns] == list(measuring.COLUMNS)
    assert all(column.description for column in columns)


def test_it_is_measured_in_the_run_that_makes_its_tables(world: World) -> None:
    result = world.run()
    (measured,) = world.measurements()
    assert (measured.value, measured.as_of) == (20, datetime(2026, 8, 1, tzinfo=UTC))
    assert (measured.run_id, measured.trouble) == (result.run_id, ())
    assert measured.upstream == {"raw/mail": "good", "marts/answers": "good"}
    told = world.told()
    assert (told["value"], told["as_of"]) == (20, measured.as_of and measured.as_of.timestamp())
    assert told["definition"] == measured.definition
    world.hours = 15
    world.run()
    assert [m.value for m in world.measurements()] == [20, 15]
    event = world.instance.get_latest_materialization_event(TABLE)
    assert event is not None and event.asset_materialization is not None
    assert event.asset_materialization.metadata["dagster/row_count"].value == 2


def test_new_data_starts_one_run_of_tables_and_key_results(world: World) -> None:
    @dataclass
    class NewMail:
        def waiting(self, instance: dg.DagsterInstance) -> dict[dg.AssetKey, str]:
            return {MAIL: "new"}

        def landed(self) -> int:
            return 0

        def spans(self) -> dict[str, Any]:
            return {}

    repository = world.defs.get_repository_def()
    context = dg.build_sensor_context(instance=world.instance, repository_def=repository)
    tick = refresh_sensor([NewMail()], 0)(context)
    assert isinstance(tick, dg.SensorResult) and tick.run_requests
    (request,) = tick.run_requests
    assert set(request.asset_selection or ()) == {MAIL, ANSWERS, KEY_RESULT, TABLE}
    assert dg.AssetCheckKey(KEY_RESULT, "measured") in (request.asset_check_keys or ())


def test_a_late_source_leaves_no_value_and_says_why(world: World) -> None:
    world.run()
    world.newest = datetime.now(UTC) - timedelta(hours=4)
    world.run()
    good, late = world.measurements()
    assert (good.value, late.value, late.as_of) == (20, None, None)
    (trouble,) = late.trouble
    assert trouble.startswith("raw/mail: 3 h late, its newest event is of ")
    assert late.upstream["raw/mail"] == "late"
    told = world.told()
    assert told["trouble"] == [trouble] and "value" not in told
    check = dg.AssetCheckKey(KEY_RESULT, "measured")
    records = world.instance.event_log_storage.get_asset_check_execution_history(check, limit=2)
    newest, before = (r.evaluation for r in records)
    assert newest is not None and not newest.passed and newest.description == trouble
    assert before is not None and before.passed


def test_a_table_that_was_not_made_anew_after_a_failure_is_not_measured(world: World) -> None:
    world.run()
    world.hours = "oops"  # type: ignore[assignment]  # no such column: the table's step fails
    world.run(fails=True)
    assert len(world.measurements()) == 1  # Dagster skips what is downstream of a failure …
    world.run(KEY_RESULT)  # … until it is asked to measure
    assert world.measurements()[-1].trouble == ("marts/answers: the last run failed",)


def test_a_wrong_query_fails_with_its_place_and_leaves_a_gap(
    project_data: Path, instance: dg.DagsterInstance
) -> None:
    wrong = SQL.replace("hours", "hour")
    world = world_of(wrong, project_data / "records", instance)
    (failed,) = (e for e in world.run(fails=True).all_events if e.is_step_failure)
    error = failed.step_failure_data.error
    said = error.cause.message if error and error.cause else ""
    assert "objectives/answers.md:7: key result faster-answers: line 1 of its query" in said
    (measured,) = world.measurements()
    assert measured.value is None and "key result faster-answers" in measured.trouble[0]


def test_a_query_of_measurements_themselves_is_refused(
    project_data: Path, instance: dg.DagsterInstance
) -> None:
    own = "SELECT max(value) AS value, max(as_of) AS as_of FROM product.measurements"
    with pytest.raises(PlatformError, match=r"answers\.md:7: .* reads product\.measurements"):
        world_of(own, project_data / "records", instance)


def test_when_nothing_is_new_it_is_measured_by_the_clock(world: World) -> None:
    world.run()
    at = datetime.now(UTC).replace(minute=0, second=0) + timedelta(hours=1)

    def asked(minutes: int, cursor: Any = None) -> Any:
        return dg.evaluate_automation_conditions(
            world.defs,
            world.instance,
            asset_selection=dg.AssetSelection.assets(KEY_RESULT),
            evaluation_time=at + timedelta(minutes=minutes),
            cursor=cursor,
        )

    first = asked(5)
    second = asked(9, first.cursor)
    third = asked(11, second.cursor)
    fourth = asked(12, third.cursor)
    counts = [each.get_num_requested(KEY_RESULT) for each in (second, third, fourth)]
    assert counts == [0, 1, 0]


def test_a_mistake_in_the_declaration_is_told() -> None:
    with pytest.raises(ValidationError, match="'hourly' is no cron expression"):
        KeyResults(owner="team:data", freshness=policy.Freshness(fail="1h"), cron="hourly")

"""Maintenance as assets: what is declared, what is scheduled, what a run tells."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster.components.testing import create_defs_folder_sandbox
from pydantic import ValidationError

from platform_assets.components.maintenance import Maintenance
from platform_assets.components.maintenance_fields import Compact, EventLog, Expire, Orphans
from platform_assets.maintenance.runs import Keep
from platform_assets.policy import enforce
from resources.settings import PROJECT_ROOT
from resources.warehouse import Warehouse
from resources.warehouse.compaction import Limits

FILE = PROJECT_ROOT / "platform_assets" / "defs" / "maintenance" / "defs.yaml"
JOBS = ["compact", "event_log", "expire", "orphans"]
KEYS = [dg.AssetKey(["maintenance", job]) for job in JOBS]


@pytest.fixture
def defs(project_data: Path) -> Iterator[dg.Definitions]:
    """What the project's own declaration becomes, on a new lake."""
    resources = dg.Definitions(resources={"warehouse": Warehouse.from_settings()})
    body = yaml.safe_load(FILE.read_text())
    with create_defs_folder_sandbox() as sandbox:
        path = sandbox.scaffold_component(component_cls=Maintenance, defs_yaml_contents=body)
        with sandbox.load_component_and_build_defs(defs_path=path) as (_, found):
            yield dg.Definitions.merge(found, resources)


def test_every_job_is_an_asset_on_a_schedule_that_runs_from_the_start(defs: dg.Definitions) -> None:
    specs = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    assert sorted(specs) == KEYS
    enforce(specs.values())
    assert {spec.group_name for spec in specs.values()} == {"platform"}
    assert all(spec.deps == [] and not spec.automation_condition for spec in specs.values())
    schedules = defs.get_repository_def().schedule_defs
    assert sorted(s.name for s in schedules) == [f"maintenance_{job}" for job in JOBS]
    assert {s.default_status for s in schedules} == {dg.DefaultScheduleStatus.RUNNING}
    for schedule in schedules:
        result = schedule.evaluate_tick(dg.build_schedule_context())
        assert len(result.run_requests or ()) == 1


def test_the_declaration_says_what_holds_without_it() -> None:
    said = yaml.safe_load(FILE.read_text())["attributes"]
    assert Compact(**said["compact"]) == Compact()
    assert Expire(**said["expire"]) == Expire()
    assert Orphans(**said["orphans"]) == Orphans()
    assert EventLog(**said["event_log"]) == EventLog()
    megabyte = 1_000_000
    limits = Compact(**said["compact"]).limits()
    assert (limits.small, limits.file_size) == (32 * megabyte, 128 * megabyte)
    assert (limits.few, limits.deleted, limits.inlined) == (
        Limits().few,
        Limits().deleted,
        Limits().inlined,
    )
    assert EventLog(**said["event_log"]).keep() == Keep(timedelta(days=90))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Expire(older_than="30m"), "too short for what is under way: at least 1h"),
        (lambda: Orphans(older_than="soon"), "is no duration"),
        (lambda: Expire(cron="every day"), "is no cron expression"),
        (lambda: Compact(small="big"), "'big' is no size"),
        (lambda: Compact(deleted=30), "is no share of the rows"),
        (lambda: EventLog(older_then="1d"), "Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_told(made: type, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        made()


def test_a_run_tells_the_space_that_it_won(defs: dg.Definitions, project_data: Path) -> None:
    warehouse = Warehouse.from_settings()
    for number in range(12):
        with warehouse.write() as connection:
            table = "TABLE lake.marts.t AS" if number == 0 else ""
            verb = "CREATE" if number == 0 else "INSERT INTO lake.marts.t"
            connection.execute(f"{verb} {table} SELECT i, 'a' AS s FROM range(99) g(i)")
    with dg.DagsterInstance.local_temp(str(project_data)) as instance:
        done = dg.materialize(
            [asset for asset in defs.assets or () if isinstance(asset, dg.AssetsDefinition)],
            resources={"warehouse": warehouse},
            instance=instance,
        )
        told = {
            key.path[-1]: {
                name: value.value
                for name, value in done.asset_materializations_for_node(
                    f"maintenance__{key.path[-1]}"
                )[0].metadata.items()
            }
            for key in KEYS
        }
    assert told["compact"]["tables"] == "marts.t"
    assert (told["compact"]["files_before"], told["compact"]["files_after"]) == (12, 1)
    assert told["compact"]["bytes_after"] < told["compact"]["bytes_before"]
    assert told["expire"]["snapshots_removed"] == told["expire"]["bytes_won"] == 0  # too young
    assert told["orphans"]["files_removed"] == 0
    assert told["orphans"]["files_of_the_lake"] == 13  # the merged ones are there for a day
    assert told["event_log"]["runs_removed"] == 0
    assert told["event_log"]["bytes_after"] > 0

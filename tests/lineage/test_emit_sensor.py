"""The sensor: on where something is configured, and patient with a receiver that is away."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorEvaluationContext
from dagster._core.instance.ref import InstanceRef

from platform_assets.lineage.openlineage.emit import sensor as sensors
from platform_assets.lineage.openlineage.emit.delivery import NotAcceptedError
from platform_assets.lineage.openlineage.emit.described import Nodes
from platform_assets.lineage.openlineage.emit.sensor import openlineage_sensor
from platform_assets.lineage.openlineage.naming import Naming
from resources.errors import PlatformError
from resources.settings import settings
from resources.warehouse import Warehouse
from tests.lineage import emitting, spec
from tests.lineage.emitting import DEFINITIONS, Receiver

OF = "OPENLINEAGE__TRANSPORT__"


@pytest.fixture
def receiver(project_data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that the environment names, as people name one."""
    with Receiver().running() as found:
        monkeypatch.setenv(f"{OF}TYPE", "http")
        monkeypatch.setenv(f"{OF}URL", found.url)
        monkeypatch.setenv(f"{OF}RETRY", '{"total": 0}')
        yield found


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with emitting.instance_at(tmp_path / "instance") as found:
        yield found


def tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance) -> str:
    """Let a sensor tick; return what it says."""
    repository = DEFINITIONS.get_repository_def()
    context = dg.build_sensor_context(instance=instance, repository_def=repository)
    return str(sensor.evaluate_tick(context).skip_message)


def test_what_was_made_arrives_with_the_snapshot_of_the_warehouse(
    receiver: Receiver, instance: dg.DagsterInstance
) -> None:
    warehouse = Warehouse.from_settings()
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE raw.orders AS SELECT 1 AS id")
    made = warehouse.snapshot()
    sensor = openlineage_sensor(warehouse, emitting.SOURCES)
    emitting.materialize(instance, "raw/orders")
    with warehouse.write() as connection:
        connection.execute("INSERT INTO raw.orders VALUES (2)")
    assert "events sent" in tick(sensor, instance)
    output = receiver.of("raw.orders")[-1]["outputs"][0]
    assert output["facets"]["version"]["datasetVersion"] == str(made)
    assert output["namespace"] == f"ducklake://{warehouse.place.name}"
    assert [p for event in receiver.events for p in spec.problems(event)] == []
    assert tick(sensor, instance) == "Nothing new."


def test_the_instance_is_opened_once_and_not_for_every_tick(
    receiver: Receiver, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[dg.DagsterInstance] = []
    usual = dg.DagsterInstance.from_ref

    def from_ref(reference: InstanceRef) -> dg.DagsterInstance:
        opened.append(usual(reference))
        return opened[-1]

    monkeypatch.setattr(dg.DagsterInstance, "from_ref", from_ref)
    sensor = openlineage_sensor(Warehouse.from_settings())
    repository = DEFINITIONS.get_repository_def()
    for number in range(3):
        instance.report_runless_asset_event(dg.AssetMaterialization(["outside", f"n{number}"]))
        with SensorEvaluationContext(
            instance.get_ref(), None, None, None, None, repository.name, repository_def=repository
        ) as context:
            sensor.evaluate_tick(context)
        assert len(receiver.of(f"outside.n{number}")) == 2
    assert len(opened) == 1
    opened[0].dispose()


def test_a_receiver_that_is_away_is_left_alone_for_a_while(
    receiver: Receiver, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = openlineage_sensor(Warehouse.from_settings())
    receiver.status = 503
    with pytest.raises(NotAcceptedError, match="takes no events"):
        tick(sensor, instance)
    asked = receiver.answers
    said = tick(sensor, instance)
    assert "takes no events" in said
    assert "Next try in" in said
    assert receiver.answers == asked
    monkeypatch.setattr("platform_assets.lineage.openlineage.emit.tail.FIRST_PAUSE", 0.0)
    other = openlineage_sensor(Warehouse.from_settings())
    with pytest.raises(NotAcceptedError):
        tick(other, instance)
    receiver.status = 201
    assert "events sent" in tick(other, instance)


def test_lineage_that_takes_long_holds_up_events_and_no_sensor(
    receiver: Receiver, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = threading.Event()

    def slow(_nodes: Nodes) -> dict[str, emitting.TableLineage]:
        ready.wait(30)
        return emitting.LINEAGE

    sensor = openlineage_sensor(Warehouse.from_settings(), columns=slow)
    monkeypatch.setattr(sensors, "TURN_SECONDS", 0.05)
    assert "Reading the columns' lineage" in tick(sensor, instance)
    assert receiver.events == []
    ready.set()
    monkeypatch.setattr(sensors, "TURN_SECONDS", 20.0)
    assert "events sent" in tick(sensor, instance)
    lineage = [
        e for e in receiver.events if "columnLineage" in e.get("dataset", {}).get("facets", {})
    ]
    assert [e["dataset"]["name"] for e in lineage] == ["marts.orders"]


def test_lineage_that_nobody_knows_holds_up_nothing_and_is_asked_for_again(
    receiver: Receiver, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [PlatformError("dbt does not compile the project.", hint=""), emitting.LINEAGE]

    def asked(_nodes: Nodes) -> dict[str, emitting.TableLineage]:
        answer = answers.pop(0)
        if isinstance(answer, PlatformError):
            raise answer
        return answer

    def of_columns() -> list[str]:
        return [e["dataset"]["name"] for e in receiver.events if "columnLineage" in str(e)]

    monkeypatch.setattr(sensors, "REFRESH_SECONDS", 0.0)
    sensor = openlineage_sensor(Warehouse.from_settings(), columns=asked)
    assert "events sent" in tick(sensor, instance)
    assert of_columns() == []
    monkeypatch.setattr(sensors, "REFRESH_SECONDS", 600.0)
    until = time.monotonic() + 30
    while not of_columns():  # it is read beside the ticks
        assert time.monotonic() < until
        tick(sensor, instance)
    assert of_columns() == ["marts.orders"]


@pytest.mark.parametrize(
    ("variables", "file", "on"),
    [
        ({}, "", False),
        ({"OPENLINEAGE_URL": "http://receiver"}, "", True),
        ({"OPENLINEAGE_URL": " "}, "", False),
        ({f"{OF}TYPE": "console"}, "", True),
        ({"OPENLINEAGE_URL": "http://receiver", "OPENLINEAGE_DISABLED": "True"}, "", False),
        ({"OPENLINEAGE_CONFIG": "{folder}/other.yml"}, "other.yml", True),
        ({"OPENLINEAGE_CONFIG": "{folder}/gone.yml"}, "", False),
        ({}, "openlineage.yml", True),
        ({"OPENLINEAGE_NAMESPACE": "production"}, "", False),
    ],
)
def test_nothing_is_sent_where_nothing_says_where_to(
    variables: dict[str, str],
    file: str,
    on: bool,
    project_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(folder=tmp_path))
    if file:
        (tmp_path / file).write_text("transport: {type: console}")
    assert settings().openlineage_configured is on


def test_jobs_are_in_the_namespace_that_others_use_too(
    project_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "production")
    settings.cache_clear()
    assert Naming.from_settings().jobs == "production"

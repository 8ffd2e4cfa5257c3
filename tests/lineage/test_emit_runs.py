"""Events of what happens: what each says, and that it is OpenLineage."""

import copy
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from openlineage.client.serde import Serde

from platform_assets.lineage.openlineage.emit import facets, static
from platform_assets.lineage.openlineage.emit.described import Place, Repository, web_address
from platform_assets.lineage.openlineage.emit.facets import PRODUCER
from platform_assets.lineage.openlineage.emit.log import Point
from platform_assets.lineage.openlineage.emit.why import window
from tests.lineage import emitting, spec
from tests.lineage.emitting import Receiver

FAILED = ("raw/orders", "marts/orders", "marts/broken", "report/weekly")
LAKE = "ducklake:///srv/warehouse"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """All that is sent of a run that fails, one of a partition, and runless events."""
    folder = tmp_path_factory.mktemp("emit")
    with emitting.instance_at(folder / "instance") as instance, Receiver().running() as receiver:
        run = emitting.materialize(instance, *FAILED, team="growth")
        schedule = {".dagster/scheduled_execution_time": "1767225600.0"}
        emitting.materialize(instance, "marts/daily", partition="2026-02-03", **schedule)
        emitting.materialize(instance, "marts/orders", **schedule)
        made = dg.AssetMaterialization(["platform", "ledger"], metadata={"dagster/row_count": 5})
        instance.report_runless_asset_event(made)
        instance.report_runless_asset_event(dg.AssetObservation(["raw", "orders"]))
        instance.report_runless_asset_event(dg.AssetMaterialization(["of", "yesterday"]))
        sending = emitting.delivery(receiver.config(), folder)
        done = emitting.tail(instance, sending, snapshot=lambda _at: 42).turn(time.monotonic() + 60)
        assert done.done
        receiver.run = run  # type: ignore[attr-defined]
        yield receiver


def last(sent: Receiver, job: str) -> dict[str, Any]:
    return sent.of(job)[-1]


def test_every_event_and_every_facet_is_openlineage(sent: Receiver) -> None:
    found = {str(event["schemaURL"]).rpartition("/")[2] for event in sent.events}
    assert found == {"RunEvent", "JobEvent", "DatasetEvent"}
    assert [problem for event in sent.events for problem in spec.problems(event)] == []
    assert spec.problems_of_runs(sent.events) == []


def test_the_facets_are_those_that_were_asked_for(sent: Receiver) -> None:
    found = {name for event in sent.events for _, _, name, _ in spec.facets(event)}
    asked = "schema columnLineage ownership documentation outputStatistics dataQualityAssertions "
    asked += "version sql parent nominalTime errorMessage jobType tags symlinks"
    assert set(asked.split()) <= found


def test_all_is_told_by_us(sent: Receiver) -> None:
    assert {event["producer"] for event in sent.events} == {PRODUCER}
    by = {f["_producer"] for event in sent.events for _, _, name, f in spec.facets(event)}
    assert by == {PRODUCER}


def test_a_materialization_starts_and_completes_one_run(sent: Receiver) -> None:
    first, second = sent.of("marts.orders")[:2]
    assert (first["eventType"], second["eventType"]) == ("START", "COMPLETE")
    assert first["run"]["runId"] == second["run"]["runId"]
    assert first["eventTime"] < second["eventTime"]


def test_inputs_come_from_the_asset_graph_and_from_outside(sent: Receiver) -> None:
    def inputs(job: str) -> list[tuple[str, str]]:
        return [(i["namespace"], i["name"]) for i in last(sent, job)["inputs"]]

    assert inputs("marts.orders") == [(LAKE, "raw.orders")]
    assert inputs("raw.orders") == [("file", "/srv/landing/orders")]
    assert inputs("platform.ledger") == [(LAKE, "raw.orders")]


def test_an_output_tells_its_version_its_rows_and_its_columns(sent: Receiver) -> None:
    output = last(sent, "raw.orders")["outputs"][0]
    assert (output["namespace"], output["name"]) == (LAKE, "raw.orders")
    assert output["facets"]["version"]["datasetVersion"] == "42"
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 7  # written, of 100 there
    columns = output["facets"]["schema"]["fields"]
    assert [(c["name"], c["type"]) for c in columns] == [("id", "bigint"), ("email", "varchar")]
    assert columns[0]["description"] == "Its number."  # declared, and not found again by a load
    mart = last(sent, "marts.orders")["outputs"][0]["outputFacets"]["outputStatistics"]
    assert (mart["rowCount"], mart["size"]) == (3, 4096)


def test_what_is_no_table_has_no_version(sent: Receiver) -> None:
    report = next(
        e for e in sent.events if e.get("dataset", {}).get("name") == "/srv/reports/weekly"
    )
    assert {"version", "catalog", "storage"}.isdisjoint(report["dataset"]["facets"])


def test_columns_rest_on_columns_directly_and_indirectly(sent: Receiver) -> None:
    facet = last(sent, "marts.orders")["outputs"][0]["facets"]["columnLineage"]
    total = facet["fields"]["total"]["inputFields"]
    ways = {(i["field"], t["type"], t["subtype"]) for i in total for t in i["transformations"]}
    assert ways == {("payload.price", "DIRECT", "AGGREGATION"), ("id", "INDIRECT", "GROUP_BY")}
    [rows] = facet["dataset"]
    assert (rows["namespace"], rows["name"], rows["field"]) == (LAKE, "raw.orders", "country")
    assert rows["transformations"][0]["subtype"] == "FILTER"


def test_a_personal_column_is_tagged(sent: Receiver) -> None:
    tags = last(sent, "raw.orders")["outputs"][0]["facets"]["tags"]["tags"]
    assert {"key": "personal", "value": "true", "source": "DAGSTER", "field": "email"} in tags
    assert {"key": "domain", "value": "commerce", "source": "DAGSTER"} in tags


def test_a_failure_fails_its_asset_and_says_why_without_secrets(sent: Receiver) -> None:
    event = last(sent, "marts.broken")
    assert event["eventType"] == "FAIL"
    assert event["outputs"] == []
    error = event["run"]["facets"]["errorMessage"]
    assert error["message"] == "ValueError: no table at postgresql://ana:***@db/shop"
    assert "mart_broken" in error["stackTrace"]
    assert "hunter2" not in str(sent.events)


def test_what_a_failure_kept_from_starting_is_aborted(sent: Receiver) -> None:
    start, end = sent.of("report.weekly")
    assert (start["eventType"], end["eventType"]) == ("START", "ABORT")
    assert "Not started" in end["run"]["facets"]["errorMessage"]["message"]


def test_dagsters_run_is_the_parent_and_a_run_itself(sent: Receiver) -> None:
    run = sent.run  # type: ignore[attr-defined]
    of_run = [e for e in sent.events if e.get("run", {}).get("runId") == run]
    assert [e["eventType"] for e in of_run] == ["START", "FAIL"]
    assert "hunter2" not in str(of_run)
    parent = sent.of("marts.orders")[0]["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == parent["root"]["run"]["runId"] == run
    assert parent["job"] == of_run[0]["job"] | {"facets": {}}
    tags = of_run[0]["run"]["facets"]["tags"]["tags"]
    assert {"key": "team", "value": "growth", "source": "DAGSTER"} in tags


def test_a_partition_is_the_time_that_a_run_stands_for(sent: Receiver) -> None:
    time_ = last(sent, "marts.daily")["run"]["facets"]["nominalTime"]
    assert time_["nominalStartTime"] == "2026-02-03T00:00:00+00:00"
    assert time_["nominalEndTime"] == "2026-02-04T00:00:00+00:00"
    scheduled = last(sent, "marts.orders")["run"]["facets"]["nominalTime"]
    assert scheduled["nominalStartTime"] == "2026-01-01T00:00:00+00:00"


def test_a_time_before_there_were_time_zones_is_told() -> None:
    days = dg.DailyPartitionsDefinition("1890-01-01", timezone="Europe/Berlin")
    time_ = facets.nominal(*(window(days, "1890-01-02") or ()))["nominalTime"]
    assert Serde.to_dict(time_)["nominalStartTime"] == "1890-01-01T23:06:32+00:00"


def test_a_check_is_an_assertion_on_what_it_reads(sent: Receiver) -> None:
    event = last(sent, "raw.orders.check.volume")
    assert event["eventType"] == "COMPLETE"  # it has run; its severity says what follows
    [read] = event["inputs"]
    [assertion] = read["inputFacets"]["dataQualityAssertions"]["assertions"]
    told = {name: assertion[name] for name in ("assertion", "success", "severity", "description")}
    expected = {"assertion": "volume", "success": False, "severity": "warn"}
    assert told == expected | {"description": "Few rows."}
    assert event["run"]["facets"]["test"]["tests"][0]["status"] == "fail"


def test_runless_events_have_runs_of_their_own_and_no_parent(sent: Receiver) -> None:
    start, end = sent.of("platform.ledger")
    assert start["run"]["runId"] == end["run"]["runId"]
    assert "parent" not in end["run"]["facets"]
    assert end["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 5


def test_an_observation_reads_and_makes_nothing(sent: Receiver) -> None:
    event = last(sent, "raw.orders.observe")
    assert event["outputs"] == []
    assert [i["name"] for i in event["inputs"]] == ["raw.orders"]


def test_an_asset_that_nobody_declares_any_more_is_told_all_the_same(sent: Receiver) -> None:
    output = last(sent, "of.yesterday")["outputs"][0]
    assert (output["namespace"], output["name"]) == ("dagster://platform", "of/yesterday")


def test_a_run_that_is_ended_by_hand_aborts_what_it_meant_to_make(tmp_path: Path) -> None:
    with emitting.instance_at(tmp_path) as instance:
        job = emitting.DEFINITIONS.resolve_implicit_global_asset_job_def()
        run = instance.create_run_for_job(job, asset_selection=frozenset())
        instance.report_run_canceled(run)
        teller = emitting.teller(instance)
        events = [e for _, x in teller.log.after(Point(), 100).entries for e in teller.events(x)]
    by_job = {e.job.name: e.eventType.value for e in events if e.eventType}
    assert by_job["marts.orders"] == by_job["raw.orders"] == "ABORT"
    assert len(events) == 2 * 7 + 1  # seven assets of the run, and the end of itself


def test_the_same_entry_always_has_the_same_ids(tmp_path: Path) -> None:
    with emitting.instance_at(tmp_path) as instance:
        emitting.materialize(instance, *FAILED)
        instance.report_runless_asset_event(dg.AssetMaterialization(["platform", "ledger"]))

        def ids() -> list[tuple[str, str]]:
            teller = emitting.teller(instance)
            entries = teller.log.after(Point(), 1000).entries
            return [(e.run.runId, e.eventTime) for _, x in entries for e in teller.events(x)]

        assert ids() == ids()
        assert len({run for run, _ in ids()}) == len(ids()) / 2  # a start and an end each


def test_code_is_linked_to_its_repository_without_anybodys_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = web_address("https://bot:token-of-bot@git.example:8443/data/platform.git")
    assert address == "https://git.example:8443/data/platform"
    ssh = "ssh://git@git.example/data/platform.git"
    assert web_address(ssh) == web_address("git@git.example:data/platform.git")
    assert web_address("") == web_address("/srv/repository.git") == ""
    home = Repository(address, "abc123", "main")
    monkeypatch.setattr(facets, "repository", lambda: home)
    asset = replace(emitting.ASSETS["marts/orders"], place=Place("dbt/models/orders.sql", 3))
    found = Serde.to_dict(
        static.JobEvent(
            eventTime="2026-01-01T00:00:00+00:00",
            producer=PRODUCER,
            job=static.Job("platform", "marts.orders", facets.job(asset)),
        )
    )
    assert spec.problems(found) == []
    location = found["job"]["facets"]["sourceCodeLocation"]
    assert location["url"] == f"{address}/blob/abc123/dbt/models/orders.sql#L3"
    assert (location["path"], location["version"]) == ("dbt/models/orders.sql", "abc123")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("eventTime",), "yesterday"),
        (("eventTime",), "2026-01-01T00:00:00"),
        (("eventType",), "DONE"),
        (("run", "runId"), "17"),
        (("producer",), "us"),
        (("job", "name"), ""),
        (("outputs", 0, "namespace"), None),
        (("outputs", 0, "facets", "schema", "fields"), {}),
        (("outputs", 0, "facets", "version", "_schemaURL"), "https://example.org/x.json"),
        (
            ("outputs", 0, "facets", "columnLineage", "dataset", 0, "transformations", 0, "type"),
            "X",
        ),
        (("outputs", 0, "outputFacets", "outputStatistics", "rowCount"), "many"),
        (("run", "facets", "parent", "run", "runId"), "17"),
        (("eventTime",), "20260101T000000Z"),
        (("eventTime",), "1890-01-02T00:00:00+00:53:28"),
        (("run", "runId"), "12345678123456781234567812345678"),
        (("run", "facets"), None),
        (("inputs",), None),
        (("dataset",), {"namespace": "lake", "name": "orders"}),
        (("producer",), "https://example.com/größe"),
        (("outputs", 0, "facets", "dataSource", "uri"), "ducklake:///srv/a b"),
        (("outputs", 0, "facets", "schema", "fields", 0, "name"), None),
        (("outputs", 0, "facets", "schema", "fields", 0, "ordinal_position"), "first"),
        (("outputs", 0, "facets", "schema", "fields", 0, "fields"), [{"type": "int"}]),
        (("outputs", 0, "facets", "stored"), {"_producer": PRODUCER}),
        (("job", "facets", "jobType", "emissionPattern", "windowDuration"), 0),
        (("run", "facets", "parent", "job", "facets"), {"jobType": {"_producer": PRODUCER}}),
        (("run", "facets", "parent", "root", "run", "facets"), {"tags": {"tags": []}}),
    ],
)
def test_the_spec_that_events_are_held_against_notices(
    sent: Receiver, path: tuple[Any, ...], value: Any
) -> None:
    event: Any = copy.deepcopy(sent.of("marts.orders")[1])
    assert spec.problems(event) == []
    inner = event
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert spec.problems(event) != []

"""Events as they arrive: those of real producers are accepted, others refused in readable words."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.lineage.openlineage.received import columns, events
from platform_assets.lineage.openlineage.received.events import Refused, Unreadable, moment, read
from tests.lineage import producers
from tests.lineage.producers import dataset

Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize("told", producers.everybody(), ids=lambda e: str(e.get("eventType")))
def test_what_producers_send_is_accepted(told: dict[str, Any]) -> None:
    event = read(told)
    assert event.kind in ("run", "job", "dataset")
    assert json.loads(event.body) == told, "kept as it came"
    told_datasets = [*told.get("inputs", ()), *told.get("outputs", ())] or [told.get("dataset")]
    named = [(d["namespace"], d["name"]) for d in told_datasets if d]
    assert [(d.namespace, d.name) for d in event.datasets] == named


def test_the_least_an_event_needs() -> None:
    least = {
        "eventTime": "2020-12-28T19:52:00.001+10:00",
        "producer": "https://example.com/x",
        "run": {"runId": "0176A8C2-FE01-7439-87E6-56A1A1B4029F"},
        "job": {"namespace": "n", "name": "j"},
        "inputs": None,
    }
    event = read(least)
    assert event.run_id == "0176a8c2-fe01-7439-87e6-56a1a1b4029f"
    assert event.at == datetime(2020, 12, 28, 9, 52, 0, 1000, UTC)
    assert event.type == "" and event.datasets == ()


def test_facets_as_the_specifications_examples_have_them() -> None:
    """They leave out whose facets they are, and have the columns' transformations the old way."""
    told = {
        "eventType": "START",
        "eventTime": "2020-12-09T23:37:31.081Z",
        "run": {"runId": "3b452093-782c-4ef2-9c0c-aafe2aa6f34d"},
        "job": {"namespace": "scheduler", "name": "myjob.mytask"},
        "inputs": [dataset("source", "a.b", schema={"fields": [{"name": "ia", "type": "INT"}]})],
        "outputs": [dataset("source", "a.c", columnLineage={"fields": {"oa": {
            "inputFields": [{"namespace": "source", "name": "a.b", "field": "ia"}],
            "transformationDescription": "identical", "transformationType": "IDENTITY"}}})],
        "producer": "https://example.com/v1-0-0/client",
    }  # fmt: skip
    output = read(told).datasets[1]
    (source,) = columns.sources(output.facets)["oa"]
    assert source["transformations"] == [
        {"type": "DIRECT", "subtype": "IDENTITY", "description": "identical"}
    ]


def put(path: str, value: Any) -> Change:
    """Return a change that puts a value at a path such as `run.runId`."""

    def change(event: dict[str, Any]) -> None:
        *way, last = path.split(".")
        at: Any = event
        for part in way:
            at = at[int(part)] if part.isdigit() else at[part]
        at[int(last) if last.isdigit() else last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("run.runId", "no", "run.runId: not a UUID"),
        ("run.runId", None, "run.runId: is missing"),
        ("run", [], "run: not an object"),
        ("eventTime", "yesterday", "eventTime: not a date-time, such as 2026-01-31T12:00:00Z"),
        ("eventTime", "2026-01-31T12:00:00", "eventTime: has no offset, such as Z or +00:00"),
        ("eventTime", "2026-02-31T12:00:00Z", "eventTime: not a date-time"),
        ("eventTime", "9026-01-31T12:00:00Z", "eventTime: more than a day in the future"),
        ("eventTime", 5, "eventTime: not a date-time"),
        ("eventType", "DONE", "eventType: not one of START, RUNNING, COMPLETE, ABORT, FAIL, OTHER"),
        ("producer", "me", "producer: not a URI"),
        ("producer", None, "producer: is missing"),
        ("schemaURL", 1, "schemaURL: not a URI"),
        ("job", None, "job: is missing"),
        ("job.name", 4, "job.name: not a text"),
        ("job.namespace", " ", "job.namespace: not a name of 1 to 2048 printable characters"),
        ("job.name", "a\x00b", "job.name: not a name"),
        ("inputs", {}, "inputs: not a list"),
        ("inputs.0", "x", "inputs[0]: not an object"),
        ("inputs.0.namespace", None, "inputs[0].namespace: is missing"),
        ("inputs.0.facets", [], "inputs[0].facets: not an object"),
        ("inputs.0.facets.schema.fields", 3, "inputs[0].facets.schema.fields: not a list"),
        ("inputs.0.facets.schema._producer", 3, "inputs[0].facets.schema._producer: not a text"),
        (
            "inputs.0.facets.schema.fields.1.name",
            None,
            "inputs[0].facets.schema.fields[1].name: is missing",
        ),
        (
            "outputs.0.facets.columnLineage.fields.revenue.inputFields.0.name",
            7,
            "outputs[0].facets.columnLineage.fields.revenue.inputFields[0].name: not a text",
        ),
        ("outputs.0.outputFacets.x", 1, "outputs[0].outputFacets.x: not an object"),
        ("inputs", [{}] * 2001, "inputs: more than 2000 datasets"),
    ],
)
def test_a_refusal_names_the_field(path: str, value: Any, reason: str) -> None:
    told = json.loads(json.dumps(producers.spark()[2]))
    put(path, value)(told)
    with pytest.raises(Refused) as refused:
        read(told)
    assert any(each.startswith(reason) for each in refused.value.reasons), refused.value.reasons


def test_every_reason_is_told_at_once_but_no_more_than_a_page_of_them() -> None:
    with pytest.raises(Refused) as refused:
        read({"eventType": "X", "inputs": [{}] * 100})
    assert "eventTime: is missing" in refused.value.reasons
    assert "producer: is missing" in refused.value.reasons
    assert len(refused.value.reasons) == events.SAID


@pytest.mark.parametrize("found", [None, [], "x", 4, {}, {"job": 5}, {"dataset": []}])
def test_what_is_no_event_is_refused(found: Any) -> None:
    with pytest.raises(Refused):
        read(found)


def test_what_is_too_deep_is_refused_without_recursion() -> None:
    told = producers.airflow()[0]
    nest: Any = {}
    for _ in range(900):
        nest = [nest]
    told["run"]["facets"]["deep"] = producers.facet("https://x.y", "Deep", nest=nest)
    with pytest.raises(Refused, match="more than 64 objects and lists within each other"):
        read(told)
    with pytest.raises(Unreadable):
        events.load("[" * 100_000 + "]" * 100_000)


def test_of_a_facet_that_is_too_large_its_size_is_kept() -> None:
    told = producers.airflow()[0]
    told["run"]["facets"]["plan"] = producers.facet("https://x.y", "Plan", text="x" * 1_100_000)
    kept = read(told).run_facets
    assert kept["plan"]["_producer"] == "https://x.y" and "text" not in kept["plan"]
    assert "1100" in kept["plan"]["leftOut"]
    assert kept["nominalTime"] == told["run"]["facets"]["nominalTime"]


def test_the_same_event_has_the_same_digest_however_it_is_written() -> None:
    told = producers.spark()[0]
    again = json.loads(json.dumps(dict(reversed(told.items())), indent=2))
    assert read(told).digest == read(again).digest
    assert read({**told, "eventType": "OTHER"}).digest != read(told).digest


@pytest.mark.parametrize("text", ["2026-01-31", "2026-01-31T12:00", "20260131T120000Z", "", None])
def test_what_is_no_moment(text: Any) -> None:
    assert moment(text) is None


def test_a_moment_of_java_has_nanoseconds() -> None:
    found = moment("2026-01-31T12:00:00.123456789Z")
    assert found == datetime(2026, 1, 31, 12, 0, 0, 123456, UTC)
    assert moment("2026-01-31T12:00:00+0530") == datetime(2026, 1, 31, 6, 30, tzinfo=UTC)
    assert found is not None and found.utcoffset() == timedelta(0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([
            "run", "job", "dataset", "inputs", "outputs", "facets", "name", "namespace", "runId",
            "eventTime", "eventType", "producer", "schema", "fields", "columnLineage", "lineage",
            "symlinks", "identifiers", "_deleted", "_producer", "_schemaURL", "inputFields",
        ]),
        inner, max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON, st.sampled_from(["job", "inputs", "outputs", "run", "facets"]))
def test_no_json_breaks_the_reader(found: Any, where: str) -> None:
    for told in (found, {**producers.spark()[2], where: found}):
        try:
            event = read(told)
        except Refused as refused:
            assert refused.reasons
        else:
            assert event.digest

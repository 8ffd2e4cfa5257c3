"""What is told of a report: the columns of its queries, and what they rest on."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from platform_assets.lineage.columns import trace
from platform_assets.lineage.openlineage.emit import datasets
from platform_assets.lineage.openlineage.emit.described import describe
from platform_assets.lineage.project import of_queries
from platform_assets.reporting.statements import of_reports
from tests.lineage import emitting, spec
from tests.lineage.emitting import Receiver

MARTS = "ducklake:///srv/warehouse"
REPORT = """\
```sql totals
SELECT id, total FROM marts.orders WHERE total > 3
```

```sql best
SELECT max(total) AS most FROM totals
```
"""
DEFS = """\
type: platform_assets.components.Report
attributes: {title: Weekly, owner: "team:data", description: Totals.}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The declaration of a report with two queries, one of which reads the other."""
    place = tmp_path / "reports" / "weekly"
    place.mkdir(parents=True)
    (place / "defs.yaml").write_text(DEFS)
    (place / "report.md").write_text(REPORT)
    (tmp_path / "reports" / "torn").mkdir()
    (tmp_path / "reports" / "torn" / "defs.yaml").write_text(DEFS)
    (tmp_path / "reports" / "torn" / "report.md").write_text("```sql a\nDROP TABLE x\n```\n")
    return place.parent


@pytest.fixture
def sent(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[dict[str, Any]]]:
    """What is sent of a materialization of it."""
    queries = of_queries(of_reports(folder))
    lineage = trace(queries, {"marts.orders": ["id", "total"]})
    assets = describe(list(emitting.GRAPH.asset_nodes), emitting.NAMING, columns=lambda _: lineage)
    monkeypatch.setattr(emitting, "ASSETS", assets)
    with emitting.instance_at(tmp_path / "instance") as instance, Receiver().running() as receiver:
        emitting.materialize(instance, "report/weekly")
        sending = emitting.delivery(receiver.config(), tmp_path)
        emitting.tail(instance, sending).turn(time.monotonic() + 60)
        yield receiver.events


def ways(found: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    return {
        (each["namespace"], each["name"], each["field"], way["subtype"])
        for each in found["inputFields"]
        for way in each["transformations"]
    }


def test_a_report_that_is_made_tells_the_columns_of_its_queries(
    sent: list[dict[str, Any]],
) -> None:
    assert [problem for event in sent for problem in spec.problems(event)] == []
    made = next(
        event
        for event in sent
        if event.get("eventType") == "COMPLETE" and event["job"]["name"] == "report.weekly"
    )
    [output] = made["outputs"]
    assert (output["namespace"], output["name"]) == ("file", "/srv/reports/weekly")
    names = ["totals.id", "totals.total", "best.most"]
    assert [field["name"] for field in output["facets"]["schema"]["fields"]] == names
    fields = output["facets"]["columnLineage"]["fields"]
    assert set(fields) == set(names)
    total = (MARTS, "marts.orders", "total")
    assert ways(fields["totals.id"]) == {
        (MARTS, "marts.orders", "id", "IDENTITY"),
        (*total, "FILTER"),
    }
    assert ways(fields["best.most"]) == {(*total, "AGGREGATION"), (*total, "FILTER")}


def test_a_report_is_told_of_before_it_is_made(sent: list[dict[str, Any]]) -> None:
    dataset = next(
        event["dataset"]
        for event in sent
        if event.get("dataset", {}).get("name") == "/srv/reports/weekly"
    )
    assert set(dataset["facets"]["columnLineage"]["fields"]) == {
        *("totals.id", "totals.total", "best.most")
    }
    assert "dataset" not in dataset["facets"]["columnLineage"], "each query has rows of its own"


def test_a_report_whose_queries_are_not_known_tells_none() -> None:
    report = emitting.ASSETS["report/weekly"]
    assert {"columnLineage", "schema"}.isdisjoint(datasets.facets_of(report, emitting.NAMING))


def test_a_report_that_is_not_understood_has_no_queries(folder: Path) -> None:
    assert {report for report, _, _ in of_reports(folder)} == {"weekly"}

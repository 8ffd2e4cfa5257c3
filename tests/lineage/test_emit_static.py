"""The catalog as events."""

from dataclasses import replace

import pytest
from openlineage.client.serde import Serde

from platform_assets.lineage.model import Edge, Source, Statement, TableLineage
from platform_assets.lineage.openlineage.emit import datasets, facets, static
from platform_assets.lineage.openlineage.emit.described import Place, Repository, web_address
from tests.lineage import spec
from tests.lineage.emitting import ASSETS, NAMING

NOW = "2026-01-02T03:04:05.000000+00:00"


def test_every_asset_is_a_dataset_and_what_is_made_here_a_job() -> None:
    events = [Serde.to_dict(e) for e in static.events(ASSETS, NAMING, NOW)]
    assert [p for event in events for p in spec.problems(event)] == []
    datasets = [e["dataset"]["name"] for e in events if "dataset" in e]
    jobs = [e["job"]["name"] for e in events if "job" in e]
    assert len(datasets) == len(ASSETS) == 8
    assert "platform.ledger" in datasets
    assert "platform.ledger" not in jobs  # nothing here makes it
    assert len(jobs) == 7


def test_a_job_tells_what_it_reads_and_makes() -> None:
    [job] = [
        Serde.to_dict(e)
        for e in static.events(ASSETS, NAMING, NOW)
        if isinstance(e, static.JobEvent) and e.job.name == "raw.orders"
    ]
    assert [i["name"] for i in job["inputs"]] == ["/srv/landing/orders"]
    assert [o["name"] for o in job["outputs"]] == ["raw.orders"]
    assert job["job"]["facets"]["ownership"]["owners"] == [{"name": "team:data", "type": "OWNER"}]


def test_addresses_are_addresses_whatever_folders_are_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = Repository(web_address("git@git.example:große Daten/platform.git"), "abc123", "main")
    monkeypatch.setattr(facets, "repository", lambda: home)
    naming = replace(NAMING, lake="ducklake:///srv/100% Daten")
    asset = replace(ASSETS["marts/orders"], place=Place("dbt/models/je Tag #1.sql", 3))
    events = [Serde.to_dict(e) for e in static.events({"marts/orders": asset}, naming, NOW)]
    assert [p for event in events for p in spec.problems(event)] == []
    source = events[0]["dataset"]["facets"]["dataSource"]
    assert (source["name"], source["uri"]) == (naming.lake, "ducklake:///srv/100%25%20Daten")
    url = events[1]["job"]["facets"]["sourceCodeLocation"]["url"]
    folder = "https://git.example/gro%C3%9Fe%20Daten/platform/blob/abc123/dbt/models"
    assert url == f"{folder}/je%20Tag%20%231.sql#L3"
    assert web_address("https://git.example/a%20b/_git/c~d") == "https://git.example/a%20b/_git/c~d"


def test_a_digest_tells_one_content_from_another_and_nothing_else() -> None:
    digest = static.digest(ASSETS, NAMING)
    assert static.digest(dict(reversed(ASSETS.items())), NAMING) == digest
    other = ASSETS | {"raw/orders": replace(ASSETS["raw/orders"], description="Another.")}
    assert static.digest(other, NAMING) != digest
    assert static.digest(ASSETS, replace(NAMING, jobs="other")) != digest


def test_lineage_of_which_nothing_is_known_is_not_told() -> None:
    unknown = TableLineage("raw/orders", "raw.orders", {"id": ()}, (), "Nobody knows.")
    facets_ = datasets.facets_of(replace(ASSETS["raw/orders"], lineage=unknown), NAMING)
    assert "columnLineage" not in facets_


def test_a_secret_in_a_models_sql_is_not_told() -> None:
    url = "postgresql://ana:hunter2hunter2@db/shop"
    edge = Edge(Source("raw.orders", "id"), "INDIRECT", "FILTER", f"host = '{url}'")
    asset = replace(
        ASSETS["marts/orders"],
        lineage=TableLineage("marts/orders", "marts.orders", {"id": (edge,)}),
        statement=Statement("marts/orders", "marts.orders", f"SELECT '{url}'"),
    )
    told = [Serde.to_dict(event) for event in static.events({"marts/orders": asset}, NAMING, NOW)]
    assert "postgresql://ana:***@db/shop" in str(told)
    assert "hunter2" not in str(told)

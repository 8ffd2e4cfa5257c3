"""Clients that others use, over real HTTP: OpenLineage's own, and dbt-ol."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import (
    DatasetEvent,
    InputDataset,
    Job,
    JobEvent,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    StaticDataset,
)
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    documentation_dataset,
    schema_dataset,
    sql_job,
)
from openlineage.client.serde import Serde
from openlineage.client.uuid import generate_new_uuid

from platform_assets.catalog.external import External
from platform_assets.lineage.openlineage.received.reading import Reader
from platform_assets.lineage.openlineage.received.store import Store
from tests.catalog.world import FixedCatalog
from tests.lineage.receiving import api, client, served, store_in

PRODUCER = "https://example.com/tests"
KEY = "a key of tests 1234"
NS = "postgres://shop-db.example:5432"


def needs_dbt_ol() -> str:
    """Return the command; skip a test where it is not installed, which under CI it has to be."""
    command = shutil.which("dbt-ol", path=str(Path(sys.executable).parent))
    if command is None:
        assert os.environ.get("CI") != "true", "openlineage-dbt is not installed"
        pytest.skip("openlineage-dbt is not installed")
    return command


def told_by_client() -> list[Any]:
    field = column_lineage_dataset.InputField(
        namespace=NS, name="shop.orders", field="amount",
        transformations=[column_lineage_dataset.Transformation("DIRECT", "AGGREGATION")],
    )  # fmt: skip
    fields = {"total": column_lineage_dataset.Fields(inputFields=[field])}
    target = OutputDataset(NS, "shop.totals", facets={
        "schema": schema_dataset.SchemaDatasetFacet(
            fields=[schema_dataset.SchemaDatasetFacetFields("total", "DOUBLE")]),
        "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields),
    })  # fmt: skip
    run = Run(str(generate_new_uuid()))
    job = Job("client", "totals", facets={"sql": sql_job.SQLJobFacet("select 1")})
    now = datetime.now(UTC).isoformat()
    described = documentation_dataset.DocumentationDatasetFacet(description="All orders.")
    return [
        RunEvent(eventTime=now, producer=PRODUCER, run=run, job=job, eventType=RunState.START),
        RunEvent(
            eventTime=now, producer=PRODUCER, run=run, job=job, eventType=RunState.COMPLETE,
            inputs=[InputDataset(NS, "shop.orders")], outputs=[target],
        ),
        JobEvent(eventTime=now, producer=PRODUCER, job=Job("client", "planned"),
                 inputs=[InputDataset(NS, "shop.totals")]),
        DatasetEvent(eventTime=now, producer=PRODUCER,
                     dataset=StaticDataset(NS, "shop.orders", facets={"documentation": described})),
    ]  # fmt: skip


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_openlineages_own_client_goes_round(tmp_path: Path, compression: str | None) -> None:
    store, events = store_in(tmp_path), told_by_client()
    with served(api(store, KEY)) as url:
        auth = {"type": "api_key", "apiKey": KEY}
        transport = {"type": "http", "url": url, "auth": auth, "compression": compression}
        sender = OpenLineageClient(config={"transport": transport})
        for event in events:
            sender.emit(event)
        sender.close()
    headers = {"authorization": f"Bearer {KEY}"}
    with client(store, KEY) as asked:
        kept = asked.get("/api/v1/events/lineage?sortDirection=asc", headers=headers).json()
        assert kept["events"] == [Serde.to_dict(event) for event in events]
        found = asked.get("/api/v1/namespaces/client/jobs/totals", headers=headers).json()
    assert found["latestRun"]["state"] == "COMPLETED"
    assert found["outputs"] == [{"namespace": NS, "name": "shop.totals"}]


def test_openlineages_own_client_is_told_that_its_key_is_wrong(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with served(api(store, KEY)) as url:
        auth = {"type": "api_key", "apiKey": "another"}
        sender = OpenLineageClient(config={"transport": {"type": "http", "url": url, "auth": auth}})
        with pytest.raises(Exception, match="401"):
            sender.emit(told_by_client()[0])


MODELS = {
    # dbt-ol tells of sources, and not of seeds; the comment has dbt load the seed first.
    "models/staging/stg_orders.sql": (
        "-- depends_on: {{ ref('orders') }}\nselect id, amount from {{ source('raw', 'orders') }}"
    ),
    "models/staging/sources.yml": (
        "sources:\n  - name: raw\n    schema: main\n    tables:\n      - name: orders\n"
    ),
    "models/marts/totals.sql": "select sum(amount) as total from {{ ref('stg_orders') }}",
    "models/marts/totals.yml": (
        "models:\n  - name: totals\n    description: What orders bring.\n    columns:\n"
        "      - name: total\n        data_tests: [not_null]\n"
    ),
    "seeds/orders.csv": "id,amount\n1,10\n2,32\n",
    "dbt_project.yml": (
        "name: shop\nversion: 1.0.0\nprofile: shop\nmodels:\n  shop:\n    +materialized: table\n"
        "flags:\n  send_anonymous_usage_stats: false\n"
    ),
    "profiles.yml": (
        "shop:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n      path: shop.duckdb\n"
        "      threads: 1\n"
    ),
}


def small_project(folder: Path) -> Path:
    for name, text in MODELS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_dbt_ol_shows_its_lineage(tmp_path: Path) -> None:
    command = needs_dbt_ol()
    project, store = small_project(tmp_path / "shop"), store_in(tmp_path)
    with served(api(store, KEY)) as url:
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "OPENLINEAGE_URL": url,
            "OPENLINEAGE_API_KEY": KEY,
            "OPENLINEAGE_NAMESPACE": "dbt-shop",
            "DBT_PROFILES_DIR": str(project),
        }
        done = subprocess.run(
            [sys.executable, command, "build", "--project-dir", str(project)], cwd=project,
            env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with client(store, KEY) as asked:
        headers = {"authorization": f"Bearer {KEY}"}
        jobs = asked.get("/api/v1/namespaces/dbt-shop/jobs", headers=headers).json()["jobs"]
        by_name = {job["name"]: job for job in jobs}
        totals = next(job for name, job in by_name.items() if "totals" in name and job["outputs"])
        assert [each["name"] for each in totals["inputs"]] == ["shop.main.stg_orders"]
        assert [each["name"] for each in totals["outputs"]] == ["shop.main.totals"]
        assert totals["latestRun"]["state"] == "COMPLETED"
        node = f"dataset:{totals['outputs'][0]['namespace']}:shop.main.totals"
        params = {"nodeId": node}
        graph = asked.get("/api/v1/lineage", params=params, headers=headers).json()["graph"]
        names = {each["id"].rpartition(":")[2] for each in graph}
        assert {"shop.main.orders", "shop.main.stg_orders", "shop.main.totals"} <= names
    shown_in_catalog(store)


def shown_in_catalog(store: Store) -> None:
    """The catalog has the project's lineage, with its columns, beside our own assets."""
    catalog = FixedCatalog(external=External(Reader(store), lambda _assets: {}))
    view = catalog.view()
    found = {a.title: a for a in view.graph.assets.values() if a.kind == "external"}
    totals = found["shop.main.totals"]
    upstream = {view.graph.assets[key].title for key in view.graph.upstream(totals.key)}
    assert {"shop.main.stg_orders", "shop.main.orders"} <= upstream
    assert totals.description == "What orders bring."
    assert [column.name for column in totals.columns] == ["total"]
    assert view.verdicts[totals.key].health.name == "good"
    hits = catalog.index.search("totals").hits
    assert totals.key in [hit.asset.key for hit in hits]

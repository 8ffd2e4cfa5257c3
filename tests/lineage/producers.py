"""Events in the shapes that real producers send: Spark, Airflow, Flink, dbt-ol, and by hand.

The names are a made-up shop's; what facets there are, and how datasets are called, is the
producers' own.
"""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

Event = dict[str, Any]
NOW = datetime.now(UTC).replace(microsecond=0)
CORE = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs"
SPARK = "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/integration/spark"
AIRFLOW = "https://github.com/apache/airflow/tree/providers-openlineage/2.20.3"
FLINK = "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/integration/flink"
DBT = "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/integration/dbt"
SHOP = "postgres://shop-db.example:5432"
LAKE = "s3://company-lake"
_numbers = itertools.count(1)


def run_id(number: int | None = None) -> str:
    return str(UUID(int=(0x7000 << 64) + (number or next(_numbers) + 10_000)))


def facet(producer: str, kind: str, /, **more: Any) -> dict[str, Any]:
    url = f"https://openlineage.io/spec/facets/1-0-0/{kind}.json#/$defs/{kind}"
    return {"_producer": producer, "_schemaURL": url, **more}


def schema(producer: str, *fields: tuple[str, str], **described: str) -> dict[str, Any]:
    told = [{"name": n, "type": t} | ({"description": described[n]} if n in described else {})
            for n, t in fields]  # fmt: skip
    return facet(producer, "SchemaDatasetFacet", fields=told)


def dataset(namespace: str, name: str, /, **facets: Any) -> dict[str, Any]:
    return {"namespace": namespace, "name": name, "facets": facets}


def rests_on(namespace: str, name: str, field: str, kind: str, subtype: str) -> dict[str, Any]:
    how = {"type": kind, "subtype": subtype, "description": "", "masking": False}
    return {"namespace": namespace, "name": name, "field": field, "transformations": [how]}


def run_event(
    kind: str, run: str, job: str, namespace: str = "airflow", at: datetime = NOW,
    producer: str = AIRFLOW, run_facets: Any = None, job_facets: Any = None,
    inputs: Any = (), outputs: Any = (),
) -> Event:  # fmt: skip
    return {
        "eventType": kind,
        "eventTime": at.isoformat().replace("+00:00", "Z"),
        "producer": producer,
        "schemaURL": f"{CORE}/RunEvent",
        "run": {"runId": run, "facets": run_facets or {}},
        "job": {"namespace": namespace, "name": job, "facets": job_facets or {}},
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


def spark() -> list[Event]:
    """A Delta table made from two JDBC tables: unknown facets, symlinks, columns, output facets."""
    run, name = run_id(), "shop_etl.execute_save_into_data_source_command.daily_orders"
    orders = dataset(
        SHOP, "shop.public.orders",
        schema=schema(SPARK, ("id", "long"), ("customer_id", "long"), ("total", "decimal(12,2)")),
        dataSource=facet(SPARK, "DatasourceDatasetFacet", name=SHOP, uri=SHOP),
    )  # fmt: skip
    customers = dataset(
        SHOP, "shop.public.customers", schema=schema(SPARK, ("id", "long"), ("country", "string"))
    )
    lineage = facet(
        SPARK, "ColumnLineageDatasetFacet",
        fields={
            "country": {"inputFields": [
                rests_on(SHOP, "shop.public.customers", "country", "DIRECT", "IDENTITY")]},
            "revenue": {"inputFields": [
                rests_on(SHOP, "shop.public.orders", "total", "DIRECT", "AGGREGATION")]},
        },
        dataset=[rests_on(SHOP, "shop.public.orders", "customer_id", "INDIRECT", "JOIN"),
                 rests_on(SHOP, "shop.public.customers", "id", "INDIRECT", "JOIN")],
    )  # fmt: skip
    target = {
        **dataset(
            LAKE, "warehouse/daily_orders",
            schema=schema(SPARK, ("country", "string"), ("revenue", "decimal(22,2)"),
                          country="Where the customer lives."),
            columnLineage=lineage,
            symlinks=facet(SPARK, "SymlinksDatasetFacet", identifiers=[
                {"namespace": "hive://metastore.example:9083", "name": "shop.daily_orders",
                 "type": "TABLE"}]),
            storage=facet(SPARK, "StorageDatasetFacet", storageLayer="delta", fileFormat="parquet"),
            ownership=facet(SPARK, "OwnershipDatasetFacet", owners=[
                {"name": "user:ana@example.com", "type": "STEWARD"}]),
            documentation=facet(SPARK, "DocumentationDatasetFacet",
                                description="Revenue of each day, by **country**."),
        ),
        "outputFacets": {"outputStatistics": facet(
            SPARK, "OutputStatisticsOutputDatasetFacet", rowCount=4212, size=188112, fileCount=3)},
    }  # fmt: skip
    job_facets = {"jobType": facet(SPARK, "JobTypeJobFacet", processingType="BATCH",
                                   integration="SPARK", jobType="SQL_JOB")}  # fmt: skip
    run_facets = {
        "spark_properties": facet(SPARK, "SparkProperties", properties={
            "spark.master": "yarn", "spark.app.name": "shop_etl"}),
        "processing_engine": facet(SPARK, "ProcessingEngineRunFacet", version="4.0.1",
                                   name="spark", openlineageAdapterVersion="1.54.0"),
        "parent": facet(SPARK, "ParentRunFacet", run={"runId": run_id(7)},
                        job={"namespace": "airflow", "name": "shop_daily.spark_submit"}),
    }  # fmt: skip
    common: Any = {"namespace": "spark-cluster", "producer": SPARK, "job_facets": job_facets}
    return [
        run_event("START", run, name, at=NOW - timedelta(minutes=9), run_facets=run_facets,
                  inputs=[orders, customers], **common),
        run_event("RUNNING", run, name, at=NOW - timedelta(minutes=8), **common),
        run_event("COMPLETE", run, name, at=NOW - timedelta(minutes=5), run_facets=run_facets,
                  inputs=[orders, customers], outputs=[target], **common),
    ]  # fmt: skip


def airflow(target: dict[str, Any] | None = None) -> list[Event]:
    """A task that succeeds, and one that fails with its error."""
    sql = "insert into mart.orders select * from orders where total > 0"
    job_facets = {
        "jobType": facet(AIRFLOW, "JobTypeJobFacet", processingType="BATCH",
                         integration="AIRFLOW", jobType="TASK"),
        "sql": facet(AIRFLOW, "SQLJobFacet", query=sql, dialect="postgres"),
        "ownership": facet(AIRFLOW, "OwnershipJobFacet", owners=[{"name": "team:platform"}]),
        "documentation": facet(AIRFLOW, "DocumentationJobFacet", description="Fills the mart."),
    }  # fmt: skip
    run_facets = {
        "nominalTime": facet(AIRFLOW, "NominalTimeRunFacet",
                             nominalStartTime="2026-01-31T00:00:00Z",
                             nominalEndTime="2026-02-01T00:00:00Z"),
        "airflow": facet(AIRFLOW, "AirflowRunFacet", task={"operator_class": "SQLExecuteQuery"},
                         dagRun={"run_id": "scheduled__2026-01-31"}),
    }  # fmt: skip
    good, bad = run_id(), run_id()
    common: Any = {"job_facets": job_facets}
    error = facet(AIRFLOW, "ErrorMessageRunFacet", message="relation \"mart.orders\" is locked",
                  programmingLanguage="python",
                  stackTrace='Traceback (most recent call last):\n  File "task.py"')  # fmt: skip
    source = dataset(SHOP, "shop.public.orders")
    made = target or dataset(SHOP, "shop.mart.orders")
    return [
        run_event("START", good, "shop_daily.fill_mart", at=NOW - timedelta(hours=25),
                  run_facets=run_facets, inputs=[source], **common),
        run_event("COMPLETE", good, "shop_daily.fill_mart", at=NOW - timedelta(hours=24),
                  inputs=[source], outputs=[made], **common),
        run_event("START", bad, "shop_daily.fill_mart", at=NOW - timedelta(hours=2),
                  run_facets=run_facets, **common),
        run_event("FAIL", bad, "shop_daily.fill_mart", at=NOW - timedelta(hours=1),
                  run_facets={"errorMessage": error}, **common),
    ]  # fmt: skip


def flink() -> list[Event]:
    """A stream that never ends, from one topic to another; RUNNING again and again."""
    run = run_id()
    topics = [
        dataset("kafka://broker.example:9092", name,
                schema=schema(FLINK, ("id", "STRING"), ("at", "TIMESTAMP(3)")),
                datasetType=facet(FLINK, "DatasetTypeDatasetFacet", datasetType="TOPIC"))
        for name in ("clicks", "clicks.enriched")
    ]  # fmt: skip
    job_facets = {"jobType": facet(FLINK, "JobTypeJobFacet", processingType="STREAMING",
                                   integration="FLINK", jobType="JOB")}  # fmt: skip
    return [
        run_event(kind, run, "enrich_clicks", "flink", NOW - timedelta(minutes=30 - 10 * place),
                  FLINK, None, job_facets, topics[:1], topics[1:])
        for place, kind in enumerate(("START", "RUNNING", "RUNNING"))
    ]  # fmt: skip


def designed() -> list[Event]:
    """A job and a view that somebody described, which nothing ran yet."""
    return [
        {
            "eventTime": (NOW - timedelta(days=1)).isoformat(),
            "producer": "https://example.com/catalog",
            "schemaURL": f"{CORE}/JobEvent",
            "job": {"namespace": "design", "name": "nightly_export", "facets": {}},
            "inputs": [dataset(LAKE, "warehouse/daily_orders")],
            "outputs": [dataset("file", "/exports/orders.csv")],
        },
        {
            "eventTime": (NOW - timedelta(days=1)).isoformat(),
            "producer": "https://example.com/catalog",
            "schemaURL": f"{CORE}/DatasetEvent",
            "dataset": dataset(
                SHOP, "shop.public.top_customers",
                lineage=facet("https://example.com/catalog", "LineageDatasetFacet", inputs=[
                    {"namespace": SHOP, "name": "shop.public.customers", "type": "DATASET"}]),
            ),
        },
    ]  # fmt: skip


def everybody() -> list[Event]:
    return [*spark(), *airflow(), *flink(), *designed()]

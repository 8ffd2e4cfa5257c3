"""What we tell of datasets, jobs and runs, in OpenLineage's facets.

What belongs here: one function per subject, from our words to OpenLineage's. What does not: where
the words come from (`described`), which event carries them (`runs`, `static`).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

import dagster as dg
from openlineage.client.event_v2 import set_producer
from openlineage.client.facet_v2 import (
    JobFacet,
    RunFacet,
    catalog_dataset,
    column_lineage_dataset,
    dataset_type_dataset,
    dataset_version_dataset,
    datasource_dataset,
    documentation_dataset,
    documentation_job,
    error_message_run,
    job_type_job,
    nominal_time_run,
    output_statistics_output_dataset,
    ownership_dataset,
    ownership_job,
    parent_run,
    processing_engine_run,
    schema_dataset,
    source_code_location_job,
    sql_job,
    storage_dataset,
    symlinks_dataset,
    tags_dataset,
    tags_job,
    tags_run,
)

from platform_assets.lineage.model import Edge, TableLineage
from platform_assets.lineage.openlineage.emit.described import Described, plain, repository
from platform_assets.lineage.openlineage.naming import REPORT, DatasetNames, Naming
from resources.secrets import redacted
from resources.settings import secret_values

INTEGRATION = "DAGSTER"
TAG_SOURCE = "DAGSTER"
MARKDOWN = "text/markdown"
LONGEST = 2_000  # characters of an error's message
ROWS = ("rows_loaded", "dagster/row_count")  # what a load has written stands before what is there
SIZES = ("dagster/size_bytes", "bytes")

# The URI of the code that makes our events, which every facet carries too.
PRODUCER = f"urn:platform-assets:{version('platform-assets')}"
set_producer(PRODUCER)
# Looking a version up takes a millisecond, and every event of a run tells them.
DAGSTER, CLIENT = version("dagster"), version("openlineage-python")

Facets = dict[str, Any]


def dataset(asset: Described, naming: Naming, columns: Iterable[dg.TableColumn] = ()) -> Facets:
    """Return what is so of a dataset whether or not it is made just now.

    Args:
        columns: as the last materialization found them; default: as declared.
    """
    shown = _explained(columns, asset.columns) or asset.columns
    found: Facets = {
        "symlinks": _symlinks(asset.names),
        "documentation": documentation_dataset.DocumentationDatasetFacet(
            asset.description, MARKDOWN
        )
        if asset.description
        else None,
        "ownership": ownership_dataset.OwnershipDatasetFacet(
            [ownership_dataset.Owner(_owner(owner), "OWNER") for owner in asset.owners]
        )
        if asset.owners
        else None,
        "schema": _schema(shown),
        "tags": _dataset_tags(asset, shown),
        "columnLineage": _column_lineage(asset.lineage, naming),
        "datasetType": dataset_type_dataset.DatasetTypeDatasetFacet(_type(asset)),
        **(_table(asset, naming) if asset.table else {}),
    }
    return _present(found)


def _table(asset: Described, naming: Naming) -> Facets:
    return {
        "catalog": catalog_dataset.CatalogDatasetFacet(
            framework="ducklake", type="ducklake", name=naming.lake, warehouseUri=naming.files
        ),
        # A namespace may have blanks, of a folder's name; a URI may not.
        "dataSource": datasource_dataset.DatasourceDatasetFacet(
            naming.lake, quote(naming.lake, safe="/:[]")
        ),
        "storage": storage_dataset.StorageDatasetFacet("ducklake", "parquet"),
    }


def _type(asset: Described) -> str:
    if asset.key.startswith(f"{REPORT}/"):
        return "REPORT"
    if "view" in asset.kinds:
        return "VIEW"
    return "TABLE" if asset.table else "ASSET"


def _owner(owner: str) -> str:
    """Return an owner as the spec writes one: with what it is before it."""
    return owner if ":" in owner else f"user:{owner}"


def _symlinks(names: DatasetNames) -> Any:
    if not names.symlinks:
        return None
    return symlinks_dataset.SymlinksDatasetFacet(
        [symlinks_dataset.Identifier(i.namespace, i.name, i.kind) for i in names.symlinks]
    )


def _explained(
    found: Iterable[dg.TableColumn], declared: Iterable[dg.TableColumn]
) -> tuple[dg.TableColumn, ...]:
    """Return columns as they were found, with what was written of them."""
    written = {column.name.lower(): column.description for column in declared}
    return tuple(
        dg.TableColumn(c.name, c.type, c.description or written.get(c.name.lower()), tags=c.tags)
        for c in found
    )


def _schema(columns: Iterable[dg.TableColumn]) -> Any:
    fields = [
        schema_dataset.SchemaDatasetFacetFields(
            name=column.name,
            type=None if column.type == "?" else column.type,
            description=column.description or None,
            ordinal_position=place,
        )
        for place, column in enumerate(columns, start=1)
    ]
    return schema_dataset.SchemaDatasetFacet(fields) if fields else None


def _dataset_tags(asset: Described, columns: Iterable[dg.TableColumn]) -> Any:
    field = tags_dataset.TagsDatasetFacetFields
    tags = [field(k, v, TAG_SOURCE) for k, v in sorted(asset.tags.items())]
    tags += [
        field(k, str(v), TAG_SOURCE, column.name)
        for column in {c.name: c for c in (*asset.columns, *columns) if c.tags}.values()
        for k, v in sorted(column.tags.items())
    ]
    return tags_dataset.TagsDatasetFacet(tags) if tags else None


def _column_lineage(lineage: TableLineage | None, naming: Naming) -> Any:
    """Return the facet: direct edges and indirect ones of a column, and those of all rows."""
    if lineage is None or not (any(lineage.columns.values()) or lineage.rows):
        return None
    fields = {
        column: column_lineage_dataset.Fields(_inputs(edges, naming))
        for column, edges in lineage.columns.items()
        if edges
    }
    return column_lineage_dataset.ColumnLineageDatasetFacet(
        fields=fields, dataset=_inputs(lineage.rows, naming) or None
    )


def _inputs(edges: Iterable[Edge], naming: Naming) -> list[column_lineage_dataset.InputField]:
    """Return an input per source column, with every way in which it counts."""
    ways: dict[tuple[str, str], list[column_lineage_dataset.Transformation]] = {}
    for edge in edges:
        if not edge.source.column:
            continue  # the rows of a table count, no column: the table is an input of the job
        told = redacted(edge.expression, secret_values()) or None
        way = column_lineage_dataset.Transformation(edge.kind, edge.subtype, told)
        known = ways.setdefault((edge.source.table, edge.source.name), [])
        if way not in known:
            known.append(way)
    found = []
    for (table, column), transformations in ways.items():
        name = naming.table(table)
        found.append(
            column_lineage_dataset.InputField(name.namespace, name.name, column, transformations)
        )
    return found


def snapshot(number: int | None) -> Facets:
    """Return the version of a dataset: the warehouse's snapshot that it is in."""
    if number is None:
        return {}
    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(str(number))}


def statistics(metadata: Mapping[str, Any]) -> Facets:
    """Return what a materialization says of how much it wrote; nothing where it does not say."""
    rows, size = _first(metadata, ROWS), _first(metadata, SIZES)
    if rows is None and size is None:
        return {}
    facet = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rows, size)
    return {"outputStatistics": facet}


def _first(metadata: Mapping[str, Any], names: Iterable[str]) -> int | None:
    values = (plain(metadata.get(name)) for name in names)
    return next((v for v in values if isinstance(v, int) and not isinstance(v, bool)), None)


def job(asset: Described, kind: str) -> dict[str, JobFacet]:
    """Return what is so of the job that makes an asset.

    Args:
        kind: what it is in Dagster: `ASSET`.
    """
    found: Facets = {
        "jobType": job_type(kind),
        "documentation": documentation_job.DocumentationJobFacet(asset.description, MARKDOWN)
        if asset.description
        else None,
        "ownership": ownership_job.OwnershipJobFacet(
            [ownership_job.Owner(_owner(owner), "OWNER") for owner in asset.owners]
        )
        if asset.owners
        else None,
        "sql": _sql(asset),
        "sourceCodeLocation": _location(asset),
        "tags": tags_job.TagsJobFacet(
            [tags_job.TagsJobFacetFields(k, v, TAG_SOURCE) for k, v in sorted(asset.tags.items())]
        )
        if asset.tags
        else None,
    }
    return _present(found)


def _sql(asset: Described) -> JobFacet | None:
    if asset.statement is None:
        return None
    query = redacted(asset.statement.sql, secret_values())
    return sql_job.SQLJobFacet(query, asset.statement.dialect)


def job_type(kind: str) -> JobFacet:
    """Return that a job ends by itself, and what it is in Dagster: `ASSET`, `CHECK`, `JOB` …"""
    pattern = job_type_job.EmissionPattern("EVENT_BASED", "ACCUMULATIVE")
    return job_type_job.JobTypeJobFacet("BATCH", INTEGRATION, kind, pattern)


def _location(asset: Described) -> JobFacet | None:
    """Return where the code is; nothing where no address is known, which the facet must have."""
    home = repository()
    if asset.place is None or home is None:
        return None
    return source_code_location_job.SourceCodeLocationJobFacet(
        type="git",
        url=home.link(asset.place),
        repoUrl=home.url,
        path=asset.place.path,
        version=home.version,
        branch=home.branch or None,
    )


def run(tags: Mapping[str, str]) -> dict[str, RunFacet]:
    """Return what is so of every run: the engine, and the tags that people and sensors gave it."""
    own = {k: v for k, v in sorted(tags.items()) if not k.startswith((".dagster/", "dagster/"))}
    fields = [tags_run.TagsRunFacetFields(k, v, TAG_SOURCE) for k, v in own.items()]
    found: Facets = {
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(
            DAGSTER, "dagster", CLIENT
        ),
        "tags": tags_run.TagsRunFacet(fields) if fields else None,
    }
    return _present(found)


def parent(run_id: str, namespace: str, name: str) -> dict[str, RunFacet]:
    """Return that a run is part of a run of Dagster's."""
    facet = parent_run.ParentRunFacet(
        parent_run.Run(run_id),
        parent_run.Job(namespace, name),
        parent_run.Root(parent_run.RootRun(run_id), parent_run.RootJob(namespace, name)),
    )
    return {"parent": facet}


def nominal(start: datetime | None, end: datetime | None = None) -> dict[str, RunFacet]:
    """Return the time that a run stands for; nothing for one that stands for none.

    In UTC: before there were time zones, clocks were minutes and seconds apart, which OpenLineage's
    times can't say.
    """
    if start is None:
        return {}
    facet = nominal_time_run.NominalTimeRunFacet(
        start.astimezone(UTC).isoformat(), end.astimezone(UTC).isoformat() if end else None
    )
    return {"nominalTime": facet}


def error(message: str, trace: str = "") -> dict[str, RunFacet]:
    """Return why a run failed; both texts are without secrets already."""
    facet = error_message_run.ErrorMessageRunFacet(message[:LONGEST], "python", trace or None)
    return {"errorMessage": facet}


def _present(found: Facets) -> Facets:
    return {name: facet for name, facet in found.items() if facet is not None}

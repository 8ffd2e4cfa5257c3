"""What we tell of jobs and runs, in OpenLineage's facets.

What belongs here: one function per subject, from our words to OpenLineage's. What does not: what we
tell of datasets (`datasets`), where the words come from (`described`), which event carries them
(`runs`, `static`).

The client adds tags of its own to those of jobs and runs, and Kafka's transport looks at a run's
parent: these stay the client's objects. Others are in their last form (`prepared`).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

from openlineage.client.event_v2 import set_producer
from openlineage.client.facet_v2 import (
    JobFacet,
    RunFacet,
    dataset_version_dataset,
    documentation_job,
    error_message_run,
    job_type_job,
    nominal_time_run,
    output_statistics_output_dataset,
    ownership_job,
    parent_run,
    processing_engine_run,
    source_code_location_job,
    sql_job,
    tags_job,
    tags_run,
)

from platform_assets.lineage.openlineage.emit.described import Described, plain, repository
from platform_assets.lineage.openlineage.emit.prepared import Prepared, prepared
from resources.secrets import redacted
from resources.settings import secret_values

INTEGRATION = "DAGSTER"
TAG_SOURCE = "DAGSTER"
MARKDOWN = "text/markdown"
LONGEST = 2_000  # characters of an error's message
ROWS = ("rows_loaded", "dagster/row_count")  # what a load has written stands before what is there
SIZES = ("dagster/size_bytes", "bytes")
KEPT = 1_000  # assets and runs, of which what does not change is made once

# The URI of the code that makes our events, which every facet carries too.
PRODUCER = f"urn:platform-assets:{version('platform-assets')}"
set_producer(PRODUCER)

Facets = dict[str, Any]


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


def job(asset: Described) -> Facets:
    """Return what is so of the job that makes an asset."""
    fields = [tags_job.TagsJobFacetFields(k, v, TAG_SOURCE) for k, v in sorted(asset.tags.items())]
    tags = {"tags": tags_job.TagsJobFacet(fields)} if fields else {}
    return {**_job(asset, secret_values()), **tags}


@lru_cache(KEPT)
def _job(asset: Described, secrets: frozenset[str]) -> Facets:
    """Return the facets that the client does not change.

    Args:
        secrets: in clear; what is told is without them.
    """
    found: Facets = {"documentation": None, "ownership": None}
    if asset.description:
        found["documentation"] = documentation_job.DocumentationJobFacet(
            asset.description, MARKDOWN
        )
    if asset.owners:
        owners = [ownership_job.Owner(owner(one), "OWNER") for one in asset.owners]
        found["ownership"] = ownership_job.OwnershipJobFacet(owners)
    found |= {"sql": _sql(asset, secrets), "sourceCodeLocation": _location(asset)}
    made = {name: prepared(facet) for name, facet in found.items() if facet is not None}
    return {**job_type("ASSET"), **made}


def owner(name: str) -> str:
    """Return an owner as the spec writes one: with what it is before it."""
    return name if ":" in name else f"user:{name}"


def _sql(asset: Described, secrets: frozenset[str]) -> JobFacet | None:
    if asset.statement is None:
        return None
    query = redacted(asset.statement.sql, secrets)
    return sql_job.SQLJobFacet(query, asset.statement.dialect)


@cache
def job_type(kind: str) -> Facets:
    """Return that a job ends by itself, and what it is in Dagster: `ASSET`, `CHECK`, `JOB` …"""
    pattern = job_type_job.EmissionPattern("EVENT_BASED", "ACCUMULATIVE")
    facet = job_type_job.JobTypeJobFacet("BATCH", INTEGRATION, kind, pattern)
    return {"jobType": prepared(facet)}


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


def run(tags: Mapping[str, str]) -> Facets:
    """Return what is so of every run: the engine, and the tags that people and sensors gave it."""
    own = {k: v for k, v in sorted(tags.items()) if not k.startswith((".dagster/", "dagster/"))}
    fields = [tags_run.TagsRunFacetFields(k, v, TAG_SOURCE) for k, v in own.items()]
    found: Facets = {"tags": tags_run.TagsRunFacet(fields)} if fields else {}
    return found | {"processing_engine": _engine()}


@cache
def _engine() -> Prepared:
    return prepared(
        processing_engine_run.ProcessingEngineRunFacet(
            version("dagster"), "dagster", version("openlineage-python")
        )
    )


@lru_cache(KEPT)
def _parent(run_id: str, namespace: str, name: str) -> RunFacet:
    return parent_run.ParentRunFacet(
        parent_run.Run(run_id),
        parent_run.Job(namespace, name),
        parent_run.Root(parent_run.RootRun(run_id), parent_run.RootJob(namespace, name)),
    )


def parent(run_id: str, namespace: str, name: str) -> Facets:
    """Return that a run is part of a run of Dagster's."""
    return {"parent": _parent(run_id, namespace, name)}


def nominal(start: datetime | None, end: datetime | None = None) -> Facets:
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


def error(message: str, trace: str = "") -> Facets:
    """Return why a run failed; both texts are without secrets already."""
    facet = error_message_run.ErrorMessageRunFacet(message[:LONGEST], "python", trace or None)
    return {"errorMessage": facet}

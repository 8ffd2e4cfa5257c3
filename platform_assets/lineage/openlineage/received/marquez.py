"""Rows as the JSON that clients of Marquez's API read.

What belongs here: names and shapes of that API. What does not: HTTP (`web`), queries (`reading`).
Facets are shown as they came; what is made of them here may be missing in any of them.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from platform_assets.lineage.openlineage.received import events as ev
from platform_assets.lineage.openlineage.received import tables as t
from platform_assets.lineage.openlineage.received.merging import DERIVED
from platform_assets.lineage.openlineage.received.reading import Neighbourhood
from platform_assets.lineage.openlineage.received.tables import Row

Json = dict[str, Any]
BEFORE_ALL = "1970-01-01T00:00:00Z"


def time(value: int | None) -> str | None:
    """Return a time as text."""
    found = t.moment_of(value)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z") if found else None


def namespace(row: Row) -> Json:
    """Return a namespace."""
    return {
        "name": row["namespace"],
        "createdAt": time(row["first_at"]),
        "updatedAt": time(row["last_at"]),
        "ownerName": "anonymous",
        "description": None,
        "isHidden": False,
    }


def dataset(row: Row) -> Json:
    """Return a dataset."""
    facets = orjson.loads(row["facets"])
    kind = str(facets.get("datasetType", {}).get("datasetType") or "").upper()
    topic = kind in ("TOPIC", "STREAM") or row["namespace"].startswith("kafka:")
    return {
        "id": {"namespace": row["namespace"], "name": row["name"]},
        "type": "STREAM" if topic else "DB_TABLE",
        "name": row["name"],
        "physicalName": row["name"],
        "createdAt": time(row["first_at"]),
        "updatedAt": time(row["last_at"]),
        "namespace": row["namespace"],
        "sourceName": facets.get("dataSource", {}).get("name") or row["namespace"],
        "fields": [
            {"name": each["name"], "type": each.get("type"), "tags": _tags(facets, each["name"]),
             "description": each.get("description")}
            for each in facets.get("schema", {}).get("fields") or ()
        ],
        "tags": _tags(facets),
        "lastModifiedAt": time(row["modified_at"]),
        "lastLifecycleState": row["state"] or None,
        "description": facets.get("documentation", {}).get("description"),
        "currentVersion": version(row),
        "columnLineage": _columns(facets),
        "facets": facets,
        "deleted": row["state"] == "DROP",
    }  # fmt: skip


def version(row: Row) -> str:
    """Return an id that changes when the fields, names or owners of a thing do."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{row['key']}#{row['shape']}"))


def _tags(facets: Mapping[str, Any], field: str | None = None) -> list[str]:
    return [
        each["key"]
        for each in facets.get("tags", {}).get("tags") or ()
        if each.get("field") == field
    ]


def _columns(facets: Mapping[str, Any]) -> list[Json] | None:
    fields = facets.get("columnLineage", {}).get("fields")
    return [
        {
            "name": name,
            "inputFields": [
                {"namespace": i["namespace"], "dataset": i["name"], "field": i.get("field")}
                for i in each["inputFields"]
            ],
            "transformationType": each.get("transformationType"),
            "transformationDescription": each.get("transformationDescription"),
        }
        for name, each in fields.items()
    ] if fields else None  # fmt: skip


def job(row: Row, inputs: Sequence[Row], outputs: Sequence[Row], runs: Sequence[Row]) -> Json:
    """Return a job.

    Args:
        inputs, outputs: rows of its datasets.
        runs: its newest, the newest first.
    """
    facets = orjson.loads(row["facets"])
    kind = str(facets.get("jobType", {}).get("processingType") or "BATCH").upper()
    latest = [run(each, row) for each in runs]
    return {
        "id": {"namespace": row["namespace"], "name": row["name"]},
        "type": "STREAM" if kind.startswith("STREAM") else "BATCH",
        "name": row["name"],
        "simpleName": row["name"].rpartition(".")[2] or row["name"],
        "parentJobName": None,
        "parentJobUuid": None,
        "createdAt": time(row["first_at"]),
        "updatedAt": time(row["last_at"]),
        "namespace": row["namespace"],
        "inputs": [_id(each) for each in inputs],
        "outputs": [_id(each) for each in outputs],
        "location": facets.get("sourceCodeLocation", {}).get("url"),
        "description": facets.get("documentation", {}).get("description"),
        "latestRun": latest[0] if latest else None,
        "latestRuns": latest,
        "tags": _tags(facets),
        "labels": [],
        "currentVersion": version(row),
        "facets": facets,
    }


def _id(row: Row) -> Json:
    return {"namespace": row["namespace"], "name": row["name"]}


def run(row: Row, of_job: Row | None) -> Json:
    """Return a run."""
    facets = orjson.loads(row["facets"])
    nominal = facets.get("nominalTime", {})
    started, ended = row["started_at"], row["ended_at"]
    known = of_job is not None
    return {
        "id": row["run_id"],
        "createdAt": time(row["first_at"]),
        "updatedAt": time(row["last_at"]),
        "nominalStartTime": nominal.get("nominalStartTime"),
        "nominalEndTime": nominal.get("nominalEndTime"),
        "state": row["state"],
        "startedAt": time(started),
        "endedAt": time(ended),
        "durationMs": (ended - started) // 1000 if started and ended and ended >= started else None,
        "args": {},
        "jobVersion": {**_id(of_job), "version": version(of_job)} if known and of_job else None,
        "inputDatasetVersions": [],
        "outputDatasetVersions": [],
        "facets": facets,
    }


def node_id(kind: str, row: Row) -> str:
    """Return the id of a node of the graph: `dataset:<namespace>:<name>`."""
    return f"{kind}:{row['namespace']}:{row['name']}"


def graph(near: Neighbourhood, runs: Mapping[str, Row]) -> Json:
    """Return a lineage graph.

    Args:
        runs: of each job's key, its newest run.
    """
    ids = {key: node_id("job", row) for key, row in near.jobs.items()}
    ids |= {key: node_id("dataset", row) for key, row in near.datasets.items()}
    edges = sorted({_edge(link, ids) for link in near.links
                    if link["job"] in ids and link["dataset"] in ids})  # fmt: skip
    nodes = []
    for key, row in near.jobs.items():
        inputs, outputs = ends(key, near.links, near.datasets)
        newest = [runs[key]] if key in runs else []
        nodes.append((ids[key], "JOB", job(row, inputs, outputs, newest)))
    nodes += [(ids[key], "DATASET", dataset(row)) for key, row in near.datasets.items()]
    return {"graph": _with_edges(sorted(nodes, key=lambda n: n[0]), edges)}


def ends(
    job_key: str, links: Iterable[Row], datasets: Mapping[str, Row]
) -> tuple[list[Row], list[Row]]:
    """Return the datasets that a job reads, and those it writes."""
    of_job = [r for r in links if r["job"] == job_key and r["dataset"] in datasets]
    return tuple(  # type: ignore[return-value]
        sorted((datasets[r["dataset"]] for r in of_job if r["role"] == role),
               key=lambda d: (d["namespace"], d["name"]))
        for role in (ev.INPUT, ev.OUTPUT)
    )  # fmt: skip


def _edge(link: Row, ids: Mapping[str, str]) -> tuple[str, str]:
    """Return from where to where data flows."""
    job_id, dataset_id = ids[link["job"]], ids[link["dataset"]]
    into_job = link["role"] in (ev.INPUT, DERIVED)
    return (dataset_id, job_id) if into_job else (job_id, dataset_id)


def _with_edges(
    nodes: Iterable[tuple[str, str, Json]], edges: Sequence[tuple[str, str]]
) -> list[Json]:
    incoming: dict[str, list[Json]] = {}
    outgoing: dict[str, list[Json]] = {}
    for origin, destination in edges:
        edge = {"origin": origin, "destination": destination}
        incoming.setdefault(destination, []).append(edge)
        outgoing.setdefault(origin, []).append(edge)
    return [
        {
            "id": name,
            "type": kind,
            "data": data,
            "inEdges": incoming.get(name, []),
            "outEdges": outgoing.get(name, []),
        }
        for name, kind, data in nodes
    ]

"""Which columns rest on which, as datasets tell of themselves in `columnLineage` and `lineage`.

What belongs here: reading both facets as one, and the graph that Marquez makes of them. What does
not: column lineage of our own SQL (`platform_assets.lineage.columns`).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from platform_assets.lineage.openlineage.received.tables import Row

Column = tuple[str, str, str]  # namespace, dataset, field
Json = dict[str, Any]
WHOLE = ""  # the field of what rests on, or influences, a dataset as a whole


def sources(facets: Mapping[str, Any]) -> dict[str, list[Json]]:
    """Return of each column what it rests on; under `WHOLE` what every column does.

    Each is `namespace`, `name`, `field` and `transformations`, a list of `type`, `subtype` and
    `description`.
    """
    explicit, implicit = facets.get("lineage") or {}, facets.get("columnLineage") or {}
    found: dict[str, list[Json]] = {}
    if isinstance(explicit.get("fields"), dict) and explicit["fields"]:
        of = {name: _dicts(each, "inputs") for name, each in explicit["fields"].items()}
        whole = [each for each in _dicts(explicit, "inputs") if each.get("field")]
    else:
        fields = implicit.get("fields") or {}
        of = {name: _dicts(each, "inputFields") for name, each in fields.items()}
        whole = _dicts(implicit, "dataset")
    for name, each in of.items():
        found[name] = [_source(one, fields_of=facets, name=name) for one in each]
    if whole:
        found[WHOLE] = [_source(one) for one in whole]
    return found


def _dicts(found: Any, name: str) -> list[Json]:
    every = found.get(name) if isinstance(found, dict) else None
    return [
        each
        for each in (every if isinstance(every, list) else ())
        if isinstance(each, dict)
        and isinstance(each.get("namespace"), str)
        and isinstance(each.get("name"), str)
        and each.get("type") != "JOB"
    ]


def _source(found: Json, fields_of: Mapping[str, Any] | None = None, name: str = "") -> Json:
    transformations = [
        {key: str(each.get(key) or "") for key in ("type", "subtype", "description")}
        for each in found.get("transformations") or ()
        if isinstance(each, dict)
    ]
    if not transformations and fields_of is not None:
        # The old way: one transformation of the output column, whatever it rests on.
        old = ((fields_of.get("columnLineage") or {}).get("fields") or {}).get(name) or {}
        if old.get("transformationType") or old.get("transformationDescription"):
            kind = str(old.get("transformationType") or "")
            told = str(old.get("transformationDescription") or "")
            transformations = [{"type": "DIRECT", "subtype": kind, "description": told}]
    return {
        "namespace": found["namespace"],
        "name": found["name"],
        "field": str(found.get("field") or ""),
        "transformations": transformations,
    }


def graph(datasets: Iterable[Row], begin: Iterable[Row], field: str, downstream: bool) -> Json:
    """Return the graph of columns around those of some datasets.

    Args:
        datasets: whose facets are looked at.
        begin: where to begin, at one field or all.
    """
    edges = list(_edges(datasets))
    first = {(r["namespace"], r["name"]) for r in begin}
    every = {column for edge in edges for column in edge}
    start = {c for c in every if c[:2] in first and field in ("", c[2])}
    kept = _reached(start, edges, up=True)
    if downstream:
        kept |= _reached(start, edges, up=False)
    return {"graph": [_node(column, edges, kept) for column in sorted(kept)]}


def _edges(datasets: Iterable[Row]) -> Iterator[tuple[Column, Column]]:
    for row in datasets:
        for name, inputs in sources(orjson.loads(row["facets"])).items():
            for each in inputs:
                if name and each["field"]:
                    origin = (each["namespace"], each["name"], each["field"])
                    yield origin, (row["namespace"], row["name"], name)


def _reached(start: set[Column], edges: Iterable[tuple[Column, Column]], up: bool) -> set[Column]:
    beside: dict[Column, list[Column]] = {}
    for origin, destination in edges:
        here, there = (destination, origin) if up else (origin, destination)
        beside.setdefault(here, []).append(there)
    found, ahead = set(start), deque(start)
    while ahead:
        for other in beside.get(ahead.popleft(), ()):
            if other not in found:
                found.add(other)
                ahead.append(other)
    return found


def _node(column: Column, edges: Iterable[tuple[Column, Column]], kept: set[Column]) -> Json:
    def name(each: Column) -> str:
        return ":".join(("datasetField", *each))

    def edge(a: Column, b: Column) -> Json:
        return {"origin": name(a), "destination": name(b)}

    incoming = [e for e in edges if e[1] == column and e[0] in kept]
    return {
        "id": name(column),
        "type": "DATASET_FIELD",
        "data": {
            "namespace": column[0],
            "dataset": column[1],
            "field": column[2],
            "inputFields": [
                {"namespace": o[0], "dataset": o[1], "field": o[2]} for o, _ in incoming
            ],
        },
        "inEdges": [edge(a, b) for a, b in incoming],
        "outEdges": [edge(a, b) for a, b in edges if a == column and b in kept],
    }

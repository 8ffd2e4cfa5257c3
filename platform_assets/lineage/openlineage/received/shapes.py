"""What a facet must look like for its readers, and how it is said where one does not.

What belongs here: the standard facets that something here reads. What does not: facets nobody
here knows: they are kept as they came. A field that is null counts as left out, as producers in
Java mean it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Shape = (
    Any  # str | bool | int, [shape] of a list, {name: shape}; `name?` may be missing, `*` is any
)

_FIELD: Shape = {"name": str, "type?": str, "description?": str}
_FIELD["fields?"] = [_FIELD]
_INPUT: Shape = {
    "namespace": str,
    "name": str,
    "field?": str,
    "transformations?": [{"type?": str, "subtype?": str, "description?": str, "masking?": bool}],
}
_OWNERS: Shape = {"owners?": [{"name": str, "type?": str}]}
_TAGS: Shape = {"tags?": [{"key": str, "field?": str}]}
# Of a job that the event is about anyway, the names are left out.
_ORIGIN: Shape = {"namespace?": str, "name?": str, "type?": str}
_ENTRY: Shape = {**_ORIGIN, "inputs?": [_ORIGIN]}
_ENTRIES: Shape = {"entries?": [_ENTRY], "lineage?": [_ENTRY]}  # the second in its first draft
_DOCUMENTATION: Shape = {"description": str}

DATASET: Mapping[str, Shape] = {
    "schema": {"fields?": [_FIELD]},
    "columnLineage": {"fields?": {"*": {"inputFields": [_INPUT]}}, "dataset?": [_INPUT]},
    "symlinks": {"identifiers?": [{"namespace": str, "name": str, "type?": str}]},
    "ownership": _OWNERS,
    "documentation": _DOCUMENTATION,
    "dataSource": {"name?": str, "uri?": str},
    "version": {"datasetVersion": str},
    "lifecycleStateChange": {"lifecycleStateChange": str},
    "tags": _TAGS,
    "lineage": {"inputs?": [_ORIGIN]},
}
JOB: Mapping[str, Shape] = {
    "sql": {"query": str, "dialect?": str},
    "jobType": {"processingType?": str, "integration?": str, "jobType?": str},
    "ownership": _OWNERS,
    "documentation": _DOCUMENTATION,
    "sourceCodeLocation": {"type?": str, "url?": str},
    "tags": _TAGS,
    "lineage": _ENTRIES,
}
RUN: Mapping[str, Shape] = {
    "parent": {"run": {"runId": str}, "job": {"namespace": str, "name": str}},
    "nominalTime": {"nominalStartTime": str, "nominalEndTime?": str},
    "errorMessage": {"message": str, "stackTrace?": str},
    "lineage": _ENTRIES,
    "processing_engine": {"version?": str, "name?": str},
}
_NAMES = {str: "a text", bool: "true or false"}


def wrong(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Yield what is wrong with a value, each as `path: reason`."""
    if isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{path}: not a list"
            return
        for place, item in enumerate(value):
            yield from wrong(item, shape[0], f"{path}[{place}]")
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            yield f"{path}: not an object"
        elif "*" in shape:
            for name, item in value.items():
                yield from wrong(item, shape["*"], f"{path}.{name}")
        else:
            yield from _fields(value, shape, path)
    elif not isinstance(value, shape):
        yield f"{path}: not {_NAMES[shape]}"


def _fields(value: Mapping[str, Any], shape: Mapping[str, Shape], path: str) -> Iterator[str]:
    for key, inner in shape.items():
        name = key.rstrip("?")
        if value.get(name) is not None:
            yield from wrong(value[name], inner, f"{path}.{name}")
        elif not key.endswith("?"):
            yield f"{path}.{name}: is missing"

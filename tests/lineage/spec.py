"""OpenLineage's specification, as far as an event can be held against it.

JSON schemas of events and facets are made from the official client's classes, which are generated
from the specification: what is required, and of which type. What no schema says is checked by hand:
times with a zone, words that must be of a set, facets in their place, runs that begin before they
end.
"""

import re
import types
import typing
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

import attr
import jsonschema
from openlineage.client import event_v2, facet_v2
from openlineage.client.facet_v2 import parent_run
from openlineage.client.generated import base

TIMES = {"eventTime", "nominalStartTime", "nominalEndTime", "lastUpdatedAt"}
TOLD_BY = {"producer", "schemaURL", "_producer", "_schemaURL"}  # required, whatever their default
ADDRESSES = TOLD_BY | {"url", "uri"}
LEAST = {"windowDuration": 1}
TIME = re.compile(  # RFC 3339's; Python's own reading takes other ways of writing one, too
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"
)
_PART = r"(?:[\w.~:/?@!$&'()*+,;=\[\]-]|%[0-9A-Fa-f]{2})*"
ADDRESS = rf"(?a)^[A-Za-z][A-Za-z0-9+.-]*:{_PART}(?:#{_PART})?\Z"  # RFC 3986's
SUBTYPES = {
    "DIRECT": {"IDENTITY", "TRANSFORMATION", "AGGREGATION"},
    "INDIRECT": {"JOIN", "GROUP_BY", "FILTER", "SORT", "WINDOW", "CONDITIONAL"},
}
EVENTS = {
    "RunEvent": event_v2.RunEvent,
    "JobEvent": event_v2.JobEvent,
    "DatasetEvent": event_v2.DatasetEvent,
}
SUBJECTS = {"RunEvent": {"run", "job"}, "JobEvent": {"job"}, "DatasetEvent": {"dataset"}}
Event = Mapping[str, Any]
Schema = dict[str, Any]


def problems(event: Event) -> list[str]:
    """Return everything that is wrong with an event; [] for a good one.

    What is wrong with its facets is looked for when all around them is right, and what it means
    when they are.
    """
    url = str(event.get("schemaURL", ""))
    name = url.rpartition("/")[2]
    if name not in EVENTS or url != EVENTS[name]._get_schema():
        return [f"schemaURL {event.get('schemaURL')!r} is of no event"]
    found = list(_against(event, EVENTS[name], name))
    if event.keys() & {"run", "job", "dataset"} != SUBJECTS[name]:
        found.append(f"a {name} of {sorted(event)}")
    if not found:
        for where, kind, facet_name, facet in facets(event):
            found += _facet(f"{where}.{facet_name}", kind, facet_name, facet)
    return found or list(_meaning(event))


def _against(value: Any, cls: type, where: str) -> Iterator[str]:
    validator = jsonschema.Draft202012Validator(schema_of(cls), format_checker=_checker())
    for error in validator.iter_errors(value):
        yield f"{where}{error.json_path[1:]}: {error.message}"


@cache
def _checker() -> jsonschema.FormatChecker:
    checker = jsonschema.FormatChecker()
    checker.checks("date-time", raises=ValueError)(_is_time)
    checker.checks("uuid", raises=ValueError)(_is_uuid)
    return checker


def _is_time(value: Any) -> bool:
    """RFC 3339: a date, a time and a zone; what is no text is none of a format's business."""
    if not isinstance(value, str):
        return True
    return bool(TIME.fullmatch(value)) and datetime.fromisoformat(value).tzinfo is not None


def _is_uuid(value: Any) -> bool:
    return not isinstance(value, str) or str(uuid.UUID(value)) == value.lower()


@cache
def schema_of(cls: type) -> Schema:
    """Return the JSON schema of one of the client's classes."""
    definitions: dict[str, Schema] = {}
    return {**_reference(cls, definitions), "$defs": definitions}


def _reference(cls: type, definitions: dict[str, Schema]) -> Schema:
    """Return a reference to the schema of a class, which may hold itself."""
    name = f"{cls.__module__}.{cls.__qualname__}"
    if name not in definitions:
        definitions[name] = {}
        definitions[name].update(_definition(cls, definitions))
    return {"$ref": f"#/$defs/{name}"}


def _definition(cls: type, definitions: dict[str, Schema]) -> Schema:
    hints = typing.get_type_hints(cls)
    properties, required = {}, []
    for field in attr.fields(cls):
        hint = hints.get(field.name, Any)
        properties[field.name] = _schema_of(hint, definitions) | _limits(field.name)
        if field.default is attr.NOTHING or field.name in TOLD_BY:
            required.append(field.name)
    return {"type": "object", "properties": properties, "required": required}


def _limits(name: str) -> Schema:
    """Return what the specification says of a field besides its type."""
    if name in TIMES:
        return {"format": "date-time"}
    if name == "runId":
        return {"format": "uuid"}
    if name in LEAST:
        return {"minimum": LEAST[name]}
    return {"pattern": ADDRESS} if name in ADDRESSES else {}


def _schema_of(hint: Any, definitions: dict[str, Schema]) -> Schema:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        kinds = [_schema_of(a, definitions) for a in arguments if a is not type(None)]
        return {"anyOf": kinds}
    if origin is list:
        return {"type": "array", "items": _schema_of(arguments[0], definitions)}
    if origin is dict:
        return {
            "type": "object",
            "additionalProperties": _schema_of(arguments[1], definitions),
        }
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [each.value for each in hint]}
    if isinstance(hint, type) and attr.has(hint):
        return _reference(hint, definitions)
    plain = {str: "string", int: "integer", float: "number", bool: "boolean"}
    return {"type": plain[hint]} if hint in plain else {}


def facets(event: Event) -> Iterator[tuple[str, type, str, Mapping[str, Any]]]:
    """Yield each facet of an event: where it is, what it must be, its name and itself."""
    places: list[tuple[str, type, Mapping[str, Any]]] = [
        ("run", base.RunFacet, event.get("run", {}).get("facets", {})),
        ("job", base.JobFacet, event.get("job", {}).get("facets", {})),
        ("dataset", base.DatasetFacet, event.get("dataset", {}).get("facets", {})),
    ]
    for side, kind, own in (
        ("inputs", base.InputDatasetFacet, "inputFacets"),
        ("outputs", base.OutputDatasetFacet, "outputFacets"),
    ):
        for dataset in event.get(side, ()):
            places.append((side, base.DatasetFacet, dataset.get("facets", {})))
            places.append((side, kind, dataset.get(own, {})))
    for where, kind, found in places:
        for name, facet in found.items():
            yield where, kind, name, facet


def _facet(where: str, kind: type, name: str, facet: Mapping[str, Any]) -> Iterator[str]:
    cls = _classes().get(str(facet.get("_schemaURL")))
    if cls is None:
        yield f"{where}: {facet.get('_schemaURL')!r} is of no facet"
        return
    if not issubclass(cls, kind):
        yield f"{where}: a {cls.__name__} does not belong here"
    stem = name[:1].upper() + name[1:].replace("_engine", "Engine")
    stem = {"Version": "DatasetVersion", "DataSource": "Datasource", "Sql": "SQL"}.get(stem, stem)
    if not re.fullmatch(f"{re.escape(stem)}(Input|Output)?(Dataset|Job|Run)Facet", cls.__name__):
        yield f"{where}: a {cls.__name__} is called otherwise"
    wrong = list(_against(facet, cls, where))
    yield from wrong
    if cls is parent_run.ParentRunFacet and not wrong:
        for side, found in (("", facet), (".root", facet.get("root", {}))):
            yield from _forwarded(f"{where}{side}", found)


def _forwarded(where: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with facets of a parent that its child carries."""
    for subject, kind in (("run", base.RunFacet), ("job", base.JobFacet)):
        for name, facet in found.get(subject, {}).get("facets", {}).items():
            yield from _facet(f"{where}.{subject}.{name}", kind, name, facet)


@cache
def _classes() -> dict[str, type]:
    """Return the client's classes of facets, by the address of their schema."""
    found = {}
    for name in facet_v2.__all__:
        module = getattr(facet_v2, name)
        for cls in vars(module).values() if isinstance(module, types.ModuleType) else ():
            if isinstance(cls, type) and issubclass(cls, base.BaseFacet):
                found[cls._get_schema()] = cls
    return found


def _meaning(event: Event) -> Iterator[str]:
    """Yield what no schema says and is wrong all the same."""
    datasets = [*event.get("inputs", ()), *event.get("outputs", ())]
    datasets += [event["dataset"]] if "dataset" in event else []
    for each in [*datasets, *([event["job"]] if "job" in event else [])]:
        if not each["namespace"].strip() or not each["name"].strip():
            yield f"{each} has no name"
    for dataset in datasets:
        found = dataset.get("facets", {})
        links = found.get("symlinks", {}).get("identifiers", ())
        if any(
            (i["namespace"], i["name"]) == (dataset["namespace"], dataset["name"]) for i in links
        ):
            yield f"{dataset['name']} is a symlink of itself"
        yield from _columns(found)
        assertions = dataset.get("inputFacets", {}).get("dataQualityAssertions", {})
        for assertion in assertions.get("assertions", ()):
            if assertion.get("severity") not in {None, "error", "warn"}:
                yield f"severity {assertion['severity']!r}"
    if "eventType" not in event and "run" in event:
        yield "a run event without eventType"
    kind = event.get("job", {}).get("facets", {}).get("jobType", {}).get("processingType")
    if kind not in {None, "BATCH", "STREAMING", "SERVICE"}:
        yield f"processingType {kind!r}"


def _columns(found: Mapping[str, Any]) -> Iterator[str]:
    lineage = found.get("columnLineage", {})
    known = {field["name"] for field in found.get("schema", {}).get("fields", ())}
    for column in lineage.get("fields", {}):
        if known and column not in known:
            yield f"lineage of {column}, which is no column"
    inputs = [i for f in lineage.get("fields", {}).values() for i in f["inputFields"]]
    for each in [*inputs, *lineage.get("dataset", ())]:
        for way in each.get("transformations", ()):
            if way.get("subtype") not in SUBTYPES.get(way["type"], set()):
                yield f"{way['type']} {way.get('subtype')} is no way of OpenLineage's"


def problems_of_runs(events: Iterable[Event]) -> list[str]:
    """Return what is wrong with runs: each starts, ends, in this order, and is of one job."""
    found, ended, started = [], set(), {}
    for event in events:
        if "run" not in event:
            continue
        run, job = event["run"]["runId"], (event["job"]["namespace"], event["job"]["name"])
        if event["eventType"] == "START":
            known = started.setdefault(run, (job, event["eventTime"]))
            if known[0] != job:
                found.append(f"{run} is of {known[0]} and of {job}")
        elif run not in started:
            found.append(f"{run} of {job} ends and has not started")
        else:
            ended.add(run)
            if event["eventTime"] < started[run][1]:
                found.append(f"{run} of {job} ends before it starts")
    return [*found, *(f"{started[run]} never ends" for run in started.keys() - ended)]

"""An event as it arrives: read, judged against OpenLineage 2-0-2, and made plain.

What belongs here: what is accepted, and the words for what is not. What does not: HTTP (`web`),
keeping (`store`). An event's facets are data: nothing in them is ever run.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import orjson

from platform_assets.lineage.openlineage.received import shapes

EVENT_BYTES = 5_000_000  # of one event; what Dataplex takes, too
FACET_BYTES = 1_000_000  # of one facet; of a larger one only its size is kept
DEEPEST = 64  # objects and lists within each other
MOST_DATASETS = 2_000  # inputs and outputs of one event
MOST_FACETS = 100  # of one thing in one event
LONGEST_NAME = 2_048
SAID = 20  # reasons that are told at once
AHEAD = timedelta(days=1)  # what another clock may be

TYPES = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")
INPUT, OUTPUT, ALONE = "input", "output", ""
Facets = Mapping[str, Mapping[str, Any]]

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(?P<zone>[Zz]|[+-]\d\d:?\d\d)?\Z", re.ASCII
)
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\Z")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Unreadable(ValueError):
    """It is no JSON."""


class Refused(ValueError):
    """It is no OpenLineage event.

    Attributes:
        reasons: each as `field: what is wrong`.
    """

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = list(reasons)
        super().__init__("; ".join(self.reasons))


@dataclass(frozen=True)
class Dataset:
    """A dataset as an event tells of it.

    Attributes:
        role: `input` or `output` of a job; "" in an event of its own.
        role_facets: what is told of it in that role: rows read, rows written.
    """

    namespace: str
    name: str
    role: str = ALONE
    facets: Facets = field(default_factory=dict)
    role_facets: Facets = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """An event that was accepted.

    Attributes:
        digest: of its content; the same event has the same.
        at: when it happened, in UTC.
        kind: `run`, `job` or `dataset`.
        type: one of `TYPES` of a run; "" else.
        job: namespace and name; None in a dataset's event.
        body: the event as it came, in JSON.
    """

    digest: str
    at: datetime
    kind: str
    producer: str
    body: str
    type: str = ""
    job: tuple[str, str] | None = None
    job_facets: Facets = field(default_factory=dict)
    run_id: str = ""
    run_facets: Facets = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()


def load(body: bytes | str) -> Any:
    """Return JSON as Python has it.

    Raises:
        Unreadable: it is none.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"The body is no JSON: {error}.") from None


def read(found: Any) -> Event:
    """Return the event that a JSON document is.

    Raises:
        Refused: it is none, with every reason.
    """
    if not isinstance(found, dict):
        raise Refused(["the event: not an object"])
    if too_deep(found):
        raise Refused([f"the event: more than {DEEPEST} objects and lists within each other"])
    kind = _kind(found)
    reasons = list(islice(_wrong(found, kind), SAID))
    if reasons:
        raise Refused(reasons)
    body = orjson.dumps(found, option=orjson.OPT_SORT_KEYS)
    common: dict[str, Any] = {
        "digest": hashlib.sha256(body).hexdigest(),
        "at": moment(found["eventTime"]),
        "kind": kind,
        "producer": found["producer"],
        "body": body.decode(),
    }
    measure = len(body) > FACET_BYTES
    if kind == "dataset":
        return Event(**common, datasets=(_dataset(found["dataset"], ALONE, measure),))
    job, run = found["job"], found.get("run") or {}
    return Event(
        **common,
        type=found.get("eventType") or "",
        job=(job["namespace"], job["name"]),
        job_facets=_facets(job.get("facets"), measure),
        run_id=str(run.get("runId", "")).lower(),
        run_facets=_facets(run.get("facets"), measure),
        datasets=tuple(
            _dataset(each, role, measure)
            for role, name in ((INPUT, "inputs"), (OUTPUT, "outputs"))
            for each in found.get(name) or ()
        ),
    )


def moment(text: Any) -> datetime | None:
    """Return a date-time with its offset, in UTC; None if it is none."""
    if not isinstance(text, str) or not (match := _MOMENT.match(text)) or not match["zone"]:
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def too_deep(found: Any) -> bool:
    """Return whether more is within each other than anybody needs; without recursion."""
    level = [found]
    for _ in range(DEEPEST + 1):
        level = [
            child
            for each in level
            for child in (each.values() if isinstance(each, dict) else each)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _kind(found: Mapping[str, Any]) -> str:
    if found.get("run") is not None or found.get("eventType") is not None:
        return "run"
    return "job" if found.get("job") is not None else "dataset"


def _wrong(found: Mapping[str, Any], kind: str) -> Iterator[str]:
    yield from _wrong_time(found.get("eventTime"))
    producer = found.get("producer")
    if not isinstance(producer, str) or not _URI.match(producer):
        yield f"producer: {'is missing' if producer is None else 'not a URI'}"
    schema = found.get("schemaURL")
    if schema is not None and not (isinstance(schema, str) and _URI.match(schema)):
        yield "schemaURL: not a URI"
    if kind == "dataset":
        if found.get("dataset") is None:
            yield "the event: has none of run, job and dataset"
        else:
            yield from _wrong_thing(found["dataset"], "dataset", shapes.DATASET)
        return
    if kind == "run":
        yield from _wrong_run(found)
    yield from _wrong_thing(found.get("job"), "job", shapes.JOB)
    for name, role in (("inputs", "inputFacets"), ("outputs", "outputFacets")):
        yield from _wrong_datasets(found.get(name), name, role)


def _wrong_time(text: Any) -> Iterator[str]:
    if text is None:
        yield "eventTime: is missing"
    elif (at := moment(text)) is not None:
        if at > datetime.now(UTC) + AHEAD:
            yield "eventTime: more than a day in the future"
    else:
        match = _MOMENT.match(text) if isinstance(text, str) else None
        zone = "has no offset, such as Z or +00:00" if match and not match["zone"] else ""
        yield f"eventTime: {zone or 'not a date-time, such as 2026-01-31T12:00:00Z'}"


def _wrong_run(found: Mapping[str, Any]) -> Iterator[str]:
    if (found.get("eventType") or "OTHER") not in TYPES:
        yield f"eventType: not one of {', '.join(TYPES)}"
    run = found.get("run")
    if not isinstance(run, dict):
        yield f"run: {'is missing' if run is None else 'not an object'}"
        return
    run_id = run.get("runId")
    if run_id is None:
        yield "run.runId: is missing"
    elif not isinstance(run_id, str) or not _UUID.match(run_id.lower()):
        yield "run.runId: not a UUID"
    yield from _wrong_facets(run.get("facets"), "run.facets", shapes.RUN)


def _wrong_datasets(found: Any, path: str, role: str) -> Iterator[str]:
    if found is None:
        return
    if not isinstance(found, list):
        yield f"{path}: not a list"
    elif len(found) > MOST_DATASETS:
        yield f"{path}: more than {MOST_DATASETS} datasets"
    else:
        for place, each in enumerate(found):
            yield from _wrong_thing(each, f"{path}[{place}]", shapes.DATASET)
            if isinstance(each, dict):
                yield from _wrong_facets(each.get(role), f"{path}[{place}].{role}", {})


def _wrong_thing(found: Any, path: str, known: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(found, dict):
        yield f"{path}: {'is missing' if found is None else 'not an object'}"
        return
    for name in ("namespace", "name"):
        value = found.get(name)
        if value is None:
            yield f"{path}.{name}: is missing"
        elif not isinstance(value, str):
            yield f"{path}.{name}: not a text"
        elif not value.strip() or len(value) > LONGEST_NAME or _CONTROL.search(value):
            yield f"{path}.{name}: not a name of 1 to {LONGEST_NAME} printable characters"
    yield from _wrong_facets(found.get("facets"), f"{path}.facets", known)


def _wrong_facets(found: Any, path: str, known: Mapping[str, Any]) -> Iterator[str]:
    if found is None:
        return
    if not isinstance(found, dict):
        yield f"{path}: not an object"
        return
    if len(found) > MOST_FACETS:
        yield f"{path}: more than {MOST_FACETS} facets"
        return
    for name, facet in found.items():
        if facet is None:
            continue
        if not isinstance(facet, dict):
            yield f"{path}.{name}: not an object"
            continue
        # Every facet has to have them, and the specification's own examples do not.
        for each in ("_producer", "_schemaURL"):
            if not isinstance(facet.get(each, ""), str):
                yield f"{path}.{name}.{each}: not a text"
        if name in known and facet.get("_deleted") is not True:
            yield from shapes.wrong(facet, known[name], f"{path}.{name}")


def _dataset(found: Mapping[str, Any], role: str, measure: bool) -> Dataset:
    facets = _facets(found.get("facets"), measure)
    more = _facets(found.get(f"{role}Facets"), measure) if role else {}
    return Dataset(found["namespace"], found["name"], role, facets, more)


def _facets(found: Any, measure: bool) -> dict[str, Any]:
    return {
        name: _kept(facet, measure)
        for name, facet in (found or {}).items()
        if facet is not None and len(name) <= LONGEST_NAME
    }


def _kept(facet: Mapping[str, Any], measure: bool) -> Mapping[str, Any]:
    """Return a facet; of one that is taken away or too large, no more than that and whose it is."""
    if facet.get("_deleted") is True:
        return {"_deleted": True}
    size = len(orjson.dumps(facet)) if measure else 0
    return facet if size <= FACET_BYTES else left_out(facet, size)


def left_out(facet: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Return what is kept of a facet that is too large: whose it is, and its size in bytes."""
    whose = {name: facet[name] for name in ("_producer", "_schemaURL") if name in facet}
    return {**whose, "leftOut": f"{size} bytes are more than is kept"}

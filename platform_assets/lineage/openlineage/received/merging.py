"""What events change: rows as they were, and events in, rows as they are out.

What belongs here: the rules. What does not: the database (`store`).

- The facet that happened last counts, in whatever order events arrive; `_deleted` takes one away.
- A run that ended stays ended.
- A run that completed replaces what its job read and wrote before that run began; an event about
  a job or a dataset alone replaces what earlier ones of that kind said.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from platform_assets.lineage.openlineage.received import events as ev
from platform_assets.lineage.openlineage.received.columns import sources
from platform_assets.lineage.openlineage.received.tables import Row, datasets, jobs, key_of, micros

STATES = {
    "START": "RUNNING",
    "RUNNING": "RUNNING",
    "COMPLETE": "COMPLETED",
    "FAIL": "FAILED",
    "ABORT": "ABORTED",
}
ENDED = ("COMPLETED", "FAILED", "ABORTED")
DERIVED = "derived"  # the role of a link between two datasets
MOST_KEPT = 200  # facets of one thing, of all events together
MOST_BYTES = 4_000_000  # of them
# What of a facet says how things hang together, and what they are called; the rest is of a moment.
TELLING = ("schema", "symlinks", "ownership", "documentation", "tags", "columnLineage", "jobType",
           "datasetType")  # fmt: skip


@dataclass
class Known:
    """Rows by their keys, as the database has them, and as events change them."""

    jobs: dict[str, Row] = field(default_factory=dict)
    datasets: dict[str, Row] = field(default_factory=dict)
    runs: dict[str, Row] = field(default_factory=dict)
    links: dict[str, dict[tuple[str, str], Row]] = field(default_factory=dict)  # by job
    touched: set[tuple[str, str, str]] = field(default_factory=set)
    dropped: set[tuple[str, str, str]] = field(default_factory=set)
    restructured: bool = False
    now: int = 0

    def apply(self, event: ev.Event) -> None:
        """Change the rows by one event."""
        at = micros(event.at)
        job = self._job(event, at) if event.job else ""
        run = self._run(event, at, job) if event.run_id else None
        told = [(self._dataset(each, event, at), each) for each in datasets_of(event)]
        if event.kind == "dataset":
            self._derive(told[0][0], told[0][1], event, at)
            return
        for key, each in told:
            self._link((job, key, each.role), at, event.run_id, each.role_facets)
            if each.role == ev.OUTPUT and event.type == "COMPLETE":
                row = self.datasets[key]
                row["modified_at"] = max(row["modified_at"] or 0, at)
        if event.kind == "job":
            self._forget(job, at, run_id="")
        elif run is not None and event.type == "COMPLETE" and self._told_by(job, event.run_id):
            self._forget(job, run["started_at"] or run["first_at"])

    def _told_by(self, job: str, run_id: str) -> bool:
        return any(link["run_id"] == run_id for link in self.links.get(job, {}).values())

    def _job(self, event: ev.Event, at: int) -> str:
        namespace, name = event.job or ("", "")
        key = key_of(jobs, namespace, name)
        row = self._thing(self.jobs, key, namespace, name, event, at)
        row.setdefault("last_run", "")
        row.setdefault("last_run_at", 0)
        self._merge(row, event.job_facets, at)
        return key

    def _dataset(self, told: ev.Dataset, event: ev.Event, at: int) -> str:
        key = key_of(datasets, told.namespace, told.name)
        row = self._thing(self.datasets, key, told.namespace, told.name, event, at)
        row.setdefault("modified_at", None)
        row.setdefault("state", "")
        change = told.facets.get("lifecycleStateChange", {}).get("lifecycleStateChange")
        if change and at >= row["last_at"]:
            self.restructured |= row["state"] != change
            row["state"] = change[:40]
        self._merge(row, told.facets, at)
        return key

    def _thing(
        self, rows: dict[str, Row], key: str, namespace: str, name: str, event: ev.Event, at: int
    ) -> Row:
        row = rows.get(key)
        if row is None:
            self.restructured = True
            row = {"key": key, "namespace": namespace, "name": name, "producer": event.producer,
                   "first_at": at, "last_at": at, "facets": "{}", "shape": ""}  # fmt: skip
            rows[key] = row
        row["heard_at"] = self.now
        row["first_at"] = min(row["first_at"], at)
        if at >= row["last_at"]:
            row["producer"] = event.producer
        return row

    def _merge(self, row: Row, facets: ev.Facets, at: int) -> None:
        newer = at >= row["last_at"]
        row["last_at"] = max(row["last_at"], at)
        if not facets:
            return
        known = orjson.loads(row["facets"])
        merged = {**known, **facets} if newer else {**facets, **known}
        kept = {name: facet for name, facet in merged.items() if facet.get("_deleted") is not True}
        if kept == known:
            return
        row["facets"] = bounded(kept)
        telling = orjson.dumps([kept.get(name) for name in TELLING])
        shape = hashlib.sha256(telling).hexdigest()[:32]
        self.restructured |= shape != row["shape"]
        row["shape"] = shape

    def _run(self, event: ev.Event, at: int, job: str) -> Row:
        run = self.runs.get(event.run_id)
        if run is None:
            run = {"run_id": event.run_id, "job": job, "state": "NEW", "first_at": at,
                   "last_at": at, "started_at": None, "ended_at": None, "facets": "{}"}  # fmt: skip
            self.runs[event.run_id] = run
        run["heard_at"] = self.now
        newer = at >= run["last_at"]
        run["first_at"], run["last_at"] = min(run["first_at"], at), max(run["last_at"], at)
        state = STATES.get(event.type)
        if event.type == "START":
            run["started_at"] = min(run["started_at"] or at, at)
        if state in ENDED:
            if run["state"] not in ENDED or newer:
                run["state"], run["ended_at"] = state, at
        elif state and run["state"] not in ENDED:
            run["state"] = state
        if event.run_facets:
            known = orjson.loads(run["facets"])
            merged = {**known, **event.run_facets} if newer else {**event.run_facets, **known}
            run["facets"] = bounded(merged)
        row = self.jobs[job]
        if run["first_at"] >= row["last_run_at"] or row["last_run"] == event.run_id:
            row["last_run"], row["last_run_at"] = event.run_id, run["first_at"]
        return run

    def _link(self, link: tuple[str, str, str], at: int, run_id: str, facets: ev.Facets) -> None:
        job, dataset, role = link
        of_job = self.links.setdefault(job, {})
        row = of_job.get((dataset, role))
        if row is None:
            self.restructured = True
            row = {"job": job, "dataset": dataset, "role": role, "run_id": run_id, "last_at": at,
                   "facets": "{}"}  # fmt: skip
            of_job[dataset, role] = row
        self.touched.add(link)
        self.dropped.discard(link)
        if at >= row["last_at"]:
            row["last_at"], row["run_id"] = at, run_id
            if facets:
                row["facets"] = bounded({**orjson.loads(row["facets"]), **facets})

    def _derive(self, key: str, told: ev.Dataset, event: ev.Event, at: int) -> None:
        """Link a dataset with those that it says it is made from, of its facets."""
        origins = list(origins_of(told.facets))
        for namespace, name in origins:
            origin = self._dataset(ev.Dataset(namespace, name), event, at)
            if origin != key:
                self._link((key, origin, DERIVED), at, "", {})
        if origins:
            self._forget(key, at, run_id="")

    def _forget(self, job: str, before: int, run_id: str | None = None) -> None:
        """Drop the links of a job that were last told before a time; of one kind, where given."""
        of_job = self.links.get(job, {})
        for (dataset, role), row in list(of_job.items()):
            if row["last_at"] < before and run_id in (None, row["run_id"]):
                del of_job[dataset, role]
                self.touched.discard((job, dataset, role))
                self.dropped.add((job, dataset, role))
                self.restructured = True


def bounded(facets: ev.Facets) -> str:
    """Return facets as JSON: no more than are kept, and of the largest no more than their size."""
    kept = dict(list(facets.items())[-MOST_KEPT:])
    text = orjson.dumps(kept)
    if len(text) > MOST_BYTES:
        sizes = {name: len(orjson.dumps(facet)) for name, facet in kept.items()}
        for name in sorted(sizes, key=lambda n: -sizes[n]):
            kept[name] = ev.left_out(kept[name], sizes[name])
            text = orjson.dumps(kept)
            if len(text) <= MOST_BYTES:
                break
    return text.decode()


def datasets_of(event: ev.Event) -> list[ev.Dataset]:
    """Return the datasets an event tells of, those that only its facet `lineage` names too."""
    found = list(event.datasets)
    named = {(each.role, each.namespace, each.name) for each in found}
    for role, each in _entries(event):
        namespace, name = each.get("namespace"), each.get("name")
        if not namespace or not name or each.get("type") == "JOB":
            continue
        if (role, namespace, name) not in named:
            named.add((role, namespace, name))
            found.append(ev.Dataset(namespace, name, role))
    return found


def _entries(event: ev.Event) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for facets in (event.run_facets, event.job_facets):
        told = facets.get("lineage", {})
        for entry in told.get("entries") or told.get("lineage") or ():
            yield ev.OUTPUT, entry
            for each in entry.get("inputs") or ():
                yield ev.INPUT, each


def origins_of(facets: ev.Facets) -> dict[tuple[str, str], None]:
    """Return the datasets that a dataset rests on: by the facet `lineage`, or by its columns."""
    explicit = facets.get("lineage", {}).get("inputs") or ()
    told = [each for each in explicit if each.get("type") != "JOB"]
    told = [each for each in told if each.get("namespace") and each.get("name")]
    told += [each for every in sources(facets).values() for each in every]
    return {(each["namespace"], each["name"]): None for each in told}

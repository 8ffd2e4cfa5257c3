"""What may be asked below `/api/v1`, as Marquez answers it.

What belongs here: which question has which answer. What does not: HTTP (`web`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from starlette.exceptions import HTTPException
from starlette.responses import Response

from platform_assets.lineage.openlineage.received import columns, marquez
from platform_assets.lineage.openlineage.received import events as ev
from platform_assets.lineage.openlineage.received import tables as t
from platform_assets.lineage.openlineage.received.reading import Neighbourhood, Reader
from platform_assets.lineage.openlineage.received.store import Store
from platform_assets.lineage.openlineage.received.tables import Row

MOST = 1_000  # rows of one answer
MOST_TEXT = 50_000_000  # characters of the events of one answer; there may be fewer than asked for
DEEPEST = 50
NEWEST_RUNS = 10  # of a job
Asked = Mapping[str, str]
Json = dict[str, Any]


class Asking:
    """Answers, from one store."""

    def __init__(self, store: Store) -> None:
        self._reader = Reader(store)
        routes: dict[str, Callable[..., Any]] = {
            "namespaces": self._namespaces,
            "namespaces/{}": self._namespace,
            "namespaces/{}/datasets": self._datasets,
            "namespaces/{}/datasets/{}": self._dataset,
            "namespaces/{}/jobs": self._jobs,
            "namespaces/{}/jobs/{}": self._job,
            "namespaces/{}/jobs/{}/runs": self._runs,
            "jobs": self._jobs,
            "jobs/runs/{}": self._run,
            "jobs/runs/{}/facets": self._run_facets,
            "lineage": self._lineage,
            "column-lineage": self._column_lineage,
            "events": self._events,
            "events/lineage": self._events,
            "events/{}": self._events,
            "search": self._search,
            "sources": self._sources,
            "tags": self._tags,
        }
        self._routes = [(route.split("/"), answer) for route, answer in routes.items()]

    def find(self, parts: Sequence[str]) -> tuple[Callable[..., Any] | None, list[str]]:
        """Return what answers a path, and the names in it."""
        for route, answer in self._routes:
            if len(route) == len(parts) and all(
                r in ("{}", p) and p for r, p in zip(route, parts, strict=True)
            ):
                return answer, [p for r, p in zip(route, parts, strict=True) if r == "{}"]
        return None, []

    def _namespaces(self, asked: Asked) -> Json:
        found = self._reader.page(self._reader.namespaces(), *_page(asked))
        return {"namespaces": [marquez.namespace(row) for row in found.rows]}

    def _namespace(self, _asked: Asked, name: str) -> Json:
        found = self._reader.namespace(name)
        if found is None:
            raise HTTPException(404, f"Namespace '{name}' not found.")
        return marquez.namespace(found)

    def _datasets(self, asked: Asked, namespace: str) -> Json:
        self._namespace(asked, namespace)
        found = self._reader.page(self._reader.things(t.datasets, namespace), *_page(asked))
        return {"datasets": [marquez.dataset(r) for r in found.rows], "totalCount": found.total}

    def _dataset(self, _asked: Asked, namespace: str, name: str) -> Json:
        return marquez.dataset(self._thing(t.datasets, "Dataset", namespace, name))

    def _jobs(self, asked: Asked, namespace: str | None = None) -> Json:
        if namespace is not None:
            self._namespace(asked, namespace)
        found = self._reader.page(self._reader.things(t.jobs, namespace), *_page(asked))
        return {"jobs": self._with_ends(found.rows), "totalCount": found.total}

    def _job(self, _asked: Asked, namespace: str, name: str) -> Json:
        row = self._thing(t.jobs, "Job", namespace, name)
        return self._with_ends([row], NEWEST_RUNS)[0]

    def _with_ends(self, rows: Sequence[Row], runs: int = 1) -> list[Json]:
        links = self._reader.links_of(row["key"] for row in rows)
        datasets = self._reader.by_key(t.datasets, (link["dataset"] for link in links))
        if runs == 1:
            newest = {key: [run] for key, run in self._last_runs(rows).items()}
        else:
            newest = {r["key"]: self._reader.rows(self._reader.runs(r["key"]).limit(runs))
                      for r in rows}  # fmt: skip
        return [
            marquez.job(row, *marquez.ends(row["key"], links, datasets), newest.get(row["key"], []))
            for row in rows
        ]

    def _last_runs(self, rows: Iterable[Row]) -> dict[str, Row]:
        ids = {row["last_run"]: row["key"] for row in rows if row["last_run"]}
        return {ids[run_id]: run for run_id, run in self._reader.by_key(t.runs, ids).items()}

    def _runs(self, asked: Asked, namespace: str, name: str) -> Json:
        row = self._thing(t.jobs, "Job", namespace, name)
        found = self._reader.page(self._reader.runs(row["key"]), *_page(asked))
        return {"runs": [marquez.run(each, row) for each in found.rows], "totalCount": found.total}

    def _run(self, _asked: Asked, run_id: str) -> Json:
        run = self._reader.by_key(t.runs, [run_id.lower()]).get(run_id.lower())
        if run is None:
            raise HTTPException(404, f"Run '{run_id}' not found.")
        return marquez.run(run, self._reader.by_key(t.jobs, [run["job"]]).get(run["job"]))

    def _run_facets(self, asked: Asked, run_id: str) -> Json:
        run = self._run(asked, run_id)
        if asked.get("type", "run").lower() == "run":
            return {"runId": run["id"], "facets": run["facets"]}
        of = run["jobVersion"] or {"namespace": "", "name": ""}
        row = self._reader.thing(t.jobs, of["namespace"], of["name"])
        return {"runId": run["id"], "facets": orjson.loads(row["facets"]) if row else {}}

    def _events(self, asked: Asked, namespace: str = "") -> Response:
        """Return bodies of events as they came."""
        until = _time(asked, "before", datetime.now(UTC) + ev.AHEAD + timedelta(days=1))
        since = _time(asked, "after", t.EPOCH)
        newest_first = asked.get("sortDirection", "desc").lower() != "asc"
        query = self._reader.events(since, until, newest_first, namespace)
        limit, offset = _page(asked)
        bodies = self._reader.bodies(query.limit(limit).offset(offset), MOST_TEXT)
        total = self._reader.count(query)
        text = f'{{"events":[{",".join(bodies)}],"totalCount":{total}}}'
        return Response(text, media_type="application/json")

    def _search(self, asked: Asked) -> Json:
        text, only = asked.get("q", "").strip()[: ev.LONGEST_NAME], asked.get("filter", "").lower()
        if not text:
            raise HTTPException(400, "q: is missing: what a name has in it.")
        tables = [each for each in (("dataset", t.datasets), ("job", t.jobs))
                  if only in ("", each[0])]  # fmt: skip
        if not tables:
            raise HTTPException(400, "filter: neither dataset nor job.")
        newest = asked.get("sort", "name").lower() in ("updated_at", "update_at")
        query = self._reader.search(text, tables, asked.get("namespace", ""), newest)
        found = self._reader.page(query, *_page(asked, 10))
        return {"totalCount": found.total, "results": [
            {"type": row["kind"].upper(), "name": row["name"], "namespace": row["namespace"],
             "updatedAt": marquez.time(row["last_at"]), "nodeId": marquez.node_id(row["kind"], row)}
            for row in found.rows
        ]}  # fmt: skip

    def _lineage(self, asked: Asked) -> Json:
        kind, row, _ = self._node(asked.get("nodeId", ""))
        near = self._near(kind, row, asked)
        return marquez.graph(near, self._last_runs(near.jobs.values()))

    def _near(self, kind: str, row: Row, asked: Asked) -> Neighbourhood:
        steps = 2 * _whole(asked, "depth", 20, DEEPEST)  # from job to job are two
        return self._reader.near(row["key"], kind == "job", steps)

    def _column_lineage(self, asked: Asked) -> Json:
        kind, row, field = self._node(asked.get("nodeId", ""))
        near = self._near(kind, row, asked)
        begin = near.datasets.values() if kind == "job" else [row]
        downstream = asked.get("withDownstream", "false").lower() == "true"
        return columns.graph(near.datasets.values(), begin, field, downstream)

    def _node(self, node: str) -> tuple[str, Row, str]:
        """Return the kind, the row and the field of a node: both names in its id may hold colons.

        Raises:
            HTTPException: it is no id (400), or there is no such thing (404).
        """
        kind, _, rest = node.partition("#")[0].partition(":")
        if kind not in ("job", "dataset", "datasetField") or ":" not in rest:
            raise HTTPException(
                400, "nodeId: neither dataset:<namespace>:<name> nor job:<namespace>:<name>."
            )
        parts = rest.split(":")
        table = t.jobs if kind == "job" else t.datasets
        ends = range(1, len(parts)) if kind == "datasetField" else [len(parts)]
        splits = {
            t.key_of(table, ":".join(parts[:cut]), ":".join(parts[cut:end])): ":".join(parts[end:])
            for end in ends
            for cut in range(1, end)
        }
        found = self._reader.by_key(table, splits)
        for key, row in found.items():
            return kind, row, splits[key]
        raise HTTPException(404, f"Node '{node}' not found.")

    def _sources(self, asked: Asked) -> Json:
        every = sa.select(t.datasets.c.namespace.distinct().label("name"))
        found = self._reader.page(every.order_by(t.datasets.c.namespace), *_page(asked))
        return {"sources": [
            {"type": row["name"].partition(":")[0].upper(), "name": row["name"],
             "connectionUrl": row["name"], "description": None}
            for row in found.rows
        ]}  # fmt: skip

    def _tags(self, asked: Asked) -> Json:
        """Return the tags that the datasets of a page carry."""
        found = self._reader.page(self._reader.things(t.datasets, None), MOST, 0)
        shown = [marquez.dataset(row) for row in found.rows]
        names = {tag for each in shown for tag in each["tags"]}
        names |= {tag for each in shown for field in each["fields"] for tag in field["tags"]}
        limit, offset = _page(asked)
        listed = sorted(names)[offset : offset + limit]
        return {"tags": [{"name": name, "description": None} for name in listed]}

    def _thing(self, table: sa.Table, word: str, namespace: str, name: str) -> Row:
        found = self._reader.thing(table, namespace, name)
        if found is None:
            self._namespace({}, namespace)
            raise HTTPException(404, f"{word} '{name}' not found.")
        return found


def _page(asked: Asked, limit: int = 100) -> tuple[int, int]:
    return _whole(asked, "limit", limit, MOST), _whole(asked, "offset", 0, 10_000_000)


def _whole(asked: Asked, name: str, default: int, most: int) -> int:
    text = asked.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise HTTPException(400, f"{name}: not a whole number.")
    return min(int(text), most)


def _time(asked: Asked, name: str, default: datetime) -> int:
    text = asked.get(name)
    # A `+` in an address that was not quoted arrives as a space.
    found = ev.moment(text.replace(" ", "+")) if text else default
    if found is None:
        raise HTTPException(400, f"{name}: not a date-time, such as 2026-01-31T12:00:00Z.")
    return t.micros(found)

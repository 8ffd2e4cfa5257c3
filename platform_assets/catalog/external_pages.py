"""Pages of other platforms' jobs and datasets: what OpenLineage events told of them.

What belongs here: the facts of those pages, and their routes. What does not: where a job or dataset
stands in the graph (`external`), HTML (`templates/external.html.j2`).

Every facet has a place: those that are known in words and tables, all others as their names and
values. Nothing in them is markup, and no link leads elsewhere than to the web.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.routing import Route

from platform_assets.catalog.answers import Site
from platform_assets.catalog.catalog import View
from platform_assets.catalog.external import External, title_of
from platform_assets.catalog.lineage import drawing
from platform_assets.catalog.pages import Missing
from platform_assets.catalog.present import Facts, asset_url, card, cards, moment
from platform_assets.inventory.health import span
from platform_assets.inventory.model import EXTERNAL
from platform_assets.lineage.openlineage.received import columns
from platform_assets.lineage.openlineage.received import tables as t
from platform_assets.lineage.openlineage.received.events import INPUT, OUTPUT
from platform_assets.lineage.openlineage.received.merging import DERIVED
from platform_assets.lineage.openlineage.received.tables import Row

RUNS = 20
MOST_COLUMNS = 1_000  # of one page
SHOWN = {"schema", "columnLineage", "lineage", "documentation", "ownership", "symlinks", "sql"}
WEB = re.compile(r"https?://[^\s]+\Z")
STATES = {"COMPLETED": "good", "FAILED": "failing", "ABORTED": "warning", "RUNNING": "unknown",
          "NEW": "unknown"}  # fmt: skip


class ExternalPages:
    """The handlers, bound to what other platforms told."""

    def __init__(self, site: Site, external: External | None) -> None:
        self._site = site
        self._told = external

    def routes(self) -> list[Route]:
        """Return the routes below `/catalog`."""
        return self._site.page("/external/{kind}/{name}", "external", self._page)

    @property
    def _external(self) -> External:
        if self._told is None:
            raise Missing("Nothing is known of other platforms here.")
        return self._told

    def _page(self, request: Request, view: View) -> Facts:
        kind, name = request.path_params["kind"], request.path_params["name"]
        key = f"{EXTERNAL}{kind}/{name}"
        rows = self._external.known.rows.get(key)
        if key not in view.graph.assets or not rows:
            raise Missing(f"No other platform told of {name}.")
        table = t.jobs if kind == "job" else t.datasets
        found = list(self._external.reader.by_key(table, rows).values())
        if not found:
            raise Missing(f"No other platform told of {name} lately.")
        return self._facts(view, key, kind, found)

    def _facts(self, view: View, key: str, kind: str, rows: list[Row]) -> Facts:
        asset = view.graph.assets[key]
        facets: dict[str, Any] = {}
        for row in sorted(rows, key=lambda r: r["last_at"]):
            facets |= orjson.loads(row["facets"])
        row = max(rows, key=lambda r: r["last_at"])
        up, down = view.graph.upstream(key, 1), view.graph.downstream(key, 1)
        return {
            **card(view, asset),
            "what": kind,
            "namespace": row["namespace"],
            "full_name": row["name"],
            "names": self._names(rows, facets),
            "description": asset.description,
            "producer": row["producer"],
            "producer_url": row["producer"] if WEB.match(row["producer"]) else "",
            "integration": asset.kinds[0] if asset.kinds else "",
            "first_at": moment(t.moment_of(min(r["first_at"] for r in rows))),
            "last_at": moment(t.moment_of(max(r["last_at"] for r in rows))),
            "told": span(view.now - (t.moment_of(max(r["last_at"] for r in rows)) or view.now)),
            "fields": self._fields(asset.columns, facets),
            "rest_on": self._sources(facets, columns.WHOLE),
            "sql": str(facets.get("sql", {}).get("query") or "") if kind == "job" else "",
            "runs": self._runs(rows[0], view.now) if kind == "job" else [],
            "roles": self._roles(rows),
            "facets": {
                name: value(facet) for name, facet in sorted(facets.items()) if name not in SHOWN
            },
            "lineage": drawing(view, key, 2, 2),
            "upstream": cards(view, view.graph.having(up)),
            "downstream": cards(view, view.graph.having(down)),
        }

    def _names(self, rows: list[Row], facets: Mapping[str, Any]) -> list[Facts]:
        """Return what else it is called."""
        found = {(r["namespace"], r["name"]): "" for r in rows[1:]}
        for each in facets.get("symlinks", {}).get("identifiers") or ():
            found.setdefault((each["namespace"], each["name"]), str(each.get("type") or ""))
        own = {(rows[0]["namespace"], rows[0]["name"])}
        return [
            {"namespace": n[0], "name": n[1], "type": kind.lower()}
            for n, kind in found.items()
            if n not in own
        ]

    def _fields(self, known: Any, facets: Mapping[str, Any]) -> list[Facts]:
        """Return the columns: those of the schema, then those that only lineage names."""
        traced = set(columns.sources(facets)) - {columns.WHOLE}
        told = {c.name: (c.type, c.description) for c in known}
        names = [*told, *sorted(traced - set(told))][:MOST_COLUMNS]
        return [
            {
                "name": name,
                "type": told.get(name, ("", ""))[0],
                "description": told.get(name, ("", ""))[1],
                "sources": self._sources(facets, name),
            }
            for name in names
        ]

    def _sources(self, facets: Mapping[str, Any], name: str) -> list[Facts]:
        found = []
        for each in columns.sources(facets).get(name, []):
            key = self._external.known.names.get((each["namespace"], each["name"]), "")
            how = [
                " ".join(filter(None, (w["subtype"] or w["type"],))).replace("_", " ").lower()
                for w in each["transformations"]
            ]
            found.append({
                "dataset": key if key and not key.startswith(EXTERNAL) else title_of(each["name"]),
                "namespace": each["namespace"],
                "field": each["field"],
                "url": asset_url(key) if key else "",
                "how": [word for word in dict.fromkeys(how) if word],
                "said": [w["description"] for w in each["transformations"] if w["description"]],
            })  # fmt: skip
        return found

    def _runs(self, row: Row, now: datetime) -> list[Facts]:
        """Return the newest runs of a job."""
        found = self._external.reader.rows(self._external.reader.runs(row["key"]).limit(RUNS))
        return [_run(run, now) for run in found]

    def _roles(self, rows: list[Row]) -> list[Facts]:
        """Return with whom it is linked, and what was told of the link: rows read, rows written."""
        keys = [row["key"] for row in rows]
        reader, known = self._external.reader, self._external.known
        is_job = "last_run" in rows[0]
        links = reader.links_of(keys) if is_job else reader.links_of((), keys)
        links = [link for link in links if link["role"] != DERIVED]
        others = reader.by_key(*(
            (t.datasets, {r["dataset"] for r in links}) if is_job
            else (t.jobs, {r["job"] for r in links})
        ))  # fmt: skip
        words = ({INPUT: "reads", OUTPUT: "writes"} if is_job
                 else {INPUT: "is read by", OUTPUT: "is written by"})  # fmt: skip
        found = []
        for link in sorted(links, key=lambda r: (r["role"], r["last_at"])):
            other = others.get(link["dataset" if is_job else "job"])
            if other is None:
                continue
            key = known.keys.get(other["key"], "")
            ours = key and not key.startswith(EXTERNAL)
            found.append({
                "word": words[link["role"]],
                "label": key if ours else title_of(other["name"]),
                "namespace": other["namespace"],
                "url": asset_url(key) if key else "",
                "at": moment(t.moment_of(link["last_at"])),
                "facets": {n: value(f) for n, f in sorted(orjson.loads(link["facets"]).items())},
            })  # fmt: skip
        return found


def told_of(external: External | None, key: str) -> list[Facts]:
    """Return by which names others told of an asset of ours, to be looked up in the API."""
    if external is None:
        return []
    rows = external.reader.by_key(t.datasets, external.known.rows.get(key, ()))
    return [
        {
            "namespace": row["namespace"],
            "name": row["name"],
            "at": moment(t.moment_of(row["last_at"])),
            "url": f"/api/v1/namespaces/{quote(row['namespace'], safe='')}"
            f"/datasets/{quote(row['name'], safe='')}",
        }
        for row in rows.values()
    ]


def _run(run: Row, now: datetime) -> Facts:
    facets = orjson.loads(run["facets"])
    started = t.moment_of(run["started_at"] or run["first_at"])
    ended = t.moment_of(run["ended_at"])
    parent = facets.get("parent", {}).get("job") or {}
    error = facets.get("errorMessage", {})
    return {
        "id": run["run_id"],
        "state": run["state"].lower(),
        "health": STATES.get(run["state"], "unknown"),
        "started_at": moment(started),
        "age": span(now - started) if started else "",
        "took": _took(ended - started) if started and ended and ended >= started else "",
        "error": str(error.get("message") or "")[:2_000],
        "trace": str(error.get("stackTrace") or "")[:20_000],
        "parent": str(parent.get("name") or ""),
        "nominal": str(facets.get("nominalTime", {}).get("nominalStartTime") or ""),
        "facets": {
            name: value(facet)
            for name, facet in sorted(facets.items())
            if name not in ("errorMessage", "nominalTime")
        },
    }


def _took(time: timedelta) -> str:
    return f"{time.total_seconds():.1f} s" if time < timedelta(seconds=10) else span(time)


def value(found: Any) -> Any:
    """Return a facet without what only programs read of it: who made its schema."""
    if isinstance(found, dict):
        return {k: value(v) for k, v in found.items() if k not in ("_producer", "_schemaURL")}
    return [value(each) for each in found] if isinstance(found, list) else found

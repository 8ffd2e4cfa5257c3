"""Routes that show what is in tables: previews, profiles, and queries of one's own.

What belongs here: HTTP around the sandbox. What does not: the sandbox itself
(`resources.warehouse.sandbox`), the text of a report made of a query (`drafts`).
"""

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from platform_assets.catalog import chart, completion, drafts
from platform_assets.catalog.answers import Site, form, require_same_origin
from platform_assets.catalog.catalog import View
from platform_assets.catalog.pages import Missing, find
from platform_assets.catalog.present import Facts, asset_url, card, moment
from platform_assets.catalog.profile import Contents
from platform_assets.inventory.model import Asset
from platform_assets.policy import relative
from platform_assets.reporting.csv_export import cell
from resources.errors import PlatformError
from resources.warehouse.sandbox import Answer, QueryError, Sandbox

STATUS = {"refused": 400, "failed": 400, "time": 422, "memory": 422, "busy": 503}
SHOWN = 1_000  # rows on the page; the CSV has all
T = TypeVar("T")
FIELDS = ("name", "title", "question", "owner", "domain", "sql")


class DataPages:
    """The handlers, bound to a sandbox."""

    def __init__(self, site: Site, sandbox: Sandbox) -> None:
        self._site = site
        self._sandbox = sandbox
        self._contents = Contents(sandbox)

    def routes(self) -> list[BaseRoute]:
        """Return the routes below `/catalog`."""
        return [
            *self._site.page("/preview/{key:path}", "preview", self._preview),
            *self._site.page("/profile/{key:path}", "profile", self._profile),
            Route("/query.json", self._as_json),
            Route("/query.csv", self._as_csv),
            Route("/query", self._query),
            Route("/complete.json", self._complete),
            Route("/query/report", self._report, methods=["POST"]),
            Route("/query/report/{file}", self._file),
        ]

    def _preview(self, request: Request, view: View) -> Facts:
        asset, made = _table(view, request.path_params["key"])
        told = _or_status(lambda: self._contents.preview(asset, made))
        return {"asset": card(view, asset), **told}

    def _profile(self, request: Request, view: View) -> Facts:
        key, only = request.path_params["key"], request.query_params.get("column")
        asset, made = _table(view, key)
        rows = view.status(key).rows
        told = _or_status(lambda: self._contents.profile(asset, made, rows))
        columns = [c for c in told["columns"] if only is None or c["name"].lower() == only.lower()]
        return {"asset": card(view, asset), "table": asset.table, **told, "columns": columns}

    def _query(self, request: Request) -> Response:
        _refuse_embedding(request)
        view, sql = self._site.catalog.view(), request.query_params.get("sql", "").strip()
        facts, status = self._result(sql) if sql else ({"result": None, "error": ""}, 200)
        facts |= {"sql": sql, "given": {}, **_choices(view)}
        return self._site.html("query", facts, view, request, status)

    def _result(self, sql: str) -> tuple[Facts, int]:
        try:
            told = self._sandbox.run(sql)
        except QueryError as error:
            return {"result": None, "error": str(error)}, STATUS.get(error.kind, 503)
        facts = _facts(told)
        drawing = chart.draw(told.columns, told.rows)
        facts |= {"drawing": drawing, "shown": told.rows[:SHOWN], "kinds": _kinds(told)}
        return {"result": facts, "error": "", "csv": f"/catalog/query.csv?{_sql(sql)}"}, 200

    def _as_json(self, request: Request) -> Response:
        told = self._run(request)
        return JSONResponse(_facts(told))

    def _as_csv(self, request: Request) -> Response:
        told = self._run(request)
        headers = {"content-disposition": 'attachment; filename="query.csv"'}
        body = to_csv([name for name, _ in told.columns], told.rows)
        return Response(body.encode("utf-8-sig"), media_type="text/csv", headers=headers)

    def _run(self, request: Request) -> Answer:
        _refuse_embedding(request)
        sql = request.query_params.get("sql", "")
        if not sql.strip():
            raise HTTPException(400, "There is no query: add ?sql=SELECT … to the address.")
        return _or_status(lambda: self._sandbox.run(sql))

    def _complete(self, request: Request) -> Response:
        sql, word = (request.query_params.get(name, "")[:50_000] for name in ("sql", "word"))
        found = completion.complete(self._site.catalog.view().graph, sql, word[-200:])
        return JSONResponse({"word": word[-200:], "suggestions": found})

    async def _report(self, request: Request) -> Response:
        """Write the report that the form describes, or say what is wrong with it."""
        given = await form(request)
        require_same_origin(request, given)
        return await run_in_threadpool(self._make, request, given)

    def _make(self, request: Request, form: Mapping[str, str]) -> Response:
        view = self._site.catalog.view()
        given = {name: form.get(name, "") for name in FIELDS}
        try:
            found = drafts.draft(given, _known(view))
            can = drafts.writable()
            folder = drafts.save(found) if can else found.folder
        except PlatformError as error:
            wrong: Facts = {"result": None, "sql": given["sql"], "error": "", "given": given}
            wrong |= {"wrong": str(error), **_choices(view)}
            return self._site.html("query", wrong, view, request, 400)
        facts: Facts = {
            "name": found.name,
            "folder": str(relative(folder)),
            "written": can,
            "files": {"defs.yaml": found.declaration, "report.md": found.page},
            "address": urlencode(given),
        }
        return self._site.html("made", facts, view, request, 201 if can else 200)

    def _file(self, request: Request) -> Response:
        """Return one file of a draft, for a project that this process may not write."""
        given = {name: request.query_params.get(name, "") for name in FIELDS}
        try:
            found = drafts.draft(given, _known(self._site.catalog.view()))
        except PlatformError as error:
            raise HTTPException(400, str(error)) from None
        files = {"defs.yaml": found.declaration, "report.md": found.page}
        name = request.path_params["file"]
        if name not in files:
            raise HTTPException(404, f"A report has no file {name}.")
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(files[name], media_type="text/plain", headers=headers)


def to_csv(columns: list[str], rows: list[list[Any]]) -> str:
    """Return rows as CSV (RFC 4180) with a header; what a spreadsheet would run is defused."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow([cell(name) for name in columns])
    for row in rows:
        writer.writerow(
            [cell(json.dumps(v, ensure_ascii=False) if isinstance(v, dict | list) else v)
             for v in row]
        )  # fmt: skip
    return target.getvalue()


def _refuse_embedding(request: Request) -> None:
    """Refuse to run a query for a picture, frame or script on another site; a link may lead here.

    Raises:
        HTTPException: with status 403.
    """
    site, mode = (request.headers.get(f"sec-fetch-{name}", "") for name in ("site", "mode"))
    if site == "cross-site" and mode != "navigate":
        raise HTTPException(403, "A query only runs for a page of the catalog, or behind a link.")


def _or_status(work: Callable[[], T]) -> T:
    """Return what the sandbox answers; an error of it has a status."""
    try:
        return work()
    except QueryError as error:
        raise HTTPException(STATUS.get(error.kind, 503), str(error)) from None


def _table(view: View, key: str) -> tuple[Asset, str]:
    """Return an asset that is a table, and what changes with each materialization of it."""
    asset = find(view, key)
    if not asset.table:
        raise Missing(f"{key} is no table.")
    status = view.status(key)
    return asset, f"{moment(status.made_at)} {status.run_id}"


def _facts(told: Answer) -> Facts:
    return {
        "columns": [{"name": name, "type": kind} for name, kind in told.columns],
        "rows": told.rows,
        "truncated": told.truncated,
        "seconds": round(told.seconds, 3),
    }


def _kinds(told: Answer) -> list[str]:
    numbers = ("INT", "DECIMAL", "DOUBLE", "FLOAT")
    return ["n" if kind.split("(")[0].endswith(numbers) else "" for _, kind in told.columns]


def _choices(view: View) -> Facts:
    """Return what there is to choose from where a query becomes a report."""
    assets = view.graph.assets.values()
    return {
        "owners": sorted({owner for a in assets for owner in a.owners}),
        "domains": sorted({a.domain for a in assets if drafts.DOMAIN.match(a.domain)}),
        "tables": [
            {"table": a.table, "url": asset_url(a.key)}
            for a in sorted(assets, key=lambda a: -view.graph.importance[a.key])
            if a.layer == "marts" and a.table
        ][:12],
    }


def _known(view: View) -> dict[str, list[str]]:
    """Return every table with its columns."""
    return {
        a.table: [column.name for column in a.columns]
        for a in view.graph.assets.values()
        if a.table
    }


def _sql(sql: str) -> str:
    return urlencode({"sql": sql})

"""The description of the catalog's JSON routes, as OpenAPI 3.1: for programs that read it.

What belongs here: paths, parameters, what comes back. What does not: answering (`web`).
"""

from typing import Any

from platform_assets.catalog.search import FACETS

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "maxLength": 100}
KEY: Schema = {"type": "string", "minLength": 1, "maxLength": 300}


def description(demand: bool = False) -> Schema:
    """Return the OpenAPI document.

    Args:
        demand: whether records of demand are served.
    """
    routes = _routes() | (_of_demand() if demand else {})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Data catalog",
            "version": "1",
            "description": "What there is, what it means, whether it can be trusted. Read-only.",
        },
        "servers": [{"url": "/"}],
        "paths": {f"/catalog{path}": {"get": route} for path, route in routes.items()},
        "components": {"schemas": {"Error": _object({"error": TEXT}, ["error"])}},
    }


def _routes() -> dict[str, Schema]:
    found = _object({"results": {"type": "array"}, "total": {"type": "integer"}}, ["results"])
    return {
        "/home.json": _get("The first page.", _object({"counts": {"type": "object"}}, ["counts"])),
        "/search.json": _get("Search, with facets.", found, *_searched(), errors=(400,)),
        "/suggest.json": _get("The best few matches.", found, _parameter("q", TEXT, "Words.")),
        "/attention.json": _get(
            "What needs attention.", _object({"items": {"type": "array"}}), errors=(503,)
        ),
        **_of_assets(),
        **_groups(),
        **_of_rows(),
        "/glossary.json": _get("All terms.", _object({"terms": {"type": "array"}}, ["terms"])),
        "/coverage.json": _get("Coverage.", _object({"domains": {"type": "array"}}, ["domains"])),
        "/everything.json": _get("All assets.", _object({"assets": {"type": "array"}}, ["assets"])),
        "/healthz": _get("Whether it works.", _object({"ok": {"type": "boolean"}}), errors=(503,)),
    }


def _of_assets() -> dict[str, Schema]:
    key = _parameter("key", KEY, "An asset's key, e.g. marts/fct_orders.", "path")
    name = _parameter("name", KEY, "A report's name.", "path")
    column = _parameter("column", KEY, "Its name.", "path")
    asset = _object({"key": TEXT, "health": TEXT, "fields": {"type": "array"}}, ["key", "health"])
    listed: Schema = {"type": "array"}
    kind = _parameter("kind", {"enum": ["dataset", "job"]}, "What it is.", "path")
    end = _parameter("name", KEY, "The end of its address.", "path")
    return {
        "/external/{kind}/{name}.json": _get(
            "A dataset or a job of another platform.", asset, kind, end, errors=(404,)
        ),
        "/asset/{key}.json": _get("An asset.", asset, key, errors=(404,)),
        "/impact/{key}.json": _get(
            "Who is hit if it breaks.", _object({"assets": listed}, ["assets"]), key, errors=(404,)
        ),
        "/history/{key}.json": _get(
            "What became of it.", _object({"made": listed}, ["made"]), key, errors=(404,)
        ),
        "/badge/{key}.json": _get(
            "Its health.", _object({"message": TEXT}, ["message"]), key, errors=(404,)
        ),
        "/column/{key}/{column}.json": _get(
            "A column.", _object({"column": {"type": "object"}}), key, column, errors=(404,)
        ),
        "/explain/{report}/{query}/{column}.json": _get(
            "What a number of a report rests on.",
            _object({"known": {"type": "boolean"}, "way": listed}, ["known", "way"]),
            _parameter("report", NAME, "A report's name.", "path"),
            _parameter("query", NAME, "The query that the number stands in.", "path"),
            _parameter("column", NAME, "Its column.", "path"),
            errors=(404,),
        ),
        "/report/{name}.json": _get(
            "A report's versions.", _object({"versions": listed}), name, errors=(404,)
        ),
    }


def _of_rows() -> dict[str, Schema]:
    key = _parameter("key", KEY, "The key of an asset that is a table.", "path")
    sql = _parameter("sql", {**TEXT, "minLength": 1}, "One statement that reads.", required=True)
    seen = _object({"columns": {"type": "array"}}, ["columns"])
    rows = _object(
        {
            "columns": {"type": "array", "items": _object({"name": TEXT, "type": TEXT}, ["name"])},
            "rows": {"type": "array", "items": {"type": "array"}},
            "truncated": {"type": "boolean"},
            "seconds": {"type": "number"},
        },
        ["columns", "rows", "truncated"],
    )
    return {
        "/preview/{key}.json": _get("First rows.", seen, key, errors=_READING),
        "/profile/{key}.json": _get("What is in its columns.", seen, key, errors=_READING),
        "/query.json": _get("A query's result.", rows, sql, errors=(400, 403, 422, 503)),
        "/complete.json": _get(
            "What may come next in a query.",
            _object({"suggestions": {"type": "array"}}, ["suggestions"]),
            _parameter("sql", TEXT, "The query."),
            _parameter("word", TEXT, "The text before the caret."),
        ),
    }


_READING = (400, 404, 422, 503)
_LISTS = {  # of demand: what each is, and what it has in any case
    "/demand": ("What is aimed at, what comes next, what shipped.", "objectives"),
    "/objectives": ("Objectives, and how their key results stand.", "groups"),
    "/roadmap": ("What is built now, next and later.", "columns"),
    "/releases": ("What shipped, by month.", "months"),
    "/decisions": ("What was decided.", "decisions"),
    "/requirements": ("What has to hold.", "requirements"),
    "/metrics": ("What numbers mean.", "metrics"),
    "/minutes": ("What meetings brought.", "minutes"),
    "/mine": ("What whoever asks has asked for.", ""),
    "/triage": ("Requests that wait to be looked at.", ""),
    "/triage/links": ("Links that lead nowhere, by what is missing.", "groups"),
    "/tell": ("What one can give feedback on.", ""),
}
_RECORDS = {
    "/objective/{id}": "An objective.",
    "/key_result/{id}": "A key result: how it stands, its measurements, what is behind it.",
    "/decision/{id}": "A decision.",
    "/requirement/{id}": "A requirement.",
    "/metric/{id}": "A metric.",
    "/minutes/{id}": "The minutes of a meeting.",
}


def _of_demand() -> dict[str, Schema]:
    """Return the routes of requests, feedback, objectives and all other records."""
    ident = _parameter("id", KEY, "The name of its file; of a key result its id.", "path")
    number = _parameter("number", KEY, "The number of a request.", "path")
    key = _parameter("key", KEY, "An asset's key.", "path")
    words, about = _parameter("q", TEXT, "Words."), _parameter("about", TEXT, "An asset's key.")
    away, here = (503,), (404, 503)
    found = {
        f"{path}.json": _get(what, _object({}, [name] if name else []), errors=away)
        for path, (what, name) in _LISTS.items()
    }
    found |= {
        f"{path}.json": _get(what, _object({}), ident, errors=here)
        for path, what in _RECORDS.items()
    }
    method = _parameter("method", {"enum": ["rice", "wsjf"]}, "How scores are worked out.")
    scored = _object({"scored": {"type": "array"}}, ["scored", "unscored", "method"])
    return {
        **found,
        "/backlog.json": _get("What comes next, and why.", scored, method, errors=away),
        "/requests.json": _get("Requests.", _object({}), words, about, errors=away),
        "/request/{number}.json": _get("A request.", _object({}), number, errors=here),
        "/feedback.json": _get("Feedback.", _object({}), about, errors=away),
        "/ask.json": _get("What a request is begun with.", _object({}), words, about, errors=away),
        "/ask/similar.json": _get("What exists already.", _object({}), words, errors=away),
        "/tell/{key}.json": _get(
            "What feedback is begun with: the versions that it can be on.",
            _object({"versions": {"type": "array"}}, ["versions"]),
            key,
            _parameter("version", TEXT, "A version that there is; default: the newest."),
            errors=(404, 422, 503),
        ),
    }


def _groups() -> dict[str, Schema]:
    shape = _object({"tables": {"type": "array"}}, ["tables"])
    found = {
        f"/{kind}/{{name}}.json": _get(
            f"What belongs to a {kind}.",
            shape,
            _parameter("name", KEY, "Its name.", "path"),
            errors=(404,),
        )
        for kind in ("owner", "domain", "tag")
    }
    found["/glossary/{slug}.json"] = _get(
        "A term.",
        _object({"text": TEXT}, ["text"]),
        _parameter("slug", KEY, "The end of its address.", "path"),
        errors=(404,),
    )
    return found


def _searched() -> list[Schema]:
    many: Schema = {"type": "array", "items": TEXT}
    return [
        _parameter("q", TEXT, "Words; the last one may be a beginning."),
        _parameter("page", {"type": "integer", "minimum": 1, "maximum": 500}, "Page of results."),
        *(_parameter(facet, many, f"Only of this {facet}; any of several.") for facet in FACETS),
    ]


def _parameter(
    name: str, schema: Schema, words: str, place: str = "query", required: bool = False
) -> Schema:
    needed = required or place == "path"
    return {"name": name, "in": place, "required": needed, "description": words, "schema": schema}


def _object(properties: Schema, required: list[str] | None = None) -> Schema:
    return {"type": "object", "properties": properties, "required": required or []}


def _get(words: str, schema: Schema, *parameters: Schema, errors: tuple[int, ...] = ()) -> Schema:
    answers: Schema = {"200": {"description": words, "content": _json(schema)}}
    for status in errors:
        error = {"$ref": "#/components/schemas/Error"}
        answers[str(status)] = {"description": "Why not.", "content": _json(error)}
    return {"summary": words, "parameters": list(parameters), "responses": answers}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}

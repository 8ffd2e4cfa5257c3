"""From Dagster's asset graph and dbt's manifest to a graph of plain facts.

What belongs here: which fact comes from where. What does not: anything that changes with a run
(`status`); keeping the result (`catalog`), following personal data.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy

from platform_assets.inventory.model import Asset, Column, Graph
from platform_assets.lineage.openlineage.naming import Naming, source_table
from resources.settings import PROJECT_ROOT

KIND_TAG = "dagster/kind/"
_KIND_OF_LAYER = {
    "raw": "source",
    "staging": "table",
    "intermediate": "table",
    "marts": "table",
    "product": "table",
    "report": "report",
    "platform": "platform",
}
NO_TAGS: Mapping[str, str] = {}  # of most columns: one for all of them
Nodes = Mapping[str, Mapping[str, Any]]  # dbt: unique id → node


def graph(
    nodes: Iterable[Any],
    dbt: Mapping[str, Any],
    compiled: Path | None = None,
) -> Graph:
    """Return the catalog's graph.

    Args:
        nodes: Dagster's asset nodes, of a process of its own or of the web server's workspace.
        dbt: the manifest; {} without.
        compiled: the folder of compiled SQL that dbt wrote last.
    """
    models: Nodes = dbt.get("nodes", {})
    tests = _tests(models)
    read = _reader(compiled)
    assets = [_asset(node, models, tests, read) for node in nodes]
    return Graph({asset.key: asset for asset in sorted(assets, key=lambda a: a.key)})


def manifest(path: Path) -> dict[str, Any]:
    """Return dbt's manifest; {} if there is none, or it is being written."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _asset(
    node: Any, models: Nodes, tests: Mapping[str, dict[str, list[str]]], read: Callable[..., str]
) -> Asset:
    tags = {k: v for k, v in node.tags.items() if not k.startswith("dagster/")}
    metadata: Mapping[str, Any] = node.metadata
    unique_id = str(_plain(metadata.get("dagster_dbt/unique_id")) or "")
    model = models.get(unique_id, {})
    layer = tags.get("layer", "")
    warn, fail, deadline = _freshness(node.freshness_policy)
    file, line = _written_at(metadata)
    return Asset(
        key="/".join(node.key.path),
        kind=_KIND_OF_LAYER.get(layer, "other"),
        title=_text(metadata, "title"),
        description=node.description or "",
        layer=layer,
        domain=tags.get("domain", node.group_name or ""),
        owners=tuple(node.owners or ()),
        tags=tags,
        kinds=tuple(sorted(k[len(KIND_TAG) :] for k in node.tags if k.startswith(KIND_TAG))),
        columns=_columns(metadata, tests.get(unique_id, {}), model),
        parents=tuple(sorted("/".join(key.path) for key in node.parent_keys)),
        checks=tuple(sorted(check.name for check in node.check_keys)),
        table=_table(metadata),
        warn_seconds=warn,
        fail_seconds=fail,
        deadline=deadline,
        file=file,
        line=line,
        written=str(model.get("raw_code") or ""),
        compiled=read(model),
        text=_text(metadata, "text"),
        question=_text(metadata, "question"),
        audience=_text(metadata, "audience"),
        link=_text(metadata, "page"),
        materializable=bool(node.is_materializable),
        outside=_outside(metadata),
        described_in=_described_in(model),
    )


def _outside(metadata: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what a source declares to read: files that land, or a table of a database."""
    declared = _plain(metadata.get("source"))
    if not isinstance(declared, dict):
        return ()
    try:
        if declared.get("kind") == "files":
            found = Naming.from_settings().landed(str(declared.get("glob")))
        else:
            found = source_table(str(declared.get("url")), str(declared.get("table")))
    except (ValueError, sqlalchemy.exc.ArgumentError):  # a secret in the address is not set here
        return ()
    return ((found.namespace, found.name),)


def _described_in(model: Mapping[str, Any]) -> str:
    """Return the file that describes a model, below the project's folder."""
    package, _, path = str(model.get("patch_path") or "").partition("://")
    return f"dbt/{path}" if path and package == model.get("package_name") else ""


def _tests(models: Nodes) -> dict[str, dict[str, list[str]]]:
    """Return of each model the names of the tests of each of its columns."""
    found: dict[str, dict[str, list[str]]] = {}
    for node in models.values():
        model, column = node.get("attached_node"), node.get("column_name")
        if node.get("resource_type") == "test" and model and column:
            found.setdefault(model, {}).setdefault(column.lower(), []).append(node["name"])
    return found


def _columns(
    metadata: Mapping[str, Any], tests: Mapping[str, list[str]], model: Mapping[str, Any]
) -> tuple[Column, ...]:
    schema = _plain(metadata.get("dagster/column_schema"))
    described = {name.lower(): column for name, column in model.get("columns", {}).items()}
    types = {name: str(column.get("data_type") or "") for name, column in described.items()}
    return tuple(
        Column(
            name=column.name,
            type=(types.get(column.name.lower()) if types else "")
            or ("" if column.type == "?" else column.type),
            description=column.description or "",
            tests=tuple(sorted(tests.get(column.name.lower(), ()))) if tests else (),
            personal="personal" in column.tags,
            parts=_parts(column.tags.get("personal", "")),
            exempt=column.tags.get("not_personal", "")
            or _exempt(described.get(column.name.lower(), {})),
            tags=dict(column.tags) if column.tags else NO_TAGS,
        )
        for column in (schema.columns if schema is not None else ())
    )


def _parts(tag: str) -> tuple[str, ...]:
    """Return the personal paths in a column of JSON, from its tag; () is all of it."""
    return tuple(part.strip() for part in tag.split(",")) if tag not in ("", "true") else ()


def _exempt(column: Mapping[str, Any]) -> str:
    """Return why a column holds no personal data though it is made from some; "" if it may."""
    metas = (column.get("meta"), (column.get("config") or {}).get("meta"))
    return next((str(m["not_personal"]) for m in metas if m and m.get("not_personal")), "")


def _freshness(policy: Any) -> tuple[float | None, float | None, str]:
    """Return the ages, in seconds, at which a policy warns and fails, and its cron expression."""
    if policy is None:
        return None, None, ""
    deadline = getattr(policy, "deadline_cron", "")
    windows = [getattr(policy, name, None) for name in ("warn_window", "fail_window")]
    warn, fail = (w.to_timedelta().total_seconds() if w is not None else None for w in windows)
    return warn, fail, deadline or ""


def _table(metadata: Mapping[str, Any]) -> str:
    """Return `schema.name`: the database in front of it is the same for all."""
    name = str(_plain(metadata.get("dagster/table_name")) or "")
    return ".".join(name.split(".")[-2:])


def _written_at(metadata: Mapping[str, Any]) -> tuple[str, int]:
    """Return the file that declares the asset, below the project's folder, and the line."""
    found = metadata.get("dagster/code_references")
    for reference in getattr(found, "code_references", ()):
        if isinstance(reference, dg.LocalFileCodeReference):
            path = Path(reference.file_path)
            inside = path.is_relative_to(PROJECT_ROOT)
            shown = path.relative_to(PROJECT_ROOT) if inside else Path(path.name)
            return shown.as_posix(), reference.line_number or 1
    return "", 1


def _reader(folder: Path | None) -> Callable[[Mapping[str, Any]], str]:
    def read(model: Mapping[str, Any]) -> str:
        if model.get("compiled_code"):
            return str(model["compiled_code"])
        if folder is None or model.get("resource_type") != "model":
            return ""
        path = folder / str(model.get("package_name")) / str(model["original_file_path"])
        try:
            return path.read_text()
        except OSError:
            return ""

    return read


def _plain(value: Any) -> Any:
    """Return a metadata value without Dagster's wrapping."""
    return value.value if isinstance(value, dg.MetadataValue) else value


def _text(metadata: Mapping[str, Any], name: str) -> str:
    return str(_plain(metadata.get(name)) or "")

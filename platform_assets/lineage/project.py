"""Lineage of everything the platform has: dbt's models, reports' queries, sources, Python.

What belongs here: which statements there are, in which order, and what has no SQL. What does not:
tracing one (`columns`), what dbt compiles (`compiled`), how Dagster is told (`metadata`).

The columns of a model are those that were traced, so that they are those of the SQL as it is
written now; only of tables that no SQL makes are they the warehouse's.
"""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from platform_assets.lineage import metadata
from platform_assets.lineage.columns import trace
from platform_assets.lineage.compiled import Compiled, compiled
from platform_assets.lineage.model import (
    DIRECT,
    TRANSFORMATION,
    Edge,
    Source,
    Statement,
    TableLineage,
)
from resources.dbt import DbtProject
from resources.warehouse import Warehouse

Schemas = Mapping[str, Mapping[str, str]]  # type by column, by table


@dataclass(frozen=True)
class Known:
    """What is known of an asset that no SQL makes.

    Attributes:
        columns: type by column.
        unique: columns by which a row is found at most once.
        edges: by column, as the asset declares them; None where it does not.
    """

    key: str
    table: str
    columns: Mapping[str, str]
    unique: tuple[str, ...] = ()
    edges: Mapping[str, tuple[Edge, ...]] | None = None
    problem: str = ""


def of_project(
    nodes: Iterable[Any] = (),
    queries: Iterable[Statement] = (),
    project: DbtProject | None = None,
    schemas: Schemas | None = None,
    cache: Path | None = None,
) -> dict[str, TableLineage]:
    """Return the lineage of every asset, by its key, and of every query, by its own.

    The first call after a change of the dbt project waits for dbt to compile it; any other takes
    milliseconds.

    Args:
        nodes: Dagster's asset nodes, of a process of its own or of a workspace: what they declare
            of sources, and of assets that Python makes.
        queries: reports' queries, as `Statement`s with a key of their own and no table.
        project: the dbt project; that of the settings.
        schemas: types of the columns of the warehouse's tables; read from the warehouse.
        cache: folder in which lineage is kept; `.data/lineage`.

    Raises:
        PlatformError: dbt does not compile the project, with its words.
    """
    project = project or DbtProject.from_settings()
    models = compiled(project)
    assets = list(nodes)
    known = [one for node in assets if (one := _known(node)) is not None]
    columns: dict[str, Mapping[str, str]] = {one.table: one.columns for one in known if one.columns}
    columns |= warehouse_schemas() if schemas is None else schemas
    columns |= _seeds(models, project)
    unique = unique_columns(models)
    unique |= {one.table: [[name] for name in one.unique] for one in known if one.unique}
    keys = {
        str(_plain(node.metadata.get("dagster_dbt/unique_id"))): "/".join(node.key.path)
        for node in assets
    }
    found = {one.key: _declared(one, columns) for one in known}
    for node_id, node in models.nodes.items():
        if node["resource_type"] == "seed":
            key = keys.get(node_id) or asset_key(node)
            found[key] = _seed(key, table_of(node), columns)
    folder = cache or metadata.cache_folder()
    found |= trace([*statements(models, keys), *queries], columns, folder, unique)
    metadata.keep(folder, models.state, found.values())
    return found


def warehouse_schemas() -> dict[str, dict[str, str]]:
    """Return the types of all columns of the warehouse, by table: `schema.name`."""
    found: dict[str, dict[str, str]] = {}
    with Warehouse.from_settings().reading() as connection:
        rows = connection.execute(
            "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = 'lake' ORDER BY schema_name, table_name, column_index"
        ).fetchall()
    for schema, table, column, kind in rows:
        found.setdefault(f"{schema}.{table}".lower(), {})[column] = kind
    return found


def unique_columns(models: Compiled) -> dict[str, list[list[str]]]:
    """Return of each table the sets of columns that dbt's tests say are unique."""
    return {table_of(node): node["unique"] for node in models.nodes.values() if node["unique"]}


def asset_key(node: Mapping[str, Any]) -> str:
    """Return the key of the asset that a dbt node is: declared, else `<schema>/<name>`."""
    for meta in ((node.get("config") or {}).get("meta"), node.get("meta")):
        declared = ((meta or {}).get("dagster") or {}).get("asset_key")
        if declared:
            return "/".join(declared)
    return f"{node['schema']}/{node['name']}"


def table_of(node: Mapping[str, Any]) -> str:
    """Return the table that a dbt node makes, `schema.name` in lower case."""
    return f"{node['schema']}.{node.get('alias') or node['name']}".lower()


def statements(models: Compiled, keys: Mapping[str, str] | None = None) -> Iterator[Statement]:
    """Return a statement for each model and snapshot, each after those that it reads.

    Args:
        keys: asset keys by unique id, where they are others than dbt's nodes say.
    """
    for node_id in _in_order(models.nodes):
        node = models.nodes[node_id]
        key = (keys or {}).get(node_id) or asset_key(node)
        if node["resource_type"] == "seed" or node["config"].get("materialized") == "ephemeral":
            continue
        problem = str(node["problem"])
        if node.get("language") == "python":
            problem = (
                f"It is made by Python, {node['original_file_path']}: "
                "which columns it takes from what it reads is not known."
            )
        sql = str(node["sql"])
        if node["resource_type"] == "snapshot" and sql:
            sql = _snapshot(sql, node["config"])
        if not sql.strip() and not problem:
            problem = "dbt has no SQL for it."
        yield Statement(key, table_of(node), sql, models.dialect, problem)


def statements_of(nodes: Iterable[Any], project: DbtProject | None = None) -> Iterator[Statement]:
    """Return the statement of each of dbt's models, with the key of its Dagster asset.

    Raises:
        PlatformError: dbt does not compile the project, with its words.
    """
    unique = ((node, _plain(node.metadata.get("dagster_dbt/unique_id"))) for node in nodes)
    keys = {str(of_dbt): "/".join(node.key.path) for node, of_dbt in unique if of_dbt}
    return statements(compiled(project or DbtProject.from_settings()), keys)


def of_queries(queries: Iterable[tuple[str, str, str]]) -> list[Statement]:
    """Return the statements of reports' queries: of each the report, its name, and its SQL.

    The key of one is `report/<report>#<query>`.
    """
    return [Statement(f"report/{report}#{query}", "", sql) for report, query, sql in queries]


def _in_order(nodes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    order: dict[str, None] = {}
    waiting: list[tuple[str, bool]] = [(node_id, False) for node_id in reversed(list(nodes))]
    while waiting:
        node_id, entered = waiting.pop()
        if entered:
            order[node_id] = None
        elif node_id not in order:
            waiting.append((node_id, True))
            waiting += [(p, False) for p in nodes[node_id]["depends_on"] if p in nodes]
    return list(order)


def _snapshot(sql: str, config: Mapping[str, Any]) -> str:
    """Return a snapshot's query with the columns that dbt adds to it."""
    names = config.get("snapshot_meta_column_names") or {}

    def named(name: str) -> str:
        return str(names.get(name) or name)

    unique = config.get("unique_key") or []
    keys = [unique] if isinstance(unique, str) else list(unique)
    if config.get("strategy") == "timestamp":
        changed = str(config.get("updated_at"))
    else:
        checked = config.get("check_cols")
        listed = checked if isinstance(checked, list) else keys
        tested = " OR ".join(f"{column} IS NOT NULL" for column in listed) or "TRUE"
        changed = f"CASE WHEN {tested} THEN CURRENT_TIMESTAMP END"
    given = ", ".join(f"CAST({key} AS VARCHAR)" for key in (*keys, f"({changed})"))
    return (
        f"SELECT snapshotted.*, MD5(CONCAT({given})) AS {named('dbt_scd_id')}, "
        f"{changed} AS {named('dbt_updated_at')}, {changed} AS {named('dbt_valid_from')}, "
        f"NULLIF({changed}, {changed}) AS {named('dbt_valid_to')} FROM (\n{sql}\n) AS snapshotted"
    )


def _seeds(models: Compiled, project: DbtProject) -> dict[str, dict[str, str]]:
    """Return the columns of the seeds, by table, from their files."""
    found: dict[str, dict[str, str]] = {}
    for node in models.nodes.values():
        if node["resource_type"] != "seed":
            continue
        types = {k.lower(): str(v) for k, v in (node["config"].get("column_types") or {}).items()}
        delimiter = str(node["config"].get("delimiter") or ",")
        try:
            with (project.folder / node["original_file_path"]).open(newline="") as file:
                header = next(csv.reader(file, delimiter=delimiter), [])
        except OSError:
            continue
        found[table_of(node)] = {name.strip(): types.get(name.lower(), "") for name in header}
    return found


def _seed(key: str, table: str, schemas: Schemas) -> TableLineage:
    problem = "" if table in schemas else "The columns of its file are not known."
    return TableLineage(key, table, dict.fromkeys(schemas.get(table, {}), ()), (), problem)


def _known(node: Any) -> Known | None:
    """Return what a Dagster asset says of itself; None if it is dbt's, a report, or no table."""
    told = node.metadata
    if _plain(told.get("dagster_dbt/unique_id")):
        return None
    table = str(_plain(told.get("dagster/table_name")) or "").lower()
    if not table:
        return None
    table = ".".join(table.split(".")[-2:])
    schema = _plain(told.get("dagster/column_schema"))
    columns = {c.name: c.type for c in schema.columns} if isinstance(schema, dg.TableSchema) else {}
    declared = _plain(told.get(metadata.KEY))
    key = "/".join(node.key.path)
    edges = _edges(declared) if isinstance(declared, dg.TableColumnLineage) else None
    reads = sorted("/".join(parent.path) for parent in node.parent_keys)
    problem = ""
    if reads and edges is None:
        problem = (
            f"It is made by Python from {', '.join(reads)}, and does not declare which columns it "
            "takes: `dagster/column_lineage` in its metadata would."
        )
    unique = tuple(c.name for c in schema.columns if c.constraints.unique) if columns else ()
    return Known(key, table, columns, unique, edges, problem)


def _edges(declared: dg.TableColumnLineage) -> dict[str, tuple[Edge, ...]]:
    return {
        column: tuple(
            Edge(Source(table_named(dep.asset_key.path), dep.column_name), DIRECT, TRANSFORMATION)
            for dep in deps
        )
        for column, deps in declared.deps_by_column.items()
    }


def table_named(path: Collection[str]) -> str:
    """Return the table of an asset by its key: `raw/shop/orders` is `raw.shop__orders`."""
    first, *rest = path
    return f"{first}.{'__'.join(rest)}".lower()


def _declared(one: Known, schemas: Schemas) -> TableLineage:
    edges = one.edges or {}
    names = [
        *schemas.get(one.table, {}),
        *(c for c in edges if c not in schemas.get(one.table, {})),
    ]
    return TableLineage(
        one.key, one.table, {name: edges.get(name, ()) for name in names}, (), one.problem
    )


def _plain(value: Any) -> Any:
    """Return what a metadata value holds."""
    return getattr(value, "value", value)

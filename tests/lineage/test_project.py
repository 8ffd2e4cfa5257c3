"""Lineage of a whole project: what dbt compiles, and what no SQL makes."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.lineage import metadata
from platform_assets.lineage.compiled import compiled, state_of
from platform_assets.lineage.model import Edge, Source, Statement
from platform_assets.lineage.project import of_project
from resources.dbt import DbtProject
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, settings

FILES = {
    "dbt_project.yml": """
name: small
profile: platform
config-version: 2
models: {small: {+schema: marts}}
seeds: {small: {+schema: staging}}
""",
    "macros/names.sql": """
{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}
""",
    "models/sources.yml": """
sources:
  - {name: raw, database: lake, schema: raw, tables: [{name: events}]}
""",
    "seeds/kinds.csv": "kind,label\na,A\n",
    "models/passed_on.sql": """
{{ config(materialized='ephemeral') }}
select id, properties from {{ source('raw', 'events') }} where kind <> 'test'
""",
    "models/facts.sql": """
{{ config(materialized='incremental', unique_key='id') }}
select e.id, e.properties->>'$.price' as price, k.label
from {{ ref('passed_on') }} as e
left join {{ ref('kinds') }} as k on e.properties->>'$.kind' = k.kind
{% if is_incremental() %} where e.id > (select max(id) from {{ this }}) {% endif %}
""",
    "models/all_facts.sql": "select * from {{ ref('facts') }}",
    "models/models.yml": """
models:
  - name: facts
    columns: [{name: id, data_tests: [unique]}]
  - name: all_facts
    meta: {dagster: {asset_key: [marts, everything]}}
snapshots: []
""",
    "snapshots/kept.sql": """
{% snapshot kept %}
{{ config(schema='marts', unique_key='id', strategy='check', check_cols=['price']) }}
select id, price from {{ ref('facts') }}
{% endsnapshot %}
""",
}


@pytest.fixture
def project(
    tmp_path: Path, project_data: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DbtProject]:
    """A small dbt project, on a lake that is empty."""
    folder = tmp_path / "dbt"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "profiles.yml").write_text((PROJECT_ROOT / "dbt" / "profiles.yml").read_text())
    monkeypatch.setenv("PLATFORM_DBT_DIR", str(folder))
    settings.cache_clear()
    yield DbtProject.from_settings()


def nodes() -> list[dg.AssetSpec]:
    """A source that declares its columns, and two assets that Python makes."""
    columns = [dg.TableColumn(name, "string") for name in ("id", "kind", "properties")]
    lineage = dg.TableColumnLineage({"kind": [dg.TableColumnDep(["raw", "events"], "kind")]})
    table, schema = "dagster/table_name", "dagster/column_schema"
    raw, told, silent = (
        dg.AssetSpec(["raw", "events"], metadata={table: "lake.raw.events"}),
        dg.AssetSpec(["staging", "told"], deps=[["raw", "events"]]),
        dg.AssetSpec(["staging", "silent"], deps=[["raw", "events"]]),
    )
    return [
        raw.merge_attributes(metadata={schema: dg.TableSchema(columns)}),
        told.merge_attributes(
            metadata={table: "lake.staging.told", "dagster/column_lineage": lineage}
        ),
        silent.merge_attributes(metadata={table: "lake.staging.silent"}),
        dg.AssetSpec(["report", "weekly"]),
    ]


def graph(specs: list[dg.AssetSpec]) -> list[object]:
    """The nodes of a Dagster graph of external assets."""
    return list(dg.Definitions(assets=specs).get_repository_def().asset_graph.asset_nodes)


def told(edges: tuple[Edge, ...]) -> set[tuple[str, str, str]]:
    return {(f"{e.source.table}.{e.source.column}", e.source.path, e.subtype) for e in edges}


def test_a_project_is_traced_from_end_to_end(project: DbtProject) -> None:
    query = Statement("report/weekly#prices", "", "select max(price) as dearest from marts.facts")
    found = of_project(graph(nodes()), [query], project)

    facts = found["marts/facts"]
    assert facts.problem == "" and list(facts.columns) == ["id", "price", "label"]
    price = ("raw.events.properties", "properties.price", "IDENTITY")
    assert told(facts.columns["price"]) == {price}
    assert ("staging.kinds.label", "", "IDENTITY") in told(facts.columns["label"])
    assert ("raw.events.kind", "", "FILTER") in told(facts.rows), "through the ephemeral model"

    assert list(found["marts/everything"].columns) == ["id", "price", "label"]
    assert told(found["report/weekly#prices"].columns["dearest"]) == {
        ("marts.facts.price", "", "AGGREGATION")
    }
    assert list(found["staging/kinds"].columns) == ["kind", "label"]
    assert found["raw/events"].columns == {"id": (), "kind": (), "properties": ()}

    kept = found["marts/kept"]
    assert list(kept.columns)[:2] == ["id", "price"]
    assert told(kept.columns["dbt_valid_from"]) == {("marts.facts.price", "", "CONDITIONAL")}

    (edge,) = found["staging/told"].columns["kind"]
    assert edge.source == Source("raw.events", "kind")
    assert "made by Python from raw/events" in found["staging/silent"].problem
    assert "report/weekly" not in found

    known = metadata.column_lineage(metadata.cache_folder(), state_of(project), "marts/facts")
    assert known is not None
    assert known.deps_by_column["price"] == [dg.TableColumnDep(["raw", "events"], "properties")]
    assert metadata.column_lineage(metadata.cache_folder(), "another", "marts/facts") is None

    file = project.target.parent / "compiled" / "compiled.json"
    written = file.stat().st_mtime_ns
    compiled(project)
    assert file.stat().st_mtime_ns == written, "no file has changed"
    (project.folder / "models" / "facts.sql").write_text("select {{ nothing( }}")
    for _ in range(2):  # the second time without dbt
        with pytest.raises(PlatformError, match=r"facts\.sql"):
            compiled(project)


def test_nothing_is_told_where_nothing_was_traced(tmp_path: Path) -> None:
    assert metadata.column_lineage(tmp_path / "nowhere", "state", "marts/facts") is None
    (tmp_path / metadata.FILE).write_bytes(b"torn")
    assert metadata.column_lineage(tmp_path, "state", "marts/facts") is None

"""The model seam: what dbt writes takes its turn, what it reads does not wait."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.cli.main import dbtRunner
from packaging.version import Version

from resources.dbt import DbtProject, _way_out
from resources.dbt_turns import only_reads, take_turns
from resources.settings import PROJECT_ROOT, settings
from resources.warehouse import Warehouse


@pytest.fixture
def project(
    tmp_path: Path, project_data: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DbtProject]:
    """A dbt project of one table, on the platform's own profile."""
    folder = tmp_path / "dbt"
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: platform\nprofile: platform\n")
    (folder / "profiles.yml").write_text((PROJECT_ROOT / "dbt" / "profiles.yml").read_text())
    model = "{{ config(materialized='table', schema='marts') }} SELECT 1 AS n"
    (folder / "models" / "one.sql").write_text(model)
    monkeypatch.setenv("PLATFORM_DBT_DIR", str(folder))
    settings.cache_clear()
    yield DbtProject.from_settings()


def started(action: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        '/* {"app": "dbt"} */\nWITH a AS (SELECT 1) FROM a',
        "DESCRIBE SELECT * FROM marts.orders",
        "SHOW TABLES",
        "SELECT 'drop table x'",
        "SELECT 1; SELECT 2",
    ],
)
def test_a_query_only_reads(sql: str) -> None:
    assert only_reads(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE a AS SELECT 1",
        "/* select */ CREATE OR REPLACE VIEW a AS SELECT 1",
        "CREATE OR REPLACE MACRO f() AS 1",
        "MERGE INTO a USING b ON a.n = b.n WHEN MATCHED THEN DELETE",
        "INSERT INTO a SELECT 1",
        "DELETE FROM a",
        "ALTER TABLE a ADD COLUMN b INT",
        "SELECT 1; DROP TABLE a",
        "EXPLAIN ANALYZE DELETE FROM a",
        "CALL lake.merge_adjacent_files()",
        "SELECT * FROM DuckLake_Expire_Snapshots('lake')",
        "SELEKT 1",
    ],
)
def test_everything_else_may_write(sql: str) -> None:
    assert not only_reads(sql)


def test_dbt_reads_while_another_writer_has_the_turn_and_builds_after_it(
    project: DbtProject,
) -> None:
    assert [r.status for r in project.build(["one"])] == ["success"]
    query = ["--inline", "SELECT n + 41 AS n FROM {{ ref('one') }}"]
    shown: list[Any] = []
    built: list[str] = []
    with Warehouse.from_settings().lock():
        read = started(
            lambda: shown.append(dbtRunner().invoke(project._arguments("show", query)).result)
        )
        read.join(60)
        assert shown and shown[0].results[0].agate_table.rows[0]["n"] == 42
        write = started(lambda: built.extend(r.status for r in project.build(["one"])))
        write.join(2)
        assert write.is_alive() and not built
    write.join(60)
    assert built == ["success"]


def test_the_adapter_asks_nobody_for_the_version_of_duckdb(project: DbtProject) -> None:
    """Its question would hold a lock of the adapter's own, and wait for a turn to write."""
    from dbt.adapters.duckdb.impl import DuckDBAdapter

    take_turns()
    assert vars(DuckDBAdapter)["duckdb_version"] == Version(duckdb.__version__)


@pytest.mark.parametrize(
    ("table", "key"), [("parcels", "raw, parcels"), ("shop__orders", "raw, shop, orders")]
)
def test_a_table_that_dbt_was_not_told_of_is_told_with_the_line_that_it_lacks(
    table: str, key: str
) -> None:
    said = f"Model 'stg' (stg.sql) depends on a source named 'raw.{table}' which was not found"
    line = f"- {{name: {table}, config: {{meta: {{dagster: {{asset_key: [{key}]}}}}}}}}"
    assert _way_out(said).endswith(
        f"`raw` in models/sources.yml, with the key of its asset:\n{line}"
    )
    assert yaml.safe_load(line)[0]["config"]["meta"]["dagster"]["asset_key"] == key.split(", ")
    assert "Mend the file" in _way_out(said.replace("a source named", "a node named"))

"""What a model can be on Spark: built by the executors, published by the lake, all or nothing."""

import threading
from pathlib import Path

import pytest

from resources.errors import PlatformError
from resources.spark.engine import shared_engine, shared_warehouse
from tests.spark.small_project import SmallProject

pytestmark = [pytest.mark.xdist_group("spark"), pytest.mark.timeout(300)]

NUMBERS = "select id, id * 10 as tens from range(1, 6) as r(id)"
DAYS = """
{{ config(materialized='incremental', incremental_strategy='replace', meta={
    'replaces': 'old.day = new.day',
    'within': {'column': 'day', 'first': 'day', 'last': 'day'},
    'keeps': 'new.amount > 0',
}) }}
select cast('2026-01-01' as date) + cast(id as int) as day, id * 10 as amount, 'first' as run
from range(1, 4) as r(id)
{% if is_incremental() %}
where false
union all select date '2026-01-03', 7, 'second'
union all select date '2026-01-04', 0, 'second'
union all select date '2026-01-09', 8, 'second'
{% endif %}
"""
BY_KEY = """
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='id',
          on_schema_change='append_new_columns') }}
{% if not is_incremental() %}
select id, 'old' as state from range(3) as r(id)
{% else %}
select cast(2 as bigint) as id, 1.5 as more union all select 3, null
{% endif %}
"""
CHECKED = """
select id, cast('2026-01-01 00:00:00.5' as {{ t_ts() }}) as at, cast(1 as decimal(18,2)) as money,
    case when id < /*some*/0 then null else 'a''b' end as label
from {{ ref('numbers') }}
"""
BY_LABEL = """
{{ config(materialized='view') }} select label, hour(at) as hour from {{ ref('checked') }}
"""
CONTRACT = {
    "name": "checked",
    "config": {"contract": {"enforced": True}},
    "columns": [
        {"name": "id", "data_type": "bigint", "constraints": [{"type": "not_null"}]},
        {"name": "at", "data_type": "timestamp"},
        {"name": "money", "data_type": "decimal(18,2)"},
        {"name": "label", "data_type": "string", "constraints": [{"type": "not_null"}]},
    ],
}
UNIT = {
    "name": "labels_are_told",
    "model": "by_label",
    "given": [
        {"input": "ref('checked')", "rows": [{"label": "it's \\n", "at": "2026-01-02 03:00:00"}]}
    ],
    "expect": {"rows": [{"label": "it's \\n", "hour": 3}]},
}


@pytest.fixture
def project(spark_data: Path, tmp_path: Path) -> SmallProject:
    return SmallProject(tmp_path / "project")


def test_a_project_is_built_and_built_upon(project: SmallProject) -> None:
    project.write("numbers", NUMBERS)
    project.write("days", DAYS)
    project.write("by_key", BY_KEY)
    project.write("checked", CHECKED)
    project.write("by_label", BY_LABEL)
    project.seed("codes", "code,name,since\n1,\"a, 'b'\",2026-01-01\n2,,\n")
    project.say(
        models=[
            CONTRACT,
            {"name": "numbers", "columns": [{"name": "id", "data_tests": ["unique"]}]},
        ],
        unit_tests=[UNIT],
    )
    assert set(project.run().values()) <= {"success", "pass"}
    assert project.rows("SELECT count(*), sum(tens) FROM marts.numbers") == [(5, 150)]
    assert project.rows("SELECT * FROM marts.codes ORDER BY code") == [
        (1, "a, 'b'", project.rows("SELECT DATE '2026-01-01'")[0][0]),
        (2, None, None),
    ]
    assert project.rows("SELECT DISTINCT label FROM marts.by_label") == [("a'b",)]
    assert project.rows("DESCRIBE marts.checked")[0][:3] == ("id", "BIGINT", "NO")
    before = project.rows("SELECT max(snapshot_id) FROM lake.snapshots()")[0][0]
    assert set(project.run().values()) <= {"success", "pass"}
    assert project.rows("SELECT day::VARCHAR, amount, run FROM marts.days ORDER BY ALL") == [
        ("2026-01-02", 10, "first"),
        ("2026-01-03", 7, "second"),
        ("2026-01-09", 8, "second"),
    ]
    assert project.rows("SELECT * FROM marts.by_key ORDER BY id") == [
        (0, "old", None),
        (1, "old", None),
        (2, None, project.rows("SELECT 1.5")[0][0]),
        (3, None, None),
    ]
    assert project.rows("SELECT count(*) FROM marts.by_key WHERE state IS NULL") == [(2,)]
    old = f"FROM marts.by_key AT (VERSION => {before}) ORDER BY id"
    assert project.rows(old) == [(0, "old"), (1, "old"), (2, "old")], "earlier snapshots stay"
    assert project.files() == project.known_files(), "nothing lies about"


def test_what_fails_leaves_the_table_as_it_was_and_no_files(project: SmallProject) -> None:
    project.write("numbers", NUMBERS)
    project.write("checked", CHECKED)
    project.write("after", "select * from {{ ref('checked') }}")
    project.say(models=[CONTRACT])
    assert set(project.run().values()) == {"success"}
    files = project.files()
    # Half of the rows are written when a cast fails; a NULL is only found in what was written.
    project.write(
        "numbers",
        "select id, cast(if(id < 90, '1', 'x') as int) as tens from range(0, 99, 1, 9) as r(id)",
    )
    project.write("checked", CHECKED.replace("/*some*/0", "3"))
    found = project.run()
    assert "CAST_INVALID_INPUT" in found["numbers"]
    assert found["checked"].startswith("skipped")
    found = project.run("build", "--select", "checked", "after")
    assert "NOT NULL constraint failed: 2 rows have no value in 'label'" in found["checked"]
    assert found["after"].startswith("skipped")
    assert project.rows("SELECT count(*), sum(tens) FROM marts.numbers") == [(5, 150)]
    assert project.rows("SELECT count(*), min(label) FROM marts.checked") == [(5, "a'b")]
    assert project.files() == files
    project.write("checked", CHECKED.replace("decimal(18,2)", "decimal(18,3)"))
    assert "contract" in project.run("run", "--select", "checked")["checked"]
    assert "JVM" not in found["checked"]


def test_two_runs_build_a_model_one_after_the_other(project: SmallProject) -> None:
    project.write("numbers", NUMBERS)
    waiting = threading.Thread(target=project.run)
    with shared_warehouse().place.mutex("model/model.platform.numbers"):
        waiting.start()
        waiting.join(8)
        assert waiting.is_alive(), "it waits for its table"
        assert project.rows(
            "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'numbers'"
        ) == [(0,)]
    waiting.join(120)
    assert project.rows("SELECT count(*) FROM marts.numbers") == [(5,)]


def test_a_dead_cluster_is_told_at_once(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("numbers", NUMBERS)
    monkeypatch.setattr("resources.spark.engine.open_session", _refused)
    found = project.run("run")
    assert "No Spark Connect server answers at 127.0.0.1:9" in found["numbers"]
    with pytest.raises(PlatformError):
        shared_engine()


def _refused() -> object:
    from resources.spark.session import open_session

    return open_session("sc://127.0.0.1:9/;token=hidden")

"""Tables of the lake, read by Spark as DuckDB reads them: whatever has happened to them."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from resources.errors import PlatformError
from resources.spark.lake_views import LakeViews
from resources.warehouse import Warehouse
from resources.warehouse.connection import literal
from tests import lakes
from tests.long import long

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.xdist_group("spark"), pytest.mark.timeout(300)]

MAKE = """
CREATE TABLE lake.marts.t AS SELECT
    i AS a, 'ö''x' || i AS b, TIMESTAMP '2026-01-01 00:00:00.000001' + INTERVAL (i) HOUR AS at,
    TIMESTAMPTZ '2026-01-01 02:00:00.5+02' AS zoned, (i / 100)::DECIMAL(18,2) AS money,
    CASE WHEN i % 2 = 0 THEN uuid() END AS id, i % 3 = 0 AS yes, (i % 100)::TINYINT AS small,
    DATE '2026-01-01' + i::INTEGER AS day, i / 7 AS share, '\\xFF'::BLOB AS bytes,
    i::HUGEINT AS wide
FROM range(1000) AS r(i)
"""
# One thing that can happen to a table after the other; each is a snapshot.
CHANGES = (
    MAKE,
    "INSERT INTO lake.marts.t SELECT * REPLACE (-1 AS a) FROM lake.marts.t LIMIT 3",  # inlined
    "DELETE FROM lake.marts.t WHERE a BETWEEN 5 AND 7",  # inlined too
    "DELETE FROM lake.marts.t WHERE a BETWEEN 100 AND 400",
    "DELETE FROM lake.marts.t WHERE a BETWEEN 500 AND 600 OR a = -1 AND b LIKE '%x1'",
    "INSERT INTO lake.marts.t SELECT * REPLACE (a + 2000 AS a) FROM lake.marts.t",
    "ALTER TABLE lake.marts.t ADD COLUMN later VARCHAR DEFAULT 'it''s'",
    'ALTER TABLE lake.marts.t RENAME COLUMN b TO "B or `b`"',
    "ALTER TABLE lake.marts.t DROP COLUMN money",
    "ALTER TABLE lake.marts.t ADD COLUMN money VARCHAR",
    "ALTER TABLE lake.marts.t ALTER COLUMN small TYPE INTEGER",
    "INSERT INTO lake.marts.t SELECT * REPLACE ('m' AS money, 70000 AS small) FROM lake.marts.t",
    "DELETE FROM lake.marts.t WHERE a % 5 = 0",
)
# What leaves the rows as they are; the lake itself forgets earlier snapshots by it.
TIDYING = (
    "CALL ducklake_flush_inlined_data('lake')",
    "CALL ducklake_rewrite_data_files('lake', 't', schema => 'marts', delete_threshold => 0.0)",
    "CALL ducklake_merge_adjacent_files('lake', 't', schema => 'marts')",
)


def the_rows(warehouse: Warehouse, table: str, snapshot: int, chosen: str = "*") -> pa.Table:
    with warehouse.reading() as connection:
        at = f"AT (VERSION => {snapshot})"
        return connection.execute(f"SELECT {chosen} FROM lake.{table} {at}").to_arrow_table()


def differing(warehouse: Warehouse, one: pa.Table, other: pa.Table) -> int:
    """Return how many rows only one of two tables has; their types must be the same."""
    with warehouse.reading() as connection:
        connection.register("one", one)
        connection.register("other", other)
        assert (
            connection.execute("DESCRIBE one").fetchall()
            == connection.execute("DESCRIBE other").fetchall()
        )
        found = connection.execute(
            "SELECT count(*) FROM ((FROM one EXCEPT ALL FROM other) "
            "UNION ALL (FROM other EXCEPT ALL FROM one))"
        ).fetchone()
        assert found is not None
        return int(found[0])


@pytest.mark.parametrize(
    "kind", [pytest.param("embedded", marks=long("every snapshot of a table on Spark")), "shared"]
)
def test_a_table_is_the_same_at_each_of_its_snapshots(
    kind: str, project_data: Path, session: "SparkSession"
) -> None:
    warehouse = Warehouse(lakes.new_lake(kind, project_data)["PLATFORM_WAREHOUSE_URL"])
    views = LakeViews(session, warehouse)
    chosen = "* REPLACE (CAST(wide AS DECIMAL(38,0)) AS wide)"  # the widest that Spark has

    def check(snapshot: int) -> int:
        found = session.sql(views.resolve("SELECT * FROM `marts.t`", snapshot)).toArrow()
        there = the_rows(warehouse, "marts.t", snapshot, chosen)
        assert differing(warehouse, found, there) == 0, f"snapshot {snapshot}"
        return found.num_rows

    connection = warehouse.connect()
    for statement in CHANGES:
        connection.execute(statement)
    first, last = 2, views.snapshot()
    assert last - first + 1 == len(CHANGES)
    older = {first + 2: 1000, first + 4: 597, first + 9: 1194} if kind == "embedded" else {}
    for snapshot, rows in older.items():
        assert check(snapshot) == rows
    rows = check(last)
    for statement in TIDYING:
        connection.execute(statement)
    connection.close()
    warehouse = Warehouse(warehouse.url)  # one that was open stumbles over what was flushed
    assert check(views.snapshot()) == rows


def test_files_that_were_added_have_columns_from_their_folders_and_lack_others(
    project_data: Path, session: "SparkSession"
) -> None:
    warehouse = Warehouse.from_settings()
    connection = warehouse.connect()
    connection.execute(
        'CREATE TABLE lake.raw.events ("Id" BIGINT, later VARCHAR, _load_id BIGINT, '
        "_loaded_at TIMESTAMPTZ)"
    )
    for load, columns in ((1, "1 AS Id"), (2, "2 AS Id, 'b' AS later"), (3, "3 AS Id, 1 AS odd")):
        moment = f"2026-01-0{load}%2012%3A00%3A00.12345{load}%2B00"
        folder = Path(warehouse.data_path) / f"loads/_load_id={load}/_loaded_at={moment}"
        folder.mkdir(parents=True)
        file = folder / "[odd] {name}.parquet"
        connection.execute(f"COPY (SELECT {columns}) TO {literal(file)} (FORMAT parquet)")
        connection.execute(
            "CALL ducklake_add_data_files('lake', 'events', ?, schema => 'raw', allow_missing => "
            "true, hive_partitioning => true, ignore_extra_columns => true)",
            [str(file).replace("[", "[[]")],
        )
    views = LakeViews(session, warehouse)
    snapshot = views.snapshot()
    found = session.sql(views.resolve("SELECT * FROM `raw.events`", snapshot))
    there = the_rows(warehouse, "raw.events", snapshot)
    assert there.num_rows == 3
    assert differing(warehouse, found.toArrow(), there) == 0
    pruned = session.sql(views.resolve("SELECT * FROM `raw.events` WHERE _load_id > 2", snapshot))
    assert [row["Id"] for row in pruned.toArrow().to_pylist()] == [3]
    connection.close()


def test_a_statement_keeps_its_snapshot_and_the_lakes_views_are_rows_too(
    project_data: Path, session: "SparkSession"
) -> None:
    warehouse = Warehouse.from_settings()
    views = LakeViews(session, warehouse)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE lake.marts.t AS SELECT 1 AS a")
        connection.execute("CREATE VIEW lake.marts.v AS SELECT a + 1 AS a FROM lake.marts.t")
    before = views.snapshot()
    with warehouse.write() as connection:
        connection.execute("INSERT INTO lake.marts.t SELECT range FROM range(50)")
    count = "SELECT count(*) AS n FROM `marts.t`"
    assert session.sql(views.resolve(count, before)).toArrow().to_pylist() == [{"n": 1}]
    assert session.sql(views.resolve(count, views.snapshot())).toArrow().to_pylist() == [{"n": 51}]
    found = session.sql(views.resolve("SELECT sum(a) AS n FROM `marts.v`", views.snapshot()))
    assert found.toArrow().to_pylist() == [{"n": 1277}]
    copies = list(Path(warehouse.data_path).rglob("views/*.parquet"))
    assert len(copies) == 1
    views.close()
    assert not copies[0].exists()
    assert views.resolve("SELECT `nothing.here`", before) == "SELECT `nothing.here`"


def test_a_type_that_spark_does_not_have_is_told(
    project_data: Path, session: "SparkSession"
) -> None:
    warehouse = Warehouse.from_settings()
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE lake.marts.t AS SELECT [1] AS many")
    views = LakeViews(session, warehouse)
    with pytest.raises(PlatformError, match="'many' is of type list"):
        views.view("marts", "t", views.snapshot())

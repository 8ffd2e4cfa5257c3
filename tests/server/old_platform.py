"""An embedded platform with a past, to be moved: loads, deletions, old snapshots, reports, runs,
and what people and other platforms have told it.

What belongs here: making it, and what two lakes are compared by. What does not: moving it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg2
import sqlalchemy

from platform_assets.lineage.openlineage.received.store import Store
from platform_assets.product.store import RecordStore
from platform_assets.reporting import archive
from platform_assets.sample.demand import records
from platform_assets.server.home import Home
from platform_assets.server.usage import key_of
from resources.dbt import DbtProject
from resources.settings import PROJECT_ROOT, settings
from resources.warehouse import Warehouse
from tests.archives import files
from tests.ingestion.zone import Zone, column, lines, source
from tests.lakes import new_lake
from tests.lineage import producers, receiving

EVENTS = source(columns=[column("id", "integer", required=True)])
FIRST = lines(*({"id": n, "name": f"événement {n}"} for n in range(500)), {"id": "bad"})
SECOND = lines(*({"id": 1000 + n, "more": "new column"} for n in range(5)))
TYPED = """
CREATE TABLE raw.typed AS SELECT true AS a, (-128)::TINYINT AS b, (-32768)::SMALLINT AS c,
  (-2147483648)::INTEGER AS d, 9223372036854775807 AS e,
  170141183460469231731687303715884105727::HUGEINT AS f,
  340282366920938463463374607431768211455::UHUGEINT AS f2, 255::UTINYINT AS g,
  65535::USMALLINT AS h, 4294967295::UINTEGER AS i, 18446744073709551615::UBIGINT AS j,
  1.1::FLOAT AS k, 5e-324::DOUBLE AS l, 1234567890.12::DECIMAL(12,2) AS m,
  99999999999999999999999999999999999999::DECIMAL(38,0) AS n, TIME '23:59:59.999999' AS o,
  TIMETZ '23:59:59.5+02' AS o2, DATE '0044-03-15 (BC)' AS p,
  TIMESTAMP '2026-01-01 00:00:00.1' AS q, TIMESTAMP_S '2026-01-01 00:00:01' AS q2,
  TIMESTAMP_MS '2026-01-01 00:00:00.001' AS q3,
  TIMESTAMP_NS '2026-01-01 00:00:00.123456789' AS r, TIMESTAMPTZ 'infinity' AS s,
  INTERVAL '-1 year 2 days 00:00:00.000001' AS t,
  '"quotes'' \\N \\x41' || chr(9) || chr(10) || chr(13) || chr(0) AS u,
  '\\x00\\xFF\\x5C'::BLOB AS v, '{"a": "\\u0000 b"}'::JSON AS w,
  'c2d88fec-84f1-4f91-818b-8a8fb234f365'::UUID AS x, ['a,b', 'it''s', NULL, '{'] AS y,
  {'one': 1, 'two': [1.5, NULL]} AS z, MAP {'k=': 'v}'} AS zz
"""
MODEL = """{{ config(materialized='incremental', schema='marts') }}
SELECT _load_id, count(*) AS events FROM lake.raw.events
{% if is_incremental() %} WHERE _load_id > (SELECT max(_load_id) FROM {{ this }}) {% endif %}
GROUP BY 1"""


@dataclass(frozen=True)
class Old:
    """An embedded platform.

    Attributes:
        data: its data folder.
        environment: the settings that name it.
        zone: its landing zone and lake.
        contents: of its lake.
        runs: ids of Dagster's runs.
        told: what people and other platforms have told it; see `told`.
    """

    data: Path
    environment: dict[str, str]
    zone: Zone
    contents: dict[tuple[int, str], list[Any]]
    runs: list[str]
    told: list[Any]


def model(folder: Path) -> dict[str, str]:
    """Write a dbt project of one incremental model, and return the setting that names it."""
    (folder / "models").mkdir(parents=True)
    (folder / "macros").mkdir()
    named = "macros/generate_schema_name.sql"
    shutil.copyfile(PROJECT_ROOT / "dbt" / named, folder / named)
    (folder / "dbt_project.yml").write_text("name: platform\nprofile: platform\n")
    (folder / "profiles.yml").write_text((PROJECT_ROOT / "dbt" / "profiles.yml").read_text())
    (folder / "models" / "loads.sql").write_text(MODEL)
    return {"PLATFORM_DBT_DIR": str(folder)}


def make(data: Path) -> Zone:
    """Make the platform in the data folder that the settings name, and return its lake's zone."""
    zone = Zone(data / "zone")
    zone._warehouse = Warehouse.from_settings()
    zone.folder.mkdir(parents=True)
    zone.land("first.ndjson", FIRST)
    zone.load(EVENTS)
    built = [result.status for result in DbtProject.from_settings().build(["loads"])]
    assert built == ["success"]
    warehouse = zone.warehouse
    _report(warehouse, 1)
    with warehouse.write() as connection:
        connection.execute("DELETE FROM raw.events WHERE id % 7 = 0")
        connection.execute("CREATE VIEW marts.small AS SELECT * FROM lake.raw.events WHERE id < 5")
        connection.execute(TYPED)
        connection.execute("INSERT INTO raw.typed (l, k) VALUES ('nan', '-inf')")
        connection.execute("INSERT INTO raw.typed (u, m) VALUES ('', -0.01)")
    zone.land("second.ndjson", SECOND)
    zone.load(EVENTS)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE marts.big AS SELECT range AS n FROM range(200000)")
        connection.execute("CREATE TABLE marts.gone AS SELECT 1 AS n")
        connection.execute("UPDATE raw.typed SET b = 7 WHERE a")
    _report(warehouse, 2)
    with warehouse.write() as connection:
        connection.execute("DELETE FROM marts.big WHERE n % 3 = 0")
        connection.execute("DROP TABLE marts.gone")
        connection.execute("ALTER TABLE marts.big RENAME TO large")
        connection.execute("ALTER TABLE raw.typed ADD COLUMN added VARCHAR DEFAULT 'x'")
        connection.execute("ALTER TABLE raw.typed ALTER COLUMN d TYPE BIGINT")
        connection.execute("ALTER TABLE raw.typed RENAME COLUMN e TO ee")
        connection.execute("INSERT INTO raw.typed (ee, added) VALUES (42, 'y')")
        connection.execute("COMMENT ON TABLE marts.large IS 'Numbers.'")
    _report(warehouse, 3)
    return zone


def _report(warehouse: Warehouse, number: int) -> None:
    made = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
    write = files(made, f"<h1>{number}</h1>", snapshot=warehouse.snapshot())
    archive.from_settings().publish("sales", made, write)


@dg.asset(check_specs=[dg.AssetCheckSpec("rows", asset="orders")])
def orders(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """An asset with a check."""
    context.log.info("a line of its log with ünïcode and a \\ backslash")
    return dg.MaterializeResult(
        metadata={"rows": 7}, check_results=[dg.AssetCheckResult(passed=True, check_name="rows")]
    )


def run_something(times: int = 2) -> list[str]:
    """Have Dagster run the asset on the settings' own instance, and return the runs' ids."""
    home = Home.from_settings()
    home.enter()
    with dg.DagsterInstance.get() as instance:
        return [dg.materialize([orders], instance=instance).run_id for _ in range(times)]


def told() -> list[Any]:
    """Return what people and other platforms have told the settings' platform, and its key."""
    with closing(RecordStore.from_settings()) as kept, closing(Store.from_settings()) as received:
        Home.from_settings().enter()
        with dg.DagsterInstance.get() as instance, received.engine.connect() as connection:
            events = connection.execute(sqlalchemy.text("SELECT * FROM lineage_events ORDER BY id"))
            return [kept.changes(), kept.everything(), events.all(), key_of(instance)]


def tell_something() -> list[Any]:
    """Have people and other platforms tell the settings' platform something, and return it."""
    with closing(RecordStore.from_settings()) as kept, closing(Store.from_settings()) as received:
        kept.seed(records(date(2026, 6, 1)))
        receiving.put(received, producers.everybody())
    return told()


@contextmanager
def settings_of(**environment: str) -> Iterator[None]:
    """Have other settings within the block."""
    before = dict(os.environ)
    os.environ.update(environment)
    settings.cache_clear()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()


def contents(warehouse: Warehouse) -> dict[tuple[int, str], list[Any]]:
    """Return every row of every table as it was in each snapshot, by snapshot and table."""
    found: dict[tuple[int, str], list[Any]] = {}
    with warehouse.connect(read_only=True) as connection:
        listed = connection.execute(
            "SELECT n.snapshot_id, s.schema_name || '.' || t.table_name "
            "FROM __ducklake_metadata_lake.ducklake_snapshot n "
            "JOIN __ducklake_metadata_lake.ducklake_table t ON t.begin_snapshot <= n.snapshot_id "
            "AND (t.end_snapshot IS NULL OR t.end_snapshot > n.snapshot_id) "
            "JOIN __ducklake_metadata_lake.ducklake_schema s USING (schema_id) ORDER BY ALL"
        ).fetchall()
        for number, table in listed:
            found[number, table] = connection.execute(
                f"SELECT CAST(t AS VARCHAR) FROM (SELECT * FROM lake.{table} "
                f"AT (VERSION => {number})) AS t ORDER BY 1"
            ).fetchall()
    return found


def new_target(folder: Path) -> dict[str, str]:
    """Return the settings of an empty database and bucket to migrate to."""
    lake = new_lake("team", folder)
    url = lake.pop("PLATFORM_WAREHOUSE_URL")
    return {**lake, "PLATFORM_MIGRATE_TO": url}


def warehouse(target: dict[str, str]) -> Warehouse:
    """Return the lake that was moved."""
    return Warehouse(target["PLATFORM_MIGRATE_TO"], "500MB")


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query in a database of PostgreSQL."""
    plain = sqlalchemy.make_url(url).set(drivername="postgresql", query={})
    with closing(psycopg2.connect(plain.render_as_string(hide_password=False))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

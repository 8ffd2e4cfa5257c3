"""An analyst's SQL reads tables of the warehouse, within limits, and can do nothing else."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psutil
import pytest

from resources.settings import PROJECT_ROOT
from resources.warehouse import Warehouse, sandbox_rules
from resources.warehouse.sandbox import Limits, QueryError, Sandbox
from resources.warehouse.sandbox_worker import answer, connect, value

REQUEST = {"rows": 1000, "bytes": 1 << 20, "seconds": 10, "megabytes": 512}
SECRET = "the secret of another file"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("lake")
    found = Warehouse(f"ducklake:///{folder}/warehouse", memory_limit="512MB", threads=1)
    with found.write() as connection:
        connection.execute(
            "CREATE TABLE lake.marts.orders AS SELECT range AS order_id, range * 1.5 AS revenue, "
            "'customer ' || range AS customer FROM range(20000)"
        )
        connection.execute("CREATE TABLE lake.raw.events (id INTEGER)")
    (folder / "secret.csv").write_text(f"a\n{SECRET}\n")
    Path(found.data_path, "left_behind.csv").write_text(f"a\n{SECRET}\n")
    return found


@pytest.fixture(scope="module")
def locked(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """What a child has once it is ready, here in this process: the same walls, without its cost."""
    connection = connect({"url": warehouse.url, "memory": "256MB", "threads": 1})
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def sandbox(warehouse: Warehouse) -> Iterator[Sandbox]:
    limits = Limits(seconds=1.5, rows=100, megabytes=512, bytes=200_000, at_once=2, patience=0.2)
    found = Sandbox(warehouse, limits)
    yield found
    found.close()


def run(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, object]:
    return answer(connection, {**REQUEST, "sql": sql})


def files(warehouse: Warehouse) -> dict[str, str]:
    """Every file beside and below the lake with its hash; not SQLite's own log and its index."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(warehouse.work.parent.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


READS = [
    "SELECT 1",
    "SELECT count(*) FROM marts.orders",
    "select COUNT(*) from LAKE.Marts.Orders;",
    "FROM marts.orders LIMIT 3",
    "TABLE marts.orders",
    "VALUES (1), (2)",
    "-- a comment\nWITH big AS (SELECT * FROM marts.orders WHERE revenue > 10) FROM big",
    "WITH a AS (SELECT 1 AS x), b AS (FROM a) SELECT * FROM b, a",
    "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 5) FROM n",
    "SELECT (SELECT max(revenue) FROM marts.orders) AS most",
    "SELECT * FROM range(3), unnest([1, 2])",
    "PIVOT marts.orders ON order_id IN (1, 2) USING sum(revenue)",
    "DESCRIBE marts.orders",
    "SUMMARIZE marts.orders",
    "SHOW TABLES",
    "EXPLAIN SELECT * FROM marts.orders",
    "EXPLAIN ANALYZE SELECT count(*) FROM marts.orders",
    "SELECT list_transform([1, 2], lambda x: x + 1), {'a': 1}.a, '{\"k\": 1}'::JSON ->> 'k'",
]

# Each tries to write, to read what is no table of the warehouse, or to change the process. The
# folders are filled in: {data} of the lake's files, {lake} of its catalog, {out} beside it.
HOSTILE = [
    "INSERT INTO marts.orders VALUES (1, 1, 'x')",
    "DELETE FROM marts.orders",
    "UPDATE marts.orders SET revenue = 0",
    "DROP TABLE marts.orders",
    "TRUNCATE marts.orders",
    "ALTER TABLE marts.orders ADD COLUMN x INTEGER",
    "CREATE TABLE lake.marts.mine AS SELECT 1",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "CREATE MACRO f(x) AS x + 1",
    "CREATE VIEW marts.v AS SELECT 1",
    "MERGE INTO marts.orders USING (SELECT 1 AS i) ON i = order_id WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM marts.orders RETURNING *) SELECT * FROM gone",
    "SELECT 1; DROP TABLE marts.orders",
    "SELECT 1; SELECT 2",
    "BEGIN; DROP TABLE marts.orders; COMMIT",
    "COPY marts.orders TO '{data}/out.csv'",
    "COPY marts.orders TO '{out}/out.csv'",
    "COPY (SELECT 1) TO '/dev/stdout'",
    "COPY marts.orders FROM '{out}/secret.csv'",
    "EXPORT DATABASE '{out}/copy'",
    "EXPLAIN ANALYZE COPY marts.orders TO '{data}/out.csv'",
    "EXPLAIN ANALYZE DELETE FROM marts.orders",
    "IMPORT DATABASE '{out}'",
    "ATTACH '{out}/new.db'",
    "ATTACH '{lake}/catalog.sqlite' AS c (TYPE sqlite)",
    "ATTACH 'ducklake:sqlite:{lake}/catalog.sqlite' AS again",
    "DETACH lake",
    "USE system",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '100GB'",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "SET VARIABLE x = 1",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "CALL lake.set_option('parquet_compression', 'zstd')",
    "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)",
    "CALL ducklake_expire_snapshots('lake', older_than => now())",
    "SELECT * FROM ducklake_cleanup_old_files('lake', cleanup_all => true)",
    "SELECT * FROM ducklake_delete_orphaned_files('lake', cleanup_all => true)",
    "SELECT * FROM ducklake_expire_snapshots('lake', versions => [1])",
    "SELECT * FROM ducklake_merge_adjacent_files('lake')",
    "SELECT * FROM ducklake_list_files('lake', 'orders', schema => 'marts')",
    "SELECT * FROM ducklake_add_data_files('lake', 'orders', '{data}/x.parquet')",
    "SELECT * FROM lake.snapshots()",
    "SELECT * FROM '{out}/secret.csv'",
    "SELECT * FROM \"{out}/secret.csv\"",
    "SELECT * FROM '{data}/left_behind.csv'",
    "SELECT * FROM marts.\"{data}/left_behind.csv\"",
    "FROM read_csv('{data}/left_behind.csv')",
    "FROM READ_CSV_AUTO('{data}/*.csv')",
    "FROM read_text('{out}/secret.csv')",
    "FROM read_blob('/etc/passwd')",
    "FROM read_text('/proc/self/environ')",
    "FROM read_json('{out}/secret.csv')",
    "FROM read_parquet('{data}/**/*.parquet')",
    "FROM parquet_scan('{data}/**/*.parquet')",
    "FROM parquet_metadata('{data}/**/*.parquet')",
    "FROM sniff_csv('{data}/left_behind.csv')",
    "FROM glob('{data}/**')",
    "FROM glob('/**')",
    "FROM 'http://127.0.0.1:1/x.csv'",
    "FROM 's3://bucket/x.parquet'",
    "FROM sqlite_scan('{lake}/catalog.sqlite', 'ducklake_table')",
    "FROM sqlite_query('lake', 'SELECT 1')",
    "FROM query('SELECT * FROM duckdb_settings()')",
    "FROM query_table('marts.orders')",
    "FROM json_execute_serialized_sql('{{}}')",
    "FROM seq_scan('orders')",
    "FROM pragma_show('orders')",
    "FROM duckdb_settings()",
    "FROM duckdb_secrets()",
    "FROM duckdb_databases()",
    "FROM duckdb_settings",
    "FROM pg_catalog.pg_class",
    "FROM information_schema.tables",
    "FROM sqlite_master",
    "FROM __ducklake_metadata_lake.ducklake_table",
    "FROM __ducklake_metadata_lake.main.ducklake_metadata",
    "FROM connection",
    "SHOW DATABASES",
    "SHOW VARIABLES",
    "DESCRIBE '{out}/secret.csv'",
    "SUMMARIZE '{data}/left_behind.csv'",
    "SELECT getenv('PATH')",
    "SELECT current_setting('secret_directory')",
    "SELECT getvariable('x')",
    "SELECT nextval('s')",
    "SELECT write_log('x')",
    "SELECT sleep_ms(100000)",
    "SELECT json_serialize_plan('SELECT * FROM duckdb_settings()')",
    "SELECT (SELECT count(*) FROM '{out}/secret.csv')",
    "SELECT 1 WHERE EXISTS (FROM '{data}/left_behind.csv')",
    "SELECT list_transform([1], lambda x: (SELECT count(*) FROM read_text('/etc/passwd')))",
    "SELECT * FROM marts.orders ORDER BY (SELECT 1 FROM duckdb_settings() LIMIT 1)",
    "SELECT * FROM marts.orders LIMIT (SELECT count(*) FROM glob('/*'))",
    "SELECT * FROM marts.orders QUALIFY (SELECT count(*) FROM glob('/*')) > 0",
    "SELECT sum(1) OVER (ORDER BY (SELECT count(*) FROM glob('/*'))) FROM marts.orders",
    "SELECT * FROM marts.orders ASOF JOIN '{out}/secret.csv' AS s ON order_id >= a",
    "SELECT COLUMNS(c -> (SELECT count(*) FROM glob('/*')) > 0) FROM marts.orders",
    "PIVOT '{data}/left_behind.csv' ON a IN (1) USING count(*)",
    "UNPIVOT '{data}/left_behind.csv' ON a",
    # A name of a WITH query that is only known elsewhere must not open a door here.
    "WITH duckdb_settings AS (FROM duckdb_settings) FROM duckdb_settings",
    "WITH a AS (FROM duckdb_settings), duckdb_settings AS (SELECT 1) FROM a",
    "SELECT * FROM (WITH duckdb_settings AS (SELECT 1) FROM duckdb_settings), duckdb_settings",
    "WITH RECURSIVE duckdb_settings AS (FROM duckdb_settings UNION ALL SELECT 1) SELECT 1",
    "WITH \"{data}/left_behind.csv\" AS (SELECT 1) FROM \"{data}/left_behind.csv\"",
    "",
    ";;",
    "/* nothing",
    "SELECT \0",
    "SELECT " + "(" * 3000 + "1" + ")" * 3000 + " FROM duckdb_settings()",
    "SELECT " + "1+" * 20_000 + "1",
    "SELECT '" + "x" * 60_000 + "'",
    "🙂",
    "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("sql", READS)
def test_whatever_reads_tables_runs(locked: duckdb.DuckDBPyConnection, sql: str) -> None:
    told = run(locked, sql)
    assert "error" not in told, told
    assert told["rows"]


@pytest.mark.parametrize("sql", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_does_more_is_refused_in_words_and_the_next_query_works(
    locked: duckdb.DuckDBPyConnection, warehouse: Warehouse, sql: str
) -> None:
    places = {"data": warehouse.data_path, "lake": warehouse.work, "out": warehouse.work.parent}
    told = run(locked, sql.format(**places) if "{" in sql else sql)
    assert told.get("error") == "refused", told
    assert str(told["message"]).strip()
    assert SECRET not in str(told)
    assert run(locked, "SELECT count(*) FROM marts.orders")["rows"] == [[20000]]


def test_hostile_queries_change_no_file_and_read_none_even_without_the_rules(
    locked: duckdb.DuckDBPyConnection, warehouse: Warehouse
) -> None:
    """DuckDB's own locks hold too: against files outside, writes to the lake, and new settings."""
    before = files(warehouse)
    places = {"data": warehouse.data_path, "lake": warehouse.work, "out": warehouse.work.parent}
    # The lake's own folder may be read by DuckDB, and a profile goes to the terminal.
    left_out = ("{data}", "sleep_ms", "profiling", "\0", "\ud800")
    bare = connect({"url": warehouse.url, "memory": "256MB", "threads": 1})
    for sql in (s for s in HOSTILE if not any(word in s for word in left_out)):
        try:
            bare.execute(sql.format(**places) if "{" in sql else sql)
            rows = bare.fetchall()
        except duckdb.Error:
            rows = []
        assert SECRET not in str(rows), sql
    bare.close()
    assert files(warehouse) == before
    assert run(locked, "SELECT count(*), sum(revenue) FROM marts.orders")["rows"] == [
        [20000, 299985000]
    ]


def test_no_table_function_of_this_duckdb_is_allowed_by_chance(
    locked: duckdb.DuckDBPyConnection,
) -> None:
    """A new release that brings a function brings no hole: what is not listed is refused."""
    names = duckdb.connect().execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() "
        "WHERE function_type IN ('table', 'table_macro')"
    )
    allowed = []
    for (name,) in names.fetchall():
        told = run(locked, f"SELECT * FROM {name}('x')")
        if "can't be read from here" not in str(told.get("message")):
            allowed.append(name)
    assert set(allowed) <= sandbox_rules.TABLE_FUNCTIONS


def test_a_wrong_name_is_answered_with_the_nearest_right_one(
    locked: duckdb.DuckDBPyConnection,
) -> None:
    table = run(locked, "SELECT * FROM marts.order")["message"]
    assert table == "There is no table marts.order. Did you mean marts.orders?"
    bare = run(locked, "SELECT * FROM orders")["message"]
    assert bare == "There is no table orders. Did you mean marts.orders?"
    column = str(run(locked, "SELECT 1,\nrevenu FROM marts.orders")["message"])
    assert column.startswith("Line 2: ") and 'Did you mean "revenue"' in column


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("1.10::DECIMAL(10,2)", 1.1),
        ("12345678901234567.89::DECIMAL(20,2)", "12345678901234567.89"),
        ("9007199254740993", "9007199254740993"),
        ("'nan'::DOUBLE", "nan"),
        ("NULL", None),
        ("true", True),
        ("TIMESTAMP '2026-01-31 14:05:00'", "2026-01-31T14:05:00"),
        ("TIMESTAMPTZ '2026-01-31 14:05:00Z'", "2026-01-31T14:05:00+00:00"),
        ("DATE '2026-01-31'", "2026-01-31"),
        ("DATE '294247-01-01'", "294247-01-01"),
        ("'infinity'::TIMESTAMP", "infinity"),
        ("[1, NULL, 2.5]", [1, None, 2.5]),
        ("{'a': [DATE '2026-01-31'], 'b': '\\xAA'::BLOB}", {"a": ["2026-01-31"], "b": "aa"}),
        ("MAP {1: 'x'}", {"1": "x"}),
        ("repeat('ä', 30000)", "ä" * 20_000 + "…"),
    ],
)
def test_values_arrive_exactly_as_json_can_hold_them(
    locked: duckdb.DuckDBPyConnection, sql: str, shown: object
) -> None:
    assert run(locked, f"SELECT {sql}")["rows"] == [[shown]]


def test_a_value_that_python_made_keeps_its_sign_and_size() -> None:
    assert [value(v) for v in (-(2**60), float("-inf"), b"\x00\xff")] == [
        str(-(2**60)),
        "-inf",
        "00ff",
    ]


def test_a_child_answers_with_names_types_and_rows_up_to_the_limit(sandbox: Sandbox) -> None:
    told = sandbox.run("SELECT order_id, revenue FROM marts.orders ORDER BY 1")
    assert told.columns == (("order_id", "BIGINT"), ("revenue", "DECIMAL(21,1)"))
    assert told.rows[2] == [2, 3]
    assert len(told.rows) == 100 and told.truncated
    few = sandbox.run("SELECT order_id FROM marts.orders ORDER BY 1", rows=2)
    assert few.rows == [[0], [1]] and few.truncated


def test_time_and_size_are_limited_and_the_next_query_works(sandbox: Sandbox) -> None:
    with pytest.raises(QueryError, match=r"after 1\.5 seconds") as caught:
        sandbox.run("SELECT count(*) FROM range(1000000000) AS a, range(1000) AS b")
    assert caught.value.kind == "time"
    big = sandbox.run("SELECT repeat('a', 15000) FROM range(50)")
    assert big.truncated and 0 < len(big.rows) < 50


def test_memory_is_limited_and_the_next_query_works(warehouse: Warehouse) -> None:
    patient = Sandbox(warehouse, Limits(seconds=60, megabytes=512))
    with pytest.raises(QueryError, match="the 512 MB of memory") as caught:
        patient.run("SELECT repeat('a', 1000000000)")
    assert caught.value.kind == "memory"
    assert patient.run("SELECT 1").rows == [[1]]
    patient.close()


def test_a_third_query_is_told_to_wait_when_two_may_run(sandbox: Sandbox) -> None:
    slow = "SELECT count(*) FROM range(1000000000) AS a, range(1000) AS b"

    def in_background() -> None:
        with pytest.raises(QueryError):
            sandbox.run(slow)

    threads = [threading.Thread(target=in_background) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    with pytest.raises(QueryError) as caught:
        sandbox.run("SELECT 1")
    for thread in threads:
        thread.join()
    assert caught.value.kind == "busy"


def test_a_warehouse_that_is_not_there_yet_is_said_so(tmp_path: Path) -> None:
    sandbox = Sandbox(Warehouse(f"ducklake:///{tmp_path}/none"))
    with pytest.raises(QueryError, match="no warehouse"):
        sandbox.run("SELECT 1")
    sandbox.close()


def test_no_child_outlives_its_server_even_when_that_is_killed(warehouse: Warehouse) -> None:
    code = (
        "import sys, threading, time\n"
        "from resources.warehouse import Warehouse\n"
        "from resources.warehouse.sandbox import Sandbox\n"
        f"s = Sandbox(Warehouse({warehouse.url!r}))\n"
        "s.run('SELECT 1')\n"
        "slow = 'SELECT count(*) FROM range(1000000000) AS a, range(100000) AS b'\n"
        "threading.Thread(target=s.run, args=(slow,)).start()\n"
        "while s._spare is not None: time.sleep(0.01)\n"
        "s._prepare(); print('ready', flush=True); time.sleep(60)\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
    )
    assert server.stdout is not None and server.stdout.readline() == b"ready\n"
    children = psutil.Process(server.pid).children(recursive=True)
    assert len(children) == 2
    server.send_signal(signal.SIGKILL)
    server.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    server.stdout.close()
    assert not alive

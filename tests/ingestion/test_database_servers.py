"""PostgreSQL and MariaDB, for real: types, zones, late commits, news, errors."""

# ruff: noqa: DTZ001 (times without a zone are part of what is tested)

import json
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy

from platform_assets.ingestion import database, database_source, database_table
from platform_assets.ingestion.declaration import Column, DatabaseDeclaration, TableDeclaration
from resources.errors import PlatformError
from resources.warehouse import Warehouse
from tests import servers

pytestmark = pytest.mark.xdist_group("database servers")


class Application:
    """A database of its own on a real server, and the lake that its tables go to."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.engine = sqlalchemy.create_engine(url)
        self.warehouse = Warehouse(f"ducklake:///{folder}/warehouse", memory_limit="500MB")

    def run(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))

    def declaration(self, **table: object) -> DatabaseDeclaration:
        declared = TableDeclaration(**{"name": "t", **table})  # type: ignore[arg-type]
        return DatabaseDeclaration(name="app", url=self.url, tables=[declared])

    def load(self, **table: object) -> database.TableResult:
        declaration = self.declaration(**table)
        return database.ingest_table(self.warehouse, declaration, declaration.tables[0])

    def probe(self, **table: object) -> str:
        declaration = self.declaration(**table)
        return database.probe(declaration)[declaration.tables[0].name]

    def query(self, sql: str) -> list[tuple]:
        with self.warehouse.reading() as connection:
            return connection.execute(sql).fetchall()

    def rows(self, table: str = "t") -> list[dict[str, object]]:
        """Return the raw rows without the platform's columns, each value with its DuckDB type."""
        with self.warehouse.reading() as connection:
            found = connection.execute(
                "SELECT * EXCLUDE (_file, _line, _load_id, _loaded_at, _extra) "
                f'FROM raw."app__{table}" ORDER BY 1'
            )
            names = [(c[0], str(c[1])) for c in found.description or []]
            return [
                {name: (kind, value) for (name, kind), value in zip(names, row, strict=True)}
                for row in found.fetchall()
            ]


@pytest.fixture
def postgresql(tmp_path):
    application = Application(servers.postgresql().new_database(), tmp_path)
    yield application
    application.engine.dispose()


@pytest.fixture
def mysql(tmp_path):
    application = Application(servers.mysql().new_database(), tmp_path)
    yield application
    application.engine.dispose()


@pytest.fixture(params=["postgresql", "mysql"])
def application(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("start", [servers.postgresql, servers.mysql, servers.start_postgresql])
def test_a_missing_server_skips_a_test_and_fails_it_where_ci_promises_one(start, monkeypatch):
    monkeypatch.setattr(servers, "_binary", lambda name: "")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"apt-get install (postgresql|mariadb)"):
        start()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"apt-get install (postgresql|mariadb)"):
        start()


# ---------------------------------------------------------------------------------- PostgreSQL

POSTGRESQL_TYPES = {
    # column: type, value in SQL, raw type, raw value
    "id": ("bigint PRIMARY KEY", "9223372036854775807", "BIGINT", 2**63 - 1),
    "small": ("smallint", "-3", "BIGINT", -3),
    "price": ("numeric(10,2)", "12345678.10", "DECIMAL(10,2)", Decimal("12345678.10")),
    "long_": ("numeric(38,10)", "1234567890123456789012345678.0123456789", "DECIMAL(38,10)",
              Decimal("1234567890123456789012345678.0123456789")),
    "any_": ("numeric", "0.123456789", "DECIMAL(38,9)", Decimal("0.123456789")),
    "negative_scale": ("numeric(5,-2)", "12345", "DECIMAL(7,0)", Decimal(12300)),
    "cash": ("money", "12.34", "DECIMAL(19,4)", Decimal("12.3400")),
    "f4": ("real", "0.1", "FLOAT", 0.10000000149011612),
    "f8": ("double precision", "0.1", "DOUBLE", 0.1),
    "yes": ("boolean", "true", "BOOLEAN", True),
    "naive": ("timestamp", "'2024-02-29 12:00:00.123456'", "TIMESTAMP",
              datetime(2024, 2, 29, 12, 0, 0, 123456)),
    "instant": ("timestamptz", "'2024-02-29 12:00+02'", "TIMESTAMP WITH TIME ZONE",
                datetime(2024, 2, 29, 10, tzinfo=UTC)),
    "millis": ("timestamptz(3)", "'2024-02-29 12:00:00.1239Z'", "TIMESTAMP WITH TIME ZONE",
               datetime(2024, 2, 29, 12, 0, 0, 124000, tzinfo=UTC)),
    "day": ("date", "'2024-02-29'", "DATE", date(2024, 2, 29)),
    "clock": ("time", "'24:00:00'", "TIME", "24:00:00"),
    "clock_tz": ("timetz", "'10:00+02'", "VARCHAR", "10:00:00+02"),
    "span": ("interval", "'1 mon 2 days 03:04:05.678901'", "VARCHAR",
             "1 mon 2 days 03:04:05.678901"),
    "doc": ("jsonb", """'{"b":  [1.10, null], "a": "é"}'""", "VARCHAR",
            '{"a": "é", "b": [1.10, null]}'),
    "doc_text": ("json", """'{"b":  1}'""", "VARCHAR", '{"b":  1}'),
    "key": ("uuid", "'6BA7B810-9dad-11d1-80b4-00c04fd430c8'", "UUID",
            UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")),
    "bytes": ("bytea", "'\\x00ff'", "BLOB", b"\x00\xff"),
    "numbers": ("int[]", "'{{1,2},{3,NULL}}'", "VARCHAR", "[[1,2],[3,null]]"),
    "words": ("text[]", """'{"a,\\"",b}'""", "VARCHAR", '["a,\\"","b"]'),
    "mood": ("mood", "'sad'", "VARCHAR", "sad"),
    "domain": ("euros", "1.50", "DECIMAL(12,2)", Decimal("1.50")),
    "pair": ("pair", "ROW(1, 'z')", "VARCHAR", '{"x":1,"y":"z"}'),
    "host": ("inet", "'127.0.0.1/8'", "VARCHAR", "127.0.0.1/8"),
    "bits": ("bit(3)", "B'101'", "VARCHAR", "101"),
    "range_": ("int4range", "'[1,5)'", "VARCHAR", "[1,5)"),
    "short": ("varchar(5)", "'日本'", "VARCHAR", "日本"),
}  # fmt: skip


def test_every_type_of_postgresql_keeps_its_value(postgresql):
    columns = ", ".join(f"{name} {kind[0]}" for name, kind in POSTGRESQL_TYPES.items())
    values = ", ".join(kind[1] for kind in POSTGRESQL_TYPES.values())
    postgresql.run(
        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
        "CREATE DOMAIN euros AS numeric(12,2)",
        "CREATE TYPE pair AS (x int, y text)",
        f"CREATE TABLE t ({columns})",
        f"INSERT INTO t VALUES ({values})",
    )
    assert postgresql.load().rows_loaded == 1
    wanted = {name: (kind, value) for name, (_, _, kind, value) in POSTGRESQL_TYPES.items()}
    assert postgresql.rows() == [wanted]


def test_postgresqls_ends_of_time_stay_and_no_number_is_quarantined(postgresql):
    postgresql.run(
        "CREATE TABLE t (id int PRIMARY KEY, n numeric(10,2), at timestamptz, day date)",
        "INSERT INTO t VALUES (1, 'NaN', now(), now()), (2, NULL, '-infinity', 'infinity'), "
        "(3, 1.5, '0044-03-15 00:00+00 BC', '0044-03-15 BC')",
    )
    result = postgresql.load(event_time="at")
    assert (result.rows_loaded, result.rows_quarantined) == (2, 1)
    assert result.last_event is None
    assert postgresql.query("SELECT reason FROM platform.quarantine") == [
        ("n: NaN is not exactly a decimal(10,2)",)
    ]
    assert postgresql.query(
        "SELECT at::VARCHAR, day::VARCHAR FROM raw.app__t ORDER BY id".replace("at::", '"at"::')
    ) == [("-infinity", "infinity"), ("0044-03-15 (BC) 00:00:00+00", "0044-03-15 (BC)")]


def test_chinook_on_postgresql_gives_the_published_figures(postgresql, shared_data):
    file = shared_data / "app_databases" / "Chinook_PostgreSql.sql"
    script = file.read_text(encoding="utf-8")
    tables = script[script.index("CREATE TABLE") :]  # without making and entering the database
    with postgresql.engine.begin() as connection:
        connection.connection.cursor().execute(tables)
    assert postgresql.load(name="invoice").rows_loaded == 412
    assert postgresql.load(name="invoice_line").rows_loaded == 2240
    assert postgresql.query("SELECT sum(total) FROM raw.app__invoice") == [(Decimal("2328.60"),)]
    assert postgresql.query("SELECT sum(unit_price * quantity) FROM raw.app__invoice_line") == [
        (Decimal("2328.60"),)
    ]


def test_a_table_of_another_schema_and_a_view_are_found(postgresql):
    postgresql.run(
        'CREATE SCHEMA "sa les"',
        'CREATE TABLE "sa les".orders (id int)',
        'INSERT INTO "sa les".orders VALUES (1)',
        'CREATE VIEW glance AS SELECT id + 1 AS id FROM "sa les".orders',
        'CREATE MATERIALIZED VIEW kept AS SELECT id + 2 AS id FROM "sa les".orders',
    )
    assert postgresql.load(name="sa les.orders").table == "app__sa les__orders"
    assert postgresql.load(name="glance").rows_loaded == 1
    assert postgresql.load(name="kept").rows_loaded == 1
    assert postgresql.probe(name="kept")


def test_a_cursor_of_text_compares_by_its_bytes(postgresql):
    postgresql.run(
        'CREATE TABLE t (code text COLLATE "en-x-icu" PRIMARY KEY)',
        "INSERT INTO t VALUES ('B'), ('a')",
    )
    assert postgresql.load(cursor="code", overlap="1m").cursor_to == "a"
    postgresql.run("INSERT INTO t VALUES ('b''\\'), ('C')")
    assert postgresql.load(cursor="code", overlap="1m").rows_loaded == 2


def test_a_transaction_that_commits_late_is_seen_by_the_overlap(postgresql):
    postgresql.run(
        "CREATE TABLE t (id int PRIMARY KEY, updated_at timestamptz NOT NULL DEFAULT now())"
    )
    late = postgresql.engine.connect()
    late.exec_driver_sql("INSERT INTO t (id) VALUES (1)")
    time.sleep(0.02)
    postgresql.run("INSERT INTO t (id) VALUES (2)")
    assert postgresql.load(cursor="updated_at").rows_loaded == 1
    late.commit()
    late.close()
    result = postgresql.load(cursor="updated_at")
    assert (result.rows_read, result.rows_loaded) == (2, 1)


# --------------------------------------------------------------------------------------- MySQL

MYSQL_TYPES = {
    "id": ("bigint PRIMARY KEY", "-9223372036854775808", "BIGINT", -(2**63)),
    "huge": ("bigint unsigned", "18446744073709551615", "UBIGINT", 2**64 - 1),
    "natural_": ("int unsigned", "4294967295", "BIGINT", 2**32 - 1),
    "yes": ("boolean", "1", "BOOLEAN", True),
    "tiny": ("tinyint(4)", "-128", "BIGINT", -128),
    "flag": ("bit(1)", "b'1'", "BOOLEAN", True),
    "bits": ("bit(9)", "b'100000001'", "UBIGINT", 257),
    "bits64": ("bit(64)", f"b'{'1' * 64}'", "UBIGINT", 2**64 - 1),
    "price": ("decimal(10,2)", "12345678.10", "DECIMAL(10,2)", Decimal("12345678.10")),
    "f": ("float", "0.1", "FLOAT", 0.10000000149011612),
    "d": ("double", "0.1", "DOUBLE", 0.1),
    "naive": ("datetime(6)", "'2024-02-29 12:00:00.123456'", "TIMESTAMP",
              datetime(2024, 2, 29, 12, 0, 0, 123456)),
    "instant": ("timestamp(3) NULL", "'2024-02-29 12:00:00.123'", "TIMESTAMP WITH TIME ZONE",
                datetime(2024, 2, 29, 10, 0, 0, 123000, tzinfo=UTC)),
    "day": ("date", "'2024-02-29'", "DATE", date(2024, 2, 29)),
    "clock": ("time(1)", "'-838:59:58.5'", "VARCHAR", "-838:59:58.5"),
    "year_": ("year", "2024", "BIGINT", 2024),
    "doc": ("json", """'{"a":  1.10}'""", "VARCHAR", '{"a":  1.10}'),
    "bytes": ("varbinary(4)", "x'00ff'", "BLOB", b"\x00\xff"),
    "long_bytes": ("blob", "x'ff00'", "BLOB", b"\xff\x00"),
    "kind": ("enum('a','é') CHARACTER SET utf8mb4", "'é'", "VARCHAR", "é"),
    "kinds": ("set('x','y')", "'x,y'", "VARCHAR", "x,y"),
    "text_": ("text CHARACTER SET utf8mb4", "'日本 😀'", "VARCHAR", "日本 😀"),
    "latin": ("varchar(9) CHARACTER SET latin1", "'é'", "VARCHAR", "é"),
    "place": ("point", "point(1, 2)", "VARCHAR", "POINT(1 2)"),
}  # fmt: skip


def test_every_type_of_mysql_keeps_its_value(mysql):
    columns = ", ".join(f"{name} {kind[0]}" for name, kind in MYSQL_TYPES.items())
    values = ", ".join(kind[1] for kind in MYSQL_TYPES.values())
    mysql.run(
        "SET NAMES utf8mb4",
        f"CREATE TABLE t ({columns})",
        "SET time_zone = '+02:00'",
        f"INSERT INTO t VALUES ({values})",
    )
    assert mysql.load().rows_loaded == 1
    wanted = {name: (kind, value) for name, (_, _, kind, value) in MYSQL_TYPES.items()}
    assert mysql.rows() == [wanted]


def test_a_zero_date_is_quarantined_unless_it_is_declared_as_text(mysql):
    mysql.run(
        "CREATE TABLE t (id int PRIMARY KEY, day date, at datetime, flag boolean)",
        "INSERT INTO t VALUES (1, '0000-00-00', '2024-01-01', 0), (2, '2024-01-00', NULL, 1), "
        "(3, '2024-01-01', '0000-00-00', 1), (4, '2024-01-01', '2024-01-01', 2), "
        "(5, '2024-01-01', '2024-01-01', 1)",
    )
    result = mysql.load()
    assert (result.rows_loaded, result.rows_quarantined) == (1, 4)
    assert mysql.query("SELECT reason FROM platform.quarantine ORDER BY reason") == [
        ("at: 0000-00-00 00:00:00 is not exactly a timestamp",),
        ("day: 0000-00-00 is not exactly a date",),
        ("day: 2024-01-00 is not exactly a date",),
        ("flag: 2 is not exactly a boolean",),
    ]
    texts = [Column(name="day"), Column(name="at"), Column(name="flag", type="integer")]
    assert mysql.load(columns=texts).rows_quarantined == 0
    assert mysql.query("SELECT day, flag FROM raw.app__t WHERE id IN (1, 4) ORDER BY id") == [
        ("0000-00-00", 0),
        ("2024-01-01", 2),
    ]


def test_a_cursor_of_text_compares_by_its_bytes_in_mysql_too(mysql):
    mysql.run("CREATE TABLE t (code varchar(9) PRIMARY KEY)", "INSERT INTO t VALUES ('B'), ('a')")
    assert mysql.load(cursor="code", overlap="1m").cursor_to == "a"
    mysql.run("INSERT INTO t VALUES ('b\\\\''x'), ('C')")
    assert mysql.load(cursor="code", overlap="1m").rows_loaded == 2


# ---------------------------------------------------------------------------------------- both


@pytest.mark.parametrize(
    ("kind", "early", "late", "overlap"),
    [
        ("timestamp(6) NULL", "'2024-01-01 00:30:00.5'", "'2024-01-01 00:31:00.25'", "2m"),
        ("date", "'2024-01-01'", "'2024-01-02'", "1d"),
        ("bigint", "100", "101", "5"),
        ("decimal(20,3)", "100.5", "100.625", "1"),
        ("double precision", "0.1", "0.3", "1"),
    ],
)
def test_every_kind_of_cursor_finds_what_is_new_and_loads_nothing_twice(
    application, kind, early, late, overlap
):
    application.run(
        f"CREATE TABLE t (id int PRIMARY KEY, c {kind})", f"INSERT INTO t VALUES (1, {early})"
    )
    table = {"cursor": "c", "overlap": overlap}
    assert application.load(**table).rows_loaded == 1
    application.run(f"INSERT INTO t VALUES (2, {late})", "INSERT INTO t VALUES (3, NULL)")
    result = application.load(**table)
    assert (result.rows_read, result.rows_loaded) == (3, 2)
    assert application.load(**table).load_id is None


def test_hostile_names_are_names(application):
    table, column = "t\"a`b'; DROP TABLE t; -- %s ü", "c\"`'\\ %(x)s :y ; --"
    with application.engine.begin() as connection:
        place = sqlalchemy.table(table, sqlalchemy.column(column))
        connection.execute(
            sqlalchemy.schema.CreateTable(
                sqlalchemy.Table(
                    table, sqlalchemy.MetaData(), sqlalchemy.Column(column, sqlalchemy.Integer)
                )
            )
        )
        connection.execute(sqlalchemy.insert(place).values({column: 1}))
    declared = {"name": table, "cursor": column, "overlap": "1"}
    assert application.probe(**declared)
    assert application.load(**declared).rows_loaded == 1
    assert application.load(**declared).load_id is None


def test_a_snapshot_is_the_same_as_the_stream_of_any_other_database(application, monkeypatch):
    blob = "bytea" if application.engine.dialect.name == "postgresql" else "blob"
    application.run(
        "CREATE TABLE t (id int PRIMARY KEY, n decimal(10,2), at timestamp NULL, b varchar(9), "
        f"d date, f double precision, bytes {blob})",
        "INSERT INTO t VALUES (1, 1.10, '2024-01-01 10:00:00', '%s:x', '2024-02-29', 0.1, 'ab'), "
        "(2, NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    application.load()
    scanned = application.rows()
    monkeypatch.setattr(database_table, "_attached", lambda *_: False)
    application.run("INSERT INTO t VALUES (3, 3, NULL, '', NULL, 1, NULL)")
    assert application.load().rows_loaded == 3
    assert application.rows()[:2] == scanned


def test_the_probe_sees_changes_of_a_large_table_and_is_steady_without(application):
    numbers = (
        "SELECT i, 'x' FROM generate_series(1, 5000) i"
        if application.engine.dialect.name == "postgresql"
        else "SELECT seq, 'x' FROM seq_1_to_5000"
    )
    application.run(
        "CREATE TABLE t (id int PRIMARY KEY, what varchar(9))", f"INSERT INTO t {numbers}"
    )
    before = _settled(application)
    assert application.probe() == before
    application.run("UPDATE t SET what = 'y' WHERE id = 2500")
    _changes(application, before)


def _settled(application: Application) -> str:
    """Return the probe once the server has written down its last change."""
    deadline = time.monotonic() + 15
    last = application.probe()
    while time.monotonic() < deadline:
        time.sleep(1.2)
        now = application.probe()
        if now == last:
            return now
        last = now
    raise AssertionError("the probe never settles")


def _changes(application: Application, before: str) -> None:
    deadline = time.monotonic() + 15
    while application.probe() == before:
        assert time.monotonic() < deadline, "the probe does not see the change"
        time.sleep(0.2)


def test_the_probe_sees_changes_of_a_partition(postgresql):
    postgresql.run(
        "CREATE TABLE t (id int, what text) PARTITION BY RANGE (id)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (3000)",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (3000) TO (9000)",
        "INSERT INTO t SELECT i, 'x' FROM generate_series(1, 5000) i",
    )
    assert postgresql.load().rows_loaded == 5000
    before = _settled(postgresql)
    postgresql.run("UPDATE t SET what = 'y' WHERE id = 4000")
    _changes(postgresql, before)


def test_naughty_strings_come_back_unchanged(application, shared_data):
    texts = json.loads((shared_data / "nasty/blns.json").read_text(encoding="utf-8"))
    texts = [text for text in texts if "\0" not in text]
    charset = "CHARACTER SET utf8mb4" if application.engine.dialect.name == "mysql" else ""
    application.run(f"CREATE TABLE t (id int PRIMARY KEY, what text {charset})")
    place = sqlalchemy.table("t", sqlalchemy.column("id"), sqlalchemy.column("what"))
    with application.engine.begin() as connection:
        rows = [{"id": n, "what": text} for n, text in enumerate(texts)]
        connection.execute(sqlalchemy.insert(place), rows)
    assert application.load().rows_loaded == len(texts)
    assert [row for (row,) in application.query("SELECT what FROM raw.app__t ORDER BY id")] == texts
    assert application.load(natural_key=["what"], cursor="what", overlap="1m").rows_loaded == 0


def test_a_wrong_password_is_told_and_not_shown(application):
    server = servers.postgresql if "postgresql" in application.url else servers.mysql
    name = application.url.rsplit("/", 1)[1]
    application.run("CREATE TABLE t (id int)")
    application.url = server().url(name, password="wr0ng-s3cret")
    with pytest.raises(PlatformError, match=r"'app'.*refuses this user or password") as raised:
        application.load()
    assert "wr0ng" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_database_or_a_table_that_is_not_there_is_told(application):
    url = application.url
    application.run("CREATE TABLE orders (id int)")
    with pytest.raises(PlatformError, match=r"(?s)'app'.*no table 'order'.*Did you mean orders"):
        application.load(name="order")
    application.url = url.rsplit("/", 1)[0] + "/nowhere"
    with pytest.raises(PlatformError, match=r"'app'.*no database of that name"):
        application.load()


def test_a_table_that_may_not_be_read_is_told(postgresql):
    postgresql.run(
        "CREATE TABLE t (id int)",
        "CREATE ROLE guest LOGIN PASSWORD 'gu3st'",
    )
    url = sqlalchemy.make_url(postgresql.url).set(username="guest", password="gu3st")
    postgresql.url = url.render_as_string(hide_password=False)
    with pytest.raises(PlatformError, match=r"'app', table 't': this user may not read it"):
        postgresql.load()
    postgresql.url = url.set(username="tester").render_as_string(hide_password=False)
    postgresql.run("DROP ROLE guest")


def test_a_database_that_is_down_is_told_and_nothing_is_kept(tmp_path):
    server = servers.start_postgresql()
    application = Application(server.new_database(), tmp_path)
    application.run("CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)")
    application.load()
    application.engine.dispose()
    server.stop()
    with pytest.raises(PlatformError, match=r"'app'.*does not answer.*127.0.0.1") as raised:
        application.load()
    assert server.password not in str(raised.value)
    with pytest.raises(PlatformError, match=r"does not answer"):
        application.probe()
    assert application.query("SELECT count(*) FROM raw.app__t") == [(1,)]


def test_a_source_that_dies_while_it_is_read_leaves_nothing_behind(tmp_path, monkeypatch):
    server = servers.start_postgresql()
    application = Application(server.new_database(), tmp_path)
    application.run("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 1000) i")
    application.engine.dispose()
    stage = database_table.extract.stage_query

    def dying(*arguments: object) -> int:
        server.stop()
        return stage(*arguments)

    monkeypatch.setattr(database_table.extract, "stage_query", dying)
    with pytest.raises(PlatformError, match=r"'app', table 't'"):
        application.load()
    assert application.query("SELECT count(*) FROM platform.ledger") == [(0,)]
    assert not list(application.warehouse.temp_dir.glob("extract-*"))


def test_no_message_of_the_scanner_shows_the_password(postgresql):
    url = sqlalchemy.make_url(postgresql.url)
    told = f"could not connect: password={url.password} host=x"
    with (
        pytest.raises(PlatformError) as raised,
        database_source.explained("app", url, "t"),
    ):
        raise database_source.duckdb.IOException(told)
    assert str(url.password) not in str(raised.value)
    assert "***" in str(raised.value)


@pytest.mark.parametrize("rows", [40_000])
def test_a_table_larger_than_the_memory_limit_streams_through(application, rows, tmp_path):
    """The texts alone are more than the limit."""
    series = (
        f"SELECT i, repeat(md5(i::text), 120) FROM generate_series(1, {rows}) i"
        if application.engine.dialect.name == "postgresql"
        else f"SELECT seq, repeat(md5(seq), 120) FROM seq_1_to_{rows}"
    )
    application.run("CREATE TABLE t (id int PRIMARY KEY, what text)", f"INSERT INTO t {series}")
    application.warehouse = Warehouse(
        f"ducklake:///{tmp_path}/small", memory_limit="128MB", threads=1
    )
    assert application.load(cursor="id", overlap="1").rows_loaded == rows
    assert application.query("SELECT count(DISTINCT id) FROM raw.app__t") == [(rows,)]


def test_the_ledger_names_dialect_and_table(application):
    application.run("CREATE TABLE t (id int)")
    application.load()
    dialect = "postgresql" if "postgresql" in application.url else "mysql"
    assert application.query("SELECT source, file FROM platform.ledger") == [
        ("app__t", f"{dialect}:t")
    ]


def test_a_quarantined_row_is_json(postgresql):
    postgresql.run(
        "CREATE TABLE t (id int, n numeric, at timestamptz, b bytea)",
        "INSERT INTO t VALUES (1, 1e-30, '2024-01-01Z', '\\xff')",
    )
    assert postgresql.load().rows_quarantined == 1
    raw = json.loads(postgresql.query("SELECT raw FROM platform.quarantine")[0][0])
    assert raw == {
        "id": 1,
        "n": "0.000000000000000000000000000001",
        "at": "2024-01-01 00:00:00+00",
        "b": "FF",
    }

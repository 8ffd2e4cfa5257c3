"""A database that no scanner reads, read as a stream; here DuckDB itself, by SQLAlchemy."""

# ruff: noqa: DTZ001 (times without a zone are part of what is tested)

from datetime import UTC, date, datetime, time
from decimal import Decimal

import duckdb
import pytest
import sqlalchemy
from sqlalchemy import types

from platform_assets.ingestion import database, database_stream
from platform_assets.ingestion.declaration import DatabaseDeclaration, TableDeclaration
from resources.errors import PlatformError
from resources.warehouse import Warehouse


@pytest.fixture
def source(tmp_path):
    """A function that runs SQL in the source, and one that loads its table `t`."""
    path = tmp_path / "app.duckdb"
    warehouse = Warehouse(f"ducklake:///{tmp_path}/warehouse", memory_limit="500MB")

    def run(*statements: str) -> None:
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)

    def load(on_progress=None, **table: object):
        declared = TableDeclaration(**{"name": "t", **table})  # type: ignore[arg-type]
        url = f"duckdb:///{path}"
        declaration = DatabaseDeclaration(name="app", url=url, tables=[declared])
        assert database.probe(declaration)
        return database.ingest_table(warehouse, declaration, declared, on_progress)

    def query(sql: str) -> list[tuple]:
        with warehouse.reading() as connection:
            return connection.execute(sql).fetchall()

    return run, load, query


def test_every_value_arrives_as_it_is(source):
    run, load, query = source
    run(
        "CREATE TABLE t (id BIGINT, n DECIMAL(12,2), f DOUBLE, b BOOLEAN, made TIMESTAMP, d DATE, "
        "clock TIME, what VARCHAR, bytes BLOB)",
        "INSERT INTO t VALUES (1, 12345.60, 0.1, true, '2024-02-29 10:00:00.5', '2024-02-29', "
        "'10:00', 'é%s:x', '\\x00\\xFF'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    assert load().rows_loaded == 2
    assert query(
        "SELECT * EXCLUDE (_file, _line, _load_id, _loaded_at, _extra) FROM raw.app__t ORDER BY id"
    ) == [
        (
            1,
            Decimal("12345.60"),
            0.1,
            True,
            datetime(2024, 2, 29, 10, 0, 0, 500_000),
            date(2024, 2, 29),
            time(10),
            "é%s:x",
            b"\x00\xff",
        ),
        (2, *[None] * 8),
    ]


@pytest.mark.parametrize(
    ("kind", "values", "overlap"),
    [
        ("BIGINT", ("1", "2", "3"), "1"),
        ("TIMESTAMP", ("'2024-01-01 00:00'", "'2024-01-01 00:01'", "'2024-01-01 00:02'"), "90s"),
        ("DATE", ("'2024-01-01'", "'2024-01-02'", "'2024-01-03'"), "1d"),
    ],
)
def test_an_incremental_load_brings_what_is_new_and_nothing_twice(source, kind, values, overlap):
    run, load, query = source
    run(f"CREATE TABLE t (c {kind})", f"INSERT INTO t VALUES ({values[0]}), ({values[1]})")
    assert load(cursor="c", overlap=overlap).rows_loaded == 2
    run(f"INSERT INTO t VALUES ({values[2]}), (NULL)")
    assert load(cursor="c", overlap=overlap).rows_loaded == 2
    assert load(cursor="c", overlap=overlap).load_id is None
    assert query("SELECT count(*), count(DISTINCT c) FROM raw.app__t") == [(4, 3)]


def test_progress_is_told_by_the_batch(source):
    run, load, _ = source
    run("CREATE TABLE t AS SELECT range AS id FROM range(25000)")
    told = []
    load(lambda step, rows: told.append((step, rows)))
    assert told == [
        ("reading", 0),
        ("reading", 10_000),
        ("reading", 20_000),
        ("reading", 25_000),
        ("loading", 25_000),
    ]


def test_a_table_that_is_not_there_is_told(source):
    run, load, _ = source
    run("CREATE TABLE orders (id INTEGER)")
    with pytest.raises(PlatformError, match=r"(?s)no table 'order'.*Did you mean orders"):
        load(name="order")


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (types.Numeric(10, 2), "DECIMAL(10,2)"),
        (types.Numeric(), "DECIMAL(38,9)"),
        (types.Float(), "DOUBLE"),
        (types.DateTime(timezone=True), "TIMESTAMP WITH TIME ZONE"),
        (types.DateTime(), "TIMESTAMP"),
        (types.SmallInteger(), "BIGINT"),
        (types.Enum("a", "b"), "VARCHAR"),
        (types.JSON(), "VARCHAR"),
        (types.Uuid(), "UUID"),
        (types.LargeBinary(), "BLOB"),
    ],
)
def test_types_by_sqlalchemys_vocabulary(kind, raw):
    assert database_stream._type(kind)[0] == raw


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.10"),
        (0.1, "0.1"),
        (True, "true"),
        (datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01 00:00:00+00:00"),
        (b"\x00\xff", "00ff"),
        (memoryview(b"\x01"), "01"),
        ({"a": [1, "é"]}, '{"a": [1, "é"]}'),
        (None, None),
    ],
)
def test_a_drivers_value_becomes_text_that_loses_nothing(value, text):
    assert database_stream._text(value) == text


def test_rows_are_read_in_batches_and_not_at_once():
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        counting = (
            "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 30000) "
            "SELECT i FROM c"
        )
        sizes = [len(batch[0]) for batch in database_stream.batches(connection, counting)]
    assert sizes == [10_000, 10_000, 10_000]

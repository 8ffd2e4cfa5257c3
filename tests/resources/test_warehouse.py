"""A lake, embedded or a team's: readers never wait, writers never lose, nothing is half-written."""

import multiprocessing
import threading
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import sqlalchemy

from resources.errors import PlatformError
from resources.warehouse import Warehouse
from resources.warehouse.connection import identifier, literal

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def warehouse(lake_url: str) -> Warehouse:
    return Warehouse(lake_url, memory_limit="500MB")


def insert(url: str, table: str, rows: int) -> None:
    writer = Warehouse(url, memory_limit="200MB")
    for number in range(rows):
        with writer.write() as connection:
            connection.execute(f"INSERT INTO raw.{table} VALUES (?)", [number])


def count(warehouse: Warehouse, table: str) -> int:
    with warehouse.reading() as connection:
        row = connection.execute(f"SELECT count(*) FROM raw.{table}").fetchone()
    assert row is not None
    return int(row[0])


def test_processes_that_write_different_tables_at_once_all_succeed(
    warehouse: Warehouse,
) -> None:
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE raw.a (n BIGINT); CREATE TABLE raw.b (n BIGINT)")
    writers = [SPAWN.Process(target=insert, args=(warehouse.url, t, 15)) for t in ("a", "b", "a")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [w.exitcode for w in writers] == [0, 0, 0]
    assert (count(warehouse, "a"), count(warehouse, "b")) == (30, 15)


def test_eight_readers_see_only_whole_transactions_while_a_writer_writes(
    warehouse: Warehouse,
) -> None:
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE raw.pairs (n BIGINT)")
    engine, done, seen, errors = warehouse.engine(), threading.Event(), set(), []

    def read() -> None:
        while not done.is_set():
            try:
                frame = pd.read_sql("SELECT count(*) AS n FROM raw.pairs", engine)
                seen.add(int(frame.n[0]))
            except Exception as error:
                errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    for number in range(20):
        with warehouse.write() as connection:
            connection.execute("INSERT INTO raw.pairs VALUES (?)", [number])
            connection.execute("INSERT INTO raw.pairs VALUES (?)", [number])
    done.set()
    for reader in readers:
        reader.join(30)
    assert not errors
    assert seen and all(n % 2 == 0 for n in seen)


def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_works(
    warehouse: Warehouse,
) -> None:
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE raw.t (n BIGINT)")
    with pytest.raises(duckdb.Error), warehouse.write() as connection:
        connection.execute("INSERT INTO raw.t VALUES (1)")
        connection.execute("SELECT * FROM no_such_table")
    with pytest.raises(ZeroDivisionError), warehouse.write() as connection:
        connection.execute("INSERT INTO raw.t VALUES (2)")
        raise ZeroDivisionError
    with warehouse.write() as connection:
        connection.execute("INSERT INTO raw.t VALUES (3)")
    assert count(warehouse, "t") == 1


def crash(url: str) -> None:
    import os

    with Warehouse(url).write() as connection:
        connection.execute("INSERT INTO raw.t VALUES (1)")
        os._exit(9)


def test_a_writer_that_dies_holding_the_lock_frees_it_and_leaves_nothing(
    warehouse: Warehouse,
) -> None:
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE raw.t (n BIGINT)")
    victim = SPAWN.Process(target=crash, args=(warehouse.url,))
    victim.start()
    victim.join(60)
    assert victim.exitcode == 9
    with warehouse.write() as connection:
        connection.execute("INSERT INTO raw.t VALUES (2)")
    assert count(warehouse, "t") == 1


def test_the_engine_reads_and_can_change_nothing(warehouse: Warehouse) -> None:
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE raw.t AS SELECT 1 AS n")
    engine = warehouse.engine()
    assert pd.read_sql(sqlalchemy.text("SELECT n FROM raw.t"), engine).n.tolist() == [1]
    for statement in (
        "DROP TABLE raw.t",
        "CREATE TABLE raw.u (n INT)",
        "DELETE FROM raw.t",
    ):
        with pytest.raises(sqlalchemy.exc.DBAPIError), engine.begin() as connection:
            connection.execute(sqlalchemy.text(statement))
    assert count(warehouse, "t") == 1


def test_a_session_speaks_utc_whatever_the_machine_does(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    row = warehouse.connect().execute(
        "SELECT cast('2026-01-01 00:00:00+02' AS TIMESTAMPTZ)::VARCHAR"
    )
    assert row.fetchone() == ("2025-12-31 22:00:00+00",)


@pytest.mark.parametrize("name", ['a"b', "x; DROP TABLE t", "ünï", "select", "it's"])
def test_hostile_names_are_names(warehouse: Warehouse, name: str) -> None:
    with warehouse.write() as connection:
        connection.execute(
            f"CREATE TABLE raw.{identifier(name)} AS SELECT {literal(name)} AS {identifier(name)}"
        )
    with warehouse.reading() as connection:
        found = connection.execute(f"SELECT {identifier(name)} FROM raw.{identifier(name)}")
        assert found.fetchall() == [(name,)]


def test_an_unknown_engine_is_refused_with_the_way_out() -> None:
    with pytest.raises(PlatformError, match="ducklake:///"):
        Warehouse("oracle://host/db")


def test_reading_a_warehouse_that_is_not_there_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="make up"):
        Warehouse(f"ducklake:///{tmp_path}/none").connect(read_only=True)


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlatformError, match=r"file/lake can't be made"):
        Warehouse(f"ducklake:///{tmp_path}/file/lake").connect()


def test_a_warehouse_that_was_moved_is_read_and_written_where_it_is_now(tmp_path: Path) -> None:
    before = Warehouse(f"ducklake:///{tmp_path}/lake")
    with before.write() as connection:
        connection.execute("CREATE TABLE raw.numbers AS SELECT range AS n FROM range(100)")
        added = Path(before.data_path, "it's.parquet")
        connection.execute(f"COPY (SELECT 100::BIGINT AS n) TO {literal(added)}")
        connection.execute(
            f"CALL ducklake_add_data_files('lake', 'numbers', {literal(added)}, schema => 'raw')"
        )
    with before.write() as connection:
        connection.execute("DELETE FROM raw.numbers WHERE n IN (1, 100)")
    (tmp_path / "lake").rename(tmp_path / "moved")

    after = Warehouse(f"ducklake:///{tmp_path}/moved")
    assert count(after, "numbers") == 99
    with after.write() as connection:
        connection.execute("INSERT INTO raw.numbers VALUES (1)")
    assert count(Warehouse(after.url), "numbers") == 100

"""What was staged becomes part of the lake in one transaction, or is removed; without Spark."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from resources.errors import PlatformError, UncertainCommit
from resources.spark.publish import Publication, Staged, new_folder, publish, read_path, spark_path
from resources.warehouse import Warehouse


@pytest.fixture
def warehouse(project_data: Path) -> Warehouse:
    return Warehouse.from_settings()


def staged(warehouse: Warehouse, sql: str, name: str = "one") -> Staged:
    """Return rows as Spark stages them: files, and marks beside them."""
    folder = Path(new_folder(warehouse, "marts.t", name))
    folder.mkdir()
    with warehouse.reading() as connection:
        connection.execute(f"COPY ({sql}) TO '{folder}/part-0.parquet' (FORMAT parquet)")
        columns = tuple(
            (row[0], {"BIGINT": "bigint", "VARCHAR": "string", "INTEGER": "int"}[row[1]])
            for row in connection.execute(f"DESCRIBE {sql}").fetchall()
        )
        rows = connection.execute(f"SELECT count(*) FROM ({sql})").fetchone()
    (folder / "_SUCCESS").touch()
    return Staged(str(folder), (f"{folder}/part-0.parquet",), columns, (rows or (0,))[0])


def rows(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    with warehouse.reading() as connection:
        return connection.execute("SELECT * FROM marts.t ORDER BY ALL").fetchall()


NEW = Publication("marts", "t", create=True, required=["id"])


def test_rows_come_and_make_room_in_one_transaction(warehouse: Warehouse) -> None:
    publish(warehouse, staged(warehouse, "SELECT range AS id, 'old' AS said FROM range(3)"), NEW)
    more = staged(
        warehouse, "SELECT 2::BIGINT AS id, 'new' AS said UNION ALL SELECT 3, 'new'", "two"
    )
    room = "DELETE FROM lake.marts.t AS old USING fresh_rows AS new WHERE old.id = new.id"
    assert publish(warehouse, more, Publication("marts", "t", before=[room])) == 2
    assert rows(warehouse) == [(0, "old"), (1, "old"), (2, "new"), (3, "new")]
    assert not Path(more.folder, "_SUCCESS").exists()


def test_a_null_where_none_may_be_shows_nothing_and_leaves_no_file(warehouse: Warehouse) -> None:
    publish(warehouse, staged(warehouse, "SELECT range AS id FROM range(3)"), NEW)
    for what in (NEW, Publication("marts", "t")):
        bad = staged(warehouse, "SELECT nullif(range, 1) AS id FROM range(3)", "bad")
        with pytest.raises(PlatformError, match="1 rows have no value in 'id'"):
            publish(warehouse, bad, what)
        assert not Path(bad.folder).exists()
    assert rows(warehouse) == [(0,), (1,), (2,)]


def test_a_statement_that_fails_shows_nothing(warehouse: Warehouse) -> None:
    publish(warehouse, staged(warehouse, "SELECT range AS id FROM range(3)"), NEW)
    more = staged(warehouse, "SELECT 7::BIGINT AS id", "two")
    what = Publication("marts", "t", before=["DELETE FROM lake.marts.t", "DELETE FROM nothing"])
    with pytest.raises(duckdb.Error):
        publish(warehouse, more, what)
    assert rows(warehouse) == [(0,), (1,), (2,)]
    assert not Path(more.folder).exists()


def test_files_stay_where_the_answer_to_a_commit_was_lost(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def lost(*_: object) -> Iterator[None]:
        yield
        raise UncertainCommit("the answer never came")

    monkeypatch.setattr(warehouse.place, "committing", lost)
    with pytest.raises(UncertainCommit):
        publish(warehouse, staged(warehouse, "SELECT range AS id FROM range(3)"), NEW)
    assert rows(warehouse) == [(0,), (1,), (2,)], "it was done, and its files are there"


def test_paths_are_what_sparks_file_systems_call_them() -> None:
    assert spark_path("/data/a b") == "file:///data/a b"
    assert spark_path("s3://bucket/a") == "s3a://bucket/a"
    assert read_path("/data/[x]{y}*?") == r"file:///data/\[x\]\{y\}\*\?"

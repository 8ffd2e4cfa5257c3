"""Upkeep of the lake: what is merged, expired and deleted, and that no row changes by it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from resources.errors import PlatformError
from resources.settings import settings
from resources.warehouse import Warehouse, lake_files
from resources.warehouse.compaction import Limits, candidates, compact, inlined, size
from resources.warehouse.expiry import clean_up, expire, unneeded
from resources.warehouse.orphans import remove_leftovers, remove_orphans
from tests import lakes
from tests.ingestion.zone import Zone, column, lines, source

NOW = timedelta(0)
LONG_AGO = timedelta(days=1)
SAID = source(columns=[column("id", "integer")], new_columns="evolve", event_time="at")


class LakeOf(Zone):
    """A landing zone in front of the lake of the settings."""

    def __init__(self, folder: Path, warehouse: Warehouse) -> None:
        super().__init__(folder)
        self._warehouse = warehouse


@pytest.fixture
def zone(lake_url: str, project_data: Path) -> LakeOf:
    """A landing zone in front of a lake of every kind."""
    project_data.mkdir(exist_ok=True)
    return LakeOf(project_data, Warehouse.from_settings())


@pytest.fixture
def embedded(project_data: Path) -> Warehouse:
    """A new embedded lake."""
    return Warehouse.from_settings()


def run(warehouse: Warehouse, *statements: str) -> None:
    """Run each statement in a transaction of its own."""
    for sql in statements:
        with warehouse.write() as connection:
            connection.execute(sql)


def rows(warehouse: Warehouse, table: str, snapshot: int) -> list[tuple[Any, ...]]:
    """Return the rows of a table as they were, each with its number in DuckLake."""
    with warehouse.reading() as connection:
        return connection.execute(
            f"SELECT rowid, * FROM lake.{table} AT (VERSION => {snapshot}) ORDER BY rowid"
        ).fetchall()


def load(zone: Zone, number: int) -> None:
    """Load a file, of which every second brings a column that was not there."""
    records = [
        {"id": number * 10 + n, "at": "2026-01-01T00:00:00Z", f"k{number // 2}": f"ü%{n}"}
        for n in range(20)
    ]
    zone.land(f"{number:02}.ndjson", lines(*records))
    zone.load(SAID)


def test_loads_that_are_merged_are_the_same_at_every_snapshot(zone: LakeOf) -> None:
    warehouse = zone.warehouse
    seen = {}
    for number in range(4):
        load(zone, number)
        newest = warehouse.snapshot()
        seen[newest] = rows(warehouse, "raw.events", newest)
    done = compact(warehouse, Limits(few=1))
    assert (done.tables, done.left, done.before.files) == (["raw.events"], [], 4)
    assert done.after.files == 2  # of two sets of columns
    assert done.after.bytes < done.before.bytes
    assert {number: rows(warehouse, "raw.events", number) for number in seen} == seen
    assert rows(warehouse, "raw.events", warehouse.snapshot()) == seen[newest]
    load(zone, 4)
    assert zone.query("SELECT count(*), count(DISTINCT _load_id) FROM raw.events") == [(100, 5)]
    zone.accounted()
    assert compact(warehouse, Limits(few=4)).tables == []

    assert clean_up(warehouse, timedelta(hours=1)).files == 0  # somebody may read them
    removed = clean_up(warehouse, NOW)
    assert removed.files == 4 and removed.bytes > 4_000
    assert {number: rows(warehouse, "raw.events", number) for number in seen} == seen
    zone.accounted()
    assert remove_orphans(warehouse, NOW).files == 0
    assert len(list(lake_files.listed(warehouse.data_path))) == 3


@pytest.mark.parametrize("kind", ["embedded", "shared"])
def test_rows_that_the_catalog_holds_go_into_files_under_the_eyes_of_readers(
    kind: str, project_data: Path
) -> None:
    os.environ.update(lakes.new_lake(kind, project_data))
    settings.cache_clear()
    warehouse, reader = Warehouse.from_settings(), Warehouse.from_settings()
    run(warehouse, "CREATE TABLE lake.raw.t (i BIGINT NOT NULL, s VARCHAR, t TIMESTAMPTZ)")
    run(warehouse, *[f"INSERT INTO lake.raw.t VALUES ({i}, 'ä', now())" for i in range(8)])
    run(warehouse, "ALTER TABLE lake.raw.t ADD COLUMN j DECIMAL(9,2)")
    run(warehouse, *[f"INSERT INTO lake.raw.t VALUES ({i}, NULL, now(), 1.5)" for i in range(8)])
    run(warehouse, "DELETE FROM lake.raw.t WHERE i = 3", "UPDATE lake.raw.t SET j = 2 WHERE i = 4")
    newest = warehouse.snapshot()
    seen = {n: rows(reader, "raw.t", n) for n in (newest - 9, newest - 3, newest)}
    done = compact(warehouse, Limits(inlined=12))
    assert (done.tables, done.rows, done.after.files) == (["raw.t"], 14, 1)
    assert {n: rows(reader, "raw.t", n) for n in seen} == seen
    now = {row[1:] for row in rows(reader, "raw.t", warehouse.snapshot())}
    assert now == {row[1:] for row in seen[newest]} and len(now) == 14
    assert compact(warehouse, Limits(inlined=12)).tables == []
    run(warehouse, "INSERT INTO lake.raw.t VALUES (9, NULL, now(), 1.5)")

    with warehouse.reading() as connection:
        assert sum(each.dead for each in inlined(connection)) == 18  # 14 moved, 4 old versions
    expire(warehouse, NOW, [newest])
    with warehouse.reading() as connection:
        assert sum(each.dead for each in inlined(connection)) == 14  # that are in `newest`
    assert rows(reader, "raw.t", newest) == seen[newest]
    expire(warehouse, NOW, [])
    with warehouse.reading() as connection:
        assert [(e.rows, e.dead) for e in inlined(connection) if e.rows or e.dead] == [(1, 0)]
    assert len(rows(reader, "raw.t", warehouse.snapshot())) == 15


def test_deleted_and_updated_rows_leave_their_files(embedded: Warehouse) -> None:
    run(embedded, "CREATE TABLE lake.marts.t AS SELECT i, 'a' || i AS s FROM range(3000) g(i)")
    run(
        embedded, *[f"INSERT INTO lake.marts.t SELECT i, 'b' FROM range({n}) g(i)" for n in (99, 9)]
    )
    run(
        embedded, "DELETE FROM lake.marts.t WHERE i % 3 > 0", "DELETE FROM lake.marts.t WHERE i = 6"
    )
    run(embedded, "UPDATE lake.marts.t SET s = 'c' WHERE i = 3")
    first, last = embedded.snapshot() - 5, embedded.snapshot()
    seen = {n: rows(embedded, "marts.t", n) for n in range(first, last + 1)}
    done = compact(embedded, Limits(few=1))
    assert done.tables == ["marts.t"]
    assert done.after.files < done.before.files and done.after.bytes < done.before.bytes
    assert {n: rows(embedded, "marts.t", n) for n in seen} == seen
    assert rows(embedded, "marts.t", embedded.snapshot()) == seen[last]


def test_files_grow_to_the_size_that_is_declared_and_no_further(embedded: Warehouse) -> None:
    insert = "INSERT INTO lake.marts.t SELECT i, random() FROM range(2000) g(i)"
    run(embedded, "CREATE TABLE lake.marts.t (i INTEGER, r DOUBLE)", *[insert] * 8)
    with embedded.reading() as connection:
        one = size(connection).bytes // 8
    compact(embedded, Limits(few=2, small=2 * one, file_size=3 * one))
    with embedded.reading() as connection:
        sizes = connection.execute(
            "SELECT data_file_size_bytes FROM ducklake_list_files('lake', 't', schema => 'marts')"
        ).fetchall()
    assert 2 <= len(sizes) <= 4
    assert max(sizes)[0] < 4.5 * one


def test_a_table_that_is_well_is_left_alone(embedded: Warehouse) -> None:
    insert = "INSERT INTO lake.marts.t SELECT * FROM range(20) g(i)"
    run(embedded, "CREATE TABLE lake.marts.t (i BIGINT)", *[insert] * 3)
    newest = embedded.snapshot()
    assert compact(embedded, Limits()).tables == []
    assert embedded.snapshot() == newest
    with embedded.reading() as connection:
        found = candidates(connection, Limits(few=2))
    assert [(e.name, e.small, e.worn, e.parts) for e in found] == [("marts.t", 3, 0, ())]


def test_snapshots_go_by_age_and_what_a_report_rests_on_stays() -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    snapshots = [(number, now - timedelta(days=30 - number)) for number in range(30)]
    limit = now - timedelta(days=10)
    assert unneeded(snapshots, limit, keep=[]) == list(range(19))  # 19 is what it was like then
    assert unneeded(snapshots, limit, keep=[3, 17, 25]) == [
        n for n in range(19) if n not in (3, 17)
    ]
    assert unneeded(snapshots, now + timedelta(days=99), keep=[]) == list(range(29))
    assert unneeded(snapshots[:1], now, keep=[]) == unneeded([], now, keep=[]) == []


def test_expiry_leaves_what_is_kept_as_it_was(zone: LakeOf) -> None:
    warehouse = zone.warehouse
    for number in range(3):
        load(zone, number)
    kept = warehouse.snapshot()
    seen = rows(warehouse, "raw.events", kept)
    run(warehouse, *["CREATE OR REPLACE TABLE lake.marts.t AS SELECT * FROM range(50) g(i)"] * 3)
    load(zone, 3)
    compact(warehouse, Limits(few=2))
    newest = warehouse.snapshot()
    now = rows(warehouse, "raw.events", newest)
    assert expire(warehouse, LONG_AGO, [kept]) == 0
    assert expire(warehouse, NOW, [kept]) == newest - 1  # of 0 … newest all but two
    assert [n for n, *_ in zone.query("SELECT snapshot_id FROM lake.snapshots() ORDER BY 1")] == [
        kept,
        newest,
    ]
    assert clean_up(warehouse, NOW).files >= 5  # merged ones, and those of replaced tables
    assert rows(warehouse, "raw.events", kept) == seen
    assert rows(warehouse, "raw.events", newest) == now
    assert zone.query("SELECT count(*) FROM marts.t") == [(50,)]
    assert expire(warehouse, NOW, []) == 1
    assert clean_up(warehouse, NOW).files == 0
    zone.accounted()
    load(zone, 4)
    assert zone.query("SELECT count(*) FROM raw.events") == [(100,)]


def test_cleaning_up_goes_on_where_it_was_killed(embedded: Warehouse) -> None:
    run(embedded, *["CREATE OR REPLACE TABLE lake.marts.t AS SELECT * FROM range(50) g(i)"] * 4)
    expire(embedded, NOW, [])
    first, *_ = sorted(Path(embedded.data_path).rglob("*.parquet"))
    first.unlink()  # as if it had died between deleting files and saying so
    assert clean_up(embedded, NOW).files == 2
    assert clean_up(embedded, NOW).files == 0
    assert len(list(Path(embedded.data_path).rglob("*.parquet"))) == 1


def _put_stray(warehouse: Warehouse, folder: Path, name: str) -> str:
    file = folder / "stray.parquet"
    file.write_bytes(b"stray")
    return lake_files.put(warehouse.data_path, name, [(file, "a b%3A.parquet")])[0]


def test_orphans_go_when_they_are_old_and_nothing_else(zone: LakeOf, tmp_path: Path) -> None:
    warehouse = zone.warehouse
    for number in range(2):
        load(zone, number)
    run(warehouse, "CREATE TABLE lake.marts.t AS SELECT * FROM range(50) g(i)")
    run(warehouse, "ALTER TABLE lake.marts.t RENAME TO u", "DELETE FROM lake.marts.u WHERE i > 9")
    known = sorted(found.path for found in lake_files.listed(warehouse.data_path))
    _put_stray(warehouse, tmp_path, "loads/_load_id=99/_loaded_at=2026-01-01%2000%3A00")
    _put_stray(warehouse, tmp_path, "marts/u")
    assert remove_orphans(warehouse, timedelta(hours=1)).files == 0  # a load may be at work
    removed = remove_orphans(warehouse, NOW)
    assert (removed.files, removed.bytes) == (2, 10)
    assert (removed.files_left, removed.bytes_left > 1_000) == (len(known), True)
    assert sorted(found.path for found in lake_files.listed(warehouse.data_path)) == known
    assert zone.query("SELECT count(*) FROM marts.u") == [(10,)]
    zone.accounted()


def test_nothing_is_an_orphan_while_known_files_are_missing(
    embedded: Warehouse, tmp_path: Path
) -> None:
    run(embedded, *["CREATE OR REPLACE TABLE lake.marts.t AS SELECT * FROM range(50) g(i)"] * 2)
    stray = _put_stray(embedded, tmp_path, "marts/t")
    os.rename(embedded.data_path, f"{embedded.data_path}-elsewhere")
    _put_stray(embedded, tmp_path, "marts/t")
    with pytest.raises(PlatformError, match="2 files that the lake's catalog knows are not in"):
        remove_orphans(embedded, NOW)
    assert Path(stray).exists()


def test_empty_folders_of_loads_go_with_their_files(embedded: Warehouse, tmp_path: Path) -> None:
    run(embedded, "CREATE TABLE lake.marts.t AS SELECT * FROM range(50) g(i)")
    _put_stray(embedded, tmp_path, "loads/_load_id=9/_loaded_at=x")
    remove_orphans(embedded, NOW)
    assert list((Path(embedded.data_path) / "loads").iterdir()) == []
    assert len(list(Path(embedded.data_path).glob("marts/t/*"))) == 1


@pytest.fixture
def temporary(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A folder for temporary files with another one in it."""
    outer, inner = tmp_path / "tmp", tmp_path / "tmp" / "staging"
    (inner / "extract-1").mkdir(parents=True)
    (inner / "extract-1" / "rows.parquet").write_bytes(b"12345")
    (outer / "spilled.tmp").write_bytes(b"123")
    yield outer, inner


def test_leftovers_go_as_a_whole_and_their_folders_stay(temporary: tuple[Path, Path]) -> None:
    outer, inner = temporary
    assert remove_leftovers(temporary, timedelta(hours=1)).files == 0
    old = datetime.now(UTC).timestamp() - 7200
    os.utime(inner / "extract-1", (old, old))
    os.utime(outer / "spilled.tmp", (old, old))
    removed = remove_leftovers(temporary, timedelta(hours=1))
    assert (removed.files, removed.bytes) == (1, 3)  # something in the other is young
    os.utime(inner / "extract-1" / "rows.parquet", (old, old))
    removed = remove_leftovers((*temporary, outer / "nowhere"), timedelta(hours=1))
    assert (removed.files, removed.bytes) == (1, 5)
    assert list(outer.iterdir()) == [inner] and list(inner.iterdir()) == []


def test_the_catalog_gives_back_what_is_free(embedded: Warehouse) -> None:
    insert = "INSERT INTO lake.marts.t SELECT i, repeat('x', 40000) FROM range(9) g(i)"
    run(embedded, "CREATE TABLE lake.marts.t (i BIGINT, s VARCHAR)", *[insert] * 8)
    assert embedded.place.shrink() == 0
    run(embedded, "DROP TABLE lake.marts.t")
    expire(embedded, NOW, [])
    won = embedded.place.shrink()
    assert won > 2_000_000
    run(embedded, "CREATE TABLE lake.marts.u AS SELECT * FROM range(5) g(i)")
    with embedded.reading() as connection:
        assert connection.execute("SELECT count(*) FROM lake.marts.u").fetchall() == [(5,)]
    assert settings().data.exists()

"""What ends a migration: a crash at any point, a difference, a target that is not empty."""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy

from platform_assets.cli import run
from platform_assets.product.store import RecordStore
from platform_assets.reporting.archive import archive_at
from platform_assets.server.lock import only_one
from resources.settings import PROJECT_ROOT, settings
from resources.warehouse import Warehouse
from resources.warehouse.migration import catalog
from resources.warehouse.migration.target import Target
from tests.lakes import new_lake
from tests.object_store import object_store
from tests.server import old_platform
from tests.server.old_platform import Old, contents, new_target, query, settings_of, warehouse
from tests.servers import postgresql

CRASHING = """
import os, sys
from platform_assets.cli import run
from platform_assets.reporting.bucket_archive import BucketArchive
from platform_assets.server import history
from resources.warehouse.migration import catalog, compare, files
from resources.warehouse.migration.target import Target

def ends(place, name, after=0):
    real, calls = getattr(place, name), []
    def fails(*args, **more):
        calls.append(args)
        if len(calls) > after:
            os._exit(7)
        return real(*args, **more)
    setattr(place, name, fails)

{
    "files": lambda: ends(files.Bucket, "put", after=1),
    "reports": lambda: ends(BucketArchive, "_show", after=1),
    "history": lambda: ends(history, "_table", after=9),
    "catalog": lambda: ends(catalog, "_check_counts"),
    "comparing": lambda: ends(compare, "_sum", after=3),
    "finish": lambda: ends(Target, "finish"),
}[sys.argv[1]]()
sys.exit(run(["migrate", "--reports", sys.argv[2]]))
"""


def test_whatever_ends_it_the_same_command_goes_on(
    old: Old, target: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    shutil.copytree(old.data, data)  # a lake whose folder was moved, too
    reports, history = f"{object_store().new_bucket()}/reports", postgresql().new_database()
    with settings_of(PLATFORM_DATA_DIR=str(data), PLATFORM_MIGRATE_HISTORY_TO=history):
        for phase in ("files", "reports", "history", "catalog", "comparing"):
            command = [sys.executable, "-c", CRASHING, phase, reports]
            done = subprocess.run(command, cwd=PROJECT_ROOT, env=os.environ, check=False)
            assert done.returncode == 7, phase
            there = "ducklake_metadata"
            found = query(target["PLATFORM_MIGRATE_TO"], f"SELECT to_regclass('{there}')::text")
            assert found == [(there if phase == "comparing" else None,)], "whole or not at all"
        source = Warehouse.from_settings()
        with source.write() as connection:  # the old platform goes on meanwhile
            connection.execute("INSERT INTO raw.events (id) VALUES (77777)")
            connection.execute("DELETE FROM marts.large WHERE n > 1000")
        with closing(RecordStore.from_settings()) as kept:
            kept.submit_request("Ada", title="Meanwhile")
        told = old_platform.told()
        capfd.readouterr()
        assert run(["migrate", "--reports", reports]) == 0
        assert contents(warehouse(target)) == contents(source)
    with settings_of(PLATFORM_DATA_DIR=str(tmp_path / "new"), PLATFORM_DAGSTER_URL=history):
        assert old_platform.told() == told
    names = archive_at(data / "reports").names("sales")
    assert archive_at(reports).names("sales") == names
    assert query(history, "SELECT count(*) FROM runs") == [(len(old.runs),)]
    states = "SELECT DISTINCT state FROM platform_migration"
    assert query(history, states) == query(target["PLATFORM_MIGRATE_TO"], states) == [("done",)]


def test_what_was_written_to_an_unfinished_copy_is_not_thrown_away(
    target: dict[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: Target) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Target, "finish", interrupted)
        assert run(["migrate"]) == 130
    with warehouse(target).write() as connection:
        connection.execute("INSERT INTO raw.events (id) VALUES (1)")
    assert run(["migrate"]) == 2
    assert "somebody has written to it since" in capfd.readouterr().err
    with warehouse(target).reading() as connection:
        (rows,) = connection.execute("SELECT count(*) FROM raw.events WHERE id = 1").fetchall()
    assert rows == (2,)


def test_a_difference_takes_the_copy_away_again(
    old: Old,
    target: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    copy = catalog.copy

    def loses(lake: Any, to: Target, files: str) -> Any:
        found = copy(lake, to, files)
        with to.transaction() as cursor:
            cursor.execute("DELETE FROM ducklake_delete_file")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(catalog, "copy", loses)
        assert run(["migrate"]) == 2
    error = capfd.readouterr().err
    assert "not the same after it was moved" in error and "marts.large: 133,333 rows" in error
    url = target["PLATFORM_MIGRATE_TO"]
    assert query(url, "SELECT to_regclass('ducklake_metadata')") == [(None,)]
    assert run(["migrate"]) == 0
    assert contents(warehouse(target)) == old.contents


def test_to_a_shared_folder_with_a_password_from_the_environment(
    old: Old, target: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = sqlalchemy.make_url(new_lake("shared", tmp_path)["PLATFORM_WAREHOUSE_URL"])
    bare = url._replace(password=None).render_as_string(hide_password=False)
    assert run(["migrate", "--to", url.render_as_string(hide_password=False)]) == 2
    assert "others on this machine can read it" in capfd.readouterr().err
    with settings_of(PGPASSWORD=str(url.password)):
        held = old.data / "run" / "up.lock"
        held.parent.mkdir(exist_ok=True)
        with only_one(held, "http://localhost:3000"):
            assert run(["migrate", "--to", bare, "--reports", str(tmp_path / "reports")]) == 2
        assert "the platform must not run" in capfd.readouterr().err
        assert archive_at(tmp_path / "reports").names("sales"), "copied already"
        assert run(["migrate", "--to", bare, "--reports", str(tmp_path / "reports")]) == 0
        assert contents(Warehouse(bare, "500MB")) == old.contents
        assert "feedback, in" in capfd.readouterr().out, "they stay"
        _what_stayed_can_follow(old, ["--to", bare, "--reports", str(tmp_path / "reports")])
    kept, new = archive_at(old.data / "reports"), archive_at(tmp_path / "reports")
    assert (new.names("sales"), new.page("sales")) == (kept.names("sales"), kept.page("sales"))


def _what_stayed_can_follow(old: Old, arguments: list[str]) -> None:
    history, records = postgresql().new_database(), postgresql().new_database()
    with settings_of(PLATFORM_MIGRATE_HISTORY_TO=history, PLATFORM_MIGRATE_RECORDS_TO=records):
        assert run(["migrate", *arguments]) == 0
    new = {"PLATFORM_DATA_DIR": str(old.data / "new"), "PLATFORM_DAGSTER_URL": history}
    with settings_of(**new, PLATFORM_RECORDS_URL=records):
        assert old_platform.told() == old.told
    shutil.rmtree(old.data / "new")
    states = "SELECT what, state FROM platform_migration ORDER BY what"
    assert query(history, states) == [("history", "done"), ("lineage", "done")]
    assert query(records, states) == [("records", "done")]


def test_a_target_that_is_not_empty_is_refused(
    target: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def refused(words: str, *arguments: str) -> None:
        for more in (["--dry-run"], []):
            assert run(["migrate", *arguments, *more]) == 2
            assert words in capfd.readouterr().err

    url = target["PLATFORM_MIGRATE_TO"]
    place = sqlalchemy.make_url(url).query["files"]
    bucket = str(place).removeprefix("s3://").partition("/")[0]
    object_store().store(bucket).put("lake/main/other.parquet", b"x")
    refused("There are files in")
    with settings_of(PLATFORM_MIGRATE_TO=new_lake("team", tmp_path)["PLATFORM_WAREHOUSE_URL"]):
        Warehouse(settings().migrate_to.get_secret_value(), "500MB").connect().close()
        refused("There is a lake in")
    others = postgresql().new_database()
    with closing(RecordStore(others)) as kept:
        kept.submit_request("Eve", title="Ours")
    with settings_of(PLATFORM_MIGRATE_RECORDS_TO=others, **new_target(tmp_path)):
        refused("There are requests and feedback in")
    query(url, "CREATE TABLE platform_migration (what TEXT, source TEXT, origin TEXT, state TEXT)")
    query(url, "INSERT INTO platform_migration VALUES ('lake', 'another', '/srv/lake', 'begun')")
    refused("The lake of /srv/lake was moved to")
    with settings_of(PLATFORM_WAREHOUSE_URL=url):
        refused("a team's already")
    with settings_of(PLATFORM_MIGRATE_TO=""):
        refused("There is no target")
        refused("is an embedded lake", "--to", "ducklake:////tmp/lake")
        refused("can't be reached", "--to", "ducklake+postgresql://u@127.0.0.1:1/d?files=/x")
        refused("no engine of that name", "--to", "nonsense://x/y")
    with settings_of(PLATFORM_DATA_DIR=str(tmp_path / "nothing")):
        refused("There is no warehouse")


def test_a_file_that_is_missing_is_told_before_anything_is_moved(
    old: Old, target: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(old.data, tmp_path / "data")
    lost = next((tmp_path / "data" / "warehouse").rglob("*.parquet"))
    lost.unlink()
    with settings_of(PLATFORM_DATA_DIR=str(tmp_path / "data")):
        assert run(["migrate"]) == 2
    error = capfd.readouterr().err
    assert f"{lost.name} can't be read: No such file" in error and "backup" in error
    url = target["PLATFORM_MIGRATE_TO"]
    assert query(url, "SELECT to_regclass('ducklake_metadata')") == [(None,)]


def test_two_at_once_are_one_too_many(
    target: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    url = sqlalchemy.make_url(target["PLATFORM_MIGRATE_TO"])
    plain = url.set(drivername="postgresql", query={}).render_as_string(hide_password=False)
    other = Target("here", lambda: psycopg2.connect(plain), "lake", "", "")
    with other.alone():
        assert run(["migrate"]) == 2
    assert "right now" in capfd.readouterr().err

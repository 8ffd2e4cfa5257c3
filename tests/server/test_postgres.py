"""Dagster's storage on a real PostgreSQL: shared by machines, kept open, and never a password."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy
from sqlalchemy import event

from platform_assets.cli import run
from platform_assets.server.home import Home
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, settings
from tests.servers import postgresql

SAMPLE = "tests.cli.sample_definitions"
FORK = multiprocessing.get_context("fork")
READ = """
import dagster as dg
from platform_assets.server.home import Home
Home.from_settings().enter()
with dg.DagsterInstance.get() as instance:
    for run in instance.get_runs():
        print(run.run_id, run.status.value)
    event = instance.get_latest_materialization_event(dg.AssetKey(["marts", "weekly"]))
    print(event.asset_materialization.metadata["dagster/row_count"].value)
"""


@pytest.fixture
def url(project_data: Path) -> Iterator[str]:
    """The URL of an empty database, which the settings name."""
    url = postgresql().new_database()
    os.environ["PLATFORM_DAGSTER_URL"] = url
    settings.cache_clear()
    yield url


def home() -> Home:
    settings.cache_clear()
    return Home.from_settings()


def test_a_run_of_one_machine_is_seen_from_another(
    url: str, project_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["materialize", "--definitions", SAMPLE]) == 0
    assert "5 materialized, 0 failed" in capfd.readouterr().out
    second = {**os.environ, "PLATFORM_DATA_DIR": str(tmp_path / "second")}
    for name in ("DAGSTER_HOME", "PYTHONPATH"):
        second.pop(name, None)
    seen = subprocess.run(
        [sys.executable, "-c", READ],
        cwd=PROJECT_ROOT,
        env=second,
        capture_output=True,
        text=True,
        check=False,
    )
    assert seen.returncode == 0, seen.stderr
    assert "SUCCESS" in seen.stdout and seen.stdout.splitlines()[-1] == "49"
    for folder in (project_data, tmp_path / "second"):
        assert not list(folder.rglob("*.db"))


def test_the_password_is_in_no_file(url: str, project_data: Path) -> None:
    assert run(["materialize", "raw/events", "--definitions", SAMPLE]) == 0
    password = sqlalchemy.make_url(url).password
    written = [p for p in project_data.rglob("*") if p.is_file()]
    assert written
    assert [p for p in written if str(password).encode() in p.read_bytes()] == []
    assert "PLATFORM_DAGSTER_URL" in (project_data / "dagster" / "dagster.yaml").read_text()


def test_a_process_logs_in_a_few_times_and_not_for_every_event(url: str) -> None:
    home().enter()
    with dg.DagsterInstance.get():
        pass  # made the tables
    opened: list[object] = []
    event.listen(sqlalchemy.pool.Pool, "connect", lambda connection, _: opened.append(connection))
    with dg.DagsterInstance.get() as instance:
        for number in range(20):
            instance.report_runless_asset_event(
                dg.AssetMaterialization("orders", metadata={"n": number})
            )
            instance.get_latest_materialization_event(dg.AssetKey("orders"))
    assert 0 < len(opened) <= 3


def test_connections_that_the_server_ended_are_made_anew(url: str) -> None:
    home().enter()
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
    with dg.DagsterInstance.get() as instance, engine.connect() as admin:
        assert instance.get_runs() == []
        ended = admin.execute(sqlalchemy.text(end + "AND datname = current_database()")).all()
        assert ended
        assert instance.get_runs() == []
        instance.optimize_for_webserver(statement_timeout=1500, pool_recycle=1, max_overflow=1)
        storage = instance.event_log_storage
        with storage.index_connection() as connection:  # type: ignore[attr-defined]
            timeout = connection.execute(sqlalchemy.text("SHOW statement_timeout")).scalar_one()
        assert timeout == "1500ms"
    engine.dispose()


def test_times_are_right_on_a_server_of_another_zone(url: str) -> None:
    assert run(["materialize", "raw/events", "--definitions", SAMPLE]) == 0
    now = datetime.now(UTC)
    with dg.DagsterInstance.get() as instance:
        before = dg.RunsFilter(updated_before=now + timedelta(seconds=1))
        after = dg.RunsFilter(updated_after=now + timedelta(seconds=1))
        assert len(instance.get_run_records(before)) == 1
        assert instance.get_run_records(after) == []


def test_a_forked_run_leaves_the_connection_of_its_parent_alone(url: str) -> None:
    home().enter()
    with dg.DagsterInstance.get() as instance:
        instance.get_runs()

        def child() -> None:
            instance.report_runless_asset_event(dg.AssetMaterialization("of_child"))
            os._exit(0)

        process = FORK.Process(target=child)
        process.start()
        process.join(30)
        assert process.exitcode == 0
        assert instance.get_latest_materialization_event(dg.AssetKey("of_child"))


def test_many_machines_that_start_at_once_make_the_tables_once(url: str, tmp_path: Path) -> None:
    home().enter()
    code = "import dagster as dg\nwith dg.DagsterInstance.get() as i: print(len(i.get_runs()))"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(3)
    ]
    for process in started:
        output, _ = process.communicate(timeout=60)
        assert (process.returncode, output) == (0, "0\n")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("postgresql://tester:marker-pw-1@127.0.0.1:1/dagster", "Connection refused"),
        ("mysql://tester:marker-pw-1@127.0.0.1/dagster", "no database of PostgreSQL"),
        ("tester:marker-pw-1@127.0.0.1/dagster", "no database of PostgreSQL"),
    ],
)
def test_a_database_that_is_not_there_is_named_without_its_password(
    project_data: Path, capfd: pytest.CaptureFixture[str], wrong: str, reason: str
) -> None:
    os.environ["PLATFORM_DAGSTER_URL"] = wrong
    settings.cache_clear()
    assert run(["materialize", "--definitions", SAMPLE]) == 2
    err = capfd.readouterr().err
    assert reason in err and "PLATFORM_DAGSTER_URL" in err
    assert "marker" not in err and "Traceback" not in err


def test_a_wrong_password_is_told_as_such(url: str) -> None:
    wrong = sqlalchemy.make_url(url).set(password="marker-pw-1")
    os.environ["PLATFORM_DAGSTER_URL"] = wrong.render_as_string(hide_password=False)
    with pytest.raises(PlatformError) as told:
        home().enter()
    assert "password authentication failed" in str(told.value)
    assert "marker" not in str(told.value)

"""An embedded platform becomes a team's: every row, every snapshot, whatever ends it on the way."""

import hashlib
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy

from platform_assets.cli import run
from platform_assets.reporting.archive import archive_at
from platform_assets.server.home import Home
from resources.dbt import DbtProject
from resources.warehouse import Warehouse
from tests.ingestion.zone import Zone, lines
from tests.lakes import new_lake
from tests.object_store import object_store
from tests.server import old_platform
from tests.server.old_platform import (
    EVENTS,
    FIRST,
    Old,
    contents,
    new_target,
    query,
    settings_of,
    warehouse,
)
from tests.servers import postgresql


@dataclass(frozen=True)
class Done:
    """A migration that was done.

    Attributes:
        settings: with the target's.
        reports, history: where versions and Dagster's history were moved to.
        told: what the command printed, tried before and done.
        source: hashes of all files of the source before and after.
    """

    settings: dict[str, str]
    reports: str
    history: str
    told: tuple[str, str]
    source: tuple[dict[str, str], dict[str, str]]


@pytest.fixture(scope="module")
def done(old: Old, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The old platform, moved to a team's with all that it has."""
    target = new_target(tmp_path_factory.mktemp("team"))
    reports, history = f"{object_store().new_bucket()}/reports", postgresql().new_database()
    environment = {**old.environment, **target, "PLATFORM_MIGRATE_HISTORY_TO": history}
    before, told = digests(old.data), []
    with settings_of(**environment):
        for more in (["--dry-run"], []):
            with redirect_stdout(StringIO()) as printed:
                assert run(["migrate", "--reports", reports, *more]) == 0
            told.append(printed.getvalue())
    return Done(environment, reports, history, (told[0], told[1]), (before, digests(old.data)))


def digests(folder: Path) -> dict[str, str]:
    """Return a hash of every file but those that SQLite keeps for its connections."""
    files = (p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".lock", ".log"))
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files
        if not p.name.endswith(("-wal", "-shm"))
    }


def test_every_row_of_every_snapshot_is_moved_and_the_source_is_as_it_was(
    old: Old, done: Done
) -> None:
    with settings_of(**done.settings):
        found = contents(warehouse(done.settings))
    assert {key: found[key] for key in old.contents} == old.contents
    before, after = done.source
    assert after == before
    tried, told = done.told
    assert "Nothing was changed." in tried and "report versions" in tried
    assert "Every row of every table is the same" in told
    assert f"PLATFORM_REPORTS_URL={done.reports}" in told
    password = sqlalchemy.make_url(done.history).password
    assert str(password) not in told + tried


def test_versions_of_reports_are_moved_under_their_names(old: Old, done: Done) -> None:
    with settings_of(**done.settings):
        new, kept = archive_at(done.reports), archive_at(old.data / "reports")
        assert new.names("sales") == kept.names("sales") and len(new.names("sales")) == 3
        assert new.page("sales") == kept.page("sales") == b"<h1>3</h1>"
        assert new.snapshots() == kept.snapshots() <= {number for number, _ in old.contents}


def test_the_team_goes_on_where_the_old_platform_was(
    old: Old, done: Done, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = done.settings["PLATFORM_MIGRATE_TO"]
    with settings_of(**done.settings, PLATFORM_WAREHOUSE_URL=url):
        zone = Zone(tmp_path, _warehouse=warehouse(done.settings))
        zone.land("known.ndjson", FIRST)
        zone.land("third.ndjson", lines({"id": 5000}, {"id": "bad"}))
        result = zone.load(EVENTS)
        assert (result.duplicates, result.rows_loaded, result.rows_quarantined) == (1, 1, 1)
        assert zone.ledger("load_id, file, status")[-2:] == [
            (3, "known.ndjson", "duplicate"),
            (3, "third.ndjson", "loaded"),
        ]
        built = [(r.status, r.message) for r in DbtProject.from_settings().build(["loads"])]
        assert [status for status, _ in built] == ["success"], built
        loads = zone.query("SELECT * FROM marts.loads ORDER BY 1")
        assert loads == [(1, 500), (2, 5), (3, 1)], "the first was counted before its deletions"
        _writes(zone, len(old.contents[max(old.contents)[0], "marts.large"]))
    with settings_of(**done.settings):
        assert run(["migrate", "--reports", done.reports]) == 0
    assert "already" in capfd.readouterr().out


def _writes(zone: Zone, before: int) -> None:
    """Change rows that lie in the catalog, and rows of files that have deletions."""
    with zone.warehouse.write() as connection:
        connection.execute("UPDATE raw.typed SET u = 'new' WHERE ee = 42")
        connection.execute("DELETE FROM marts.large WHERE n < 100")
        connection.execute("INSERT INTO marts.large VALUES (-1)")
    assert zone.query("SELECT u FROM raw.typed WHERE ee = 42") == [("new",)]
    rows = zone.query("SELECT count(*), count(DISTINCT rowid), min(n) FROM marts.large")
    assert rows == [(before - 66 + 1, before - 66 + 1, -1)]


def test_what_people_and_other_platforms_told_goes_where_dagsters_history_goes(
    old: Old, done: Done, tmp_path: Path
) -> None:
    with settings_of(PLATFORM_DATA_DIR=str(tmp_path), PLATFORM_DAGSTER_URL=done.history):
        assert old_platform.told() == old.told
    tried, told = done.told
    requests = f"{len(old.told[1].requests)}"
    for text in done.told:
        assert re.search(rf"requests +│ +{requests} ", text), text
        assert re.search(rf"events of other platforms +│ +{len(old.told[2])} ", text), text
    assert "PLATFORM_RECORDS_URL=" in told, "where it is, whatever the platform was told before"
    assert old.told[3].hex() not in tried + told


def test_the_catalog_is_what_ducklake_itself_would_have_made(done: Done, tmp_path: Path) -> None:
    columns = (
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
        "i.indisprimary FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
        "LEFT JOIN pg_index i ON i.indrelid = c.oid AND a.attnum = ANY(i.indkey) "
        "WHERE c.relname ~ '^ducklake_' AND c.relkind = 'r' AND c.relname !~ '_[0-9]+$' ORDER BY 1"
    )
    moved = done.settings["PLATFORM_MIGRATE_TO"]
    with settings_of(**done.settings):
        own = new_lake("shared", tmp_path)["PLATFORM_WAREHOUSE_URL"]
        Warehouse(own, "500MB").connect().close()
        assert set(query(moved, columns)) == set(query(own, columns))
        with warehouse(done.settings).write() as connection:
            connection.execute("CREATE TABLE raw.again AS SELECT * FROM raw.typed LIMIT 0")
    inlined = (
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attnum > 0 AND attrelid = (SELECT i.table_name FROM ducklake_inlined_data_tables i "
        "JOIN ducklake_table t USING (table_id) WHERE t.table_name = '{}' "
        "ORDER BY schema_version DESC LIMIT 1)::regclass ORDER BY attnum"
    )
    found = query(moved, inlined.format("typed"))
    assert found == query(moved, inlined.format("again")) and len(found) > 30


def test_dagsters_history_keeps_its_numbers(old: Old, done: Done, tmp_path: Path) -> None:
    key = dg.AssetKey("orders")
    check = [dg.AssetCheckKey(key, "rows")]
    query_of = dg.EventRecordsFilter(dg.DagsterEventType.ASSET_MATERIALIZATION, asset_key=key)

    def state(instance: dg.DagsterInstance) -> list[Any]:
        log = instance.event_log_storage
        return [
            instance.get_runs(),
            log.get_latest_materialization_events([key]),
            [r.storage_id for r in log.get_event_records(query_of)],
            log.get_asset_check_summary_records(check),
            *(sorted(map(str, instance.all_logs(run_id))) for run_id in old.runs),
        ]

    with settings_of(), dg.DagsterInstance.from_config(str(old.data / "dagster")) as instance:
        before = state(instance)
    assert [r.run_id for r in before[0]] == old.runs[::-1] and len(before[-1]) > 10
    with settings_of(PLATFORM_DATA_DIR=str(tmp_path), PLATFORM_DAGSTER_URL=done.history):
        Home.from_settings().enter()
        with dg.DagsterInstance.get() as instance:
            assert state(instance) == before
        largest = query(done.history, "SELECT max(id) FROM event_logs")
        (run_id,) = old_platform.run_something(times=1)
        with dg.DagsterInstance.get() as instance:
            assert instance.get_runs()[0].run_id == run_id
            (newest,) = instance.get_asset_records([key])
    last = newest.asset_entry.last_materialization_record
    assert last is not None and last.run_id == run_id and last.storage_id > largest[0][0]

"""Checks of raw tables, read from the ledger."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from platform_assets.ingestion.declaration import QuarantineLimits
from platform_assets.ingestion.health import Outcome, checks
from resources.warehouse import Warehouse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(f"ducklake:///{tmp_path}/lake", memory_limit="300MB")
    with made.write() as connection:
        connection.execute("CREATE TABLE raw.events (n BIGINT)")
    return made


def load(
    warehouse: Warehouse,
    number: int,
    *,
    rows: int,
    bad: int = 0,
    kept: int | None = None,
    newest: datetime = NOW,
    status: str = "loaded",
    total: int | None = None,
) -> None:
    with warehouse.write() as connection:
        connection.execute(
            "INSERT INTO platform.ledger (load_id, source, kind, file, status, rows_in_file, "
            "rows_loaded, rows_quarantined, max_event_at) VALUES (?, 'events', 'file', ?, ?, ?, "
            "?, ?, ?)",
            [number, f"{number}.csv", status, total or rows + bad, rows, bad, newest],
        )
        connection.execute("INSERT INTO raw.events SELECT range FROM range(?)", [rows])
        connection.execute(
            "INSERT INTO platform.quarantine (load_id, source) SELECT ?, 'events' FROM range(?)",
            [number, bad if kept is None else kept],
        )


def outcomes(
    warehouse: Warehouse,
    after: int = 0,
    limits: QuarantineLimits = QuarantineLimits(warn_above=0.01, error_above=0.1),  # noqa: B008
    even: bool = True,
) -> dict[str, Outcome]:
    with warehouse.reading() as connection:
        found = checks(
            connection,
            "events",
            after_load=after,
            limits=limits,
            stale_after=timedelta(hours=6),
            now=NOW,
            even=even,
        )
    return {o.name: o for o in found}


def test_a_clean_load_passes_everything(warehouse: Warehouse) -> None:
    load(warehouse, 1, rows=100)
    assert all(o.passed for o in outcomes(warehouse).values())


def test_a_source_that_never_loaded_passes(warehouse: Warehouse) -> None:
    assert all(o.passed for o in outcomes(warehouse).values())


def test_a_record_that_is_nowhere_is_an_error(warehouse: Warehouse) -> None:
    load(warehouse, 1, rows=99, total=100)
    found = outcomes(warehouse)["rows_accounted_for"]
    assert not found.passed and found.severity == "error"


def test_rows_that_vanished_from_the_table_are_an_error(warehouse: Warehouse) -> None:
    load(warehouse, 1, rows=100)
    with warehouse.write() as connection:
        connection.execute("DELETE FROM raw.events WHERE n = 7")
    found = outcomes(warehouse)["rows_accounted_for"]
    assert not found.passed
    assert "the table holds 99, the ledger says 100" in found.description


def test_a_lost_quarantine_row_is_an_error(warehouse: Warehouse) -> None:
    load(warehouse, 1, rows=98, bad=2, kept=1)
    assert not outcomes(warehouse)["rows_accounted_for"].passed


@pytest.mark.parametrize(
    ("bad", "passed", "severity"), [(1, True, "warn"), (5, False, "warn"), (20, False, "error")]
)
def test_the_share_in_quarantine_warns_and_fails_where_declared(
    warehouse: Warehouse, bad: int, passed: bool, severity: str
) -> None:
    load(warehouse, 1, rows=100 - bad, bad=bad)
    found = outcomes(warehouse)["quarantine_share"]
    assert (found.passed, found.severity) == (passed, severity)


@pytest.mark.parametrize(
    ("rows", "bad", "severity"),
    [(4, 2, "warn"), (0, 5, "warn"), (0, 6, "error"), (30, 6, "error"), (94, 5, "warn")],
)
def test_a_few_bad_records_of_a_small_load_only_warn(
    warehouse: Warehouse, rows: int, bad: int, severity: str
) -> None:
    load(warehouse, 1, rows=rows, bad=bad)
    found = outcomes(warehouse, limits=QuarantineLimits())["quarantine_share"]
    assert (found.passed, found.severity) == (False, severity)


@pytest.mark.parametrize(
    "limits", [QuarantineLimits(min_records=0), QuarantineLimits(error_above=0)]
)
def test_a_source_may_fail_at_the_first_bad_record(
    warehouse: Warehouse, limits: QuarantineLimits
) -> None:
    load(warehouse, 1, rows=5, bad=1)
    assert outcomes(warehouse, limits=limits)["quarantine_share"].severity == "error"


def test_only_new_loads_count_for_the_share(warehouse: Warehouse) -> None:
    load(warehouse, 1, rows=10, bad=90)
    load(warehouse, 2, rows=100)
    assert not outcomes(warehouse)["quarantine_share"].passed
    assert outcomes(warehouse, after=1)["quarantine_share"].passed


def test_a_whole_file_in_quarantine_warns(warehouse: Warehouse) -> None:
    load(warehouse, 1, rows=0, status="quarantined")
    found = outcomes(warehouse)["quarantine_share"]
    assert not found.passed and found.metadata["whole_files"] == 1


def test_old_events_are_not_fresh_however_new_the_load(warehouse: Warehouse) -> None:
    load(warehouse, 1, rows=10, newest=NOW - timedelta(hours=7))
    found = outcomes(warehouse)["data_freshness"]
    assert not found.passed and found.metadata["age_hours"] == 7


def test_a_load_unlike_its_history_warns(warehouse: Warehouse) -> None:
    for number in range(1, 7):
        load(warehouse, number, rows=100)
    assert outcomes(warehouse)["volume"].passed
    load(warehouse, 7, rows=5)
    assert not outcomes(warehouse)["volume"].passed
    assert outcomes(warehouse, even=False)["volume"].passed


def test_a_file_that_its_sender_cut_warns_until_it_is_an_old_one(warehouse: Warehouse) -> None:
    load(warehouse, 1, rows=100)
    with warehouse.write() as connection:
        connection.execute("UPDATE platform.ledger SET reason = 'cut by its sender at 100 records'")
    found = outcomes(warehouse)["volume"]
    assert not found.passed and "their sender cuts them: 1." in found.description
    assert outcomes(warehouse, after=1)["volume"].passed


def test_drift_that_lost_something_warns_and_a_new_column_does_not(warehouse: Warehouse) -> None:
    load(warehouse, 1, rows=1)
    with warehouse.write() as connection:
        connection.execute(
            "INSERT INTO platform.drift (load_id, source, column_name, change) "
            "VALUES (1, 'events', 'new', 'column_added')"
        )
    assert outcomes(warehouse)["schema_drift"].passed
    with warehouse.write() as connection:
        connection.execute(
            "INSERT INTO platform.drift (load_id, source, column_name, change) "
            "VALUES (1, 'events', 'price', 'type_flipped')"
        )
    found = outcomes(warehouse)["schema_drift"]
    assert not found.passed and "price: type_flipped" in found.description

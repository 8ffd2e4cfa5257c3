"""Health of sources: what the ledger, the quarantine and the drift say, per source."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest

from tests.dbt.company_lake import CompanyLake, company_lake

MODELS = ("source_health", "quarantine_reasons")


@pytest.fixture(scope="module")
def module_lake(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest
) -> Iterator[CompanyLake]:
    with company_lake(tmp_path_factory.mktemp("health"), manifest) as made:
        yield made


@pytest.fixture
def lake(module_lake: CompanyLake) -> CompanyLake:
    module_lake.clear()
    return module_lake


def entry(load: int, source: str, status: str, **given: Any) -> dict[str, Any]:
    row = {"load_id": load, "source": source, "kind": "file", "status": status, "bytes": 100}
    return {**row, "loaded_at": f"2026-01-0{load}T10:00:00Z", **given}


def counts(read: int, loaded: int) -> dict[str, int]:
    return {"rows_in_file": read, "rows_loaded": loaded, "rows_quarantined": read - loaded}


def test_health_sums_up_what_came_and_how_late(lake: CompanyLake) -> None:
    events = {"min_event_at": "2026-01-01T08:00:00Z", "max_event_at": "2026-01-02T09:30:00Z"}
    lake.insert(
        "platform",
        "ledger",
        [
            entry(1, "web_events", "loaded", **counts(10, 8)),
            entry(2, "web_events", "loaded", **counts(30, 30), **events),
            entry(3, "web_events", "duplicate", **counts(0, 0)),
            entry(3, "web_events", "quarantined"),
            entry(4, "web_events", "empty", **counts(0, 0)),
            entry(4, "shop__orders", "loaded", kind="table", bytes=None, **counts(5, 5)),
        ],
    )
    lake.insert(
        "platform",
        "drift",
        [
            {"source": "web_events", "column_name": c, "seen_at": "2026-01-02T10:00:00Z"}
            for c in "ab"
        ],
    )
    lake.build(*MODELS)
    found = lake.rows(
        "SELECT source, files, files_loaded, files_duplicate, files_quarantined, files_empty, "
        "loads, rows_read, rows_loaded, rows_quarantined, quarantine_share, bytes, drift_changes "
        "FROM marts.source_health ORDER BY 1"
    )
    assert found == [
        ("shop__orders", 1, 1, 0, 0, 0, 1, 5, 5, 0, Decimal(0), 0, 0),
        ("web_events", 5, 2, 1, 1, 1, 4, 40, 38, 2, Decimal("0.05"), 500, 2),
    ]
    late = lake.rows(
        "SELECT source, newest_event_at, newest_load_at, lateness_minutes "
        "FROM marts.source_health ORDER BY 1"
    )
    day = datetime.fromisoformat
    assert late == [
        ("shop__orders", None, day("2026-01-04 10:00:00"), None),
        # half an hour from the newest event to the load that brought it; later files had no rows
        (
            "web_events",
            day("2026-01-02 09:30:00"),
            day("2026-01-04 10:00:00"),
            Decimal("30.0"),
        ),
    ]
    assert set(lake.tests_of(*MODELS).values()) == {"pass"}


def test_reasons_are_told_without_values_and_numbers(lake: CompanyLake) -> None:
    reasons = [
        ("clicks: 8.5 is not exactly a integer", 4),
        ("clicks: n/a; or: so is not exactly a integer", 9),
        ("cost: 1.234,50 is not exactly a decimal(12,2)", 2),
        ("invalid JSON: Expecting value: line 1 column 7 (char 6)", 1),
        ("invalid UTF-8 at byte 17 of the line", 1),
        ("invalid UTF-8 at byte 99 of the line", 2),
        ("campaign_id: required, but empty", 3),
        ("the compressed data is cut short", None),
    ]
    lake.insert(
        "platform",
        "quarantine",
        [
            {
                "source": "google_ads",
                "file": f"f{n}",
                "line": line,
                "reason": reason,
                "raw": "anna@example.org",
                "quarantined_at": f"2026-01-0{n + 1}T00:00:00Z",
            }
            for n, (reason, line) in enumerate(reasons)
        ],
    )
    lake.build(*MODELS)
    found = lake.rows(
        "SELECT reason, is_whole_file, records, files FROM marts.quarantine_reasons ORDER BY 1"
    )
    assert found == [
        ("campaign_id: required, but empty", False, 1, 1),
        ("clicks: not exactly a integer", False, 2, 2),
        ("cost: not exactly a decimal", False, 1, 1),
        ("invalid JSON", False, 1, 1),
        ("invalid UTF-8 at byte # of the line", False, 2, 2),
        ("the compressed data is cut short", True, 1, 1),
    ]

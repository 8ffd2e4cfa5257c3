"""Real exports of analytics.usa.gov: two deliveries that overlap, files that are cut or empty.

Figures: ../shared/data/MANIFEST.md. `live` was exported on 2024-01-05, `live_old` on 2023-12-27;
they overlap in ten daily reports, every value equal.
"""

import csv
from pathlib import Path

import jinja2
import pytest

from platform_assets.ingestion import files
from platform_assets.ingestion.declaration import Column, FileDeclaration, FileFormat
from platform_assets.ingestion.files import IngestResult
from resources.landing import Landing
from resources.settings import PROJECT_ROOT
from tests.ingestion.zone import Zone

LIMIT = 10_000
DAILY = {  # report → what identifies a row of a day
    "browser": ["browser"],
    "device_model": ["mobile_device"],
    "ie": ["browser"],
    "language": ["language"],
    "os-browsers": ["browser", "os"],
    "os": ["os"],
    "screen-size": ["screen_resolution"],
    "windows-browsers": ["browser", "os_version"],
    "windows-ie": ["browser", "os_version"],
    "windows": ["os_version"],
}
CUT = {"device_model", "screen-size"}  # cut in both deliveries, and so without their oldest days


def export(report: str, folders: str) -> FileDeclaration:
    """Return a daily report as its engineer declares it."""
    return FileDeclaration(
        name="events",
        glob=f"{folders}/{report}.csv",
        format=FileFormat(type="csv"),
        columns=[
            Column(name="date", type="date", required=True),
            Column(name="visits", type="integer", required=True),
        ],
        natural_key=["date", *DAILY[report]],
        event_time="date",
        row_limit=LIMIT,
    )


def load(zone: Zone, shared_data: Path, declaration: FileDeclaration) -> IngestResult:
    return files.ingest(zone.warehouse, Landing(str(shared_data / "vendor_ga4_gov")), declaration)


def latest(key: list[str]) -> str:
    """Return the SQL that staging reads such exports with: the project's macro."""
    text = (PROJECT_ROOT / "dbt/macros/latest.sql").read_text()
    macros = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(text).module
    return str(macros.latest_per_key("raw.events", key))  # type: ignore[attr-defined]


def rows(file: Path) -> set[tuple[str, ...]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return {tuple(row) for row in csv.reader(lines)} - {tuple(next(csv.reader(file.open())))}


@pytest.mark.parametrize("report", DAILY)
def test_two_overlapping_deliveries_are_their_union(
    zone: Zone, shared_data: Path, report: str
) -> None:
    folder = shared_data / "vendor_ga4_gov"
    live, old = (rows(folder / name / f"{report}.csv") for name in ("live", "live_old"))
    assert live & old
    declared = export(report, "live*")
    result = load(zone, shared_data, declared)
    assert (result.files, result.rows_loaded) == (2, len(live) + len(old))
    assert result.cut == (2 if report in CUT else 0)
    zone.accounted()

    names = ", ".join(["date", *DAILY[report], "visits"])
    found = zone.query(f"SELECT {names} FROM ({latest(list(declared.natural_key))})")
    told = sorted(tuple("" if v is None else str(v) for v in row) for row in found)
    assert told == sorted(live | old)
    days = {row[0] for row in told}
    assert max(days) == "2024-01-04"
    assert min(days) == "2023-09-28" or report in CUT


def test_files_that_are_cut_are_told_with_their_number(zone: Zone, shared_data: Path) -> None:
    load(zone, shared_data, export("device_model", "*"))
    told = dict(zone.query("SELECT reason, count(*) FROM platform.ledger GROUP BY reason"))
    assert told["cut by its sender at 10,000 records"] == 10
    zone.accounted()


def test_empty_files_are_told_and_stop_nothing(zone: Zone, shared_data: Path) -> None:
    result = load(zone, shared_data, export("windows-ie", "*"))
    empty = zone.query("SELECT file FROM platform.ledger WHERE status = 'empty' ORDER BY file")
    assert [file for (file,) in empty] == [
        "education/windows-ie.csv",
        "energy/windows-ie.csv",
        "interior/windows-ie.csv",
    ]
    assert {row[:3] for row in zone.quarantine()} >= {
        (file, None, "zero bytes") for (file,) in empty
    }
    assert result.rows_loaded > 700
    zone.accounted()

"""Real exports of analytics.usa.gov, each department's of its own: some files are cut or empty.

Figures: ../shared/data/MANIFEST.md.
"""

from pathlib import Path

from platform_assets.ingestion import files
from platform_assets.ingestion.declaration import Column, FileDeclaration, FileFormat
from platform_assets.ingestion.files import IngestResult
from resources.landing import Landing
from tests.ingestion.zone import Zone


def load(zone: Zone, shared_data: Path, report: str) -> IngestResult:
    """Load every department's file of a report, as its engineer declares them."""
    declaration = FileDeclaration(
        name="events",
        glob=f"*/{report}.csv",
        format=FileFormat(type="csv"),
        columns=[
            Column(name="date", type="date", required=True),
            Column(name="visits", type="integer", required=True),
        ],
        event_time="date",
        row_limit=10_000,
    )
    return files.ingest(zone.warehouse, Landing(str(shared_data / "vendor_ga4_gov")), declaration)


def test_files_that_are_cut_are_told_with_their_number(zone: Zone, shared_data: Path) -> None:
    load(zone, shared_data, "device_model")
    told = dict(zone.query("SELECT reason, count(*) FROM platform.ledger GROUP BY reason"))
    assert told["cut by its sender at 10,000 records"] == 10
    zone.accounted()


def test_empty_files_are_told_and_stop_nothing(zone: Zone, shared_data: Path) -> None:
    result = load(zone, shared_data, "windows-ie")
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

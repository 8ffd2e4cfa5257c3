"""Sessions of a published access log, against what is known of it."""

from collections import Counter
from pathlib import Path

from platform_assets.ingestion import files
from platform_assets.ingestion.declaration import FileDeclaration, FileFormat
from resources.landing import Landing
from tests.dbt.web_lake import WebLake

LOG = Path("weblogs") / "elastic_apache_logs.log"
DECLARATION = FileDeclaration(
    name="access_log", glob="*.log", format=FileFormat(type="access_log"), event_time="time"
)
MODELS = ("staging.stg_access_log", "intermediate.int_access_log_sessions")


def test_an_access_log_of_10000_lines_has_3223_sessions(
    lake: WebLake, shared_data: Path, tmp_path: Path
) -> None:
    """In three files of lines far apart, each built before the next one lands."""
    with lake.warehouse.write() as connection:
        connection.execute("DROP TABLE raw.access_log")
    lines = (shared_data / LOG).read_bytes().splitlines(keepends=True)
    landing = tmp_path / "logs"
    landing.mkdir()
    for part in range(3):
        (landing / f"{part}.log").write_bytes(b"".join(lines[part::3]))
        files.ingest(lake.warehouse, Landing(str(landing)), DECLARATION)
        lake.build(MODELS)

    with lake.warehouse.reading() as connection:
        sessions = connection.execute(
            "SELECT session_date, requests, bytes FROM intermediate.int_access_log_sessions"
        ).fetchall()
    assert len(sessions) == 3223
    assert sum(requests for _, requests, _ in sessions) == 9999
    assert sum(size for _, _, size in sessions) == 2_747_282_505
    assert len(Counter(day for day, _, _ in sessions)) == 4

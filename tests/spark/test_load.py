"""Landed files, read by real executors: what they stage is what one process would load."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from platform_assets.ingestion import file_cluster, files
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, settings
from tests.ingestion.zone import Zone, column, lines, source

pytestmark = [pytest.mark.xdist_group("spark"), pytest.mark.timeout(300)]

SAID = source(columns=[column("id", "integer"), column("at", "timestamp")], event_time="at")


def events(zone: Zone, count: int, rows: int) -> None:
    """Land files of as many records, each with a bad one."""
    for file in range(count):
        moments = [f"2026-01-{file + 1:02d}T10:00:{n % 60:02d}Z" for n in range(rows)]
        records: list[Any] = [
            {"id": file * rows + n, "at": at, f"only_{file % 2}": "é"}
            for n, at in enumerate(moments)
        ]
        zone.land(f"day={file}/{file:03d}.ndjson", lines(*records, {"id": "none" + "." * file}))


def everything(zone: Zone) -> list[list[tuple[Any, ...]]]:
    return [
        zone.rows('_file, _line, _load_id, id, "at", day, only_0, only_1'),
        zone.quarantine(),
        zone.ledger(
            "file, sha256, status, rows_loaded, rows_quarantined, min_event_at, max_event_at"
        ),
        zone.drift(),
    ]


def test_executors_load_what_one_process_loads(
    spark_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_cluster, "TASK_BYTES", 20_000)
    monkeypatch.setattr(files, "SPREAD", 0)
    found = []
    for name in ("cluster", "here"):
        (tmp_path / name).mkdir()
        zone = Zone(tmp_path / name)
        events(zone, count=6, rows=200)
        result = zone.load(SAID)
        assert (result.rows_loaded, result.rows_quarantined) == (1200, 6)
        assert zone.load(SAID).files == 0
        zone.accounted()
        found.append(everything(zone))
        os.environ.pop("PLATFORM_SPARK_URL", None)
        settings.cache_clear()
    assert found[0] == found[1]
    staged = list((tmp_path / "cluster").rglob("loads/**/*.parquet"))
    assert len(staged) > 3, "several tasks staged"


def test_a_program_that_is_no_file_reaches_the_cluster(spark_url: str) -> None:
    program = (
        "import sys; from resources.spark.session import open_session\n"
        "print(open_session(sys.argv[1]).range(3).toArrow().num_rows)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, spark_url],
        cwd=PROJECT_ROOT,
        capture_output=True,
        check=False,
    )
    assert done.stdout == b"3\n", done.stderr.decode()


def test_what_no_executor_can_do_is_told_and_nothing_is_loaded(
    spark_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SPREAD", 0)
    zone = Zone(tmp_path)
    events(zone, count=1, rows=3)
    landing = zone.landing
    found = files.pending(zone.warehouse, landing, SAID)
    landing.url = "s3://"  # what the executors are told
    with pytest.raises(PlatformError, match="The cluster could not read landed files") as told:
        files.ingest(zone.warehouse, landing, SAID, files=found)
    assert "'s3://' names no bucket" in str(told.value)
    assert "JVM stacktrace" not in str(told.value)
    assert zone.ledger() == []
    assert zone.load(SAID).rows_loaded == 3
    zone.accounted()

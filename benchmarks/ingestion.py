"""Ingestion of realistic events, against DuckDB's bare read and against dlt.

The limit is `CREATE TABLE AS SELECT * FROM read_json(…)`: no line numbers, no quarantine, no
ledger, no types but those it guesses. dlt runs in an environment of its own, made once.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import declared
from benchmarks.event_files import events
from benchmarks.measure import DATA, ROOT, Measured, python, repeat, show, tell

DLT = DATA / "dlt-venv"
DLT_EVENTS = 20_000  # dlt is too slow for more; compared by rows per second


def dlt_python() -> str:
    """Return the interpreter of dlt's environment; made once, from its own pinned list."""
    if not (DLT / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", DLT], check=True)
        pip = [str(DLT / "bin" / "python"), "-m", "pip", "install", "-qqq"]
        lock = str(ROOT / "benchmarks" / "dlt.lock")
        subprocess.run([*pip, "--require-hashes", "-r", lock], check=True)
        (DLT / "done").touch()
    return str(DLT / "bin" / "python")


def run(count: int, times: int) -> None:
    """Measure all contenders and print the table."""
    plain, zipped = events(count)
    few, _ = events(DLT_EVENTS)
    me = "benchmarks.ingestion"
    limit = repeat("DuckDB read_json, NDJSON", python(me, "limit", plain), times)
    limit_gz = repeat("DuckDB read_json, gz", python(me, "limit", zipped), times)
    ours = repeat("platform, NDJSON", python(me, "ours", plain), times)
    ours_gz = repeat("platform, gz", python(me, "ours", zipped), times)
    script = str(ROOT / "benchmarks" / "with_dlt.py")
    dlt = repeat(f"dlt, {DLT_EVENTS:,} events", [dlt_python(), script, str(few)], times)
    for each in (limit_gz, ours, ours_gz):
        assert each.rows == limit.rows == count, each
    show(f"Ingestion of {count:,} events", [limit, ours, limit_gz, ours_gz, dlt], limit)
    _ratio("platform to limit, NDJSON (aim: 0.5)", limit, ours)
    _ratio("platform to limit, gz (aim: 0.5)", limit_gz, ours_gz)
    _ratio("platform to dlt (aim: 10)", dlt, ours)


def _ratio(name: str, base: Measured, ours: Measured) -> None:
    print(f"{name}: {(ours.rows / ours.seconds) / (base.rows / base.seconds):.2f}")


def limit(file: Path, folder: Path) -> None:
    """Load the file with DuckDB alone into a lake of its own."""
    from resources.warehouse import Warehouse

    warehouse = Warehouse(f"ducklake:///{folder}/lake", memory_limit="4GB")
    with warehouse.write() as connection:
        started = time.perf_counter()
        # The whole file is looked at for its columns: they drift, and a sample misses some.
        read = f"read_json('{file}', maximum_depth = 1, sample_size = -1)"
        connection.execute(f"CREATE TABLE raw.events AS SELECT * FROM {read}")
        found = connection.execute("SELECT count(*) FROM raw.events").fetchone()
    tell(started, found[0] if found else 0)


def ours(file: Path, folder: Path) -> None:
    """Load the file as the source `web_events` is loaded."""
    from platform_assets.ingestion import files
    from resources.landing import Landing
    from resources.warehouse import Warehouse

    warehouse = Warehouse(f"ducklake:///{folder}/lake", memory_limit="2GB")
    os.makedirs(f"{folder}/landing")
    os.link(file, f"{folder}/landing/{file.name}")
    warehouse.connect().close()
    declaration = declared.file_source("web_events").model_copy(update={"glob": "*.ndjson*"})
    started = time.perf_counter()
    result = files.ingest(warehouse, Landing(f"{folder}/landing"), declaration)
    assert not result.rows_quarantined, result
    tell(started, result.rows_loaded)


if __name__ == "__main__":
    {"limit": limit, "ours": ours}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))

"""Maintenance that dies at any line, or runs beside loads and readers: nothing is lost."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from resources.settings import PROJECT_ROOT, settings
from resources.warehouse import Warehouse, lake_files
from resources.warehouse.compaction import Limits, compact
from resources.warehouse.expiry import clean_up, expire
from resources.warehouse.orphans import remove_orphans
from tests import lakes
from tests.ingestion.zone import Zone
from tests.resources import maintaining

STRIDE = int(os.environ.get("CRASH_STRIDE", "61"))  # lines between two deaths; 1 tries them all
LOADS = 5


def start(*words: object) -> subprocess.Popen[str]:
    """Start a command of `maintaining` in a process of its own."""
    call = [sys.executable, "-m", "tests.resources.maintaining", *map(str, words)]
    return subprocess.Popen(call, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> list[int]:
    """Return the numbers that a command prints, when it has ended well."""
    try:
        out, _ = process.communicate(timeout=240)
    finally:
        process.kill()
    assert process.returncode == 0
    return [int(word) for word in out.split()]


def ids(warehouse: Warehouse, table: str, at: str = "") -> list[int]:
    with warehouse.reading() as connection:
        found = connection.execute(f"SELECT id FROM lake.raw.{table} {at} ORDER BY id").fetchall()
    return [number for (number,) in found]


def test_death_at_any_line(project_data: Path) -> None:
    warehouse = Warehouse.from_settings()
    maintaining.begin(warehouse)
    kept = warehouse.snapshot()
    seen = {table: ids(warehouse, table) for table in ("small", "held")}
    rounds, code = said(start("deaths", warehouse.url, kept, STRIDE, STRIDE))
    assert code == 0 and rounds > 2
    small = [1000 * n + i for n in range(rounds + 1) for i in range(150)]
    held = [1000 * n + i for n in range(rounds + 1) for i in range(14)]
    for finished in (False, True):
        assert ids(warehouse, "small") == [i for i in small if i % 3 != 1]
        assert ids(warehouse, "held") == held
        for table, before in seen.items():
            assert ids(warehouse, table, f"AT (VERSION => {kept})") == before
        if not finished:
            maintaining.maintain(warehouse, {kept})
    expire(warehouse, maintaining.NOW, [])
    clean_up(warehouse, maintaining.NOW)
    assert remove_orphans(warehouse, maintaining.NOW).files == 0
    assert len(list(lake_files.listed(warehouse.data_path))) < 12
    assert ids(warehouse, "held") == held


@pytest.mark.parametrize("kind", ["embedded", "shared"])
def test_beside_loads_and_readers(kind: str, project_data: Path) -> None:
    os.environ.update(lakes.new_lake(kind, project_data))
    settings.cache_clear()
    project_data.mkdir(exist_ok=True)
    zone = Zone(project_data)
    zone._warehouse = warehouse = Warehouse.from_settings()
    said(start("load", warehouse.url, project_data, 0, 1))
    stop = project_data / "stop"
    loads = start("load", warehouse.url, project_data, 1, LOADS)
    reads = start("read", warehouse.url, stop)
    merged, removed = set[str](), 0
    while loads.poll() is None or "raw.events" not in merged:
        merged |= set(compact(warehouse, Limits(few=1, inlined=10)).tables)
        expire(warehouse, timedelta(seconds=2), [])
        removed += clean_up(warehouse, timedelta(seconds=3)).files
        remove_orphans(warehouse, timedelta(seconds=60))
    said(loads)
    stop.touch()
    assert said(reads)[0] > 1
    compact(warehouse, Limits(few=1, inlined=10))
    expire(warehouse, timedelta(0), [])
    removed += clean_up(warehouse, timedelta(0)).files
    assert removed
    assert remove_orphans(warehouse, timedelta(0)).files == 0
    files = zone.query("SELECT count(DISTINCT file), sum(rows_loaded) FROM platform.ledger")
    assert files == [(LOADS + 1, 20 * (LOADS + 1))]
    zone.accounted()

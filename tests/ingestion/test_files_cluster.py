"""Files that many tasks read at once come to the same as files that one process reads.

The tasks run in this process, each a file: what they are, what they tell, what is made of it. On
real executors: tests/spark/test_load.py.
"""

import io
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from platform_assets.ingestion import file_cluster, file_tasks, files
from platform_assets.ingestion.declaration import FileDeclaration
from resources.landing import LandedFile
from resources.settings import settings
from resources.warehouse import Warehouse
from tests import lakes
from tests.ingestion.zone import Zone, column, lines, source


class NoSpark:
    """What stands for a session where no task leaves this process."""

    def stop(self) -> None:
        """Do nothing."""


def run_here(_: NoSpark, todo: Sequence[Any]) -> list[file_tasks.Taken]:
    """Run tasks one after the other; what they tell travels as it does from an executor."""
    told = [file_tasks.TAKEN.dump_json(task()) for task in todo]
    return [file_tasks.TAKEN.validate_json(each) for each in told]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a load with PLATFORM_SPARK_URL run its tasks in this process, one for each file."""
    monkeypatch.setattr(file_cluster, "open_session", NoSpark)
    monkeypatch.setattr(file_cluster, "_run", run_here)
    monkeypatch.setattr(file_cluster, "TASK_BYTES", 1)
    monkeypatch.setattr(files, "SPREAD", 0)
    # The order of columns within records that are written together hangs on which those are.
    monkeypatch.setattr("platform_assets.ingestion.file_portion.HELD", 0)


def parquet(**columns: Any) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


TWICE = lines({"id": 7, "late": "x"})
EVENTS = {
    "a.ndjson": lines({"id": 1, "new": {"x": 1}}, {"id": "no number"}),
    "b.ndjson": lines({"id": 2, "New": "y"}) + b"torn {\n",
    "c.ndjson": lines({"id": 3, "newer": True, "new": 4}),
    "d.ndjson": b"",
    "e.ndjson": TWICE,
    "f.ndjson": TWICE,
    "g.ndjson": b"nothing of it is JSON\n",
    "h.ndjson": lines(*({"id": n, "new": n, "_line": "theirs"} for n in range(5))),
}
TABLES = {
    "a.csv": b"id,price,note\n1,2.5,a\n2,x,b\n",
    "b.csv": b"id,note\n3,c\n",
    "c.csv": b"id,price,note,extra\n4,1,d,e\n",
    "d.csv": b"id,price,note,extra\n5,1,d,e\n",
}
TYPED = {
    "a.parquet": parquet(f=pa.array([0.5], pa.float32()), m=pa.array([Decimal("1.5")])),
    "b.parquet": parquet(f=pa.array([0.1]), m=pa.array([Decimal("10.25")])),
    "c.parquet": parquet(f=pa.array([0.25], pa.float32()), m=pa.array([Decimal("7")])),
    "d.parquet": parquet(f=pa.array(["1.5", "two"]), later=pa.array([1, None])),
}
ID = [column("id", "integer", required=True)]
LOADS: dict[str, tuple[FileDeclaration, dict[str, bytes]]] = {
    "nothing declared": (source(), EVENTS),
    "freeze": (source(columns=ID, new_columns="freeze"), EVENTS),
    "reject": (source(columns=ID, new_columns="reject"), EVENTS),
    "csv": (source("csv", columns=[*ID, column("price", "decimal(8,2)")]), TABLES),
    "parquet": (source("parquet"), TYPED),
}


def loaded(zone: Zone, declaration: FileDeclaration, landed: dict[str, bytes]) -> dict[str, Any]:
    """Load files, some of them in a second load; return all that came of it."""
    names = list(landed)
    result = []
    for part in (names[:-2], names[-2:]):
        for name in part:
            zone.land(name, landed[name])
        found = zone.load(declaration)
        result.append((found.rows_loaded, found.rows_quarantined, found.duplicates, found.refused))
    zone.accounted()
    ledger = "source, file, sha256, status, reason, rows_in_file, rows_loaded, rows_quarantined"
    order = ", ".join(f'"{name}"' for name in sorted(zone.types()))
    return {
        "result": result,
        "types": zone.types(),
        "rows": zone.rows(f"_file, _line, _load_id, _extra, {order}"),
        "ledger": zone.query(f"SELECT {ledger} FROM platform.ledger ORDER BY load_id, file"),
        "quarantine": zone.quarantine(),
        "drift": sorted(zone.drift(), key=str),
        "nulls": [zone.query(f'SELECT count("{name}") FROM raw.events') for name in zone.types()],
    }


def by_the_cluster(url: str = "sc://127.0.0.1:9") -> None:
    os.environ["PLATFORM_SPARK_URL"] = url
    settings.cache_clear()


@pytest.mark.parametrize("case", LOADS)
def test_tasks_come_to_the_same_as_one_process(
    case: str, project_data: Path, cluster: None, tmp_path: Path
) -> None:
    declaration, landed = LOADS[case]
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    here = loaded(Zone(tmp_path / "here"), declaration, landed)
    by_the_cluster()
    there_zone = Zone(tmp_path / "there")
    there = loaded(there_zone, declaration, landed)
    for told, value in here.items():
        assert there[told] == value, told
    assert not list(Path(there_zone.warehouse.data_path).glob("staging/*")), "nothing lies about"


def test_tasks_stage_in_the_object_store_where_the_lake_lies_in_one(
    project_data: Path, cluster: None
) -> None:
    os.environ.update(lakes.new_lake("team", project_data))
    by_the_cluster()
    zone = Zone(project_data)
    zone._warehouse = Warehouse.from_settings()
    declaration, landed = LOADS["parquet"]
    found = loaded(zone, declaration, landed)
    assert found["types"] == {"f": "DOUBLE", "m": "DECIMAL(4,2)", "later": "BIGINT"}
    assert len(found["rows"]) == 4
    with zone.warehouse.reading() as connection:
        files_there = connection.execute(
            f"SELECT count(*) FROM glob('{zone.warehouse.data_path}/staging/**')"
        ).fetchone()
    assert files_there == (0,)


def test_files_that_may_have_one_content_are_one_tasks() -> None:
    def file(path: str, size: int) -> LandedFile:
        return LandedFile(path, size, datetime(2026, 1, 1, tzinfo=UTC))

    small = [file(f"{n:03d}", 10 + n) for n in range(5)]
    large = [file("z1", 40 << 20), file("z2", 41 << 20)]
    twins = [file("y", 41 << 20), file("a", 11)]
    found = [[f.path for f in task] for task in file_cluster.tasks([*small, *large, *twins])]
    assert found == [["000", "001", "002", "003", "004", "a"], ["y", "z2"], ["z1"]]
    waves = file_cluster.waves([file("a", 20 << 30), file("b", 20 << 30)])
    assert [[f.path for f in wave] for wave in waves] == [["a"], ["b"]]

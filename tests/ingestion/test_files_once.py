"""Each file exactly once: by content, whatever its name, however often it is delivered."""

import gzip
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from platform_assets.ingestion import file_ledger, files
from platform_assets.ingestion.file_portion import Portion
from resources.errors import PlatformError
from resources.landing import LandedFile, Landing
from tests.ingestion.zone import Zone, everywhere, lines, source

TWO = lines({"id": 1}, {"id": 2})


def statuses(zone: Zone) -> list[tuple[Any, ...]]:
    return zone.ledger("file, status")


@everywhere
def test_a_second_run_finds_nothing(zone: Zone) -> None:
    zone.land("a.ndjson", TWO)
    assert zone.pending(source()) == ["a.ndjson"]
    first, second = zone.load(source()), zone.load(source())
    assert (first.files, first.rows_loaded, second.files) == (1, 2, 0)
    assert zone.dicts() == [{"id": "1"}, {"id": "2"}]
    assert zone.pending(source()) == []
    zone.accounted()


@everywhere
def test_every_row_says_where_it_is_from(zone: Zone) -> None:
    zone.land("d/a.ndjson", b'{"id":1}\n\n{"id":2}\n')
    before = datetime.now(UTC)
    zone.load(source())
    rows = zone.rows("_file, _line, _load_id, _extra, _loaded_at")
    assert [row[:4] for row in rows] == [("d/a.ndjson", 1, 1, None), ("d/a.ndjson", 3, 1, None)]
    assert before <= rows[0][4] == rows[1][4] <= datetime.now(UTC)
    zone.accounted()


@everywhere
def test_the_same_bytes_under_another_name_are_a_duplicate(zone: Zone) -> None:
    zone.land("a.ndjson", TWO)
    zone.load(source())
    zone.land("b.ndjson", TWO)
    zone.land("c/a.ndjson", TWO)
    result = zone.load(source())
    assert (result.duplicates, result.rows_loaded) == (2, 0)
    assert zone.ledger("file, status, reason")[1:] == [
        ("b.ndjson", "duplicate", "same content as a.ndjson"),
        ("c/a.ndjson", "duplicate", "same content as a.ndjson"),
    ]
    assert len(zone.rows()) == 2
    zone.accounted()


@everywhere
def test_the_same_bytes_twice_in_one_portion_load_once(zone: Zone) -> None:
    zone.land("a.ndjson", TWO)
    zone.land("b.ndjson", TWO)
    zone.load(source())
    assert statuses(zone) == [("a.ndjson", "loaded"), ("b.ndjson", "duplicate")]
    zone.accounted()


def test_a_file_delivered_again_under_its_name_loads_once(zone: Zone) -> None:
    zone.land("a.ndjson", TWO)
    zone.load(source())
    target = zone.land("a.ndjson", TWO)
    os.utime(target, (1, 1))
    assert zone.pending(source()) == ["a.ndjson"]
    assert zone.load(source()).duplicates == 1
    assert len(zone.rows()) == 2
    zone.accounted()


@everywhere
def test_other_content_under_a_known_name_loads(zone: Zone) -> None:
    zone.land("a.ndjson", TWO)
    zone.load(source())
    zone.land("a.ndjson", lines({"id": 3}))
    zone.load(source())
    assert statuses(zone) == [("a.ndjson", "loaded"), ("a.ndjson", "loaded")]
    assert sorted(zone.rows("id")) == [("1",), ("2",), ("3",)]
    zone.accounted()


@everywhere
def test_a_quarantined_file_delivered_again_is_a_duplicate(zone: Zone) -> None:
    zone.land("a.ndjson", b"nothing here is JSON\n")
    cut = gzip.compress(TWO)[:-9]
    zone.land("b.ndjson.gz", cut)
    zone.load(source())
    zone.land("c.ndjson", b"nothing here is JSON\n")
    zone.land("d.ndjson.gz", cut)
    assert zone.load(source()).duplicates == 2


def test_a_ledger_from_before_files_had_versions_is_read_and_goes_on(zone: Zone) -> None:
    zone.land("a.ndjson", TWO)
    zone.load(source())
    with zone.warehouse.write() as connection:
        connection.execute("ALTER TABLE lake.platform.ledger DROP COLUMN version")
    later = Zone(zone.folder)
    later.land("b.ndjson", lines({"id": 3}))
    file_ledger._known.clear()
    assert later.pending(source()) == ["b.ndjson"]
    later.load(source())
    assert later.ledger("file, version") == [("a.ndjson", None), ("b.ndjson", None)]


def test_two_sources_may_read_the_same_file(zone: Zone) -> None:
    zone.land("a.ndjson", TWO)
    zone.load(source())
    assert zone.load(source(name="others")).rows_loaded == 2
    assert zone.query("SELECT count(*) FROM raw.others") == [(2,)]


@everywhere
def test_empty_files_are_not_each_others_duplicates(zone: Zone) -> None:
    zone.land("a.ndjson", b"")
    zone.land("b.ndjson", b"")
    zone.land("c.ndjson", TWO)
    zone.load(source())
    assert statuses(zone) == [("a.ndjson", "empty"), ("b.ndjson", "empty"), ("c.ndjson", "loaded")]
    zone.accounted()


@everywhere
def test_load_ids_grow_with_each_transaction(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PORTION_FILES", 2)
    for n in range(5):
        zone.land(f"{n}.ndjson", lines({"id": n}))
    seen: list[str] = []
    zone.load(source(), on_progress=lambda load: seen.append(load.path))
    assert seen == [f"{n}.ndjson" for n in range(5)]
    assert zone.rows("_load_id, id") == [(1, "0"), (1, "1"), (2, "2"), (2, "3"), (3, "4")]
    assert zone.ledger("load_id") == [(1,), (1,), (2,), (2,), (3,)]
    zone.accounted()


def test_portions_are_bounded_by_bytes_and_by_files() -> None:
    def sizes(*each: int) -> list[list[int]]:
        landed = [LandedFile(str(n), size, datetime.now(UTC)) for n, size in enumerate(each)]
        return [[f.size for f in portion] for portion in files.portions(landed)]

    big = files.SMALL + 1
    assert sizes(1, big, 2, big) == [[big], [big], [1, 2]]
    full = files.PORTION_BYTES // files.SMALL
    assert [len(p) for p in sizes(*[files.SMALL] * (full + 1))] == [full, 1]
    assert [len(p) for p in sizes(*[1] * (files.PORTION_FILES + 1))] == [files.PORTION_FILES, 1]


@pytest.mark.parametrize(
    "name", ["a.tmp", "a.ndjson.part", ".a.ndjson", "_a.ndjson", "_tmp/a.ndjson", ".b/c/a.ndjson"]
)
def test_a_file_still_being_written_is_not_touched(zone: Zone, name: str) -> None:
    zone.land(name, TWO)
    assert zone.pending(source()) == []
    assert zone.load(source()).files == 0


@pytest.mark.parametrize("minutes", [-2, 0, 2])
def test_a_file_that_grows_between_two_looks_is_not_stable(zone: Zone, minutes: int) -> None:
    """Whatever the clock says that dated it, which may be minutes off."""
    zone.land("still.ndjson", TWO)
    grows = zone.land("grows.ndjson", TWO)
    dated = (datetime.now(UTC) + timedelta(minutes=minutes)).timestamp()
    os.utime(grows, (dated, dated))
    found = zone.landing.find("**/*")
    timer = threading.Timer(0.05, lambda: grows.open("ab").write(TWO))
    timer.start()
    assert [f.path for f in zone.landing.stable(found, 0.3)] == ["still.ndjson"]
    timer.join()


def test_an_old_file_needs_no_second_look(zone: Zone) -> None:
    path = zone.land("a.ndjson", TWO)
    long_ago = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
    os.utime(path, (long_ago, long_ago))
    found = zone.landing.find("**/*")
    assert zone.landing.stable(found, 3600 / 20) == found


class Meddling(Landing):
    """A landing zone in which something happens to a file while it is being read."""

    def __init__(self, url: str, path: Path, change: Any) -> None:
        super().__init__(url)
        self._path, self._change = path, change

    def open(self, file: LandedFile) -> Any:
        stream = super().open(file)
        if file.path == self._path.name:
            self._change(self._path)
        return stream


def append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(lines({"id": "late"}))


def replace(path: Path) -> None:
    other = path.with_name("_other")
    other.write_bytes(lines({"id": "new"}))
    os.replace(other, path)


@pytest.mark.parametrize("change", [append, replace, Path.unlink])
@pytest.mark.parametrize("held", [16 << 20, 0])
def test_a_file_that_changes_while_it_is_read_is_left_for_later(
    zone: Zone, change: Any, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform_assets.ingestion.file_portion.HELD", held)
    zone.land("a.ndjson", lines({"id": "a"}))
    path = zone.land("b.ndjson", TWO)
    zone.land("c.ndjson", lines({"id": "c"}))
    meddling = Meddling(zone.landing.url, path, change)
    files.ingest(zone.warehouse, meddling, source())
    assert statuses(zone) == [("a.ndjson", "loaded"), ("c.ndjson", "loaded")]
    assert zone.rows("id") == [("a",), ("c",)]
    zone.load(source())
    late = {append: ["1", "2", "late"], replace: ["new"], Path.unlink: []}[change]
    assert sorted(row[0] for row in zone.rows("id")) == sorted(["a", "c", *late])
    zone.accounted()


def test_a_changing_file_does_not_hide_another_with_its_content(zone: Zone) -> None:
    path = zone.land("a.ndjson", TWO)
    zone.land("b.ndjson", TWO)
    files.ingest(zone.warehouse, Meddling(zone.landing.url, path, Path.unlink), source())
    assert statuses(zone) == [("b.ndjson", "loaded")]
    assert len(zone.rows()) == 2
    zone.accounted()


def test_a_changing_duplicate_does_not_let_a_third_load(zone: Zone) -> None:
    zone.land("a.ndjson", TWO)
    path = zone.land("b.ndjson", TWO)
    zone.land("c.ndjson", TWO)
    files.ingest(zone.warehouse, Meddling(zone.landing.url, path, append), source())
    assert statuses(zone) == [("a.ndjson", "loaded"), ("c.ndjson", "duplicate")]
    zone.accounted()


@everywhere
def test_a_large_file_of_a_known_size_loads_if_its_content_is_new(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform_assets.ingestion.file_portion.HELD", 0)
    for name, id_ in (("a", 1), ("b", 2), ("c", 1)):
        zone.land(f"{name}.ndjson", lines({"id": id_}))
        zone.load(source())
    found = zone.ledger("file, status")
    assert [status for _, status in found] == ["loaded", "loaded", "duplicate"]
    assert zone.rows("id") == [("1",), ("2",)]
    zone.accounted()


def test_a_file_listed_but_gone_stops_nothing(zone: Zone) -> None:
    zone.land("a.ndjson", TWO).unlink()
    zone.land("b.ndjson", lines({"id": 3}))
    listed = [LandedFile("a.ndjson", 1, datetime.now(UTC)), *zone.landing.find("**/*")]
    assert zone.load(source(), files=listed).files == 1
    zone.accounted()


def test_files_asked_for_that_are_known_load_no_second_time(zone: Zone) -> None:
    zone.land("a.ndjson", TWO)
    listed = zone.landing.find("**/*")
    zone.load(source(), files=listed)
    assert zone.load(source(), files=[*listed, *listed]).files == 0
    assert len(zone.rows()) == 2
    zone.accounted()


def test_a_file_asked_for_twice_loads_once(zone: Zone) -> None:
    zone.land("a.ndjson", TWO)
    listed = zone.landing.find("**/*")
    zone.load(source(), files=[*listed, *listed])
    assert len(zone.rows()) == 2
    zone.accounted()


def test_a_glob_does_not_reach_beyond_itself(zone: Zone) -> None:
    for path in ("web/a.ndjson", "web/deep/b.ndjson", "webs/c.ndjson", "web/d.csv"):
        zone.land(path, lines({"id": path}))
    assert zone.pending(source(glob="web/*.ndjson")) == ["web/a.ndjson"]
    assert zone.pending(source(glob="web/**/*.ndjson")) == ["web/a.ndjson", "web/deep/b.ndjson"]


def test_a_landing_zone_that_is_not_there_is_told(zone: Zone) -> None:
    missing = Landing(str(zone.folder / "nowhere"))
    with pytest.raises(PlatformError, match=r"landing zone .*nowhere does not exist"):
        files.ingest(zone.warehouse, missing, source())


def test_a_record_unaccounted_for_stops_the_load(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone.land("a.ndjson", TWO)
    close = Portion._close

    def forget(self: Portion, load: Any) -> None:
        close(self, load)
        load.rows -= 1

    monkeypatch.setattr(Portion, "_close", forget)
    with pytest.raises(RuntimeError, match=r"a.ndjson: 2 records read, but 1 staged"):
        zone.load(source())
    assert zone.ledger() == []
    monkeypatch.undo()
    zone.load(source())
    zone.accounted()


def test_ledger_rows_taken_out_let_a_file_load_again(zone: Zone) -> None:
    zone.land("a.ndjson", TWO)
    zone.land("b.ndjson", lines({"id": 3}))
    zone.load(source())
    with zone.warehouse.write() as connection:
        connection.execute("DELETE FROM lake.platform.ledger WHERE file = 'a.ndjson'")
        connection.execute("DELETE FROM lake.raw.events WHERE _file = 'a.ndjson'")
    assert zone.pending(source()) == ["a.ndjson"]
    zone.load(source())
    assert len(zone.rows()) == 3
    zone.accounted()

"""Where versions are kept, in folders and object stores: whole or not at all, and for ever."""

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from platform_assets.reporting import archive as archives
from platform_assets.reporting.archive import Archive, archive_at
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, settings
from tests.archives import KINDS, files, new_archive

NOW = datetime(2026, 1, 31, 6, 30, 0, 400, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CRASHING = """
import os, sys
import obstore
from platform_assets.reporting import archive
from tests.archives import files
from tests.reporting.test_archive import NOW

put, done = obstore.put, []

def some(store, path, *args, **more):
    put(store, path, *args, **more)
    done.append(path)
    if len(done) == 3:
        os._exit(7)

def write(folder):
    files(NOW, "torn", snapshot=9)(folder)
    if sys.argv[1] == "folder":
        os._exit(7)

obstore.put = some
archive.from_settings().publish("sales", NOW, write)
"""


@pytest.fixture(params=KINDS)
def archive(request: pytest.FixtureRequest, project_data: Path) -> Archive:
    """An empty archive of each kind, which the settings name."""
    return new_archive(request.param, project_data / "reports")


def again(archive: Archive) -> Archive:
    """Return the same archive as another machine sees it."""
    return archive_at(archive.place)


def test_a_version_is_kept_whole_and_the_newest_is_shown(archive: Archive) -> None:
    assert (archive.names("sales"), archive.page("sales"), archive.reports()) == ([], None, [])
    assert archive.newest("sales") is None
    for n in range(3):
        made = NOW + n * SECOND
        name = archive.publish("sales", made, files(made, f"<h1>{n}</h1>", snapshot=n, run_id="r"))
        assert name == f"2026-01-31T06300{n}Z"
        assert archive.page("sales") == f"<h1>{n}</h1>".encode()
    archive.publish("sales_of_all", NOW, files(NOW, snapshot=40))
    archive.publish("costs", NOW, files(NOW))
    for seen in (archive, again(archive)):
        assert seen.reports() == ["costs", "sales", "sales_of_all"]
        assert seen.names("sales") == [f"2026-01-31T06300{n}Z" for n in (2, 1, 0)]
        newest = seen.newest("sales")
        assert newest is not None and (newest.name, newest.snapshot) == (seen.names("sales")[0], 2)
        assert (newest.made, newest.run_id) == (NOW + 2 * SECOND, "r")
        asked = ["2026-01-31T063000Z", "2020-01-01T000000Z", "../costs", "2026-01-31T063002Z"]
        assert [one.snapshot for one in seen.read("sales", asked)] == [0, 2]
        assert seen.page("sales_of_all") == b"<h1>Page</h1>"
    assert archives.snapshots_in_use() == {0, 1, 2, 40}


def test_machines_that_publish_in_the_same_second_all_keep_their_version(
    archive: Archive,
) -> None:
    start, told = threading.Barrier(4), dict[str, int]()

    def publish(n: int) -> None:
        machine = again(archive)
        start.wait()
        told[machine.publish("sales", NOW, files(NOW, f"page {n}", snapshot=7, number=n))] = n

    machines = [threading.Thread(target=publish, args=(n,)) for n in range(4)]
    for machine in machines:
        machine.start()
    for machine in machines:
        machine.join()
    kept = [f"2026-01-31T063000Z{more}" for more in ("-4", "-3", "-2", "")]
    assert archive.names("sales") == kept
    found = [one.facts["number"] for one in archive.read("sales", kept)]
    assert found == [told[name] for name in kept] and sorted(found) == [0, 1, 2, 3]
    assert archive.page("sales") == f"page {found[0]}".encode()


def test_the_newest_is_the_one_of_the_newest_data_whatever_the_clocks_say(
    archive: Archive,
) -> None:
    ahead = NOW + timedelta(minutes=2)
    archive.publish("sales", ahead, files(ahead, "ahead", snapshot=5))
    right = archive.publish("sales", NOW + SECOND, files(NOW + SECOND, "right", snapshot=6))
    assert (right, archive.page("sales")) == ("2026-01-31T063200Z-2", b"right")
    slow = again(archive).publish("sales", NOW, files(NOW, "slow", snapshot=4))
    assert (slow, archive.page("sales")) == ("2026-01-31T063000Z", b"right")
    assert again(archive).page("sales") == b"right"
    made = [one.made for one in archive.read("sales", archive.names("sales"))]
    assert made == [NOW + SECOND, ahead, NOW], "each says when it was made"


def test_a_version_that_was_not_finished_is_none(archive: Archive) -> None:
    archive.publish("sales", NOW - SECOND, files(NOW - SECOND, "before", snapshot=3))
    kind = "bucket" if "://" in archive.place else "folder"
    command = [sys.executable, "-c", CRASHING, kind]
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=os.environ, check=False)
    assert done.returncode == 7

    def fails(folder: Path) -> None:
        files(NOW, "half")(folder)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        archive.publish("sales", NOW, fails)
    seen = again(archive)
    assert (seen.names("sales"), seen.page("sales")) == (["2026-01-31T062959Z"], b"before")
    assert seen.snapshots() == {3}
    seen.publish("sales", NOW, files(NOW, "after"))
    assert (len(seen.names("sales")), archive.page("sales")) == (2, b"after")


def test_a_version_that_can_not_be_read_is_told_to_who_asks_for_snapshots(tmp_path: Path) -> None:
    archive = archives.archive_at(tmp_path)
    name = archive.publish("sales", NOW, files(NOW, snapshot=3))
    (tmp_path / "sales" / name / "report.json").write_text("{")
    with pytest.raises(PlatformError, match="nobody knows which snapshot"):
        archive.snapshots()


def test_a_version_from_elsewhere_keeps_its_name_and_comes_in_once(
    archive: Archive, tmp_path: Path
) -> None:
    name, folder = "2025-12-01T000000Z-2", tmp_path / "version"
    folder.mkdir()
    files(NOW, "moved", snapshot=8)(folder)
    assert archive.adopt("sales", name, folder)
    assert not again(archive).adopt("sales", name, folder)
    assert (archive.names("sales"), archive.page("sales")) == ([name], b"moved")
    assert archive.snapshots() == {8}
    files(NOW + SECOND, "another", snapshot=8)(folder)
    with pytest.raises(PlatformError, match=f"{name} is another version"):
        archive.adopt("sales", name, folder)
    assert archive.page("sales") == b"moved"


def test_snapshots_of_a_bucket_are_told_by_names_alone(
    project_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = new_archive("bucket", project_data)
    archive.publish("sales", NOW, files(NOW, snapshot=12))

    def opened(*_: Any, **__: Any) -> None:
        raise AssertionError("an object was opened")

    monkeypatch.setattr("obstore.get", opened)
    assert archives.snapshots_in_use() == {12}
    assert archive.names("sales") == ["2026-01-31T063000Z"]


def test_files_of_a_bucket_have_their_media_type(project_data: Path) -> None:
    import obstore

    archive: Any = new_archive("bucket", project_data)
    name = archive.publish("sales", NOW, files(NOW))
    for file, kind in [
        ("index.html", "text/html; charset=utf-8"),
        ("report.pdf", "application/pdf"),
        ("days.csv", "text/csv; charset=utf-8"),
        ("report.json", "application/json"),
    ]:
        found = obstore.get(archive.store, f"sales/{name}/{file}")
        assert found.attributes["Content-Type"] == kind


def test_a_key_that_is_refused_is_told_with_the_way_out(
    project_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = new_archive("bucket", project_data).place
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mistaken")
    settings.cache_clear()
    refused = archive_at(place)
    for attempt in (
        lambda: refused.publish("sales", NOW, files(NOW)),
        lambda: refused.page("sales"),
        refused.snapshots,
    ):
        with pytest.raises(PlatformError, match=f"{place} can't be used") as found:
            attempt()
        assert "AWS_SECRET_ACCESS_KEY" in found.value.hint and "mistaken" not in str(found.value)
    assert list((project_data / "tmp").iterdir()) == []


def test_a_place_of_another_kind_is_refused() -> None:
    with pytest.raises(PlatformError, match="PLATFORM_REPORTS_URL is ftp://there"):
        archive_at("ftp://there")

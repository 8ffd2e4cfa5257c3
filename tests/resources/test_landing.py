"""A landing zone in an object store: listed to the letter, read by version, in bounded memory."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import obstore
import pytest

from resources.errors import PlatformError
from resources.landing import LandedFile, Landing, Span
from resources.landing import object_stream as streams
from resources.object_store import store
from resources.settings import settings
from tests.faulty_proxy import FaultyProxy
from tests.object_store import SECRET, ObjectStore, object_store
from tests.odd_store import OddStore

KEYS = [
    "a b.csv",
    "a+b.csv",
    "a%20b.csv",
    "ünï/😀.csv",
    'it\'s & <x> "y".csv',
    "date=2026-01-01/x=%2F/a.csv",
    "#frag?q=1.csv",
    "[a-z]*?.csv",
]
ODD = [
    "back\\slash.csv",
    "a//b.csv",
    "/a.csv",
    "./c.csv",
    "d/../e.csv",
    "new\nline.csv",
    "ctl\x01.csv",
    "full/",
]


@pytest.fixture
def server(project_data: Path) -> ObjectStore:
    """A real server that the settings of this process can reach."""
    found = object_store()
    use(found.environment())
    return found


@pytest.fixture
def proxy(server: ObjectStore) -> Iterator[FaultyProxy]:
    """The server behind a proxy that fails when it is told to."""
    with FaultyProxy(server.endpoint) as found:
        use({"AWS_ENDPOINT_URL": found.endpoint, "PLATFORM_S3_PATIENCE": "5"})
        yield found


def use(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    settings.cache_clear()


def put(url: str, **objects: bytes) -> None:
    for key, data in objects.items():
        obstore.put(store(url), key, data)


def paths(files: list[LandedFile]) -> list[str]:
    return [file.path for file in files]


def test_keys_are_listed_and_read_to_the_letter(server: ObjectStore) -> None:
    url = f"{server.new_bucket()}/in +%"
    put(url, **{key: key.encode() for key in KEYS})
    landing = Landing(url)
    found = landing.find("**/*.csv")
    assert paths(found) == sorted(KEYS)
    for file in found:
        assert landing.open(file).read().decode() == file.path
        assert landing.look(file) == file and file.version
    with landing.opening(found) as opener:
        assert [opener.open(file).read().decode() for file in found] == sorted(KEYS)


@pytest.mark.parametrize("prefix", ["", "in/there/"])
def test_keys_that_no_path_could_have(project_data: Path, prefix: str) -> None:
    with OddStore() as odd:
        use({"AWS_ENDPOINT_URL": odd.endpoint, "AWS_ACCESS_KEY_ID": "x"})
        odd.objects = {prefix + key: key.encode() for key in (*KEYS, *ODD)}
        odd.objects |= {f"{prefix}folder/": b"", f"{prefix}folder/.tmp/x": b"x", "in/other": b""}
        landing = Landing(f"s3://bucket/{prefix}")
        found = [file for file in landing.find("**") if file.path != "in/other"]
        dotted = {"./c.csv", "d/../e.csv"}  # hidden, as a folder `.` would be
        assert set(paths(found)) == {*KEYS, *ODD} - dotted
        for file in found:
            assert landing.open(file).read().decode() == file.path
            assert landing.look(file) == file
        assert paths(landing.find("**/b.csv")) == ["a//b.csv"]


def test_without_a_key_in_the_settings_obstore_lists(
    server: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.s3_requests.available", lambda: False)
    url = f"{server.new_bucket()}/in"
    put(url, **{"a/1.csv": b"1", "a/2.csv": b"2", "b/3.csv": b"3"})
    landing = Landing(url)
    assert paths(landing.find("a/*.csv")) == ["a/1.csv", "a/2.csv"]
    assert paths(landing.find("**", [Span("a/1.csv", 2)])) == ["a/2.csv", "b/3.csv"]
    (file,) = landing.find("b/*")
    assert landing.look(file) == file and landing.open(file).read() == b"3"


def test_a_key_that_a_role_can_not_read_is_named(
    project_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.s3_requests.available", lambda: False)
    with OddStore() as odd:
        odd.objects = {"in/a//b.csv": b""}
        use({"AWS_ENDPOINT_URL": odd.endpoint, "AWS_ACCESS_KEY_ID": "x"})
        says = broken("s3://bucket/in")
    assert "Rename that object, or set AWS_ACCESS_KEY_ID" in says and "in/a//b.csv" in says


def test_only_what_begins_as_the_glob_does_is_listed(project_data: Path) -> None:
    with OddStore() as odd:
        use({"AWS_ENDPOINT_URL": odd.endpoint, "AWS_ACCESS_KEY_ID": "x"})
        odd.objects = {f"in/orders_{n:05}.csv": b"" for n in range(2_500)}
        odd.objects |= {f"in/{x}/{n:05}.csv": b"" for x in "abz" for n in range(5_000)}
        landing = Landing("s3://bucket/in")
        assert len(landing.find("orders_*.csv")) == 2_500
        assert odd.listed == 3
        assert len(landing.find("orders_*.csv", [Span("orders_02000.csv", 400)])) == 499
        assert odd.listed == 4


def test_an_object_is_read_in_blocks_from_wherever_it_is_asked_for(
    proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BLOCK", 100_000)
    url, data = object_store().new_bucket(), os.urandom(950_001)
    put(url, x=data)
    landing = Landing(url)
    (file,) = landing.find("x")
    with landing.open(file) as stream:
        assert stream.read(10) == data[:10]
        stream.seek(-7, os.SEEK_END)
        assert stream.read() == data[-7:]
        stream.seek(333_333)
        assert stream.read(400_000) == data[333_333:733_333]
        stream.seek(0)
        assert stream.read() == data
        blocks: Any = stream.raw  # type: ignore[attr-defined]
        assert len(blocks._blocks) <= streams.KEPT


def test_an_object_overwritten_while_it_is_read_is_gone(
    server: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BLOCK", 1000)
    url = server.new_bucket()
    put(url, x=b"1" * 10_000)
    landing = Landing(url)
    (file,) = landing.find("x")
    stream = landing.open(file)
    assert stream.read(10) == b"1" * 10
    put(url, x=b"2" * 10_000)
    with pytest.raises(FileNotFoundError, match="overwritten"):
        stream.read()
    with pytest.raises(FileNotFoundError), landing.opening([file]) as opener:
        opener.open(file)
    now = landing.look(file)
    assert now is not None and now != file and now.size == file.size
    obstore.delete(store(url), "x")
    assert landing.look(file) is None
    with pytest.raises(FileNotFoundError):
        landing.open(now).read()


def test_small_objects_are_fetched_before_they_are_read(proxy: FaultyProxy) -> None:
    url = object_store().new_bucket()
    put(url, **{f"{n:03}": b"%d" % n for n in range(200)}, empty=b"")
    landing = Landing(url)
    files = landing.find("*")
    with landing.opening(files) as opener:
        assert opener.open(files[0]).read() == b"0" == opener.open(files[0]).read()
        wait_until(lambda: proxy.count("GET", "/0") >= 60)
        assert [opener.open(f).read() for f in files[3:]] == [b"%d" % n for n in range(3, 200)] + [
            b""
        ]
    assert proxy.count("GET", "/0") == 100, "none was asked for twice"


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def broken(url: str, **environment: str) -> str:
    """Return what a look at a landing zone says that can't be used, in message and hint."""
    use(environment)
    with pytest.raises(PlatformError) as caught:
        Landing(url).find("**")
    said = str(caught.value)
    assert SECRET not in said and "Traceback" not in said and "Debug" not in said
    assert len(caught.value.message) < 250 and caught.value.hint
    return said


@pytest.mark.parametrize("signed", [True, False])
def test_what_is_wrong_is_told_in_a_line(
    server: ObjectStore, monkeypatch: pytest.MonkeyPatch, signed: bool
) -> None:
    monkeypatch.setattr("resources.s3_requests.available", lambda: signed)
    url = f"{server.new_bucket()}/in"
    says = broken(url, AWS_ACCESS_KEY_ID="nobody")
    assert f"The landing zone {url} can't be used: the key AWS_ACCESS_KEY_ID is not known" in says
    says = broken(url, **server.environment() | {"AWS_SECRET_ACCESS_KEY": "wrong"})
    assert "AWS_SECRET_ACCESS_KEY does not fit AWS_ACCESS_KEY_ID" in says
    says = broken("s3://nowhere/in", **server.environment())
    assert "s3://nowhere/in can't be used: there is no such bucket" in says
    assert "or set PLATFORM_LANDING_URL to another" in says
    down = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "PLATFORM_S3_PATIENCE": "0.3"}
    says = broken(url, **down)
    assert "http://127.0.0.1:9 does not answer" in says and "AWS_ENDPOINT_URL" in says


def test_no_right_to_list_and_a_busy_store_are_told(proxy: FaultyProxy) -> None:
    url = f"{object_store().new_bucket()}/in"
    proxy.refuse(403)
    assert "the right to list the bucket" in broken(url)
    proxy.heal()
    proxy.refuse(503)
    says = broken(url, PLATFORM_S3_PATIENCE="0.3")
    assert "is busy or broken: SlowDown" in says and "PLATFORM_S3_PATIENCE" in says
    assert "Nothing is lost" in says


def test_a_store_that_fails_for_some_time_is_waited_for(proxy: FaultyProxy) -> None:
    url = object_store().new_bucket()
    put(url, small=b"s" * 50_000, large=b"l" * 20_000_000)
    landing = Landing(url)
    proxy.refuse(503, times=2)
    proxy.cut_responses(200, times=1)
    files = landing.find("*")
    assert paths(files) == ["large", "small"] and proxy.faulted == 3
    proxy.refuse(500, times=2)
    proxy.cut_responses(3_000, times=3)
    with landing.opening(files) as opener:
        assert [len(opener.open(file).read()) for file in files] == [20_000_000, 50_000]
    assert proxy.faulted == 8
    proxy.bytes_per_second = 100_000
    assert len(landing.open(files[1]).read()) == 50_000


def test_a_download_that_is_cut_each_time_is_an_error(proxy: FaultyProxy) -> None:
    url = object_store().new_bucket()
    put(url, x=b"x" * 100_000)
    use({"PLATFORM_S3_PATIENCE": "0.5"})
    landing = Landing(url)
    (file,) = landing.find("x")
    proxy.cut_responses(1000, only=lambda method, path: path.endswith("/x"))
    with pytest.raises(PlatformError, match="does not answer"):
        landing.open(file).read()
    with pytest.raises(PlatformError), landing.opening([file]) as opener:
        opener.open(file)


def test_sources_that_look_at_a_store_that_says_nothing_do_not_each_wait(
    proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.landing.cursor.PATIENCE", 3.0)
    monkeypatch.setattr("resources.s3_requests.SHORTEST", 0.2)
    landing = Landing(object_store().new_bucket())
    proxy.stall()
    started = time.monotonic()
    for source in "abcdef":
        with pytest.raises(PlatformError, match="does not answer"):
            landing.fresh(f"{source}/*", lambda file: False)
    assert time.monotonic() - started < 3 + 3 + 5 * 0.2 + 2
    proxy.heal()
    assert landing.fresh("a/*", lambda file: False).files == []


def test_a_listing_of_everything_lets_the_next_look_begin_at_its_end(project_data: Path) -> None:
    with OddStore() as odd:
        use({"AWS_ENDPOINT_URL": odd.endpoint, "AWS_ACCESS_KEY_ID": "x"})
        odd.objects = {f"in/{n:05}.csv": b"" for n in range(5_500)}
        known = set(Landing("s3://bucket/in").find("*.csv"))
        assert odd.listed == 6
        odd.objects["in/05500.csv"] = b""
        found = Landing("s3://bucket/in").fresh("*.csv", known.__contains__)
        assert paths(found.files) == ["05500.csv"] and odd.listed == 7

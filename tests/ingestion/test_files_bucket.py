"""Files that land in an object store: what is different there, and loses or doubles nothing."""

import gzip
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import obstore
import pyarrow as pa
import pytest

from platform_assets.ingestion import files
from resources.errors import PlatformError
from resources.landing import LandedFile, Landing, object_stream
from resources.object_store import store
from resources.settings import settings
from tests.faulty_proxy import FaultyProxy
from tests.ingestion.test_files_names import parquet
from tests.ingestion.zone import BucketZone, lines, source
from tests.object_store import object_store

TWO = lines({"id": 1}, {"id": 2})


@pytest.fixture
def proxy(bucket: BucketZone) -> Iterator[FaultyProxy]:
    """What stands between the zone and its store, and fails when it is told to."""
    with FaultyProxy(object_store().endpoint) as found:
        os.environ.update({"AWS_ENDPOINT_URL": found.endpoint, "PLATFORM_S3_PATIENCE": "0.5"})
        settings.cache_clear()
        yield found


def test_other_content_of_the_same_size_in_the_same_second_loads(bucket: BucketZone) -> None:
    for id_ in (1, 2, 3):
        bucket.land("a.ndjson", lines({"id": id_}))
        assert bucket.load(source()).rows_loaded == 1
    assert bucket.load(source()).files == 0
    assert sorted(bucket.rows("id")) == [("1",), ("2",), ("3",)]
    versions = bucket.ledger("version")
    assert len(set(versions)) == 3 and all(version for (version,) in versions)
    bucket.accounted()


def test_names_and_folders(bucket: BucketZone) -> None:
    names = [
        "a b+c%20.ndjson",
        "ünï/😀.ndjson",
        "date=2026-01-01/x=%2F/a.ndjson",
        "it's/[a].ndjson",
    ]
    for number, name in enumerate(names):
        bucket.land(name, lines({"id": number}))
    bucket.load(source())
    assert dict(bucket.rows("_file, id")) == {name: str(n) for n, name in enumerate(names)}
    assert bucket.query("SELECT date, x FROM raw.events WHERE date > ''") == [("2026-01-01", "/")]
    assert bucket.pending(source()) == [] and len(bucket.ledger()) == len(names)
    bucket.accounted()


@pytest.mark.parametrize("block", [100, object_stream.BLOCK])
def test_every_format_reads_from_a_store(
    bucket: BucketZone, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(object_stream, "BLOCK", block)
    monkeypatch.setattr("resources.landing.prefetch.SMALL", block)
    rows = 500
    bucket.land("a.csv", b"id,name\n" + b"".join(b"%d,x\n" % n for n in range(rows)))
    bucket.land("a.ndjson.gz", gzip.compress(lines(*({"id": n} for n in range(rows)))))
    bucket.land("a.parquet", parquet(pa.table({"id": range(rows), "name": ["x"] * rows})))
    for format_, glob in (("csv", "*.csv"), ("ndjson", "*.gz"), ("parquet", "*.parquet")):
        said = source(format_, name=f"e_{format_}", glob=glob)
        assert bucket.load(said).rows_loaded == rows
        assert bucket.query(f"SELECT count(DISTINCT id) FROM raw.e_{format_}") == [(rows,)]


class Overwriting(Landing):
    """A landing zone in which an object is overwritten when it is first opened."""

    def __init__(self, zone: BucketZone, path: str) -> None:
        super().__init__(zone.url)
        self._bucket, self._path = zone, path

    def opening(self, files: Any) -> Any:
        opener, done = super().opening(files), self

        class Opener:
            def __enter__(self) -> Any:
                self._opener = opener.__enter__()
                return self

            def __exit__(self, *how: Any) -> None:
                opener.__exit__(*how)

            def open(self, file: LandedFile) -> Any:
                stream = self._opener.open(file)
                if file.path == done._path:
                    stream.read(1)
                    stream.seek(0)
                    done._bucket.land(file.path, lines(*({"id": "new"} for _ in range(5_000))))
                return stream

        return Opener()


@pytest.mark.parametrize("held", [16 << 20, 0])
def test_an_object_overwritten_while_it_is_read_loads_later_and_never_half(
    bucket: BucketZone, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr("platform_assets.ingestion.file_portion.HELD", held)
    monkeypatch.setattr(object_stream, "BLOCK", 10_000)
    monkeypatch.setattr("resources.landing.prefetch.SMALL", 10_000)
    bucket.land("a.ndjson", lines({"id": "a"}))
    bucket.land("b.ndjson", lines(*({"id": "old"} for _ in range(5_000))))
    bucket.land("c.ndjson", lines({"id": "c"}))
    files.ingest(bucket.warehouse, Overwriting(bucket, "b.ndjson"), source())
    assert bucket.ledger("file, status") == [("a.ndjson", "loaded"), ("c.ndjson", "loaded")]
    assert bucket.rows("id") == [("a",), ("c",)]
    bucket.load(source())
    counted = "SELECT id, count(*) FROM raw.events GROUP BY 1 ORDER BY 1"
    assert bucket.query(counted) == [("a", 1), ("c", 1), ("new", 5_000)]
    bucket.accounted()


def test_many_small_objects_in_one_load(bucket: BucketZone) -> None:
    target = store(bucket.url)
    with ThreadPoolExecutor(16) as pool:
        for n in range(600):
            pool.submit(obstore.put, target, f"d{n % 7}/{n:04}.ndjson", lines({"id": n}))
    result = bucket.load(source())
    assert (result.files, result.rows_loaded) == (600, 600)
    assert bucket.query("SELECT count(DISTINCT id) FROM raw.events") == [(600,)]
    assert bucket.pending(source()) == []
    bucket.accounted()


@pytest.mark.parametrize("fault", ["cut", "refused", "refused later"])
def test_a_load_that_the_store_fails_loads_nothing_half_and_the_next_one_completes(
    bucket: BucketZone, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("platform_assets.ingestion.file_portion.HELD", 0)
    monkeypatch.setattr(object_stream, "BLOCK", 100_000)
    monkeypatch.setattr("resources.landing.prefetch.SMALL", 100_000)
    monkeypatch.setattr(files, "SMALL", 10_000)
    good = {"a.ndjson": 10, "b.ndjson": 20_000, "c.ndjson": 10}
    for name, rows in good.items():
        bucket.land(name, lines(*({"id": f"{name}-{n}"} for n in range(rows))))
    if fault == "cut":
        proxy.cut_responses(0, only=lambda method, path: path.endswith("/b.ndjson"))
    elif fault == "refused":
        proxy.refuse(503, only=lambda method, path: path.endswith("/b.ndjson"))
    else:
        reads: list[str] = []

        def later(method: str, path: str) -> bool:
            reads.append(path)
            return path.endswith("/b.ndjson") and reads.count(path) > 2

        proxy.refuse(500, only=later)
    with pytest.raises(PlatformError) as caught:
        bucket.load(source())
    assert "The landing zone s3://" in str(caught.value) and "Nothing is lost" in str(caught.value)
    loaded = bucket.ledger("file")
    assert ("b.ndjson",) not in loaded and len(loaded) < 3
    assert bucket.quarantine() == []
    proxy.heal()
    bucket.load(source())
    assert dict(bucket.query("SELECT _file, count(DISTINCT id) FROM raw.events GROUP BY 1")) == good
    assert bucket.query("SELECT count(*) FROM raw.events") == [(sum(good.values()),)]
    bucket.accounted()


def test_a_load_waits_for_a_store_that_comes_back(bucket: BucketZone, proxy: FaultyProxy) -> None:
    for n in range(5):
        bucket.land(f"{n}.ndjson", lines({"id": n}))
    os.environ["PLATFORM_S3_PATIENCE"] = "30"
    settings.cache_clear()
    proxy.refuse(503, seconds=1.5)
    proxy.cut_responses(3, times=3, only=lambda method, path: "list-type" not in path)
    assert bucket.load(source()).rows_loaded == 5 and proxy.faulted > 4
    bucket.accounted()

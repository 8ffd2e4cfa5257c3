"""Files larger than the memory limit, and more files than one would open: bounded, and once."""

import gzip
import os
import subprocess
import sys
import zlib
from pathlib import Path

from resources.settings import PROJECT_ROOT
from tests.ingestion.zone import Zone, source

MB = 1 << 20


def peak(zone: Zone) -> int:
    """Load the zone in a process of its own; return the megabytes that it took at most."""
    call = [sys.executable, "-m", "tests.ingestion.crashing", "peak", str(zone.folder)]
    done = subprocess.run(call, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def records(first: int, count: int) -> bytes:
    """Return records of about 2 kB that do not repeat much."""
    return b"".join(
        b'{"id":%d,"at":"2026-01-01T00:00:00Z","text":"%s","o":{"n":[%d,"%s"]}}\n'
        % (n, os.urandom(1000).hex().encode(), n, b"x" * 20)
        for n in range(first, first + count)
    )


def write(path: Path, size: int) -> int:
    """Write a file of so many bytes; return its records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    some, count = records(0, 5_000), 0
    with path.open("wb") as stream:
        while stream.tell() < size:
            stream.write(some.replace(b'"id":', b'"id":%d' % (count // 5_000 + 1)))
            count += 5_000
    return count


def test_a_file_larger_than_memory(zone: Zone) -> None:
    path = zone.folder / "landing" / "a.ndjson"
    count = write(path, 800 * MB)
    used = peak(zone)
    print(f"{used} MB")
    assert used < 700, f"{used} MB for a file of {path.stat().st_size // MB} MB"
    found = "SELECT count(*), count(DISTINCT _line), max(_line) FROM raw.events"
    assert zone.query(found) == [(count, count, count)]


def test_a_small_file_that_unpacks_to_a_large_one(zone: Zone) -> None:
    pack = zlib.compressobj(1, zlib.DEFLATED, 31)
    some = b'{"id":1,"text":"%s"}\n' % (b"x" * 1000) * 10_000
    path = zone.folder / "landing" / "bomb.ndjson.gz"
    path.parent.mkdir()
    with path.open("wb") as stream:
        for _ in range(50):
            stream.write(pack.compress(some))
        stream.write(pack.flush())
    assert path.stat().st_size < 8 * MB
    used = peak(zone)
    print(f"{used} MB")
    assert used < 700, f"{used} MB"
    assert zone.query("SELECT count(*) FROM raw.events") == [(500_000,)]


def test_a_line_without_an_end(zone: Zone) -> None:
    path = zone.land("bomb.ndjson.gz", gzip.compress(b"{" * (200 * MB), 1))
    assert path.stat().st_size < 2 * MB
    zone.land("good.ndjson", b'{"id":1}\n')
    used = peak(zone)
    print(f"{used} MB")
    assert used < 700, f"{used} MB"
    assert zone.rows("_file") == [("good.ndjson",)]
    zone.accounted()


def test_ten_thousand_small_files(zone: Zone) -> None:
    for n in range(10_000):
        folder = zone.folder / "landing" / f"{n // 1000}"
        folder.mkdir(parents=True, exist_ok=True)
        line = b'{"id":%d,"text":"%s"}\n' % (n, b"x" * 450)
        (folder / f"{n}.ndjson").write_bytes(line * 2)
    result = zone.load(source())
    assert (result.files, result.rows_loaded) == (10_000, 20_000)
    assert zone.query("SELECT count(*), count(DISTINCT id), max(_load_id) FROM raw.events") == [
        (20_000, 10_000, 5)
    ]
    lake = zone.query("SELECT count(*) FROM ducklake_list_files('lake', 'events', schema => 'raw')")
    assert lake[0][0] <= 10
    assert zone.query(
        "SELECT count(*) FROM platform.ledger WHERE (rows_in_file, rows_loaded) = (2, 2)"
    ) == [(10_000,)]
    assert zone.load(source()).files == 0

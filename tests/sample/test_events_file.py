"""One large file of events for benchmarks."""

import gzip
import json
from datetime import date
from pathlib import Path

import pytest

from platform_assets.sample.events_file import write_events


@pytest.mark.parametrize("source", ["web_events", "app_events"])
def test_it_writes_exactly_n_distinct_events_in_order_of_arrival(
    tmp_path: Path, source: str
) -> None:
    path = tmp_path / "events.ndjson"
    size = write_events(path, 4_000, seed=3, start=date(2026, 1, 1), source=source)
    assert path.stat().st_size == size
    events = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert len(events) == 4_000
    assert len({event["messageId"] for event in events}) == 4_000
    received = [event["receivedAt"] for event in events]
    assert received == sorted(received)
    assert received[0].startswith("2026-01-01")
    assert 20 < len({at[:10] for at in received}) < 45


def test_the_same_seed_gives_the_same_file_gzipped_or_not(tmp_path: Path) -> None:
    write_events(tmp_path / "a.ndjson", 500)
    write_events(tmp_path / "b.ndjson.gz", 500)
    write_events(tmp_path / "c.ndjson.gz", 500)
    b, c = ((tmp_path / f"{name}.ndjson.gz").read_bytes() for name in "bc")
    assert gzip.decompress(b) == (tmp_path / "a.ndjson").read_bytes()
    assert b == c
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.ndjson", "b.ndjson.gz", "c.ndjson.gz",
    ]  # fmt: skip

"""What others made to break readers, and what real senders send."""

import csv
import io
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.ingestion.zone import Zone, lines, source

WRONG_UPSTREAM = {("location_coordinates", "Contact Phone Number")}  # its JSON has another number


@pytest.fixture(scope="module")
def nasty(shared_data: Path) -> Path:
    """The collection of nasty inputs."""
    return shared_data / "nasty"


def land_all(zone: Zone, folder: Path) -> None:
    """Land the files of a folder; their contents are made different, for some are equal."""
    for number, path in enumerate(sorted(folder.iterdir())):
        content = path.read_bytes()
        if content and not content.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" not in content:
            content += b"\n" * number
        zone.land(path.name, content)


def test_the_json_test_suite(zone: Zone, nasty: Path) -> None:
    land_all(zone, nasty / "JSONTestSuite" / "test_parsing")
    zone.load(source("json", non_objects="keep"))
    found = dict(zone.ledger("file, status"))
    assert len(found) > 300
    for name, status in found.items():
        if name.startswith("y_"):
            assert status == "loaded", name
        if name.startswith("n_"):
            assert status in ("quarantined", "empty"), name
    assert {row[0] for row in zone.query("SELECT DISTINCT file FROM platform.quarantine")} == {
        name for name, status in found.items() if status != "loaded"
    }
    zone.accounted()


def test_the_csv_spectrum(zone: Zone, nasty: Path) -> None:
    land_all(zone, nasty / "csv-spectrum" / "csvs")
    zone.load(source("csv"))
    assert zone.quarantine() == []
    rows: dict[str, list[dict[str, Any]]] = {}
    for (file,), row in zip(zone.rows("_file"), zone.dicts(), strict=True):
        rows.setdefault(Path(file).stem, []).append(row)
    for path in sorted((nasty / "csv-spectrum" / "json").iterdir()):
        wanted = orjson.loads(path.read_bytes().replace(b"\xef\xbf\xbd", "\ufffd".encode()))
        wanted = wanted if isinstance(wanted, list) else [wanted]
        for row, record in zip(rows[path.stem], wanted, strict=True):
            for name, value in record.items():
                if (path.stem, name) not in WRONG_UPSTREAM:
                    assert row[name] == value, (path.stem, name)
    zone.accounted()


def packed(kind: str, texts: list[str]) -> bytes:
    """Return texts as column `v` of a file of a format."""
    if kind == "ndjson":
        return lines(*({"v": text} for text in texts))
    if kind == "json":
        return orjson.dumps([{"v": text} for text in texts])
    target = io.BytesIO()
    if kind == "parquet":
        pq.write_table(pa.table({"v": texts}), target)
        return target.getvalue()
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerows([["n", "v"], *([str(n), text] for n, text in enumerate(texts))])
    return written.getvalue().encode()


@pytest.mark.parametrize("kind", ["ndjson", "json", "csv", "parquet"])
def test_naughty_strings_come_through_unchanged(zone: Zone, nasty: Path, kind: str) -> None:
    texts = orjson.loads((nasty / "blns.json").read_bytes())
    zone.land("a", packed(kind, texts))
    zone.load(source(kind))
    assert [row[0] for row in zone.rows("v")] == texts
    assert zone.quarantine() == []
    zone.accounted()


def test_naughty_strings_as_names(zone: Zone, nasty: Path) -> None:
    texts = list(dict.fromkeys(orjson.loads((nasty / "blns.json").read_bytes())))
    zone.land("a", lines(dict.fromkeys(texts, 1)))
    zone.load(source())
    back = {row[1]: row[3] for row in zone.drift() if row[2] == "column_renamed"}
    assert {back.get(name, name) for name in zone.types()} == set(texts)
    zone.accounted()


def test_webhooks_of_github(zone: Zone, shared_data: Path) -> None:
    content = (shared_data / "vendor_github_webhooks" / "api.github.com.index.json").read_bytes()
    hooks = orjson.loads(content)
    events = [example for hook in hooks for example in hook["examples"]]
    zone.land("hooks.json", content)
    zone.land("events.json", orjson.dumps(events))
    zone.load(source("json"))
    assert zone.quarantine() == []
    names = list(zone.types())
    kept = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    for row, event in zip(
        zone.query(f"SELECT {kept} FROM raw.events WHERE _file = 'events.json' ORDER BY _line"),
        events,
        strict=True,
    ):
        found = {n: v for n, v in zip(names, row, strict=True) if v is not None}
        assert set(found) == {n for n, v in event.items() if v is not None}
        for name, value in event.items():
            if isinstance(value, dict | list):
                assert orjson.loads(found[name]) == value
            elif isinstance(value, str):
                assert found[name] == value
    zone.accounted()

"""Every format, however it is delivered: encodings, delimiters, compression, folders."""

import bz2
import codecs
import gzip
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from platform_assets.ingestion import compression, delimited, documents, formats
from platform_assets.ingestion.compression import Hashing, Unreadable
from platform_assets.ingestion.declaration import FileFormat
from resources.errors import PlatformError
from tests.ingestion.zone import Zone, column, lines, source

ID = lines({"id": 1})
PACKED = {
    "gz": gzip.compress(ID) + gzip.compress(lines({"id": 2})),
    "zst": zstandard.compress(lines({"id": 3})) + zstandard.compress(lines({"id": 4})),
    "bz2": bz2.compress(lines({"id": 5})) + bz2.compress(lines({"id": 6})),
}


def test_compression_by_name_or_by_magic_bytes(zone: Zone) -> None:
    for suffix, content in PACKED.items():
        zone.land(f"a.ndjson.{suffix}", content)
        zone.land(f"b-{suffix}.ndjson", content + content)  # a name that does not tell
    zone.load(source())
    found: dict[str, list[str]] = {f: [] for f, *_ in zone.ledger()}
    for file, id_ in zone.rows("_file, id"):
        found[file].append(id_)
    assert found["a.ndjson.gz"] == ["1", "2"] and found["b-gz.ndjson"] == ["1", "2"] * 2
    assert found["a.ndjson.zst"] == ["3", "4"] and found["b-bz2.ndjson"] == ["5", "6"] * 2
    assert found["a.ndjson.bz2"] == ["5", "6"] and found["b-zst.ndjson"] == ["3", "4"] * 2
    zone.accounted()


TEXT = 'id;tëxt\r\n1;grün €\r\n2;"a;b"\r\n'
ENCODED = {
    "bom.csv": codecs.BOM_UTF8 + TEXT.encode(),
    "plain.csv": TEXT.encode(),
    "le.csv": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "be.csv": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "windows.csv": TEXT.encode("cp1252"),
    "le-no-bom.csv": TEXT.encode("utf-16-le"),
}


def test_encodings_of_csv_are_detected(zone: Zone) -> None:
    for name, content in ENCODED.items():
        zone.land(name, content)
    zone.load(source("csv"))
    assert zone.quarantine() == []
    assert sorted(zone.rows('_file, id, "tëxt"')) == sorted(
        row for name in ENCODED for row in ((name, "1", "grün €"), (name, "2", "a;b"))
    )
    zone.accounted()


def test_encodings_of_json_are_detected(zone: Zone) -> None:
    text = '{"id":"ü"}\n'
    zone.land("a.ndjson", codecs.BOM_UTF8 + text.encode())
    zone.land("b.ndjson", text.encode("utf-16"))
    zone.land("c.ndjson", text.encode("utf-16-be"))
    zone.load(source())
    assert zone.rows("id") == [("ü",)] * 3
    zone.accounted()


def test_a_declared_encoding(zone: Zone) -> None:
    zone.land("a.csv", "id\nж\n".encode("koi8-r"))
    zone.load(source("csv", encoding="koi8-r"))
    assert zone.rows("id") == [("ж",)]
    zone.accounted()


def test_an_unknown_encoding_refuses_the_file(zone: Zone) -> None:
    zone.land("a.csv", b"id\n1\n")
    zone.load(source("csv", encoding="klingon"))
    assert [row[2] for row in zone.quarantine()] == ["unknown encoding 'klingon'"]


@pytest.mark.parametrize(
    ("content", "said", "rows"),
    [
        ("a,b\n1,2\n", {}, [("1", "2")]),
        ("a;b\n1,5;2\n", {}, [("1,5", "2")]),
        ("a\tb\n1,1\t2\n", {}, [("1,1", "2")]),
        ("a|b\n1|2\n", {}, [("1", "2")]),
        ("a^b\n1^2\n", {"delimiter": "^"}, [("1", "2")]),
        ("a,b\n'x,y',2\n", {"quote": "'"}, [("x,y", "2")]),
        ('a,b\n"x,2\n', {"quote": ""}, [('"x', "2")]),
        ('a,b\n"x""y\nz",2', {}, [('x"y\nz', "2")]),
        ("a,b\r1,2\r3,4\r", {}, [("1", "2"), ("3", "4")]),
        ('a,b\n,""\n', {}, [(None, "")]),
        ('a,b\n"",x\n', {}, [("", "x")]),
        ('a,b\n" x ", y \n', {}, [(" x ", " y ")]),
        ("\n\na,b\n\n1,2\n\n", {}, [("1", "2")]),
    ],
)
def test_csv_dialects(content: str, said: dict[str, Any], rows: list[Any]) -> None:
    stream = Hashing(io.BytesIO(content.encode()))
    declared = FileFormat(type="csv", **said)
    found = list(formats.chunks(declared, stream, lambda: io.BytesIO(content.encode()), "x.csv"))
    assert [list(chunk.names or ()) for chunk in found] == [["a", "b"]]
    assert [chunk.bad for chunk in found] == [[]]
    table = found[0].table
    assert list(zip(*(table[c].to_pylist() for c in ("c0", "c1")), strict=True)) == rows


def test_csv_without_a_header(zone: Zone) -> None:
    zone.land("a.csv", b"1,2\n3,4\n")
    zone.load(source("csv", header=False))
    assert zone.dicts() == [
        {"column_1": "1", "column_2": "2"},
        {"column_1": "3", "column_2": "4"},
    ]
    zone.accounted()


def test_csv_with_a_header_alone(zone: Zone) -> None:
    zone.land("a.csv", b"id,name\n")
    zone.land("b.csv", b"id,name\n1,x\n")
    zone.load(source("csv"))
    assert [row[1:] for row in zone.ledger()] == [("loaded", 0, 0, 0), ("loaded", 1, 1, 0)]
    zone.accounted()


def test_an_empty_csv_value_is_null_in_a_typed_column_only(zone: Zone) -> None:
    zone.land("a.csv", b'n,t,u\n"",,""\n1,x,y\n')
    zone.load(source("csv", columns=[column("n", "integer")]))
    assert zone.rows("n, t, u") == [(None, None, ""), (1, "x", "y")]
    zone.accounted()


def test_tsv_by_its_name(zone: Zone) -> None:
    zone.land("a.tsv", b"a,b\tc\n1,2\t3\n")
    zone.load(source("csv"))
    assert zone.dicts() == [{"a,b": "1,2", "c": "3"}]
    zone.accounted()


def test_json_documents(zone: Zone) -> None:
    zone.land("array.json", b' [{"id":1},\n {"id":2,"o":{"a":[1, 2]}}] \n')
    zone.land("empty.json", b"[]")
    zone.land("one.json", b'{"id":\n3}')
    zone.land("mixed.json", b'[{"id":4}, 5, null]')
    zone.load(source("json"))
    assert zone.rows("_file, _line, id, o") == [
        ("array.json", 1, "1", None),
        ("array.json", 2, "2", '{"a":[1,2]}'),
        ("mixed.json", 1, "4", None),
        ("one.json", 1, "3", None),
    ]
    assert [(row[0], row[1]) for row in zone.quarantine()] == [
        ("mixed.json", 2),
        ("mixed.json", 3),
    ]
    zone.accounted()


BROKEN = [
    b'[{"id":1}',
    b'[{"id":1},]',
    b'[{"id":1},,{"id":2}]',
    b'[{"id":1}{"id":2}]',
    b'[{"id":1}]]',
    b'[{"id":1}] x',
    b'[{"id":1}}',
    b'[,{"id":1}]',
    b'{"id":1}{"id":2}',
    b'[{"id":1},{"id":01}]',
    b'[{"id":"\xff"}]',
    b"   ",
    b"]",
    b'[{"id":[1}]',
]


def test_a_broken_json_document_is_refused_whole(zone: Zone) -> None:
    for n, content in enumerate(BROKEN):
        zone.land(f"{n:02}.json", content)
    zone.land("good.json", b'[{"id":9}]')
    zone.load(source("json"))
    assert zone.rows("_file") == [("good.json",)]
    assert {row[1] for row in zone.ledger()[: len(BROKEN)]} == {"quarantined"}
    assert [row[0] for row in zone.quarantine()] == [f"{n:02}.json" for n in range(len(BROKEN))]
    zone.accounted()


def test_records_that_are_no_objects_can_be_kept(zone: Zone) -> None:
    zone.land("a.ndjson", b'1\n"x"\n[1,{"a":2}]\nnull\n{"id":1}\nbad\n')
    zone.load(source(non_objects="keep"))
    assert zone.rows("_line, value, id") == [
        (1, "1", None),
        (2, "x", None),
        (3, '[1,{"a":2}]', None),
        (4, None, None),
        (5, None, "1"),
    ]
    assert [row[1] for row in zone.quarantine()] == [6]
    zone.accounted()


def test_parquet_types(zone: Zone) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901)  # noqa: DTZ001 (of no zone)
    columns: dict[str, Any] = {
        "i": pa.array([1, None], pa.int8()),
        "u": pa.array([2**64 - 1, 0], pa.uint64()),
        "f": pa.array([0.5, None], pa.float16()),
        "d": pa.array([Decimal("1.10"), None], pa.decimal128(10, 2)),
        "huge": pa.array([Decimal(10) ** 50, None], pa.decimal256(60, 0)),
        "day": pa.array([date(2026, 1, 2), None]),
        "at": pa.array([moment, None], pa.timestamp("us")),
        "utc": pa.array([datetime(2026, 1, 2, tzinfo=UTC), None], pa.timestamp("ms", "UTC")),
        "kind": pa.array(["a", None]).dictionary_encode(),
        "tree": pa.array([{"a": [1, None]}, None]),
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())),
        "nothing": pa.nulls(2),
        "b": pa.array([True, None]),
        "bytes": pa.array([b"\xff\x00", None]),
    }
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    zone.land("a.parquet", target.getvalue())
    zone.load(source("parquet"))
    (row, empty) = zone.rows(", ".join(f'"{name}"' for name in columns))
    assert row == (
        1,
        2**64 - 1,
        0.5,
        Decimal("1.10"),
        "1" + "0" * 50,
        date(2026, 1, 2),
        moment,
        datetime(2026, 1, 2, tzinfo=UTC),
        "a",
        '{"a":[1,null]}',
        '{"k":1}',
        None,
        True,
        b"\xff\x00",
    )
    assert set(empty) == {None, 0}
    assert zone.rows("_line") == [(1,), (2,)]
    zone.accounted()


LOGS = b"""\
1.2.3.4 - - [31/Dec/2025:23:30:00 -0100] "GET /a?b=\\"c\\" HTTP/1.1" 200 5
::1 - bob [01/Jan/2026:00:00:00 +0000] "POST /x HTTP/2" 404 - "https://e.x/" "Agent \\"7\\" (x)"
1.1.1.1 - - [01/Jan/2026:00:00:01 +0000] "\\x16\\x03\\x01" 400 150 "-" "-"
"""


def test_access_logs_common_and_combined(zone: Zone) -> None:
    zone.land("a.log", LOGS)
    result = zone.load(source("access_log", event_time="time"))
    rows = zone.rows('remote_addr, remote_user, "time", "path", status, "bytes", user_agent')
    utc = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    assert rows[0] == ("1.2.3.4", None, utc, '/a?b=\\"c\\"', 200, 5, None)
    assert rows[1][1] == "bob" and rows[1][4:] == (404, None, 'Agent \\"7\\" (x)')
    assert rows[2][3:6] == (None, 400, 150)
    assert result.newest_event == utc
    zone.accounted()


def test_a_log_with_its_own_pattern(zone: Zone) -> None:
    zone.land("a.log", "INFO grün\nWARN it's; DROP\nnothing\n".encode())
    zone.load(source("access_log", pattern=r"(?P<level>[A-Z]+) (?P<m>.*)"))
    assert zone.dicts() == [{"level": "INFO", "m": "grün"}, {"level": "WARN", "m": "it's; DROP"}]
    zone.accounted()


@pytest.mark.parametrize("pattern", ["(", "no groups", "(?P<a>x)(?=y)"])
def test_a_pattern_that_can_not_be_read_with(zone: Zone, pattern: str) -> None:
    zone.land("a.log", LOGS)
    with pytest.raises(PlatformError, match="log pattern"):
        zone.load(source("access_log", pattern=pattern))
    assert zone.ledger() == []


def test_folders_become_columns(zone: Zone) -> None:
    zone.land("day=2026-01-01/shop=a%2Fb/x.ndjson", lines({"id": 1}))
    zone.land("day=2026-01-02/shop=__HIVE_DEFAULT_PARTITION__/x.ndjson", lines({"id": 2}))
    zone.land("day=2026-01-03/x.ndjson", lines({"id": 3, "day": "own"}))
    zone.load(source(columns=[column("day")]))
    assert zone.rows("id, day, shop") == [
        ("1", "2026-01-01", "a/b"),
        ("2", "2026-01-02", None),
        ("3", "own", None),
    ]
    zone.accounted()


def test_a_folder_column_is_cast_like_any_other(zone: Zone) -> None:
    zone.land("day=2026-01-01/x.ndjson", lines({"id": 1}))
    zone.land("day=tomorrow/x.ndjson", lines({"id": 2}))
    zone.load(source(columns=[column("day", "date")]))
    assert zone.rows("day") == [(date(2026, 1, 1),)]
    assert [row[0] for row in zone.quarantine()] == ["day=tomorrow/x.ndjson"] * 2
    zone.accounted()


def test_a_file_with_as_many_records_as_its_sender_delivers_is_told(zone: Zone) -> None:
    zone.land("a.ndjson", b'{"id":1}\nbad\n{"id":2}\n')
    zone.land("b.ndjson", lines({"id": 3}, {"id": 4}))
    result = zone.load(source(row_limit=3))
    assert result.cut == 1
    assert zone.ledger("file, status, reason") == [
        ("a.ndjson", "loaded", "cut by its sender at 3 records"),
        ("b.ndjson", "loaded", None),
    ]
    zone.accounted()


def read(declared: FileFormat, content: bytes, path: str = "x") -> tuple[list[Any], list[Any]]:
    """Return the records and the bad ones of a content, however they are cut into chunks."""
    good: list[Any] = []
    bad: list[Any] = []
    stream = Hashing(io.BytesIO(content))
    for chunk in formats.chunks(declared, stream, lambda: io.BytesIO(content), path):
        rows = chunk.table.to_pylist()
        good += [(*chunk.names, row) if chunk.names else row for row in rows]
        bad += chunk.bad
    for row in good:
        if isinstance(row, dict) and "text" in row:
            row["text"] = row["text"].strip()
    return good, sorted(bad, key=lambda b: b.line)


DOCUMENT = json.dumps([{"a": 'x"\\,]}', "b": [1, {"c": "é[{"}]}, "plain", {"d": None}, 7]).encode()
SAMPLES = {
    "json": DOCUMENT,
    "ndjson": b'{"a":1}\n\r\n{"b":"\xc3\xa9"}\r\nbad\xff\n{"c":[2]}',
    "csv": 'a,b\n1,"x\ny"\n2,é\n3\n"torn\n4,""\n'.encode(),
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_size_of_blocks_makes_no_difference(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    declared, content = FileFormat(type=kind), SAMPLES[kind]
    whole = read(declared, content)
    assert whole[0]
    monkeypatch.setattr(delimited, "RECORDS", 1)
    for size in range(1, len(content) + 1):
        small = partial(blocks_of, size)
        monkeypatch.setattr(formats, "blocks", small)
        monkeypatch.setattr(delimited, "blocks", small)
        assert read(declared, content) == whole, size


def blocks_of(size: int, stream: BinaryIO, _: int = 0) -> Iterator[bytes]:
    """Read a stream in blocks of another size than asked for."""
    return compression.blocks(stream, size)


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_document_cut_anywhere_is_at_most_unreadable(kind: Any) -> None:
    declared, content = FileFormat(type=kind), SAMPLES[kind]
    for end in range(len(content)):
        try:
            read(declared, content[:end])
        except Unreadable:
            continue
        assert kind != "json", content[:end]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zstandard.compress])
def test_compressed_data_cut_anywhere_is_unreadable(pack: Any) -> None:
    content = pack(SAMPLES["ndjson"])
    suffix = {gzip.compress: ".gz", bz2.compress: ".bz2", zstandard.compress: ".zst"}[pack]
    for end in range(1, len(content)):
        with pytest.raises(Unreadable):
            read(FileFormat(type="ndjson"), content[:end], f"x{suffix}")


def test_parquet_cut_or_flipped_anywhere_is_at_most_unreadable() -> None:
    target = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2, 3], "t": ["a", "b", None]}), target)
    content = target.getvalue()
    for end in range(1, len(content), 7):
        with pytest.raises(Unreadable):
            read(FileFormat(type="parquet"), content[:end])
    for at in range(0, len(content), 3):
        flipped = content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]
        try:
            read(FileFormat(type="parquet"), flipped)
        except Unreadable:
            continue


def test_a_document_of_many_elements_keeps_their_order() -> None:
    content = json.dumps([{"n": n} for n in range(20_000)]).encode()
    blocks = (content[n : n + 1000] for n in range(0, len(content), 1000))
    found = [row for chunk in documents.chunks(blocks) for row in chunk.table.to_pylist()]
    assert [row["_line"] for row in found] == list(range(1, 20_001))
    assert json.loads(found[-1]["text"]) == {"n": 19_999}

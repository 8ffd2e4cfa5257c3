"""What can't be loaded: never lost, never changed, and in nobody's way."""

import bz2
import gzip
import io
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from platform_assets.ingestion import streams
from tests.ingestion.zone import Zone, column, lines, source

GOOD = b'{"id":1}\n'


def reasons(zone: Zone) -> list[tuple[Any, ...]]:
    """Return line, reason and text of what is in quarantine."""
    return [row[1:] for row in zone.quarantine()]


BAD_LINES = [
    b'{"id":1',
    b'{"id":1}}',
    b'{"id":1} {"id":2}',
    b'{"id":01}',
    b'{"id":NaN}',
    b'{"id":-Infinity}',
    b'{"id":1,}',
    b"{'id':1}",
    b'{"id":"a\tb"}',
    b"[1,2]",
    b'"text"',
    b"17",
    b"null",
    b"nonsense",
    b"\x00",
    b'{"id":"\\ud800"}',
]


def test_each_bad_line_goes_to_quarantine_and_stops_no_good_one(zone: Zone) -> None:
    body = b"".join(GOOD + bad + b"\n" for bad in BAD_LINES)
    zone.land("a.ndjson", body)
    result = zone.load(source())
    found = zone.quarantine()
    assert [row[1] for row in found] == [2 * n + 2 for n in range(len(BAD_LINES))]
    assert [row[3].encode() for row in found] == BAD_LINES
    assert all(row[0] == "a.ndjson" and row[2] for row in found)
    assert (result.rows_loaded, result.rows_quarantined) == (len(BAD_LINES), len(BAD_LINES))
    zone.accounted()


def test_a_reason_tells_json_from_an_object(zone: Zone) -> None:
    zone.land("a.ndjson", b'{"id":\n[1]\n' + GOOD)
    zone.load(source())
    syntax, kind = reasons(zone)
    assert syntax[0] == 1 and syntax[1].startswith("invalid JSON: ")
    assert kind == (2, "JSON, but not an object", "[1]")
    zone.accounted()


def test_values_that_do_not_cast_exactly(zone: Zone) -> None:
    wrong = [
        {"n": 8.5},
        {"n": "eight"},
        {"n": 9223372036854775808},
        {"n": True},
        {"n": [1]},
        {"n": {"a": 1}},
        {"d": 1.005},
        {"d": "1,5"},
        {"d": 123456789012},
        {"b": "yes"},
        {"b": 2},
        {"day": "2026-02-30"},
        {"day": "2026-02-28T12:00:00Z"},
        {"day": "28.02.2026"},
        {"moment": "2026-02-28 25:00:00"},
        {"moment": "soon"},
        {"x": "1.5.2"},
        {"n": ""},
    ]
    right: list[dict[str, Any]] = [
        {
            "n": 8.0,
            "d": 1.50,
            "b": "true",
            "day": "2026-02-28",
            "moment": "2026-02-28T01:00:00+01:00",
        },
        {"n": "-7", "d": "1.25", "b": 0, "day": "2026-02-28T00:00:00", "x": "1.5"},
        {"n": None},
    ]
    zone.land("a.ndjson", lines(*wrong, *right))
    kinds = {
        "n": "integer",
        "d": "decimal(10,2)",
        "b": "boolean",
        "day": "date",
        "moment": "timestamp",
        "x": "number",
    }
    zone.load(source(columns=[column(name, kind) for name, kind in kinds.items()]))
    found = zone.quarantine()
    assert [row[1] for row in found] == list(range(1, len(wrong) + 1))
    assert [row[3].encode() + b"\n" for row in found] == [lines(record) for record in wrong]
    assert found[0][2] == "n: 8.5 is not exactly a bigint"
    text = ", ".join(f"CAST({name} AS VARCHAR)" for name in kinds)
    assert zone.rows(text) == [
        ("8", "1.50", "true", "2026-02-28", "2026-02-28 00:00:00+00", None),
        ("-7", "1.25", "false", "2026-02-28", None, "1.5"),
        (None, None, None, None, None, None),
    ]
    zone.accounted()


def test_large_numbers_keep_every_digit(zone: Zone) -> None:
    numbers = ["9007199254740993", "12345678901234567890.10", "1234567890123456789012345"]
    zone.land("a.ndjson", "".join(f'{{"n":{n},"t":{n},"o":[{n}]}}\n' for n in numbers).encode())
    zone.load(source(columns=[column("n", "decimal(38,2)")]))
    assert zone.rows("t") == [(n,) for n in numbers]
    assert zone.rows("n") == [(Decimal(n),) for n in numbers]
    assert [Decimal(o.strip('[]"')) for (o,) in zone.rows("o")] == [Decimal(n) for n in numbers]
    zone.accounted()


def test_a_number_that_a_double_holds_stays_as_it_is(zone: Zone) -> None:
    zone.land("a.ndjson", b'{"a":0.30000000000000004,"b":[0.1,7],"c":"1.0000000000000000001"}\n')
    zone.load(source())
    assert zone.rows("a, b, c") == [("0.30000000000000004", "[0.1,7]", "1.0000000000000000001")]
    zone.accounted()


def test_required_fields(zone: Zone) -> None:
    zone.land("a.ndjson", b'{"id":1}\n{"id":null}\n{"other":1}\n{}\n{"id":""}\n')
    zone.land("b.csv.ndjson", b'{"other":2}\n')
    zone.load(source(columns=[column("id", required=True)]))
    assert [(row[0], row[1], row[2]) for row in zone.quarantine() if row[1]] == [
        ("a.ndjson", 2, "id: required, but empty"),
        ("a.ndjson", 3, "id: required, but empty"),
        ("a.ndjson", 4, "id: required, but empty"),
        ("b.csv.ndjson", 1, "id: required, but empty"),
    ]
    assert zone.rows("id") == [("1",), ("",)]
    zone.accounted()


def test_all_that_is_wrong_with_a_record_is_told(zone: Zone) -> None:
    zone.land("a.ndjson", b'{"n":"x"}\n{"id":1,"n":1}\n')
    zone.load(source(columns=[column("id", required=True), column("n", "integer")]))
    ((_, reason, _),) = reasons(zone)
    told = ["id: required, but empty", "n: x is not exactly a bigint"]
    assert sorted(reason.split("; ")) == told
    zone.accounted()


def test_invalid_utf8_is_kept_visibly(zone: Zone) -> None:
    zone.land("a.ndjson", GOOD + b'{"id":"\xff\xfe"}\r\n' + '{"id":"é"}\n'.encode())
    zone.load(source())
    assert reasons(zone) == [(2, "invalid UTF-8 at byte 8 of the line", '{"id":"\\xff\\xfe"}')]
    assert zone.rows("id, _line") == [("1", 1), ("é", 3)]
    zone.accounted()


@pytest.mark.parametrize("torn", [b'{"id":2,"na', b'{"id":"\xc3', b'{"id'])
def test_a_torn_last_line(zone: Zone, torn: bytes) -> None:
    zone.land("a.ndjson", GOOD + torn)
    zone.load(source())
    assert [row[0] for row in reasons(zone)] == [2]
    assert zone.rows("id") == [("1",)]
    zone.accounted()


def test_blank_lines_are_no_records(zone: Zone) -> None:
    zone.land("a.ndjson", b"\n \r\n" + GOOD + b"\n\t\n  ")
    result = zone.load(source())
    assert (result.rows_loaded, result.rows_quarantined) == (1, 0)
    assert zone.rows("_line") == [(3,)]
    zone.accounted()


def test_a_line_longer_than_any_may_be(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LONGEST", 1000)
    monkeypatch.setattr(streams, "KEPT", 100)
    monkeypatch.setattr("platform_assets.ingestion.compression.BLOCK", 256)
    monkeypatch.setattr("platform_assets.ingestion.compression.blocks.__defaults__", (256,))
    long = b'{"id":"' + b"x" * 5000 + b'"}'
    zone.land("a.ndjson", GOOD + long + b"\n" + b'{"id":3}\n')
    zone.load(source())
    ((line, reason, raw),) = reasons(zone)
    assert (line, raw) == (2, long[:100].decode()) and "longer than" in reason
    assert zone.rows("id, _line") == [("1", 1), ("3", 3)]
    zone.accounted()


CSV = """a,b,c
1,2,3
only,two
1,2,3,4
"x",2,3
"x"y,2,3
4,5,6
"never closed,5,6
7,8,9
"""


def test_csv_records_that_do_not_fit(zone: Zone) -> None:
    zone.land("a.csv", CSV.encode())
    zone.load(source("csv"))
    assert [(row[0], row[2]) for row in reasons(zone)] == [
        (3, "only,two"),
        (4, "1,2,3,4"),
        (6, '"x"y,2,3'),
        (8, '"never closed,5,6'),
    ]
    assert reasons(zone)[0][1] == "2 fields, 3 expected"
    assert zone.rows("a, b, c, _line") == [
        ("1", "2", "3", 2),
        ("x", "2", "3", 5),
        ("4", "5", "6", 7),
        ("7", "8", "9", 9),
    ]
    zone.accounted()


def test_csv_with_invalid_utf8_in_one_record(zone: Zone) -> None:
    zone.land("a.csv", "id,t\n1,é\n".encode() + b"2,\xff\n3,c\n")
    zone.load(source("csv"))
    assert reasons(zone) == [(3, "invalid characters: not text in the file's encoding", "2,\\xff")]
    assert zone.rows("id, t") == [("1", "é"), ("3", "c")]
    zone.accounted()


def parquet(**columns: list[Any]) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


UNREADABLE = {
    "cut.gz": (gzip.compress(GOOD * 1000)[:-20], "cut short"),
    "flipped.gz": (gzip.compress(GOOD * 1000)[:-8] + b"\0" * 8, "damaged"),
    "cut.zst": (zstandard.compress(GOOD * 1000)[:-3], "cut short"),
    "cut.bz2": (bz2.compress(GOOD * 1000)[:-3], "cut short"),
    "not.gz": (GOOD, "named .gz, but not gzip data"),
    "not.zst": (GOOD * 2, "named .zst"),
    "not.bz2": (GOOD * 3, "named .bz2"),
    "parquet": (parquet(id=[1]), "it is Parquet"),
    "zip": (b"PK\x03\x04" + GOOD, "ZIP"),
    "zero": (b"", "zero bytes"),
    "zero.gz": (b"\x1f\x8b\x08", "cut short"),
}


def test_an_unreadable_file_is_quarantined_whole_and_blocks_nothing(zone: Zone) -> None:
    for name, (content, _) in UNREADABLE.items():
        zone.land(name, content)
    zone.land("zz.ndjson", GOOD)
    result = zone.load(source())
    found = {row[0]: row for row in zone.quarantine()}
    assert set(found) == set(UNREADABLE)
    for name, (_, reason) in UNREADABLE.items():
        assert reason in found[name][2], found[name]
        assert found[name][1] is None
    assert result.refused == len(UNREADABLE) - 1
    assert zone.rows("_file, id") == [("zz.ndjson", "1")]
    zone.accounted()


def test_what_was_refused_for_its_name_loads_under_a_better_one(zone: Zone) -> None:
    zone.land("a.ndjson.gz", GOOD)
    zone.land("b.ndjson", GOOD)
    zone.load(source())
    assert zone.ledger("status") == [("quarantined",), ("loaded",)]
    zone.land("c.ndjson.gz", GOOD * 2)
    zone.load(source())
    zone.land("d.ndjson", GOOD * 2)
    zone.land("e.ndjson.gz", GOOD * 2)
    zone.load(source())
    assert zone.ledger("file, status")[2:] == [
        ("c.ndjson.gz", "quarantined"),
        ("d.ndjson", "loaded"),
        ("e.ndjson.gz", "duplicate"),
    ]
    zone.accounted()


def test_a_large_file_that_turns_out_damaged_leaves_nothing(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform_assets.ingestion.file_portion.HELD", 1000)
    monkeypatch.setattr("platform_assets.ingestion.compression.blocks.__defaults__", (4096,))
    body = b"".join(b'{"id":%d,"new":1}\nbad\n' % n for n in range(5000))
    zone.land("a.ndjson", GOOD)
    zone.land("b.ndjson.gz", gzip.compress(body)[:-20])
    zone.land("c.ndjson", b'{"id":3}\n')
    zone.load(source())
    assert zone.types() == {"id": "VARCHAR"}
    assert zone.rows("id") == [("1",), ("3",)]
    assert [row[:2] for row in zone.quarantine()] == [("b.ndjson.gz", None)]
    assert zone.drift() == []
    zone.accounted()


def test_a_file_without_one_good_record_is_quarantined(zone: Zone) -> None:
    zone.land("a.ndjson", b"bad\nworse\n")
    zone.land("b.ndjson", GOOD)
    assert zone.load(source()).refused == 1
    assert zone.ledger("status, reason")[0] == ("quarantined", "no record of it could be loaded")
    assert [row[1] for row in zone.quarantine() if row[0] == "a.ndjson"] == [1, 2, None]
    zone.accounted()


def test_parquet_that_is_damaged(zone: Zone) -> None:
    whole = parquet(id=list(range(1000)))
    zone.land("a.parquet", whole[:-10])
    zone.land("b.parquet", whole[: len(whole) // 2])
    zone.land("c.parquet", whole[:20] + b"\xff" * 40 + whole[60:])
    zone.land("d.parquet", GOOD)
    zone.land("e.parquet", b"PAR1")
    zone.land("f.parquet", parquet(id=[7]))
    zone.load(source("parquet"))
    assert [row[0] for row in zone.quarantine()] == [f"{n}.parquet" for n in "abcde"]
    assert zone.rows("id") == [(7,)]
    zone.accounted()


def test_parquet_with_text_that_is_not_utf8(zone: Zone) -> None:
    raw = pa.array([b"good", b"\xff"], pa.binary())
    text = pa.StringArray.from_buffers(2, raw.buffers()[1], raw.buffers()[2])
    target = io.BytesIO()
    pq.write_table(pa.table({"t": text}), target)
    zone.land("a.parquet", target.getvalue())
    zone.load(source("parquet"))
    assert [row[1] for row in zone.quarantine()] == [2]
    assert zone.rows("t") == [("good",)]
    zone.accounted()


def test_log_lines_that_match_no_pattern(zone: Zone) -> None:
    line = b'1.2.3.4 - - [01/Jan/2026:00:00:00 +0100] "GET / HTTP/1.1" 200 5'
    zone.land("a.log", line + b"\nnonsense\n" + line[:40] + b"\n" + line)
    zone.load(source("access_log"))
    assert [row[0] for row in reasons(zone)] == [2, 3]
    assert len(zone.rows()) == 2
    zone.accounted()

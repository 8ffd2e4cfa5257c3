"""Names and values are data: whatever they are, they are loaded as they stand."""

import io
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from tests.ingestion.zone import Zone, column, lines, source

NAMES = [
    "plain",
    "it's",
    'say "x"',
    "a; DROP TABLE raw.events; --",
    "with\nnewline",
    "with\ttab",
    "grün €",
    "\u202ereversed",
    "😀",
    "select",
    "$.path[0]",
    "a/b~c",
    "back\\slash",
    "{0}%s{{",
    "_id",
    "rowid",
    " space ",
    "x" * 500,
]
SYSTEM = ["_file", "_line", "_load_id", "_loaded_at", "_extra"]


def parquet(table: pa.Table) -> bytes:
    target = io.BytesIO()
    pq.write_table(table, target)
    return target.getvalue()


def renamed(zone: Zone) -> dict[str, str]:
    """Return raw column → the source's name, of those that could not keep it."""
    return {row[1]: row[3] for row in zone.drift() if row[2] == "column_renamed"}


def test_hostile_column_names_in_json(zone: Zone) -> None:
    record = {name: name for name in NAMES}
    zone.land("a.ndjson", lines(record, {**record, "it's": None}))
    zone.load(source())
    assert zone.dicts() == [record, {k: v for k, v in record.items() if k != "it's"}]
    zone.accounted()


def test_hostile_column_names_in_csv(zone: Zone) -> None:
    quoted = ",".join('"' + name.replace('"', '""') + '"' for name in NAMES)
    zone.land("a.csv", f"{quoted}\n{quoted}\n".encode())
    zone.load(source("csv"))
    assert zone.dicts() == [{name: name for name in NAMES}]
    zone.accounted()


def test_hostile_column_names_in_parquet(zone: Zone) -> None:
    zone.land("a.parquet", parquet(pa.table({name: [name] for name in NAMES})))
    zone.load(source("parquet"))
    assert zone.dicts() == [{name: name for name in NAMES}]
    zone.accounted()


def test_hostile_names_that_are_declared(zone: Zone) -> None:
    said = source(columns=[column(name, required=True) for name in NAMES], event_time=NAMES[3])
    zone.land("a.ndjson", lines(dict.fromkeys(NAMES, "2026-01-01"), {"plain": 1}))
    zone.load(said)
    ((_, line, reason, _), *_) = zone.quarantine()
    assert line == 2 and "it's: required, but empty" in reason
    zone.accounted()


def test_hostile_names_that_are_frozen(zone: Zone) -> None:
    zone.land("a.ndjson", lines({name: name for name in NAMES}))
    zone.load(source(columns=[column("plain")], new_columns="freeze"))
    ((extra,),) = zone.rows("_extra")
    assert orjson.loads(extra) == {name: name for name in NAMES[1:]}
    zone.accounted()


def test_the_platforms_own_names_are_renamed(zone: Zone) -> None:
    record = {**{name: name for name in SYSTEM}, "_FILE": "upper", "": "empty", "file": "mine"}
    zone.land("a.ndjson", lines(record))
    zone.land("b.ndjson", lines({**record, "file": "other"}))
    zone.load(source())
    zone.land("c.ndjson", lines({**record, "file": "third"}))
    zone.load(source())
    back = renamed(zone)
    for row, file in zip(zone.dicts(), ("mine", "other", "third"), strict=True):
        found = {back.get(name, name): value for name, value in row.items()}
        assert found == {**record, "file": file}
    assert [row[:2] for row in zone.rows("_file, _line")] == [
        ("a.ndjson", 1),
        ("b.ndjson", 1),
        ("c.ndjson", 1),
    ]
    zone.accounted()


def test_names_that_differ_in_case_only(zone: Zone) -> None:
    record = {"id": "1", "ID": "2", "Id": "3"}
    zone.land("a.ndjson", lines(record))
    zone.load(source())
    zone.land("b.ndjson", lines({"ID": "4"}))
    zone.land("c.ndjson", lines(dict(reversed(record.items()))))
    zone.load(source())
    back = renamed(zone)
    rows = [{back.get(k, k): v for k, v in row.items()} for row in zone.dicts()]
    assert rows[0] == rows[2] == record
    assert list(rows[1].values()) == ["4"]
    zone.accounted()


def test_a_csv_header_with_equal_and_empty_names(zone: Zone) -> None:
    zone.land("a.csv", b"id,id,ID,,,_line,id_2\n1,2,3,4,5,6,7\n")
    zone.load(source("csv"))
    zone.land("b.csv", b"id,id,ID,,,_line,id_2\n1,2,3,4,5,6,7\n1,2,3,4,5,6,8\n")
    zone.load(source("csv"))
    assert len(zone.types()) == 7
    assert [sorted(row.values()) for row in zone.dicts()] == [
        list("1234567"),
        list("1234567"),
        list("1234568"),
    ]
    assert zone.rows("id, id_2")[0] == ("1", "7")
    zone.accounted()


def test_a_parquet_file_with_equal_names(zone: Zone) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["id", "id"])
    zone.land("a.parquet", parquet(table))
    zone.load(source("parquet"))
    assert [sorted(row.values()) for row in zone.dicts()] == [[1, 2]]
    zone.accounted()


def test_keys_with_escapes_and_nul(zone: Zone) -> None:
    zone.land("a.ndjson", b'{"\\u0061":1,"n\\u0000ul":2,"\\u00e9":3,"q\\"\\\\":4}\n{"a":5}\n')
    zone.load(source())
    back = renamed(zone)
    rows = [{back.get(k, k): v for k, v in row.items()} for row in zone.dicts()]
    assert rows == [{"a": "1", "n\0ul": "2", "é": "3", 'q"\\': "4"}, {"a": "5"}]
    zone.accounted()


def test_a_key_given_twice_keeps_the_record(zone: Zone) -> None:
    zone.land("a.ndjson", b'{"a":1,"a":2,"A":3}\n')
    zone.load(source())
    assert len(zone.rows()) == 1
    zone.accounted()


FILES = [
    "it's.ndjson",
    'say "x".ndjson',
    "a; DROP TABLE raw.events; --.ndjson",
    "with\nnewline.ndjson",
    "ünï/😀.ndjson",
    "[a-z]*?.ndjson",
    "%41{0}$x.ndjson",
    "back\\slash.ndjson",
    " space .ndjson",
    "x" * 200 + ".ndjson",
    "k'ey=v';alue/a.ndjson",
    "_line=7",
    "load_id=7/a=b=c/x.ndjson",
    "-rf.ndjson",
]


def test_hostile_file_names(zone: Zone) -> None:
    names = [name for name in FILES if not name.startswith("_")]
    for number, name in enumerate(names):
        zone.land(name, b'{"id":%d}\nbad\n' % number)
    zone.load(source())
    assert dict(zone.rows("_file, id")) == {name: str(n) for n, name in enumerate(names)}
    assert sorted({row[0] for row in zone.quarantine()}) == sorted(names)
    assert zone.pending(source()) == []
    zone.accounted()


def test_a_file_name_that_is_not_utf8(zone: Zone) -> None:
    folder = zone.folder / "landing"
    folder.mkdir()
    name = bytes(folder) + b"/\xff.ndjson"
    with open(name, "wb") as stream:
        stream.write(lines({"id": 1}))
    zone.load(source())
    assert zone.rows("_file") == [("\\xff.ndjson",)]
    assert zone.pending(source()) == []
    zone.accounted()


def test_folders_with_the_platforms_own_names(zone: Zone) -> None:
    zone.land("file=x/load_id=1/id=folder/a.ndjson", lines({"id": 1}))
    zone.load(source())
    assert zone.rows("_file, id, file, load_id") == [
        ("file=x/load_id=1/id=folder/a.ndjson", "1", "x", "1")
    ]
    zone.accounted()


VALUES: list[Any] = [
    "'; DROP TABLE raw.events; --",
    "a\nb\r\nc",
    "\u0000nul",
    "\u2028",
    "",
    " ",
    "null",
    "NULL",
    "-",
    "\\N",
    "=1+1",
    "\ufeff",
    "x" * 100_000,
]


def test_hostile_values(zone: Zone) -> None:
    zone.land("a.ndjson", lines(*({"v": value} for value in VALUES)))
    zone.load(source())
    assert zone.rows("v") == [(value,) for value in VALUES]
    zone.accounted()


def test_hostile_values_in_quarantine_and_reasons(zone: Zone) -> None:
    zone.land("a.ndjson", lines({"n": 1}, *({"n": value} for value in VALUES)))
    zone.load(source(columns=[column("n", "integer")]))
    assert [orjson.loads(row[3])["n"] for row in zone.quarantine()] == VALUES
    zone.accounted()


def test_hostile_names_of_sources(zone: Zone) -> None:
    zone.land("a.ndjson", lines({"id": 1}))
    for name in ("it's", 'x"; DROP TABLE raw.events; --', "ünï"):
        zone.load(source(name=name))
        quoted = name.replace('"', '""')
        assert zone.query(f'SELECT id FROM raw."{quoted}"') == [("1",)]

"""Columns that come, go, widen and flip: nothing lost, and everything told with its file."""

import io
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from resources.errors import PlatformError
from tests.ingestion.zone import Zone, column, lines, source


def parquet(**columns: Any) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("order", [("with", "without"), ("without", "with")])
def test_a_column_that_a_file_lacks_is_null_to_every_query(
    zone: Zone, order: tuple[str, str], at_once: bool
) -> None:
    for number, kind in enumerate(order):
        brings = {"x": "y"} if kind == "with" else {}
        folder = "d=1/" if kind == "with" else ""
        zone.land(f"{folder}{number}.ndjson", lines({"id": kind, **brings}))
        if not at_once:
            zone.load(source())
    zone.load(source())
    for name in ("x", "d"):
        count = f"SELECT count({name}), count(*) FROM raw.events"
        assert zone.query(count) == [(1, 2)]
        for test, found in (("IS NULL", "without"), ("IS NOT NULL", "with")):
            assert zone.query(f"SELECT id FROM raw.events WHERE {name} {test}") == [(found,)]
    zone.accounted()


def test_new_columns_evolve(zone: Zone) -> None:
    zone.land("a.ndjson", lines({"id": 1}))
    zone.load(source())
    assert zone.drift() == []
    zone.land("b.ndjson", lines({"id": 2, "new": {"x": 1}}))
    zone.land("c.ndjson", lines({"id": 3, "new": "y", "newer": True}))
    zone.load(source())
    assert zone.drift() == [
        ("b.ndjson", "new", "column_added", None, "VARCHAR"),
        ("c.ndjson", "newer", "column_added", None, "VARCHAR"),
    ]
    assert zone.rows("id, new, newer") == [
        ("1", None, None),
        ("2", '{"x":1}', None),
        ("3", "y", "true"),
    ]
    zone.accounted()


def test_within_the_first_load_the_first_file_sets_the_columns(zone: Zone) -> None:
    zone.land("a.ndjson", lines({"id": 1, "a": 1}, {"id": 2, "b": 1}))
    zone.land("b.ndjson", lines({"id": 3, "c": 1}))
    zone.load(source())
    assert zone.drift() == [("b.ndjson", "c", "column_added", None, "VARCHAR")]
    zone.accounted()


def test_new_columns_freeze(zone: Zone) -> None:
    said = source(columns=[column("id", "integer")], new_columns="freeze")
    zone.land(
        "a.ndjson", b'{"id":1,"new":{"x":[1,"\\u00e9"]},"it\'s":"a\\"b"}\n{"id":2,"new":null}\n'
    )
    zone.load(said)
    assert zone.types() == {"id": "BIGINT"}
    assert zone.rows("id, _extra") == [
        (1, '{"new":{"x":[1,"é"]},"it\'s":"a\\"b"}'),
        (2, None),
    ]
    assert [row[1:3] for row in zone.drift()] == [
        ("it's", "column_frozen"),
        ("new", "column_frozen"),
    ]
    zone.land("b.ndjson", lines({"id": 3, "new": 1}))
    zone.load(said)
    assert len(zone.drift()) == 2, "told once"
    zone.accounted()


def test_frozen_text_stays_json(zone: Zone) -> None:
    said = source("csv", columns=[column("id")], new_columns="freeze")
    zone.land("a.csv", 'id,"n""o"\n1,"say ""é"""\n2,\n'.encode())
    zone.load(said)
    assert zone.rows('_extra ->> \'$."n\\"o"\', id') == [('say "é"', "1"), (None, "2")]
    zone.accounted()


def test_new_columns_reject(zone: Zone) -> None:
    said = source(columns=[column("id")], new_columns="reject")
    zone.land("a.ndjson", lines({"id": 1}, {"id": 2, "new": 1}, {"id": 3, "new": None}))
    zone.load(said)
    assert zone.rows("id") == [("1",), ("3",)]
    assert [row[1:3] for row in zone.quarantine()] == [
        (2, "new: the column is new, and new columns are rejected")
    ]
    assert zone.drift() == [("a.ndjson", "new", "column_rejected", None, "VARCHAR")]
    zone.accounted()


def test_a_column_that_vanishes_and_comes_back(zone: Zone) -> None:
    for name, text in (
        ("a", "id,x\n1,1\n"),
        ("b", "id\n2\n"),
        ("c", "id\n3\n"),
        ("d", "x,id\n4,4\n"),
    ):
        zone.land(f"{name}.csv", text.encode())
        zone.load(source("csv"))
    assert zone.drift() == [
        ("b.csv", "x", "column_missing", "VARCHAR", None),
        ("d.csv", "x", "column_added", None, "VARCHAR"),
    ]
    assert zone.rows("id, x") == [("1", "1"), ("2", None), ("3", None), ("4", "4")]
    zone.accounted()


def test_types_that_widen(zone: Zone) -> None:
    zone.land("a.parquet", parquet(id=pa.array([1], pa.int8()), m=pa.array([Decimal("1.5")])))
    zone.load(source("parquet"))
    zone.land("b.parquet", parquet(id=pa.array([2**40]), m=pa.array([Decimal("10.25")])))
    zone.load(source("parquet"))
    assert zone.types() == {"id": "BIGINT", "m": "DECIMAL(4,2)"}
    assert zone.rows("id, m") == [(1, Decimal("1.50")), (2**40, Decimal("10.25"))]
    assert zone.drift() == [("b.parquet", "m", "type_widened", "DECIMAL(2,1)", "DECIMAL(4,2)")]
    zone.accounted()


@pytest.mark.parametrize("held", [16 << 20, 0])
def test_types_that_widen_within_one_load(
    zone: Zone, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform_assets.ingestion.file_portion.HELD", held)
    zone.land("a.parquet", parquet(f=pa.array([0.5], pa.float32()), m=pa.array([Decimal("1.5")])))
    zone.land("b.parquet", parquet(f=pa.array([0.1]), m=pa.array([Decimal("10.25")])))
    zone.land("c.parquet", parquet(f=pa.array([0.25], pa.float32()), m=pa.array([Decimal("7")])))
    zone.load(source("parquet"))
    assert zone.types() == {"f": "DOUBLE", "m": "DECIMAL(4,2)"}
    assert zone.rows("f, m") == [
        (0.5, Decimal("1.50")),
        (0.1, Decimal("10.25")),
        (0.25, Decimal("7.00")),
    ]
    assert {row[0] for row in zone.drift()} == {"b.parquet"}
    zone.accounted()


def test_a_type_that_flips_quarantines_what_does_not_fit(zone: Zone) -> None:
    zone.land("a.parquet", parquet(id=pa.array([1])))
    zone.load(source("parquet"))
    zone.land("b.parquet", parquet(id=pa.array(["2", "two", "2.5", None])))
    zone.land("c.parquet", parquet(id=pa.array([3.0, 3.5])))
    zone.load(source("parquet"))
    assert zone.rows("id") == [(1,), (2,), (None,), (3,)]
    assert [row[:2] for row in zone.quarantine()] == [
        ("b.parquet", 2),
        ("b.parquet", 3),
        ("c.parquet", 2),
    ]
    assert zone.drift() == [
        ("b.parquet", "id", "type_flipped", "BIGINT", "VARCHAR"),
        ("c.parquet", "id", "type_flipped", "BIGINT", "DOUBLE"),
    ]
    zone.accounted()


def test_a_type_is_declared_later(zone: Zone) -> None:
    zone.land("a.ndjson", lines({"id": 1, "at": "2026-01-01"}))
    zone.load(source())
    zone.land("b.ndjson", lines({"id": 2}))
    zone.load(source(columns=[column("id", "integer"), column("at", "date"), column("later")]))
    assert zone.types() == {"id": "BIGINT", "at": "DATE", "later": "VARCHAR"}
    assert zone.rows('id, CAST("at" AS VARCHAR)') == [(1, "2026-01-01"), (2, None)]
    assert [row[1:3] for row in zone.drift()] == [
        ("at", "type_declared"),
        ("id", "type_declared"),
        ("later", "column_added"),
    ]
    zone.accounted()


def test_a_declared_type_that_the_loaded_rows_do_not_fit(zone: Zone) -> None:
    zone.land("a.ndjson", lines({"id": "x"}))
    zone.load(source())
    zone.land("b.ndjson", lines({"id": 2}))
    with pytest.raises(PlatformError, match="'id' can't become bigint: 1 rows"):
        zone.load(source(columns=[column("id", "integer")]))
    assert zone.pending(source()) == ["b.ndjson"]
    assert zone.rows("id") == [("x",)]
    zone.load(source())
    assert len(zone.rows()) == 2
    zone.accounted()


def test_a_file_that_is_refused_leaves_no_columns(zone: Zone) -> None:
    zone.land("a.json", b'[{"id":1}]')
    zone.load(source("json"))
    zone.land("b.json", b'[{"id":2,"new":1},{"id":]')
    zone.land("c.json", b'[{"id":3}]')
    zone.load(source("json"))
    assert zone.types() == {"id": "VARCHAR"}
    assert zone.drift() == []
    zone.accounted()


def test_records_with_more_keys_than_a_table_can_have(zone: Zone) -> None:
    zone.land("a.ndjson", lines(*({"id": n, f"key{n}": n} for n in range(1500))))
    zone.load(source())
    assert len(zone.types()) <= 1500
    assert zone.query(
        "SELECT count(*), count(DISTINCT id) FROM raw.events "
        "WHERE coalesce(_extra, '') LIKE '%key' || id || '%' OR try_cast(id AS int) < 1000"
    ) == [(1500, 1500)]
    zone.accounted()


def test_a_chunk_of_only_empty_objects_and_unknown_columns(zone: Zone) -> None:
    zone.land("a.ndjson", b"{}\n{}\n")
    zone.load(source())
    zone.land("b.ndjson", lines({"id": 1}))
    zone.load(source())
    assert zone.rows("_file, _line, id") == [
        ("a.ndjson", 1, None),
        ("a.ndjson", 2, None),
        ("b.ndjson", 1, "1"),
    ]
    zone.accounted()

"""Casts of staged values: exactly, or not at all."""

# ruff: noqa: DTZ001 (times without a zone are part of what is tested)

import datetime as dt
from decimal import Decimal

import duckdb
import pytest

from resources.warehouse import extensions, extract_cast
from resources.warehouse.extract_cast import Field


@pytest.fixture(scope="module")
def connection():
    connection = duckdb.connect(config=extensions.CONFIG)
    extensions.load(connection, "icu")
    connection.execute("SET TimeZone = 'UTC'")
    extract_cast.prepare(connection)
    return connection


def cast(connection, staged, kind, wire="VARCHAR", **more):
    """Return (value, wrong) of one staged value."""
    field = Field("n", "c0", kind, **more)
    fault = extract_cast.wrong(field, wire) or "false"
    return connection.execute(
        f"SELECT {extract_cast.value(field, wire)}, {fault} FROM (SELECT CAST(? AS {wire}) AS c0)",
        [staged],
    ).fetchone()


TIMESTAMPTZ = "TIMESTAMP WITH TIME ZONE"
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("staged", "kind", "value"),
    [
        ("8", "BIGINT", 8),
        ("-8.0", "BIGINT", -8),
        ("9223372036854775807", "BIGINT", 2**63 - 1),
        ("0.99", "DECIMAL(10,2)", Decimal("0.99")),
        ("1.500", "DECIMAL(10,2)", Decimal("1.50")),
        ("1.0e+20", "DECIMAL(38,9)", Decimal(10**20)),
        (".5", "DECIMAL(10,2)", Decimal("0.50")),
        ("-0.5", "DECIMAL(38,9)", Decimal("-0.5")),
        ("-12345678901234567890.5", "DECIMAL(38,9)", Decimal("-12345678901234567890.5")),
        (
            "+99999999999999999999999999999.999999999",
            "DECIMAL(38,9)",
            Decimal("99999999999999999999999999999.999999999"),
        ),
        ("12345678901.0000000000", "DECIMAL(38,9)", Decimal(12345678901)),
        ("12345678901.", "DECIMAL(38,9)", Decimal(12345678901)),
        ("-.000000001", "DECIMAL(38,9)", Decimal("-0.000000001")),
        ("0.1234567890123456789012", "DECIMAL(38,22)", Decimal("0.1234567890123456789012")),
        ("18446744073709551615", "UBIGINT", 2**64 - 1),
        ("1.0e-3", "DOUBLE", 0.001),
        ("9007199254740992", "DOUBLE", 2.0**53),
        ("1", "BOOLEAN", True),
        ("f", "BOOLEAN", False),
        ("2026-01-01", "DATE", dt.date(2026, 1, 1)),
        ("2026-01-01T00:00:00.000Z", "DATE", dt.date(2026, 1, 1)),
        ("2026-01-01 12:00:00.123456", "TIMESTAMP", dt.datetime(2026, 1, 1, 12, 0, 0, 123456)),
        ("2026-01-01 12:00", "TIMESTAMP", dt.datetime(2026, 1, 1, 12)),
        ("2026-01-01T12:00:00Z", TIMESTAMPTZ, NOON),
        ("2026-01-01T14:00:00.0000000+02:00", TIMESTAMPTZ, NOON),
        ("2026-01-01 12:00:00", TIMESTAMPTZ, NOON),
        ("10:30:00", "TIME", dt.time(10, 30)),
        ("", "VARCHAR", ""),
    ],
)
def test_an_exact_value_becomes_its_type(connection, staged, kind, value):
    assert cast(connection, staged, kind) == (value, False)


@pytest.mark.parametrize(
    ("staged", "kind"),
    [
        ("8.5", "BIGINT"),
        ("1_000", "BIGINT"),
        ("1e3", "BIGINT"),
        ("9223372036854775808", "BIGINT"),
        ("9007199254740993.5", "BIGINT"),
        ("1.005", "DECIMAL(10,2)"),
        ("123456789.00", "DECIMAL(10,2)"),
        ("1.5e-05", "DECIMAL(10,2)"),
        ("NaN", "DECIMAL(10,2)"),
        ("NaN", "DECIMAL(38,9)"),
        ("-", "DECIMAL(38,9)"),
        (".", "DECIMAL(38,9)"),
        ("0.0000000001", "DECIMAL(38,9)"),
        ("100000000000000000000000000000", "DECIMAL(38,9)"),
        ("-1", "UBIGINT"),
        ("", "DECIMAL(10,2)"),
        ("9007199254740993", "DOUBLE"),
        ("1,5", "DOUBLE"),
        ("2", "BOOLEAN"),
        ("yes", "BOOLEAN"),
        ("0000-00-00", "DATE"),
        ("2026-02-30", "DATE"),
        ("2026-01-01 10:00:00", "DATE"),
        ("2026-01-01 12:00:00+02:00", "TIMESTAMP"),
        ("2026-01-01 12:00:00Z", "TIMESTAMP"),
        ("2026-01-01 12:00:00.1234567", "TIMESTAMP"),
        ("0000-00-00 00:00:00", "TIMESTAMP"),
        ("1700000000", TIMESTAMPTZ),
        ("24:00:01", "TIME"),
        ("abc", "UUID"),
    ],
)
def test_a_value_that_would_change_is_wrong(connection, staged, kind):
    assert cast(connection, staged, kind) == (None, True)


def test_an_empty_value_is_wrong_only_where_it_is_required(connection):
    assert cast(connection, None, "BIGINT") == (None, False)
    assert cast(connection, None, "BIGINT", required=True) == (None, True)
    assert cast(connection, None, "VARCHAR", required=True) == (None, True)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ('{"a": 1}', True),
        ("null", True),
        ('"NaN is a word, ]"', True),
        ("[1,]", False),
        ("NaN", False),
        ('{"a": Infinity}', False),
        ("{", False),
        ("", False),
    ],
)
def test_json_is_what_the_standard_says(connection, text, valid):
    assert cast(connection, text, "VARCHAR", json=True) == (text if valid else None, not valid)


def test_bytes_come_back_from_hexadecimal_and_text_only_if_it_is_utf8(connection):
    assert cast(connection, "00ff", "BLOB", hex=True) == (b"\x00\xff", False)
    assert cast(connection, "c3a9", "VARCHAR", hex=True) == ("é", False)
    assert cast(connection, "ff", "VARCHAR", hex=True) == (None, True)
    assert cast(connection, b"\xff", "VARCHAR", wire="BLOB") == (None, True)


def test_a_native_number_keeps_its_value_or_is_wrong(connection):
    assert cast(connection, 8.0, "BIGINT", wire="DOUBLE") == (8, False)
    assert cast(connection, 8.5, "BIGINT", wire="DOUBLE") == (None, True)
    assert cast(connection, 1e300, "BIGINT", wire="DOUBLE") == (None, True)
    assert cast(connection, float("nan"), "BIGINT", wire="DOUBLE") == (None, True)


def test_a_time_with_a_zone_does_not_become_one_without(connection):
    assert cast(connection, NOON, "TIMESTAMP", wire=TIMESTAMPTZ) == (None, True)
    assert cast(connection, NOON.replace(tzinfo=None), TIMESTAMPTZ, wire="TIMESTAMP") == (
        NOON,
        False,
    )

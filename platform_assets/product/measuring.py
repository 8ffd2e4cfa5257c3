"""Measuring a key result: its query is run, and what it returned is kept for good.

What belongs here: the query's answer as one measurement, the table of all measurements, what tells
one definition from another. What does not: whether anything upstream forbids it (`inventory`),
reading measurements back (`measured`), what follows from them (`progress`).
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

import duckdb
import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from platform_assets.product.curated_kinds import KeyResult
from platform_assets.product.kinds import Measurement
from resources.errors import PlatformError
from resources.warehouse import Warehouse

TABLE = "product.measurements"
# Each column with its type and meaning. One row per measurement, never changed; times are in UTC.
COLUMNS: dict[str, tuple[str, str]] = {
    "key_result": ("VARCHAR", "Id of the key result."),
    "measured_at": ("TIMESTAMP", "When its query was asked, in UTC."),
    "as_of": ("TIMESTAMP", "The time that the value is of, in UTC; empty if nothing was measured."),
    "value": ("DOUBLE", "What the query returned; empty if nothing was measured."),
    "run_id": ("VARCHAR", "Dagster's run that measured."),
    "definition": (
        "VARCHAR",
        "Digest of the query, baseline, target and unit: values of different ones do not compare.",
    ),
    "trouble": ("VARCHAR", "Why nothing was measured: a JSON list of sentences, else empty."),
    "upstream": ("VARCHAR", "JSON: the state of every asset that the query rests on, by key."),
}
_SHAPE = "It must return one row with two columns: `value`, a number, and `as_of`, its time."
# Of SQL, what has no meaning; or else, in the group, a text, a name in quotes, a word.
_WORD = re.compile(
    r"""--[^\n]*|/\*.*?\*/|\s+|('(?:[^']|'')*'|"(?:[^"]|"")*"|(?:(?!--|/\*)[^\s'"])+|.)""",
    re.DOTALL,
)


def definition(kr: KeyResult) -> str:
    """Return the digest of what a key result measures: query, baseline, target and unit.

    Comments, white space and a semicolon at the end make no difference.
    """
    sql = " ".join(filter(None, _WORD.findall(kr.sql))).rstrip("; ")
    told = json.dumps([sql, float(kr.baseline), float(kr.target), kr.unit])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def measure(
    kr: KeyResult,
    engine: sqlalchemy.Engine,
    at: datetime,
    run_id: str,
    upstream: Mapping[str, str],
) -> Measurement:
    """Run a key result's query and return what it measured.

    A query that finds nothing, as over a table that is still empty, measures nothing: the
    measurement's trouble says so.

    Args:
        engine: reads the warehouse.
        upstream: state of every asset that the query rests on, by key; kept with the value.

    Raises:
        PlatformError: the query fails, or returns something else than `value, as_of`; with file and
            line of the key result.
    """
    value, as_of = _answer(kr, engine)
    if value is None or as_of is None:
        lacks = "value" if value is None else "as_of"
        return unmeasured(kr, at, run_id, upstream, [f"its query returned no {lacks}"])
    return Measurement(kr.id, at, run_id, definition(kr), value, as_of, (), dict(upstream))


def unmeasured(
    kr: KeyResult, at: datetime, run_id: str, upstream: Mapping[str, str], trouble: Sequence[str]
) -> Measurement:
    """Return the measurement that says that nothing could be measured, and why."""
    return Measurement(
        kr.id, at, run_id, definition(kr), trouble=tuple(trouble), upstream=dict(upstream)
    )


def append(warehouse: Warehouse, measurement: Measurement) -> None:
    """Add a measurement to the table, in a transaction of its own."""
    marks = ", ".join("?" for _ in COLUMNS)
    with warehouse.write(TABLE) as connection:
        _ensure(connection)
        connection.execute(f"INSERT INTO lake.{TABLE} VALUES ({marks})", _row(measurement))


def counted(warehouse: Warehouse) -> tuple[int, datetime | None]:
    """Return how many measurements there are and the time of the newest; make an absent table."""
    with warehouse.write(TABLE) as connection:
        _ensure(connection)
    with warehouse.reading() as reader:
        row = reader.execute(f"SELECT count(*), max(measured_at) FROM lake.{TABLE}").fetchone()
    assert row is not None
    return row[0], row[1].replace(tzinfo=UTC) if row[1] else None


def _ensure(connection: duckdb.DuckDBPyConnection) -> None:
    body = ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
    connection.execute(f"CREATE TABLE IF NOT EXISTS lake.{TABLE} ({body})")


def _row(measurement: Measurement) -> list[object]:
    as_of = measurement.as_of
    return [
        measurement.key_result,
        _naive(measurement.at),
        _naive(as_of) if as_of else None,
        measurement.value,
        measurement.run_id,
        measurement.definition,
        json.dumps(measurement.trouble) if measurement.trouble else None,
        json.dumps(measurement.upstream, sort_keys=True),
    ]


def _naive(moment: datetime) -> datetime:
    """Return a moment as the warehouse has it: in UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _answer(kr: KeyResult, engine: sqlalchemy.Engine) -> tuple[float | None, datetime | None]:
    try:
        with engine.connect() as connection:
            result = connection.exec_driver_sql(kr.sql)
            names = list(map(str.lower, result.keys()))
            rows = result.fetchmany(2)
    except SQLAlchemyError as error:
        raise _fault(kr, _engine_said(error)) from None
    if sorted(names) != ["as_of", "value"]:
        raise _fault(kr, f"its query returns {', '.join(names) or 'no columns'}")
    if len(rows) != 1:
        raise _fault(kr, f"its query returns {'several rows' if rows else 'no row'}")
    found = dict(zip(names, rows[0], strict=True))
    return _number(kr, found["value"]), _moment(kr, found["as_of"])


def _number(kr: KeyResult, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _fault(kr, f"its `value` is {str(value)[:40]!r}, no number")
    number = float(value)
    return number if math.isfinite(number) else None


def _moment(kr: KeyResult, as_of: object) -> datetime | None:
    if as_of is None:
        return None
    if isinstance(as_of, datetime):
        return as_of.astimezone(UTC) if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    if isinstance(as_of, date):
        return datetime.combine(as_of, time(), UTC)
    raise _fault(kr, f"its `as_of` is {str(as_of)[:40]!r}, no time")


def _fault(kr: KeyResult, what: str) -> PlatformError:
    return PlatformError(f"{kr.file}:{kr.line}: key result {kr.id}: {what}.", hint=_SHAPE)


def _engine_said(error: SQLAlchemyError) -> str:
    """Return the engine's error in one line, with the line of the query that it names."""
    raw = str(getattr(error, "orig", None) or error).strip()
    first = re.sub(r"^\w+( \w+)? Error:\s*", "", raw.splitlines()[0]).rstrip(".!")
    line = re.search(r"^LINE (\d+):", raw, re.MULTILINE)
    return f"line {line[1]} of its query: {first}" if line else first

"""From a staged value to the type of its raw column: exactly, or not at all.

What belongs here: the SQL that casts one staged column, and that tells which values do not cast.
An exact cast keeps the value: 8.50 becomes DECIMAL(10,1), 8.55 does not; a timestamp with a zone
does not become one without. What does not: which type a column gets
(`platform_assets.ingestion.database_plan`).
"""

from dataclasses import dataclass
from typing import Literal

import duckdb
import orjson

from resources.warehouse.connection import identifier, literal

Place = Literal["column", "extra", "reject"]
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER")
LOSSLESS = {
    *((narrow, "BIGINT") for narrow in INTEGERS),
    ("FLOAT", "DOUBLE"),
    ("DATE", "TIMESTAMP"),
    ("DATE", "TIMESTAMP WITH TIME ZONE"),
    ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"),
}
_MOMENT = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.]\d{1,6}0*)?)?)?"
_ZONE = r" ?(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?)"
ZONED = rf"{_MOMENT}{_ZONE}"  # a timestamp's text that says its zone
_MIDNIGHT = rf"\d{{4}}-\d{{2}}-\d{{2}}([ T]00:00(:00([.]0+)?)?({_ZONE})?)?"
_SHOWN = 80  # characters of a value that a reason shows
_SUSPECT_JSON = r"NaN|Inf|nan|inf|,\s*[\]}]"  # what DuckDB's json_valid accepts and JSON does not


@dataclass(frozen=True)
class Field:
    """One column on its way from the staged file to the raw table.

    Args:
        name: name of the raw column.
        wire: name of the staged column.
        type: DuckDB type of the raw column, as DuckDB spells it.
        required: an empty value is wrong.
        json: the text must be JSON.
        hex: the staged text is the hexadecimal form of the value's bytes.
        place: its own column, a key of `_extra`, or the ground to quarantine rows that have it.
    """

    name: str
    wire: str
    type: str
    required: bool = False
    json: bool = False
    hex: bool = False
    place: Place = "column"


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Give `connection` the function that the casts need beside DuckDB's own."""
    connection.create_function("strict_json", _is_json, ["VARCHAR"], "BOOLEAN")


def value(field: Field, wire_type: str) -> str:
    """Return the SQL of the field's value in its type: NULL where the staged value is not exact."""
    column, kind = identifier(field.wire), field.type
    if not field.hex:
        if wire_type == kind and not field.json:
            return column
        if (wire_type, kind) in LOSSLESS:
            return f"CAST({column} AS {kind})"
        if wire_type in ("DOUBLE", "FLOAT") and kind == "BIGINT":
            whole = f"{column} = trunc({column}) AND abs({column}) < 9223372036854775808"
            return f"CASE WHEN {whole} THEN CAST({column} AS BIGINT) END"
    if kind == "BLOB":
        return f"TRY(unhex({column}))" if field.hex else f"encode({_text(field, wire_type)})"
    text = _text(field, wire_type)
    if kind == "VARCHAR":
        return f"CASE WHEN {_valid_json(text)} THEN {text} END" if field.json else text
    return _from_text(text, kind)


def wrong(field: Field, wire_type: str) -> str | None:
    """Return the SQL that is true where the staged value can't be loaded; None if it always can."""
    column = identifier(field.wire)
    if field.place == "reject":
        return f"{column} IS NOT NULL"
    cast = value(field, wire_type)
    faults = [] if cast == column else [f"({column} IS NOT NULL AND ({cast}) IS NULL)"]
    if field.required:
        faults.append(f"{column} IS NULL")
    return " OR ".join(faults) or None


def reason(field: Field, wire_type: str) -> str:
    """Return the SQL of what is wrong with the staged value, for people, where `wrong` is true."""
    column = identifier(field.wire)
    if field.place == "reject":
        return literal(f"{field.name}: the column is new, and new columns are rejected")
    kind = "JSON" if field.json else field.type.lower()
    shown = f"left({_text(field, wire_type, lenient=True)}, {_SHOWN})"
    empty, no = literal(f"{field.name}: required, but empty"), literal(f" is not exactly a {kind}")
    told = f"{literal(field.name + ': ')} || {shown} || {no}"
    return f"CASE WHEN {column} IS NULL THEN {empty} ELSE {told} END"


def _text(field: Field, wire_type: str, lenient: bool = False) -> str:
    """Return the SQL of the staged value as text; NULL, or hexadecimal, where it is no UTF-8."""
    column = identifier(field.wire)
    if field.hex:
        decoded = f"TRY(decode(unhex({column})))"
        return f"coalesce({decoded}, {column})" if lenient else decoded
    if wire_type == "BLOB":
        decoded = f"TRY(decode({column}))"
        return f"coalesce({decoded}, hex({column}))" if lenient else decoded
    return column if wire_type == "VARCHAR" else f"CAST({column} AS VARCHAR)"


def _from_text(text: str, kind: str) -> str:
    def where(pattern: str, cast: str) -> str:
        return f"CASE WHEN regexp_full_match({text}, {literal(pattern)}) THEN {cast} END"

    attempt = f"TRY_CAST({text} AS {kind})"
    if kind == "BIGINT":
        return where(r"[+-]?\d+([.]0*)?", f"TRY_CAST(split_part({text}, '.', 1) AS BIGINT)")
    if kind == "UBIGINT":
        return where(r"[+]?\d+([.]0*)?", f"TRY_CAST(split_part({text}, '.', 1) AS UBIGINT)")
    if kind.startswith("DECIMAL"):
        return _decimal_from_text(text, kind)
    if kind == "DOUBLE":
        whole = f"regexp_full_match({text}, '[+-]?[0-9]{{16,}}')"
        same = f"TRY_CAST({attempt} AS HUGEINT) = TRY_CAST({text} AS HUGEINT)"
        return f"CASE WHEN NOT {whole} OR {same} THEN {attempt} END"
    if kind == "BOOLEAN":
        return (
            f"CASE WHEN lower({text}) IN ('1', 'true', 't') THEN true "
            f"WHEN lower({text}) IN ('0', 'false', 'f') THEN false END"
        )
    if kind == "DATE":
        return where(_MIDNIGHT, f"TRY_CAST(left({text}, 10) AS DATE)")
    if kind == "TIMESTAMP":
        return where(_MOMENT, attempt)
    if kind == "TIMESTAMP WITH TIME ZONE":
        # 2026-01-31T23:59:59.123Z is what almost all are: seen without a regular expression.
        common = f"length({text}) IN (20, 24) AND ends_with({text}, 'Z') AND {text}[11] = 'T'"
        careful = where(f"{_MOMENT}({_ZONE})?", attempt)
        return f"CASE WHEN {common} THEN {attempt} ELSE {careful} END"
    if kind == "TIME":
        return where(r"\d{2}:\d{2}(:\d{2}([.]\d{1,6}0*)?)?", attempt)
    return attempt


def _decimal_from_text(text: str, kind: str) -> str:
    precision, scale = (int(n) for n in kind[len("DECIMAL(") : -1].split(","))
    attempt = f"TRY_CAST({text} AS {kind})"
    plain = rf"[+-]?\d*([.]\d{{0,{scale}}}0*)?"
    same = f"CAST({attempt} AS DOUBLE) = TRY_CAST({text} AS DOUBLE)"
    powers = f"regexp_full_match({text}, '[^eE]+[eE][+-]?[0-9]+') AND {same}"
    found = attempt
    if precision > 18 >= scale:
        # DuckDB casts text to a DECIMAL of more than 18 digits 200 times slower than to one of 18:
        # cast numbers that are short as such, others as a whole part and a fraction.
        short = f"CAST(TRY_CAST({text} AS DECIMAL(18,{scale})) AS {kind})"
        sign = f"CASE WHEN {text}[1] = '-' THEN '-0.' ELSE '0.' END"
        whole = f"TRY_CAST(TRY_CAST(split_part({text}, '.', 1) AS HUGEINT) AS {kind})"
        fraction = f"TRY_CAST({sign} || split_part({text}, '.', 2) AS DECIMAL(18,{scale}))"
        found = (
            f"coalesce({short}, CAST({whole} + CAST({fraction} AS {kind}) AS {kind}), {attempt})"
        )
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(plain)}) THEN {found} "
        f"WHEN {powers} THEN {attempt} END"
    )


def _valid_json(text: str) -> str:
    suspect = f"regexp_matches({text}, {literal(_SUSPECT_JSON)})"
    return f"CASE WHEN {suspect} THEN strict_json({text}) ELSE json_valid({text}) END"


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True

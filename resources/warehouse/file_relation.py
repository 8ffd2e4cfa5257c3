"""Chunks of records as SQL: which can be read at all, and what columns they have.

What belongs here: checking JSON, matching log lines, naming columns. What does not: cutting files
into chunks (`platform_assets.ingestion`), casting and writing (`file_stage`).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from resources.warehouse.connection import literal

MOST_KEYS = 1_000  # distinct keys of one chunk that become columns
# What DuckDB takes for JSON and JSON does not: a comma before a bracket, NaN and infinity. Three
# expressions with a fixed first character each are three times as fast as one with a class of them.
# Nor does it keep every digit of a number with a fraction or exponent that no double holds.
_NUMBER = (
    r"-?(?:[nNiI][aAnN][nNfF]|\d+\.\d{12}|\d{5,}\.\d{8}|\d{9,}\.\d{4}|\d{13,}\.\d|"
    r"\d{16,}[eE]|[\d.]+[eE]-\d{3})"
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*')
_SUSPECT = " OR ".join(
    f"regexp_matches(text, '{pattern}')"
    for pattern in (rf":\s*{_NUMBER}", rf"\[\s*{_NUMBER}", rf",\s*(?:[\]}}]|{_NUMBER})")
)
_KEYS = f"keys, {_SUSPECT} AS suspect, count(*), min(_line) FROM chunk GROUP BY ALL ORDER BY 4"
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER")
_TEXT = "rtrim(text, chr(10) || chr(13))"  # a line without its end


@dataclass(frozen=True)
class Bad:
    """A record that can't be loaded: its line (None: the whole file), why, and its text.

    Attributes:
        syntax: it is no JSON at all.
    """

    line: int | None
    reason: str
    raw: str
    syntax: bool = False


@dataclass(frozen=True)
class Chunk:
    """Records of one file, on their way.

    Attributes:
        table: `text` and `_line` for lines; else `c0`, `c1`, …, `_line` and, for text, `_raw`.
        names: the source's names of `c0`, `c1`, …; None for lines.
        bad: records of the same stretch that were no records at all.
    """

    table: pa.Table
    names: Sequence[str] | None
    bad: Sequence[Bad]


@dataclass(frozen=True)
class Relation:
    """Records as SQL.

    Attributes:
        sql: selects one column per name, as text or in its own type, with `_line` and `_raw`.
        wires: of each source name, the SQL column and its DuckDB type.
        renamed: names that the source gives twice: the name in `wires` → the source's.
        first: of names that not every record has, the first `_line` that does.
        documents: SQL columns whose texts are JSON.
        whole: there are more names than `wires`; `_raw` keeps what the others hold.
    """

    sql: str
    wires: Mapping[str, tuple[str, str]]
    renamed: Mapping[str, str] = field(default_factory=dict)
    first: Mapping[str, int] = field(default_factory=dict)
    documents: Collection[str] = ()
    whole: bool = False

    def on(self, sql: str, more: Mapping[str, tuple[str, str]] | None = None) -> "Relation":
        """Return the relation read through `sql`, with further columns."""
        wires = {**self.wires, **(more or {})}
        return Relation(sql, wires, self.renamed, self.first, self.documents, self.whole)

    def with_empty(self, names: Sequence[str]) -> "Relation":
        """Return the relation with further columns that no record has."""
        absent = {name: (f"absent{n}", "VARCHAR") for n, name in enumerate(names)}
        columns = "".join(f", CAST(NULL AS VARCHAR) AS {wire}" for wire, _ in absent.values())
        return self.on(f"SELECT *{columns} FROM ({self.sql})", absent)

    def with_blank_as_null(self, wires: Collection[str]) -> "Relation":
        """Return the relation with `''` as NULL in these columns."""
        if not wires:
            return self
        replaced = ", ".join(f"nullif({wire}, '') AS {wire}" for wire in wires)
        return self.on(f"SELECT * REPLACE ({replaced}) FROM ({self.sql})")


def check_json(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, keep_values: bool
) -> tuple[pa.Table, dict[str, int], list[Bad]]:
    """Return the lines that are JSON objects, their keys and where each is first, and the others.

    Args:
        keep_values: a line that is JSON but no object is kept, as an object with key `value`.
    """
    connection.register("chunk", table)
    try:
        groups = connection.execute(f"SELECT json_keys(text) AS {_KEYS}").fetchall()
    except duckdb.InvalidInputException:  # some line is no JSON at all
        valid = "CASE WHEN json_valid(text) THEN json_keys(text) END"
        groups = connection.execute(f"SELECT {valid} AS {_KEYS}").fetchall()
    if all(names and not suspect for names, suspect, _, _ in groups):
        return table, _first_lines(groups), []
    odd = connection.execute(
        "SELECT _line, text FROM chunk WHERE NOT json_valid(text) OR len(json_keys(text)) = 0 "
        f"OR {_SUSPECT} ORDER BY _line"
    ).fetchall()
    out, back, bad = [], [], []
    again: dict[str, int] = {}
    for line, text in odd:
        value, fault = _strict(text)
        if fault or (not isinstance(value, dict) and not keep_values):
            out.append(line)
            reason = fault or "JSON, but not an object"
            bad.append(Bad(line, reason, text.strip("\r\n"), syntax=bool(fault)))
        elif not isinstance(value, dict):
            out.append(line)
            back.append((f'{{"value":{_exact(text).strip()}}}', line))
            again.setdefault("value", line)
        elif (exact := _exact(text)) != text:
            out.append(line)
            back.append((exact, line))
            again = {**dict.fromkeys(value, line), **again}
    # A line that is no JSON may have had keys of its own: only those of the others count.
    keys = _first_lines(groups) if not out else _keys_without(connection, table, out)
    if out:
        lines = pa.array(out, pa.int64())
        table = table.filter(pa.compute.invert(pa.compute.is_in(table["_line"], lines)))
    if back:
        first = {key: min(line, keys.get(key, line)) for key, line in again.items()}
        keys = dict(sorted({**keys, **first}.items(), key=lambda item: item[1]))
        texts, numbers = zip(*back, strict=True)
        kept = pa.table({"text": pa.array(texts), "_line": pa.array(numbers, pa.int64())})
        table = pa.concat_tables([table, kept])
    return table, keys, bad


def _exact(text: str) -> str:
    """Return JSON with the numbers that a double does not hold as texts: all their digits."""

    def token(found: re.Match[str]) -> str:
        number = found[0]
        if number[0] == '"' or not set(number) & set(".eE"):
            return number
        same = Decimal(repr(float(number))) == Decimal(number)
        return number if same else f'"{number}"'

    return _TOKEN.sub(token, text)


def _keys_without(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, out: Sequence[int]
) -> dict[str, int]:
    connection.register("out", pa.table({"line": pa.array(out, pa.int64())}))
    groups = connection.execute(
        "SELECT json_keys(text), false, count(*), min(_line) FROM chunk "
        "WHERE _line NOT IN (SELECT line FROM out) GROUP BY ALL ORDER BY 4"
    ).fetchall()
    connection.unregister("out")
    return _first_lines(groups)


def _first_lines(groups: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    """Return every key with the first line that has it, in the order of these lines."""
    first: dict[str, int] = {}
    for names, _, _, line in groups:
        for name in names or ():
            first.setdefault(name, line)
    return first


def _strict(text: str) -> tuple[Any, str]:
    try:
        return orjson.loads(text), ""
    except ValueError as error:
        return None, f"invalid JSON: {error}"


def json_relation(
    first: Mapping[str, int], documents: Collection[str], known: Collection[str]
) -> Relation:
    """Return the records of JSON lines: every key a text, nested values as JSON text.

    Of the keys in `documents` a text is JSON text too, with its quotes: they are valid JSON and
    need no further check. A key that another differs from in case only is read by its path.

    Args:
        first: keys of the records, and the first line of each.
        known: names that become columns whatever their number.
    """
    keys = list(first)
    if len(keys) > MOST_KEYS:
        there = {name.lower() for name in known}
        old = [k for k in keys if k.lower() in there]
        keys = [*old, *[k for k in keys if k.lower() not in there][: MOST_KEYS - len(old)]]
    plain: dict[str, str] = {}
    wires: dict[str, tuple[str, str]] = {}
    paths = []
    for number, key in enumerate(keys):
        wire = f"w{number}"
        wires[key] = (wire, "VARCHAR")
        if key and "\0" not in key and key.lower() not in plain:
            plain[key.lower()] = key
            sql = f"struct_extract(r, {literal(key)})"
            sql = f"CAST({sql} AS VARCHAR)" if key in documents else sql
        else:
            pointer = literal("/" + key.replace("~", "~0").replace("/", "~1"))
            read = f"nullif(CAST(json_extract(text, {pointer}) AS VARCHAR), 'null')"
            sql = read if key in documents else f"json_extract_string(text, {pointer})"
        paths.append(f"{sql} AS {wire}")
    kinds = {key: "JSON" if key in documents else "VARCHAR" for key in plain.values()}
    shape = literal(orjson.dumps(kinds).decode())
    parsed = f", from_json(text, {shape}) AS r" if plain else ""
    columns = ", ".join([*paths, "_line", "trim(text, chr(10) || chr(13)) AS _raw"])
    return Relation(
        f"SELECT {columns} FROM (SELECT text, _line{parsed} FROM chunk)",
        wires,
        first={key: first[key] for key in keys},
        documents={wires[key][0] for key in keys if key in documents},
        whole=len(keys) < len(first),
    )


def log_relation(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, pattern: str, groups: Sequence[str]
) -> tuple[pa.Table, Relation, list[Bad]]:
    """Return the lines that match `pattern`, its named groups as columns, and the other lines."""
    connection.register("chunk", table)
    matches = f"regexp_full_match({_TEXT}, {literal(pattern)}, 's')"
    odd = connection.execute(f"SELECT _line, text FROM chunk WHERE NOT {matches}").fetchall()
    if odd:
        lines = pa.array([line for line, _ in odd], pa.int64())
        table = table.filter(pa.compute.invert(pa.compute.is_in(table["_line"], lines)))
    names = "[" + ", ".join(literal(g) for g in groups) + "]"
    columns = ", ".join(
        f"nullif(nullif(struct_extract(r, {literal(g)}), ''), '-') AS w{n}"
        for n, g in enumerate(groups)
    )
    whole = literal(f"^(?:{pattern})$")
    relation = Relation(
        f"SELECT {columns}, _line, {_TEXT} AS _raw FROM (SELECT text, _line, "
        f"regexp_extract({_TEXT}, {whole}, {names}, 's') AS r FROM chunk)",
        {g: (f"w{n}", "VARCHAR") for n, g in enumerate(groups)},
    )
    bad = [Bad(n, "does not match the log's pattern", t.rstrip("\r\n")) for n, t in odd]
    return table, relation, bad


def table_relation(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, names: Sequence[str]
) -> Relation:
    """Return records that came as columns: text, or the types of a Parquet file."""
    connection.register("chunk", table)
    types = {
        name: str(kind)
        for name, kind, *_ in connection.execute("DESCRIBE SELECT * FROM chunk").fetchall()
    }
    columns, wires, renamed = [], {}, {}
    for number, name in enumerate(_distinct(names)):
        if name != names[number]:
            renamed[name] = names[number]
        sql, kind = _plain(f"c{number}", types[f"c{number}"])
        columns.append(f"{sql} AS w{number}")
        wires[name] = (f"w{number}", kind)
    raw = "_raw" if "_raw" in types else _json_row(names)
    return Relation(
        f"SELECT {', '.join([*columns, '_line', raw])} FROM chunk", wires, renamed=renamed
    )


def _plain(column: str, kind: str) -> tuple[str, str]:
    """Return the SQL and type of a column as raw tables have it: nothing nested, no narrow type."""
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        return f"CAST(to_json({column}) AS VARCHAR)", "VARCHAR"
    if kind in _INTEGERS:
        return f"CAST({column} AS BIGINT)", "BIGINT"
    if kind.startswith("ENUM") or kind in ("INTERVAL", "BIT", '"NULL"', "NULL"):
        return f"CAST({column} AS VARCHAR)", "VARCHAR"
    return column, kind


def _json_row(names: Sequence[str]) -> str:
    members = ", ".join(f"{literal(n)}, c{i}" for i, n in enumerate(names))
    return f"CAST(json_object({members}) AS VARCHAR) AS _raw"


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names with the second, third, … of equal ones numbered."""
    given, found = set(names), dict[str, None]()
    for name in names:
        new, number = name, 2
        while new in found or (new != name and new in given):
            new, number = f"{name}_{number}", number + 1
        found[new] = None
    return list(found)

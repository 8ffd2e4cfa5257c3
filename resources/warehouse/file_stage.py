"""Staging of files: chunks of records become Parquet files in the raw table's types.

What belongs here: the SQL that checks JSON, matches log lines, casts exactly, and writes what can
be loaded. What does not: cutting files into chunks (`platform_assets.ingestion`), making it part
of the lake (`file_load`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from resources.warehouse import extract_cast
from resources.warehouse.connection import identifier, literal
from resources.warehouse.extract_cast import Field

# What DuckDB takes for JSON and JSON does not: a comma before a bracket, NaN and infinity.
_TRAILING = r"regexp_matches(text, ',\s*[\]}]')"
_NUMBERS = (
    "((contains(lower(text), 'nan') OR contains(lower(text), 'inf')) "
    r"AND regexp_matches(text, '[:\[,]\s*-?[nNiI][aAnN][nNfF]|^\s*-?[nNiI][aAnN][nNfF]'))"
)


@dataclass(frozen=True)
class Bad:
    """A record that can't be loaded: its line, why, and its text."""

    line: int
    reason: str
    raw: str


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
    """Staged records as SQL.

    Attributes:
        sql: selects one column per name, as text or in its own type, with `_line` and `_raw`.
        wires: of each source name, the SQL column and its DuckDB type.
    """

    sql: str
    wires: Mapping[str, tuple[str, str]]

    def with_empty(self, names: Sequence[str]) -> "Relation":
        """Return the relation with further columns that no record has."""
        absent = {name: (f"absent{n}", "VARCHAR") for n, name in enumerate(names)}
        columns = "".join(f", CAST(NULL AS VARCHAR) AS {wire}" for wire, _ in absent.values())
        return Relation(f"SELECT *{columns} FROM ({self.sql})", {**self.wires, **absent})

    def with_blank_as_null(self, fields: Sequence[Field]) -> "Relation":
        """Return the relation with `''` as NULL, but for columns of text, where it is a text."""
        blank = [
            f.wire
            for f in fields
            if dict(self.wires.values()).get(f.wire) == "VARCHAR"
            and (f.type != "VARCHAR" or f.required or f.json)
        ]
        if not blank:
            return self
        replaced = ", ".join(f"nullif({wire}, '') AS {wire}" for wire in blank)
        return Relation(f"SELECT * REPLACE ({replaced}) FROM ({self.sql})", self.wires)


def check_json(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, keep_values: bool
) -> tuple[pa.Table, list[str], list[Bad]]:
    """Return the lines that are JSON objects, all their keys in order, and the lines that are not.

    Args:
        keep_values: a line that is JSON but no object is kept, as an object with key `value`.
    """
    connection.register("chunk", table)
    groups = connection.execute(
        "SELECT CASE WHEN json_valid(text) THEN json_keys(text) END AS keys, "
        f"{_TRAILING} OR {_NUMBERS} AS suspect, count(*), min(_line) "
        "FROM chunk GROUP BY ALL ORDER BY 4"
    ).fetchall()
    keys = dict.fromkeys(key for names, _, _, _ in groups for key in names or ())
    if all(names and not suspect for names, suspect, _, _ in groups):
        return table, list(keys), []
    odd = connection.execute(
        "SELECT _line, text FROM chunk WHERE NOT json_valid(text) OR len(json_keys(text)) = 0 "
        f"OR {_TRAILING} OR {_NUMBERS} ORDER BY _line"
    ).fetchall()
    out, back, bad = set(), [], []
    for line, text in odd:
        value, fault = _strict(text)
        if fault or (not isinstance(value, dict) and not keep_values):
            out.add(line)
            bad.append(Bad(line, fault or "JSON, but not an object", text.rstrip("\r\n")))
        elif not isinstance(value, dict):
            out.add(line)
            back.append((f'{{"value":{text.strip()}}}', line))
            keys.setdefault("value")
    if out:
        table = table.filter(
            pa.compute.invert(pa.compute.is_in(table["_line"], pa.array(sorted(out), pa.int64())))
        )
    if back:
        texts, lines = zip(*back, strict=True)
        kept = pa.table({"text": pa.array(texts), "_line": pa.array(lines, pa.int64())})
        table = pa.concat_tables([table, kept])
    return table, list(keys), bad


def _strict(text: str) -> tuple[Any, str]:
    try:
        return orjson.loads(text), ""
    except ValueError as error:
        return None, f"invalid JSON: {error}"


def json_relation(keys: Sequence[str], documents: Collection[str] = ()) -> Relation:
    """Return the records of JSON lines: every key a text, nested values as JSON text.

    Of the keys in `documents` a text is JSON text too, with its quotes: they are valid JSON and
    need no further check. A key that another differs from in case only, or that is empty, is read
    by its path.
    """
    plain: dict[str, str] = {}
    wires: dict[str, tuple[str, str]] = {}
    paths = []
    for number, key in enumerate(keys):
        wire = f"w{number}"
        wires[key] = (wire, "VARCHAR")
        if key and key.lower() not in plain:
            plain[key.lower()] = key
            sql = f"struct_extract(r, {literal(key)})"
            sql = f"CAST({sql} AS VARCHAR)" if key in documents else sql
            paths.append(f"{sql} AS {wire}")
        else:
            pointer = "/" + key.replace("~", "~0").replace("/", "~1")
            paths.append(f"json_extract_string(text, {literal(pointer)}) AS {wire}")
    kinds = {key: "JSON" if key in documents else "VARCHAR" for key in plain.values()}
    shape = literal(orjson.dumps(kinds).decode())
    inner = (
        f"SELECT text, _line, from_json(text, {shape}) AS r FROM chunk"
        if plain
        else ("SELECT text, _line FROM chunk")
    )
    columns = ", ".join([*paths, "_line", r"rtrim(text, chr(10) || chr(13)) AS _raw"])
    return Relation(f"SELECT {columns} FROM ({inner})", wires)


def log_relation(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, pattern: str, groups: Sequence[str]
) -> tuple[pa.Table, Relation, list[Bad]]:
    """Return the lines that match `pattern`, its named groups as columns, and the other lines."""
    connection.register("chunk", table)
    matches = f"regexp_full_match(text, {literal(pattern)}, 's')"
    odd = connection.execute(f"SELECT _line, text FROM chunk WHERE NOT {matches}").fetchall()
    if odd:
        lines = pa.array([line for line, _ in odd], pa.int64())
        table = table.filter(pa.compute.invert(pa.compute.is_in(table["_line"], lines)))
    names = "[" + ", ".join(literal(g) for g in groups) + "]"
    columns = ", ".join(
        f"nullif(nullif(struct_extract(r, {literal(g)}), ''), '-') AS w{n}"
        for n, g in enumerate(groups)
    )
    relation = Relation(
        f"SELECT {columns}, _line, rtrim(text, chr(10) || chr(13)) AS _raw FROM (SELECT text, "
        f"_line, regexp_extract(text, {literal(pattern)}, {names}, 's') AS r FROM chunk)",
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
    columns, wires = [], {}
    for number, name in enumerate(names):
        kind = types[f"c{number}"]
        nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))
        sql = f"CAST(to_json(c{number}) AS VARCHAR)" if nested else f"c{number}"
        columns.append(f"{sql} AS w{number}")
        wires[name] = (f"w{number}", "VARCHAR" if nested else kind)
    raw = "_raw" if "_raw" in types else "CAST(to_json(chunk) AS VARCHAR) AS _raw"
    return Relation(f"SELECT {', '.join([*columns, '_line', raw])} FROM chunk", wires)


def write(
    connection: duckdb.DuckDBPyConnection,
    table: pa.Table,
    relation: Relation,
    fields: Sequence[Field],
    types: Mapping[str, str],
    constants: Mapping[str, str],
    target: Path,
) -> tuple[int, list[Bad]]:
    """Write the rows that can be loaded to `target`; return their number, and the other records.

    Args:
        table: the records, as `relation` reads them.
        fields: what becomes of each source column.
        types: DuckDB types of the wires.
        constants: SQL of `_file`, `_line`, `_load_id` and `_loaded_at`.
    """
    connection.register("chunk", table)
    faults = [extract_cast.wrong(f, types[f.wire]) for f in fields]
    wrong = " OR ".join(f"({fault})" for fault in faults if fault)
    values = [
        f"{extract_cast.value(f, types[f.wire])} AS {identifier(f.name)}"
        for f in fields
        if f.place == "column"
    ]
    own = [f"{sql} AS {identifier(name)}" for name, sql in constants.items()]
    columns = ", ".join([*values, f"{_extra(fields)} AS _extra", *own])
    where = f" WHERE ({wrong}) IS NOT TRUE" if wrong else ""
    done = connection.execute(
        f"COPY (SELECT {columns} FROM ({relation.sql}){where}) TO {literal(target)} "
        "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
    ).fetchone()
    rows = int(done[0]) if done else 0
    if rows == table.num_rows:
        return rows, []
    reasons = ", ".join(
        f"CASE WHEN {fault} THEN {extract_cast.reason(f, types[f.wire])} END"
        for f, fault in zip(fields, faults, strict=True)
        if fault
    )
    found = connection.execute(
        f"SELECT _line, concat_ws('; ', {reasons}), _raw FROM ({relation.sql}) WHERE {wrong}"
    ).fetchall()
    return rows, [Bad(*row) for row in found]


def _extra(fields: Sequence[Field]) -> str:
    """Return the SQL of `_extra`: what frozen columns hold, as JSON; NULL where nothing."""
    frozen = [f for f in fields if f.place == "extra"]
    if not frozen:
        return "CAST(NULL AS VARCHAR)"
    pairs = ", ".join(f"{literal(f.name)}, {identifier(f.wire)}" for f in frozen)
    present = " OR ".join(f"{identifier(f.wire)} IS NOT NULL" for f in frozen)
    merged = f"json_merge_patch('{{}}', json_object({pairs}))"
    return f"CASE WHEN {present} THEN CAST({merged} AS VARCHAR) END"


def per_file(
    connection: duckdb.DuckDBPyConnection, file: Path, event_time: str | None
) -> dict[str, tuple[int, datetime | None, datetime | None]]:
    """Return of each landed file in a staged one its rows, and its first and last event time."""
    moment = f"TRY_CAST({identifier(event_time)} AS TIMESTAMPTZ)" if event_time else "NULL"
    rows = connection.execute(
        f"SELECT _file, count(*), min({moment}), max({moment}) "
        f"FROM read_parquet({literal(file)}, hive_partitioning => false) GROUP BY _file"
    ).fetchall()
    return {path: (count, first, last) for path, count, first, last in rows}

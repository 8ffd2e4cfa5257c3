"""What an analyst's SQL may do: read tables of the warehouse with one statement, and nothing else.

What belongs here: the verdict on a statement, from the tree of DuckDB's own parser, so that what is
judged is what runs. What does not: the process that it runs in and its limits (`sandbox`).
"""

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from resources.warehouse import relations
from resources.warehouse.connection import literal

SCHEMAS = ("raw", "product", "staging", "intermediate", "marts", "platform")
LONGEST = 50_000  # characters of a statement
TABLE_FUNCTIONS = frozenset(
    {
        "generate_series",
        "generate_subscripts",
        "histogram",
        "histogram_values",
        "json_each",
        "json_tree",
        "range",
        "regexp_split_to_table",
        "repeat",
        "repeat_row",
        "unnest",
    }
)
# Functions that reach beyond the data: settings, logs, other SQL, the clock of the server.
FORBIDDEN = frozenset(
    {
        "current_query",
        "current_setting",
        "currval",
        "getenv",
        "getvariable",
        "json_deserialize_sql",
        "json_execute_serialized_sql",
        "json_serialize_plan",
        "json_serialize_sql",
        "nextval",
        "parse_duckdb_log_message",
        "pg_sleep",
        "query",
        "query_table",
        "sleep_ms",
        "stats",
        "write_log",
    }
)
SHOW_TABLES = frozenset({'"tables"', "__show_tables_expanded"})
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(ANALYZE\s+)?(?=\S)", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d]\w*\Z")
_LIST_TABLES = (
    'SELECT table_schema AS "schema", table_name AS "table" FROM information_schema.tables '
    "WHERE table_catalog = 'lake' AND table_schema IN ({}) ORDER BY ALL"
)
Tree = Mapping[str, Any]


class Refused(Exception):
    """The statement may not run; the message is for whoever wrote it."""


def tables(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Return the tables and views of each schema that may be read, in lower case."""
    found: dict[str, set[str]] = {schema: set() for schema in SCHEMAS}
    for schema, table in relations.names(connection):
        if schema in found:
            found[schema].add(table.lower())
    return found


def runnable(
    sql: str, connection: duckdb.DuckDBPyConnection, known: Mapping[str, Iterable[str]]
) -> str:
    """Return the statement to run for what an analyst wrote.

    Args:
        sql: SELECT in any form, VALUES, FROM, DESCRIBE, SUMMARIZE, SHOW TABLES, EXPLAIN of these.
        connection: any DuckDB; it only parses.
        known: of each schema its tables, in lower case.

    Raises:
        Refused: it is no single statement that only reads; or it reads what is no table.
    """
    if len(sql) > LONGEST:
        raise Refused(f"The query is {len(sql):,} characters long; at most {LONGEST:,} are read.")
    if "\0" in sql or any("\ud800" <= letter <= "\udfff" for letter in sql):
        raise Refused("The query holds a character that no text can hold.")
    explain = _EXPLAIN.match(sql)
    body = sql[explain.end() :] if explain else sql
    tree = _parsed(body, connection)
    shown = tree.get("from_table", {})
    if shown.get("show_type") == "SHOW_UNQUALIFIED" and shown.get("table_name") in SHOW_TABLES:
        return _LIST_TABLES.format(", ".join(f"'{schema}'" for schema in SCHEMAS))
    try:
        _node(tree, frozenset(), {schema: set(names) for schema, names in known.items()})
    except RecursionError:
        raise Refused("The query is nested too deeply.") from None
    return f"{explain.group().strip()} {body}" if explain else body


def _parsed(sql: str, connection: duckdb.DuckDBPyConnection) -> Tree:
    """Return the tree of the one statement in `sql`."""
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise Refused(plain(str(error))) from None
    if not statements:
        raise Refused("The query is empty.")
    if len(statements) > 1:
        raise Refused(f"One statement at a time, please: these are {len(statements)}.")
    # A literal, since a parameter would have DuckDB import pandas: a third of a second.
    row = connection.execute(f"SELECT json_serialize_sql({literal(sql)})").fetchone()
    assert row is not None
    try:
        answer = json.loads(row[0])
    except RecursionError:
        raise Refused("The query is nested too deeply.") from None
    if answer.get("error"):
        kind = statements[0].type.name
        if kind == "MULTI":
            raise Refused("PIVOT needs its values here: PIVOT … ON column IN ('a', 'b') USING ….")
        raise Refused(f"This only reads: write a SELECT. {kind} is not possible here.")
    found = answer["statements"]
    if len(found) != 1:
        raise Refused(f"One statement at a time, please: these are {len(found)}.")
    tree: Tree = found[0]["node"]
    return tree


def _node(part: Any, names: frozenset[str], known: Mapping[str, set[str]]) -> None:
    """Refuse what is not allowed anywhere below `part`.

    Args:
        names: common table expressions that can be named here, in lower case.
    """
    if isinstance(part, list):
        for each in part:
            _node(each, names, known)
        return
    if not isinstance(part, dict):
        return
    kind = part.get("type")
    if part.get("cte_map", {}).get("map"):
        names = _expressions(part["cte_map"]["map"], names, known)
    if kind == "BASE_TABLE":
        _table(part, names, known)
    elif kind == "SHOW_REF":
        _show(part)
    elif kind == "TABLE_FUNCTION":
        _table_function(part.get("function", {}))
    elif kind == "RECURSIVE_CTE_NODE":
        own = _named(str(part.get("cte_name", "")))
        _node(part.get("left"), names, known)
        _node(part.get("right"), names | {own}, known)
        _node([v for k, v in part.items() if k not in ("left", "right", "cte_map")], names, known)
        return
    if "function_name" in part:
        _function(part)
    for key, value in part.items():
        if key != "cte_map" and isinstance(value, dict | list):
            _node(value, names, known)


def _expressions(
    entries: Sequence[Tree], names: frozenset[str], known: Mapping[str, set[str]]
) -> frozenset[str]:
    """Return `names` with common table expressions; each sees those before it, as when it runs."""
    for entry in entries:
        _node(entry["value"], names, known)
        names |= {_named(entry["key"])}
    return names


def _named(name: str) -> str:
    if not _NAME.match(name):
        raise Refused(f"{name!r} is no name for a WITH query: letters, digits and _ only.")
    return name.lower()


def _table(part: Tree, names: frozenset[str], known: Mapping[str, set[str]]) -> None:
    catalog, schema, table = (
        str(part.get(key) or "").lower() for key in ("catalog_name", "schema_name", "table_name")
    )
    if not catalog and not schema:
        if table in names:
            return
        raise Refused(_unknown(table, known))
    if catalog in ("", "lake") and table in known.get(schema, ()):
        return
    raise Refused(_unknown(".".join(filter(None, [catalog, schema, table])), known))


def _unknown(name: str, known: Mapping[str, set[str]]) -> str:
    """Return a sentence that says that there is no such table, and which one may be meant."""
    everything = sorted(f"{schema}.{table}" for schema, tables in known.items() for table in tables)
    bare = {full.rpartition(".")[2]: full for full in everything}
    near = difflib.get_close_matches(name, everything, n=1, cutoff=0.75)
    near = near or [
        bare[n] for n in difflib.get_close_matches(name.rpartition(".")[2], bare, n=1, cutoff=0.6)
    ]
    hint = f" Did you mean {near[0]}?" if near else " Tables are named schema.table."
    return f"There is no table {name}.{hint}"


def _show(part: Tree) -> None:
    if part.get("query") or part.get("show_type") == "SHOW_FROM":
        return
    raise Refused(f"SHOW {str(part.get('table_name')).strip(chr(34))} is not possible here.")


def _table_function(function: Tree) -> None:
    name = str(function.get("function_name") or function.get("type") or "").lower()
    if name not in TABLE_FUNCTIONS:
        raise Refused(f"{name}(…) can't be read from here: only tables of the warehouse can.")


def _function(part: Tree) -> None:
    name = str(part["function_name"]).lower()
    if name in FORBIDDEN:
        raise Refused(f"The function {name} is not available here.")


def plain(message: str) -> str:
    """Return an error of DuckDB in the words that matter: what, the nearest names, and the line."""
    message = re.sub(r"^(\w+ )*Error: ", "", message.strip())
    head, _, rest = message.partition("\n\nLINE ")
    text = " ".join(head.split())
    text = re.sub(r"\s*(Candidate bindings|Did you mean)\s*:?\s*(.+)", r". Did you mean \2", text)
    text = re.sub(r"([.!])\. Did", r"\1 Did", text.rstrip("?!. "))
    text += "?" if "Did you mean" in text else "."
    place = re.match(r"(\d+):", rest)
    return f"Line {place.group(1)}: {text}" if place else text

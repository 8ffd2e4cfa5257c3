"""Lineage that was traced once: kept by the content of the SQL and of the schemas that it reads.

What belongs here: one SQLite file. It holds nothing that can't be traced again: a file that can't
be read or written is done without. Two processes may use it at once.
"""

import contextlib
import hashlib
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from platform_assets.lineage.columns.tracing import VERSION, Keys, Schemas
from platform_assets.lineage.model import Edge, Source, Statement, TableLineage

FILE = "columns.sqlite"
PARSER = version("sqlglot")
MOST = 50_000  # statements kept; the oldest go


class Cache:
    """Lineage by content. A `with` block writes what was put at its end."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._edges: dict[tuple[str, ...], Edge] = {}
        self._sources: dict[tuple[str, ...], Source] = {}
        self._schemas: dict[str, str] = {}
        self._new: list[tuple[bytes, bytes, bytes]] = []
        self._known: dict[bytes, tuple[bytes, bytes]] | None = None

    @classmethod
    def below(cls, folder: Path) -> "Cache":
        """Return the cache in a folder, made if it is not there."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return cls(_opened(folder / FILE))
        except (OSError, sqlite3.Error):
            logging.getLogger(__name__).warning("Column lineage is not kept.", exc_info=True)
            return cls.none()

    @classmethod
    def none(cls) -> "Cache":
        """Return a cache that is empty and keeps nothing."""
        return cls(_prepared(sqlite3.connect(":memory:")))

    def __enter__(self) -> "Cache":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(sqlite3.Error), self._connection:
            if self._new:
                self._connection.executemany(
                    "INSERT OR REPLACE INTO lineage VALUES (?, ?, ?)", self._new
                )
                self._connection.execute(
                    "DELETE FROM lineage WHERE rowid <= (SELECT max(rowid) FROM lineage) - ?",
                    (MOST,),
                )
        self._connection.close()

    def get(self, statement: Statement, schemas: Schemas, keys: Keys) -> TableLineage | None:
        """Return a statement's lineage, if it was traced with these schemas."""
        if self._known is None:
            self._known = self._read()
        found = self._known.get(_hash(statement))
        if found is None:
            return None
        try:
            known = orjson.loads(found[1])
        except ValueError:
            return None
        if found[0] != self._state(known["read"], statement.table, schemas, keys):
            return None
        return self._lineage(statement, known)

    def put(
        self,
        statement: Statement,
        schemas: Schemas,
        keys: Keys,
        lineage: TableLineage,
        read: Iterable[str],
    ) -> None:
        """Keep a statement's lineage; `read` are the tables that it rests on."""
        tables = sorted(read)
        content = orjson.dumps({"read": tables, **_content(lineage)})
        state = self._state(tables, statement.table, schemas, keys)
        self._new.append((_hash(statement), state, content))

    def changed(self, table: str) -> None:
        """Learn that the columns of a table are others than they were."""
        self._schemas.pop(table, None)

    def _read(self) -> dict[bytes, tuple[bytes, bytes]]:
        try:
            rows = self._connection.execute("SELECT sql, state, content FROM lineage").fetchall()
        except sqlite3.Error:
            return {}
        return {sql: (state, content) for sql, state, content in rows}

    def _state(self, read: list[str], table: str, schemas: Schemas, keys: Keys) -> bytes:
        told = "\n".join(self._told(name, schemas, keys) for name in (*read, table))
        return hashlib.sha256(told.encode()).digest()

    def _told(self, table: str, schemas: Schemas, keys: Keys) -> str:
        told = self._schemas.get(table)
        if told is None:
            columns = ",".join(schemas[table].values()) if table in schemas else "?"
            unique = sorted(",".join(sorted(key)) for key in keys.get(table, ()))
            told = self._schemas[table] = f"{table}({columns}){unique}"
        return told

    def _lineage(self, statement: Statement, known: Mapping[str, Any]) -> TableLineage:
        edges = [self._edge(tuple(one)) for one in known["edges"]]
        columns = {name: tuple([edges[i] for i in at]) for name, at in known["columns"].items()}
        rows = tuple([edges[i] for i in known["rows"]])
        return TableLineage(statement.key, statement.table, columns, rows, known["problem"])

    def _edge(self, told: tuple[str, ...]) -> Edge:
        edge = self._edges.get(told)
        if edge is None:
            source = self._sources.get(told[:3])
            if source is None:
                source = self._sources[told[:3]] = Source(*told[:3])
            edge = self._edges[told] = Edge(source, *told[3:])
        return edge


def _content(lineage: TableLineage) -> dict[str, Any]:
    """Return lineage as JSON values: every edge once, and where it is."""
    places: dict[Edge, int] = {}
    columns = {
        name: [places.setdefault(edge, len(places)) for edge in edges]
        for name, edges in lineage.columns.items()
    }
    rows = [places.setdefault(edge, len(places)) for edge in lineage.rows]
    edges = [
        (e.source.table, e.source.column, e.source.path, e.kind, e.subtype, e.expression)
        for e in places
    ]
    return {"edges": edges, "columns": columns, "rows": rows, "problem": lineage.problem}


def _hash(statement: Statement) -> bytes:
    told = (PARSER, str(VERSION), statement.dialect, statement.table)
    text = "\n".join((*told, statement.problem, statement.sql))
    return hashlib.sha256(text.encode()).digest()


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10)
    try:
        return _prepared(connection)
    except sqlite3.DatabaseError:  # torn, or of another form: all of it can be traced again
        connection.close()
        path.unlink(missing_ok=True)
        return _prepared(sqlite3.connect(path, timeout=10))


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS lineage "
        "(sql BLOB PRIMARY KEY, state BLOB NOT NULL, content BLOB NOT NULL)"
    )
    connection.execute("SELECT sql, state, content FROM lineage LIMIT 1").fetchall()
    return connection

"""A lake of one's own for tests of models: raw tables as declared, rows landed load by load.

What belongs here: landing rows, building models, reading tables. What does not: loading files
(tests/ingestion) and what the models should say (the tests themselves).
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from dbt.contracts.graph.manifest import Manifest

from resources.settings import PROJECT_ROOT, settings
from resources.warehouse import Warehouse
from resources.warehouse.connection import identifier
from tests.dbt.running import run

SOURCES = PROJECT_ROOT / "platform_assets" / "defs" / "sources"
TYPES = {
    "string": "VARCHAR",
    "json": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
}
ORIGIN = {
    "_file": "VARCHAR",
    "_line": "BIGINT",
    "_load_id": "BIGINT",
    "_loaded_at": "TIMESTAMPTZ",
    "_extra": "VARCHAR",
}
START = datetime(2026, 1, 1, tzinfo=UTC)
SESSIONS = {
    "session_id": "VARCHAR",
    "device_id": "VARCHAR",
    "person_id": "VARCHAR",
    "platform": "VARCHAR",
    "session_start_at": "TIMESTAMP",
    "session_end_at": "TIMESTAMP",
    "session_date": "DATE",
    "source": "VARCHAR",
    "medium": "VARCHAR",
    "campaign": "VARCHAR",
    "is_bot": "BOOLEAN",
    "is_bounce": "BOOLEAN",
    "orders": "BIGINT",
    "revenue": "DECIMAL(18,2)",
    "_load_id": "BIGINT",
}


def declared_columns(table: str) -> dict[str, str]:
    """Return the columns and DuckDB types of `raw.<table>`, as its source declares them."""
    name, _, part = table.partition("__")
    attributes = yaml.safe_load((SOURCES / name / "defs.yaml").read_text())["attributes"]
    if part:
        attributes = next(t for t in attributes["tables"] if t["name"] == part)
    return {
        c["name"]: TYPES.get(c.get("type", "string"), str(c.get("type")).upper())
        for c in attributes["columns"]
    }


@contextmanager
def company_lake(data: Path, manifest: Manifest, *tables: str) -> Iterator["CompanyLake"]:
    """Yield the lake of an empty data folder, with empty raw tables of these names.

    Making a lake takes seconds: share one between the tests of a module, and `clear` it before
    each. The environment is put back at the end.
    """
    before = dict(os.environ)
    os.environ["PLATFORM_DATA_DIR"] = str(data)
    settings.cache_clear()
    try:
        lake = CompanyLake(manifest)
        lake.make_raw(*tables)
        yield lake
    finally:
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()


class CompanyLake:
    """The warehouse of the settings: rows land load by load, models are built, tables are read.

    Args:
        manifest: the parsed dbt project.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.warehouse = Warehouse.from_settings()
        self.load_id = 0

    def make(self, schema: str, table: str, columns: Mapping[str, str]) -> None:
        """Make an empty table."""
        body = ", ".join(f"{identifier(name)} {kind}" for name, kind in columns.items())
        with self.warehouse.write() as connection:
            connection.execute(f"CREATE TABLE lake.{schema}.{identifier(table)} ({body})")

    def make_raw(self, *tables: str) -> None:
        """Make empty raw tables as they are declared."""
        for table in tables:
            self.make("raw", table, declared_columns(table) | ORIGIN)

    def make_sessions(self) -> None:
        """Make an empty `marts.fct_sessions` of the columns that marketing reads."""
        self.make("marts", "fct_sessions", SESSIONS)

    def clear(self) -> None:
        """Drop what models made and empty all other tables; loads are counted from 1 again."""
        found = self.rows(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake' "
            "UNION ALL SELECT schema_name, view_name FROM duckdb_views() "
            "WHERE database_name = 'lake' AND schema_name IN ('staging', 'intermediate', 'marts')"
        )
        views = {
            row[:2]
            for row in self.rows(
                "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = 'lake'"
            )
        }
        with self.warehouse.write() as connection:
            for schema, name in found:
                table = f"lake.{schema}.{identifier(name)}"
                if schema in ("raw", "platform"):
                    connection.execute(f"DELETE FROM {table}")
                else:
                    kind = "VIEW" if (schema, name) in views else "TABLE"
                    connection.execute(f"DROP {kind} {table}")
        self.load_id = 0

    def land(self, table: str, rows: Sequence[Mapping[str, Any]], file: str | None = None) -> int:
        """Append rows to `raw.<table>` as one load and return its number."""
        self.load_id += 1
        origin = {
            "_file": file or f"{table}/{self.load_id}",
            "_load_id": self.load_id,
            "_loaded_at": START + timedelta(minutes=self.load_id),
        }
        self.insert("raw", table, [{**origin, "_line": n, **r} for n, r in enumerate(rows, 1)])
        return self.load_id

    def insert(self, schema: str, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows by name, all in one statement; what a row does not name is null."""
        table = f"lake.{schema}.{identifier(table)}"
        with self.warehouse.write() as connection:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS FROM {table} LIMIT 0")
            for row in rows:
                names = ", ".join(map(identifier, row))
                marks = ", ".join("?" * len(row))
                connection.execute(
                    f"INSERT INTO fresh ({names}) VALUES ({marks})", list(row.values())
                )
            connection.execute(f"INSERT INTO {table} FROM fresh")

    def execute(self, sql: str) -> None:
        """Run a statement in a transaction of its own."""
        with self.warehouse.write() as connection:
            connection.execute(sql)

    def build(self, *select: str, full_refresh: bool = False) -> None:
        """Build what is selected, without tests, and fail on any failure."""
        flags = ["--full-refresh"] if full_refresh else []
        results = self._run(
            "build", [*select, *flags, "--exclude-resource-type", "test", "unit_test", "exposure"]
        )
        bad = [r for r in results if r.status != "success"]
        assert results, f"nothing was selected by {select}"
        assert not bad, "\n".join(f"{r.node.unique_id}: {r.status} {r.message}" for r in bad)

    def tests_of(self, *models: str) -> dict[str, str]:
        """Run the data and unit tests that models declare; return each one's status by name."""
        manifest = self.manifest
        wanted = {unique_id for unique_id, node in manifest.nodes.items() if node.name in models}
        tests = [n for n in manifest.nodes.values() if getattr(n, "attached_node", None) in wanted]
        units = [unit for unit in manifest.unit_tests.values() if unit.model in models]
        results = self._run("test", [test.name for test in [*tests, *units]])
        return {r.node.name: str(r.status) for r in results}

    def _run(self, command: str, select: Sequence[str]) -> list[Any]:
        """Run dbt in this process and return one result for each node."""
        arguments = ["--select", *select, "--indirect-selection", "empty"]
        return run(self.manifest, command, arguments)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.warehouse.reading() as connection:
            return connection.execute(sql).fetchall()

    def table(self, name: str, without: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a table in a fixed order, without some of its columns."""
        left_out = f"EXCLUDE ({', '.join(map(identifier, without))})" if without else ""
        return self.rows(f"SELECT * {left_out} FROM lake.{name} ORDER BY ALL")

    def frame(self, sql: str) -> Any:
        """Return a query's rows as a pandas frame."""
        with self.warehouse.reading() as connection:
            return connection.execute(sql).df()

"""dbt's Spark adapter on the lake: models are Spark's SQL, tables are the lake's.

What belongs here: the classes that take the place of dbt-spark's own, and what the macros in
`dbt/macros/spark` call. What does not: the session and its files (`engine`), transactions
(`publish`).
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from dbt.adapters import spark
from dbt.adapters.base.meta import available
from dbt.adapters.base.relation import BaseRelation
from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.contracts.relation import RelationType
from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.spark.column import SparkColumn
from dbt.adapters.spark.connections import SparkConnectionManager
from dbt.adapters.spark.impl import SparkAdapter
from dbt.adapters.spark.relation import SparkRelation
from dbt.adapters.sql.impl import SQLAdapter
from dbt_common.exceptions import DbtRuntimeError

from resources.spark.engine import (
    Handle,
    close_shared_engine,
    shared_engine,
    shared_warehouse,
)
from resources.spark.lake_views import lake_name
from resources.spark.publish import Publication, Staged
from resources.spark.session import short
from resources.spark.types import spark_of_duckdb
from resources.warehouse import relations
from resources.warehouse.connection import identifier, literal

logger = AdapterLogger("Spark")


def use_lake() -> None:
    """Make dbt's Spark adapter, in this process, work on the lake.

    dbt finds an adapter by its package's `Plugin`, and has no other hook for one of one's own.
    """
    plugin: Any = spark.Plugin
    plugin.adapter = SparkAdapterOnLake


class LakeRelation(SparkRelation):
    """A table of the lake, as statements for Spark name it (see `lake_views`)."""

    def __post_init__(self) -> None:
        """Take a source's `database: lake`, which dbt-spark itself refuses."""

    def render(self) -> str:
        """Return the name: of the lake where there is a schema, else of a temporary view."""
        if self.include_policy.schema and self.schema and self.identifier:
            return lake_name(self.schema, self.identifier)
        return super().render()


class LakeConnections(SparkConnectionManager):
    """Connections that share one session, each at one snapshot of the lake."""

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        """Open a connection; one that is named after a model locks that model's table."""
        if connection.state != ConnectionState.OPEN:
            name = str(connection.name)
            builds = name if name.startswith(("model.", "seed.", "snapshot.")) else ""
            connection.handle = Handle(shared_engine(), builds)
            connection.state = ConnectionState.OPEN
        return connection

    @contextmanager
    def exception_handler(self, sql: str) -> Generator[None, None, None]:
        """Tell errors in words that people can read."""
        try:
            yield
        except DbtRuntimeError:
            raise
        except Exception as error:
            logger.debug(f"Error while running:\n{sql}")
            raise DbtRuntimeError(short(error)) from error

    def cleanup_all(self) -> None:
        """Close all connections and the session."""
        super().cleanup_all()
        close_shared_engine()


class SparkAdapterOnLake(SparkAdapter):
    """What dbt asks of a database, answered by Spark for queries and by the lake for tables.

    What stands before `Adapter` in its name is where dbt looks for the adapter's version.
    """

    Relation = LakeRelation
    ConnectionManager = LakeConnections

    # Seeds are loaded by the lake, with the types that DuckDB's adapter gives them.
    convert_text_type = SQLAdapter.convert_text_type
    convert_number_type = SQLAdapter.convert_number_type
    convert_integer_type = SQLAdapter.convert_integer_type
    convert_datetime_type = SQLAdapter.convert_datetime_type

    @property
    def _handle(self) -> Handle:
        handle: Handle = self.connections.get_thread_connection().handle
        return handle

    # What there is.

    def list_schemas(self, database: str) -> list[str]:
        """Return the lake's schemas."""
        return [
            row[0]
            for row in _lake(
                "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'lake' ORDER BY 1"
            )
        ]

    def check_schema_exists(self, database: str, schema: str) -> bool:
        """Return whether the lake has the schema."""
        return schema in self.list_schemas(database)

    def list_relations_without_caching(self, schema_relation: BaseRelation) -> list[BaseRelation]:
        """Return the tables and views of a schema of the lake."""
        found = _lake(
            f"{relations.KINDS} AND schema_name = ?",
            [schema_relation.schema],
        )
        return [
            self.Relation.create(
                schema=schema_relation.schema, identifier=name, type=RelationType(kind)
            )
            for name, kind in found
        ]

    def get_columns_in_relation(self, relation: BaseRelation) -> list[SparkColumn]:
        """Return the columns of a table of the lake, or of a temporary view of the session."""
        if not relation.include_policy.schema:
            columns = self._handle.columns(str(relation.identifier))
        else:
            columns = [
                (name, spark_of_duckdb(kind))
                for name, kind in _lake(
                    "SELECT column_name, data_type FROM duckdb_columns() WHERE "
                    "database_name = 'lake' AND schema_name = ? AND table_name = ? "
                    "ORDER BY column_index",
                    [relation.schema, relation.identifier],
                )
            ]
        return [SparkColumn(column=name, dtype=kind) for name, kind in columns]

    def parse_columns_from_information(self, relation: BaseRelation) -> list[SparkColumn]:
        """Return the columns for `dbt docs`."""
        return [
            SparkColumn(
                column=column.column,
                dtype=column.dtype,
                column_index=number,
                table_schema=relation.schema,
                table_name=relation.identifier,
                table_type=relation.type,
            )
            for number, column in enumerate(self.get_columns_in_relation(relation))
        ]

    def _get_catalog_schemas(self, relation_configs: Any) -> Any:
        """Return all schemas as of one database, which dbt-spark insists on: sources name it."""
        found = super()._get_catalog_schemas(relation_configs)
        first, *others = list(found)
        for name in others:
            found[first] |= found.pop(name)
        return found

    # What changes.

    def create_schema(self, relation: BaseRelation) -> None:
        """Make a schema in the lake."""
        if not self.check_schema_exists("", str(relation.schema)):
            _write(f"CREATE SCHEMA IF NOT EXISTS lake.{identifier(str(relation.schema))}")

    def drop_schema(self, relation: BaseRelation) -> None:
        """Drop a schema of the lake and all that is in it."""
        _write(f"DROP SCHEMA IF EXISTS lake.{identifier(str(relation.schema))} CASCADE")
        self.cache.drop_schema(None, str(relation.schema))

    @available
    def drop_relation(self, relation: BaseRelation) -> None:
        """Drop a table of the lake, or a temporary view of the session."""
        if not relation.include_policy.schema:
            self._handle.engine.spark.catalog.dropTempView(str(relation.identifier))
            return
        kind = "VIEW" if relation.type == RelationType.View else "TABLE"
        _write(f"DROP {kind} IF EXISTS {_name(relation)}")
        self.cache_dropped(relation)

    def rename_relation(self, from_relation: BaseRelation, to_relation: BaseRelation) -> None:
        """Rename a table of the lake."""
        kind = "VIEW" if from_relation.type == RelationType.View else "TABLE"
        new = identifier(str(to_relation.identifier))
        _write(f"ALTER {kind} {_name(from_relation)} RENAME TO {new}")
        self.cache_renamed(from_relation, to_relation)

    def truncate_relation(self, relation: BaseRelation) -> None:
        """Empty a table of the lake."""
        _write(f"DELETE FROM {_name(relation)}")

    @available
    def alter_columns(
        self,
        relation: BaseRelation,
        add: Sequence[SparkColumn] | None,
        remove: Sequence[SparkColumn] | None,
    ) -> None:
        """Add and drop columns, in the transaction that the new rows come with."""
        from resources.spark.types import lake_type

        for column in add or ():
            kind = lake_type(column.dtype, column.name)
            self._handle.later(
                f"ALTER TABLE {_name(relation)} ADD COLUMN {identifier(column.name)} {kind}"
            )
        for column in remove or ():
            self._handle.later(
                f"ALTER TABLE {_name(relation)} DROP COLUMN {identifier(column.name)}"
            )

    # What models are made with.

    @available
    def build_table(self, relation: BaseRelation, sql: str, required: Sequence[str] = ()) -> int:
        """Make the table anew from a query, in one step for who reads it; return its rows."""
        schema, table = str(relation.schema), str(relation.identifier)
        what = Publication(schema, table, create=True, required=tuple(required))
        with self.connections.exception_handler(sql):
            return self._handle.publish(self._handle.stage(schema, table, sql), what)

    @available
    def stage_rows(
        self, relation: BaseRelation, sql: str, columns: Sequence[SparkColumn], view: str = ""
    ) -> Staged:
        """Write a query's rows, as columns of the table; show them as a temporary view."""
        wanted = [(column.name, column.dtype) for column in columns]
        schema, table = str(relation.schema), str(relation.identifier)
        with self.connections.exception_handler(sql):
            staged = self._handle.stage(schema, table, sql, wanted)
            if view:
                self._handle.show(staged, view)
            return staged

    @available
    def add_rows(
        self,
        relation: BaseRelation,
        staged: Staged,
        before: Sequence[str] = (),
        by: Staged | None = None,
    ) -> int:
        """Add staged rows to the table, after statements that make room; return how many."""
        what = Publication(
            str(relation.schema), str(relation.identifier), before=tuple(before), by=by
        )
        with self.connections.exception_handler(str(relation)):
            return self._handle.publish(staged, what)

    @available
    def load_seed(
        self, relation: BaseRelation, path: str, columns: Sequence[Sequence[str]], delimiter: str
    ) -> None:
        """Make the table anew from a CSV file, with these names and DuckDB types."""
        body = ", ".join(f"{identifier(name)} {kind}" for name, kind in columns)
        with self.connections.exception_handler(path):
            _write(
                f"CREATE OR REPLACE TABLE {_name(relation)} ({body})",
                f"COPY {_name(relation)} FROM {literal(path)} "
                f"(FORMAT CSV, HEADER TRUE, DELIMITER {literal(delimiter)})",
            )

    @available
    def in_lake(self, relation: BaseRelation) -> str:
        """Return how a statement of the lake's own names the table."""
        return _name(relation)


def _name(relation: BaseRelation) -> str:
    return f"lake.{identifier(str(relation.schema))}.{identifier(str(relation.identifier))}"


def _lake(sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with shared_warehouse().reading() as connection:
        return connection.execute(sql, list(values)).fetchall()


def _write(*statements: str) -> None:
    with shared_warehouse().write("dbt") as connection:
        for statement in statements:
            connection.execute(statement)

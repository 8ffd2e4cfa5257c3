"""Tables of the lake as views of a Spark session: each at one snapshot, read by the executors.

What belongs here: files, deleted rows and later columns as one relation, and the views' names in
SQL. What does not: which files there are (`lake_catalog`), writing (`publish`).

A statement names a table as `` `schema.table` ``, in back quotes and with the dot inside; what
Spark gets to see is `` `schema.table@snapshot` ``, a temporary view. So a statement reads one state
of the lake, whoever writes meanwhile, and two threads of one session may read two.
"""

import re
import threading
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING
from uuid import uuid4

import duckdb
import pyarrow as pa

from resources.errors import PlatformError
from resources.spark.lake_catalog import (
    MOMENT,
    DataFile,
    Group,
    LakeTable,
    lake_table,
    newest_snapshot,
)
from resources.spark.publish import new_folder, read_path, remove, spark_path
from resources.spark.types import as_spark, quoted, read_type, spark_type
from resources.warehouse import Warehouse
from resources.warehouse.connection import identifier, literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_NAME = re.compile(r"`([A-Za-z_]\w*)\.([^`@]+)`")


def lake_name(schema: str, table: str) -> str:
    """Return how a statement for Spark names a table of the lake."""
    return f"`{schema}.{table}`"


class LakeViews:
    """The views of lake tables in one session.

    Args:
        spark: the session.
        warehouse: the lake.
    """

    def __init__(self, spark: "SparkSession", warehouse: Warehouse) -> None:
        self.spark = spark
        self.warehouse = warehouse
        self._guard = threading.Lock()
        self._views: dict[LakeTable, str] = {}
        self._known: dict[tuple[str, str, int], str] = {}
        self._copies: list[str] = []

    def snapshot(self) -> int:
        """Return the newest snapshot of the lake."""
        with self.warehouse.reading() as connection:
            return newest_snapshot(connection)

    def resolve(self, sql: str, snapshot: int) -> str:
        """Return the statement with the views that stand for its tables; they exist then.

        Raises:
            PlatformError: a table has a column that Spark can't read.
        """
        return _NAME.sub(lambda found: self.view(found[1], found[2], snapshot) or found[0], sql)

    def view(self, schema: str, table: str, snapshot: int) -> str | None:
        """Return the quoted name of the table's view; None if the lake has no such table."""
        key = (schema, table, snapshot)
        with self._guard:
            if key not in self._known:
                with self.warehouse.reading() as connection:
                    made = self._make(connection, schema, table, snapshot)
                if made is None:
                    return None
                self._known[key] = made
            return self._known[key]

    def close(self) -> None:
        """Remove what was copied for the session."""
        remove(self.warehouse, self._copies)
        self._copies.clear()

    def _make(
        self, connection: duckdb.DuckDBPyConnection, schema: str, table: str, snapshot: int
    ) -> str | None:
        found = lake_table(connection, schema, table, snapshot)
        if found is None:
            return self._make_of_view(connection, schema, table, snapshot)
        for column in found.columns:
            spark_type(column.type, column.name)  # or say that there is none
        if found not in self._views:
            inlined = connection.execute(found.inlined).to_arrow_table() if found.inlined else None
            name = f"{schema}.{table}@{snapshot}"
            frame(self.spark, found, inlined).createOrReplaceTempView(quoted(name))
            self._views[found] = quoted(name)
        return self._views[found]

    def _make_of_view(
        self, connection: duckdb.DuckDBPyConnection, schema: str, table: str, snapshot: int
    ) -> str | None:
        """Copy the rows of a view of the lake's: its SQL is DuckDB's, and only DuckDB reads it."""
        is_view = connection.execute(
            "SELECT count(*) FROM duckdb_views() WHERE database_name = 'lake' "
            "AND schema_name = ? AND view_name = ?",
            [schema, table],
        ).fetchone()
        if not is_view or not is_view[0]:
            return None
        path = f"{new_folder(self.warehouse, 'views', uuid4().hex)}.parquet"
        view = f"lake.{identifier(schema)}.{identifier(table)}"
        connection.execute(f"COPY (SELECT * FROM {view}) TO {literal(path)} (FORMAT parquet)")
        self._copies.append(path)
        name = quoted(f"{schema}.{table}@{snapshot}")
        self.spark.read.parquet(read_path(path)).createOrReplaceTempView(name)
        return name


def frame(spark: "SparkSession", table: LakeTable, inlined: pa.Table | None = None) -> "DataFrame":
    """Return the table's rows as a relation of Spark's, with the table's columns and types.

    Args:
        inlined: the rows that the lake's catalog itself keeps.
    """
    parts = [part for group in table.groups for part in _parts(spark, table, group)]
    if inlined is not None:
        parts.append(_select(spark.createDataFrame(inlined), table, _inlined_values(table)))
    if not parts:
        schema = ", ".join(f"{quoted(c.name)} {spark_type(c.type, c.name)}" for c in table.columns)
        return spark.createDataFrame([], schema)
    return reduce(lambda one, other: one.unionAll(other), parts)


def _parts(spark: "SparkSession", table: LakeTable, group: Group) -> list["DataFrame"]:
    """Return a relation for the files of which all rows count, and one for the others."""
    whole = [f for f in group.files if not (f.deletes or f.gone or f.merged)]
    others = [f for f in group.files if f.deletes or f.gone or f.merged]
    parts = []
    if whole:
        parts.append(_select(_read(spark, group, whole), table, _values(table, group)))
    if others:
        parts.append(_select(_live(spark, table, group, others), table, _values(table, group)))
    return parts


def _read(
    spark: "SparkSession", group: Group, files: Sequence[DataFile], moment: bool = False
) -> "DataFrame":
    origins = [o for o in group.origins if o.name is not None]
    schema = [f"{quoted(o.name or '')} {read_type(o.type, o.name or '')}" for o in origins]
    if moment:
        schema.append(f"{MOMENT} bigint")
    reader = spark.read.schema(", ".join(schema))
    folders = [o.name or "" for o in origins if o.folder]
    if folders:
        first = re.compile("/(?:" + "|".join(re.escape(f) for f in folders) + ")=")
        bases = {spark_path(first.split(file.path)[0]) for file in files}
        parts = [
            reader.option("basePath", base).parquet(
                *[read_path(f.path) for f in files if spark_path(f.path).startswith(f"{base}/")]
            )
            for base in sorted(bases)
        ]
        return reduce(lambda one, other: one.unionAll(other), parts)
    return reader.parquet(*[read_path(file.path) for file in files])


def _live(
    spark: "SparkSession", table: LakeTable, group: Group, files: Sequence[DataFile]
) -> "DataFrame":
    """Return the rows of files that are there at the snapshot: come by then, and not deleted."""
    from pyspark.sql import functions as f

    names = [file.path.rpartition("/")[2] for file in files]
    if len(set(names)) < len(names):
        raise PlatformError(
            f"{table.schema}.{table.name} has several data files of one name, with deleted rows.",
            hint="Rewrite it: CALL ducklake_rewrite_data_files('lake', …).",
        )
    rows = _read(spark, group, files, moment=True)
    rows = rows.where(f.coalesce(f.col(MOMENT), f.lit(0)) <= table.snapshot)
    gone = _gone(spark, table, files)
    if gone is None:
        return rows
    placed = rows.select(
        "*",
        f.col("_metadata.file_name").alias("__lake_file"),
        f.col("_metadata.row_index").alias("__lake_position"),
    )
    return placed.join(gone, ["__lake_file", "__lake_position"], "left_anti")


def _gone(spark: "SparkSession", table: LakeTable, files: Sequence[DataFile]) -> "DataFrame | None":
    """Return file name and position of the deleted rows of files."""
    from pyspark.sql import functions as f

    parts = []
    deletes = [read_path(file.deletes) for file in files if file.deletes]
    if deletes:
        reader = spark.read.schema(f"file_path string, pos bigint, {MOMENT} bigint")
        found = reader.parquet(*deletes).where(
            f.coalesce(f.col(MOMENT), f.lit(0)) <= table.snapshot
        )
        name = f.substring_index("file_path", "/", -1).alias("__lake_file")
        parts.append(found.select(name, f.col("pos").alias("__lake_position")))
    kept = [(file.path.rpartition("/")[2], position) for file in files for position in file.gone]
    if kept:
        parts.append(spark.createDataFrame(kept, "__lake_file string, __lake_position bigint"))
    return reduce(lambda one, other: one.unionAll(other), parts) if parts else None


def _values(table: LakeTable, group: Group) -> list[tuple[str | None, str]]:
    """Return of each column of the table its SQL in this group; or None and its default."""
    values: list[tuple[str | None, str]] = []
    for column, origin in zip(table.columns, group.origins, strict=True):
        if origin.name is None:
            values.append((None, origin.default or ""))
        else:
            sql = as_spark(quoted(origin.name), origin.type, column.type, column.name)
            values.append((sql, ""))
    return values


def _inlined_values(table: LakeTable) -> list[tuple[str | None, str]]:
    return [(f"cast({quoted(c.name)} as {spark_type(c.type, c.name)})", "") for c in table.columns]


def _select(
    rows: "DataFrame", table: LakeTable, values: Sequence[tuple[str | None, str]]
) -> "DataFrame":
    from pyspark.sql import functions as f

    chosen = [
        (f.expr(sql) if sql is not None else f.lit(default or None))
        .cast(spark_type(column.type, column.name))
        .alias(column.name)
        for column, (sql, default) in zip(table.columns, values, strict=True)
    ]
    return rows.select(*chosen)

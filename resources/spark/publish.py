"""What Spark built becomes part of the lake: files first, then one transaction that shows them.

What belongs here: folders for new files, staging the rows of a statement there, the transaction.
What does not: what is built (`dbt_adapter`), reading (`lake_views`).
"""

import os
import re
import shutil
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import duckdb

from resources import object_store
from resources.errors import PlatformError
from resources.spark.types import lake_type, named, quoted
from resources.warehouse import Warehouse
from resources.warehouse.connection import identifier, literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FRESH = "fresh_rows"  # how a statement of `publish` names the rows that were staged


@dataclass(frozen=True)
class Staged:
    """Rows that Spark wrote below the lake's data path, of which no table knows yet.

    Attributes:
        folder: of the files.
        files: those with rows.
        columns: name and Spark type of each column.
        rows: how many there are.
    """

    folder: str
    files: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    rows: int


def new_folder(warehouse: Warehouse, *names: str) -> str:
    """Return the path of a folder for new files, below the lake's data path, in one that is."""
    folder = "/".join([warehouse.data_path, "spark", *names])
    if not object_store.is_object_store(folder):
        Path(folder).parent.mkdir(parents=True, exist_ok=True)
    return folder


def spark_path(path: str) -> str:
    """Return a path of the lake as Spark's file systems call it."""
    if path.startswith("s3://"):
        return "s3a://" + path.removeprefix("s3://")
    return path if "://" in path else f"file://{path}"


def read_path(path: str) -> str:
    """Return a path of the lake as Spark reads it: for its reader, a path is a pattern."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", spark_path(path))


def stage(warehouse: Warehouse, rows: "DataFrame", schema: str, table: str) -> Staged:
    """Have the executors write rows to new files; remove what a failure leaves.

    Raises:
        PlatformError: the executors' files are not where this process looks.
    """
    folder = new_folder(warehouse, f"{schema}.{table}", uuid4().hex)
    rows = typed(rows, columns_of(rows))
    try:
        rows.write.parquet(spark_path(folder))
        columns = columns_of(rows)
        counted = _count(warehouse, folder)
        files = tuple(path for path, count in counted if count)
        return Staged(folder, files, columns, sum(count for _, count in counted))
    except BaseException:
        remove(warehouse, [folder])
        raise


def columns_of(rows: "DataFrame") -> tuple[tuple[str, str], ...]:
    """Return name and type of each column; what is nothing but NULL is an int, as for DuckDB."""
    found = ((f.name, named(f.dataType.simpleString())) for f in rows.schema.fields)
    return tuple((name, "int" if kind == "void" else kind) for name, kind in found)


def _count(warehouse: Warehouse, folder: str) -> list[tuple[str, int]]:
    """Return the files of a folder and the rows of each, from their footers alone."""
    with warehouse.reading() as connection:
        try:
            found = connection.execute(
                "SELECT file_name, num_rows FROM "
                f"parquet_file_metadata({literal(f'{folder}/part-*.parquet')}) ORDER BY ALL"
            ).fetchall()
        except duckdb.IOException as error:
            raise PlatformError(
                f"Spark wrote to {folder}, but no file is there: {error}",
                hint="The lake's data path must be one folder for this machine and all executors:"
                " a shared mount, or an object store.",
            ) from error
    return [(str(path), int(count)) for path, count in found]


@dataclass(frozen=True)
class Publication:
    """What one transaction does with staged rows.

    Attributes:
        schema, table: the table that gets them.
        create: make the table anew, with the columns of the staged rows.
        required: columns of a new table that are never NULL.
        before: statements that make room, in DuckDB's SQL; `fresh_rows` are the rows of `by`.
        by: the staged rows that they see; the staged rows themselves where None.
    """

    schema: str
    table: str
    create: bool = False
    required: Sequence[str] = ()
    before: Sequence[str] = ()
    by: Staged | None = None


def publish(
    warehouse: Warehouse, staged: Staged, what: Publication, changes: Sequence[str] = ()
) -> int:
    """Show the staged rows, all or none; return how many.

    Args:
        changes: statements that change the table's columns first.

    Raises:
        PlatformError: a column that is never NULL is.
        UncertainCommit: nobody knows whether they are shown.
    """
    try:
        with warehouse.write(what.table) as connection:
            try:
                _write(connection, staged, what, changes)
            except BaseException:  # before the commit: nothing will ever name these files
                remove(warehouse, [staged.folder])
                raise
    finally:
        if what.by is not None:
            remove(warehouse, [what.by.folder])
    tidy(warehouse, staged)
    return staged.rows


def _write(
    connection: duckdb.DuckDBPyConnection, staged: Staged, what: Publication, changes: Sequence[str]
) -> None:
    name = f"lake.{identifier(what.schema)}.{identifier(what.table)}"
    required = what.required if what.create else _required(connection, what)
    _check(connection, staged, required)
    if what.create:
        _drop_view(connection, what)
        connection.execute(f"CREATE OR REPLACE TABLE {name} ({_ddl(staged, required)})")
    else:
        _register(connection, what.by or staged)
        for statement in (*changes, *what.before):
            connection.execute(statement)
    for file in staged.files:
        connection.execute(
            f"CALL ducklake_add_data_files('lake', {literal(what.table)}, {literal(file)}, "
            f"schema => {literal(what.schema)})"
        )


def _ddl(staged: Staged, required: Iterable[str]) -> str:
    never = {name.lower() for name in required}
    return ", ".join(
        f"{identifier(name)} {lake_type(kind, name)}{' NOT NULL' if name.lower() in never else ''}"
        for name, kind in staged.columns
    )


def _register(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Let statements name the staged rows: by a temporary view, for their files alone."""
    if staged.files:
        files = "[" + ", ".join(literal(file) for file in staged.files) + "]"
        rows = f"SELECT * FROM read_parquet({files}, hive_partitioning = false)"
    else:
        columns = ", ".join(
            f"CAST(NULL AS {lake_type(kind, name)}) AS {identifier(name)}"
            for name, kind in staged.columns
        )
        rows = f"SELECT {columns} LIMIT 0"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {FRESH} AS {rows}")


def _drop_view(connection: duckdb.DuckDBPyConnection, what: Publication) -> None:
    """Make room where DuckDB built a view: on Spark, it becomes a table."""
    found = connection.execute(
        "SELECT count(*) FROM duckdb_views() WHERE database_name = 'lake' "
        "AND schema_name = ? AND view_name = ?",
        [what.schema, what.table],
    ).fetchone()
    if found and found[0]:
        connection.execute(f"DROP VIEW lake.{identifier(what.schema)}.{identifier(what.table)}")


def _required(connection: duckdb.DuckDBPyConnection, what: Publication) -> list[str]:
    """Return the columns of an existing table that are never NULL."""
    return [
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = 'lake' "
            "AND schema_name = ? AND table_name = ? AND NOT is_nullable",
            [what.schema, what.table],
        ).fetchall()
    ]


def _check(connection: duckdb.DuckDBPyConnection, staged: Staged, required: Iterable[str]) -> None:
    """Make sure, by the files' footers, that required columns hold no NULL: adding doesn't."""
    never = [name.lower() for name in required]
    if not never or not staged.files:
        return
    files = "[" + ", ".join(literal(file) for file in staged.files) + "]"
    found = connection.execute(
        "SELECT path_in_schema, sum(stats_null_count) "
        f"FROM parquet_metadata({files}) WHERE list_contains(?, lower(path_in_schema)) "
        "AND (stats_null_count IS NULL OR stats_null_count > 0) GROUP BY ALL ORDER BY ALL",
        [never],
    ).fetchall()
    if found:
        column, nulls = found[0]
        raise PlatformError(
            f"NOT NULL constraint failed: {nulls or 'some'} rows have no value in {column!r}.",
            hint="Mend the model, or take the constraint out of its contract.",
        )


def staged_frame(spark: "SparkSession", staged: Staged) -> "DataFrame":
    """Return staged rows as a relation of Spark's."""
    schema = ", ".join(f"{quoted(name)} {kind}" for name, kind in staged.columns)
    if not staged.files:
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(*[read_path(file) for file in staged.files])


def typed(rows: "DataFrame", columns: Sequence[tuple[str, str]]) -> "DataFrame":
    """Return rows with these columns and Spark types, in this order."""
    return rows.selectExpr(*[f"cast({quoted(n)} as {t}) as {quoted(n)}" for n, t in columns])


def tidy(warehouse: Warehouse, staged: Staged) -> None:
    """Remove what lies beside published files: the writer's marks and files without rows."""
    if object_store.is_object_store(warehouse.data_path):
        _delete(warehouse.data_path, staged.folder, keep=staged.files)
        return
    folder = Path(staged.folder)
    for file in folder.iterdir():
        if str(file) not in staged.files:
            file.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()  # nothing was in it


def remove(warehouse: Warehouse, paths: Iterable[str]) -> None:
    """Remove files or folders below the lake's data path; that one is gone already is no error."""
    root = warehouse.data_path
    for path in paths:
        if object_store.is_object_store(root):
            _delete(root, path)
        elif os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            Path(path).unlink(missing_ok=True)


def _delete(root: str, path: str, keep: Collection[str] = ()) -> None:
    """Delete what an object store has below a path."""
    import obstore

    store = object_store.store(root)
    with object_store.explained(root):
        for batch in obstore.list(store, prefix=path[len(root) + 1 :]):
            names = [o["path"] for o in batch if f"{root}/{o['path']}" not in keep]
            if names:
                obstore.delete(store, names)

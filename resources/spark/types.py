"""The types of the lake and of Spark: which is which, and how a Parquet file holds them.

What belongs here: names of types, and the SQL that makes one of another. What does not: tables
(`lake_catalog`, `lake_views`).
"""

import re
from dataclasses import dataclass

from resources.errors import PlatformError

# Of a type in the lake's catalog: Spark's type, and the type that Spark reads from a Parquet file
# where that is another one.
_PLAIN = {
    "varchar": ("string", None),
    "json": ("string", None),
    "boolean": ("boolean", None),
    "int8": ("tinyint", None),
    "int16": ("smallint", None),
    "int32": ("int", None),
    "int64": ("bigint", None),
    "int128": ("decimal(38,0)", "double"),
    "uint8": ("smallint", None),
    "uint16": ("int", None),
    "uint32": ("bigint", None),
    "uint64": ("decimal(20,0)", None),
    "float32": ("float", None),
    "float64": ("double", None),
    "date": ("date", None),
    "timestamp": ("timestamp_ntz", None),
    "timestamp_s": ("timestamp_ntz", None),
    "timestamp_ms": ("timestamp_ntz", None),
    "timestamptz": ("timestamp_ltz", None),
    "uuid": ("string", "binary"),
    "blob": ("binary", None),
}
_LAKE = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp_ntz": "TIMESTAMP",
    "timestamp_ltz": "TIMESTAMP WITH TIME ZONE",
    "binary": "BLOB",
    "void": "INTEGER",  # what DuckDB makes of a column of nothing but NULL
}


@dataclass(frozen=True)
class Column:
    """A column of a lake table.

    Attributes:
        name: as the table has it.
        type: in the notation of the lake's catalog: `int64`, `decimal(18,2)`.
    """

    name: str
    type: str


def spark_type(lake_type: str, column: str) -> str:
    """Return Spark's type of a column of the lake.

    Raises:
        PlatformError: Spark has none.
    """
    return _both(lake_type, column)[0]


def read_type(lake_type: str, column: str) -> str:
    """Return the type with which Spark reads such a column from a Parquet file."""
    spark, read = _both(lake_type, column)
    return read or spark


def _both(lake_type: str, column: str) -> tuple[str, str | None]:
    if lake_type.startswith("decimal"):
        return lake_type, None
    if lake_type not in _PLAIN:
        raise PlatformError(
            f"Column {column!r} is of type {lake_type}, which Spark can't read from the lake.",
            hint="Cast it to text where the table is made, or unset PLATFORM_SPARK_URL.",
        )
    return _PLAIN[lake_type]


def as_spark(sql: str, read_from: str, wanted: str, column: str) -> str:
    """Return the Spark SQL of a value that a file holds as `read_from`, as the column's type.

    Args:
        sql: the value, as `read_type` gives it.
        read_from, wanted: types in the notation of the lake's catalog.
    """
    value = _uuid(sql) if read_from == "uuid" else sql
    target = spark_type(wanted, column)
    return value if read_type(read_from, column) == target else f"cast({value} as {target})"


def _uuid(sql: str) -> str:
    pattern = "^(.{8})(.{4})(.{4})(.{4})(.{12})$"
    return f"regexp_replace(lower(hex({sql})), '{pattern}', '$1-$2-$3-$4-$5')"


def lake_type(spark: str, column: str) -> str:
    """Return the DuckDB type of a Spark column, for a table of the lake.

    Raises:
        PlatformError: the lake has none for what comes out of Spark.
    """
    if re.fullmatch(r"decimal\(\d+,\d+\)", spark):
        return spark.upper()
    if spark not in _LAKE:
        raise PlatformError(
            f"Column {column!r} is of Spark's type {spark}, which the lake can't hold.",
            hint="Cast it in the model, to text for one.",
        )
    return _LAKE[spark]


def spark_of_duckdb(kind: str) -> str:
    """Return Spark's type for a DuckDB type, as `duckdb_columns()` names it; else text."""
    if kind.startswith("DECIMAL"):
        return kind.lower()
    names = {duck: spark for spark, duck in _LAKE.items() if spark != "void"}
    names |= {"HUGEINT": "decimal(38,0)", "UBIGINT": "decimal(20,0)", "UINTEGER": "bigint"}
    return names.get(kind, "string")


def named(simple: str) -> str:
    """Return the name of a type as SQL here has it: `timestamp` alone means one without a zone."""
    return "timestamp_ltz" if simple == "timestamp" else simple


def quoted(name: str) -> str:
    """Return `name` as a quoted identifier of Spark's."""
    return "`" + name.replace("`", "``") + "`"

"""What differs between databases: their columns, how a value is asked for, literals, names.

What belongs here: SQL of SQLite, PostgreSQL and MySQL/MariaDB, sent to the source through
DuckDB's scanners. What does not: any other database (`database_stream`), casts to the raw type
(`resources.warehouse.extract_cast`). Names and values are data: each is quoted here, nowhere else.
"""

import re
from dataclasses import replace
from typing import ClassVar, Literal

import sqlalchemy

from platform_assets.ingestion.database_columns import (
    TIMESTAMPTZ,
    Dialect,
    Order,
    SourceColumn,
    decimal,
    numbers,
)


class Sqlite:
    """SQLite: any value in any column, so every value is asked for as text."""

    scanner: Literal["sqlite"] = "sqlite"

    def columns(
        self, connection: sqlalchemy.Connection, schema: str | None, table: str
    ) -> list[SourceColumn]:
        """Return the columns by their declared types."""
        rows = connection.execute(
            sqlalchemy.text('SELECT name, type, hidden, pk, "notnull" FROM pragma_table_xinfo(:t)'),
            {"t": table},
        )
        return [
            replace(self._column(name, kind), key=pk > 0, nullable=not filled)
            for name, kind, hidden, pk, filled in rows
            if hidden != 1
        ]

    def _column(self, name: str, declared: str) -> SourceColumn:
        kind, q = declared.upper(), self.quote(name)
        type_ = self._type(kind)
        shown = f"CAST({q} AS TEXT)"
        exact = f"printf('%!.20g', {q})"
        if type_ == "BLOB":
            read = f"CASE WHEN {q} IS NOT NULL THEN hex({q}) END"
        else:
            real = f"CASE WHEN CAST({shown} AS REAL) = {q} THEN {shown} ELSE {exact} END"
            if type_ == "DOUBLE":
                real = exact
            elif type_.startswith("DECIMAL"):
                real = shown  # 15 digits: 0.99, not 0.98999999999999999
            read = (
                f"CASE typeof({q}) WHEN 'real' THEN {real} "
                f"WHEN 'blob' THEN 'x''' || hex({q}) || '''' ELSE {shown} END"
            )
        order: Order = "number" if type_ in ("BIGINT", "DOUBLE") or "DEC" in type_ else "loose"
        return SourceColumn(
            name,
            declared or "(none)",
            type_,
            read,
            order,
            hex=type_ == "BLOB",
            zone_unknown=type_ == "TIMESTAMP",
        )

    @staticmethod
    def _type(kind: str) -> str:
        if re.match(r"(DEC|NUM)", kind):
            size = numbers(kind)
            return decimal(size[0] if size else None, size[1] if len(size) > 1 else 0)
        for pattern, type_ in (
            (r"INT(?!ERVAL)", "BIGINT"),
            (r"BOOL", "BOOLEAN"),
            (r"DATETIME|TIMESTAMP", "TIMESTAMP"),
            (r"^DATE", "DATE"),
            (r"^TIME", "TIME"),
            (r"CHAR|CLOB|TEXT", "VARCHAR"),
            (r"BLOB|BINARY", "BLOB"),
            (r"REAL|FLOA|DOUB", "DOUBLE"),
        ):
            if re.search(pattern, kind):
                return type_
        return "VARCHAR"

    def quote(self, name: str) -> str:
        """Return a name as an identifier."""
        return '"' + name.replace('"', '""') + '"'

    def literal(self, order: Order, text: str) -> str:
        """Return a cursor's value: a number as it is, anything else as text."""
        if order == "number":
            return text
        return f"CAST(X'{text.encode().hex()}' AS TEXT)"

    def ordered(self, column: SourceColumn) -> str:
        """Return the column compared by bytes."""
        return f"{self.quote(column.name)} COLLATE BINARY"


class Postgresql:
    """PostgreSQL: typed values in binary, but numerics as text: binary loses NaN and long ones."""

    scanner: Literal["postgres"] = "postgres"
    _COLUMNS = """
        SELECT a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
               CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
                    ELSE format_type(a.atttypid, a.atttypmod) END,
               b.typtype, b.typcategory,
               EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary
                       AND a.attnum = ANY (i.indkey))
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_type t ON t.oid = a.atttypid
        JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
        WHERE n.nspname = :s AND c.relname = :t AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum"""
    _NATIVE: ClassVar[dict[str, tuple[str, str]]] = {
        "real": ("FLOAT", "number"),
        "double precision": ("DOUBLE", "number"),
        "boolean": ("BOOLEAN", "number"),
        "date": ("DATE", "date"),
        "uuid": ("UUID", "text"),
        "bytea": ("BLOB", "text"),
        "text": ("VARCHAR", "text"),
        "character varying": ("VARCHAR", "text"),
        "timestamp without time zone": ("TIMESTAMP", "time"),
        "timestamp with time zone": (TIMESTAMPTZ, "time"),
        "time without time zone": ("TIME", "text"),
    }

    def columns(
        self, connection: sqlalchemy.Connection, schema: str | None, table: str
    ) -> list[SourceColumn]:
        """Return the columns; a domain is read as the type below it."""
        rows = connection.execute(
            sqlalchemy.text(self._COLUMNS), {"s": schema or "public", "t": table}
        )
        return [
            replace(self._column(name, shown, nullable, base, kind, category), key=key)
            for name, shown, nullable, base, kind, category, key in rows
        ]

    def _column(
        self, name: str, shown: str, nullable: bool, base: str, kind: str, category: str
    ) -> SourceColumn:
        q, plain = self.quote(name), re.sub(r"\([^)]*\)", "", base)
        type_, read, order = "VARCHAR", f"{q}::text", "text"
        if plain in ("smallint", "integer", "bigint", "oid"):
            type_, read, order = "BIGINT", f"{q}::bigint", "number"
        elif plain == "numeric":
            size = numbers(base)
            type_, order = decimal(*(size or (None, None))), "number"
        elif plain == "money":
            type_, read, order = "DECIMAL(19,4)", f"{q}::numeric::text", "number"
        elif category == "A" or kind == "c":
            read = f"to_json({q})::text"
        elif plain in self._NATIVE:
            (type_, order), read = self._NATIVE[plain], q
        return SourceColumn(name, shown, type_, read, order, nullable)  # type: ignore[arg-type]

    def quote(self, name: str) -> str:
        """Return a name as an identifier."""
        return '"' + name.replace('"', '""') + '"'

    def literal(self, order: Order, text: str) -> str:
        """Return a cursor's value; text in a form that no server setting reads differently."""
        if order == "number":
            return text
        return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def ordered(self, column: SourceColumn) -> str:
        """Return the column compared by bytes."""
        collated = column.order == "text" and column.type == "VARCHAR"
        return (
            f'{self.quote(column.name)}::text COLLATE "C"' if collated else self.quote(column.name)
        )


class MySql:
    """MySQL and MariaDB: dates and decimals as text: binary turns a zero date into NULL."""

    scanner: Literal["mysql"] = "mysql"
    _COLUMNS = """
        SELECT column_name, column_type, data_type, is_nullable, numeric_precision, numeric_scale,
               column_key = 'PRI'
        FROM information_schema.columns
        WHERE table_schema = coalesce(:s, database()) AND table_name = :t
        ORDER BY ordinal_position"""

    def columns(
        self, connection: sqlalchemy.Connection, schema: str | None, table: str
    ) -> list[SourceColumn]:
        """Return the columns."""
        rows = connection.execute(sqlalchemy.text(self._COLUMNS), {"s": schema, "t": table})
        return [
            replace(
                self._column(name, shown, kind, size, scale), nullable=null == "YES", key=bool(key)
            )
            for name, shown, kind, null, size, scale, key in rows
        ]

    def _column(
        self, name: str, shown: str, kind: str, size: int | None, scale: int | None
    ) -> SourceColumn:
        q, shown, kind = self.quote(name), shown.lower(), kind.lower()
        type_, read, order = "VARCHAR", f"CONVERT({q} USING utf8mb4)", "text"
        if shown.startswith(("tinyint(1)", "bit(1)")):
            type_, read, order = "BOOLEAN", f"CAST({q} + 0 AS CHAR)", "number"
        elif kind == "bit" or (kind == "bigint" and "unsigned" in shown):
            type_, read, order = "UBIGINT", f"CAST({q} AS UNSIGNED)", "number"
        elif kind in ("tinyint", "smallint", "mediumint", "int", "bigint", "year"):
            type_, read, order = "BIGINT", f"CAST({q} AS SIGNED)", "number"
        elif kind == "decimal":
            type_, read, order = decimal(size, scale), f"CAST({q} AS CHAR)", "number"
        elif kind in ("float", "double"):
            type_, read, order = kind.upper(), q, "number"
        elif kind == "date":
            type_, read, order = "DATE", f"CAST({q} AS CHAR)", "date"
        elif kind in ("datetime", "timestamp"):
            type_ = "TIMESTAMP" if kind == "datetime" else TIMESTAMPTZ
            read, order = f"CAST({q} AS CHAR)", "time"
        elif kind.endswith(("binary", "blob")):
            type_, read = "BLOB", q
        elif kind in ("geometry", "point", "polygon", "linestring") or kind.startswith(
            ("multi", "geometrycoll", "geomcoll")
        ):
            read = f"ST_AsText({q})"
        elif kind in ("time", "uuid", "inet4", "inet6", "json"):
            read = f"CAST({q} AS CHAR)"
        return SourceColumn(name, shown, type_, read, order)  # type: ignore[arg-type]

    def quote(self, name: str) -> str:
        """Return a name as an identifier."""
        return "`" + name.replace("`", "``") + "`"

    def literal(self, order: Order, text: str) -> str:
        """Return a cursor's value; text as bytes, which no server setting reads differently."""
        if order == "number":
            return text
        if order in ("time", "date"):
            return "'" + re.sub(r"[^0-9:. -]", "", text) + "'"
        return f"X'{text.encode().hex()}'"

    def ordered(self, column: SourceColumn) -> str:
        """Return the column compared by bytes."""
        name = self.quote(column.name)
        if column.order != "text":
            return name
        return f"CAST(CONVERT({name} USING utf8mb4) AS BINARY)"


DIALECTS: dict[str, Dialect] = {
    "sqlite": Sqlite(),
    "postgresql": Postgresql(),
    "mysql": MySql(),
    "mariadb": MySql(),
}

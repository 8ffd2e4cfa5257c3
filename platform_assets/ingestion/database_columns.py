"""What a column of a source is, and what a dialect must tell of it: the readers' vocabulary."""

import re
from dataclasses import dataclass
from typing import Literal, Protocol

import sqlalchemy

Order = Literal["number", "time", "date", "text", "loose"]
ANY_DECIMAL = "DECIMAL(38,9)"  # for a numeric without a declared precision
TIMESTAMPTZ = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True)
class SourceColumn:
    """One column of a source's table.

    Attributes:
        name: name in the source.
        source_type: type as the source spells it.
        type: DuckDB type that holds each of its values.
        read: SQL in the source's dialect that gives the value so that nothing of it is lost.
        order: how the source compares values; `loose` where it depends on the value.
        nullable: whether it may be NULL.
        key: whether it belongs to the primary key.
        hex: `read` gives the bytes in hexadecimal.
        zone_unknown: a time whose text may or may not name its zone.
    """

    name: str
    source_type: str
    type: str
    read: str
    order: Order
    nullable: bool = True
    key: bool = False
    hex: bool = False
    zone_unknown: bool = False


class Dialect(Protocol):
    """What the platform needs to know of a database to read it through a scanner."""

    @property
    def scanner(self) -> Literal["sqlite", "postgres", "mysql"]:
        """The DuckDB scanner that reads it."""
        ...

    def columns(
        self, connection: sqlalchemy.Connection, schema: str | None, table: str
    ) -> list[SourceColumn]:
        """Return the columns of a table that exists."""
        ...

    def quote(self, name: str) -> str:
        """Return a name as an identifier."""
        ...

    def literal(self, order: Order, text: str) -> str:
        """Return a cursor's value as a literal."""
        ...

    def ordered(self, column: SourceColumn) -> str:
        """Return a column so that it compares by its bytes, whatever its collation."""
        ...


def decimal(precision: int | None, scale: int | None) -> str:
    """Return the DECIMAL that holds a source's NUMERIC(precision, scale), at most 38 digits."""
    if precision is None:
        return ANY_DECIMAL
    places = scale or 0
    if places < 0:
        precision, places = precision - places, 0
    return f"DECIMAL({min(max(precision, places, 1), 38)},{min(places, 38)})"


def numbers(text: str) -> list[int]:
    """Return the numbers in the parentheses of a type: `NUMERIC(10, 2)` gives 10 and 2."""
    inside = re.search(r"\(([^)]*)\)", text)
    return [int(n) for n in re.findall(r"-?\d+", inside.group(1))] if inside else []

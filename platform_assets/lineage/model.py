"""The words that lineage is told in: columns, edges between them, and what is not known.

What belongs here: values without behaviour that everybody who reads lineage shares. What does not:
how edges are found (`columns`), and which statements there are (`project`). The kinds and subtypes
of edges are OpenLineage's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

DIRECT, INDIRECT = "DIRECT", "INDIRECT"

# A direct edge carries values: as they are, changed, or many put together.
IDENTITY, TRANSFORMATION, AGGREGATION = "IDENTITY", "TRANSFORMATION", "AGGREGATION"
# An indirect edge decides which rows there are, which belong together, or which value is taken.
JOIN, GROUP_BY, FILTER, SORT = "JOIN", "GROUP_BY", "FILTER", "SORT"
WINDOW, CONDITIONAL = "WINDOW", "CONDITIONAL"

DIRECT_SUBTYPES = (IDENTITY, TRANSFORMATION, AGGREGATION)
INDIRECT_SUBTYPES = (JOIN, GROUP_BY, FILTER, SORT, WINDOW, CONDITIONAL)


@dataclass(frozen=True, order=True)
class Source:
    """A column of a table, or a part of it.

    Attributes:
        table: `schema.name` in the warehouse, in lower case.
        column: "" is the whole table: its rows count, no column of it does.
        path: within a JSON or struct column, from its root: `properties.price`.
    """

    table: str
    column: str
    path: str = ""

    @property
    def name(self) -> str:
        """The column as a person names it: its path, where it has one."""
        return self.path or self.column


@dataclass(frozen=True, order=True)
class Edge:
    """That an output rests on a source, and how.

    Attributes:
        kind: `DIRECT` or `INDIRECT`.
        subtype: one of the words above.
        expression: the SQL that makes it so, shortened.
    """

    source: Source
    kind: str
    subtype: str
    expression: str = ""


@dataclass(frozen=True)
class TableLineage:
    """What each column of a table, or of a report's query, rests on.

    Attributes:
        key: the asset's key, `marts/fct_orders`; of a query `report/weekly#revenue`.
        table: `marts.fct_orders`; "" for a query.
        columns: by output column, in their order: direct edges, and indirect ones of its own.
        rows: indirect edges that touch every column, because they touch the rows.
        problem: why lineage is not known, or not in full; "" if it is.
    """

    key: str
    table: str
    columns: Mapping[str, tuple[Edge, ...]] = field(default_factory=dict)
    rows: tuple[Edge, ...] = ()
    problem: str = ""

    def of(self, column: str) -> tuple[Edge, ...]:
        """Return all edges of an output column: its own, then those of all rows."""
        return (*self.columns.get(column, ()), *self.rows)


@dataclass(frozen=True)
class Statement:
    """One query whose columns are traced: what a table is made by, or what a report asks.

    Attributes:
        key: the asset's key.
        table: what it makes, `schema.name`; "" for a report's query.
        sql: one SELECT.
        dialect: of the SQL, in sqlglot's names.
        problem: why there is no SQL to trace.
    """

    key: str
    table: str
    sql: str
    dialect: str = "duckdb"
    problem: str = ""

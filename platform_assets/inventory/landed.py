"""Columns that landed though their source does not declare them, beside those that it declares.

What belongs here: finding them in what the last load told of the raw table, and how they are
declared. What does not: telling it (`components.source_results`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import yaml

from platform_assets.inventory.health import NO_STATUS, Status
from platform_assets.inventory.model import Asset, Column, Graph
from resources.warehouse.extract_table import SYSTEM_COLUMNS

SCHEMA = "dagster/column_schema"
NOT_DECLARED = "not_declared"  # tag of such a column; its value is since when it is there
_DECLARED_AS = {  # DuckDB's types, in the words of a declaration
    "integer": ("bigint", "integer", "smallint", "tinyint", "hugeint", "ubigint", "uinteger"),
    "number": ("double", "float"),
    "boolean": ("boolean",),
    "date": ("date",),
    "timestamp": ("timestamp", "timestamp with time zone"),
}


class Landed:
    """The graph with the columns that landed; the same objects for as long as nothing is new.

    Costs nothing but the comparison of two objects while no asset is materialized, and nothing is
    asked of the warehouse.

    Attributes:
        version: changes whenever such a column comes or goes.
    """

    def __init__(self) -> None:
        self.version = 0
        self._asked: tuple[Any, Any] = (None, None)
        self._graph = Graph()
        self._known: dict[str, tuple[Asset, Any, Asset]] = {}  # declared, schema, joined

    def join(self, graph: Graph, statuses: Mapping[str, Status]) -> Graph:
        """Return the graph with the columns of each raw table that only its last load tells of."""
        if self._asked[0] is graph and self._asked[1] is statuses:
            return self._graph
        known = {
            key: self._joined(asset, statuses.get(key, NO_STATUS).metadata.get(SCHEMA))
            for key, asset in graph.assets.items()
            if asset.kind == "source"
        }
        new = {key: one[2] for key, one in known.items() if one[2] is not one[0]}
        old = {key: one[2] for key, one in self._known.items() if one[2] is not one[0]}
        same = new.keys() == old.keys() and all(new[key] is old[key] for key in new)
        if self._asked[0] is not graph or not same:
            self._graph = Graph({**graph.assets, **new}) if new else graph
        self.version += not same
        self._asked, self._known = (graph, statuses), known
        return self._graph

    def _joined(self, asset: Asset, schema: Any) -> tuple[Asset, Any, Asset]:
        before = self._known.get(asset.key)
        if before is not None and before[0] is asset and before[1] is schema:
            return before
        more = tuple(undeclared(asset, schema.columns)) if schema is not None else ()
        found = replace(asset, columns=_in_order((*asset.columns, *more))) if more else asset
        same = before is not None and before[0] is asset and before[2] == found
        return (asset, schema, before[2] if before is not None and same else found)


def undeclared(asset: Asset, landed: Iterable[Any]) -> Iterable[Column]:
    """Yield the columns that a load told of, and the asset does not have.

    Args:
        landed: Dagster's `TableColumn`s.
    """
    known = {column.name.lower() for column in asset.columns}
    for column in landed:
        if column.name.lower() not in known:
            since = _moment(column.tags.get(NOT_DECLARED, ""))
            yield Column(column.name, _declared_as(str(column.type)), declared=False, since=since)


def _in_order(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return columns with the platform's own at the end."""
    return tuple(sorted(columns, key=lambda column: column.name in SYSTEM_COLUMNS))


def declaration(name: str, type_: str) -> str:
    """Return the line that declares a column of a type of DuckDB's, for a source's `columns`."""
    return f'- {{name: {_scalar(name)}, type: {_scalar(_declared_as(type_))}, description: "…"}}'


def _declared_as(type_: str) -> str:
    """Return a type in the words of a declaration; any that has none there is text."""
    lowered = type_.lower()
    if lowered in _DECLARED_AS or lowered.startswith("decimal"):
        return lowered
    found = (said for said, types in _DECLARED_AS.items() if lowered in types)
    return next(found, "string")


def _scalar(text: str) -> str:
    """Return a text as YAML has it inside braces, on one line."""
    written = yaml.safe_dump([text], default_flow_style=True, allow_unicode=True, width=10_000)
    return written.strip()[1:-1]


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None

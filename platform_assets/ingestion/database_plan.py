"""What each column of a source's table becomes in the raw table, and what that changes.

What belongs here: types, schema drift and the declared policy for new columns, as plain data. What
does not: SQL (`resources.warehouse.extract_*`), reading the source (`database_source`).

A type change in the source never stops a load and never changes a value: a wider type widens the
raw column (under `evolve`); any other leaves it as it is, and only values that do not fit go to
the quarantine, until the column is declared with a type that holds them.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from platform_assets.ingestion.database_columns import TIMESTAMPTZ, SourceColumn
from platform_assets.ingestion.declaration import Column, NewColumns, TableDeclaration
from resources.errors import PlatformError
from resources.warehouse.extract_cast import Field, Place
from resources.warehouse.extract_table import SYSTEM_COLUMNS, Change

DECLARED_TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": TIMESTAMPTZ,
    "json": "VARCHAR",
}


@dataclass(frozen=True)
class Drift:
    """One change of a source's columns, as `platform.drift` records it."""

    column: str
    change: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Plan:
    """What becomes of every column, what the raw table needs for it, and what is new to tell."""

    fields: tuple[Field, ...]
    absent: Mapping[str, str]
    change: Change
    drift: tuple[Drift, ...]

    def raw_name(self, column: str) -> str:
        """Return the raw column of a source's column."""
        lowered = column.lower()
        return next((f.name for f in self.fields if f.name.lower() == lowered), column)


def check_names(columns: Sequence[SourceColumn], where: str) -> None:
    """Refuse names that can't all stand in one raw table.

    Raises:
        PlatformError: an empty name, two that differ in case only, or one of the platform's own.
    """
    seen: dict[str, str] = {}
    for column in columns:
        name = column.name
        if not name or name.lower() in seen or name.lower() in SYSTEM_COLUMNS:
            clash = (
                "has no name"
                if not name
                else f"differs from {seen[name.lower()]!r} in case only"
                if name.lower() in seen
                else "has a name that every raw table uses itself"
            )
            raise PlatformError(
                f"{where}: column {name!r} {clash}.",
                hint="Make a view of the table with other column names, and declare the view.",
            )
        seen[name.lower()] = name


def check_declared(columns: Sequence[SourceColumn], table: TableDeclaration, where: str) -> None:
    """Refuse a declaration that names columns which the table does not have.

    Raises:
        PlatformError: the cursor, a natural key, the event time or a required column is missing.
    """
    there = {column.name.lower() for column in columns}
    wanted = [("cursor", table.cursor), ("event_time", table.event_time)]
    wanted += [("natural_key", name) for name in table.natural_key]
    wanted += [("required column", column.name) for column in table.columns if column.required]
    for role, name in wanted:
        if name is not None and name.lower() not in there:
            raise PlatformError(
                f"{where}: its {role} {name!r} is no column of the table.",
                hint=f"It has: {', '.join(sorted(column.name for column in columns))}.",
            )


def signature(table: TableDeclaration) -> str:
    """Return a hash of what the declaration says about reading: another one means reading anew."""
    said = {
        "cursor": table.cursor,
        "key": list(table.natural_key),
        "columns": [(c.name, c.type, c.required) for c in table.columns],
    }
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def make(
    columns: Sequence[SourceColumn],
    table: TableDeclaration,
    policy: NewColumns,
    *,
    have: Mapping[str, str] | None,
    told: Mapping[str, Drift],
    zoned: Sequence[str] = (),
) -> Plan:
    """Return what becomes of each column.

    Args:
        columns: the source's columns; the n-th is staged as `c<n>`.
        table: the declaration.
        policy: what to do with a column that the raw table does not have.
        have: columns and types of the raw table; None if there is none yet.
        told: the newest drift that is recorded for each column.
        zoned: columns whose texts name their zone, where their type leaves that open.
    """
    declared = {column.name.lower(): column for column in table.columns}
    raw = {name.lower(): (name, kind) for name, kind in (have or {}).items()}
    fields: list[Field] = []
    drift: list[Drift] = []
    for number, column in enumerate(columns):
        said = declared.get(column.name.lower())
        wanted = _wanted(column, said, column.name in zoned)
        name, before = raw.get(column.name.lower(), (column.name, None))
        place: Place = "column"
        if before is None:
            place = _place(policy, first=have is None, declared=said is not None)
            drift += [] if have is None else [Drift(name, _NEWS[place], None, wanted)]
        else:
            wanted, changed = _changed(before, wanted, column, said, policy)
            drift += [changed] if changed else []
            if told.get(name, _NONE).change == "column_missing":
                drift.append(Drift(name, "column_added", None, wanted))
        fields.append(_field(column, said, name, number, wanted, place))
    absent = _absent(fields, table.columns, have)
    drift += [Drift(name, "column_missing", kind, None) for name, kind in absent.items()]
    news = tuple(each for each in drift if told.get(each.column) != each)
    return Plan(tuple(fields), absent, _change(fields, absent, have), news)


def _change(
    fields: Sequence[Field], absent: Mapping[str, str], have: Mapping[str, str] | None
) -> Change:
    """Return what the raw table needs to take the fields in."""
    wanted = {field.name: field.type for field in fields if field.place == "column"}
    wanted |= absent
    if have is None:
        return Change(create=wanted)
    return Change(
        add={name: kind for name, kind in wanted.items() if name not in have},
        retype={name: kind for name, kind in wanted.items() if have.get(name, kind) != kind},
    )


_NONE = Drift("", "", None, None)
_NEWS = {
    "column": "column_added",
    "extra": "column_frozen",
    "reject": "column_rejected",
}


def _field(
    column: SourceColumn,
    said: Column | None,
    name: str,
    number: int,
    wanted: str,
    place: Place,
) -> Field:
    return Field(
        name,
        f"c{number}",
        wanted,
        required=bool(said and said.required),
        json=bool(said and said.type == "json" and "json" not in column.source_type.lower()),
        hex=column.hex,
        place=place,
    )


def _wanted(column: SourceColumn, said: Column | None, zoned: bool) -> str:
    if said is None:
        return TIMESTAMPTZ if zoned and column.zone_unknown else column.type
    if said.type.startswith("decimal"):
        return said.type.upper().replace(" ", "")
    return DECLARED_TYPES[said.type]


def _place(policy: NewColumns, *, first: bool, declared: bool) -> Place:
    if first or declared or policy is NewColumns.evolve:
        return "column"
    return "extra" if policy is NewColumns.freeze else "reject"


def _changed(
    before: str,
    wanted: str,
    column: SourceColumn,
    said: Column | None,
    policy: NewColumns,
) -> tuple[str, Drift | None]:
    """Return the type that the raw column has from now on, and the drift to record."""
    name = column.name
    if before == wanted:
        return wanted, None
    if said is not None:
        return wanted, Drift(name, "type_declared", before, wanted)
    if column.zone_unknown and before in ("TIMESTAMP", TIMESTAMPTZ):
        return before, None
    if _holds(before, wanted):
        return before, None
    if _holds(wanted, before) and policy is NewColumns.evolve:
        return wanted, Drift(name, "type_widened", before, wanted)
    return before, Drift(name, "type_flipped", before, wanted)


def _holds(wide: str, narrow: str) -> bool:
    """Return whether every value of type `narrow` is one of type `wide`, and of the same kind."""
    if (wide, narrow) == ("DOUBLE", "FLOAT"):
        return True
    sizes = [re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind) for kind in (wide, narrow)]
    if not sizes[0] or not sizes[1]:
        return False
    (p, s), (q, t) = ((int(size[1]), int(size[2])) for size in sizes if size)
    return s >= t and p - s >= q - t


def _absent(
    fields: Sequence[Field], declared: Sequence[Column], have: Mapping[str, str] | None
) -> dict[str, str]:
    """Return raw columns, there or declared, that the source does not have."""
    there = {field.name.lower() for field in fields}
    absent = {name: kind for name, kind in (have or {}).items() if name.lower() not in there}
    known = there | {name.lower() for name in absent}
    for column in declared:
        if column.name.lower() not in known:
            decimal = column.type.startswith("decimal")
            kind = column.type.upper().replace(" ", "") if decimal else DECLARED_TYPES[column.type]
            absent[column.name] = kind
    return absent

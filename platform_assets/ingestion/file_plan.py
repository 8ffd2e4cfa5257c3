"""What each column of a source's files becomes in the raw table, and what that changes.

What belongs here: names, types, drift and the declared policy for new columns, as plain data. What
does not: SQL (`resources.warehouse.file_*`), reading files.
"""

import copy
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from platform_assets.ingestion.database_plan import DECLARED_TYPES, Drift
from platform_assets.ingestion.declaration import Column, FileDeclaration, NewColumns
from resources.warehouse.extract_cast import Field, Place
from resources.warehouse.extract_table import SYSTEM_COLUMNS, Change

NEWS = {"column": "column_added", "extra": "column_frozen", "reject": "column_rejected"}
LOG_COLUMNS = (
    Column(name="time", type="timestamp", required=True),
    Column(name="status", type="integer"),
    Column(name="bytes", type="integer"),
)
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


@dataclass
class Plan:
    """The columns of one load, as they turn up.

    Args:
        declaration: the source.
        have: columns and types of the raw table; None if there is none yet.
        told: the newest recorded drift of each column.
        renames: raw columns that have another name than the source's: source → raw ones.

    Attributes:
        news: what changed, each with the file that brought it.
        meetings: what it met, and made of it, in order: see `file_replay`.
    """

    declaration: FileDeclaration
    have: Mapping[str, str] | None
    told: Mapping[str, Drift]
    renames: dict[str, list[str]]
    news: list[tuple[str, Drift]] = field(default_factory=list)
    meetings: list[Any] = field(default_factory=list)
    _add: dict[str, str] = field(default_factory=dict)
    _retype: dict[str, str] = field(default_factory=dict)
    _raw: dict[str, tuple[str, str]] = field(default_factory=dict)  # lower name → name, type
    _told_now: dict[str, Drift] = field(default_factory=dict)
    _first_file: str | None = None  # what is new after it is drift, even in the first load

    def __post_init__(self) -> None:
        declared = list(self.declaration.columns)
        if self.declaration.format.type == "access_log" and not self.declaration.format.pattern:
            named = {c.name for c in declared}
            declared += [c for c in LOG_COLUMNS if c.name not in named]
        self._declared = {c.name.lower(): c for c in declared}
        self._raw = {name.lower(): (name, kind) for name, kind in (self.have or {}).items()}
        for column in declared:
            self._declare(column)

    def copy(self) -> Self:
        """Return a copy to go back to, should the file at hand not be loaded after all."""
        return copy.deepcopy(self)

    @property
    def change(self) -> Change:
        """What must change in the raw table before the rows go in."""
        if self.have is None:
            return Change(create=self._add)
        return Change(add=self._add, retype=self._retype)

    @property
    def drift(self) -> list[Drift]:
        """What changed."""
        return [drift for _, drift in self.news]

    @property
    def types(self) -> dict[str, str]:
        """The raw table's columns as they will be, and their types."""
        return dict(self._raw.values())

    def frozen(self, names: Collection[str]) -> set[str]:
        """Return which of the source's columns will be kept in `_extra`."""
        return {n for n in names if n.lower() not in self._raw and self._place() == "extra"}

    def documents(self) -> set[str]:
        """Return the names of columns that are JSON by declaration."""
        return {c.name for c in self._declared.values() if c.type == "json"}

    def required(self) -> list[str]:
        """Return the names of columns that a record must have."""
        return [c.name for c in self._declared.values() if c.required]

    def fields(
        self,
        wires: Mapping[str, tuple[str, str]],
        file_of: Callable[[str], str],
        renamed: Mapping[str, str] | None = None,
    ) -> list[Field]:
        """Return what becomes of source columns, given as name → (SQL column, DuckDB type).

        Args:
            file_of: the file that brought a column.
            renamed: names of `wires` that are not the source's own, and the source's.
        """
        if self._first_file is None and wires:
            self._first_file = file_of(next(iter(wires)))
        raw_names = self._names(wires, renamed or {}, file_of)
        return [
            self._field(name, raw_names[name], wire, kind, file_of)
            for name, (wire, kind) in wires.items()
        ]

    def missing(self, names: Collection[str], file: str) -> None:
        """Record the raw columns that a file with a header does not bring, or brings again."""
        there = {name.lower() for name in names}
        for lowered, (name, kind) in self._raw.items():
            before = self._told_now.get(name) or self.told.get(name)
            gone = before is not None and before.change == "column_missing"
            if lowered in there and gone:
                self._tell(file, Drift(name, "column_added", None, kind))
            elif lowered not in there and not gone:
                self._tell(file, Drift(name, "column_missing", kind, None))

    def _names(
        self,
        wires: Mapping[str, tuple[str, str]],
        renamed: Mapping[str, str],
        file_of: Callable[[str], str],
    ) -> dict[str, str]:
        """Return the raw column of each source column: no two get the same.

        Equal names come first, then those that were renamed before, then names that differ from a
        raw column in case only; whatever can't have its own name gets another, for ever.
        """
        raw: dict[str, str] = {}
        for name in wires:
            if name and self._raw.get(name.lower(), ("",))[0] == name and name not in renamed:
                raw[name] = name
        for name in wires:
            before = self.renames.get(renamed.get(name, name), ())
            if name not in raw and (free := [r for r in before if r not in raw.values()]):
                raw[name] = free[0]
        taken = {r.lower() for r in raw.values()}
        for name in wires:
            if name in raw:
                continue
            found = self._raw.get(name.lower(), (name,))[0]
            if not _usable(name) or found.lower() in taken or name in renamed:
                found = self._rename(name, taken | {n.lower() for n in wires if n != name})
                told = renamed.get(name, name)
                self.renames.setdefault(told, []).append(found)
                self.news.append((file_of(name), Drift(found, "column_renamed", told, found)))
            raw[name] = found
            taken.add(found.lower())
        return raw

    def _rename(self, name: str, taken: Collection[str]) -> str:
        base = name.replace("\0", "").lstrip("_") if name.lower() in SYSTEM_COLUMNS else name
        base = base.replace("\0", "") or "column"
        new, number = base, 2
        while new.lower() in taken or new.lower() in self._raw or not _usable(new):
            new, number = f"{base}_{number}", number + 1
        return new

    def _field(
        self,
        name: str,
        raw: str,
        wire: str,
        kind: str,
        file_of: Callable[[str], str],
    ) -> Field:
        said = self._declared.get(raw.lower())
        if said is not None:
            return Field(raw, wire, _type(said), said.required, self._checks(said))
        if raw.lower() in self._raw:
            return Field(raw, wire, self._met(raw, kind, lambda: file_of(name)))
        place = self._place()
        if place == "column":
            self._add[raw] = kind
            self._raw[raw.lower()] = (raw, kind)
        first = self.have is None and self._first_file == file_of(name)
        if place != "column" or not first:
            self._tell(file_of(name), Drift(raw, NEWS[place], None, kind))
        return Field(raw, wire, kind, place=place)

    def _met(self, raw: str, kind: str, file: Callable[[], str]) -> str:
        """Return the type of an undeclared column from now on, now that it comes as `kind`."""
        have = self._raw[raw.lower()][1]
        if kind == have or (kind == "VARCHAR" and self.declaration.format.type != "parquet"):
            return have
        wider = _wider(have, kind)
        if wider == have:
            return have
        if wider is None or self.declaration.new_columns is not NewColumns.evolve:
            self._tell(file(), Drift(raw, "type_flipped", have, kind))
            return have
        self._tell(file(), Drift(raw, "type_widened", have, wider))
        self._raw[raw.lower()] = (raw, wider)
        if raw in self._add:
            self._add[raw] = wider
        else:
            self._retype[raw] = wider
        return wider

    def _declare(self, column: Column) -> None:
        wanted = _type(column)
        name, before = self._raw.get(column.name.lower(), (column.name, None))
        self._raw[column.name.lower()] = (name, wanted)
        if before is None:
            self._add[name] = wanted
            if self.have is not None:
                self._tell("", Drift(name, "column_added", None, wanted))
        elif before != wanted:
            self._retype[name] = wanted
            self._tell("", Drift(name, "type_declared", before, wanted))

    def _checks(self, column: Column) -> bool:
        """Whether a value must be checked to be JSON: inside JSON it is."""
        return column.type == "json" and self.declaration.format.type not in ("ndjson", "json")

    def _place(self) -> Place:
        first = self.have is None and not self.declaration.columns
        if first or self.declaration.new_columns is NewColumns.evolve:
            return "column"
        return "extra" if self.declaration.new_columns is NewColumns.freeze else "reject"

    def _tell(self, file: str, drift: Drift) -> None:
        newest = self._told_now.get(drift.column) or self.told.get(drift.column)
        if newest != drift:
            self._told_now[drift.column] = drift
            self.news.append((file, drift))


def _usable(name: str) -> bool:
    """Return whether a name can stand in a raw table: not empty, none of the platform's own."""
    return bool(name) and "\0" not in name and name.lower() not in SYSTEM_COLUMNS


def _type(column: Column) -> str:
    if column.type.startswith("decimal"):
        return column.type.upper().replace(" ", "")
    return DECLARED_TYPES[column.type]


def _wider(have: str, comes: str) -> str | None:
    """Return the type that holds every value of both; None if there is none of the same kind."""
    if {have, comes} == {"FLOAT", "DOUBLE"}:
        return "DOUBLE"
    sizes = [_DECIMAL.fullmatch(kind) for kind in (have, comes)]
    if not sizes[0] or not sizes[1]:
        return None
    (p, s), (q, t) = ((int(m[1]), int(m[2])) for m in sizes if m)
    scale = max(s, t)
    precision = max(p - s, q - t) + scale
    return f"DECIMAL({precision},{scale})" if precision <= 38 else None

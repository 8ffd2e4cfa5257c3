"""What each column of a source's files becomes in the raw table, and what that changes.

What belongs here: names, types, drift and the declared policy for new columns, as plain data. What
does not: SQL (`resources.warehouse.file_*`), reading files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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


@dataclass
class Plan:
    """The columns of one load, as they turn up.

    Args:
        declaration: the source.
        have: columns and types of the raw table; None if there is none yet.
        told: the newest recorded drift of each column.
    """

    declaration: FileDeclaration
    have: Mapping[str, str] | None
    told: Mapping[str, Drift]
    add: dict[str, str] = field(default_factory=dict)
    drift: list[Drift] = field(default_factory=list)
    _fields: dict[str, Field] = field(default_factory=dict)
    _retype: dict[str, str] = field(default_factory=dict)
    _seen: bool = False  # whether any records came by: what is new after them is drift

    def __post_init__(self) -> None:
        declared = list(self.declaration.columns)
        if self.declaration.format.type == "access_log" and not self.declaration.format.pattern:
            named = {c.name for c in declared}
            declared += [c for c in LOG_COLUMNS if c.name not in named]
        self._declared = {c.name.lower(): c for c in declared}
        self._raw = {name.lower(): (name, kind) for name, kind in (self.have or {}).items()}
        for column in declared:
            self._declare(column)

    @property
    def change(self) -> Change:
        """What must change in the raw table before the rows go in."""
        if self.have is None:
            return Change(create=self.add)
        return Change(add=self.add, retype=self._retype)

    def fields(self, wires: Mapping[str, tuple[str, str]]) -> list[Field]:
        """Return what becomes of source columns, given as name → (SQL column, DuckDB type)."""
        found = []
        for name, (wire, kind) in wires.items():
            if name not in self._fields:
                self._fields[name] = self._new(name, kind)
            known = self._fields[name]
            found.append(
                Field(known.name, wire, known.type, known.required, known.json, place=known.place)
            )
        return found

    def missing(self, names: Sequence[str], file_has_header: bool) -> None:
        """Record the columns that a file with a header does not bring, and those that came back."""
        there = {n.lower() for n in names}
        for lowered, (name, kind) in self._raw.items():
            before = self._newest(name)
            gone = before is not None and before.change == "column_missing"
            if lowered in there and gone:
                self._tell(Drift(name, "column_added", None, kind))
            elif lowered not in there and file_has_header and not gone:
                self._tell(Drift(name, "column_missing", kind, None))

    def documents(self) -> set[str]:
        """Return the names of columns that are JSON by declaration."""
        return {c.name for c in self._declared.values() if c.type == "json"}

    def required(self) -> list[str]:
        """Return the names of columns that a record must have."""
        return [c.name for c in self._declared.values() if c.required]

    def _declare(self, column: Column) -> None:
        wanted = _type(column)
        name, before = self._raw.get(column.name.lower(), (column.name, None))
        if before is None:
            self.add[name] = wanted
            self._raw[column.name.lower()] = (name, wanted)
            if self.have is not None:
                self._tell(Drift(name, "column_added", None, wanted))
        elif before != wanted:
            self._retype[name] = wanted
            self._raw[column.name.lower()] = (name, wanted)
            self._tell(Drift(name, "type_declared", before, wanted))
        self._fields[column.name] = Field(
            name, "", wanted, required=column.required, json=self._checks(column)
        )

    def _checks(self, column: Column) -> bool:
        """Whether a value must be checked to be JSON: inside JSON it is."""
        return column.type == "json" and self.declaration.format.type not in ("ndjson", "json")

    def _new(self, name: str, kind: str) -> Field:
        said = self._declared.get(name.lower())
        if said is not None:
            return self._fields[said.name]
        taken = {f.name.lower() for f in self._fields.values()}
        usable = name and name.lower() not in SYSTEM_COLUMNS and name.lower() not in taken
        raw = name if usable else self._rename(name, taken)
        if raw.lower() in self._raw:
            raw, kind = self._raw[raw.lower()]
            return Field(raw, "", kind)
        place = self._place()
        if place == "column":
            self.add[raw] = kind
            self._raw[raw.lower()] = (raw, kind)
        if self.have is not None or self._seen or raw != name:
            self._tell(Drift(raw, NEWS[place], None if raw == name else name, kind))
        return Field(raw, "", kind, place=place)

    def _rename(self, name: str, taken: set[str]) -> str:
        base = name.lstrip("_") or "column"
        number = 2
        while f"{base}_{number}".lower() in taken:
            number += 1
        return f"{base}_{number}"

    def _place(self) -> Place:
        first = self.have is None and not self.declaration.columns
        if first or self.declaration.new_columns is NewColumns.evolve:
            return "column"
        return "extra" if self.declaration.new_columns is NewColumns.freeze else "reject"

    def _newest(self, column: str) -> Drift | None:
        """Return what was told of a column last, in this load or before."""
        now = [d for d in self.drift if d.column == column]
        return now[-1] if now else self.told.get(column)

    def _tell(self, drift: Drift) -> None:
        if self._newest(drift.column) != drift:
            self.drift.append(drift)


def _type(column: Column) -> str:
    if column.type.startswith("decimal"):
        return column.type.upper().replace(" ", "")
    return DECLARED_TYPES[column.type]

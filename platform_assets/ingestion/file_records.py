"""Records of landed files on their way to the stage: named, cast, counted per file.

What belongs here: chunks of one or more files that have the same columns, from their text to
staged Parquet. What does not: opening files and refusing them (`file_portion`), SQL
(`resources.warehouse.file_relation` and `file_stage`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from platform_assets.ingestion import formats, hive
from platform_assets.ingestion.declaration import FileFormat
from platform_assets.ingestion.file_plan import Plan
from platform_assets.ingestion.file_replay import Meeting, Met
from resources.warehouse import file_stage
from resources.warehouse.connection import literal
from resources.warehouse.extract_cast import Field
from resources.warehouse.file_load import FileLoad
from resources.warehouse.file_relation import Bad, Chunk, Relation
from resources.warehouse.file_stage import Stage

HEADED = ("csv", "parquet")
PLACE = 40  # bits of `_line` below the place of its file
Part = tuple[FileLoad, pa.Table]
Names = tuple[str, ...] | None
_LINE = (1 << PLACE) - 1


@dataclass
class Records:
    """Where the records of a portion's files go.

    Attributes:
        plan: the columns as they turn up.
        stage: the files written so far.
    """

    connection: duckdb.DuckDBPyConnection
    plan: Plan
    stage: Stage

    def write(self, names: Names, parts: Sequence[Part]) -> None:
        """Stage records of one or more files that have the same columns and folders.

        A JSON document with a mistake is refused whole: its `FileLoad` says so afterwards.
        """
        parts = [part for part in parts if part[1].num_rows and part[0].status == "loaded"]
        if not parts:
            return
        loads = list({id(load): load for load, _ in parts}.values())
        table, relation, bad = self._relation(Chunk(_numbered(parts, loads), names, []))
        refused = _malformed(loads, bad) if self._format.type == "json" else []
        if refused:
            self.write(names, parts)
            return
        self._quarantine(loads, bad)
        if table.num_rows:
            self._cast(table, hive.add(relation, hive.columns(loads[0].path)), loads)

    @property
    def _format(self) -> FileFormat:
        return self.plan.declaration.format

    def _relation(self, chunk: Chunk) -> tuple[pa.Table, Relation, list[Bad]]:
        def documents(names: Collection[str]) -> set[str]:
            return self.plan.documents() | self.plan.frozen(names)

        known = list(self.plan.types)
        return formats.relation(self.connection, self._format, chunk, documents, known)

    def _cast(self, table: pa.Table, relation: Relation, loads: Sequence[FileLoad]) -> None:
        there = {name.lower() for name in relation.wires}
        relation = relation.with_empty([n for n in self.plan.required() if n.lower() not in there])
        header = loads[0].path if self._format.type in HEADED else None
        bringers = _bringers(relation, loads)
        met = Met(relation.wires, bringers, relation.renamed, header, relation.whole)
        fields = met.on(self.plan)
        self.plan.meetings.append(Meeting(met, fields))
        if self._format.type == "csv":
            relation = relation.with_blank_as_null([f.wire for f in fields if _nothing_blank(f)])
        target = self.stage.new()
        brought = {f.name.lower() for f in fields if f.place == "column"}
        types = self.plan.types.items()
        absent = {name: kind for name, kind in types if name.lower() not in brought}
        own = file_stage.nothing(absent) | _own_columns(loads)
        rows, wrong = file_stage.write(self.connection, table, relation, fields, own, target)
        self._quarantine(loads, wrong)
        if not rows:
            target.unlink()
            return
        self.stage.rows.append(target)
        self._count(loads, [f.name for f in fields if f.place == "column"])

    def _quarantine(self, loads: Sequence[FileLoad], bad: Sequence[Bad]) -> None:
        """Give each bad record to its file, and to the quarantine."""
        by_file: dict[int, list[Bad]] = {}
        for each in bad:
            place, line = divmod(each.line or 0, 1 << PLACE)
            by_file.setdefault(place, []).append(Bad(line, each.reason, each.raw))
        for place, records in by_file.items():
            loads[place].bad += len(records)
            self.stage.quarantine(loads[place].path, records)

    def _count(self, loads: Sequence[FileLoad], columns: Sequence[str]) -> None:
        """Note rows and the range of the event time of each file in the newest staged one."""
        event = self.plan.declaration.event_time
        name = next((c for c in columns if event and c.lower() == event.lower()), None)
        found = file_stage.per_file(self.connection, self.stage.rows[-1], name)
        for load in loads:
            rows, first, last = found.get(load.path, (0, None, None))
            load.rows += rows
            load.first_event = min(filter(None, (load.first_event, first)), default=None)
            load.last_event = max(filter(None, (load.last_event, last)), default=None)


def _nothing_blank(field: Field) -> bool:
    """Whether an empty text is no value of the column."""
    return field.type != "VARCHAR" or field.required or field.json


def _malformed(loads: Sequence[FileLoad], bad: Sequence[Bad]) -> list[FileLoad]:
    """Refuse the files of which something is no JSON; return them."""
    refused = []
    for each in bad:
        load = loads[(each.line or 0) >> PLACE]
        if each.syntax and load.status == "loaded":
            load.refuse("quarantined", each.reason)
            refused.append(load)
    return refused


def _bringers(relation: Relation, loads: Sequence[FileLoad]) -> dict[str, str]:
    """Return the file that brought each column first."""
    return {name: loads[relation.first.get(name, 0) >> PLACE].path for name in relation.wires}


def _numbered(parts: Sequence[Part], loads: Sequence[FileLoad]) -> pa.Table:
    """Return the parts as one table; each `_line` carries its file's place in `loads` above it."""
    if len(loads) == 1:
        return pa.concat_tables([table for _, table in parts])
    places = {id(load): place for place, load in enumerate(loads)}
    tables = []
    for load, table in parts:
        lines = pc.add(table["_line"], places[id(load)] << PLACE)
        tables.append(table.set_column(table.column_names.index("_line"), "_line", lines))
    return pa.concat_tables(tables, promote_options="permissive")


def _own_columns(loads: Sequence[FileLoad]) -> dict[str, str]:
    """Return the SQL of the platform's columns that differ from row to row."""
    if len(loads) == 1:
        return {"_file": literal(loads[0].path), "_line": "_line"}
    paths = "[" + ", ".join(literal(load.path) for load in loads) + "]"
    return {
        "_file": f"list_extract({paths}, CAST(_line >> {PLACE} AS INTEGER) + 1)",
        "_line": f"_line & {_LINE}",
    }

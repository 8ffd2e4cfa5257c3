"""The files of one transaction: read, checked, staged.

What belongs here: taking each file through its format, its columns and its casts, and what it
comes to when it can't be read. What does not: publishing (`resources.warehouse.file_load`).
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from platform_assets.ingestion import formats, hive
from platform_assets.ingestion.database_plan import Drift
from platform_assets.ingestion.declaration import FileDeclaration
from platform_assets.ingestion.file_plan import Plan
from platform_assets.ingestion.streams import Hashing, Unreadable
from resources.landing import LandedFile, Landing
from resources.warehouse import Warehouse, extract_cast, extract_table, file_load, file_stage
from resources.warehouse.connection import literal
from resources.warehouse.file_load import FileLoad
from resources.warehouse.file_stage import Bad, Chunk

HEADED = ("csv", "parquet")
PLACE = 40  # bits of `_line` below the place of its file
Group = tuple[tuple[str, ...] | None, tuple[tuple[str, str | None], ...]]


@dataclass
class Portion:
    """One transaction's files, under the write lock.

    Attributes:
        load_id: number of the load.
        plan: the columns as they turn up.
    """

    declaration: FileDeclaration
    load_id: int
    plan: Plan
    connection: duckdb.DuckDBPyConnection  # of its own, to stage with
    ledger: duckdb.DuckDBPyConnection  # reads the lake
    sizes: set[int]
    known: set[tuple[str, int, datetime]]
    contents: dict[str, str] = field(default_factory=dict)  # of this portion: hash → path
    staged: list[Path] = field(default_factory=list)
    changes: dict[str, str] = field(default_factory=dict)  # column → the file that changed it

    @classmethod
    def begin(cls, warehouse: Warehouse, declaration: FileDeclaration) -> Self:
        """Look at the ledger and the raw table; the caller holds the write lock."""
        ledger = warehouse.connect()
        name = declaration.name
        have = extract_table.columns(ledger, name)
        exists = extract_table.exists(ledger, name)
        told = {row[0]: Drift(*row) for row in file_load.newest_drift(ledger, name)}
        known, _ = file_load.known_files(ledger, name, 0)
        connection = warehouse.scratch()
        extract_cast.prepare(connection)
        return cls(
            declaration,
            file_load.newest_load(ledger) + 1,
            Plan(declaration, have if exists else None, told),
            connection,
            ledger,
            file_load.known_sizes(ledger, name),
            set(known),
        )

    def knows(self, file: LandedFile) -> bool:
        """Return whether another run has loaded the file since it was listed."""
        return (file.path, file.size, file.modified_at) in self.known

    def stage(self, landing: Landing, files: Sequence[LandedFile], folder: Path) -> list[FileLoad]:
        """Stage the files below `folder`; return what the ledger will say of each.

        One file is staged as it is read; several are read first and staged together, so that ten
        thousand small files do not become ten thousand files of the lake.
        """
        loads = [FileLoad(file.path, file.size, file.modified_at) for file in files]
        together: dict[Group, list[tuple[FileLoad, pa.Table]]] = {}
        for file, load in zip(files, loads, strict=True):
            for chunk in self._read(landing, file, load, alone=len(files) == 1):
                if chunk.table.num_rows:
                    names = tuple(chunk.names) if chunk.names is not None else None
                    group = (names, tuple(hive.columns(load.path).items()))
                    if len(files) == 1:
                        self._write(group, [(load, chunk.table)], folder)
                    else:
                        together.setdefault(group, []).append((load, chunk.table))
            if load.status != "loaded":
                together = _without(together, load)
                self._drop_staged(alone=len(files) == 1)
        for group, parts in together.items():
            self._write(group, parts, folder)
        for load in loads:
            if load.status == "loaded" and load.rows_in_file and not load.rows:
                load.status = "quarantined"
                load.reason = "no record of it could be loaded"
        return loads

    def drift(
        self, loads: Sequence[FileLoad]
    ) -> list[tuple[str, str, str, str | None, str | None]]:
        """Return the drift to record, each with the file that brought it."""
        first = loads[0].path if loads else ""
        return [
            (self.changes.get(d.column, first), d.column, d.change, d.before, d.after)
            for d in self.plan.drift
        ]

    def _read(
        self, landing: Landing, file: LandedFile, load: FileLoad, *, alone: bool
    ) -> Iterator[Chunk]:
        """Yield the chunks of a file; at the end, `load` says what became of it."""
        with landing.open(file) as raw:
            stream = Hashing(raw)
            if file.size == 0 or (alone and file.size in self.sizes):
                stream.drain()  # it may be known: look before the work
                if self._refuse_known(stream, load):
                    return
                raw.seek(0)
                stream = Hashing(raw)
            try:
                chunks = formats.chunks(
                    self.declaration.format, stream, lambda: landing.open(file), file.path
                )
                for chunk in _ahead(chunks) if alone else chunks:
                    load.rows_in_file += chunk.table.num_rows + len(chunk.bad)
                    load.bad.extend(chunk.bad)
                    yield chunk
            except Unreadable as error:
                stream.drain()
                if not self._refuse_known(stream, load):
                    load.refuse("quarantined", str(error))
            else:
                self._refuse_known(stream, load)
        if load.status in ("loaded", "quarantined"):
            self.contents[load.sha256] = load.path
            self.sizes.add(file.size)

    def _refuse_known(self, stream: Hashing, load: FileLoad) -> bool:
        """Refuse a file that is empty, or whose content was met before, in this portion or ever."""
        load.sha256 = stream.sha256.hexdigest()
        if stream.count == 0:
            load.refuse("empty", "zero bytes")
            return True
        earlier = self.contents.get(load.sha256)
        if earlier is None and load.size in self.sizes:
            known = file_load.known_contents(self.ledger, self.declaration.name, [load.sha256])
            earlier = known.get(load.sha256)
        if earlier is None:
            return False
        load.refuse("duplicate", f"same content as {earlier}")
        return True

    def _drop_staged(self, *, alone: bool) -> None:
        if alone:
            for file in self.staged:
                file.unlink(missing_ok=True)
            self.staged.clear()

    def _write(
        self, group: Group, parts: Sequence[tuple[FileLoad, pa.Table]], folder: Path
    ) -> None:
        """Stage records of one or more files that have the same columns."""
        names, folders = group
        loads = list({id(load): load for load, _ in parts}.values())
        table = _numbered(parts, loads)
        declared = self.declaration.format
        table, relation, bad = formats.relation(
            self.connection, declared, Chunk(table, names, []), self.plan.documents()
        )
        _blame(loads, bad)
        if not table.num_rows:
            return
        relation = hive.add(relation, dict(folders))
        there = {name.lower() for name in relation.wires}
        relation = relation.with_empty([n for n in self.plan.required() if n.lower() not in there])
        changed = len(self.plan.drift)
        if declared.type in HEADED:
            self.plan.missing(list(relation.wires), file_has_header=True)
        fields = self.plan.fields(relation.wires)
        for drift in self.plan.drift[changed:]:
            self.changes.setdefault(drift.column, loads[0].path)
        if declared.type == "csv":
            relation = relation.with_blank_as_null(fields)
        target = folder / f"{len(self.staged):05d}.parquet"
        rows, wrong = file_stage.write(
            self.connection,
            table,
            relation,
            fields,
            dict(relation.wires.values()),
            self._own_columns(loads),
            target,
        )
        _blame(loads, wrong)
        if not rows:
            target.unlink()
            return
        self.staged.append(target)
        self._count(loads, target, [f.name for f in fields if f.place == "column"])

    def _count(self, loads: Sequence[FileLoad], staged: Path, columns: Sequence[str]) -> None:
        """Note rows and the range of the event time of each file in a staged one."""
        event = self.declaration.event_time
        name = next((c for c in columns if event and c.lower() == event.lower()), None)
        found = file_stage.per_file(self.connection, staged, name)
        for load in loads:
            rows, first, last = found.get(load.path, (0, None, None))
            load.rows += rows
            load.first_event = min(filter(None, (load.first_event, first)), default=None)
            load.last_event = max(filter(None, (load.last_event, last)), default=None)

    def _own_columns(self, loads: Sequence[FileLoad]) -> dict[str, str]:
        """Return the SQL of the platform's columns; `_line` comes with the file's place in it."""
        paths = "[" + ", ".join(literal(load.path) for load in loads) + "]"
        now = datetime.now(UTC).isoformat()
        return {
            "_file": f"list_extract({paths}, CAST(_line >> {PLACE} AS INTEGER) + 1)"
            if len(loads) > 1
            else literal(loads[0].path),
            "_line": f"_line & {(1 << PLACE) - 1}",
            "_load_id": f"CAST({self.load_id} AS BIGINT)",
            "_loaded_at": f"CAST({literal(now)} AS TIMESTAMPTZ)",
        }


def _numbered(parts: Sequence[tuple[FileLoad, pa.Table]], loads: Sequence[FileLoad]) -> pa.Table:
    """Return the parts as one table; each `_line` carries its file's place in `loads` above it."""
    if len(loads) == 1:
        return pa.concat_tables([table for _, table in parts])
    places = {id(load): place for place, load in enumerate(loads)}
    tables = []
    for load, table in parts:
        lines = pc.add(table["_line"], places[id(load)] << PLACE)
        tables.append(table.set_column(table.column_names.index("_line"), "_line", lines))
    return pa.concat_tables(tables, promote_options="permissive")


def _blame(loads: Sequence[FileLoad], bad: Sequence[Bad]) -> None:
    """Give each bad record to its file."""
    for each in bad:
        place, line = divmod(each.line, 1 << PLACE)
        loads[place].bad.append(Bad(line, each.reason, each.raw))


def _without(
    together: dict[Group, list[tuple[FileLoad, pa.Table]]], load: FileLoad
) -> dict[Group, list[tuple[FileLoad, pa.Table]]]:
    """Return the groups without the records of one file."""
    kept = {
        group: [part for part in parts if part[0] is not load] for group, parts in together.items()
    }
    return {group: parts for group, parts in kept.items() if parts}


def _ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Yield the chunks, reading the next one while this one is being worked on."""
    queue: Queue[Any] = Queue(maxsize=1)
    stopped = threading.Event()

    def read() -> None:
        try:
            for chunk in chunks:
                queue.put(chunk)
                if stopped.is_set():
                    return
            queue.put(None)
        except BaseException as error:
            queue.put(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        while (item := queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        while thread.is_alive():
            while not queue.empty():
                queue.get_nowait()
            thread.join(0.01)

"""What a task of a cluster does with landed files, on whichever machine it runs.

What belongs here: reading and staging files, writing staged ones anew, and what a task tells. What
does not: which files a task reads, and what is made of what all tasks tell (`file_cluster`).

Executors need this package and what it needs, in the Python of the driver's version; the landing
zone and the lake's data path, under the same names; and for an object store the same keys.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
from pydantic import TypeAdapter

from platform_assets.ingestion.file_ledger import Known
from platform_assets.ingestion.file_plan import Plan
from platform_assets.ingestion.file_portion import Portion
from platform_assets.ingestion.file_records import Records
from platform_assets.ingestion.file_replay import Meeting
from resources import object_store
from resources.landing import LandedFile, Landing
from resources.warehouse import extensions, extract_cast, lake_files
from resources.warehouse.file_load import FileLoad
from resources.warehouse.file_stage import Stage

MEMORY = "1GB"  # of a task's DuckDB: beside the memory of the executor's own process


@dataclass(frozen=True)
class Order:
    """What all tasks of a load are told.

    Attributes:
        landing: URL of the landing zone.
        root: the lake's data path; `folder` lies below it, for what is staged.
        known: what the ledger knows of contents that these files may have.
    """

    landing: str
    root: str
    folder: str
    plan: Plan
    known: Known


@dataclass(frozen=True)
class Taken:
    """What a task came to.

    Attributes:
        loads: what became of each file.
        meetings: what the plan was told.
        types: the raw table's columns as the staged rows have them.
        rows, bad: staged files, for the raw table and for the quarantine.
    """

    loads: list[FileLoad]
    meetings: list[Meeting]
    types: dict[str, str]
    rows: list[str]
    bad: list[str]


TAKEN = TypeAdapter(Taken)  # as it travels


@dataclass(frozen=True)
class Work:
    """The function that Spark runs: numbers of tasks in, their results out."""

    todo: Sequence[Callable[[], Taken]]

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow as pa

        for batch in batches:
            for number in batch.column(0).to_pylist():
                taken = self.todo[number]()
                yield pa.RecordBatch.from_arrays(
                    [pa.array([number]), pa.array([TAKEN.dump_json(taken).decode()])],
                    names=["task", "taken"],
                )


@dataclass(frozen=True)
class Read:
    """A task: files to stage, on whichever machine this is."""

    order: Order
    files: Sequence[LandedFile]

    def __call__(self) -> Taken:
        with _work(self.order) as (connection, stage, keep):
            records = Records(connection, self.order.plan.copy(), stage)
            portion = Portion(Landing(self.order.landing), self.order.known, records)
            portion.take(self.files)
            types = records.plan.types
            stage.align(connection, types)
            rows, bad = keep(stage.rows), keep(stage.bad)
            return Taken(portion.loads, records.plan.meetings, types, rows, bad)


@dataclass(frozen=True)
class Align:
    """A task: rows that were staged, written anew with the columns that came since."""

    order: Order
    taken: Taken
    types: dict[str, str]

    def __call__(self) -> Taken:
        with _work(self.order) as (connection, stage, keep):
            for row in self.taken.rows:
                stage.rows.append(_fetch(self.order.root, row, stage.new()))
            stage.align(connection, self.types)
            return replace(self.taken, types=self.types, rows=keep(stage.rows))


Keep = Callable[[Sequence[Path | str]], list[str]]


@contextmanager
def _work(order: Order) -> Iterator[tuple[duckdb.DuckDBPyConnection, Stage, Keep]]:
    """Yield what a task needs; what it stages goes into a folder of this attempt alone.

    The last of it says where staged files are, once they are where the driver finds them.
    """
    mine = f"{order.folder}/{uuid4().hex}"
    far = object_store.is_object_store(order.root)

    def keep(paths: Sequence[Path | str]) -> list[str]:
        if not far:
            return [str(path) for path in paths]
        return lake_files.put(order.root, mine, [(Path(p), Path(p).name) for p in paths])

    with tempfile.TemporaryDirectory() as scratch, _connection(Path(scratch)) as connection:
        folder = Path(scratch) / "staged" if far else Path(order.root) / mine
        folder.mkdir(parents=True)
        yield connection, Stage(folder), keep


def _fetch(root: str, path: str, target: Path) -> Path:
    """Copy a staged file to where it can be written anew."""
    if not object_store.is_object_store(root):
        shutil.copyfile(path, target)
        return target
    import obstore

    with object_store.explained(root), target.open("wb") as file:
        for part in obstore.get(object_store.store(root), path[len(root) + 1 :]).stream():
            file.write(part)
    return target


@contextmanager
def _connection(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a DuckDB to cast with: on one core, as Spark has one task on each."""
    connection = duckdb.connect(":memory:", config=extensions.CONFIG)
    try:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute(f"SET temp_directory = '{scratch / 'spill'}'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET threads = 1")
        extensions.load(connection, "icu")
        connection.execute("SET TimeZone = 'UTC'")
        extract_cast.prepare(connection)
        yield connection
    finally:
        connection.close()

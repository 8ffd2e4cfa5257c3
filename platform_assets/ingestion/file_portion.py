"""The files of one transaction: read, checked, staged.

What belongs here: taking each file through its format, and what becomes of it when it can't be
read or was met before. What does not: its records (`file_records`), publishing
(`resources.warehouse.file_load`).
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from queue import Queue
from typing import Any, BinaryIO

import pyarrow as pa

from platform_assets.ingestion import formats, hive
from platform_assets.ingestion.compression import Hashing, Unreadable
from platform_assets.ingestion.file_ledger import Known, content_key, earlier
from platform_assets.ingestion.file_records import Names, Records
from resources.landing import LandedFile, Landing, Opener
from resources.warehouse.file_load import FileLoad
from resources.warehouse.file_relation import Bad, Chunk

HELD = 16 << 20  # bytes of records that wait for those of other files
Group = tuple[Names, tuple[tuple[str, str | None], ...], pa.Schema]


@dataclass
class Portion:
    """One transaction's files.

    The records of small files are held and written together, so that ten thousand small files do
    not become ten thousand files of the lake; a large one is written as it is read, and taken back
    should its end show that it can't be loaded.

    Attributes:
        loads: what the ledger will say of each file.
    """

    landing: Landing
    known: Known
    records: Records
    loads: list[FileLoad] = field(default_factory=list)
    _held: dict[Group, list[tuple[FileLoad, pa.Table]]] = field(default_factory=dict)
    _waiting: int = 0  # bytes held
    _contents: dict[str, str] = field(default_factory=dict)  # of this portion, as in `Known`
    _opener: Opener = field(init=False)

    def take(self, files: Sequence[LandedFile]) -> None:
        """Stage the files; one that is gone, or changes while it is read, is left for later."""
        with self.landing.opening(files) as self._opener:
            self._take_each(files)
        self._write_held()
        for load in self.loads:
            self._close(load)

    def _take_each(self, files: Sequence[LandedFile]) -> None:
        for file in files:
            load = FileLoad(file.name, file.size, file.modified_at, version=file.version)
            self._take(file, load)
            if load.status != "gone":
                self.loads.append(load)

    def _take(self, file: LandedFile, load: FileLoad) -> None:
        stage, plan = self.records.stage, None
        mark, mine = stage.mark(), list[Chunk]()
        try:
            for chunk in self._read(file, load):
                if plan is None and _size(mine) + chunk.table.nbytes <= HELD:
                    mine.append(chunk)
                    continue
                if plan is None:
                    self._write_held()
                    mark, plan = stage.mark(), self.records.plan.copy()
                self._write(load, [*mine, chunk])
                mine.clear()
        except Unreadable as error:
            load.refuse("quarantined", str(error))
        except FileNotFoundError:
            load.status = "gone"
        if load.status == "gone" or not self.landing.unchanged(file):
            load.status = "gone"
            self._forget(load)
        if load.status == "loaded" and plan is None:
            self._hold(load, mine)
        elif load.status != "loaded" and plan is not None:
            stage.drop(mark)
            self.records.plan = plan

    def _read(self, file: LandedFile, load: FileLoad) -> Iterator[Chunk]:
        """Yield the chunks of a file; at the end, `load` says whether it was met before."""
        with self._opener.open(file) as raw:
            if file.size == 0 or (file.size > HELD and file.size in self.known.sizes):
                stream = Hashing(raw)  # it may be known: look before the work
                stream.drain()
                if self._met(stream, load):
                    return
                self._forget(load)
                raw.seek(0)
            yield from self._chunks(file, load, raw)

    def _chunks(self, file: LandedFile, load: FileLoad, raw: BinaryIO) -> Iterator[Chunk]:
        stream = Hashing(raw)
        declared = self.records.plan.declaration.format
        chunks = formats.chunks(declared, stream, lambda: self._opener.open(file), load.path)
        try:
            for chunk in _ahead(chunks) if file.size > HELD // 16 else chunks:
                load.rows_in_file += chunk.table.num_rows + len(chunk.bad)
                yield chunk
                if load.status != "loaded":
                    break
        except Unreadable as error:
            stream.drain()
            if not self._met(stream, load):
                load.refuse("quarantined", str(error))
                self._forget(load)
                self._contents[content_key(load.sha256, load.path, load.status)] = load.path
            return
        stream.drain()
        self._met(stream, load)

    def _met(self, stream: Hashing, load: FileLoad) -> bool:
        """Refuse a file that is empty, or whose content was met before, in this portion or ever."""
        load.sha256 = stream.sha256.hexdigest()
        if stream.count == 0:
            load.refuse("empty", "zero bytes")
            return True
        for contents in (self._contents, self.known.contents):
            first = earlier(contents, load.sha256, load.path)
            if first is None:
                continue
            load.refuse("duplicate", f"same content as {first}")
            return True
        self._contents[load.sha256] = load.path
        return False

    def _forget(self, load: FileLoad) -> None:
        """Let the content of a file that is not loaded be another's."""
        self._contents = {k: path for k, path in self._contents.items() if path != load.path}

    def _hold(self, load: FileLoad, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            load.bad += len(chunk.bad)
            self.records.stage.quarantine(load.path, chunk.bad)
            group = (
                tuple(chunk.names) if chunk.names is not None else None,
                tuple(hive.columns(load.path).items()),
                chunk.table.schema,
            )
            self._held.setdefault(group, []).append((load, chunk.table))
            self._waiting += chunk.table.nbytes
        if self._waiting > HELD:
            self._write_held()

    def _write_held(self) -> None:
        for (names, *_), parts in self._held.items():
            self.records.write(names, parts)
        self._held, self._waiting = {}, 0

    def _write(self, load: FileLoad, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            load.bad += len(chunk.bad)
            self.records.stage.quarantine(load.path, chunk.bad)
            names = tuple(chunk.names) if chunk.names is not None else None
            self.records.write(names, [(load, chunk.table)])

    def _close(self, load: FileLoad) -> None:
        """Say of a file what only its end tells."""
        declaration = self.records.plan.declaration
        if load.status == "loaded" and load.rows_in_file and not load.rows:
            load.status, load.reason = "quarantined", "no record of it could be loaded"
        if load.status == "loaded" and load.rows_in_file == declaration.row_limit:
            load.reason = f"cut by its sender at {load.rows_in_file:,} records"
        if load.status in ("quarantined", "empty"):
            self.records.stage.quarantine(load.path, [Bad(None, load.reason or "", "")])


def _size(chunks: Sequence[Chunk]) -> int:
    return sum(chunk.table.nbytes for chunk in chunks)


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

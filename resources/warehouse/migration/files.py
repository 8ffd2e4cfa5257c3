"""Copying the lake's files to a folder or an object store, each of them checked byte for byte.

A copy that was interrupted goes on: what is there already and is the same is left as it is.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from resources import object_store
from resources.errors import PlatformError
from resources.warehouse.lake_files import PART_BYTES

AT_ONCE = 4
CHUNK = 1 << 20


@dataclass(frozen=True)
class Copied:
    """What a copy did.

    Attributes:
        files, bytes: all that are there now.
        new: files among them that were not there before.
    """

    files: int
    bytes: int
    new: int


class Place(Protocol):
    """Where files are copied to."""

    def names(self) -> list[str]:
        """Return the names of all files that are there."""

    def has(self, name: str, file: Path) -> bool:
        """Whether the file is there and has the same bytes."""

    def put(self, name: str, file: Path) -> None:
        """Copy the file, in place of one of that name."""


def place_at(root: str) -> "Bucket | Folder":
    """Return the place that a URL or an absolute folder names."""
    return Bucket(root) if object_store.is_object_store(root) else Folder(root)


def copy(
    files: Mapping[str, Path],
    place: Place,
    step: Callable[[int], None],
    passing: bool = False,
) -> Copied:
    """Copy files, several at once, and return what was done.

    Args:
        files: by the name that each gets.
        step: called with the bytes of each file that is there, and checked.
        passing: whether files may go away meanwhile, as those of a lake that is in use do.

    Raises:
        PlatformError: a file is gone, can't be read or written, or is not the same afterwards.
    """

    def one(item: tuple[str, Path]) -> tuple[int, bool]:
        name, file = item
        try:
            size, new = file.stat().st_size, not place.has(name, file)
            if new:
                place.put(name, file)
                if not place.has(name, file):
                    raise PlatformError(
                        f"{name} is not the same after it was copied.",
                        hint="Run the same command again; if it says so again, see whether the "
                        "disk or the object store is in order.",
                    )
        except OSError as error:
            if passing and not file.exists():
                return 0, False
            raise PlatformError(
                f"{name} can't be copied: {error.strerror or error}.",
                hint="Mend that and run the same command again: it goes on from there.",
            ) from error
        step(size)
        return size, new

    found: list[tuple[int, bool]] = []
    waiting = iter(sorted(files.items()))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while some := list(islice(waiting, 64)):  # an error or Ctrl-C stops before the next
            found += pool.map(one, some)
    return Copied(len(found), sum(size for size, _ in found), sum(new for _, new in found))


class Folder:
    """A folder that all machines share."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)

    def names(self) -> list[str]:
        """Return the names of all files that are there; parts of a copy are none."""
        found = (path for path in self._root.rglob("*") if path.is_file())
        return [p.relative_to(self._root).as_posix() for p in found if p.suffix != ".part"]

    def has(self, name: str, file: Path) -> bool:
        """Whether the file is there and has the same bytes."""
        there = self._root / name
        if not there.is_file() or there.stat().st_size != file.stat().st_size:
            return False
        return _digest(_chunks(there)) == _digest(_chunks(file))

    def put(self, name: str, file: Path) -> None:
        """Copy the file under another name, and give it its own when it is on the disk."""
        target = self._root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")  # a second attempt writes over it
        try:
            with part.open("wb") as written:
                for chunk in _chunks(file):
                    written.write(chunk)
                written.flush()
                os.fsync(written.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


class Bucket:
    """A prefix in an object store, listed once; what others put there meanwhile is not seen."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._store = object_store.store(root)
        self._guard = threading.Lock()
        self._there: dict[str, tuple[int, str]] | None = None  # size and ETag

    def names(self) -> list[str]:
        """Return the names of all objects that are there."""
        return list(self._listed())

    def has(self, name: str, file: Path) -> bool:
        """Whether the object is there and has the same bytes.

        Its ETag says so, being the MD5 of its bytes or of its parts; where the store has other
        ones, because it encrypts, the object is read.
        """
        size, tag = self._listed().get(name, (-1, ""))
        if size != file.stat().st_size:
            return False
        return tag in _tags(file) or _digest(self._read(name)) == _digest(_chunks(file))

    def put(self, name: str, file: Path) -> None:
        """Upload the file, a large one in parts."""
        import obstore

        there = self._listed()
        with object_store.explained(self._root):
            obstore.put(self._store, name, file, chunk_size=PART_BYTES)
            told: Any = obstore.head(self._store, name)
        there[name] = (int(told["size"]), _plain(told["e_tag"]))

    def _listed(self) -> dict[str, tuple[int, str]]:
        import obstore

        with self._guard:
            if self._there is None:
                with object_store.explained(self._root):
                    found: Any = (one for chunk in obstore.list(self._store) for one in chunk)
                    self._there = {o["path"]: (int(o["size"]), _plain(o["e_tag"])) for o in found}
            return self._there

    def _read(self, name: str) -> Iterator[bytes]:
        import obstore

        with object_store.explained(self._root):
            for chunk in obstore.get(self._store, name).stream(min_chunk_size=CHUNK):
                yield bytes(chunk)


def _plain(tag: str | None) -> str:
    return (tag or "").removeprefix("W/").strip('"')


def _chunks(file: Path, size: int = CHUNK) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(size):
            yield chunk


def _digest(chunks: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _tags(file: Path) -> set[str]:
    """Return the ETags that an upload of the file can have: in one piece, and in parts."""
    whole = hashlib.md5(usedforsecurity=False)
    parts = []
    for part in _chunks(file, PART_BYTES):
        whole.update(part)
        parts.append(hashlib.md5(part, usedforsecurity=False).digest())
    together = hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
    return {whole.hexdigest(), f"{together}-{len(parts)}"}

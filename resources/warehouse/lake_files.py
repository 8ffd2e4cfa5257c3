"""Files of the lake: putting staged ones where they stay, taking them away, seeing what is there.

What belongs here: folders and object stores alike, by the lake's `data_path`. What does not: which
files are part of the lake, which is the catalog's to say (`file_load`).
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from resources import object_store
from resources.errors import PlatformError

Put = Callable[[Path | str, str], None]
PART_BYTES = 16 << 20  # of a large file that is put into an object store in parts
LISTED_AT_ONCE = 1000
LOADS = "loads"  # folder of the files of loads, each load's in folders of its own


@dataclass(frozen=True)
class Stored:
    """A file as the folder or the object store lists it.

    Attributes:
        path: below the lake's `data_path`.
        bytes: its size.
        modified: when it was written, by the clock of who stores it.
    """

    path: str
    bytes: int
    modified: datetime


def put(root: str, folder: str, files: Sequence[tuple[Path | str, str]]) -> list[str]:
    """Move staged files to `<root>/<folder>/<name>`, and return where each is now.

    Args:
        files: each with the name that it gets, which nothing has yet. They lie on this machine, or
            elsewhere below `root` already: an object store then moves them by itself.

    Raises:
        OSError: the folder can't be written; what was moved is taken away again.
        PlatformError: the same of an object store.
    """
    if not files:
        return []
    put_one = _upload(root) if object_store.is_object_store(root) else _move(root)
    done: list[str] = []
    try:
        for file, name in files:
            path = f"{folder}/{name}"
            done.append(f"{root}/{path}")
            put_one(file, path)
    except BaseException:
        with suppress(OSError, PlatformError):
            remove(root, done)
        raise
    return done


def remove(root: str, files: Sequence[str]) -> None:
    """Remove files that the lake does not know, or no more; what is gone already is well.

    Args:
        files: as `put` returns them.

    Raises:
        OSError, PlatformError: one can't be removed.
    """
    if not files:
        return
    if object_store.is_object_store(root):
        import obstore

        with object_store.explained(root):
            obstore.delete(object_store.store(root), [f[len(root) + 1 :] for f in files])
        return
    for file in files:
        Path(file).unlink(missing_ok=True)
    for folder in {Path(file).parent for file in files if file.startswith(f"{root}/{LOADS}/")}:
        with suppress(OSError):  # another file is in it
            folder.rmdir()
            folder.parent.rmdir()


def listed(root: str) -> Iterator[Stored]:
    """Yield every file below a lake's `data_path`, a thousand of an object store per request.

    Raises:
        PlatformError: the object store can't be reached.
    """
    import obstore

    if object_store.is_object_store(root):
        store = object_store.store(root)
    elif Path(root).is_dir():
        store = obstore.store.LocalStore(root)
    else:
        return
    with object_store.explained(root):
        for batch in obstore.list(store, chunk_size=LISTED_AT_ONCE):
            for found in batch:
                yield Stored(found["path"], found["size"], found["last_modified"])


def _move(root: str) -> Put:
    def move(file: Path | str, path: str) -> None:
        target = Path(root) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, target)  # a rename, or a copy where it lies on another disk

    return move


def _upload(root: str) -> Put:
    import obstore

    store = object_store.store(root)

    def upload(file: Path | str, path: str) -> None:
        with object_store.explained(root):
            if isinstance(file, str):
                obstore.rename(store, file[len(root) + 1 :], path)
                return
            obstore.put(store, path, file, chunk_size=PART_BYTES)
        file.unlink()

    return upload

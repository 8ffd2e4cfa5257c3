"""The landing zone: which files are there, which of them stand still, and how to open one.

What belongs here: listing, stability and opening through fsspec, so that `s3://` is a setting.
What does not: what is in a file (`platform_assets.ingestion.formats`), which are new (the ledger).
"""

import fnmatch
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from resources.errors import PlatformError

TEMPORARY = (".tmp", ".part")
HIDDEN = (".", "_")


@dataclass(frozen=True, order=True)
class LandedFile:
    """One file of the landing zone.

    Attributes:
        path: below the landing zone, with `/`.
        size: bytes.
        modified_at: UTC, in microseconds.
    """

    path: str
    size: int
    modified_at: datetime

    @property
    def name(self) -> str:
        """The path as text: bytes of a local name that are not UTF-8 are shown as \\xNN."""
        raw = self.path.encode("utf-8", "surrogateescape")
        return raw.decode("utf-8", "backslashreplace")


class Landing:
    """A landing zone: a local folder, or any URL that fsspec knows.

    Args:
        url: absolute folder, or `s3://bucket/prefix` and the like.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._fs: Any = None
        self._root = ""

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine, which costs little to list."""
        return isinstance(self._open()[0], LocalFileSystem)

    def find(self, glob: str) -> list[LandedFile]:
        """Return the files that match `glob` (`**` crosses folders), sorted by path.

        Files whose name, or a folder's, starts with `.` or `_` and files named `.tmp` or `.part`
        are not there yet: whoever writes them will rename them.

        Raises:
            PlatformError: there is no such landing zone.
        """
        fs, root = self._open()
        pattern = re.compile(_translate(glob))
        base = re.split(r"[*?\[]", glob)[0].rpartition("/")[0]
        start = f"{root}/{base}".rstrip("/")
        local = isinstance(fs, LocalFileSystem)
        # Below a bucket there are no folders that could be missing, only names of files.
        if not (os.path.isdir(root or "/") if local else fs.exists(root.partition("/")[0] or root)):
            raise PlatformError(
                f"The landing zone {self.url} does not exist.",
                hint="Make the folder, or set PLATFORM_LANDING_URL to where files land.",
            )
        found = _walk(start) if local else _list(fs, start)
        files = []
        for full, size, modified in found:
            path = full[len(root) :].lstrip("/")
            if pattern.fullmatch(path) and not _temporary(path):
                files.append(LandedFile(path, size, modified))
        return sorted(files)

    def stable(self, files: Iterable[LandedFile], seconds: float) -> list[LandedFile]:
        """Return the files that look the same `seconds` later: nobody is writing them.

        A file that was written before that span began needs no second look.
        """
        now = datetime.now(UTC)
        old: list[LandedFile] = []
        young: list[LandedFile] = []
        for file in files:
            age = (now - file.modified_at).total_seconds()
            (old if age > max(10 * seconds, 5.0) else young).append(file)
        if not young or seconds <= 0:
            return sorted(old + young)
        time.sleep(seconds)
        return sorted(old + [file for file in young if self.look(file) == file])

    def open(self, file: LandedFile) -> BinaryIO:
        """Return the file's bytes as a stream; close it after use."""
        fs, root = self._open()
        return cast(BinaryIO, fs.open(f"{root}/{file.path}", "rb"))

    def look(self, file: LandedFile) -> LandedFile | None:
        """Return the file as it is now; None if it is gone."""
        fs, root = self._open()
        fs.invalidate_cache()
        try:
            info = fs.info(f"{root}/{file.path}")
        except FileNotFoundError:
            return None
        return LandedFile(file.path, int(info["size"] or 0), _modified(info))

    def _open(self) -> tuple[Any, str]:
        if self._fs is None:
            try:
                fs, root = fsspec.url_to_fs(self.url)
            except (ValueError, ImportError) as error:
                raise PlatformError(
                    f"The landing zone {self.url} can't be reached: {error}.",
                    hint="Set PLATFORM_LANDING_URL to a folder or a URL that fsspec knows.",
                ) from error
            self._fs, self._root = fs, str(root).rstrip("/")
        self._fs.invalidate_cache()
        return self._fs, self._root


def _temporary(path: str) -> bool:
    return path.endswith(TEMPORARY) or any(p.startswith(HIDDEN) for p in path.split("/"))


def _walk(start: str) -> Iterator[tuple[str, int, datetime]]:
    """Yield path, size and time of the files below a local folder.

    Five times as fast as `fs.find`: a sensor does it every few seconds, for 100,000 files.
    """
    folders, linked = [start], set[tuple[int, int]]()
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith(HIDDEN):
                        continue
                    try:
                        if entry.is_dir():
                            info = entry.stat() if entry.is_symlink() else None
                            key = (info.st_dev, info.st_ino) if info else None
                            if key is None or key not in linked:
                                linked |= {key} if key else set()
                                folders.append(entry.path)
                        elif entry.is_file():
                            info = entry.stat()
                            yield entry.path, info.st_size, _moment(info.st_mtime)
                    except OSError:  # gone since, or a link that leads round in a circle
                        continue
        except (FileNotFoundError, NotADirectoryError):
            continue


def _list(fs: Any, start: str) -> Iterator[tuple[str, int, datetime]]:
    """Yield path, size and time of the files below a folder of any file system."""
    try:
        found = fs.find(start, detail=True)
    except FileNotFoundError:
        return
    for path, info in found.items():
        if info["type"] == "file":
            yield path, int(info["size"] or 0), _modified(info)


def _modified(info: dict[str, Any]) -> datetime:
    """Return when a file was written, whatever the file system calls it."""
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = info.get(name)
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        if isinstance(value, (int, float)):
            return _moment(value)
    return _moment(0)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds, 6), UTC)


def _translate(glob: str) -> str:
    """Return the regular expression of a glob: `*` stays in a folder, `**/` crosses them."""
    parts = []
    for piece in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", glob):
        if piece == "**/":
            parts.append("(?:[^/]+/)*")
        elif piece == "**":
            parts.append(".*")
        elif piece == "*":
            parts.append("[^/]*")
        elif piece == "?":
            parts.append("[^/]")
        elif piece.startswith("[") and piece.endswith("]"):
            parts.append(fnmatch.translate(piece)[4:-3])
        else:
            parts.append(re.escape(piece))
    return "".join(parts)

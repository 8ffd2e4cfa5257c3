"""A landing zone at any other URL that fsspec knows: listed whole at every look."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

from resources.errors import PlatformError
from resources.landing.names import Glob, LandedFile, moment


class Remote:
    """A folder of a file system of fsspec's."""

    is_local = False

    def __init__(self, url: str, fs: Any, root: str) -> None:
        self._url, self._fs, self._root = url, fs, root.rstrip("/")

    def find(self, glob: Glob) -> Iterator[LandedFile]:
        """Yield the files that match.

        Raises:
            PlatformError: there is no such place.
        """
        self._fs.invalidate_cache()
        # Below a bucket there are no folders that could be missing, only names of files.
        if not self._fs.exists(self._root.partition("/")[0] or self._root):
            raise PlatformError(
                f"The landing zone {self._url} does not exist.",
                hint="Set PLATFORM_LANDING_URL to where files land.",
            )
        try:
            found = self._fs.find(f"{self._root}/{glob.folder}".rstrip("/"), detail=True)
        except FileNotFoundError:
            return
        for full, info in found.items():
            path = full[len(self._root) :].lstrip("/")
            if info["type"] == "file" and glob.matches(path):
                yield LandedFile(path, int(info["size"] or 0), _modified(info))

    def open(self, file: LandedFile) -> BinaryIO:
        """Return the file's bytes as a stream."""
        return cast(BinaryIO, self._fs.open(f"{self._root}/{file.path}", "rb"))

    def look(self, file: LandedFile) -> LandedFile | None:
        """Return the file as it is now; None if it is gone."""
        self._fs.invalidate_cache()
        try:
            info = self._fs.info(f"{self._root}/{file.path}")
        except FileNotFoundError:
            return None
        return LandedFile(file.path, int(info["size"] or 0), _modified(info))


def _modified(info: dict[str, Any]) -> datetime:
    """Return when a file was written, whatever the file system calls it."""
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = info.get(name)
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        if isinstance(value, (int, float)):
            return moment(value)
    return moment(0)

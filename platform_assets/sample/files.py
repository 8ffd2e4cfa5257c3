"""Writing into the landing zone: whole files, under their final name at once.

What belongs here: bytes to a disk or an object store, and compression that gives the same bytes
every time. What does not: what the bytes mean.
"""

import csv
import gzip
import io
import os
from collections.abc import Iterable
from hashlib import md5
from pathlib import Path

import obstore

from resources import object_store

GZIP_LEVEL = 3  # a fifth larger than the default, and three times as fast


def compress(data: bytes) -> bytes:
    """Return `data` gzipped, without the time of day in the header."""
    return gzip.compress(data, GZIP_LEVEL, mtime=0)


def csv_bytes(
    header: list[str], rows: Iterable[Iterable[object]], delimiter: str, encoding: str
) -> list[bytes]:
    """Return the header and each row as encoded CSV records with their line ends; None is empty."""
    out: list[bytes] = []
    for record in (header, *rows):
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, lineterminator="\n").writerow(
            "" if value is None else value for value in record
        )
        out.append(text.getvalue().encode(encoding))
    return out


class Folder:
    """A folder that files land in; what is already there with the same bytes stays untouched."""

    root: Path | str

    def __init__(self, root: Path) -> None:
        """Write below `root`, which is made when the first file lands."""
        self.root = self._folder = root
        self.written = 0
        self.untouched = 0

    def write(self, name: str, data: bytes) -> bool:
        """Land a file below the root; return False when it was there already with these bytes.

        The bytes go to a name that ingestion ignores (a leading dot) and are then renamed.
        """
        path = self._folder / name
        if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
            self.untouched += 1
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self.written += 1
        return True


class Bucket(Folder):
    """The same in an object store, where an object appears when it is complete.

    What is there is listed once, before the first object lands.
    """

    def __init__(self, url: str) -> None:
        """Write below `s3://bucket/prefix`."""
        self.root = url
        self.written = self.untouched = 0
        self._store = object_store.store(url)
        self._there: dict[str, tuple[int, str]] | None = None  # size and ETag by name

    def write(self, name: str, data: bytes) -> bool:
        """Put an object; return False when it was there already with these bytes.

        Raises:
            PlatformError: the store can't be used.
        """
        with object_store.explained(str(self.root), "PLATFORM_LANDING_URL"):
            if self._there is None:
                pages = obstore.list(self._store, chunk_size=1000)
                self._there = {
                    each["path"]: (each["size"], each["e_tag"] or "")
                    for page in pages
                    for each in page
                }
            if self._is_there(name, data):
                self.untouched += 1
                return False
            put = obstore.put(self._store, name, data)
        self._there[name] = len(data), put["e_tag"] or ""
        self.written += 1
        return True

    def _is_there(self, name: str, data: bytes) -> bool:
        """Return whether an object holds these bytes; its ETag is their MD5, most often."""
        size, tag = (self._there or {}).get(name, (-1, ""))
        if size != len(data):
            return False
        if tag.strip('"') == md5(data, usedforsecurity=False).hexdigest():
            return True
        return bytes(obstore.get(self._store, name).bytes()) == data


def landing(place: Path | str) -> Folder:
    """Return the landing zone to write into: a folder, or `s3://bucket/prefix`."""
    if isinstance(place, str) and object_store.is_object_store(place):
        return Bucket(place)
    return Folder(Path(place))

"""A landing zone in an object store: listed by pages, from any name on.

What belongs here: names and versions of objects, and reading one. What does not: which pages are
looked at (`cursor`), the stream over an object (`object_stream`).

An object has no temporary name: it appears when its upload is complete, under the name that it
keeps. So nothing waits for it to stand still; what tells one content from the next under the same
name is its version, and every read asks for the version that was listed.
"""

import errno
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from resources import object_store, s3_requests
from resources.errors import PlatformError
from resources.landing.names import Glob, LandedFile
from resources.landing.object_stream import stream
from resources.s3_requests import Refused

PAGE = 1000  # names that a store lists at once, at most
SETTING = "PLATFORM_LANDING_URL"


@dataclass(frozen=True)
class Page:
    """A stretch of names, in the store's order.

    Attributes:
        files: what is listed, all of it; paths as they are below the landing zone.
        more: whether others follow.
    """

    files: list[LandedFile]
    more: bool


class Objects:
    """What lies below a bucket's prefix.

    Args:
        url: `s3://bucket/prefix`.
    """

    is_local = False

    def __init__(self, url: str) -> None:
        self.url = url
        self._bucket, prefix = object_store.split(url)
        self._root = f"{prefix}/" if prefix else ""
        self._failed_at = -1e9
        self._stores: dict[float | None, Any] = {}

    def find(self, glob: Glob) -> Iterator[LandedFile]:
        """Yield the files that match, after listing everything that begins as they do.

        Raises:
            PlatformError: the store can't be listed.
        """
        for page in self.pages(glob):
            yield from (file for file in page.files if is_file(file, glob))

    def pages(self, glob: Glob, after: str = "") -> Iterator[Page]:
        """Yield everything that begins as what matches does, and comes after a name.

        Raises:
            PlatformError: the store can't be listed.
        """
        while True:
            page = self.page(glob.beginning, after)
            yield page
            if not page.more or not page.files:
                return
            after = page.files[-1].path

    def page(self, beginning: str, after: str, patience: float | None = None) -> Page:
        """Return the names that begin so and come after another, at most `PAGE` of them.

        One request. Folders that some tools make, as objects of no bytes named `folder/`, are in
        it: they are names to go on from.

        Args:
            patience: seconds for which it is tried again; default: as the settings say.

        Raises:
            PlatformError: the store can't be listed.
        """
        if patience is not None and time.monotonic() - self._failed_at < patience:
            patience = 0.0  # it did not answer a moment ago: one try tells
        try:
            with object_store.explained(self.url, SETTING):
                if s3_requests.available():
                    return self._signed_page(beginning, after, patience)
                return self._page(beginning, after, patience)
        except PlatformError:
            self._failed_at = time.monotonic()
            raise

    def open(self, file: LandedFile) -> BinaryIO:
        """Return the file's bytes as a stream that seeks.

        Raises (also while reading):
            FileNotFoundError: the object is gone, or it is another version by now.
            PlatformError: the store fails.
        """
        return stream(file.size, lambda start, end: self.read(file, start, end))

    def read(self, file: LandedFile, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes from `start` to before `end` of the version that was listed.

        Raises:
            FileNotFoundError: the object is gone, or it is another version by now.
            PlatformError: the store fails.
        """
        end = file.size if end is None else end
        if end <= start:
            return b""
        whole = start == 0 and end == file.size
        with object_store.explained(self.url, SETTING):
            try:
                data = self._read(file, None if whole else (start, end))
            except FileNotFoundError:
                raise _gone(file) from None
            if len(data) == end - start:
                return data
            if whole and not file.version:  # a store without versions: it was overwritten
                raise _gone(file)
            raise Refused(0, "the answer is cut", f"{len(data)} bytes instead of {end - start}")

    def look(self, file: LandedFile) -> LandedFile | None:
        """Return the file as it is now; None if it is gone."""
        page = self.page(file.path, "")
        found = next((each for each in page.files if each.path == file.path), None)
        return file if found and _same(found, file) else found

    def _store(self, patience: float | None = None) -> Any:
        if patience not in self._stores:
            self._stores[patience] = object_store.store(f"s3://{self._bucket}", patience)
        return self._stores[patience]

    def _signed_page(self, beginning: str, after: str, patience: float | None) -> Page:
        query = {"list-type": "2", "encoding-type": "url", "max-keys": str(PAGE)}
        if self._root + beginning:
            query["prefix"] = self._root + beginning
        if after:
            query["start-after"] = self._root + after
        root = ElementTree.fromstring(s3_requests.get(self._bucket, "", query, patience=patience))
        names = root.tag.rpartition("}")[0] + "}" if root.tag.startswith("{") else ""
        encoded = root.findtext(f"{names}EncodingType") == "url"
        files = []
        for each in root.iterfind(f"{names}Contents"):
            key = each.findtext(f"{names}Key") or ""
            key = unquote_plus(key) if encoded else key
            modified = each.findtext(f"{names}LastModified") or ""
            size = int(each.findtext(f"{names}Size") or 0)
            version = each.findtext(f"{names}ETag") or ""
            files.append(self._file(key, size, datetime.fromisoformat(modified), version))
        return Page(files, root.findtext(f"{names}IsTruncated") == "true")

    def _page(self, beginning: str, after: str, patience: float | None) -> Page:
        """Return a page as obstore lists it: by whole folders, and only of names that it knows."""
        import obstore

        folder = (self._root + beginning).rpartition("/")[0]
        start = self._root + after if after else None
        stream = obstore.list(self._store(patience), folder or None, offset=start, chunk_size=PAGE)
        found = next(iter(stream), [])
        files = [
            self._file(each["path"], each["size"], each["last_modified"], each["e_tag"] or "")
            for each in found
        ]
        return Page(files, len(files) == PAGE)

    def _file(self, key: str, size: int, modified: datetime, version: str) -> LandedFile:
        return LandedFile(key[len(self._root) :], size, modified, version)

    def _read(self, file: LandedFile, span: tuple[int, int] | None) -> bytes:
        key = self._root + file.path
        if _is_odd(key) and s3_requests.available():
            return self._signed_read(key, file, span)
        import obstore
        from obstore.exceptions import PreconditionError

        options: Any = {"if_match": file.version} if file.version else {}
        if span:
            options["range"] = span
        try:
            return bytes(obstore.get(self._store(), key, options=options).bytes())
        except PreconditionError:
            raise _gone(file) from None

    def _signed_read(self, key: str, file: LandedFile, span: tuple[int, int] | None) -> bytes:
        headers = {"if-match": file.version} if file.version else {}
        if span:
            headers["range"] = f"bytes={span[0]}-{span[1] - 1}"
        try:
            return s3_requests.get(self._bucket, key, headers=headers)
        except Refused as refused:
            if refused.status in (404, 412):
                raise _gone(file) from None
            raise


def is_file(file: LandedFile, glob: Glob) -> bool:
    """Return whether a listed name is a file that matches, and no folder."""
    return not (file.path.endswith("/") and not file.size) and glob.matches(file.path)


def _same(one: LandedFile, other: LandedFile) -> bool:
    if one.version and other.version:
        return one.version == other.version
    return one == other


def _gone(file: LandedFile) -> FileNotFoundError:
    return FileNotFoundError(
        errno.ENOENT, "the object is gone, or was overwritten while it was read", file.path
    )


def _is_odd(key: str) -> bool:
    """Return whether obstore can't name a key: one with empty parts, dots or control characters."""
    parts = key.split("/")
    return any(p in ("", ".", "..") for p in parts) or any(ord(c) < 32 or c == "\x7f" for c in key)

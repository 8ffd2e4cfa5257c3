"""The landing zone: which files are there, which of them stand still, and how to open one.

What belongs here: one way to a local folder (`folder`), an object store (`objects`) and any other
URL (`remote`, through fsspec). What does not: what is in a file (`platform_assets.ingestion`), and
which files are new (the ledger).
"""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from resources import object_store
from resources.errors import PlatformError
from resources.landing.cursor import Cursor, Found, Span, seed
from resources.landing.folder import Folder
from resources.landing.names import Glob, LandedFile, glob
from resources.landing.objects import Objects, is_file
from resources.landing.prefetch import fetching
from resources.settings import settings

# Seconds by which this machine's clock may differ from the one that dates files, a file server's.
CLOCKS_APART = 900.0
__all__ = ["Found", "LandedFile", "Landing", "Opener", "Span", "glob"]


class Zone(Protocol):
    """One kind of landing zone."""

    is_local: bool

    def find(self, glob: Glob) -> Iterator[LandedFile]:
        """Yield the files that match."""
        ...

    def open(self, file: LandedFile) -> BinaryIO:
        """Return the file's bytes as a stream that seeks."""
        ...

    def look(self, file: LandedFile) -> LandedFile | None:
        """Return the file as it is now; None if it is gone."""
        ...


class Opener(Protocol):
    """What opens files."""

    def open(self, file: LandedFile) -> BinaryIO:
        """Return the file's bytes as a stream that seeks."""
        ...


class Landing:
    """A landing zone: a local folder, an object store, or any URL that fsspec knows.

    Nothing is opened before the first question, so that a process may still fork.

    Args:
        url: absolute folder, or `s3://bucket/prefix` and the like.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened: Zone | None = None
        self._cursors: dict[str, Cursor] = {}

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine, which costs little to list."""
        return self._zone.is_local

    def find(self, pattern: str, spans: Sequence[Span] | None = None) -> list[LandedFile]:
        """Return the files that match a glob (`**` crosses folders), sorted by path.

        Files whose name, or a folder's, starts with `.` or `_` and files named `.tmp` or `.part`
        are not there yet: whoever writes them will rename them.

        Args:
            spans: where a look has found something; only that much of an object store is listed.

        Raises:
            PlatformError: there is no such landing zone, or it can't be listed.
        """
        zone = self._zone
        if not isinstance(zone, Objects):
            return sorted(zone.find(glob(pattern)))
        if spans is None:
            return self._everything(zone, pattern)
        found = {file.path: file for span in spans for file in _listed(zone, glob(pattern), span)}
        return sorted(found.values())

    def fresh(self, pattern: str, known: Callable[[LandedFile], bool]) -> Found:
        """Return files that match and are not known, for a sensor: it comes again in seconds.

        Of an object store a look lists the places where files landed lately, and a part of the
        rest; all of that within `PLATFORM_LANDING_SWEEP_MINUTES`.

        Raises:
            PlatformError: there is no such landing zone, or it can't be listed.
        """
        zone = self._zone
        if not isinstance(zone, Objects):
            return Found([file for file in self.find(pattern) if not known(file)], None)
        if pattern not in self._cursors:
            recent, sweep = settings().landing_recent, settings().landing_sweep_minutes * 60
            place = self._cursor_file(pattern)
            self._cursors[pattern] = Cursor(zone, glob(pattern), recent, sweep, place)
        return self._cursors[pattern].look(known)

    def stable(self, files: Iterable[LandedFile], seconds: float) -> list[LandedFile]:
        """Return the files that look the same `seconds` later: nobody is writing them.

        A file that was written long before needs no second look, nor does an object: it appears
        when it is complete.
        """
        now = datetime.now(UTC)
        old: list[LandedFile] = []
        young: list[LandedFile] = []
        for file in files:
            age = (now - file.modified_at).total_seconds()
            (old if age > max(10 * seconds, CLOCKS_APART) else young).append(file)
        if not young or seconds <= 0 or isinstance(self._zone, Objects):
            return sorted(old + young)
        time.sleep(seconds)
        return sorted(old + [file for file in young if self.look(file) == file])

    def open(self, file: LandedFile) -> BinaryIO:
        """Return the file's bytes as a stream that seeks; close it after use.

        Raises (of an object store also while reading):
            FileNotFoundError: the file is gone; or, in an object store, overwritten.
        """
        return self._zone.open(file)

    def opening(self, files: Sequence[LandedFile]) -> AbstractContextManager[Opener]:
        """Return what opens these files, in this order: small objects are fetched ahead."""
        zone = self._zone
        return fetching(zone, files) if isinstance(zone, Objects) else nullcontext(self)

    def look(self, file: LandedFile) -> LandedFile | None:
        """Return the file as it is now; None if it is gone."""
        return self._zone.look(file)

    def unchanged(self, file: LandedFile) -> bool:
        """Return whether what was read is the file that was listed.

        An object store only ever reads the version that was listed: no need to ask.
        """
        if file.version and isinstance(self._zone, Objects):
            return True
        return self.look(file) == file

    def _everything(self, zone: Objects, pattern: str) -> list[LandedFile]:
        """List everything, and let a sensor go on from there."""
        found: list[LandedFile] = []
        last, total = deque[str](maxlen=settings().landing_recent // 2 + 1), 0
        for page in zone.pages(glob(pattern)):
            found.extend(file for file in page.files if is_file(file, glob(pattern)))
            last.extend(file.path for file in page.files)
            total += len(page.files)
        seed(self._cursor_file(pattern), total, last)
        return sorted(found)

    def _cursor_file(self, pattern: str) -> Path:
        name = hashlib.sha256(f"{self.url}\n{pattern}".encode()).hexdigest()[:16]
        return settings().data / "cursors" / f"{name}.json"

    @property
    def _zone(self) -> Zone:
        if self._opened is None:
            self._opened = _zone(self.url)
        return self._opened


def _zone(url: str) -> Zone:
    """Return the landing zone that a URL names.

    Raises:
        PlatformError: nothing here knows such a URL.
    """
    if object_store.is_object_store(url):
        return Objects(url)
    if "://" not in url:
        return Folder(url)
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

    from resources.landing.remote import Remote

    try:
        fs, root = fsspec.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise PlatformError(
            f"The landing zone {url} can't be reached: {error}.",
            hint="Set PLATFORM_LANDING_URL to a folder, s3://…, or a URL that fsspec knows.",
        ) from error
    return Folder(str(root)) if isinstance(fs, LocalFileSystem) else Remote(url, fs, str(root))


def _listed(zone: Objects, pattern: Glob, span: Span) -> Iterator[LandedFile]:
    """Yield the files of a stretch of names, and what else its last page holds."""
    left = span.count
    for page in zone.pages(pattern, span.after):
        yield from (file for file in page.files if is_file(file, pattern))
        left -= len(page.files)
        if left <= 0:
            return

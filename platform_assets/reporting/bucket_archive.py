"""Versions of reports in an object store, which has no renames and no folders.

    <prefix>/<report>/<version>/.claim                 whose the name is: the first to write it
    <prefix>/<report>/<version>/{index.html, …}        the files
    <prefix>/_versions/<report>/<version>.s<snapshot>  written last: with it the version is there

Nothing points at the newest and would have to be written over: names are sorted, the newest is the
last. One listing tells all versions with their snapshots. What does not belong here: what the files
say (`edition`), serving them (`server.report_files`).
"""

import hashlib
import mimetypes
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from platform_assets.reporting import versions
from platform_assets.reporting.versions import FACTS, PAGE, Version
from resources import object_store
from resources.errors import PlatformError
from resources.settings import settings

INDEX = "_versions"  # no folder of declarations begins so
CLAIM = ".claim"
AT_ONCE = 8  # objects that are read or written at the same time
FACTS_KEPT = 2_000  # of versions, in memory: a version never changes


class BucketArchive:
    """An `Archive` below `s3://<bucket>/<prefix>`.

    Args:
        url: bucket and prefix.
        patience: seconds for which a request is tried again; default: as the settings say.
    """

    def __init__(self, url: str, patience: float | None = None) -> None:
        self.url = self.place = url.rstrip("/")
        self._patience = patience
        self._facts: dict[tuple[str, str], Version] = {}
        self._seen: dict[str, str] = {}  # of each report the newest version that was ever listed

    @cached_property
    def store(self) -> Any:
        """The obstore store of the bucket and prefix."""
        return object_store.store(self.url, self._patience)

    def publish(self, report: str, generated_at: datetime, write: Callable[[Path], None]) -> str:
        """Make a version and return its name."""
        with _scratch() as folder:
            write(folder)
            snapshot, owner = versions.snapshot(folder), uuid.uuid4().bytes
            with object_store.explained(self.url):
                listed = self._newest(report)
                newest = self._version(report, listed[0]) if listed else None
                names = versions.numbered(versions.second(generated_at, snapshot, newest))
                name = next(n for n in names if self._claim(report, n, owner))
                self._put(report, name, folder)
                self._show(report, name, snapshot)
        return name

    def adopt(self, report: str, name: str, folder: Path) -> bool:
        """Take in a version that was made elsewhere, if it is not here yet.

        Its claim says what it is, so that a second attempt goes on with what the first began.
        """
        owner = hashlib.sha256((folder / FACTS).read_bytes()).digest()
        with object_store.explained(self.url):
            if not self._claim(report, name, owner) and self._get(_claim(report, name)) != owner:
                raise PlatformError(
                    f"{self.url}/{report}/{name} is another version than that of the same name.",
                    hint="Name a place for reports that holds none yet.",
                )
            if name in self.names(report):
                return False
            self._put(report, name, folder)
            self._show(report, name, versions.snapshot(folder))
        return True

    def reports(self) -> list[str]:
        """Return the names of all reports that have a version, sorted."""
        return sorted({report for report, _, _ in self._index("")})

    def names(self, report: str) -> list[str]:
        """Return the names of all versions of a report, the newest first."""
        return versions.newest_first(name for _, name, _ in self._index(f"{report}/"))

    def read(self, report: str, names: Sequence[str]) -> list[Version]:
        """Return the versions of these names; one that is gone is left out."""
        asked = [name for name in names if versions.NAME.match(name)]
        with object_store.explained(self.url), ThreadPoolExecutor(AT_ONCE) as pool:
            return [one for one in pool.map(lambda n: self._version(report, n), asked) if one]

    def newest(self, report: str) -> Version | None:
        """Return the newest version of a report."""
        with object_store.explained(self.url):
            found = self._newest(report)
            return self._version(report, found[0]) if found else None

    def newest_name(self, report: str) -> str:
        """Return the name of the newest version of a report; an empty text for none."""
        return next(iter(self._newest(report)), "")

    def page(self, report: str) -> bytes | None:
        """Return the page of the newest version."""
        name = self.newest_name(report)
        with object_store.explained(self.url):
            return self._get(f"{report}/{name}/{PAGE}") if name else None

    def sizes(self, report: str, name: str) -> dict[str, int]:
        """Return the files of a version, each with its bytes."""
        import obstore

        with object_store.explained(self.url):
            listed = obstore.list(self.store, f"{report}/{name}")
            found = {o["path"].split("/")[-1]: int(o["size"]) for chunk in listed for o in chunk}
        found.pop(CLAIM, None)
        return found

    def snapshots(self) -> set[int]:
        """Return the snapshots of the warehouse that versions were made from: of names alone."""
        return {int(snapshot) for _, _, snapshot in self._index("") if snapshot}

    def _index(self, below: str, after: str | None = None) -> Iterator[tuple[str, str, str]]:
        """Yield report, name and snapshot of each version."""
        import obstore

        with object_store.explained(self.url):
            found = obstore.list(self.store, f"{INDEX}/{below}".rstrip("/"), offset=after)
            for object in (one for chunk in found for one in chunk):
                parts = str(object["path"]).split("/")
                if len(parts) == 3:
                    name, _, snapshot = parts[2].partition(".s")
                    yield parts[1], name, snapshot

    def _newest(self, report: str) -> list[str]:
        """Return the name of the newest version, if there is one.

        Listed is only what comes after the second of the newest that this process knows.
        """
        before = self._seen.get(report, "")[:16]  # without its second's last letter, Z
        after = f"{INDEX}/{report}/{before}" if before else None
        found = versions.newest_first(name for _, name, _ in self._index(f"{report}/", after))
        if not found and before:  # somebody has taken it away
            found = self.names(report)
        self._seen[report] = found[0] if found else ""
        return found[:1]

    def _version(self, report: str, name: str) -> Version | None:
        key = (report, name)
        if key not in self._facts:
            found = self._get(f"{report}/{name}/{FACTS}")
            version = versions.parse(name, found) if found is not None else None
            if version is None:
                return None
            if len(self._facts) >= FACTS_KEPT:
                self._facts.clear()
            self._facts[key] = version
        return self._facts[key]

    def _get(self, key: str) -> bytes | None:
        import obstore

        with suppress(FileNotFoundError):
            return bytes(obstore.get(self.store, key).bytes())
        return None

    def _claim(self, report: str, name: str, owner: bytes) -> bool:
        """Make a name one's own, unless somebody has it."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        try:
            obstore.put(self.store, _claim(report, name), owner, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def _put(self, report: str, name: str, folder: Path) -> None:
        """Write all files of a version."""
        import obstore

        def put(file: Path) -> None:
            kind = {"Content-Type": content_type(file.name)}
            obstore.put(self.store, f"{report}/{name}/{file.name}", file, attributes=kind)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(put, sorted(folder.iterdir())))

    def _show(self, report: str, name: str, snapshot: int | None) -> None:
        """Let a version be there: all of its files are."""
        import obstore

        told = "" if snapshot is None else snapshot
        obstore.put(self.store, f"{INDEX}/{report}/{name}.s{told}", b"")


def content_type(file: str) -> str:
    """Return the media type of a file of a version."""
    kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _claim(report: str, name: str) -> str:
    return f"{report}/{name}/{CLAIM}"


@contextmanager
def _scratch() -> Iterator[Path]:
    """Yield an empty folder of this machine for the files of a version.

    Raises:
        PlatformError: it can't be written.
    """
    parent = settings().data / "tmp"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="report-", dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise PlatformError(
            f"The report can't be written to {parent}: {error.strerror}.",
            hint="Make the folder writable, or free some space; the page before is untouched.",
        ) from error

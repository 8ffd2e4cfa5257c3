"""Versions of reports in a folder, of this machine or one that several share.

`<reports>/<name>/<UTC time>/` is written once, under another name until it is complete;
`<reports>/<name>/latest.html` is replaced in one step. What does not belong here: what the files
say (`edition`).
"""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from platform_assets.reporting import versions
from platform_assets.reporting.versions import FACTS, PAGE, Version
from resources.errors import PlatformError

LATEST = "latest.html"


class FolderArchive:
    """An `Archive` whose versions are folders.

    Args:
        folder: of all reports; it is made with the first version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = str(folder)

    def publish(self, report: str, generated_at: datetime, write: Callable[[Path], None]) -> str:
        """Make a version, let its page be the newest, and return its name."""
        with self._written(report, write) as temporary:
            snapshot = versions.snapshot(temporary)
            second = versions.second(generated_at, snapshot, self.newest(report))
            names = versions.numbered(second)
            name = next(n for n in names if _rename(temporary, self.folder / report / n))
            self._show_newest(report)
        return name

    def adopt(self, report: str, name: str, folder: Path) -> bool:
        """Take in a version that was made elsewhere, if it is not here yet."""
        target = self.folder / report / name
        if not target.exists():
            with self._written(report, lambda new: _copy(folder, new)) as temporary:
                if _rename(temporary, target):
                    self._show_newest(report)
                    return True
        if (target / FACTS).read_bytes() != (folder / FACTS).read_bytes():
            raise PlatformError(
                f"{target} is another version of the report than that of the same name.",
                hint="Name a folder for reports that holds none yet.",
            )
        return False

    def reports(self) -> list[str]:
        """Return the names of all reports that have a version, sorted."""
        if not self.folder.is_dir():
            return []
        found = (path.name for path in self.folder.iterdir())
        return sorted(name for name in found if next(self._names(name), ""))

    def names(self, report: str) -> list[str]:
        """Return the names of all versions of a report, the newest first."""
        return list(self._names(report))

    def _names(self, report: str) -> Iterator[str]:
        """Yield the names, so that who wants the newest looks at no other."""
        folder = self.folder / report
        if folder.is_dir():
            for name in versions.newest_first(os.listdir(folder)):
                if (folder / name / FACTS).is_file():
                    yield name

    def read(self, report: str, names: Sequence[str]) -> list[Version]:
        """Return the versions of these names; one that is gone is left out."""
        found = (self._read(report, name) for name in names if versions.NAME.match(name))
        return [one for one in found if one]

    def newest(self, report: str) -> Version | None:
        """Return the newest version of a report."""
        found = (self._read(report, name) for name in self._names(report))
        return next((one for one in found if one), None)

    def page(self, report: str) -> bytes | None:
        """Return the page of the newest version."""
        newest = self.folder / report / LATEST
        return newest.read_bytes() if newest.is_file() else None

    def sizes(self, report: str, name: str) -> dict[str, int]:
        """Return the files of a version, each with its bytes."""
        return {path.name: path.stat().st_size for path in (self.folder / report / name).iterdir()}

    def snapshots(self) -> set[int]:
        """Return the snapshots of the warehouse that versions were made from.

        Raises:
            PlatformError: a version can't be read, so that nobody knows what it rests on.
        """
        found = set[int | None]()
        for report in self.reports():
            for name in self.names(report):
                one = self._read(report, name)
                if one is None and (self.folder / report / name).exists():
                    raise PlatformError(
                        f"{self.folder / report / name / FACTS} can't be read: nobody knows which "
                        "snapshot of the warehouse this version rests on.",
                        hint="Make it readable, or remove the folder of this version.",
                    )
                found.add(one.snapshot if one else None)
        return {snapshot for snapshot in found if snapshot is not None}

    def _read(self, report: str, name: str) -> Version | None:
        try:
            return versions.parse(name, (self.folder / report / name / FACTS).read_bytes())
        except OSError:
            return None

    @contextmanager
    def _written(self, report: str, write: Callable[[Path], None]) -> Iterator[Path]:
        """Yield a folder with all files of a version, which is to get its name in the block."""
        folder = self.folder / report
        temporary = folder / f".{uuid.uuid4().hex}"
        try:
            temporary.mkdir(parents=True)
            write(temporary)
            _settle(temporary)
            yield temporary
        except OSError as error:
            raise PlatformError(
                f"The report can't be written to {folder}: {error.strerror}.",
                hint="Make the folder writable, or free some space; the page before is untouched.",
            ) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _show_newest(self, report: str) -> None:
        """Let `latest.html` be the page of the newest version, whoever makes one meanwhile.

        A machine that was slower must not put an older page over a newer one: each looks again
        after it has written, so that the last to write has seen the newest.
        """
        shown = ""
        while (newest := next(self._names(report), "")) != shown:
            shown = newest
            _replace(self.folder / report / shown / PAGE, self.folder / report / LATEST)


def _copy(folder: Path, new: Path) -> None:
    for path in folder.iterdir():
        shutil.copyfile(path, new / path.name)


def _settle(folder: Path) -> None:
    """Make sure that every file, and the folder that names them, is on the disk."""
    for path in (*folder.iterdir(), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _rename(temporary: Path, path: Path) -> bool:
    """Give the complete version a name, unless something has it already."""
    try:
        temporary.rename(path)  # fails on a folder that holds something
    except OSError:
        if not path.exists():
            raise
        return False
    return True


def _replace(page: Path, latest: Path) -> None:
    """Let `latest` be the page: the same file, under two names."""
    temporary = latest.parent / f".{uuid.uuid4().hex}.html"
    try:
        try:
            os.link(page, temporary)
        except OSError:  # a file system without links
            shutil.copyfile(page, temporary)
        os.utime(temporary)  # readers go by its time: that is when it is published
        temporary.replace(latest)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)

"""Where versions of reports are kept: a folder, or an object store that several machines share.

What belongs here: what can be done with versions wherever they are, and which place is meant.
What does not: the places themselves (`folder_archive`, `bucket_archive`), what a version is
(`versions`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from platform_assets.reporting.bucket_archive import BucketArchive
from platform_assets.reporting.folder_archive import FolderArchive
from platform_assets.reporting.versions import Version
from resources import object_store
from resources.errors import PlatformError
from resources.settings import settings


class Archive(Protocol):
    """All versions of all reports. A version is there as a whole or not at all, and stays.

    Attributes:
        place: folder or URL, for people.

    Every method raises PlatformError where the place can't be reached, read or written.
    """

    place: str

    def publish(self, report: str, generated_at: datetime, write: Callable[[Path], None]) -> str:
        """Make a version and return its name.

        Args:
            generated_at: names the version.
            write: writes all files of the version, `index.html` and `report.json` among them,
                into a folder.
        """

    def adopt(self, report: str, name: str, folder: Path) -> bool:
        """Take in a version that was made elsewhere, under its own name, if it is not here yet.

        Returns:
            Whether it was not.

        Raises:
            PlatformError: there is another version of that name.
        """

    def reports(self) -> list[str]:
        """Return the names of all reports that have a version, sorted."""

    def names(self, report: str) -> list[str]:
        """Return the names of all versions of a report, the newest first: nothing is opened."""

    def read(self, report: str, names: Sequence[str]) -> list[Version]:
        """Return the versions of these names, in their order; one that is gone is left out."""

    def newest(self, report: str) -> Version | None:
        """Return the newest version of a report."""

    def page(self, report: str) -> bytes | None:
        """Return the page of the newest version."""

    def sizes(self, report: str, name: str) -> dict[str, int]:
        """Return the files of a version, each with its bytes."""

    def snapshots(self) -> set[int]:
        """Return the snapshots of the warehouse that any version of any report was made from."""


def archive_at(place: str | Path, patience: float | None = None) -> FolderArchive | BucketArchive:
    """Return the archive in a folder, or below `s3://<bucket>/<prefix>`.

    Args:
        place: the folder or URL.
        patience: seconds for which an object store is asked again; default: as the settings say.

    Raises:
        PlatformError: it is neither.
    """
    text = str(place)
    if object_store.is_object_store(text):
        return BucketArchive(text, patience)
    if "://" in text:
        raise PlatformError(
            f"PLATFORM_REPORTS_URL is {text}: reports can't be kept there.",
            hint="Name a folder that all machines share, or s3://<bucket>/<prefix>.",
        )
    return FolderArchive(Path(text))


def from_settings(patience: float | None = None) -> FolderArchive | BucketArchive:
    """Return the archive that the settings name; `patience` as for `archive_at`."""
    return archive_at(settings().reports, patience)


def snapshots_in_use() -> set[int]:
    """Return the snapshots of the warehouse that a version of a report rests on: never expire one.

    Raises:
        PlatformError: the archive can't be read; then nothing may be expired.
    """
    return from_settings().snapshots()

"""Moving versions of reports from one archive to another: under the same names, each of them whole.

A move that was interrupted goes on: a version that is there already is left as it is.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from platform_assets.reporting.archive import Archive
from platform_assets.reporting.folder_archive import FolderArchive
from resources.errors import PlatformError

AT_ONCE = 4


@dataclass(frozen=True)
class Moved:
    """What is there after a move.

    Attributes:
        versions, files, bytes: all of the source's.
        new: versions among them that were not there before.
    """

    versions: int = 0
    files: int = 0
    bytes: int = 0
    new: int = 0


def contents(source: FolderArchive) -> dict[tuple[str, str], dict[str, int]]:
    """Return the files of every version with their sizes, by report and name, oldest first."""
    return {
        (report, name): source.sizes(report, name)
        for report in source.reports()
        for name in reversed(source.names(report))
    }


def move(source: FolderArchive, target: Archive, step: Callable[[int], None]) -> Moved:
    """Copy every version of every report; the source stays as it is.

    Args:
        step: called with the bytes of each version that is there, and checked.

    Raises:
        PlatformError: a version can't be read or written, or there is another one of its name.
    """

    def one(item: tuple[tuple[str, str], dict[str, int]]) -> bool:
        (report, name), sizes = item
        new = target.adopt(report, name, Path(source.folder) / report / name)
        if target.sizes(report, name) != sizes:
            raise PlatformError(
                f"{target.place}/{report}/{name} is not complete after it was copied.",
                hint="See that nobody removes files there, and run the same command again.",
            )
        step(sum(sizes.values()))
        return new

    found = contents(source)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        new = sum(pool.map(one, found.items()))
    sizes = [size for files in found.values() for size in files.values()]
    return Moved(len(found), len(sizes), sum(sizes), new)

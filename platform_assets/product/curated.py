"""Records that the team writes: one Markdown file each, below the declarations' `product` folder.

What belongs here: finding the files, reading all of them, telling all faults at once. What does
not: the form of a file (`curated_file`), the fields of a kind (`curated_fields`), links (`links`).
"""

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from platform_assets.product import curated_fields, curated_file
from platform_assets.product.curated_file import Fault
from platform_assets.product.curated_kinds import (
    Decision,
    KeyResult,
    Metric,
    Minutes,
    Objective,
    Requirement,
    RoadmapItem,
    Written,
)
from resources.errors import PlatformError
from resources.settings import settings

# The folder of each kind, which is also its table in the warehouse and its asset.
FOLDERS = {
    "requirement": "requirements",
    "objective": "objectives",
    "decision": "decisions",
    "roadmap": "roadmap",
    "minutes": "minutes",
    "metric": "metrics",
}


@dataclass(frozen=True)
class Curated:
    """All records that the team writes, each kind in the order of its files' names."""

    requirements: tuple[Requirement, ...] = ()
    objectives: tuple[Objective, ...] = ()
    decisions: tuple[Decision, ...] = ()
    roadmap: tuple[RoadmapItem, ...] = ()
    minutes: tuple[Minutes, ...] = ()
    metrics: tuple[Metric, ...] = ()

    @cached_property
    def key_results(self) -> tuple[KeyResult, ...]:
        """The key results of all objectives."""
        return tuple(result for each in self.objectives for result in each.key_results)

    @cached_property
    def by_name(self) -> Mapping[str, Written]:
        """Every record by its name, `objective/x`; key results are `key_result/y`."""
        written = [each for folder in FOLDERS.values() for each in getattr(self, folder)]
        return {each.name: each for each in (*written, *self.key_results)}

    def get(self, name: str) -> Written | None:
        """Return a record by its name; None if there is none."""
        return self.by_name.get(name)


def folder() -> Path:
    """Return the folder of the records, which need not be there."""
    package = importlib.import_module(settings().defs_module)
    return Path(next(iter(package.__path__))) / "product"


def read(folder: Path, root: Path) -> Curated:
    """Return the records of a folder; none where there is no such folder.

    Args:
        folder: holds a folder for each kind, with one `<id>.md` a record.
        root: what files are named from.

    Raises:
        PlatformError: what is wrong with any of the files, all of it, each with file and line.
    """
    faults: list[Fault] = list(_misplaced(folder, root))
    found: dict[str, tuple[Written, ...]] = {}
    for kind, plural in FOLDERS.items():
        read = [_record(kind, file, root) for file in files(folder, plural)]
        faults += [fault for _, wrong in read for fault in wrong]
        found[plural] = tuple(record for record, _ in read if record is not None)
    curated = Curated(**found)  # type: ignore[arg-type]  # each kind's fields make its records
    faults += _twice(curated)
    if faults:
        raise PlatformError(
            "Records of the product are not as they should be:\n"
            + "\n".join(str(fault) for fault in sorted(faults)),
            hint="Mend the files named above.",
        )
    return curated


def files(folder: Path, plural: str) -> list[Path]:
    """Return the files of one kind's records, by name."""
    return sorted(file for file in (folder / plural).glob("*.md") if file.name != "README.md")


def _record(kind: str, file: Path, root: Path) -> tuple[Written | None, list[Fault]]:
    """Return the record that stands in a file, or what is wrong with it."""
    page = curated_file.read(file, root)
    if isinstance(page, Fault):
        return None, [page]
    return curated_fields.record(kind, page)


def _misplaced(folder: Path, root: Path) -> list[Fault]:
    """Return a fault for every Markdown file that is in no kind's folder: nobody would read it."""
    found = []
    for file in sorted(folder.rglob("*.md")):
        inside = file.parent.relative_to(folder).as_posix()
        if inside in FOLDERS.values() or file.name == "README.md":
            continue
        near = difflib.get_close_matches(inside, FOLDERS.values(), n=1)
        there = f"{near[0]}/" if near else f"one of {', '.join(FOLDERS.values())}"
        message = f"no record is read from here; move the file to {there}."
        found.append(Fault(curated_file.shown(file, root), 1, message))
    return found


def _twice(curated: Curated) -> list[Fault]:
    """Return a fault for every key result whose id another one has."""
    first: dict[str, KeyResult] = {}
    return [
        Fault(each.file, each.line, f"{each.id} is a key result of {other.file} already.")
        for each in curated.key_results
        if (other := first.setdefault(each.id, each)) is not each
    ]

"""What a migration is told, what it shows on its way, and what it says of itself at the end.

What does not belong here: doing it (`migration`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from platform_assets.reporting import moving
from platform_assets.reporting.archive import Archive
from platform_assets.reporting.folder_archive import FolderArchive
from platform_assets.server.history import History
from platform_assets.server.stores import Way
from resources.warehouse import Warehouse
from resources.warehouse.migration import source
from resources.warehouse.migration.files import Copied


class Show(Protocol):
    """What a person sees of it."""

    def begin(self, doing: str, total: int = 0) -> None:
        """Begin a step; `total` in bytes, where it is known."""

    def more(self, done: int) -> None:
        """Some bytes of the step are done."""

    def at(self, what: str) -> None:
        """The step has come to a table."""


@dataclass(frozen=True)
class Plan:
    """What is moved, and to where.

    Attributes:
        lake: the embedded one.
        to: the team's, which is not there yet.
        reports, reports_to: archives of versions; none where they stay.
        history, history_to: Dagster's, and the URL of its new database; empty where it stays.
        stores: of requests and feedback, and of events of other platforms.
        running: the lock file that a running platform holds.
    """

    lake: Warehouse
    to: Warehouse
    reports: FolderArchive
    reports_to: Archive | None
    history: History
    history_to: str
    stores: Sequence[Way]
    running: Path


@dataclass
class Moved:
    """What a migration found, or brought.

    Attributes:
        state: of the migration: an empty text before it has begun, `done` at the end.
        lake: what the source is.
        files: of the lake.
        reports: versions of reports.
        tables: of the lake, each with its rows; views besides.
        catalog, history: rows of each table of DuckLake's catalog and of Dagster's history.
        history_stays: why Dagster's history is not moved; empty where it is.
        stores: of each store that is moved, by its name, the rows of each table.
        stores_stay: why one is not, by its title.
    """

    state: str
    lake: source.Facts
    files: Copied = field(default_factory=lambda: Copied(0, 0, 0))
    reports: moving.Moved = field(default_factory=moving.Moved)
    tables: dict[str, int] = field(default_factory=dict)
    views: int = 0
    catalog: dict[str, int] = field(default_factory=dict)
    history: dict[str, int] = field(default_factory=dict)
    history_stays: str = ""
    stores: dict[str, dict[str, int]] = field(default_factory=dict)
    stores_stay: Mapping[str, str] = field(default_factory=dict)

"""Reading column lineage for the catalog: of all tables, and of the queries of all reports.

What belongs here: which statements the reports add, and when lineage is read again. What does not:
finding it (`platform_assets.lineage`), asking it (`columns`). It takes seconds after a change of
the dbt project, so that it is read while nobody waits.
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from platform_assets.catalog.columns import Columns
from platform_assets.lineage import compiled
from platform_assets.lineage.model import Statement
from platform_assets.lineage.project import of_project, of_queries
from platform_assets.reporting.live import folder
from platform_assets.reporting.statements import of_reports
from resources.dbt import DbtProject
from resources.errors import PlatformError


def read(nodes: Iterable[Any], before: Columns) -> Columns:
    """Return the lineage of everything; what was known before, and why, where it can't be read.

    Args:
        nodes: Dagster's asset nodes.
        before: what was known before; returned as it is if nothing changed.
    """
    try:
        tables = of_project(nodes, queries(folder()))
    except PlatformError as error:
        return Columns(before.tables, error.message, before.version)
    except Exception as error:  # the catalog goes on, and says what it does not know
        logging.getLogger(__name__).warning("Lineage was not read.", exc_info=True)
        return Columns(before.tables, f"Reading it failed: {error}"[:500], before.version)
    if not before.problem and tables == before.tables:
        return before
    return Columns(tables, "", before.version + 1)


def ready() -> bool:
    """Whether dbt has compiled the project as it is: then reading lineage takes a second."""
    project = DbtProject.from_settings()
    kept = compiled.read(project)
    return kept is not None and kept.state == compiled.state_of(project)


def state() -> tuple[Any, ...]:
    """Return what changes whenever lineage may: the files of the dbt project and of reports."""
    files = sorted(folder().rglob("report.md"))
    stats = [(str(path), path.stat().st_mtime_ns) for path in files]
    return (*DbtProject.from_settings().files(), *stats)


def queries(place: Path) -> list[Statement]:
    """Return every query of the reports below a folder; of a report that is not understood, none.

    A query's key is `report/<name>#<query>`.
    """
    return of_queries(of_reports(place))

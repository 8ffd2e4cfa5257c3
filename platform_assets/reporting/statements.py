"""The SQL of reports' queries, as the engine gets it, for who looks at it and does not run it.

What belongs here: the queries of all reports below a folder. What does not: what they rest on
(`platform_assets.lineage`), running them (`queries`).
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from platform_assets.reporting import document as documents
from platform_assets.reporting import sql
from platform_assets.reporting.declaration import ReportDeclaration, declared
from platform_assets.reporting.errors import ReportError

MADE = datetime(2000, 1, 1, tzinfo=UTC)  # a report's `this_report` has a time; it is no column


def of_reports(place: Path) -> Iterator[tuple[str, str, str]]:
    """Yield report, query and SQL of every query below a folder; parameters are `$name` in it.

    A report that is not understood has none: `platform-assets check` says what is wrong with it.
    """
    for path in declared(place):
        try:
            report = ReportDeclaration.load(path)
            parsed = sql.parse_all(documents.parse(report.text(), report.file))
            found = [(name, sql.runnable(name, parsed, MADE)[0]) for name in parsed]
        except ReportError:
            continue
        for name, text in found:
            yield report.name, name, text

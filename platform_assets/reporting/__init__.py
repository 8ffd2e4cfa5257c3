"""From `report.md` to one self-contained page: queries, charts, HTML. Imports no Dagster.

    rendered = render(declaration, engine, archive, context=context)
    upstream = tables(declaration)          # ["marts/daily_revenue", …], read from the SQL

A report is Markdown with fenced blocks: ```` ```sql name ```` (a query), ```` ```parameters ````
(what the reader may choose, see `parameters`), and what is shown, in YAML (see `blocks`):
```` ```chart ````, ```` ```table ````, ```` ```numbers ````, ```` ```funnel ````,
```` ```cohort ````, …; and with values in sentences, `{{ query.column | format }}` (see
`formats`).
"""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import sqlalchemy

from platform_assets.reporting import (
    archive,
    columns,
    edition,
    page,
    queries,
    sections,
    sql,
    uses,
)
from platform_assets.reporting import document as documents
from platform_assets.reporting.archive import Archive
from platform_assets.reporting.declaration import (
    RenderContext,
    RenderedReport,
    ReportDeclaration,
    UpstreamCheck,
)
from platform_assets.reporting.errors import ReportError, did_you_mean
from platform_assets.reporting.page import Content
from platform_assets.reporting.queries import How
from platform_assets.reporting.svg import Drawer
from platform_assets.reporting.svg import shared as shared_drawer
from resources.table_names import asset_key

__all__ = [
    "RenderContext",
    "RenderedReport",
    "ReportDeclaration",
    "ReportError",
    "UpstreamCheck",
    "check",
    "fill",
    "read",
    "render",
    "shared_drawer",
    "tables",
]


def render(
    declaration: ReportDeclaration,
    engine: sqlalchemy.Engine,
    kept: Archive | Path,
    *,
    context: RenderContext,
    drawer: Drawer | None = None,
) -> RenderedReport:
    """Run the queries, draw the charts and write a version of the report.

    Args:
        declaration: the report.
        engine: read-only, on the warehouse; all queries run in one transaction.
        kept: where the versions of all reports are kept; a folder is an archive, too.
        context: what the page says of itself.
        drawer: draws the charts, and is not closed; default: one of its own.

    Raises:
        ReportError: a mistake in the report; the page before stays as it is.
        PlatformError: the page can't be written.
    """
    with contextlib.nullcontext(drawer) if drawer else Drawer() as drawing:
        content = fill(declaration, engine, context, drawing)
        html = page.compose(content)
        place = archive.archive_at(kept) if isinstance(kept, Path) else kept
        version = place.publish(
            declaration.name,
            context.generated_at,
            lambda target: edition.write(target, content, html, drawing),
        )
    return RenderedReport(
        version=version,
        place=f"{place.place}/{declaration.name}/{version}",
        bytes=len(html.encode()),
        data_time=content.data_time,
        queries={name: len(result.rows) for name, result in content.answers.items()},
        tables=set(content.tables),
    )


def fill(
    declaration: ReportDeclaration,
    engine: sqlalchemy.Engine,
    context: RenderContext,
    drawer: Drawer,
    how: How | None = None,
) -> Content:
    """Run the queries and draw the charts; nothing is written.

    Args:
        declaration: the report.
        engine: read-only, on the warehouse; all queries run in one transaction.
        context: what the report says of itself.
        drawer: draws the charts.
        how: values of parameters, limits, and what to do about mistakes.

    Raises:
        ReportError: a mistake in the report, or a value that a parameter can't have.
    """
    how = how or How()
    document = documents.parse(declaration.text(), declaration.file)
    parsed = sql.parse_all(document)
    if any(isinstance(part, documents.Shown) for part in document.parts):
        drawer.warm()
    answers = queries.run(document, parsed, engine, context.generated_at, how)
    shown = sections.build(document, answers, how.tolerant)
    drawn = drawer.draw(page.specs(shown))
    data_time = _data_time(declaration, answers)
    return Content(declaration, document, parsed, answers, shown, drawn, context, data_time)


def tables(declaration: ReportDeclaration) -> list[str]:
    """Return the asset keys (`marts/daily_revenue`) of the tables that the SQL reads, sorted.

    `raw.<source>__<table>` is the asset `raw/<source>/<table>`.

    Raises:
        ReportError: the document or its SQL is not understood; with file and line.
    """
    return [asset_key(table) for table in sorted(read(declaration))]


def read(declaration: ReportDeclaration) -> set[str]:
    """Return the tables that the SQL reads, as `schema.table`.

    Raises:
        ReportError: as `tables`.
    """
    document = documents.parse(declaration.text(), declaration.file)
    return {table for one in sql.parse_all(document).values() for table in one.tables}


def check(declaration: ReportDeclaration, known: Mapping[str, Sequence[str]]) -> None:
    """Check all that can be checked of a report without running it.

    Args:
        declaration: the report.
        known: every table there is, as `schema.table`, with its columns; none where they are not
            known.

    Raises:
        ReportError: the first mistake, with file, line and the nearest right name.
    """
    document = documents.parse(declaration.text(), declaration.file)
    parsed = sql.parse_all(document)
    sql.check_tables(parsed, known, document)
    given = columns.check(parsed, known, document)
    uses.check(document, given)
    _check_data_time(declaration, parsed, given)


def _check_data_time(
    declaration: ReportDeclaration,
    parsed: Mapping[str, sql.Parsed],
    given: Mapping[str, Sequence[str]],
) -> None:
    if declaration.data_time is None:
        return
    query, column = declaration.data_time.split(".")
    known = parsed if query not in parsed else given.get(query, [column])
    wanted = query if query not in parsed else column
    if wanted not in known:
        raise ReportError(
            f"`data_time` is {declaration.data_time}: there is no `{wanted}`.",
            file=f"{declaration.document.parent.name}/defs.yaml",
            hint=did_you_mean(wanted, known),
        )


def _data_time(declaration: ReportDeclaration, answers: queries.Answers) -> datetime | date | None:
    if declaration.data_time is None:
        return None
    query, column = declaration.data_time.split(".")
    if query in answers.errors:
        return None
    if query not in answers:
        raise ReportError(f"`data_time` names `{query}`, which is no query.", file=declaration.file)
    value = answers[query].first(column)
    return value if isinstance(value, date) else None

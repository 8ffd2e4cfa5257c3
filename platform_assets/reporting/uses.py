"""What the parts of a report show: which column of which query, and in which format.

What belongs here: reading this off the blocks, and refusing what can be known to be wrong before
anything runs. What does not: the blocks' fields (`blocks`), the SQL (`columns`).
"""

from collections.abc import Collection, Iterator, Mapping

from platform_assets.reporting import document as documents
from platform_assets.reporting import formats
from platform_assets.reporting.blocks import (
    AnyBlock,
    Chart,
    Cohort,
    Funnel,
    Heatmap,
    Number,
    Numbers,
    Scatter,
    Table,
)
from platform_assets.reporting.document import Document, Prose
from platform_assets.reporting.errors import ReportError, did_you_mean

Use = tuple[str, str]  # query, column


def check(document: Document, given: Mapping[str, Collection[str]]) -> None:
    """Refuse a block or sentence that shows a column its query does not give, or an odd format.

    Args:
        document: the report.
        given: columns of each query, lower case; a query that is not in it is not judged.

    Raises:
        ReportError: file, line and the nearest right name.
    """
    for part in document.parts:
        if isinstance(part, Prose):
            for query, column, style, line in documents.values(part):
                uses = [(query, column)] if column else []
                _check(document.file, line, uses, [style], given)
        else:
            block = part.block
            _check(document.file, part.line, list(of_block(block)), list(_styles(block)), given)


def _check(
    file: str,
    line: int,
    uses: list[Use],
    styles: list[str],
    given: Mapping[str, Collection[str]],
) -> None:
    for query, column in uses:
        if query in given and column.lower() not in given[query]:
            raise ReportError(
                f"query `{query}` has no column `{column}`.",
                file=file,
                line=line,
                hint=did_you_mean(column, given[query]),
            )
    for style in styles:
        try:
            formats.find(style or "auto")
        except ReportError as error:
            raise error.at(file, line) from None


def of_block(block: AnyBlock) -> Iterator[Use]:
    """Yield every column that a block shows."""
    if isinstance(block, Numbers):
        for card in block.cards:
            yield from _of_card(card)
        return
    values = documents.VALUE.finditer(documents.titles(block))
    yield from ((match[1], match[2]) for match in values if match[2])
    yield from ((block.query, column) for column in _own(block))
    if isinstance(block, Chart) and block.shade:
        yield from (_split(end) for end in (block.shade.start, block.shade.end))


def _of_card(card: Number) -> Iterator[Use]:
    yield _split(card.value)
    yield from (_split(reference) for reference in card.compare.values())
    if card.trend:
        yield _split(card.trend)


def _own(block: AnyBlock) -> Iterator[str]:
    """Yield the columns of the block's own query."""
    if isinstance(block, Chart):
        yield from (block.x, *block.y, *_named(block.color))
    elif isinstance(block, Funnel):
        yield from (block.step, block.value, *_named(block.compare))
    elif isinstance(block, Scatter):
        yield from (block.x, block.y, *_named(block.color, block.size, block.label))
    elif isinstance(block, Heatmap):
        yield from (block.x, block.y, block.value)
    elif isinstance(block, Cohort):
        yield from (block.cohort, block.step, block.value, *_named(block.size, block.average))
    elif isinstance(block, Table):
        for name, column in block.columns.items():
            yield name
            yield from (each.strip() for each in column.total.split("/") if "/" in column.total)


def _named(*names: str) -> Iterator[str]:
    yield from (name for name in names if name)


def _styles(block: AnyBlock) -> Iterator[str]:
    if isinstance(block, Numbers):
        yield from (card.format for card in block.cards)
        return
    yield from (m[3] or "" for m in documents.VALUE.finditer(documents.titles(block)))
    if isinstance(block, Table):
        yield from (column.format for column in block.columns.values())
        return
    yield block.format
    if isinstance(block, Cohort):
        yield block.cohort_format
    elif isinstance(block, Scatter):
        yield block.x_format


def _split(reference: str) -> Use:
    query, column = reference.split(".")
    return query, column

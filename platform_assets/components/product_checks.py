"""The check of the SQL in records against what is known of every table before anything runs.

What belongs here: key results and metrics, judged as a report's queries are. What does not: what
is known of tables (`report_checks`), links (`product_records`).
"""

from collections.abc import Mapping

from platform_assets.product.curated import Curated
from platform_assets.product.curated_kinds import KeyResult, Metric
from platform_assets.reporting import columns, sql
from platform_assets.reporting.document import Document, Query
from platform_assets.reporting.errors import ReportError


def problems(records: Curated, known: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return what is wrong with the SQL of records, each in words, with file and line.

    Args:
        records: what the team wrote.
        known: every table there is, as `schema.table`, with its columns; none where they are not
            known.
    """
    found = []
    measured: tuple[KeyResult | Metric, ...] = (*records.key_results, *records.metrics)
    for record in measured:
        query = Query(record.id, record.sql, record.lines.get("sql", record.line))
        document = Document(record.file, {record.id: query})
        try:
            parsed = {record.id: sql.parse(query, ())}
            sql.check_tables(parsed, known, document)
            columns.check(parsed, known, document)
        except ReportError as error:
            found.append(str(error.at(record.file, query.line)))
    return found

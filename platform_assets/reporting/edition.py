"""The files of one version: page, PDF, pictures, the rows of every query, and the facts.

What belongs here: what each file is called and what is in it. What does not: where versions are
kept (`archive`), what the PDF looks like (`pdf`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platform_assets.reporting import csv_export, numbers, pdf, picture
from platform_assets.reporting.page import Content
from platform_assets.reporting.queries import Result
from platform_assets.reporting.svg import Drawer
from platform_assets.reporting.versions import FACTS, PAGE

if TYPE_CHECKING:  # it takes half a second to import, which a live page need not wait for
    import pyarrow as pa


def write(folder: Path, content: Content, html: str, drawer: Drawer) -> None:
    """Write every file of a version into `folder`.

    Raises:
        ReportError: pictures or PDF can't be made.
        OSError: the folder can't be written.
    """
    import pyarrow.parquet as pq

    pictures = picture.pictures(content)
    work = folder / ".work"
    pdf.prepare(work, content)
    drawer.begin_print(
        {folder / f"{name}.png": text for name, text in pictures.items()},
        work,
        folder / "report.pdf",
        content.context.generated_at,
    )
    (folder / PAGE).write_text(html, encoding="utf-8")
    for name, result in content.answers.items():
        text = csv_export.to_csv(result)
        (folder / f"{name}.csv").write_text(
            text, encoding="utf-8-sig", newline="", errors="replace"
        )
        pq.write_table(table(result), folder / f"{name}.parquet")
    facts = json.dumps(_facts(content, list(pictures)), ensure_ascii=False, indent=1)
    (folder / FACTS).write_text(facts, encoding="utf-8", errors="replace")
    drawer.end_print()
    pdf.clear(work)


def _facts(content: Content, pictures: Sequence[str]) -> dict[str, Any]:
    context, report = content.context, content.declaration
    return {
        "report": report.name,
        "title": report.title,
        "question": report.question,
        "owner": context.owner,
        "freshness": context.freshness,
        "made": context.generated_at.astimezone(UTC).isoformat(),
        "data_time": content.data_time.isoformat() if content.data_time else None,
        "snapshot": context.snapshot,
        "run_id": context.run_id,
        "parameters": {n: _json(v) for n, v in content.answers.values_chosen.bound.items()},
        "tables": content.tables,
        "queries": {name: len(result.rows) for name, result in content.answers.items()},
        "pictures": list(pictures),
        "late": list(context.stale),
        "checks": {
            "passed": sum(check.passed for check in context.checks),
            "failed": [check.name for check in context.errors],
            "warned": [check.name for check in context.warnings],
        },
        "numbers": [asdict(one) for one in numbers.collect(content.sections, content.answers)],
    }


def _json(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def table(result: Result) -> "pa.Table":
    """Return a result as an Arrow table; a column of mixed values as text."""
    import pyarrow as pa

    columns: Mapping[str, list[object]] = {
        name: [row[position] for row in result.rows]
        for position, name in enumerate(_distinct(result.columns))
    }
    return pa.table({name: _array(values) for name, values in columns.items()})


def _array(values: list[object]) -> "pa.Array":
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values])


def _distinct(names: Sequence[str]) -> list[str]:
    """Return names without a second of the same: `a`, `a_2`."""
    found: list[str] = []
    for name in names:
        number, new = 1, name
        while new in found:
            number += 1
            new = f"{name}_{number}"
        found.append(new)
    return found

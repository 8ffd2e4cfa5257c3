"""The rows behind what a page shows, as CSV that a spreadsheet opens without harm.

What belongs here: values to CSV cells. A text cell that a spreadsheet would run as a formula gets
an apostrophe before it (OWASP, "CSV Injection"); numbers and dates stay as they are.
"""

import base64
import csv
import io
from datetime import date, datetime
from decimal import Decimal

from platform_assets.reporting.queries import Result

EMBED_CAP = 5_000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(value: object) -> object:
    """Return `value` as a CSV cell: null is empty, times are ISO 8601, formulas are defused."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def to_csv(result: Result) -> str:
    """Return all rows of `result` as CSV (RFC 4180) with a header."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow([cell(name) for name in result.columns])
    writer.writerows([cell(value) for value in row] for row in result.rows)
    return target.getvalue()


def data_url(result: Result) -> str:
    """Return the CSV as a link that a page can carry: UTF-8 with a mark, as spreadsheets want it.

    An empty text when there are more than `EMBED_CAP` rows.
    """
    if len(result.rows) > EMBED_CAP:
        return ""
    content = to_csv(result).encode("utf-8-sig", errors="replace")
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(content).decode()}"

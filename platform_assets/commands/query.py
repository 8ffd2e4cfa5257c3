"""`platform-assets query`: one SQL statement on the warehouse, read-only."""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from resources.errors import PlatformError

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

Rows = Iterator[Sequence[Any]]
BATCH = 10_000
TABLE_LIMIT = 100
NARROW = 10  # letters that a column of a table has at least, if its values have as many
WIDEST = 1_000  # letters of a column after which values wrap, so that one does not widen every row


@click.command()
@click.argument("sql")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How to print: for people, for a spreadsheet, or one array of JSON objects.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    help=f"Print at most so many rows. Default: {TABLE_LIMIT} for a table, else all.",
)
def query(sql: str, shape: str, limit: int | None) -> None:
    """Run one SQL statement on the warehouse and print its rows.

    Reads only, and never waits for a run that is writing: it sees the last committed state. Tables
    are named by layer: raw.…, staging.…, intermediate.…, marts.…, and platform.… for the ledger,
    the quarantine and the drift.

    \b
    Examples:
      platform-assets query "SHOW ALL TABLES"
      platform-assets query "SELECT * FROM marts.daily_traffic ORDER BY 1 DESC LIMIT 7"
      platform-assets query "FROM platform.quarantine" --format csv > quarantine.csv
      platform-assets query "FROM marts.fct_orders" --format json --limit 10 | jq .
    """
    import duckdb

    from resources.warehouse import Warehouse

    if limit is None and shape == "table":
        limit = TABLE_LIMIT
    try:
        with Warehouse.from_settings().connect(read_only=True) as connection:
            cursor = connection.execute(sql)
            columns = [column[0] for column in cursor.description or ()]
            PRINTERS[shape](columns, _rows(cursor, limit), limit)
    except duckdb.Error as error:
        raise PlatformError(
            f"The query failed: {error}",
            hint='`platform-assets query "SHOW ALL TABLES"` lists tables and columns.',
        ) from error


def _rows(cursor: Any, limit: int | None) -> Rows:
    """Yield the rows, one more than `limit` so that the printer can say that there are more."""
    left = None if limit is None else limit + 1
    while left is None or left > 0:
        batch = cursor.fetchmany(BATCH if left is None else min(BATCH, left))
        if not batch:
            return
        left = None if left is None else left - len(batch)
        yield from batch


def _cut(rows: Rows, limit: int | None) -> Rows:
    for number, row in enumerate(rows):
        if limit is not None and number >= limit:
            click.echo(f"More than {limit} rows; --limit prints more.", err=True)
            return
        yield row


def print_table(columns: Sequence[str], rows: Rows, limit: int | None) -> None:
    """Print rows for people, NULL as ∅, and every value whole.

    In a pipe or a file a table is as wide as it needs to be. On a terminal values wrap; where that
    would leave columns of a few letters, each row is printed as a list.
    """
    from rich.console import Console
    from rich.text import Text

    shown = list(_cut(rows, limit))
    cells = [[Text("∅", "dim") if v is None else Text(str(v)) for v in row] for row in shown]
    widths = [_width([Text(name), *column]) for name, *column in zip(columns, *cells, strict=True)]
    console = Console()
    if not console.is_terminal:
        console.width = max(80, _table_width(widths))
    if _table_width([min(width, NARROW) for width in widths]) <= console.width:
        console.print(_as_table(columns, cells))
    else:
        for number, row in enumerate(cells, start=1):
            console.print(Text(f"row {number}", "bold"), _as_list(columns, row), sep="\n")
    click.echo(f"{len(shown)} row{'' if len(shown) == 1 else 's'}", err=True)


def _width(cells: Sequence["Text"]) -> int:
    """Return the width of a column: that of its widest line, but `WIDEST` at most."""
    lines = (line for cell in cells for line in cell.split(allow_blank=True))
    return min(max(line.cell_len for line in lines), WIDEST)


def _table_width(widths: Sequence[int]) -> int:
    """Return the width of a table: each column has a line and two spaces around it."""
    return sum(widths) + 3 * len(widths) + 1


def _as_table(columns: Sequence[str], cells: Sequence[Sequence["Text"]]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold", show_lines=False)
    for column in columns:
        table.add_column(Text(column), overflow="fold", max_width=WIDEST)
    for row in cells:
        table.add_row(*row)
    return table


def _as_list(columns: Sequence[str], row: Sequence["Text"]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    found = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for _ in ("name", "value"):
        found.add_column(overflow="fold")
    for column, cell in zip(columns, row, strict=True):
        found.add_row(Text(column, "dim"), cell)
    return found


def print_csv(columns: Sequence[str], rows: Rows, limit: int | None) -> None:
    """Print rows as CSV with a header; NULL is an empty field, a nested value is JSON."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in _cut(rows, limit):
        writer.writerow(json.dumps(v, default=plain) if _nested(v) else v for v in row)


def print_json(columns: Sequence[str], rows: Rows, limit: int | None) -> None:
    """Print rows as one JSON array of objects, an object a line."""
    separator = "["
    for row in _cut(rows, limit):
        value = dict(zip(columns, row, strict=True))
        sys.stdout.write(f"{separator}{json.dumps(value, default=plain, ensure_ascii=False)}")
        separator = ",\n "
    sys.stdout.write("[]\n" if separator == "[" else "]\n")


PRINTERS: dict[str, Callable[[Sequence[str], Rows, int | None], None]] = {
    "table": print_table,
    "csv": print_csv,
    "json": print_json,
}


def plain(value: Any) -> Any:
    """Return what JSON has for a value: decimals as numbers where a float is exact."""
    if isinstance(value, Decimal):
        number = float(value)
        return number if Decimal(repr(number)) == value else str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _nested(value: Any) -> bool:
    return isinstance(value, (dict, list, tuple))

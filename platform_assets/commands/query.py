"""`platform-assets query`: one SQL statement on the warehouse, read-only."""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import click

from resources.errors import PlatformError

Rows = Iterator[Sequence[Any]]
BATCH = 10_000
TABLE_LIMIT = 100


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
    """Print rows for people, NULL as ∅."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold", show_lines=False)
    for column in columns:
        table.add_column(Text(column))
    shown = list(_cut(rows, limit))
    for row in shown:
        table.add_row(*(Text("∅", "dim") if v is None else Text(str(v)) for v in row))
    console = Console()
    if not console.is_terminal:
        console.width = max(80, console.measure(table).maximum)
    console.print(table)
    click.echo(f"{len(shown)} row{'' if len(shown) == 1 else 's'}", err=True)


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

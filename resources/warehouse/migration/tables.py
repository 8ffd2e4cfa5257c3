"""A table of SQLite on its way into PostgreSQL's of the same name, and proof that it arrived.

What belongs here: one table. What does not: which tables there are and in which order, which is the
work of the room whose tables they are.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from resources.errors import PlatformError
from resources.warehouse.sql import identifier

_TEXTS = ("text", "character varying", "bytea")


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that sees one state of a database and changes nothing."""
    uri = f"{file.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        yield connection


def kinds(cursor: Any, name: str) -> dict[str, str]:
    """Return PostgreSQL's type of each column of a table."""
    cursor.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        [f"public.{name}"],
    )
    return dict(cursor.fetchall())


def columns(source: sqlite3.Connection, name: str) -> list[str]:
    """Return the names of a table's columns, in their order; none where there is no such table."""
    found = source.execute("SELECT name FROM pragma_table_info(?) ORDER BY cid", [name])
    return [column for (column,) in found]


def advance(cursor: Any, name: str, column: str = "id") -> None:
    """Have the numbers that PostgreSQL gives to new rows begin after those that are there."""
    cursor.execute(
        f"SELECT setval(pg_get_serial_sequence(%(t)s, %(c)s), coalesce(max({identifier(column)}), "
        f"1), max({identifier(column)}) > 0) FROM public.{identifier(name)}",
        {"t": f"public.{name}", "c": column},
    )


class Sums:
    """How many rows went by, and how long the texts of each column were: what must arrive.

    Args:
        columns: of the rows, in their order.
        kinds: PostgreSQL's type of each.
    """

    def __init__(self, columns: Sequence[str], kinds: Mapping[str, str]) -> None:
        self.rows = 0
        self._texts = [(n, c) for n, c in enumerate(columns) if kinds[c] in _TEXTS]
        self._lengths = [0] * len(self._texts)

    def counted(self, source: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """Yield the rows that go by."""
        for row in source:
            self.rows += 1
            for number, (position, _) in enumerate(self._texts):
                self._lengths[number] += len(row[position] or "")
            yield row

    def check(self, cursor: Any, name: str, hint: str) -> None:
        """Hold what went by against the whole table that is there now.

        Raises:
            PlatformError: it is not the same; whoever calls changes nothing then.
        """
        sums = "".join(f", coalesce(sum(length({identifier(c)})), 0)" for _, c in self._texts)
        cursor.execute(f"SELECT count(*){sums} FROM public.{identifier(name)}")
        if list(cursor.fetchone()) != [self.rows, *self._lengths]:
            raise PlatformError(
                f"The table {name} is not the same after it was copied; nothing was changed.",
                hint=f"Run the same command again; if it says so again, {hint}",
            )

"""Rows on their way into PostgreSQL: its text format of COPY, as a stream.

What belongs here: values as that format writes them. What does not: which rows.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from resources.errors import PlatformError
from resources.warehouse.sql import identifier

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
Write = Callable[[Any], str]


def writer(kind: str) -> Write:
    """Return what writes a value of a column of PostgreSQL's type `kind`."""
    if kind == "boolean":
        return lambda value: "t" if value else "f"
    if kind == "bytea":
        return lambda value: "\\\\x" + (value if isinstance(value, bytes) else value.encode()).hex()
    return _text


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    text = value if isinstance(value, str) else str(value)
    if "\0" in text:
        raise PlatformError(
            f"A text with a NUL character can't be kept in PostgreSQL: {text[:60]!r}.",
            hint="If it is in a nested value, have it written to a file first: platform-assets "
            "query can't, `CALL lake.flush_inlined_data()` in DuckDB does.",
        )
    return text.translate(_ESCAPES)


def copy(
    cursor: Any, table: str, columns: Sequence[str], kinds: Sequence[str], rows: Iterable[Any]
) -> int:
    """Copy rows into a table, in the cursor's transaction; return their number.

    Args:
        table: as SQL.
        columns: names, of the values in their order.
        kinds: PostgreSQL's type of each.
    """
    stream = _Stream(_lines(rows, [writer(kind) for kind in kinds]))
    names = ", ".join(map(identifier, columns))
    cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", stream)
    return stream.lines


def _lines(rows: Iterable[Any], writers: Sequence[Write]) -> Iterator[bytes]:
    for row in rows:
        told = ("\\N" if v is None else w(v) for v, w in zip(row, writers, strict=True))
        yield ("\t".join(told) + "\n").encode()


class _Stream(io.RawIOBase):
    """Lines as a file that can be read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._source = lines
        self._rest = b""
        self.lines = 0

    def read(self, size: int = -1, /) -> bytes:
        wanted = 1 << 16 if size < 0 else size
        parts, length = [self._rest], len(self._rest)
        while length < wanted and (line := next(self._source, None)) is not None:
            self.lines += 1
            parts.append(line)
            length += len(line)
        all_of_it = b"".join(parts)
        self._rest = all_of_it[wanted:]
        return all_of_it[:wanted]

"""JSON documents: an array of records, or one record, as numbered texts.

What belongs here: cutting a document into its elements, in bounded memory, without reading
numbers or changing text. What does not: whether an element is valid JSON, and what becomes of it,
which is the same as of a line of NDJSON (`resources.warehouse.file_relation`).

A document is valid if its elements are and what is between them is: so the brackets and commas
are checked here, the elements there, and a document with any mistake is refused whole.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from platform_assets.ingestion.compression import Unreadable
from platform_assets.ingestion.lines import BATCH, BLANK, BLANKS, LINES
from platform_assets.ingestion.streams import LONGEST
from resources.warehouse.file_relation import Chunk

_SPACE = b" \t\r\n"
_OPEN, _CLOSE = np.frombuffer(b"[{", np.uint8), np.frombuffer(b"]}", np.uint8)
_STRUCTURE = np.zeros(256, bool)
_STRUCTURE[list(b"[]{},")] = True


def chunks(source: Iterator[bytes]) -> Iterator[Chunk]:
    """Yield the elements of a document (or the document, where it is no array) as texts.

    Raises:
        Unreadable: the document is not JSON: cut short, commas amiss, not UTF-8; or a record of
            it is longer than 64 MB.
    """
    head = b""
    for block in source:
        head = (head + block).lstrip(_SPACE)
        if head:
            break
    if not head:
        raise Unreadable("no JSON document: nothing but white space")
    if head.startswith(b"["):
        yield from _array(head[1:], source)
    else:
        yield _one(head, source)


def _one(head: bytes, source: Iterator[bytes]) -> Chunk:
    parts, size = [head], len(head)
    for block in source:
        parts.append(block)
        size += len(block)
        if size > LONGEST:
            raise Unreadable(
                f"a JSON document of more than {LONGEST >> 20} MB that is no array: "
                "deliver it as NDJSON, a record a line"
            )
    text = b"".join(parts)
    _check_utf8(text)
    table = pa.table([pa.array([text.decode()]), pa.array([1], pa.int64())], schema=LINES)
    return Chunk(table, None, [])


def _array(data: bytes, source: Iterator[bytes]) -> Iterator[Chunk]:
    """Yield the elements of an array, from behind its opening bracket."""
    number = 1
    while True:
        ends, closed = _boundaries(data)
        if len(ends):
            last = int(ends[-1]) + 1
            empty = closed and len(ends) == 1 and number == 1 and not data[: last - 1].strip(_SPACE)
            if not empty:
                yield Chunk(_table(data[:last], ends, number), None, [])
                number += len(ends)
            data = data[last:]
        if closed:
            _check_end(data, source)
            return
        if len(data) > LONGEST:
            raise Unreadable(f"element {number} is longer than {LONGEST >> 20} MB")
        block = next(source, b"")
        if not block:
            raise Unreadable("invalid JSON: the array is cut short")
        data += block


def _boundaries(data: bytes) -> tuple[npt.NDArray[np.int64], bool]:
    """Return where the array's elements end: at commas, or at its closing bracket.

    Backslashes stand in strings only, so that blanking escapes leaves the quotes that matter.
    """
    if b"\\" in data:
        data = data.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    view = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(view == ord('"'))
    marks = np.flatnonzero(_STRUCTURE[view])
    marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    found = view[marks]
    depth = 1 + np.cumsum(np.isin(found, _OPEN).astype(int) - np.isin(found, _CLOSE))
    end = np.flatnonzero(depth == 0)
    if len(end):
        if found[end[0]] != ord("]"):
            raise Unreadable("invalid JSON: the array is closed by }")
        marks, depth, found = marks[: end[0] + 1], depth[: end[0] + 1], found[: end[0] + 1]
    between = (depth == 1) & (found == ord(",")) | (depth == 0)
    return marks[between], bool(len(end))


def _table(data: bytes, ends: npt.NDArray[np.int64], first: int) -> pa.Table:
    """Return the elements as slices of `data`, in which what ends each becomes a newline."""
    _check_utf8(data)
    text = np.frombuffer(data, np.uint8).copy()
    text[ends] = ord("\n")
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends + 1
    maybe = np.flatnonzero((np.diff(offsets) <= BLANK) & np.isin(text[offsets[:-1]], BLANKS))
    for n in maybe.tolist():
        if not text[offsets[n] : offsets[n + 1]].tobytes().strip(_SPACE):
            raise Unreadable(f"invalid JSON: element {first + n} is missing")
    texts = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))
    numbers = pa.array(np.arange(first, first + len(ends), dtype=np.int64))
    table = pa.table([texts, numbers], schema=LINES)
    return pa.Table.from_batches(table.to_batches(max_chunksize=BATCH), table.schema)


def _check_end(data: bytes, source: Iterator[bytes]) -> None:
    while True:
        if data.strip(_SPACE):
            raise Unreadable("invalid JSON: more text after the end of the array")
        data = next(source, b"")
        if not data:
            return


def _check_utf8(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"invalid UTF-8: {error}") from None

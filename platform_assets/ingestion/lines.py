"""Lines of text as Arrow: numbered, valid UTF-8, without blank ones.

What belongs here: newline-delimited JSON and access logs up to the point where SQL takes over.
What does not: the SQL (`resources.warehouse.file_relation`).
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from platform_assets.ingestion.streams import KEPT, LONGEST, LineBlock, line_blocks, visible
from resources.warehouse.file_relation import Bad, Chunk

NEWLINE = 10
BLANKS = np.frombuffer(b" \t\r\n\v\f", np.uint8)  # what a blank line begins with
BLANK = 80  # bytes; a line of white space alone that is longer is a bad record
BATCH = 8_192  # lines
LINES = pa.schema([("text", pa.string()), ("_line", pa.int64())])


def chunks(source: Iterator[bytes]) -> Iterator[Chunk]:
    """Yield one chunk of lines for each block of UTF-8 bytes."""
    for block in line_blocks(source):
        if block.cut:
            reason = f"longer than {LONGEST >> 20} MB; the first {KEPT >> 20} MB of it are here"
            yield Chunk(LINES.empty_table(), None, [Bad(block.first, reason, visible(block.data))])
            continue
        table, bad = read(block)
        yield Chunk(table, names=None, bad=bad)


def read(block: LineBlock) -> tuple[pa.Table, list[Bad]]:
    """Return a block's lines as a table `text`, `_line`, and the lines that are not UTF-8.

    The texts are slices of the block, newline included: nothing is copied. They come in batches,
    because DuckDB works on as many of them at once as it has threads.
    """
    table = _cut(block)
    bad: list[Bad] = []
    if not _is_utf8(table):
        table, bad = _without_bad_bytes(table)
    return pa.Table.from_batches(table.to_batches(max_chunksize=BATCH), table.schema), bad


def _cut(block: LineBlock) -> pa.Table:
    data = block.data
    view = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(view == NEWLINE) + 1
    if not len(ends) or ends[-1] != len(data):
        ends = np.append(ends, len(data))
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends
    text = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
    numbers = pa.array(np.arange(block.first, block.first + len(ends), dtype=np.int64))
    table = pa.table([text, numbers], schema=LINES)
    starts = offsets[:-1]
    maybe = np.flatnonzero((np.diff(offsets) <= BLANK) & np.isin(view[starts], BLANKS))
    blank = [n for n in maybe.tolist() if not data[offsets[n] : offsets[n + 1]].strip()]
    if blank:
        keep = np.ones(len(ends), bool)
        keep[blank] = False
        table = table.filter(pa.array(keep))
    return table


def _is_utf8(table: pa.Table) -> bool:
    try:
        table.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _without_bad_bytes(table: pa.Table) -> tuple[pa.Table, list[Bad]]:
    keep, bad = [], []
    raw = table["text"].cast(pa.binary())
    for number, line in zip(table["_line"].to_pylist(), raw.to_pylist(), strict=True):
        try:
            line.decode()
            keep.append(True)
        except UnicodeDecodeError as error:
            keep.append(False)
            reason = f"invalid UTF-8 at byte {error.start + 1} of the line"
            bad.append(Bad(number, reason, visible(line.rstrip(b"\r\n"))))
    return table.filter(pa.array(keep)), bad

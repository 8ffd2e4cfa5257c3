"""Lines of text as Arrow: numbered, valid UTF-8, without blank ones.

What belongs here: newline-delimited JSON and access logs up to the point where SQL takes over.
What does not: the SQL (`resources.warehouse.file_stage`).
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from platform_assets.ingestion.streams import LineBlock, line_blocks, visible
from resources.warehouse.file_stage import Bad, Chunk

NEWLINE = 10


def chunks(source: Iterator[bytes]) -> Iterator[Chunk]:
    """Yield one chunk of lines for each block of UTF-8 bytes."""
    for block in line_blocks(source):
        table, bad = read(block)
        yield Chunk(table, names=None, bad=bad)


def read(block: LineBlock) -> tuple[pa.Table, list[Bad]]:
    """Return a block's lines as a table `text`, `_line`, and the lines that are not UTF-8.

    The texts are slices of the block, newline included: nothing is copied.
    """
    table = _cut(block)
    try:
        block.data.decode()
        bad: list[Bad] = []
    except UnicodeDecodeError:
        table, bad = _without_bad_bytes(table)
    blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(table["text"])), 0)
    if pc.any(blank).as_py():
        table = table.filter(pc.invert(blank))
    return table, bad


def _cut(block: LineBlock) -> pa.Table:
    data = block.data
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == NEWLINE) + 1
    if not len(ends) or ends[-1] != len(data):
        ends = np.append(ends, len(data))
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends
    text = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
    numbers = pa.array(np.arange(block.first, block.first + len(ends), dtype=np.int64))
    return pa.table({"text": text, "_line": numbers})


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

"""JSON documents: an array of records, or one record, as numbered texts.

What belongs here: cutting a document into its elements without reading numbers or changing text.
What does not: what becomes of an element, which is the same as of a line of NDJSON.
"""

import re
from collections.abc import Iterator

import orjson
import pyarrow as pa

from platform_assets.ingestion.streams import Unreadable, visible
from resources.warehouse.file_stage import Bad, Chunk

WHOLE = 64 << 20  # bytes up to which a document is validated as a whole
ELEMENTS = 20_000
_TOKEN = re.compile(rb'["\[\]{},]')
_STRING_END = re.compile(rb'(?:[^"\\]|\\.)*"', re.DOTALL)


def chunks(source: Iterator[bytes]) -> Iterator[Chunk]:
    """Yield the elements of a document (or the document, where it is no array) as texts.

    Raises:
        Unreadable: the document is too large to be checked as a whole and is no array.
    """
    data = b""
    for block in source:
        data += block
        if len(data) > WHOLE:
            raise Unreadable(f"a JSON document of more than {WHOLE >> 20} MB: deliver it as NDJSON")
    if not data.strip():
        return
    try:
        document = orjson.loads(data)
    except ValueError as error:
        yield Chunk(_table([], 1), None, [Bad(1, f"invalid JSON: {error}", visible(data))])
        return
    if not isinstance(document, list):
        yield Chunk(_table([data.decode()], 1), None, [])
        return
    del document
    yield from _batches(data)


def _batches(data: bytes) -> Iterator[Chunk]:
    texts: list[str] = []
    first = 1
    for element in elements(data):
        texts.append(element.decode())
        if len(texts) == ELEMENTS:
            yield Chunk(_table(texts, first), None, [])
            first += len(texts)
            texts = []
    yield Chunk(_table(texts, first), None, [])


def elements(data: bytes) -> Iterator[bytes]:
    """Yield the texts of the elements of a valid JSON array."""
    depth, position = 0, 0
    start = data.index(b"[") + 1
    while match := _TOKEN.search(data, position):
        token, position = match.group(), match.end()
        if token == b'"':
            end = _STRING_END.match(data, position)
            assert end is not None
            position = end.end()
        elif token in b"[{":
            depth += 1
        elif token in b"]}":
            depth -= 1
        if depth == 0 or (depth == 1 and token == b","):
            element = data[start : match.start()].strip()
            if element:
                yield element
            start = position
        if depth == 0:
            return


def _table(texts: list[str], first: int) -> pa.Table:
    numbers = pa.array(range(first, first + len(texts)), pa.int64())
    return pa.table({"text": pa.array(texts, pa.string()), "_line": numbers})

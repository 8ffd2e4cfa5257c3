"""CSV and TSV: records of text, each with the number of its first line.

What belongs here: delimiter, encoding, header, and records that do not fit. What does not: types,
which are cast in SQL like everybody's.
"""

import codecs
import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from platform_assets.ingestion.compression import Unreadable, blocks
from platform_assets.ingestion.declaration import FileFormat
from platform_assets.ingestion.streams import CONTROL, MARK, WRONG, byte_order, decoder, visible
from resources.warehouse.file_relation import Bad, Chunk

RECORDS = 50_000  # records of one chunk
CHARACTERS = 32 << 20  # of one chunk
SAMPLE = 64 << 10  # characters that the delimiter is detected from
DELIMITERS = (",", ";", "\t", "|")
FIELD = 16 << 20  # characters that one field may have

csv.field_size_limit(FIELD)


def encoding(source: Iterator[bytes]) -> str:
    """Return the encoding of a text: by its byte order mark, UTF-8, or else Latin-1.

    A text with some valid multi-byte characters is UTF-8 with mistakes in it: those records are
    bad, the others are read. Without any, its other bytes are Latin-1 (as Windows extends it).
    """
    text = decoder("utf-8")
    valid = invalid = False
    for number, block in enumerate(source):
        if number == 0:
            name, _ = byte_order(block)
            if name:
                return name
        decoded = text.decode(block)
        if not decoded.isascii():
            found = len(WRONG.findall(decoded))
            invalid = invalid or found > 0
            valid = valid or len(decoded.encode("ascii", "ignore")) + found < len(decoded)
        if valid:
            return "utf-8"
    invalid = invalid or bool(text.decode(b"", final=True))
    return "cp1252" if invalid else "utf-8"


class Tape:
    """Lines of a text, that remembers those of the record being read and can take some back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._returned: deque[str] = deque()
        self.record: list[str] = []
        self.number = 0  # lines handed out

    def __iter__(self) -> "Tape":
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._lines)
        self.record.append(line)
        self.number += 1
        return line

    def give_back(self) -> None:
        """Give all lines of the record but its first back, to be read again as records."""
        again = self.record[1:]
        self._returned.extendleft(reversed(again))
        self.number -= len(again)
        del self.record[1:]

    def cut(self) -> tuple[str, int]:
        """Return the record's text and first line, and start the next."""
        text, first = "".join(self.record), self.number - len(self.record) + 1
        self.record = []
        return text, first


def chunks(stream: BinaryIO, declared: FileFormat, path: str, encoding_: str) -> Iterator[Chunk]:
    """Yield chunks of records; columns are `c0`, `c1`, … and `_raw`, the record's own text.

    Args:
        encoding_: as declared or detected; a byte order mark in the file has the last word.

    Raises:
        Unreadable: the file is damaged, its encoding unknown, or it is no text.
    """
    lines = _lines(stream, encoding_, detected=declared.encoding is None)
    sample, taken = [], 0
    for line in lines:
        sample.append(line)
        taken += len(line)
        if taken > SAMPLE:
            break
    if 20 * sum(line.count("\0") for line in sample) > taken:
        raise Unreadable("not text: it is full of NUL characters")
    tape = Tape(_chain(sample, lines))
    quote = '"' if declared.quote is None else declared.quote
    options = _Options(declared.delimiter or _delimiter(sample, quote, path), quote)
    if declared.header:
        names = _header(tape, options)
    else:
        width = len(next(options.reader(iter(sample)), []))
        names = [f"column_{n}" for n in range(1, width + 1)]
    if names:
        yield from _records(tape, options, names)


def _lines(stream: BinaryIO, encoding_: str, *, detected: bool) -> Iterator[str]:
    """Yield the lines of a stream with their ends, bytes that are no characters marked."""
    source = io.BufferedReader(_Blocks(stream), 1 << 20)
    name, mark = byte_order(source.peek(4)[:4])
    source.read(mark)
    decoder(name or encoding_)
    guessed = detected and codecs.lookup(encoding_).name == "cp1252"
    text = io.TextIOWrapper(source, name or encoding_, CONTROL if guessed else MARK, newline="")
    yield from text


class _Blocks(io.RawIOBase):
    """A decompressed stream whose damage is told as `Unreadable`."""

    def __init__(self, stream: BinaryIO) -> None:
        self._blocks = blocks(stream, 1 << 20)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._rest = self._rest or next(self._blocks, b"")
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


class _Options:
    def __init__(self, delimiter: str, quote: str) -> None:
        self.delimiter, self.quote = delimiter, quote

    def reader(self, lines: Iterator[str]) -> "csv._reader":  # type: ignore[name-defined]
        if not self.quote:
            return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE)
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=True)


def _chain(first: list[str], rest: Iterator[str]) -> Iterator[str]:
    yield from first
    yield from rest


def _delimiter(sample: Sequence[str], quote: str, path: str) -> str:
    """Return the delimiter with which the first records have the most, and equally many, fields."""
    if ".tsv" in path:
        return "\t"
    best, score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        widths: Counter[int] = Counter()
        reader = _Options(delimiter, quote).reader(iter(sample[:200]))
        while widths.total() < 200:
            try:
                widths[len(next(reader))] += 1
            except StopIteration:
                break
            except csv.Error:
                continue
        if not widths:
            continue
        width, times = widths.most_common(1)[0]
        found = (times / widths.total() if width > 1 else 0.0, width)
        if found > score:
            best, score = delimiter, found
    return best


def _header(tape: Tape, options: _Options) -> list[str]:
    try:
        for record in options.reader(tape):
            text, _ = tape.cut()
            if WRONG.search(text):
                raise Unreadable("its header is not text in its encoding")
            if record:
                return list(record)
    except csv.Error as error:
        raise Unreadable(f"its header is not CSV: {error}") from error
    return []


def _records(tape: Tape, options: _Options, names: list[str]) -> Iterator[Chunk]:
    width, reader = len(names), options.reader(tape)
    chunk = _Chunk(names)
    while True:
        record: list[str | None]
        try:
            record = next(reader)
            fault = "" if len(record) == width else f"{len(record)} fields, {width} expected"
        except StopIteration:
            break
        except csv.Error as error:
            record, fault = [], f"not CSV: {error}"
        if fault and len(tape.record) > 1:
            tape.give_back()
            reader = options.reader(tape)
        raw, number = tape.cut()
        if not raw.strip("\r\n"):
            continue
        if not fault and not raw.isascii() and WRONG.search(raw):
            fault = "invalid characters: not text in the file's encoding"
        if "" in record:
            record = _without_empty(record, raw, options)
        chunk.add(record, raw.rstrip("\r\n"), number, fault)
        if chunk.full:
            yield chunk.cut()
    yield chunk.cut()


class _Chunk:
    """Records on their way into a chunk."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._start()

    def _start(self) -> None:
        self._rows: list[list[str | None]] = []
        self._raws: list[str] = []
        self._numbers: list[int] = []
        self._bad: list[Bad] = []
        self._characters = 0

    @property
    def full(self) -> bool:
        """Whether it is time to cut."""
        records = len(self._rows) + len(self._bad)
        return records >= RECORDS or self._characters >= CHARACTERS

    def add(self, record: list[str | None], raw: str, number: int, fault: str) -> None:
        """Take a record in, good or, with a fault, bad."""
        self._characters += len(raw)
        if fault:
            self._bad.append(Bad(number, fault, visible(raw)))
        else:
            self._rows.append(record)
            self._raws.append(raw)
            self._numbers.append(number)

    def cut(self) -> Chunk:
        """Return what there is, and start anew."""
        table = _table(self._rows, self._raws, self._numbers, len(self._names))
        chunk = Chunk(table, self._names, self._bad)
        self._start()
        return chunk


def _without_empty(record: Sequence[str | None], raw: str, options: _Options) -> list[str | None]:
    """Return the record with None for fields that hold nothing; a quoted `""` is an empty text."""
    quoted = options.quote * 2
    if not options.quote or quoted not in raw:
        return [value or None for value in record]
    q, d = re.escape(options.quote), re.escape(options.delimiter)
    fields = re.findall(rf"(?:^|{d})({q}(?:[^{q}]|{q}{q})*{q}|[^{d}]*)", raw.rstrip("\r\n"))
    return [
        value or ("" if field == quoted else None)
        for value, field in zip(record, fields, strict=False)
    ]


def _table(
    rows: list[list[str | None]], raws: list[str], numbers: list[int], width: int
) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    data = {f"c{n}": pa.array(column, pa.string()) for n, column in enumerate(columns)}
    data["_raw"] = pa.array(raws, pa.string())
    data["_line"] = pa.array(numbers, pa.int64())
    return pa.table(data)

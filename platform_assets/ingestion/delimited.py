"""CSV and TSV: records of text, each with the number of its first line.

What belongs here: delimiter, encoding, header, and records that do not fit. What does not: types,
which are cast in SQL like everybody's.
"""

import csv
import io
import re
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from platform_assets.ingestion.declaration import FileFormat
from platform_assets.ingestion.streams import BOMS, Unreadable, blocks
from resources.warehouse.file_stage import Bad, Chunk

RECORDS = 50_000  # records of one chunk
SAMPLE = 64 << 10  # characters that the delimiter is detected from
DELIMITERS = (",", ";", "\t", "|")
_ESCAPED = re.compile("[\udc80-\udcff]")

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


def encoding(source: Iterator[bytes]) -> str:
    """Return the encoding of a text: by its byte order mark, UTF-8, or else Latin-1.

    A text with some valid multi-byte characters is UTF-8 with mistakes in it: those records are
    bad, the others are read. Without any, its other bytes are Latin-1 (as Windows extends it).
    """
    valid = invalid = 0
    head = b""
    for number, block in enumerate(source):
        data = head + block
        if number == 0:
            for bom, name in BOMS:
                if data.startswith(bom):
                    return "utf-8-sig" if name == "utf-8" else "utf-16"
        text = data.decode("utf-8", errors="surrogateescape")
        wrong = len(_ESCAPED.findall(text))
        invalid += wrong
        valid += sum(1 for c in text if c > "\x7f") - wrong if not text.isascii() else 0
        head = b""
    return "cp1252" if invalid and not valid else "utf-8"


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
    """Yield chunks of records; columns are `c0`, `c1`, … and `_raw`, the record's own text."""
    errors = "surrogateescape" if encoding_.startswith("utf-8") else "replace"
    source = io.BufferedReader(_Blocks(stream))
    text = io.TextIOWrapper(source, encoding_, errors, newline="")
    lines = iter(text)
    sample, taken = [], 0
    for line in lines:
        sample.append(line)
        taken += len(line)
        if taken > SAMPLE:
            break
    tape = Tape(_chain(sample, lines))
    options = _Options(
        declared.delimiter or _delimiter(sample, declared, path), declared.quote or '"'
    )
    if declared.header:
        names, width = _header(tape, options)
    else:
        width = len(next(options.reader(iter(sample)), []))
        names = [f"column_{n}" for n in range(1, width + 1)]
    if width:
        yield from _records(tape, options, names)


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
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=True)


def _chain(first: list[str], rest: Iterator[str]) -> Iterator[str]:
    yield from first
    yield from rest


def _delimiter(sample: Sequence[str], declared: FileFormat, path: str) -> str:
    """Return the delimiter with which the first records have the most, and equally many, fields."""
    if ".tsv" in path:
        return "\t"
    best, score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        options = _Options(delimiter, declared.quote or '"')
        widths: Counter[int] = Counter()
        reader = options.reader(iter(sample[:200]))
        while len(widths) < 50:
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


def _header(tape: Tape, options: _Options) -> tuple[list[str], int]:
    for record in options.reader(tape):
        if record:
            tape.cut()
            return record, len(record)
        tape.cut()
    return [], 0


def _records(tape: Tape, options: _Options, names: list[str]) -> Iterator[Chunk]:
    width, reader = len(names), options.reader(tape)
    rows: list[list[str]] = []
    raws: list[str] = []
    numbers: list[int] = []
    bad: list[Bad] = []
    while True:
        try:
            record = next(reader)
            fault = "" if len(record) == width else f"{len(record)} fields, {width} expected"
        except StopIteration:
            break
        except csv.Error as error:
            record, fault = [], f"not CSV: {error}"
        except UnicodeError as error:
            raise Unreadable(f"not text in its encoding: {error}") from error
        if fault and len(tape.record) > 1:
            tape.give_back()
            reader = options.reader(tape)
        raw, number = tape.cut()
        if not fault and not raw.isascii() and _ESCAPED.search(raw):
            fault = "invalid UTF-8"
        if not raw.strip("\r\n"):
            continue
        if fault:
            text = raw.rstrip("\r\n").encode("utf-8", "surrogateescape")
            bad.append(Bad(number, fault, text.decode("utf-8", "backslashreplace")))
        else:
            rows.append(record)
            raws.append(raw)
            numbers.append(number)
        if len(rows) + len(bad) >= RECORDS:
            yield Chunk(_table(rows, raws, numbers, width), names, bad)
            rows, raws, numbers, bad = [], [], [], []
    yield Chunk(_table(rows, raws, numbers, width), names, bad)


def _table(rows: list[list[str]], raws: list[str], numbers: list[int], width: int) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    # An empty field is no value: CSV has no other way to say so.
    data = {
        f"c{n}": pa.array([v or None for v in column], pa.string())
        for n, column in enumerate(columns)
    }
    data["_raw"] = pa.array([r.rstrip("\r\n") for r in raws], pa.string())
    data["_line"] = pa.array(numbers, pa.int64())
    return pa.table(data)

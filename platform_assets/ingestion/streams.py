"""A landed file as a stream of plain bytes, and of whole lines.

What belongs here: decompression, text encodings, cutting bytes into lines. What does not: what a
line or record means (`lines`, `records`).
"""

import bz2
import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import zstandard

BLOCK = 32 << 20  # bytes of text that are looked at together
LONGEST = 64 << 20  # bytes that one record may have
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Unreadable(Exception):
    """A file that can't be read at all: the whole of it goes to the quarantine."""


class Hashing(io.RawIOBase):
    """A stream that hashes what is read through it.

    Attributes:
        sha256: of all that was read so far.
        count: bytes read so far.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()
        self.count = 0

    def readable(self) -> bool:
        """A stream to read from."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into `buffer`; return the number of bytes."""
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self.sha256.update(data)
        self.count += len(data)
        return len(data)

    def drain(self) -> None:
        """Read to the end, so that the hash is the whole file's."""
        while self._stream_read():
            pass

    def _stream_read(self) -> bytes:
        data = self._stream.read(1 << 20)
        self.sha256.update(data)
        self.count += len(data)
        return data


def plain(stream: Hashing, path: str) -> BinaryIO:
    """Return the stream decompressed, by magic bytes or by the file's name.

    Raises while reading:
        Unreadable: the compressed data is cut short or damaged.
    """
    buffered = io.BufferedReader(stream, 1 << 20)
    head = buffered.peek(4)[:4]
    if head[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=buffered)  # type: ignore[return-value]
    if head == b"\x28\xb5\x2f\xfd":
        return zstandard.ZstdDecompressor().stream_reader(buffered, read_across_frames=True)
    if head[:3] == b"BZh":
        return bz2.BZ2File(buffered)  # type: ignore[return-value]
    for suffix, kind in ((".gz", "gzip"), (".zst", "Zstandard"), (".bz2", "bzip2")):
        if path.endswith(suffix) and head:
            raise Unreadable(f"named {suffix}, but not {kind} data")
    return buffered


def blocks(stream: BinaryIO, size: int = BLOCK) -> Iterator[bytes]:
    """Yield the bytes of a stream in blocks.

    Raises:
        Unreadable: the data is cut short or damaged.
    """
    while True:
        try:
            block = _read_full(stream, size)
        except EOFError:
            raise Unreadable("the compressed data is cut short") from None
        except (OSError, zlib.error, zstandard.ZstdError) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise Unreadable(f"damaged: {error}") from error
        if not block:
            return
        yield block


def _read_full(stream: BinaryIO, size: int) -> bytes:
    parts, left = [], size
    while left > 0:
        part = stream.read(left)
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def utf8(source: Iterator[bytes], encoding: str | None) -> Iterator[bytes]:
    """Yield blocks as UTF-8 without byte order mark, from whatever Unicode or declared encoding.

    Bytes that are not valid in the source's encoding come out as they are, to be found later.

    Raises:
        Unreadable: the declared encoding is not known.
    """
    first = next(source, b"")
    bom = next((b for b in BOMS if first.startswith(b[0])), None)
    name = bom[1] if bom else (encoding or "utf-8")
    first = first[len(bom[0]) :] if bom else first
    try:
        if codecs.lookup(name).name in ("utf-8", "ascii"):
            yield first
            yield from source
            return
        decoder = codecs.getincrementaldecoder(name)(errors="replace")
    except LookupError:
        raise Unreadable(f"unknown encoding {name!r}") from None
    yield decoder.decode(first).encode()
    for block in source:
        yield decoder.decode(block).encode()
    yield decoder.decode(b"", final=True).encode()


@dataclass(frozen=True)
class LineBlock:
    """Whole lines of a text, each with its newline.

    Attributes:
        data: the bytes.
        first: number of the first line, from 1.
    """

    data: bytes
    first: int


def line_blocks(source: Iterator[bytes]) -> Iterator[LineBlock]:
    """Cut blocks of UTF-8 at the ends of lines; the last line may lack its newline.

    Raises:
        Unreadable: a line is longer than 64 MB.
    """
    rest: list[bytes] = []
    number, waiting = 1, 0
    for block in source:
        cut = block.rfind(b"\n") + 1
        if not cut:
            rest.append(block)
            waiting += len(block)
            if waiting > LONGEST:
                raise Unreadable(f"line {number} is longer than {LONGEST >> 20} MB")
            continue
        data = b"".join([*rest, block[:cut]])
        rest, waiting = [block[cut:]], len(block) - cut
        yield LineBlock(data, number)
        number += data.count(b"\n")
    data = b"".join(rest)
    if data:
        yield LineBlock(data, number)


def visible(data: bytes) -> str:
    """Return bytes as text, with what is not UTF-8 shown as \\xNN."""
    return data.decode("utf-8", errors="backslashreplace")

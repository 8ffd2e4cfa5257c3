"""A landed file as a stream of plain bytes, hashed on the way.

What belongs here: SHA-256, decompression, telling damage and wrong formats. What does not: text
encodings and lines (`streams`).
"""

import bz2
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import zstandard

BLOCK = 32 << 20  # bytes of text that are looked at together
_ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes([n]) + b"\x2a\x4d\x18" for n in range(0x50, 0x60)))
_NAMES = ((".gz", "gzip"), (".zst", "Zstandard"), (".bz2", "bzip2"))
_FOREIGN = (
    (b"PAR1", "Parquet"),
    (b"PK\x03\x04", "a ZIP archive (or an Excel file)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"Obj\x01", "Avro"),
    (b"ORC", "ORC"),
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
        data = self._take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def drain(self) -> None:
        """Read to the end, so that the hash is the whole file's."""
        while self._take(1 << 20):
            pass

    def _take(self, size: int) -> bytes:
        data = self._stream.read(size)
        self.sha256.update(data)
        self.count += len(data)
        return data


def plain(stream: Hashing, path: str) -> BinaryIO:
    """Return the stream decompressed, by magic bytes or by the file's name.

    Raises (also while reading):
        Unreadable: the compressed data is cut short or damaged, or is of no text format.
    """
    buffered = io.BufferedReader(stream, 1 << 20)
    head = buffered.peek(16)[:16]
    if head.startswith(b"\x1f\x8b\x08"):
        return gzip.GzipFile(fileobj=buffered)  # type: ignore[return-value]
    if head.startswith(_ZSTD):
        return io.BufferedReader(_Zstandard(buffered), 1 << 20)
    if head[:3] == b"BZh" and head[3:4].isdigit() and head[4:10] == b"1AY&SY":
        return bz2.BZ2File(buffered)  # type: ignore[return-value]
    for suffix, kind in _NAMES:
        if path.endswith(suffix) and head:
            raise Unreadable(f"named {suffix}, but not {kind} data")
    for magic, kind in _FOREIGN:
        if head.startswith(magic):
            raise Unreadable(f"not the declared format: it is {kind}")
    return buffered


class _Zstandard(io.RawIOBase):
    """Zstandard frames, one after the other; a frame without its end is an error."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._frame: Any = None
        self._ready = b""
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            data = self._rest or self._stream.read(128 << 10)
            if not data:
                if self._frame is not None:
                    raise EOFError
                return 0
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._ready, self._rest = self._frame.decompress(data), b""
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        part, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


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

"""Bytes as UTF-8, and UTF-8 as whole lines.

What belongs here: text encodings, cutting bytes into lines. What does not: decompression
(`compression`), what a line or record means (`lines`, `documents`, `delimited`).
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from platform_assets.ingestion.compression import Unreadable

LONGEST = 64 << 20  # bytes that one record may have
KEPT = 1 << 20  # bytes of a longer one that the quarantine keeps
WRONG = re.compile("[\ud800-\udfff]")  # what stands for bytes that no character was made of
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Decode bytes that are wrong as a lone surrogate each: no text has those, so they show."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in wrong), error.end


def _control(error: UnicodeError) -> tuple[str, int]:
    """Decode the five bytes that Windows-1252 leaves open as browsers do: as they are."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


MARK, CONTROL = "platform-mark", "platform-control"
codecs.register_error(MARK, _mark)
codecs.register_error(CONTROL, _control)


def byte_order(head: bytes) -> tuple[str, int]:
    """Return the encoding that the first bytes of a text tell, and how long its mark is; or ''."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name, len(mark)
    if len(head) >= 4 and head[1] == head[3] == 0 and head[0] and head[2]:
        return "utf-16-le", 0
    if len(head) >= 4 and head[0] == head[2] == 0 and head[1] and head[3]:
        return "utf-16-be", 0
    return "", 0


def decoder(encoding: str) -> codecs.IncrementalDecoder:
    """Return a decoder that marks what it can't decode (`WRONG`).

    Raises:
        Unreadable: the encoding is not known.
    """
    try:
        return codecs.getincrementaldecoder(encoding)(errors=MARK)
    except LookupError:
        raise Unreadable(f"unknown encoding {encoding!r}") from None


def utf8(source: Iterator[bytes], encoding: str | None) -> Iterator[bytes]:
    """Yield blocks as UTF-8 without byte order mark, from whatever Unicode or declared encoding.

    Bytes that are not valid in the source's encoding come out as invalid UTF-8, to be found later.

    Raises:
        Unreadable: the declared encoding is not known.
    """
    first = next(source, b"")
    name, mark = byte_order(first)
    first, name = first[mark:], name or encoding or "utf-8"
    text = decoder(name)
    if codecs.lookup(name).name in ("utf-8", "ascii"):
        yield first
        yield from source
        return
    yield text.decode(first).encode("utf-8", "surrogatepass")
    for block in source:
        yield text.decode(block).encode("utf-8", "surrogatepass")
    yield text.decode(b"", final=True).encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class LineBlock:
    """Whole lines of a text, each with its newline.

    Attributes:
        data: the bytes.
        first: number of the first line, from 1.
        cut: it is the beginning of one line that is longer than any may be.
    """

    data: bytes
    first: int
    cut: bool = False


def line_blocks(source: Iterator[bytes]) -> Iterator[LineBlock]:
    """Cut blocks of UTF-8 at the ends of lines; the last line may lack its newline.

    Of a line longer than 64 MB only the first megabyte comes, in a block of its own.
    """
    rest: list[bytes] = []
    number, waiting, skipping = 1, 0, False
    for read in source:
        block = read
        if skipping:
            end = read.find(b"\n") + 1
            if not end:
                continue
            block, skipping, number = read[end:], False, number + 1
        cut = block.rfind(b"\n") + 1
        if cut:
            data = b"".join([*rest, block[:cut]])
            yield LineBlock(data, number)
            number += data.count(b"\n")
            rest, waiting = [block[cut:]], len(block) - cut
        else:
            rest.append(block)
            waiting += len(block)
        if waiting > LONGEST:
            yield LineBlock(b"".join(rest)[:KEPT], number, cut=True)
            rest, waiting, skipping = [], 0, True
    data = b"".join(rest)
    if data:
        yield LineBlock(data, number)


def visible(text: bytes | str) -> str:
    """Return a text in which bytes that are no characters are shown as \\xNN."""
    if isinstance(text, bytes):
        return text.decode("utf-8", errors="backslashreplace")
    return WRONG.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", text)

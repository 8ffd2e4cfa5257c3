"""Writing into the landing zone: whole files, under their final name at once.

What belongs here: bytes to disk and compression that gives the same bytes every time. What does
not: what the bytes mean.
"""

import csv
import gzip
import io
import os
from collections.abc import Iterable
from pathlib import Path

GZIP_LEVEL = 3  # a fifth larger than the default, and three times as fast


def compress(data: bytes) -> bytes:
    """Return `data` gzipped, without the time of day in the header."""
    return gzip.compress(data, GZIP_LEVEL, mtime=0)


def csv_bytes(
    header: list[str], rows: Iterable[Iterable[object]], delimiter: str, encoding: str
) -> list[bytes]:
    """Return the header and each row as encoded CSV records with their line ends; None is empty."""
    out: list[bytes] = []
    for record in (header, *rows):
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, lineterminator="\n").writerow(
            "" if value is None else value for value in record
        )
        out.append(text.getvalue().encode(encoding))
    return out


class Folder:
    """A folder that files land in; what is already there with the same bytes stays untouched."""

    def __init__(self, root: Path) -> None:
        """Write below `root`, which is made when the first file lands."""
        self.root = root
        self.written = 0
        self.untouched = 0

    def write(self, name: str, data: bytes) -> bool:
        """Land a file below the root; return False when it was there already with these bytes.

        The bytes go to a name that ingestion ignores (a leading dot) and are then renamed.
        """
        path = self.root / name
        if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
            self.untouched += 1
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self.written += 1
        return True

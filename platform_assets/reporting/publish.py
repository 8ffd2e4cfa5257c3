"""Putting a report where readers find it: whole or not at all, and old versions for ever.

`<reports>/<name>/<UTC time>/` is written once, under another name until it is complete;
`<reports>/<name>/latest.html` is replaced in one step. What does not belong here: what the files
say (`edition`).
"""

import os
import shutil
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from resources.errors import PlatformError

PAGE = "index.html"


def publish(folder: Path, generated_at: datetime, write: Callable[[Path], None]) -> Path:
    """Make a version below `folder`, and its page the newest; return the version's folder.

    Args:
        folder: of the report.
        generated_at: names the version.
        write: writes all files of the version, `index.html` among them, into a folder.

    Raises:
        PlatformError: the folder can't be written, or the disk is full.
    """
    temporary = folder / f".{uuid.uuid4().hex}"
    try:
        temporary.mkdir(parents=True)
        write(temporary)
        _settle(temporary)
        version = _named(folder, temporary, generated_at)
        _replace_latest(folder, version)
    except OSError as error:
        raise PlatformError(
            f"The report can't be written to {folder}: {error.strerror}.",
            hint="Make the folder writable, or free some space; the page before is untouched.",
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return version


def _settle(folder: Path) -> None:
    """Make sure that every file, and the folder that names them, is on the disk."""
    for path in (*folder.iterdir(), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _named(folder: Path, temporary: Path, generated_at: datetime) -> Path:
    """Give the complete version a name that nothing has yet, and return its path."""
    stamp = f"{generated_at.astimezone(UTC):%Y-%m-%dT%H%M%S}Z"
    number = 1
    while True:
        path = folder / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            temporary.rename(path)  # fails on a folder that holds something
            return path
        except OSError:
            if not path.exists():
                raise
        number += 1


def _replace_latest(folder: Path, version: Path) -> None:
    """Let `latest.html` be the version's page: the same file, under two names."""
    temporary = folder / f".{uuid.uuid4().hex}.html"
    try:
        try:
            os.link(version / PAGE, temporary)
        except OSError:  # a file system without links
            shutil.copyfile(version / PAGE, temporary)
        os.utime(temporary)  # readers go by its time: that is when it is published
        temporary.replace(folder / "latest.html")
    finally:
        temporary.unlink(missing_ok=True)

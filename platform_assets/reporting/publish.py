"""Putting a page where readers find it: whole or not at all, and old versions for ever.

`<out_dir>/<name>/latest.html` is replaced in one step; `<out_dir>/<name>/<UTC time>.html` is
written once. What does not belong here: what is on the page.
"""

import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

from resources.errors import PlatformError


def publish(folder: Path, page: bytes, generated_at: datetime) -> tuple[Path, Path]:
    """Write `page` below `folder`; return the paths of the newest page and of the version.

    Raises:
        PlatformError: the folder can't be written, or the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        version = _version(folder, page, generated_at)
        latest = folder / "latest.html"
        _write(latest, page)
    except OSError as error:
        raise PlatformError(
            f"The report can't be written to {folder}: {error.strerror}.",
            hint="Make the folder writable, or free some space; the page before is untouched.",
        ) from error
    return latest, version


def _version(folder: Path, page: bytes, generated_at: datetime) -> Path:
    """Write the version under a name that nothing has yet, and return its path."""
    stamp = f"{generated_at.astimezone(UTC):%Y-%m-%dT%H%M%S}Z"
    number = 1
    while True:
        path = folder / (f"{stamp}.html" if number == 1 else f"{stamp}-{number}.html")
        if not path.exists():
            temporary = _temporary(path, page)
            try:
                os.link(temporary, path)
                return path
            except FileExistsError:
                pass
            finally:
                temporary.unlink()
        number += 1


def _write(path: Path, page: bytes) -> None:
    temporary = _temporary(path, page)
    temporary.replace(path)


def _temporary(path: Path, page: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("wb") as target:
            target.write(page)
            target.flush()
            os.fsync(target.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary

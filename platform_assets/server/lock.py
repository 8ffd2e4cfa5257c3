"""One running platform per data folder: a lock that the system frees with its process."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resources.errors import PlatformError


@contextmanager
def only_one(path: Path, url: str) -> Iterator[None]:
    """Hold the lock file `path` while the block runs.

    Args:
        path: the lock file; its text names the holder.
        url: where the holder serves, shown to whoever comes second.

    Raises:
        PlatformError: another process holds it; names the process and its address.
    """
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise _already_running(path, file.read()) from error
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "url": url}))
        file.flush()
        yield


def _already_running(path: Path, text: str) -> PlatformError:
    try:
        holder = json.loads(text)
        who = f"process {holder['pid']}, serving {holder['url']}"
        stop = f"stop it with Ctrl-C in its terminal or `kill {holder['pid']}`"
    except (ValueError, KeyError, TypeError):
        who, stop = "another process", "stop it"
    return PlatformError(
        f"The platform is already running on {path.parent.parent} ({who}).",
        hint=f"Use that one, {stop}, or name another data folder with PLATFORM_DATA_DIR.",
    )

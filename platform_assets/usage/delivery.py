"""Files of events land: whole, under their final name at once, in a folder or an object store."""

import os
from pathlib import Path
from typing import Any

from resources import object_store
from resources.errors import PlatformError

PLACE = "usage"  # folder of the landing zone
PATIENCE = 5.0  # seconds for an object store; a file that does not land waits for its next turn


class Delivery:
    """Puts files into the landing zone below `usage/date=<day>/`.

    Args:
        url: absolute folder, `s3://bucket/prefix`, or another URL of fsspec's.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._store: Any = None

    def land(self, file: Path) -> None:
        """Land a file whose name begins with its day; the same one twice is there once.

        Raises:
            OSError, PlatformError: the landing zone is not there, or can't be written.
        """
        data, name = file.read_bytes(), f"{PLACE}/date={file.name[:10]}/{file.name}"
        if not data:
            return
        if object_store.is_object_store(self._url):
            self._put(name, data)
        elif "://" in self._url and not self._url.startswith("file://"):
            self._write(name, data)
        else:
            _move_in(Path(self._url.removeprefix("file://")), name, data)

    def _put(self, name: str, data: bytes) -> None:
        import obstore

        with object_store.explained(self._url, "PLATFORM_LANDING_URL"):
            if self._store is None:
                self._store = object_store.store(self._url, PATIENCE)
            obstore.put(self._store, name, data)

    def _write(self, name: str, data: bytes) -> None:
        import fsspec

        try:
            files, root = fsspec.url_to_fs(self._url)
            path = f"{root.rstrip('/')}/{name}"
            files.makedirs(path.rpartition("/")[0], exist_ok=True)
            files.pipe_file(f"{path}.part", data)
            files.mv(f"{path}.part", path)
        except (OSError, ValueError, ImportError) as error:
            raise PlatformError(
                f"Usage can't land in {self._url}: {error}",
                hint="Let the web server write there, or set PLATFORM_USAGE=false.",
            ) from error


def _move_in(root: Path, name: str, data: bytes) -> None:
    """Write under a name that ingestion ignores, then rename; a missing landing zone is not made.

    It may be a mount that is away: whoever finds an empty folder in its place would be misled.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"The landing zone {root} does not exist.")
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)

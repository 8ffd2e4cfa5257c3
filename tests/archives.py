"""Archives of report versions for tests: in a folder, and on a real S3 server.

What belongs here: a new empty archive of each kind, and versions to put into it. What does not:
starting servers (`object_store`).
"""

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from platform_assets.reporting.archive import archive_at
from platform_assets.reporting.bucket_archive import BucketArchive
from platform_assets.reporting.folder_archive import FolderArchive
from resources.settings import settings
from tests.object_store import object_store

KINDS = ("folder", "bucket")


def new_archive(kind: str, folder: Path) -> FolderArchive | BucketArchive:
    """Return a new archive; the settings of this process name it and reach its server.

    Args:
        kind: `folder` or `bucket`.
        folder: where an archive in a folder is to be.
    """
    url = str(folder)
    if kind == "bucket":
        store = object_store()
        os.environ.update(store.environment())
        url = f"{store.new_bucket()}/kept/reports"
    os.environ["PLATFORM_REPORTS_URL"] = url
    settings.cache_clear()
    return archive_at(url)


def files(made: datetime, page: str = "<h1>Page</h1>", **facts: Any) -> Callable[[Path], None]:
    """Return what writes the files of a version."""

    def write(folder: Path) -> None:
        (folder / "index.html").write_text(page)
        (folder / "report.pdf").write_bytes(b"%PDF-" + page.encode())
        (folder / "days.csv").write_text(f"page\n{page}\n")
        told = {"made": made.isoformat(), "numbers": [], "queries": {"days": 1}, **facts}
        (folder / "report.json").write_text(json.dumps(told))

    return write

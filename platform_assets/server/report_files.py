"""Versions of reports as files: read-only, below one place, unable to reach anything else."""

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import ASGIApp

from platform_assets.reporting.archive import Archive
from platform_assets.reporting.bucket_archive import BucketArchive
from platform_assets.reporting.folder_archive import FolderArchive
from platform_assets.server.bucket_files import BucketFiles, disposition
from platform_assets.server.headers import SafeHeaders

# A report is one self-contained page. It may run its own inline scripts, in an origin of its own
# (`sandbox` without `allow-same-origin`): it can neither call Dagster nor load
# anything from outside.
POLICY = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads; "
    "default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; font-src data:; "
    "script-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


class _Files(StaticFiles):
    def file_response(self, full_path: PathLike, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(full_path, *args, **kwargs)
        path = Path(full_path)
        answer.headers.update(disposition(path.parent.parent.name, path.name))
        return answer


def report_files(archive: Archive) -> ASGIApp:
    """Return the application that serves the files of all versions.

    A path that leaves the place, also through a symbolic link, does not exist; a folder shows its
    `index.html` or does not exist: nothing is listed.
    """
    routes: list[BaseRoute] = []
    if isinstance(archive, BucketArchive):
        files = BucketFiles(archive).answer
        paths = ("/{report}/{file}", "/{report}/{version}/{file}", "/{report}/{version}/")
        routes = [Route(path, files) for path in paths]
    elif isinstance(archive, FolderArchive):
        archive.folder.mkdir(parents=True, exist_ok=True)
        folder = _Files(directory=archive.folder, html=True, follow_symlink=False)
        routes = [Mount("/", app=folder)]
    # Around it, not as its middleware: the answer to an error of ours has the headers, too.
    return SafeHeaders(Starlette(routes=routes), policy=POLICY)

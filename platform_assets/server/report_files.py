"""Rendered reports as static files: read-only, below one folder, unable to reach anything else."""

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import ASGIApp

from platform_assets.server.headers import SafeHeaders

# A report is one self-contained page. It may run its own inline scripts, in an origin of its own
# (`sandbox` without `allow-same-origin`): it can neither call Dagster nor load
# anything from outside.
POLICY = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads; "
    "default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; font-src data:; "
    "script-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


# What a browser would show in the sandbox, and can't: it is saved instead.
SAVED = (".pdf", ".csv", ".parquet")


class _Files(StaticFiles):
    def file_response(self, full_path: PathLike, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(full_path, *args, **kwargs)
        if str(full_path).endswith(SAVED):
            path = Path(full_path)
            name = f"{path.parent.parent.name}-{path.name}".encode("ascii", "replace").decode()
            answer.headers["content-disposition"] = f'attachment; filename="{name}"'
        return answer


def report_files(folder: Path) -> ASGIApp:
    """Return the application that serves the files below `folder`.

    A path that leaves the folder, also through a symbolic link, does not exist; a folder shows its
    `index.html` or does not exist: nothing is listed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = _Files(directory=folder, html=True, follow_symlink=False)
    # Around it, not as its middleware: the answer to an error of ours has the headers, too.
    return SafeHeaders(Starlette(routes=[Mount("/", app=files)]), policy=POLICY)

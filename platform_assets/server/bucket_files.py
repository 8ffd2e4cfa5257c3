"""Files of versions that are kept in an object store, passed on as they come.

What belongs here: from a path to an object, and how a browser is told of it. What does not: which
application answers which path, and its headers (`report_files`).
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from platform_assets.reporting.bucket_archive import BucketArchive, content_type
from platform_assets.reporting.folder_archive import LATEST
from platform_assets.reporting.versions import NAME, PAGE
from resources import object_store
from resources.errors import PlatformError

# What a browser would show in the sandbox, and can't: it is saved instead.
SAVED = (".pdf", ".csv", ".parquet")
CHUNK = 1 << 20


def disposition(report: str, file: str) -> Mapping[str, str]:
    """Return the header that has a browser save what it can't show; none for what it can."""
    if not file.endswith(SAVED):
        return {}
    name = f"{report}-{file}".encode("ascii", "replace").decode().replace('"', "?")
    return {"content-disposition": f'attachment; filename="{name}"'}


class BucketFiles:
    """Answers `<report>/<version>/<file>` and `<report>/latest.html`."""

    def __init__(self, archive: BucketArchive) -> None:
        self._archive = archive

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        try:
            key = await self._key(**request.path_params)
            with object_store.explained(self._archive.url):
                return await self._object(request, key)
        except FileNotFoundError:
            raise HTTPException(404) from None
        except PlatformError as error:
            return PlainTextResponse(str(error), 503)

    async def _key(self, report: str, version: str = "", file: str = PAGE) -> str:
        """Return the key of an object of a version.

        Raises:
            FileNotFoundError: no version can have it.
        """
        if not version and file == LATEST:
            version, file = await run_in_threadpool(self._archive.newest_name, report), PAGE
        if not NAME.match(version) or _odd(report) or _odd(file):
            raise FileNotFoundError
        return f"{report}/{version}/{file}"

    async def _object(self, request: Request, key: str) -> Response:
        import obstore
        from obstore.exceptions import NotModifiedError

        options: Any = {"head": request.method == "HEAD"}
        if "if-none-match" in request.headers:
            options["if_none_match"] = request.headers["if-none-match"]
        try:
            found = await obstore.get_async(self._archive.store, key, options=options)
        except NotModifiedError:
            return Response(status_code=304)
        report, _, file = key.split("/")
        headers = {
            "content-length": str(found.meta["size"]),
            "etag": str(found.meta["e_tag"] or ""),
            **disposition(report, file),
        }
        return StreamingResponse(_chunks(found), headers=headers, media_type=content_type(file))


async def _chunks(found: Any) -> AsyncIterator[bytes]:
    async for chunk in found.stream(min_chunk_size=CHUNK):
        yield bytes(chunk)


def _odd(name: str) -> bool:
    """Whether a name is none that a report or a file of a version can have."""
    return name.startswith(".") or any(letter in name for letter in "/\\\0")

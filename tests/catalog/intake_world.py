"""The catalog of `world` with a store of requests and feedback, and people who send forms."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from platform_assets.catalog.answers import TOKEN
from platform_assets.catalog.usage import Usage
from platform_assets.catalog.web import application
from platform_assets.product.store import RecordStore
from platform_assets.reporting.folder_archive import FolderArchive
from tests.catalog.world import ORIGIN, FixedCatalog

ANA, BEN, DATA = "ana@example.com", "ben@example.com", "data@example.com"


class Intake:
    """Pages over a store of their own.

    Args:
        store: another one than the new, empty one.
    """

    def __init__(self, folder: Path, store: RecordStore | None = None, sandbox: Any = None) -> None:
        self.catalog = FixedCatalog()
        self.archive = FolderArchive(folder / "reports")
        if store is None:
            file = folder / "records.sqlite"
            file.write_bytes(_empty_store())
            store = RecordStore(f"sqlite:///{file}")
        self.store = store
        usage = Usage(folder / "usage.sqlite")
        pages = application(self.catalog, usage, sandbox, self.archive, self.store)  # type: ignore[arg-type]
        self.app = Starlette(routes=[Mount("/catalog", app=pages)])

    def person(self, name: str = "") -> "Person":
        """Return somebody with a browser of their own, which knows their name, or does not."""
        client = TestClient(self.app, follow_redirects=False)
        if name:
            client.cookies.set("who", name.replace("@", "%40"))
        return Person(client)


@cache
def _empty_store() -> bytes:
    """Return the file of a store without records: making one takes longer than most tests."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "records.sqlite"
        store = RecordStore(f"sqlite:///{file}")
        store.changes()
        store.close()
        return file.read_bytes()


class Person:
    """Somebody who reads pages and sends forms."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def sees(self, path: str, **query: str) -> str:
        """Return the HTML of a page below `/catalog`."""
        answer = self.client.get(f"/catalog{path}", params=query or None)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def facts(self, path: str, **query: str) -> Any:
        """Return the JSON twin of a page."""
        answer = self.client.get(f"/catalog{path}.json", params=query or None)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def tries(self, path: str, headers: Mapping[str, Any] | None = None, **fields: str) -> Any:
        """Send a form of a page, whatever comes of it."""
        form = {"token": TOKEN, **fields}
        sent = {"origin": ORIGIN, **(headers or {})}
        return self.client.post(f"/catalog{path}", data=form, headers=sent)

    def sends(self, path: str, **fields: str) -> str:
        """Send a form that is taken; return where one goes on."""
        answer = self.tries(path, **fields)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].removeprefix("/catalog")

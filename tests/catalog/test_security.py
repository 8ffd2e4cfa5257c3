"""Whatever a description, a name or a value holds: it is shown, it is never run."""

import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from platform_assets.catalog.export import export
from platform_assets.catalog.glossary import Glossary, Term
from platform_assets.inventory.health import CheckResult, Status
from platform_assets.inventory.model import Asset, Column, Graph
from platform_assets.reporting.folder_archive import FolderArchive
from tests.catalog.test_web import PAGES
from tests.catalog.world import NOW, FixedCatalog, HereSandbox, client_of

HANDLERS = (
    "onclick",
    "onerror",
    "onload",
    "onmouseover",
    "onfocus",
    "style",
    "srcdoc",
    "onpointer",
)
SAFE = ("/", "#", "http://", "https://", "mailto:", "data:,", "?")


@pytest.fixture(scope="session")
def nasty(shared_data: Path) -> list[str]:
    """The big list of naughty strings, and some of our own."""
    listed: list[str] = json.loads((shared_data / "nasty" / "blns.json").read_text())
    own = [
        "</script><script>alert(1)</script>", '" autofocus onfocus=alert(1) x="', "{{ 7 * 7 }}",
        "{% include '/etc/passwd' %}", "]]><x>", "\x00\x01\x1b[31m", "a/../../etc/passwd", "\u202e",
        "[x](javascript:alert(1))", "![x](x\" onerror=\"alert(1))", "a\nb", "%2e%2e%2f", "-->",
    ]  # fmt: skip
    return [text for text in (*listed, *own) if text.strip()]


class Markup(HTMLParser):
    """Collects what could run: scripts, handlers, styles, links."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name.lower(): value or "" for name, value in attrs}
        if tag in ("iframe", "object", "embed", "style", "base", "meta") and tag != "meta":
            self.faults.append(tag)
        if tag == "script" and not values.get("src", "").startswith("/catalog/static/"):
            self.faults.append(f"script {values}")
        self.faults += [f"{tag} {n}" for n in values if n.startswith("on") or n in HANDLERS]
        for name in ("href", "src", "action", "formaction", "xlink:href"):
            if name in values and not values[name].lower().startswith(SAFE):
                self.faults.append(f"{tag} {name}={values[name]}")


def faults(html: str) -> list[str]:
    parser = Markup()
    parser.feed(html)
    parser.close()
    return parser.faults


def hostile(texts: list[str], start: int) -> FixedCatalog:
    """A catalog in which everything that people write is one of the texts."""

    def text(place: int) -> str:
        return texts[(start + place) % len(texts)]

    every = " ".join(texts[start : start + 40])
    asset = Asset(
        "marts/" + text(0), "table", title=text(1), description=f"{text(2)}\n\n{every}",
        layer="marts", domain=text(3), owners=(text(4), "team:" + text(5)), kinds=(text(7),),
        tags={text(8): text(9)}, table="marts.fct_orders", file=text(10), question=text(11),
        columns=(Column(text(12), text(13), text(14), (text(15),), tags={text(16): ""}),),
        written=every, compiled=text(17), checks=(text(18),), deadline=text(19),
        audience=text(20), parents=("raw/x",),
    )  # fmt: skip
    source = Asset("raw/x", "source", title=text(21), layer="raw", domain=text(3))
    term = Term("x", text(22) or "x", text(23), (text(24),), text(25), {}, text(26))
    status = Status(
        made_at=NOW, run_id=text(27), failed_run=text(28),
        checks=(CheckResult(text(18), False, True, text(29), NOW),),
    )  # fmt: skip
    return FixedCatalog(
        graph=Graph({a.key: a for a in (asset, source)}),
        statuses={asset.key: status},
        glossary=Glossary((term,)),
        trouble=text(30),
    )


@pytest.mark.parametrize("path", [*PAGES, "/catalog/none", "/catalog/query?sql=SELECT+%27<b>%27"])
def test_every_page_has_the_policy_and_nothing_inline(client: TestClient, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "script-src 'self';" in policy and "base-uri 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert faults(answer.text) == []


def test_the_finder_of_faults_finds_them() -> None:
    for html in ("<script>1</script>", "<a href='javascript:1'>", "<b onclick=1>", "<p style=x>"):
        assert faults(html)


def test_nothing_that_people_write_runs_or_breaks_a_page(
    nasty: list[str], sandbox: HereSandbox, tmp_path: Path
) -> None:
    checked = 0
    for start in range(0, len(nasty), 31):
        catalog = hostile(nasty, start)
        client = client_of(catalog, tmp_path, sandbox)
        key, asset = next((k, a) for k, a in catalog.graph.assets.items() if k != "raw/x")
        paths = [
            "/catalog/", "/catalog/search", "/catalog/coverage", "/catalog/glossary",
            "/catalog/glossary/x", f"/catalog/search?q={quote(nasty[start])}",
            f"/catalog/asset/{quote(key)}", f"/catalog/impact/{quote(key)}", "/catalog/asset/raw/x",
            f"/catalog/lineage/{quote(key)}.svg", f"/catalog/badge/{quote(key)}.svg",
            f"/catalog/column/{quote(key)}/{quote(asset.columns[0].name, safe='')}",
            f"/catalog/owner/{quote(asset.owners[0], safe='')}",
        ]  # fmt: skip
        for path in paths:
            answer = client.get(path)
            assert answer.status_code < 500, path
            assert faults(answer.text) == [], path
            checked += answer.status_code == 200
    assert checked > 150


def test_nothing_that_people_write_runs_in_an_export(nasty: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    for start in range(0, len(nasty), 97):
        export(hostile(nasty, start).view(), {}, FolderArchive(tmp_path / "none"), folder)
    pages = list(folder.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        found = [f for f in faults(page.read_text()) if "static/" not in f]
        assert [f for f in found if "href=" not in f and "action=" not in f] == []
        assert not any("javascript:" in f.lower() for f in found)
    assert (folder / "static" / "index.js").read_text().isascii()


def test_values_of_a_query_are_shown_and_never_run(client: TestClient, nasty: list[str]) -> None:
    for start in range(0, len(nasty), 60):
        cells = ", ".join(
            "('" + text.replace("'", "''").replace("\0", "") + "')"
            for text in nasty[start : start + 60]
        )
        sql = f'SELECT v, v AS "<img src=x onerror=alert(1)>", 1 AS n FROM (VALUES {cells}) t(v)'
        answer = client.get("/catalog/query", params={"sql": sql})
        assert answer.status_code == 200, answer.text[:2000]
        assert faults(answer.text) == []


@pytest.mark.parametrize(
    "path",
    [
        "/catalog/static/../web.py", "/catalog/static/..%2fweb.py", "/catalog/static/%2e%2e/web.py",
        "/catalog/static//etc/passwd", "/catalog/static/..%5cweb.py",
        "/catalog/asset/../../etc/passwd", "/catalog/asset/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/catalog/query/report/..%2f..%2fdefs.yaml",
        "/catalog/glossary/..%2f..%2fsettings", "/catalog/preview/..%2f..%2fetc",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (400, 404)
    assert "root:" not in answer.text and "import" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/catalog//evil.example", "/catalog/%2f%2fevil.example", "/catalog/asset//evil.example/",
     "/catalog/search/?q=//evil.example", "/catalog/static//evil.example/%2e%2e"],
)  # fmt: skip
def test_nothing_redirects_to_another_site(client: TestClient, path: str) -> None:
    answer = client.get(path, follow_redirects=False)
    location = answer.headers.get("location", "/catalog/")
    assert location.startswith(("/catalog", "http://testserver/catalog"))


def test_a_page_that_fails_says_so_without_its_reasons(tmp_path: Path) -> None:
    class Broken(FixedCatalog):
        def view(self) -> object:  # type: ignore[override]
            raise RuntimeError("secret of the server")

    client = client_of(Broken(), tmp_path)
    quiet = TestClient(client.app, raise_server_exceptions=False)
    for path in ("/catalog/", "/catalog/home.json"):
        answer = quiet.get(path)
        assert answer.status_code == 500 and "secret" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/catalog/query", "/catalog/query.json", "/catalog/query.csv"])
def test_a_query_runs_behind_a_link_but_not_inside_another_site(
    client: TestClient, path: str
) -> None:
    asked = {"params": {"sql": "SELECT 1"}}
    inside = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert client.get(path, **asked, headers=inside).status_code == 403
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get(path, **asked, headers=link).status_code == 200

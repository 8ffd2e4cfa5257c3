"""The whole catalog as a folder of pages that opens without a server, also from a mail or a stick.

What belongs here: which pages there are, their file names, and links that lead from file to file.
What does not: the pages themselves (`pages`, `templates`), those of records (`export_records`),
reading Dagster (`collect`, `status`). Rows of tables are not in it: who gets the folder need not be
who may read the warehouse.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from platform_assets.catalog import coverage, pages, render
from platform_assets.catalog.attention import Listed, listed
from platform_assets.catalog.attention_pages import drawn, top
from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand.of_asset import demand_of
from platform_assets.catalog.export_records import Demand, Page, attention_pages, record_pages
from platform_assets.catalog.lineage import drawing
from platform_assets.catalog.present import asset_url
from platform_assets.catalog.theme import theme
from platform_assets.inventory.model import RECORD
from platform_assets.reporting.archive import Archive

STATIC = Path(__file__).parent / "static"
FILES = ("catalog.css", "attention.css", "demand.css", "records.css", "export.js")
_LINK = re.compile(r'\b(href|src|action)="(/[^"]*)"')
LONGEST = 120  # letters of a file's name, which file systems limit
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def export(
    view: View,
    days: Mapping[str, list[tuple[str, float]]],
    reports: Archive,
    folder: Path,
    demand: Demand | None = None,
    attention: Listed | None = None,
) -> int:
    """Write the catalog into a folder, which is made; return the number of pages.

    Args:
        days: coverage day by day.
        reports: where versions of reports are kept; the newest of each is taken along.
        demand: records; without it there are no pages of them.
        attention: what needs attention; without it, what the view alone knows of that.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "static").mkdir(exist_ok=True)
    for name in FILES:
        shutil.copyfile(STATIC / name, folder / "static" / name)
    (folder / "static" / "theme.css").write_text(theme(), encoding="utf-8")
    (folder / "static" / "index.js").write_text(_index(view), encoding="utf-8")
    known: set[str] = set()
    for asset in view.graph.assets.values():
        newest = reports.page(asset.name) if asset.kind == "report" else None
        if newest is not None:
            (folder / "reports").mkdir(exist_ok=True)
            (folder / "reports" / f"{_safe(asset.name)}.html").write_bytes(newest)
            known.add(f"reports/{_safe(asset.name)}.html")
    everything = [*_pages(view, days, demand, attention or listed(view), known)]
    everything += record_pages(demand) if demand else ()
    known |= {file_of(page.address, page.query) for page in everything}
    around = {"view": view, "trouble": view.trouble, "static": True}
    around |= {"demand": True} if demand else {}
    for page in everything:
        _write(page, around, known, folder)
    return len(everything)


def _write(page: Page, around: Mapping[str, object], known: set[str], folder: Path) -> None:
    file, more = file_of(page.address, page.query), {**around, "path": page.address}
    text = relative(render.page(page.template, page.facts, **more), file, known)
    target = folder / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8", errors="replace")


def _pages(
    view: View,
    days: Mapping[str, list[tuple[str, float]]],
    demand: Demand | None,
    found: Listed,
    reports: Set[str],
) -> Iterator[Page]:
    graph = view.graph.assets
    yield Page("/catalog/", "home", {**pages.home(view), **top(found), **drawn(found)})
    yield Page("/catalog/search", "search_offline", {"assets": len(graph)})
    yield Page("/catalog/glossary", "glossary", pages.glossary(view))
    yield Page("/catalog/coverage", "coverage", coverage.coverage(view, days))
    for term in view.glossary.terms:
        yield Page(f"/catalog/glossary/{term.slug}", "term", pages.term_page(view, term.slug))
    for name in sorted({owner for a in graph.values() for owner in a.owners}):
        yield Page(f"/catalog/owner/{name}", "group", pages.owner_page(view, name))
    for name in sorted({a.domain or "none" for a in graph.values()}):
        yield Page(f"/catalog/domain/{name}", "group", pages.domain_page(view, name))
    tags = {f"{k}:{v}" if v else k for a in graph.values() for k, v in a.tags.items()}
    for name in sorted(tags | {kind for a in graph.values() for kind in a.kinds}):
        yield Page(f"/catalog/tag/{name}", "group", pages.tag_page(view, name))
    yield from attention_pages(found)
    for key, asset in graph.items():
        if key.startswith(RECORD):  # which has a page of its kind
            continue
        facts = {**pages.asset(view, key), "lineage": drawing(view, key, 2, 2)}
        if asset.kind == "report" and f"reports/{_safe(asset.name)}.html" not in reports:
            facts["link"] = ""
        if demand is not None:
            facts["behind"] = demand_of(view, demand.standings.snapshot, asset)
        yield Page(f"/catalog/asset/{key}", "asset", facts)
        yield Page(f"/catalog/impact/{key}", "impact", pages.impact(view, key))


def _index(view: View) -> str:
    """Return the search index as a script: a page of a folder may not read other files."""
    entries = [
        {
            "key": a.key,
            "label": a.label,
            "kind": a.layer or a.kind,
            "what": " ".join((a.question or a.description).split())[:300],
            "words": " ".join((a.domain, *a.owners, *a.kinds, *(c.name for c in a.columns))),
            "weight": view.graph.importance[a.key],
            "file": _file_at(asset_url(a.key)),
        }
        for a in view.graph.assets.values()
    ]
    text = json.dumps(entries, ensure_ascii=True)
    return f"window.CATALOG = {text};\n"


def file_of(address: str, query: str = "") -> str:
    """Return the file of a page below the exported folder, from its (unquoted) address."""
    parts = [part for part in address.removeprefix("/catalog").split("/") if part] or ["index"]
    if query:  # what is asked for in another order is the same
        parts.append("&".join(f"{name}={value}" for name, value in sorted(parse_qsl(query))))
    return "/".join(_safe(part) for part in parts) + ".html"


def _file_at(address: str) -> str:
    """Return the file, and the place in it, of a (quoted) address without a query."""
    split = urlsplit(address)
    return file_of(unquote(split.path)) + (f"#{split.fragment}" if split.fragment else "")


def _safe(part: str) -> str:
    """Return part of an address as part of a file's name: letters, digits, and no way up."""
    name = _UNSAFE.sub(lambda match: f"~{ord(match[0]):x}", part)
    if len(name) > LONGEST:
        name = f"{name[:80]}~{hashlib.sha256(part.encode('utf-8', 'replace')).hexdigest()[:16]}"
    return name if name.strip(".") else name.replace(".", "~2e")


def relative(html: str, file: str, known: set[str]) -> str:
    """Return a page with links from file to file; a link to what is not exported is taken out."""
    up = "../" * file.count("/")

    def link(match: re.Match[str]) -> str:
        to = _target(match[2], known)
        return f'{match[1]}="{up}{to}"' if to else 'data-offline=""'

    return _LINK.sub(link, html)


def _target(address: str, known: set[str]) -> str:
    split = urlsplit(address.replace("&amp;", "&"))
    path = unquote(split.path)
    if path.startswith("/catalog/static/"):
        return path.removeprefix("/catalog/")
    if path.startswith("/files/reports/") and path.endswith("/latest.html"):
        found = f"reports/{_safe(path.split('/')[3])}.html"
        return found if found in known else ""
    column = re.match(r"/catalog/column/(.+)/([^/]+)\Z", path)
    if column:
        found = file_of(f"/catalog/asset/{column[1]}")
        return f"{found}#c-{column[2]}" if found in known else ""
    if not path.startswith("/catalog"):
        return ""
    place = f"#{split.fragment}" if split.fragment else ""
    chosen = file_of(path, split.query)
    if chosen in known:
        return f"{chosen}{place}"
    found = file_of(path)
    if found not in known:
        return ""
    return f"{found}?{split.query}{place}" if split.query else f"{found}{place}"

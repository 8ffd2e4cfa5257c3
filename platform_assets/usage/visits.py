"""Which requests count as use, and of what: from a path to the key of an asset.

What belongs here: the meaning of addresses, and who is no reader. What does not: routes
(`platform_assets.catalog`), and keeping what was found (`recorder`).

Counted are pages that a browser opens, searches, reports, downloads and queries. Not counted are
parts of a page, twins in JSON, which programs poll, and robots. Of a query the tables are kept, and
never its text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from platform_assets.usage.queries import tables_of
from resources.table_names import asset_key

CATALOG, FILES = "/catalog/", "/files/reports/"
LONGEST = 200  # characters of what was searched for
LONGEST_KEY = 500
# First parts of addresses below the catalog that are parts of a page, or for machines.
PARTS = {"static", "lineage", "badge", "history", "preview", "profile", "healthz"}
OF_AN_ASSET = {"asset", "impact", "tell"}
OF_A_RECORD = {
    "request", "feedback", "requirement", "objective", "decision", "minutes", "metric",
}  # fmt: skip
# What a browser says that it asks for, where somebody sees it; over plain HTTP it does not say.
SEEN = {"", "document", "iframe"}
_ROBOT = re.compile(r"bot\b|crawl|spider|slurp|monitor|uptime|pingdom|probe|prometheus", re.I)
_MACHINE = re.compile(r"\.(json|svg|css|js|png|ico)$")
Event = dict[str, Any]
Parameters = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that was answered, as the server saw it.

    Attributes:
        at: seconds since 1970.
        headers: as ASGI has them, names in lower case.
        client: address that it came from; it is never kept.
        noted: what the answer said of itself; see `noting`.
    """

    at: float
    path: str
    query: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = ()
    client: str = ""
    noted: Mapping[str, Any] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """Return a header's value; "" without one."""
        wanted = name.lower().encode()
        return next((v.decode("latin-1") for n, v in self.headers if n == wanted), "")


def events_of(visit: Visit) -> list[Event]:
    """Return what a visit was: a `view`, `search`, `open`, `download`, or a `query` of each table.

    Each has `used_at`, `kind`, and what else is known: `page`, `asset`, `text`, `results`,
    `narrowed`, `came_from`, `version`, `format`. Nothing for what does not count.
    """
    if _is_robot(visit):
        return []
    if visit.path.startswith(FILES):
        told = _of_file(visit.path[len(FILES) :].split("/"))
    else:
        told = _of_page(visit, visit.path[len(CATALOG) :])
    by_browser = visit.header("user-agent").startswith("Mozilla/")
    # The page of a search fetches results while somebody types; else what is fetched is a part.
    seen = by_browser and visit.header("sec-fetch-dest") in SEEN
    counted = {"query", "download"} | ({"search"} if by_browser else set())
    at = datetime.fromtimestamp(visit.at, UTC).isoformat(timespec="milliseconds")
    return [
        {"used_at": at.replace("+00:00", "Z"), **event}
        for event in told
        if seen or event["kind"] in counted
    ]


def _is_robot(visit: Visit) -> bool:
    ahead = visit.header("sec-purpose") or visit.header("purpose")
    return "prefetch" in ahead or bool(_ROBOT.search(visit.header("user-agent")))


def _of_page(visit: Visit, path: str) -> list[Event]:
    """Return the events of an address below the catalog."""
    page, _, rest = path.partition("/")
    if page in ("query", "query.csv", "query.json"):
        return _of_query(visit, page.partition(".")[2] or "html")
    if page == "impact" and rest.endswith(".csv"):
        asset = rest.removesuffix(".csv")
        return [{"kind": "download", "asset": asset[:LONGEST_KEY], "format": "csv"}]
    if page in PARTS or _MACHINE.search(path):
        return []
    if page == "search":
        return _of_search(visit)
    if page == "report" and rest.endswith("/live"):
        return [_open(rest.partition("/")[0], "live")]
    event: Event = {"kind": "view", "page": page or "home"}
    if key := _key(page, rest):
        event["asset"] = key[:LONGEST_KEY]
    if urlsplit(visit.header("referer")).path == f"{CATALOG}search":
        event["came_from"] = "search"
    return [event]


def _key(page: str, rest: str) -> str:
    """Return the key of what a page is about; "" where it is about no asset and no record."""
    if not rest:
        return ""
    if page in OF_AN_ASSET:
        return rest
    if page == "column":
        return rest.rpartition("/")[0]
    if page in ("report", "explain"):
        return f"report/{rest.partition('/')[0]}"
    if page == "key_result":
        return f"key_result/{rest}"
    return f"record/{page}/{rest}" if page in OF_A_RECORD else ""


def _of_search(visit: Visit) -> list[Event]:
    """Return the search; further pages of its results are none, nor is the list of everything."""
    given = _parameters(visit)
    text = given.get("q", [""])[0].strip()[:LONGEST]
    if not text or given.get("page", ["1"])[0] != "1":
        return []
    noted = {name: visit.noted[name] for name in ("results", "narrowed") if name in visit.noted}
    return [{"kind": "search", "page": "search", "text": text, **noted}]


def _of_query(visit: Visit, kind: str) -> list[Event]:
    """Return a query of each table that it read, or the view of the empty page."""
    sql = _parameters(visit).get("sql", [""])[0]
    if not sql.strip():
        return [{"kind": "view", "page": "query"}] if kind == "html" else []
    event: Event = {"kind": "query", "page": "query", "format": kind}
    read = [{**event, "asset": asset_key(table)} for table in tables_of(sql)]
    return read or [event]


def _of_file(parts: Sequence[str]) -> list[Event]:
    """Return the event of `<report>/latest.html`, or `<report>/<version>/<file>`."""
    report, file = parts[0], parts[-1] or "index.html"
    version = parts[1] if len(parts) > 2 else ""
    kind = file.rpartition(".")[2].lower()
    if not report or len(parts) < 2 or kind == "json":
        return []
    if kind == "html":
        return [_open(report, version)]
    event: Event = {"kind": "download", "asset": f"report/{report}"[:LONGEST_KEY]}
    return [{**event, "version": version, "format": kind[:20]}]


def _open(report: str, version: str) -> Event:
    event: Event = {"kind": "open", "asset": f"report/{report}"[:LONGEST_KEY]}
    return {**event, "version": version} if version else event


def _parameters(visit: Visit) -> Parameters:
    try:
        return parse_qs(visit.query.decode("latin-1"), errors="replace", max_num_fields=100)
    except ValueError:
        return {}

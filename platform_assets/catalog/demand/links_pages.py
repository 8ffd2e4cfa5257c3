"""Links that lead nowhere: which there are, leading them elsewhere, letting them rest.

What belongs here: facts and routes of `/triage/links`. What does not: which links lead nowhere
(`product.broken`), what becomes of a record (`product.store`).

Where an asset is removed on purpose, this is the way out: all that names it is mended at once.
"""

from collections import defaultdict
from collections.abc import Iterable

from starlette.requests import Request as Asked
from starlette.responses import Response
from starlette.routing import BaseRoute

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand.desk import Desk, address, wrong
from platform_assets.catalog.demand.forms import Absent, Form, Forms, Unclear, given
from platform_assets.catalog.demand.records import Snapshot, title_of
from platform_assets.catalog.present import Facts, record_url
from platform_assets.product import broken
from platform_assets.product.broken import PAGE, Broken
from platform_assets.product.kinds import Request
from platform_assets.product.links import is_key
from platform_assets.product.resting import meant, resting, rests
from platform_assets.reporting.archive import Archive
from platform_assets.reporting.kept import lost_versions
from resources.errors import PlatformError

PATH = PAGE.removeprefix("/catalog")
SENT = ("missing", "version", "to", "do")
NOT_OURS = ("record", "external")  # kinds of assets that nobody here defines
SHOWN = 20  # records of one group
DID = {"lead": "They lead there now.", "rest": "They rest: what was meant is still said."}
Key = tuple[str, str]  # what is missing, and the version of it, if that is


class LinksPages:
    """The handlers, bound to what all pages of intake share.

    Args:
        reports: where versions of reports are kept.
    """

    def __init__(self, desk: Desk, reports: Archive | None) -> None:
        self._desk = desk
        self._reports = reports

    def routes(self) -> list[BaseRoute]:
        """Return the routes below `/catalog`."""
        site = self._desk.site
        return [
            *site.page(PATH, "links", self._page),
            Forms(site).route(PATH, self._mend, self._again),
        ]

    def _page(self, asked: Asked, view: View) -> Facts:
        return self._facts(asked, view, None)

    def _facts(self, asked: Asked, view: View, fault: Facts | None) -> Facts:
        self._desk.store.changes()  # what can't be known is not said
        known, keys = self._desk.held.records.now(), assets_of(view)
        faults, unknown = self._broken(view, known)
        did = asked.query_params.get("did", "")
        return {
            "groups": [self._group(known, key, found) for key, found in _groups(faults).items()],
            "written": [_told(each) for each in faults if each.place],
            "resting": [_rest(known, key, keys) for key in _resting(known)],
            "unknown": unknown,
            "assets": sorted(keys),
            "requirements": [f"requirement/{each.id}" for each in known.curated.requirements],
            "did": {"words": DID[did], "number": ""} if did in DID else None,
            "wrong": fault,
        }

    def _broken(self, view: View, known: Snapshot) -> tuple[list[Broken], str]:
        """Return what leads nowhere, and why that is not known, or not of versions."""
        keys = assets_of(view)
        if view.trouble or not keys:
            return [], f"Which assets there are is not known: {view.trouble or 'none is loaded.'}"
        found = nowhere(view, known)
        try:
            lost = lost_versions(self._reports) if self._reports else lambda key, version: None
            return [*found, *broken.of_versions(known.feedback, keys, lost)], ""
        except PlatformError as error:
            return found, f"Versions of reports were not looked up: {error.message}"

    def _group(self, known: Snapshot, key: Key, faults: list[Broken]) -> Facts:
        """Return all that names one missing thing, and what may be meant."""
        (missing, version), near = key, faults[0].near
        alike = version or near.partition("/")[0] == missing.partition("/")[0]
        return {
            "missing": missing,
            "version": version,
            "what": faults[0].what,
            "kind": faults[0].kind,
            "near": near,
            "to": near if alike else "",
            "records": [_named(known, each.record, each.field) for each in faults[:SHOWN]],
            "total": len(faults),
        }

    def _mend(self, asked: Asked, form: Form, who: str) -> str:
        """Lead all that names something missing elsewhere, or let it rest."""
        view, known = self._desk.site.catalog.view(), self._desk.held.records.now()
        sent = given(form, *SENT)
        missing, version = sent["missing"], sent["version"]
        faults, unknown = self._broken(view, known)
        if (missing, version) not in _groups(faults) and missing not in _resting(known):
            raise Absent(
                f"Nothing that leads nowhere names {version or missing[:80]}.",
                hint=unknown or "Look at the list: it may be mended already.",
            )
        to = "" if sent["do"] == "rest" else self._end(view, known, missing, version, sent["to"])
        self._desk.store.relink(missing, who, to, version)
        return address(PATH, did="lead" if to else "rest")

    def _end(self, view: View, known: Snapshot, missing: str, version: str, to: str) -> str:
        """Return where links are to lead.

        Raises:
            Unclear: it is not said, or it is not there.
        """
        kind = missing.partition("/")[0]
        if not to:
            raise Unclear("It does not say where to lead.", hint="Name it, or let it rest.")
        if version:
            there = self._reports.names(missing.partition("/")[2]) if self._reports else []
        elif kind in ("request", "requirement"):
            there = [name for name in known.by_name if name.startswith(f"{kind}/")]
        else:
            there = sorted(assets_of(view))
        if to not in there:
            raise Absent(
                f"There is no {to[:80]} to lead to.",
                hint="Take one from the list that opens while you type.",
            )
        return to

    def _again(self, asked: Asked, form: Form, message: str, status: int) -> Response:
        site, fault = self._desk.site, wrong("mend", form.get("missing", ""), message, form)
        facts, view = site.facts(asked, lambda a, v: self._facts(a, v, fault))
        return site.html("links", facts, view, asked, status)


def assets_of(view: View) -> frozenset[str]:
    """Return the keys of the assets that links may lead to: of all that somebody defines."""
    assets = view.graph.assets.values()
    return frozenset(a.key for a in assets if a.owners and a.kind not in NOT_OURS)


def nowhere(view: View, known: Snapshot) -> list[Broken]:
    """Return the links from and to what people submitted that lead nowhere, but for versions.

    There are none where it is not known which assets there are.
    """
    keys = assets_of(view)
    return broken.of_store(known.links, known.by_name, keys) if keys and not view.trouble else []


def lasting(view: View, known: Snapshot, about: str) -> str:
    """Return what a request is about as it is kept: what is there no more rests from the start."""
    keys = assets_of(view)
    gone = is_key(about) and keys and about not in keys and about not in known.by_name
    return resting(about) if gone else about


def _groups(faults: Iterable[Broken]) -> dict[Key, list[Broken]]:
    """Return what people submitted, by what is missing: most of it first."""
    found: dict[Key, list[Broken]] = defaultdict(list)
    for each in faults:
        if not each.place:
            found[each.missing, each.version].append(each)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def _resting(known: Snapshot) -> list[str]:
    """Return the assets that links rest on, each once, as fields have it."""
    said = [end for r in known.requests for end in (r.about, r.answered_by)]
    said += [f.about for f in known.feedback]
    return sorted({end for end in said if rests(end)})


def _rest(known: Snapshot, end: str, keys: frozenset[str]) -> Facts:
    """Return what rests on an asset, and the asset where it is there again."""
    asked = [r.name for r in known.requests if end in (r.about, r.answered_by)]
    names = asked + [f.name for f in known.feedback if f.about == end]
    return {
        "missing": end,
        "version": "",
        "kind": "asset",
        "what": meant(end),
        "near": "",
        "to": meant(end) if meant(end) in keys else "",
        "records": [_named(known, name, "") for name in names[:SHOWN]],
        "total": len(names),
    }


def _named(known: Snapshot, name: str, field: str) -> Facts:
    record = known.by_name[name]
    label = title_of(record) if isinstance(record, Request) else f"“{title_of(record)[:80]}”"
    return {"name": name, "label": label, "url": record_url(name), "field": field}


def _told(fault: Broken) -> Facts:
    return {
        "record": fault.record,
        "field": fault.field,
        "what": fault.what,
        "near": fault.near,
        "place": fault.place,
        "url": record_url(fault.record),
    }

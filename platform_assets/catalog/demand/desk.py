"""What all pages of intake share: the site, the records, versions, and what stands on every page.

What belongs here: what more than one of them needs. What does not: routes.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from starlette.requests import Request as Asked

from platform_assets.catalog.answers import Site
from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import person, shown
from platform_assets.catalog.demand.actions import DONE
from platform_assets.catalog.demand.forms import Form
from platform_assets.catalog.demand.held import Held
from platform_assets.catalog.demand.records import Records, Snapshot
from platform_assets.catalog.demand.versions import newest, versions_of
from platform_assets.catalog.pages import Missing, find
from platform_assets.catalog.present import Facts
from platform_assets.catalog.usage import Usage
from platform_assets.inventory.model import Asset
from platform_assets.product import evidence, priorities
from platform_assets.product.kinds import Request
from platform_assets.reporting.archive import Archive
from resources.errors import PlatformError

TOLD = 3  # answers on top of a page
REST_SECONDS = 30.0  # after the store could not be asked for a line on top of a page
ANSWERS = ("report", "table", "source", "platform", "other")  # kinds of assets one can speak of


class Desk:
    """Bound to one catalog and its records.

    Args:
        reports: where versions of reports are kept.
        usage: what is looked at, for the order of what is offered.
    """

    def __init__(
        self, site: Site, records: Records, reports: Archive | None, usage: Usage | None
    ) -> None:
        self.site = site
        self.store = records.store
        self.held = Held(records)
        self._reports = reports
        self._usage = usage
        self._silent_until = 0.0

    @property
    def looks(self) -> Mapping[str, int]:
        """How often each asset was looked at lately."""
        return self._usage.looks() if self._usage else {}

    def versions(self, view: View, asset: Asset) -> list[Facts]:
        """Return the newest versions of an asset, newest first."""
        return versions_of(view, self.site.catalog.instance, self._reports, asset)

    def newest_version(self, key: str) -> str:
        """Return the name of the newest version of an asset.

        Raises:
            Missing: there is no such asset.
        """
        view = self.site.catalog.view()
        return newest(view, self.site.catalog.instance, self._reports, speakable(view, key))

    def requirements(self) -> list[str]:
        """Return the ids of all requirements."""
        return [each.id for each in self.held.records.now().curated.requirements]

    def priorities(self, requests: Sequence[Request]) -> list[Facts]:
        """Return of each request its score with its arithmetic, by the organisation's method."""
        return scored(requests, self.held.records.now(), self.looks)

    def around(self, asked: Asked, view: View) -> Facts:
        """Return what stands on every page: who one is, what arrived, what the page is about."""
        you = person.who(asked)
        return {
            "asking": True,
            "you": you,
            "signed_on": person.signed_on(),
            "arrived": [shown.request(r, view) for r in self._arrived(you)[:TOLD]],
            "here": _about(asked, view),
        }

    def _arrived(self, you: str) -> list[Request]:
        """Return what arrived for somebody; nothing, for a while, where the store is away."""
        if not you or time.monotonic() < self._silent_until:
            return []
        try:
            return self.held.arrived(you)
        except PlatformError:
            self._silent_until = time.monotonic() + REST_SECONDS
            logging.getLogger(__name__).warning("What arrived is not known.", exc_info=True)
            return []


def scored(requests: Sequence[Request], known: Snapshot, looks: Mapping[str, int]) -> list[Facts]:
    """Return of each request its score with its arithmetic, by the organisation's method."""
    speaks = evidence.gather(requests, known.feedback, known.served, looks)
    try:
        method = priorities.declared()
    except PlatformError as error:
        none = {"score": None, "method": "", "overridden": False, "arithmetic": str(error)}
        return [none for _ in requests]
    found = [priorities.score(r, method, speaks[r.number]) for r in requests]
    return [
        {
            "score": each.score,
            "method": each.method,
            "overridden": each.overridden,
            "arithmetic": each.arithmetic,
        }
        for each in found
    ]


def speakable(view: View, key: str) -> Asset:
    """Return an asset that people can say something of.

    Raises:
        Missing: there is none of that key.
    """
    found = find(view, key)
    if found.kind not in ANSWERS:
        raise Missing(f"{key} is nothing to give feedback on.")
    return found


def done(asked: Asked) -> Facts | None:
    """Return what was just done, as the address says it; None where nothing was."""
    did, number = (asked.query_params.get(name, "") for name in ("did", "number"))
    if did not in DONE:
        return None
    safe = number if number.isascii() and number.isdigit() and len(number) < 13 else ""
    return {"action": did, "number": safe, "words": DONE[did]}


def wrong(action: str, number: object, message: str, form: Form) -> Facts:
    """Return what is wrong with a form, and what was in it."""
    given = {name: value for name, value in form.items() if name != "token"}
    return {"action": action, "number": number, "message": message, "given": given}


def address(path: str, anchor: str = "", **query: object) -> str:
    """Return an address in the catalog; what is empty is left out."""
    told = urlencode({name: value for name, value in query.items() if value not in ("", None)})
    return f"/catalog{path}" + (f"?{told}" if told else "") + (f"#{anchor}" if anchor else "")


def _about(asked: Asked, view: View) -> Facts | None:
    """Return the asset that a page is about, so that one can say something of it."""
    given = asked.path_params
    key = given.get("key") or (f"report/{given['name']}" if "name" in given else "")
    found = view.graph.assets.get(str(key))
    return shown.asset(view, found.key) if found and found.kind in ANSWERS else None

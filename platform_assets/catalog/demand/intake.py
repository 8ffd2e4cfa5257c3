"""Where people ask for what they need and say what they think; every page of intake starts here.

What belongs here: the forms to ask and to tell, and which pages there are. What does not: what
becomes of a request (`request_pages`, `triage`), what somebody gets to see of it (`mine`).
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request as Asked
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from platform_assets.catalog.answers import Site
from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import shown
from platform_assets.catalog.demand.desk import ANSWERS, Desk, address, speakable, wrong
from platform_assets.catalog.demand.feedback_pages import FeedbackPages
from platform_assets.catalog.demand.forms import (
    Absent,
    Form,
    Forms,
    Unclear,
    Unknown,
    amount,
    day,
    given,
)
from platform_assets.catalog.demand.links_pages import LinksPages, lasting
from platform_assets.catalog.demand.mine import MinePages
from platform_assets.catalog.demand.records import Records
from platform_assets.catalog.demand.request_pages import RequestPages
from platform_assets.catalog.demand.similar import assets_like
from platform_assets.catalog.demand.triage import TriagePages
from platform_assets.catalog.demand.versions import offered, version_named
from platform_assets.catalog.present import Facts, card, cards, record_url
from platform_assets.catalog.usage import Usage
from platform_assets.inventory.model import Asset
from platform_assets.product.kinds import STAGES
from platform_assets.reporting.archive import Archive
from resources.errors import PlatformError

ASKED = ("title", "decision", "needed_by", "waiting_costs", "about")
TOLD = ("rating", "words", "version", "stage")
LONGEST = 400  # characters of what is typed so far
LIVING = (
    "new",
    "accepted",
    "shipped",
    "closed",
)  # requests that one can join or learn from
LATELY = 5  # earlier feedback beside the form
FOUND = 12  # assets to choose from


class DemandPages:
    """The handlers of everything that people submit.

    Args:
        site: makes the routes; what every page shows of requests is put on it.
        records: requests and feedback, and what the team wrote.
        reports: where versions of reports are kept.
        usage: what is looked at, for the order of what is offered.
    """

    def __init__(
        self,
        site: Site,
        records: Records,
        reports: Archive | None = None,
        usage: Usage | None = None,
    ) -> None:
        self.desk = Desk(site, records, reports, usage)
        self._site = site
        self._reports = reports
        self._triage = TriagePages(self.desk)
        site.around = self.desk.around

    def routes(self) -> list[BaseRoute]:
        """Return the routes below `/catalog`."""
        page, forms = self._site.page, Forms(self._site)
        return [
            *page("/ask", "ask", self._ask),
            Route("/ask/similar.json", self._similar),
            forms.route("/ask", self._asked, self._ask_again),
            *page("/tell", "tell_which", self._tell_which),
            *page("/tell/{key:path}", "tell", self._tell),
            forms.route("/tell/{key:path}", self._told, self._tell_again),
            *RequestPages(self.desk, self._triage.again).routes(),
            *self._triage.routes(),
            *LinksPages(self.desk, self._reports).routes(),
            *FeedbackPages(self.desk).routes(),
            *MinePages(self.desk).routes(),
        ]

    def _ask(self, asked: Asked, view: View) -> Facts:
        """Return an empty form, or one begun by a search in vain or on an asset's page."""
        given_so_far = {n: asked.query_params.get(n, "").strip()[:LONGEST] for n in ASKED}
        text, searched = (
            asked.query_params.get(n, "").strip()[:LONGEST] for n in ("q", "searched")
        )
        begun = {**given_so_far, "title": given_so_far["title"] or text or searched}
        if searched and not begun["about"]:
            begun["about"] = f"{shown.SEARCHED}{searched}"
        return self._ask_facts(view, begun, None)

    def _ask_facts(self, view: View, begun: dict[str, str], fault: Facts | None) -> Facts:
        return {
            "begun": begun,
            "about": shown.asset(view, begun["about"]),
            "similar": self._alike(view, begun["title"]),
            "wrong": fault,
        }

    def _similar(self, asked: Asked) -> Response:
        text = asked.query_params.get("q", "").strip()[:LONGEST]
        facts, _ = self._site.facts(asked, lambda a, view: {"q": text, **self._alike(view, text)})
        return JSONResponse(facts)

    def _alike(self, view: View, text: str) -> Facts:
        assets = assets_like(view, self._site.catalog.index, text, self.desk.looks)
        found = self.desk.held.titles().like(text, LIVING) if text else []
        return {"assets": cards(view, assets), "requests": [shown.request(r, view) for r in found]}

    def _asked(self, asked: Asked, form: Form, who: str) -> str:
        told = given(form, *ASKED)
        if form.get("look"):
            return address("/ask", **told)
        needed_by, view = day(form, "needed_by", "Needed by"), self._site.catalog.view()
        made = self.desk.store.submit_request(
            who,
            title=told["title"],
            decision=told["decision"],
            needed_by=needed_by,
            waiting_costs=told["waiting_costs"],
            about=lasting(view, self.desk.held.records.now(), told["about"]),
        )
        return address(f"/request/{made.number}", did="ask", number=made.number)

    def _ask_again(self, asked: Asked, form: Form, message: str, status: int) -> Response:
        view = self._site.catalog.view()
        facts = self._ask_facts(view, given(form, *ASKED), wrong("ask", "", message, form))
        return self._site.html("ask", facts, view, asked, status)

    def _tell_which(self, asked: Asked, view: View) -> Facts:
        """Return what there is to speak of: reports, or what a search finds."""
        text = asked.query_params.get("q", "").strip()[:LONGEST]
        only = {"kind": ANSWERS if text else ("report",)}
        found = self._site.catalog.index.search(text, only=only, use=self.desk.looks, limit=FOUND)
        return {"q": text, "found": cards(view, [hit.asset for hit in found.hits])}

    def _tell(self, asked: Asked, view: View) -> Facts:
        """Return the form, begun; a program that names a version that is none is refused."""
        begun = {name: asked.query_params.get(name, "")[:LONGEST] for name in TOLD}
        facts = self._tell_facts(asked, view, begun, None)
        if facts["no_version"] and asked.url.path.endswith(".json"):
            raise HTTPException(Absent.status, facts["no_version"])
        return facts

    def _tell_facts(
        self, asked: Asked, view: View, begun: dict[str, str], fault: Facts | None
    ) -> Facts:
        asset = speakable(view, asked.path_params["key"])
        versions, chosen, refusal, away = self._choice(view, asset, begun["version"])
        every = [f for f in self.desk.held.feedback() if f.about == asset.key]
        return {
            "asset": card(view, asset),
            "open": asset.link,
            "versions": versions,
            "no_version": "" if fault else refusal,
            "away": away,
            "stages": [(name, shown.STAGES[name]) for name in STAGES],
            "ratings": shown.RATINGS,
            "begun": {**begun, "version": chosen, "stage": begun["stage"] or "live"},
            "said": [shown.feedback(f, view) for f in every[:LATELY]],
            "said_total": len(every),
            "mean": round(sum(f.rating for f in every) / len(every), 1) if every else None,
            "wrong": fault,
        }

    def _choice(self, view: View, asset: Asset, version: str) -> tuple[list[Facts], str, str, str]:
        """Return the versions to choose from, which is chosen, why not the one that was named.

        That one is among them, however old. Last is why nobody knows which there are; "" if known.
        """
        try:
            versions = self.desk.versions(view, asset)
        except PlatformError as error:
            return [], version, "", error.message
        newest = str(versions[0]["name"]) if versions else ""
        try:
            chosen = self._version(view, asset, version) if version else newest
        except Absent as error:
            return versions, newest, str(error), ""
        except Unknown as error:
            return versions, version, "", error.message
        if chosen and all(each["name"] != chosen for each in versions):
            versions = [*versions, offered(asset, chosen)]
        return versions, chosen, "", ""

    def _version(self, view: View, asset: Asset, version: str) -> str:
        return version_named(view, self._site.catalog.instance, self._reports, asset, version)

    def _told(self, asked: Asked, form: Form, who: str) -> str:
        view = self._site.catalog.view()
        asset = speakable(view, asked.path_params["key"])
        rating = amount(form, "rating", "Rating")
        if rating not in shown.RATINGS:
            raise Unclear("It has no rating yet.", hint="Choose one, from bad to very good.")
        told = given(form, *TOLD)
        made = self.desk.store.submit_feedback(
            who,
            about=asset.key,
            version=self._version(view, asset, told["version"]),
            rating=int(rating),
            words=told["words"],
            stage=told["stage"] or "live",
            request=self._answered(asset.key, who),
        )
        path, _, anchor = record_url(made.name).removeprefix("/catalog").partition("#")
        return address(path, anchor, about=asset.key, did="tell")

    def _answered(self, key: str, who: str) -> int | None:
        """Return the request of somebody that an asset answers, if there is one: the newest."""
        asked = (r for r in self.desk.held.requests() if r.answered_by == key)
        return next((r.number for r in asked if who in (r.asker, *r.voters)), None)

    def _tell_again(self, asked: Asked, form: Form, message: str, status: int) -> Response:
        fault, begun = wrong("tell", "", message, form), given(form, *TOLD)
        facts, view = self._site.facts(asked, lambda a, v: self._tell_facts(a, v, begun, fault))
        return self._site.html("tell", facts, view, asked, status)

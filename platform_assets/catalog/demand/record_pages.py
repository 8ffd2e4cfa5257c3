"""The routes of records' pages: each as HTML, and under `.json` as the facts it is made of.

What belongs here: which page is where, and what it reads. What does not: what a page says (the
modules beside this one), the forms of requests and feedback (`intake`).
"""

from collections.abc import Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.routing import Route

from platform_assets.catalog.answers import Handler, Site, whole
from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import decisions, objectives, overview, requirements
from platform_assets.catalog.demand.backlog import backlog_page
from platform_assets.catalog.demand.objectives import Standings
from platform_assets.catalog.demand.records import Records, Snapshot
from platform_assets.catalog.demand.releases import releases_page
from platform_assets.catalog.demand.roadmap import roadmap_page
from platform_assets.catalog.present import Facts
from platform_assets.product.kinds import Measurement
from platform_assets.product.measured import Measured
from resources.errors import PlatformError

Looks = Callable[[], Mapping[str, int]]
OfAll = Callable[[View, Snapshot], Facts]
OfOne = Callable[[View, Snapshot, str], Facts]


class RecordPages:
    """The handlers, bound to the records and to what was measured.

    Args:
        looks: returns views in 90 days, by key of asset.
    """

    def __init__(self, site: Site, records: Records, measured: Measured, looks: Looks) -> None:
        self._site = site
        self._records = records
        self._measured = measured
        self._looks = looks

    def routes(self) -> list[Route]:
        """Return the routes below `/catalog`."""
        page = self._site.page
        return [
            *page("/demand", "records_overview", self._overview),
            *page("/objectives", "objectives", self._objectives),
            *page("/objective/{id}", "objective", self._objective),
            *page("/key_result/{id}", "key_result", self._key_result),
            *page("/backlog", "backlog", self._backlog),
            *page("/roadmap", "roadmap", self._all(roadmap_page)),
            *page("/decisions", "decisions", self._all(decisions.decisions_page)),
            *page("/decision/{id}", "decision", self._one(decisions.decision_page)),
            *page("/minutes", "minutes", self._all(decisions.minutes_page)),
            *page("/minutes/{id}", "minutes_of", self._one(decisions.one_minutes_page)),
            *page("/metrics", "metrics", self._all(requirements.metrics_page)),
            *page("/metric/{id}", "metric", self._one(requirements.metric_page)),
            *page("/requirements", "requirements", self._all(requirements.requirements_page)),
            *page("/requirement/{id}", "requirement", self._one(requirements.requirement_page)),
            *page("/releases", "releases", self._all(releases_page)),
        ]

    def _all(self, facts: OfAll) -> Handler:
        return lambda request, view: facts(view, self._records.now())

    def _one(self, facts: OfOne) -> Handler:
        return lambda request, view: facts(view, self._records.now(), request.path_params["id"])

    def _standings(self, view: View) -> tuple[Standings, str]:
        """Return how key results stand, and why measurements can't be read if they can't."""
        measured: Mapping[str, Sequence[Measurement]] = {}
        trouble = ""
        try:
            measured = self._measured.all()
        except PlatformError as error:
            trouble = str(error)
        return Standings(view, self._records.now(), measured), trouble

    def _objectives(self, request: Request, view: View) -> Facts:
        standings, trouble = self._standings(view)
        return {**objectives.objectives_page(standings), "measuring_trouble": trouble}

    def _objective(self, request: Request, view: View) -> Facts:
        standings, trouble = self._standings(view)
        found = objectives.objective_page(standings, request.path_params["id"])
        return {**found, "measuring_trouble": trouble}

    def _key_result(self, request: Request, view: View) -> Facts:
        standings, trouble = self._standings(view)
        found = objectives.key_result_page(standings, request.path_params["id"])
        return {**found, "measuring_trouble": trouble}

    def _backlog(self, request: Request, view: View) -> Facts:
        asked_for = request.query_params.get("method", "")
        page = whole(request, "page", 1, 1, 10_000)
        return backlog_page(view, self._records.now(), self._looks(), asked_for, page)

    def _overview(self, request: Request, view: View) -> Facts:
        standings, trouble = self._standings(view)
        found = overview.overview_page(standings, self._looks())
        return {**found, "measuring_trouble": trouble}

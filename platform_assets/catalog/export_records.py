"""Pages of records in the exported catalog: read-only, each as it is at the moment of the export.

What belongs here: which of these pages there are, and their facts. What does not: files and links
(`export`), HTML (`templates`, where `static` leaves out every form).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

from platform_assets.catalog import pages
from platform_assets.catalog.attention import Listed
from platform_assets.catalog.attention_pages import attention_page, drawn
from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import decisions, objectives, overview, requirements, shown
from platform_assets.catalog.demand.backlog import backlog_page
from platform_assets.catalog.demand.desk import scored
from platform_assets.catalog.demand.feedback_pages import BAD, summary
from platform_assets.catalog.demand.feedback_pages import SHOWN as FEEDBACK_SHOWN
from platform_assets.catalog.demand.objectives import Standings
from platform_assets.catalog.demand.of_asset import leads_to
from platform_assets.catalog.demand.releases import releases_page
from platform_assets.catalog.demand.request_pages import SHOWN, listed
from platform_assets.catalog.demand.roadmap import roadmap_page
from platform_assets.catalog.demand.similar import Titles
from platform_assets.catalog.present import Facts
from platform_assets.inventory.model import RECORD
from platform_assets.product.kinds import STATES, Change, Comment, Feedback, Request
from platform_assets.product.store import RecordStore

NOTHING_DONE: Facts = {"did": None, "wrong": None}  # what a page says after a form was sent
STARTING = ("objective", "key_result")  # whose pages ask who is hit if they break


@dataclass(frozen=True)
class Page:
    """One page: its address in the catalog, its template and what it shows.

    Attributes:
        query: of the address, as links have it, without `?`.
    """

    address: str
    template: str
    facts: Facts
    query: str = ""


@dataclass(frozen=True)
class Demand:
    """What people asked for and said, and the team wrote, as of one moment.

    Attributes:
        standings: how key results stand; has the records and the view of the catalog.
        trouble: why measurements can't be read; empty if they can.
        looks: views in 90 days, by key of asset.
        comments, history: below each request, and what became of it, by its name, oldest first.
    """

    standings: Standings
    trouble: str = ""
    looks: Mapping[str, int] = field(default_factory=dict)
    comments: Mapping[str, Sequence[Comment]] = field(default_factory=dict)
    history: Mapping[str, Sequence[Change]] = field(default_factory=dict)

    @cached_property
    def titles(self) -> Titles:
        """What finds requests that ask for much the same."""
        return Titles(self.standings.snapshot.requests)

    @classmethod
    def of(
        cls, store: RecordStore, standings: Standings, trouble: str, looks: Mapping[str, int]
    ) -> "Demand":
        """Return it with what the store says of each record.

        Raises:
            PlatformError: the store is away.
        """
        comments: dict[str, list[Comment]] = defaultdict(list)
        history: dict[str, list[Change]] = defaultdict(list)
        everything = store.everything()
        for comment in everything.comments:
            comments[comment.record].append(comment)
        for change in everything.history:
            history[change.record].append(change)
        return cls(standings, trouble, looks, comments, history)


def record_pages(demand: Demand) -> Iterator[Page]:
    """Return all pages of records."""
    view, snapshot, curated = (
        demand.standings.view, demand.standings.snapshot, demand.standings.snapshot.curated,
    )  # fmt: skip
    yield Page("/catalog/backlog", "backlog", backlog_page(view, snapshot, demand.looks))
    yield Page("/catalog/roadmap", "roadmap", roadmap_page(view, snapshot))
    yield Page("/catalog/releases", "releases", releases_page(view, snapshot))
    yield Page("/catalog/decisions", "decisions", decisions.decisions_page(view, snapshot))
    yield Page("/catalog/minutes", "minutes", decisions.minutes_page(view, snapshot))
    yield Page("/catalog/metrics", "metrics", requirements.metrics_page(view, snapshot))
    found = requirements.requirements_page(view, snapshot)
    yield Page("/catalog/requirements", "requirements", found)
    for kind, template, facts, every in (
        ("decision", "decision", decisions.decision_page, curated.decisions),
        ("minutes", "minutes_of", decisions.one_minutes_page, curated.minutes),
        ("metric", "metric", requirements.metric_page, curated.metrics),
        ("requirement", "requirement", requirements.requirement_page, curated.requirements),
    ):
        for each in every:
            yield Page(f"/catalog/{kind}/{each.id}", template, facts(view, snapshot, each.id))
    yield from _aims(demand)
    yield from _requests(demand)
    yield from _feedback(demand)
    for key, asset in view.graph.assets.items():
        if key.startswith(RECORD) and asset.layer in STARTING:
            yield Page(f"/catalog/impact/{key}", "impact", pages.impact(view, key))


def attention_pages(found: Listed) -> Iterator[Page]:
    """Return the list of what needs attention, whole and of each kind, page by page."""
    kinds = [choice["value"] for choice in attention_page(found)["kinds"]]
    picture = drawn(found)
    for kind in ("", *kinds):
        number, last = 1, 1
        while number <= last:
            facts = attention_page(found, kind, "", number)
            last = facts["pages"]
            given = {"kind": kind, "page": str(number) if number > 1 else ""}
            query = urlencode({name: value for name, value in given.items() if value})
            more = {**NOTHING_DONE, "can_snooze": False}
            yield Page("/catalog/attention", "attention", {**facts, **picture, **more}, query)
            number += 1


def _aims(demand: Demand) -> Iterator[Page]:
    standings, trouble = demand.standings, {"measuring_trouble": demand.trouble}
    found = overview.overview_page(standings, demand.looks)
    yield Page("/catalog/demand", "records_overview", {**found, **trouble})
    found = objectives.objectives_page(standings)
    yield Page("/catalog/objectives", "objectives", {**found, **trouble})
    curated = standings.snapshot.curated
    for each in curated.objectives:
        found = objectives.objective_page(standings, each.id)
        yield Page(f"/catalog/objective/{each.id}", "objective", {**found, **trouble})
    for kr in curated.key_results:
        found = objectives.key_result_page(standings, kr.id)
        yield Page(f"/catalog/key_result/{kr.id}", "key_result", {**found, **trouble})


def _requests(demand: Demand) -> Iterator[Page]:
    view, every = demand.standings.view, demand.standings.snapshot.requests
    for show in SHOWN:
        found = listed(every, show, "", "", "")
        rows = [_asked(r, view) for r in found["rows"]]
        facts = {**found, "rows": rows, "total": len(rows), "page": 1, "pages": 1, "q": ""}
        facts |= {**NOTHING_DONE, "about": None}
        given = {"show": show, "order": found["order"]}
        yield Page("/catalog/requests", "requests", facts, urlencode(given))
        if show == SHOWN[0]:  # the one that the page without a choice shows
            yield Page("/catalog/requests", "requests", facts)
    priorities = scored(every, demand.standings.snapshot, demand.looks)
    for request, priority in zip(every, priorities, strict=True):
        facts = _request(demand, request) | {"priority": priority}
        yield Page(f"/catalog/request/{request.number}", "request", facts)


def _request(demand: Demand, r: Request) -> Facts:
    view, snapshot = demand.standings.view, demand.standings.snapshot
    every = snapshot.requests
    its_own = {o.number for o in every if r.number in (o.number, o.merged_into, o.split_from)}
    alike = demand.titles.like(r.title, STATES, but=its_own)
    said = [f for f in snapshot.feedback if f.request == r.number]
    return {
        **_asked(r, view),
        "parts_of": [_asked(p, view) for p in every if p.split_from == r.number],
        "merged": [_asked(p, view) for p in every if p.merged_into == r.number],
        "talk": [shown.comment(c) for c in demand.comments.get(r.name, ())],
        "history": shown.changes(demand.history.get(r.name, ())),
        "said": [_told(f, view) for f in said],
        "alike": [_asked(other, view) for other in alike],
        "leads_to": leads_to(view, r.name),
        **NOTHING_DONE,
        **dict.fromkeys(("is_yours", "voted", "undo", "wrong_on_top"), False),
    }


def _feedback(demand: Demand) -> Iterator[Page]:
    """Return what people said: all of it, what waits for an answer or is bad, and of each asset."""
    every = demand.standings.snapshot.feedback
    yield Page("/catalog/feedback", "feedback", _said(demand, every))
    for show in FEEDBACK_SHOWN:
        facts = _said(demand, every, show=show)
        yield Page("/catalog/feedback", "feedback", facts, urlencode({"show": show}))
    for about in dict.fromkeys(f.about for f in every):
        facts = _said(demand, every, about)
        yield Page("/catalog/feedback", "feedback", facts, urlencode({"about": about}))


def _said(demand: Demand, every: Sequence[Feedback], about: str = "", show: str = "all") -> Facts:
    view = demand.standings.view
    of_it = [f for f in every if about in ("", f.about)]
    lists = {
        "all": of_it,
        "unanswered": [f for f in of_it if not f.answer],
        "bad": [f for f in of_it if f.rating <= BAD],
    }
    rows = lists[show]
    return {
        "about": shown.asset(view, about),
        "show": show,
        "views": [{"name": name, "count": len(lists[name])} for name in FEEDBACK_SHOWN],
        "total": len(rows),
        "page": 1,
        "pages": 1,
        "rows": [_told(f, view) for f in rows],
        "by_asset": summary(of_it, view),
        "answering": "",
        **NOTHING_DONE,
    }


def _asked(r: Request, view: View) -> Facts:
    """Return what is shown of a request; what answers it opens as it is now."""
    found = shown.request(r, view)
    answer = found["answer"]
    if answer and answer["url"]:
        answer["open"] = view.graph.assets[answer["key"]].link or answer["url"]
    return found


def _told(f: Feedback, view: View) -> Facts:
    """Return what is shown of feedback, whose version is not taken along."""
    found = shown.feedback(f, view)
    if found["asset"]:
        found["asset"]["open"] = ""
    return found

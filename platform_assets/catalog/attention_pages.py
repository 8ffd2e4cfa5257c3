"""The page of what needs attention: the list, the picture beside it, putting something off.

What belongs here: facts and routes. What does not: what is on the list (`care`), where it is made
(`attention`), what is drawn (`attention_picture`), HTML (`templates/attention*`).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from platform_assets.care.model import KINDS, Item
from platform_assets.catalog import render
from platform_assets.catalog.answers import Site, whole
from platform_assets.catalog.attention import Attention, Listed
from platform_assets.catalog.attention_picture import level
from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand import forms
from platform_assets.catalog.demand.forms import Form, Forms, Unclear
from platform_assets.catalog.pages import Missing
from platform_assets.catalog.present import Facts, moment, owner_url, record_url
from platform_assets.product.store import RecordStore
from platform_assets.reporting.palette import LIGHT

TOP = 6  # entries on the home page
PAGE = 40  # entries on a page of the list
LONGEST_SNOOZE = timedelta(days=366)
USUAL_SNOOZE = timedelta(days=7)
HEALTH = {"bad": "failing", "some": "warning", "slight": "unknown"}


class AttentionPages:
    """The handlers, bound to the list of a running server."""

    def __init__(self, site: Site, attention: Attention) -> None:
        self._site = site
        self._attention = attention

    def routes(self) -> list[BaseRoute]:
        """Return the routes below `/catalog`."""
        found: list[BaseRoute] = [
            Route("/attention.svg", self._picture),
            *self._site.page("/attention", "attention", self._list),
        ]
        records = self._attention.records
        if records is not None:
            take = Forms(self._site).route
            found += [
                take("/attention/snooze", self._snooze(records.store), self._again),
                take("/attention/wake", _wake(records.store), self._again),
            ]
        return found

    def home(self, request: Request, view: View) -> Facts:
        """Return what the home page shows of the list, and the picture beside it."""
        found = self._attention.of(view)
        return top(found) | ({} if _as_json(request) else drawn(found))

    def _list(self, request: Request, view: View) -> Facts:
        return self._facts(request, view, None)

    def _facts(self, request: Request, view: View, wrong: Facts | None) -> Facts:
        kind, owner = (request.query_params.get(name, "")[:200] for name in ("kind", "owner"))
        page = whole(request, "page", 1, 1, 10_000)
        found = self._attention.of(view)
        facts = attention_page(found, kind, owner, page)
        facts |= {"can_snooze": self._attention.records is not None}
        if not _as_json(request):
            facts |= {**drawn(found), "wrong": wrong, "did": _done(request, found)}
        return facts

    def _picture(self, request: Request) -> Response:
        found = self._attention.of(self._site.catalog.view())
        body = render.page("attention_picture", drawn(found), standalone=True)
        return Response(body, media_type="image/svg+xml")

    def _snooze(self, store: RecordStore) -> Callable[[Request, Form, str], str]:
        def snooze(request: Request, form: Form, who: str) -> str:
            view = self._site.catalog.view()
            key = form.get("item", "")
            if all(item.key != key for item in self._attention.of(view).items):
                raise Missing("This needs no attention any more.")
            last = view.now.date() + LONGEST_SNOOZE
            end = forms.day(form, "until", "Until") or view.now.date() + USUAL_SNOOZE
            if end > last:
                raise Unclear(f"Until {end} is too long.", hint=f"{last} is the last day.")
            until = datetime.combine(end, time(), UTC)
            store.snooze(key, who, form.get("reason", ""), until)
            return _back(form, "snooze")

        return snooze

    def _again(self, request: Request, form: Form, message: str, status: int) -> Response:
        """Return the page with what is wrong with a form of it."""
        wrong = {"item": form.get("item", ""), "message": message, "given": dict(form)}
        facts, view = self._site.facts(request, lambda r, v: self._facts(r, v, wrong))
        return self._site.html("attention", facts, view, request, status)


def _wake(store: RecordStore) -> Callable[[Request, Form, str], str]:
    def wake(request: Request, form: Form, who: str) -> str:
        store.wake(form.get("item", ""), who)
        return _back(form, "wake")

    return wake


def _as_json(request: Request) -> bool:
    return request.url.path.endswith(".json")


def _back(form: Form, did: str) -> str:
    """Return the address of the list as it was seen, which says what was done to which entry."""
    given = {name: form.get(name, "") for name in ("kind", "owner")} | {"did": did}
    given["item"] = form.get("item", "")
    return f"/catalog/attention?{urlencode({name: v for name, v in given.items() if v})}"


def _done(request: Request, found: Listed) -> Facts | None:
    """Return what was just done to an entry, as the address says it, if it is still so."""
    did, key = (request.query_params.get(name, "") for name in ("did", "item"))
    item = next((each for each in found.items if each.key == key), None)
    if item is None or did != ("wake" if item.snoozed is None else "snooze"):
        return None
    return entry(found, item)


def top(found: Listed) -> Facts:
    """Return the beginning of the list, and what of it there is more."""
    shown = [entry(found, item) for item in found.awake[:TOP]]
    return {"attention": shown, "attention_total": len(found.awake)}


def drawn(found: Listed) -> Facts:
    """Return the picture, and the colours that it has on its own."""
    return {"picture": asdict(found.picture), "colours": LIGHT}


def attention_page(found: Listed, kind: str = "", owner: str = "", page: int = 1) -> Facts:
    """Return a page of the list.

    Args:
        kind, owner: show only these; all if empty.
    """
    chosen = [i for i in found.awake if kind in ("", i.kind) and owner in ("", i.owner)]
    first = (page - 1) * PAGE
    counts = Counter(item.kind for item in found.awake)
    owners = Counter(item.owner for item in found.awake if item.owner)
    return {
        "kind": kind,
        "owner": owner,
        "total": len(found.awake),
        "chosen": len(chosen),
        "page": page,
        "pages": max(1, -(-len(chosen) // PAGE)),
        "kinds": [_choice(k, KINDS[k], counts[k]) for k in KINDS if counts[k]],
        "owners": [_choice(o, o.removeprefix("team:"), n) for o, n in owners.most_common(12)],
        "items": [entry(found, item) for item in chosen[first : first + PAGE]],
        "snoozed": [entry(found, item) for item in found.items if item.snoozed is not None],
        "objectives_at_risk": _objectives(
            found, sorted({o for item in found.awake for o in item.objectives})
        ),
        "today": found.now.date().isoformat(),
        "usual_end": (found.now.date() + USUAL_SNOOZE).isoformat(),
    }


def entry(found: Listed, item: Item) -> Facts:
    """Return what is shown of an entry."""
    snoozed = item.snoozed
    how = level(item.trouble)
    return {
        "key": item.key,
        "kind": item.kind,
        "subject": item.subject,
        "label": item.title,
        "url": item.url,
        "what": item.what,
        "level": how,
        "health": HEALTH[how],
        "importance": item.importance,
        "trouble": item.trouble,
        "score": item.score,
        "arithmetic": item.arithmetic,
        "next_step": item.next_step,
        "step_url": item.step_url,
        "owner": _owner(found, item.owner) if item.owner else None,
        "objectives": _objectives(found, item.objectives),
        "snoozed": {
            "until": moment(snoozed.until),
            "reason": snoozed.reason,
            "who": snoozed.who,
        }
        if snoozed
        else None,
    }


def _choice(value: str, words: str, count: int) -> Facts:
    return {"value": value, "words": words, "count": count}


def _objectives(found: Listed, ids: Sequence[str]) -> list[Facts]:
    titles = {each.id: each.title for each in found.known.curated.objectives}
    return [
        {"id": each, "title": titles.get(each, each), "url": record_url(f"objective/{each}")}
        for each in ids
    ]


def _owner(found: Listed, name: str) -> Facts:
    """Return an owner with their page; who owns no asset has none, and may have an address."""
    owns = any(name in asset.owners for asset in found.graph.assets.values())
    mail = f"mailto:{name}" if "@" in name else ""
    return {"name": name.removeprefix("team:"), "url": owner_url(name) if owns else mail}

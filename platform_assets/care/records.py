"""What is wrong with records: nobody answers, nothing is done, an objective is not reached.

What belongs here: one rule for each kind of trouble, with its next step. What does not: assets
(`assets`), documents that fell behind (`documents`), how much it weighs (`weights`), how a key
result stands (`product.progress`).
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from platform_assets.care import model as m
from platform_assets.care import weights as w
from platform_assets.care.model import Sum, Trouble, counted
from platform_assets.inventory.health import span
from platform_assets.inventory.model import Graph
from platform_assets.product.curated import Curated
from platform_assets.product.curated_kinds import Action, KeyResult, Minutes
from platform_assets.product.kinds import Feedback, Request
from platform_assets.product.progress import AT_RISK, NOT_MEASURED, OFF_TRACK, Progress
from platform_assets.product.store import Everything

BAD = 2  # the best rating that calls for an answer
PATIENCE = timedelta(days=7)  # of who asked, before it shows that nobody looks
REMEMBERED = timedelta(days=30)  # after its time, a key result that was not reached
SOON = timedelta(days=14)  # until a request is needed
WEEK, MONTH = timedelta(days=7), timedelta(days=30)
LONGEST = 140  # letters of what somebody said


def of_records(
    store: Everything,
    curated: Curated,
    progresses: Mapping[str, Progress],
    graph: Graph,
    now: datetime,
    unreliable: Container[str] = (),
) -> Iterator[Trouble]:
    """Yield what is wrong with requests, feedback, actions and key results.

    Args:
        progresses: of key results, by id; one that is not in it is left out.
        graph: what feedback is about, and what key results rest on.
        unreliable: keys of assets that are late or failing, which are listed themselves.
    """
    served = _served(curated)
    for result in curated.key_results:
        if result.id in progresses and now.date() - result.due <= REMEMBERED:
            keys = graph.upstream(result.key) if result.key in graph.assets else result.tables
            explained = any(key in unreliable for key in (result.key, *keys))
            yield from _key_result(result, progresses[result.id], explained)
    for feedback in store.feedback:
        if feedback.rating <= BAD and not feedback.answer:
            yield _feedback(feedback, graph, now)
    for request in store.requests:
        yield from _request(request, _objectives([request.name], served), now)
    settles = {decision.id: decision.settles for decision in curated.decisions}
    for minutes in curated.minutes:
        settled = [name for each in minutes.decisions for name in settles.get(each, ())]
        objectives = _objectives(settled, served)
        for number, action in enumerate(minutes.actions, start=1):
            if action.done_on is None and action.due < now.date():
                yield _action(minutes, number, action, objectives, now)


def _served(curated: Curated) -> Mapping[str, set[str]]:
    """Return by name of record the objectives that it serves: by itself, or by the roadmap."""
    found: dict[str, set[str]] = defaultdict(set)
    for item in curated.roadmap:
        for name in (item.name, *item.deliverables) if item.objective else ():
            found[name].add(item.objective)
    for result in curated.key_results:
        for name in (result.key, f"objective/{result.objective}"):
            found[name].add(result.objective)
    return found


def _objectives(names: Iterable[str], served: Mapping[str, set[str]]) -> tuple[str, ...]:
    return tuple(sorted({each for name in names for each in served.get(name, ())}))


def _key_result(result: KeyResult, stands: Progress, explained: bool) -> Iterator[Trouble]:
    """Yield that a key result is not on track, or not measured though what it rests on is well."""
    weights = {OFF_TRACK: w.OFF_TRACK, AT_RISK: w.AT_RISK, NOT_MEASURED: w.NOT_MEASURED}
    unmeasured = stands.standing == NOT_MEASURED
    if stands.standing not in weights or (unmeasured and explained):
        return
    yield Trouble(
        kind=m.OFF_TRACK,
        subject=result.key,
        title=result.title,
        what=f"{stands.standing}: {stands.reason}",
        weight=Sum.of((weights[stands.standing], stands.standing)),
        next_step="Have it measured."
        if unmeasured
        else "Decide what changes: the work, or the aim.",
        owner=result.owner,
        url=m.record_url(result.key),
        step_url=f"/assets/{result.key}" if unmeasured else "",
        about=result.key,
        objectives=(result.objective,),
    )


def _feedback(feedback: Feedback, graph: Graph, now: datetime) -> Trouble:
    asset = graph.assets.get(feedback.about)
    waits = now - feedback.created_at
    words, place = _short(feedback.words), feedback.name.replace("/", "-")
    return Trouble(
        kind=m.BAD_FEEDBACK,
        subject=feedback.name,
        title=asset.label if asset else feedback.about,
        what=f"rated {feedback.rating} of 5" + (f": “{words}”" if words else ""),
        weight=Sum.of(
            (w.RATED_WORST - w.LESS_BAD * (feedback.rating - 1), f"rated {feedback.rating} of 5"),
            (min(waits / MONTH, 1) * w.UNANSWERED, f"for {span(waits)} without an answer"),
        ),
        next_step="Answer, and say what becomes of it.",
        owner=asset.owners[0] if asset and asset.owners else "",
        url=f"/catalog/feedback#{place}",
        step_url=f"/catalog/feedback?answer={feedback.number}#{place}",
        about=feedback.about,
    )


def _request(request: Request, objectives: tuple[str, ...], now: datetime) -> Iterator[Trouble]:
    """Yield that a new request waits for an answer, or an accepted one for somebody to do it."""
    asked = Sum.of((1, ""), (request.asked, f"for {counted(request.asked, 'person', 'people')}"))
    if request.state == "new" and now - request.created_at > PATIENCE:
        waits = now - request.created_at
        what, kind = f"waits for a yes or no for {span(waits)}", m.WAITING_REQUEST
        step, link = "Accept, decline or merge it.", "/catalog/triage"
        longer = (min(waits / WEEK - 1, w.WAITING), f"for {span(waits)}")
        parts = [(w.REQUEST, "not answered"), longer]
    elif request.state == "accepted" and not request.assignee and _idle(request, now):
        what, kind = "accepted, and nobody takes care of it", m.UNOWNED
        step, link = "Assign it.", "/catalog/triage"
        parts = [(w.REQUEST, "nobody assigned")]
    else:
        return
    if request.needed_by and request.needed_by <= (now + SOON).date():
        what += f"; needed by {request.needed_by.day} {request.needed_by:%B %Y}"
        parts.append((w.SOON, "for being needed soon"))
    yield Trouble(
        kind=kind,
        subject=request.name,
        title=request.title,
        what=what,
        weight=Sum.of(*parts),
        next_step=step,
        owner=request.assignee,
        url=m.record_url(request.name),
        step_url=link,
        importance=asked,
        objectives=objectives,
    )


def _idle(request: Request, now: datetime) -> bool:
    return request.accepted_at is not None and now - request.accepted_at > PATIENCE


def _action(
    minutes: Minutes, number: int, action: Action, objectives: tuple[str, ...], now: datetime
) -> Trouble:
    late = now.date() - action.due
    return Trouble(
        kind=m.OVERDUE_ACTION,
        subject=f"{minutes.name}#{number}",
        title=_short(action.what),
        what=f"due {action.due.day} {action.due:%B %Y}, from “{minutes.title}”",
        weight=Sum.of(
            (w.OVERDUE, "overdue"), (min(late / WEEK, w.LONG_OVERDUE), f"for {span(late)}")
        ),
        next_step="Do it, or agree on another day in the minutes.",
        owner=action.owner,
        url=m.record_url(minutes.name),
        importance=Sum.of((1, ""), (1, "for being promised")),
        objectives=objectives,
    )


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else f"{flat[: LONGEST - 1]}…"

"""What is wrong with assets: how they run, how they are looked after, whether anybody looks.

What belongs here: one rule for each kind of trouble, with its next step. What does not: how much it
weighs (`weights`), what an asset matters (`importance`), records (`records`), documents
(`documents`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from urllib.parse import quote

from platform_assets.care import model as m
from platform_assets.care import weights as w
from platform_assets.care.causes import GETTING_OLD, TOO_OLD, Causes, causes, never_made
from platform_assets.care.importance import Importance
from platform_assets.care.model import Sum, Trouble, counted
from platform_assets.inventory.health import NO_STATUS, CheckResult, Status, freshness, span
from platform_assets.inventory.model import Asset, Graph
from platform_assets.inventory.upstream import SELF_RELIANT

FEW_ROWS = 100  # of a table whose number of rows says nothing
FEW_TIMES = 4  # earlier materializations that say what is usual
UNUSED_AFTER = timedelta(days=60)  # without a look
READ = ("report", "table", "source")  # kinds that are there to be looked at, or to be read
KEY_RESULT = "key_result"  # layer
LONGEST, BRIEF = 160, 80  # letters of what a check says that fails, and of one that warns
_FIRST = re.compile(r"; |(?<=[.!?]) ")  # ends the first sentence of what a check says


@dataclass(frozen=True)
class Seen:
    """What is known of all assets at one moment.

    Attributes:
        rows: of each table, its rows after its last materializations, the newest first.
        recorded: for how long looks have been recorded.
        changed: when each file, named from the project's folder, was last changed.
    """

    graph: Graph
    statuses: Mapping[str, Status]
    importance: Importance
    now: datetime
    rows: Mapping[str, Sequence[int]] = field(default_factory=dict)
    recorded: timedelta = timedelta(0)
    changed: Mapping[str, datetime] = field(default_factory=dict)


def of_assets(seen: Seen) -> Iterator[Trouble]:
    """Yield what is wrong with each asset by itself; what another one holds up is left to that."""
    known = causes(seen.graph, seen.statuses, seen.now)
    held = known.held_up()
    for asset in seen.graph.assets.values():
        status = seen.statuses.get(asset.key, NO_STATUS)
        yield from _runs(asset, status, seen.now, known, held[asset.key])
        if asset.kind != "external":
            yield from _volume(asset, seen.rows.get(asset.key, ()))
            yield from _looked_after(asset)
            yield from _unused(asset, seen)


def _runs(
    asset: Asset, status: Status, now: datetime, known: Causes, held: int
) -> Iterator[Trouble]:
    """Yield a failed run, failing checks and lateness, as far as nothing else explains them."""
    waiting = f"; {counted(held, 'asset')} downstream wait{'s' * (held == 1)}" if held else ""
    yield from _checks(asset, status)
    if not status.failed_run and asset.key not in known.late:
        yield from _late(asset, status, now, waiting)
    if status.failed_run and asset.key not in known.failed:
        yield _of(
            asset, m.FAILED_RUN, f"the last run failed{waiting}",
            Sum.of((w.FAILED_RUN, "failed run")),
            _wait(status) or "Read why it failed, mend it, and run it again.",
            f"/runs/{status.failed_run}" if asset.kind != "external" else "",
        )  # fmt: skip


def _checks(asset: Asset, status: Status) -> Iterator[Trouble]:
    """Yield all checks that fail as one, and all that only warn as another.

    That a key result warns that it could not be measured is told by how it stands (`records`).
    """
    link = f"{_dagster(asset)}?view=checks"
    failing = [check for check in status.failing if check.error]
    if failing:
        weight = Sum.of(
            (w.FAILING_CHECK, "failing check"),
            (min((len(failing) - 1) / 2, w.MORE_FAILING), "for more of them"),
        )
        step = "Look at the rows that it found, then mend them or their source."
        yield _of(asset, m.FAILING_CHECK, _said("fails", failing, LONGEST), weight, step, link)
    warning = [check for check in status.failing if not check.error]
    if warning and asset.layer != KEY_RESULT:
        step = "See what it found: mend the source, or allow it."
        said, weight = _said("warns", warning, BRIEF), Sum.of((w.WARNS, "warning"))
        yield _of(asset, m.WARNS, said, weight, step, link)


def _said(does: str, checks: Sequence[CheckResult], longest: int) -> str:
    """Return in one line what the first of some checks found, and how many more there are."""
    first, more = checks[0], len(checks) - 1
    others = f" and {counted(more, 'more check')}" if more else ""
    found = _FIRST.split(" ".join(first.description.split()), maxsplit=1)[0]
    if len(found) > longest:
        found = f"{found[: longest - 1].rstrip()}…"
    return f"check {first.name} {does}{others}" + (f": {found}" if found else "")


def _late(asset: Asset, status: Status, now: datetime, consequences: str) -> Iterator[Trouble]:
    unmade, age = never_made(asset, status), freshness(asset, status, now)
    if not unmade and age not in (TOO_OLD, GETTING_OLD):
        return
    old = now - status.made_at if status.made_at else timedelta(0)
    limit = asset.fail_seconds if age == TOO_OLD else asset.warn_seconds
    if unmade:
        what, weight = "never made", Sum.of((w.NEVER_MADE, "never made"))
    elif age == TOO_OLD and not limit:
        what = f"not made by its deadline ({asset.deadline})"
        weight = Sum.of((w.LATE, "past deadline"))
    elif age == TOO_OLD and limit:
        times = old.total_seconds() / limit
        what = f"{span(old)} old, at most {span(timedelta(seconds=limit))} is allowed"
        beyond = f"for {times:.1f} times the age allowed"
        weight = Sum.of((w.LATE, "too old"), (min(times - 1, w.LATER), beyond))
    else:
        usual = span(timedelta(seconds=limit or 0))
        what = f"{span(old)} old, usually less than {usual}"
        weight = Sum.of((w.GETTING_OLD, "getting old"))
    step = (
        "Find out why nothing was loaded: ask whoever delivers it."
        if asset.kind == "source"
        else "Materialize it, and see why nothing did."
    )
    link = _dagster(asset) if asset.kind != "external" else ""
    yield _of(asset, m.LATE, what + consequences, weight, _wait(status) or step, link)


def _volume(asset: Asset, rows: Sequence[int]) -> Iterator[Trouble]:
    """Yield that a table has less than half, or more than twice, the rows that are usual.

    The platform's own tables grow with what it does.
    """
    if len(rows) <= FEW_TIMES or asset.kind in SELF_RELIANT:
        return
    now, usual = rows[0], median(rows[1:])
    if max(now, usual) < FEW_ROWS or usual / 2 <= now <= usual * 2:
        return
    grown = now > usual
    weight = Sum.of(
        (w.DOUBLED, "rows doubled") if grown else (w.HALVED, "rows halved"),
        (w.HARDLY_ANY if now < usual / 10 else 0, "for less than a tenth left"),
    )
    what = f"{now:,} rows, usually {usual:,.0f}"
    yield _of(
        asset, m.VOLUME_OFF, what, weight, "Compare its last materializations: what changed?",
        f"/catalog/history/{quote(asset.key)}",
    )  # fmt: skip


def _looked_after(asset: Asset) -> Iterator[Trouble]:
    silent = [column.name for column in asset.columns if not column.description.strip()]
    described = bool(asset.description.strip())
    if not asset.owners:
        step = "Find who answers for it, and write it into its declaration."
        yield _of(asset, m.UNOWNED, "nobody answers for it", Sum.of((w.UNOWNED, "no owner")), step)
    if silent or not described:
        share = len(silent) / len(asset.columns) if asset.columns else 0.0
        columns = counted(len(silent), "column")
        lacks = [
            *(["it has no description"] if not described else []),
            *([f"{columns} of {len(asset.columns)} without a description"] if silent else []),
        ]
        weight = Sum.of(
            (0 if described else w.NO_DESCRIPTION, "no description"),
            (max(share, 0.1) if silent else 0, f"for {share:.0%} of the columns"),
        )
        where = asset.described_in or asset.file or "its declaration"
        named = ", ".join(silent[:3]) + (" …" if len(silent) > 3 else "")
        step = f"Describe {named or 'it'} in {where}."
        yield _of(asset, m.UNDOCUMENTED, "; ".join(lacks), weight, step)


def _unused(asset: Asset, seen: Seen) -> Iterator[Trouble]:
    """Yield that nothing rests on an asset, and nobody has looked at it for long.

    Assets that something rests on are none of it: the end of the line goes first. A file that was
    changed lately is somebody's work, which may still find its readers.
    """
    key = asset.key
    if asset.kind not in READ or seen.graph.children[key] or seen.recorded < UNUSED_AFTER:
        return
    changed = seen.changed.get(asset.file)
    if seen.importance.looks(key) or (changed and seen.now - changed < UNUSED_AFTER):
        return
    yield _of(
        asset, m.UNUSED, f"nobody has looked at it for {span(seen.recorded)}, and nothing reads it",
        Sum.of((w.UNUSED, "unused")), "Ask those it is for whether they miss it; retire it if not.",
    )  # fmt: skip


def _of(
    asset: Asset, kind: str, what: str, weight: Sum, next_step: str, step_url: str = ""
) -> Trouble:
    return Trouble(
        kind=kind,
        subject=asset.key,
        title=asset.label,
        what=what,
        weight=weight,
        next_step=next_step,
        owner=asset.owners[0] if asset.owners else "",
        url=m.asset_url(asset.key),
        step_url=step_url,
        about=asset.key,
    )


def _wait(status: Status) -> str:
    return "Wait: a run is at work on it." if status.running else ""


def _dagster(asset: Asset) -> str:
    return f"/assets/{quote(asset.key)}"

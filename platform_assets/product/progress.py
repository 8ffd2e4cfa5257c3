"""How a key result stands: what is done of it, beside how much of its time is over.

What belongs here: the rules from measurements to a standing, and its reason in words. What does
not: measuring (`measuring`), reading measurements (`measured`), drawing them (`picture`).

The rules, the first that holds:

1. *not begun*: its first day is still to come.
2. *not measured*: something upstream is late or failing now; or the newest measurement has no
   value, is of another definition, or is older than `HOLDS`. What was measured before is never
   shown as how it stands.
3. *reached*: all of the way is done.
4. *off track*: its time is over, and it was not reached.
5. *on track*, *at risk*, *off track*: what is done is behind the time that is over by at most
   `BEHIND`, by at most `FAR_BEHIND`, by more.

When its time is over, what is measured later counts no more: the newest value of a day within its
time stands for good, if it was measured up to the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from platform_assets.product.curated_kinds import KeyResult
from platform_assets.product.kinds import Measurement
from platform_assets.product.measuring import definition

REACHED, ON_TRACK, AT_RISK, OFF_TRACK = "reached", "on track", "at risk", "off track"
NOT_MEASURED, NOT_BEGUN = "not measured", "not begun"
STANDINGS = (REACHED, ON_TRACK, AT_RISK, OFF_TRACK, NOT_MEASURED, NOT_BEGUN)
BEHIND, FAR_BEHIND = 0.1, 0.25  # shares of the way
HOLDS = timedelta(hours=50)  # measured at least once a day, with some hours of patience
_ROUNDING = 1e-9  # half of the time is half of the way, whatever binary fractions make of it


@dataclass(frozen=True)
class Progress:
    """How a key result stands at one moment.

    Attributes:
        standing: one of `STANDINGS`.
        reason: why, in one line for people.
        value, as_of: of the newest measurement that holds; None where nothing holds.
        measured_at: when that was measured.
        done: `(value − baseline) / (target − baseline)`; below 0 and above 1 where it is so.
        elapsed: share of the time from the first day to the end of the last that is over, 0 to 1.
        breaks: times of the first measurement after each change of the definition.
        trouble: what hinders measuring, one sentence each; () if nothing does.
        last: the newest measurement with a value, whether it holds or not.
    """

    key_result: str
    standing: str
    reason: str
    value: float | None = None
    as_of: datetime | None = None
    measured_at: datetime | None = None
    done: float | None = None
    elapsed: float = 0.0
    breaks: tuple[datetime, ...] = ()
    trouble: tuple[str, ...] = ()
    last: Measurement | None = None


def progress(
    kr: KeyResult,
    measurements: Sequence[Measurement],
    now: datetime,
    trouble: Sequence[str] = (),
) -> Progress:
    """Return how `kr` stands at `now`.

    Args:
        kr: the key result as it is declared now.
        measurements: all of it, in any order.
        now: a moment with its zone.
        trouble: what is late or failing upstream at `now`; one sentence each.
    """
    ordered = sorted(measurements, key=lambda m: m.at)
    begin, end = term(kr)
    over = now >= end
    counting = [m for m in ordered if m.as_of and m.as_of <= end] if over else ordered
    newest = counting[-1] if counting else None
    hindered = _hindrance(kr, newest, min(now, end), () if over else trouble)
    holding = newest if newest and not hindered else None
    done = share(kr, holding.value) if holding and holding.value is not None else None
    elapsed = min(max((now - begin) / (end - begin), 0.0), 1.0)
    standing, reason = _standing(kr, holding, done, elapsed, hindered)
    return Progress(
        key_result=kr.id,
        standing=standing if now >= begin else NOT_BEGUN,
        reason=reason if now >= begin else f"begins on {day(kr.start)}",
        value=holding.value if holding else None,
        as_of=holding.as_of if holding else None,
        measured_at=holding.at if holding else None,
        done=done,
        elapsed=elapsed,
        breaks=breaks(ordered),
        trouble=hindered,
        last=next((m for m in reversed(ordered) if m.value is not None), None),
    )


def share(kr: KeyResult, value: float) -> float:
    """Return how much of the way from baseline to target is done; the target may be the lower.

    Where both are the same there is no way: it is done, or it is not begun.
    """
    if kr.target == kr.baseline:
        return float(value == kr.target)
    return (value - kr.baseline) / (kr.target - kr.baseline)


def term(kr: KeyResult) -> tuple[datetime, datetime]:
    """Return the first and the last moment of a key result's time, in UTC."""
    begin, end = datetime.combine(kr.start, time(), UTC), datetime.combine(kr.due, time.max, UTC)
    return begin, end


def breaks(ordered: Sequence[Measurement]) -> tuple[datetime, ...]:
    """Return the times of the first measurement after each change of the definition.

    Args:
        ordered: measurements of one key result, oldest first.
    """
    return tuple(b.at for a, b in pairwise(ordered) if a.definition != b.definition)


def amount(value: float, unit: str = "") -> str:
    """Return a number as people say it: `1,250 €`, `0.35`, `12%`."""
    size = abs(value)
    whole = size >= 1000 or value == int(value)
    text = f"{value:,.0f}" if whole else f"{value:.1f}" if size >= 100 else f"{value:.3g}"
    return f"{text}{unit}" if unit == "%" else f"{text} {unit}".strip()


def day(moment: date) -> str:
    """Return a day as people say it: `3 Oct 2026`."""
    return f"{moment.day} {moment:%b %Y}"


def _hindrance(
    kr: KeyResult, newest: Measurement | None, moment: datetime, trouble: Sequence[str]
) -> tuple[str, ...]:
    """Return why the newest measurement does not hold at `moment`; () if it does."""
    if trouble:
        return tuple(trouble)
    if newest is None:
        return ("it was never measured",)
    if newest.trouble or newest.value is None:
        return newest.trouble or ("its query returned no value",)
    if newest.definition != definition(kr):
        return ("its definition was changed, and it was not measured since",)
    if moment - newest.at > HOLDS:
        return (f"it was last measured on {day(newest.at)}",)
    return ()


def _standing(
    kr: KeyResult,
    holding: Measurement | None,
    done: float | None,
    elapsed: float,
    hindered: Sequence[str],
) -> tuple[str, str]:
    if holding is None or holding.value is None or done is None:
        more = f", and {len(hindered) - 1} more" if len(hindered) > 1 else ""
        return NOT_MEASURED, f"{hindered[0]}{more}"
    if done >= 1 - _ROUNDING:
        aim = amount(kr.target, kr.unit)
        return REACHED, f"{amount(holding.value, kr.unit)}, aimed at {aim}"
    if elapsed >= 1:
        return OFF_TRACK, f"ended with {done:.0%} of the way"
    behind = elapsed - done - _ROUNDING
    standing = ON_TRACK if behind <= BEHIND else AT_RISK if behind <= FAR_BEHIND else OFF_TRACK
    return standing, f"{done:.0%} of the way, {elapsed:.0%} of the time"

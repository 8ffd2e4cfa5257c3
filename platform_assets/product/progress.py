"""How a key result stands: what is done of it beside how much of its time is over.

What belongs here: the rules from measurements to a standing, and its reason in words. What does
not: measuring (`measuring`), reading measurements (`measured`), drawing them (`picture`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from platform_assets.product.kinds import KeyResult, Measurement

REACHED, ON_TRACK, AT_RISK, OFF_TRACK = "reached", "on track", "at risk", "off track"
NOT_MEASURED, NOT_BEGUN = "not measured", "not begun"
STANDINGS = (REACHED, ON_TRACK, AT_RISK, OFF_TRACK, NOT_MEASURED, NOT_BEGUN)


@dataclass(frozen=True)
class Progress:
    """How a key result stands at one moment.

    Attributes:
        standing: one of `STANDINGS`.
        reason: why, in one line for people.
        value, as_of: of the newest measurement that holds; None where nothing holds.
        measured_at: when that was measured.
        done: `(value − baseline) / (target − baseline)`; below 0 and above 1 where it is so.
        elapsed: share of the time from `start` to `due` that is over, 0 to 1.
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
    raise NotImplementedError

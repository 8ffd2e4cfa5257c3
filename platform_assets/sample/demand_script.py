"""Of what a script of requests and feedback is made: who, when, and what became of it.

What belongs here: the words of the script. What does not: the script itself (`demand_requests`,
`demand_feedback`), playing it (`demand`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from platform_assets.product.kinds import Request
from platform_assets.product.store import steps

Apply = Callable[[Request, datetime, Mapping[int, Request]], Request]

MARA, JONAS, AYLIN, TOM, LENA, INES, KARIM, PETRA, SVEN, NORA, EMIL = (
    f"{name}@fernweh.example"
    for name in (
        "mara.lindt",  # leads the company
        "jonas.brandt",  # finance
        "aylin.demir",  # marketing
        "tom.falk",  # the shop
        "lena.voss",  # the website
        "ines.roth",  # support
        "karim.nasser",  # the app
        "petra.holm",  # purchasing
        "sven.aho",  # the warehouse and what leaves it
        "nora.winter",  # owns the data platform
        "emil.sand",  # builds it
    )
)


@dataclass(frozen=True)
class Step:
    """What somebody did with a request, `after` days from when it was asked."""

    after: int
    who: str
    apply: Apply


@dataclass(frozen=True)
class Asked:
    """One request.

    Attributes:
        ago: days before today on which it was asked.
        needed: days from then until it is needed; None for no day.
        inputs: estimates, made by who accepted it, on the day after; of a new one, 2 days later.
        votes: who needs it too, a few days later each.
        comments: days after, who, words.
    """

    number: int
    ago: int
    who: str
    title: str
    decision: str = ""
    costs: str = ""
    about: str = ""
    needed: int | None = None
    inputs: Mapping[str, float] = field(default_factory=dict)
    votes: tuple[str, ...] = ()
    comments: tuple[tuple[int, str, str], ...] = ()
    split_from: int | None = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Said:
    """Feedback: `answer` is days after, who, words."""

    ago: int
    about: str
    rating: int
    who: str
    words: str
    stage: str = "live"
    request: int | None = None
    answer: tuple[int, str, str] | None = None


def rice(reach: float, impact: float, confidence: float, effort: float) -> dict[str, float]:
    """Return estimates by RICE."""
    return {"reach": reach, "impact": impact, "confidence": confidence, "effort": effort}


def wsjf(value: float, urgency: float, risk: float, size: float) -> dict[str, float]:
    """Return estimates by WSJF."""
    return {"value": value, "urgency": urgency, "risk": risk, "size": size}


def accepted(after: int, requirement: str = "", assignee: str = EMIL) -> Step:
    """Nora takes it up and gives it to somebody."""
    return Step(after, NORA, lambda r, at, _: steps.accept(r, at, assignee, requirement))


def declined(after: int, reason: str) -> Step:
    """Nora says no."""
    return Step(after, NORA, lambda r, at, _: steps.decline(r, at, reason))


def merged(after: int, into: int) -> Step:
    """It lives on in another."""
    return Step(after, NORA, lambda r, at, others: steps.merge(r, at, others[into]))


def split(after: int, *parts: tuple[int, str]) -> Step:
    """It lives on in parts, which are in the script too: their numbers and titles."""
    return Step(after, NORA, lambda r, at, _: steps.split(r, at, dict(parts))[0])


def shipped(after: int, answered_by: str) -> Step:
    """Emil says which asset answers it."""
    return Step(
        after, EMIL, lambda r, at, _: steps.ship(r, at, answered_by, version(answered_by, at))
    )


def helped(after: int, who: str, words: str = "") -> Step:
    """Its asker closes it."""
    return Step(after, who, lambda r, at, _: steps.say_helped(r, at, True, words))


def did_not_help(after: int, who: str, words: str) -> Step:
    """Its asker gives it back."""
    return Step(after, who, lambda r, at, _: steps.say_helped(r, at, False, words))


def overridden(after: int, score: float, reason: str) -> Step:
    """Nora replaces the computed score."""
    return Step(after, NORA, lambda r, _, __: steps.override(r, score, reason))


def version(key: str, at: datetime) -> str:
    """Return the version that an asset had: that of the morning."""
    morning = at.replace(hour=6, minute=30, second=0, microsecond=0)
    return f"{morning:%Y-%m-%dT%H%M%SZ}" if key.startswith("report/") else morning.isoformat()

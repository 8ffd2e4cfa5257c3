"""What input may look like: how long, which characters, which numbers.

What belongs here: one value at a time. What does not: which step may follow which (`steps`), how
often somebody may submit (`writing`).

What can't be shown or kept is taken out without a word: control characters, halves of surrogates,
and marks that turn the direction of the text around them. The rest stays as it was written.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from platform_assets.product.kinds import INPUTS, KINDS, STAGES, SUBMITTED
from platform_assets.product.store.refusals import Missing, Refused

TITLE = 200
WORDS = 4_000
WHO = 120
NAME = 400  # of an asset, a record, a version, a search
PARTS = 20  # of a request that is split
MOST_NUMBER = 2**63 - 1
RATINGS = range(1, 6)
LARGEST = 1_000_000_000
# Both ends included; effort and size are divided by.
INPUT_RANGES: Mapping[str, tuple[float, float]] = {
    "reach": (0, LARGEST),
    "impact": (0.25, 3),
    "confidence": (0, 1),
    "effort": (0.1, 10_000),
    "value": (1, 20),
    "urgency": (1, 20),
    "risk": (1, 20),
    "size": (1, 20),
}
_TURNING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def line(value: str, what: str, most: int, needed: bool = False) -> str:
    """Return text as one line, its spaces collapsed.

    Raises:
        Refused: it is longer than `most` characters, or empty though it is needed.
    """
    return _bounded(" ".join(_clean(value, what).split()), what, most, needed)


def words(value: str, what: str, needed: bool = False) -> str:
    """Return text of several lines, without space around it.

    Raises:
        Refused: it is longer than `WORDS` characters, or empty though it is needed.
    """
    text = value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value
    return _bounded(_clean(text, what).strip(), what, WORDS, needed)


def person(value: str, what: str = "your name", needed: bool = True) -> str:
    """Return who somebody is; the same person however an accent was typed.

    Raises:
        Refused: it is longer than `WHO` characters, or empty though it is needed.
    """
    return line(unicodedata.normalize("NFC", _clean(value, what)), what, WHO, needed)


def rating(value: int) -> int:
    """Return a rating: a whole number from 1 (bad) to 5 (good).

    Raises:
        Refused: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value not in RATINGS:
        raise Refused("A rating is a whole number from 1 (bad) to 5 (good).")
    return value


def stage(value: str) -> str:
    """Return a stage of `STAGES`.

    Raises:
        Refused: it is none.
    """
    if value not in STAGES:
        raise Refused(f"A stage is one of {', '.join(STAGES)}.")
    return value


def day(value: date | None, what: str) -> date | None:
    """Return a day without time.

    Raises:
        Refused: it is none.
    """
    if isinstance(value, datetime):
        return value.date()
    if value is not None and not isinstance(value, date):
        raise Refused(f"For {what} give a day.", hint="Write it as 2026-09-30.")
    return value


def later(value: datetime, now: datetime, what: str) -> datetime:
    """Return a time to come, in UTC.

    Raises:
        Refused: it is past, or has no zone.
    """
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Refused(f"For {what} give a time with its zone.")
    if value <= now:
        raise Refused(f"{what.capitalize()} is past.", hint="Give a time to come.")
    return value.astimezone(UTC)


def asked(**fields: object) -> dict[str, Any]:
    """Return the asker's words, those that are given.

    Raises:
        Refused: one is out of bounds, or not the asker's.
    """
    if unknown := sorted(fields.keys() - ASKED.keys()):
        raise Refused(f"{unknown[0]} can't be edited.", hint=f"Edit {', '.join(ASKED)}.")
    return {name: ASKED[name](value) for name, value in fields.items()}


def parts(titles: Sequence[str]) -> list[str]:
    """Return the titles of what a request is split into; empty ones are left out.

    Raises:
        Refused: there are more than `PARTS`.
    """
    found = [line(title, "the title", TITLE) for title in titles]
    if len(found) > PARTS:
        raise Refused(f"A request is split into {PARTS} parts at most.")
    return [title for title in found if title]


# What an asker says, by field.
ASKED: Mapping[str, Callable[[Any], object]] = {
    "title": lambda value: line(value, "the title", TITLE, needed=True),
    "decision": lambda value: words(value, "the decision"),
    "needed_by": lambda value: day(value, "the day it is needed by"),
    "waiting_costs": lambda value: words(value, "what waiting costs"),
    "about": lambda value: line(value, "what it is about", NAME),
}


def inputs(given: Mapping[str, float | None]) -> dict[str, float | None]:
    """Return estimates that lie in the ranges of `INPUT_RANGES`; None stands for none.

    Raises:
        Refused: one does not, or has a name that is none of `INPUTS`.
    """
    if unknown := sorted(given.keys() - set(INPUTS)):
        raise Refused(f"{unknown[0]} is no input of a score.", hint=f"Use {', '.join(INPUTS)}.")
    return {
        name: None if value is None else _number(value, name, *INPUT_RANGES[name])
        for name, value in given.items()
    }


def score(value: float | None) -> float | None:
    """Return a score that replaces a computed one, 0 to a billion; None for none.

    Raises:
        Refused: it is out of range.
    """
    return None if value is None else _number(value, "a score", 0, LARGEST)


def record(name: str) -> tuple[str, str]:
    """Return kind and id of a record that is named like `request/12`.

    Raises:
        Missing: no record can have this name.
    """
    kind, _, ident = name.partition("/")
    if kind not in KINDS or not ident or len(name) > NAME or line(name, "a record", NAME) != name:
        raise Missing(name)
    if kind in SUBMITTED and (not ident.isdecimal() or str(int(ident)) != ident):
        raise Missing(name)
    return kind, ident


def _clean(value: str, what: str) -> str:
    if not isinstance(value, str):
        raise Refused(f"For {what} give text.")
    return "".join(letter for letter in value if letter in "\n\t" or _can_be_shown(letter))


def _can_be_shown(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cs") and ord(letter) not in _TURNING


def _bounded(text: str, what: str, most: int, needed: bool) -> str:
    if len(text) > most:
        raise Refused(
            f"{what.capitalize()} may have {most:,} characters; this has {len(text):,}.",
            hint="Shorten it.",
        )
    if needed and not text:
        raise Refused(f"{what.capitalize()} is missing.", hint="Fill it in.")
    return text


def _number(value: float, what: str, least: float, most: float) -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if not known or not least <= value <= most:  # NaN is in no range
        raise Refused(f"For {what} give a number from {least:,} to {most:,}.")
    return float(value)

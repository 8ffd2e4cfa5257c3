"""What an engine can't do, with the reason: the whole list.

What belongs here: gaps, and how a test is marked with one. A gap is expected to fail, strictly: one
that closes fails the build until it is taken out here. `docs/scale.md` shows this table.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.engines.kinds import ENGINES


@dataclass(frozen=True)
class Gap:
    """Something that one engine does not do.

    Attributes:
        what: what the test asks, as it says in its own words to `asked_of`.
        kind: `notimpl`, could be done and is not; or `never`, lies in the nature of the engine.
    """

    engine: str
    what: str
    kind: str
    reason: str


WRITE_TOGETHER = "writers of different tables commit at the same time"

GAPS = (
    Gap(
        "embedded",
        WRITE_TOGETHER,
        "never",
        "a SQLite catalog has one writer at a time: they take turns and none fails",
    ),
)


def asked_of(what: str, engines: Iterable[str] = tuple(ENGINES)) -> list[Any]:
    """Return the engines as parameters of a test, those with a gap strictly expected to fail."""
    found = []
    for engine in engines:
        gap = next((g for g in GAPS if (g.engine, g.what) == (engine, what)), None)
        marks = [pytest.mark.xfail(strict=True, reason=f"{gap.kind}: {gap.reason}")] if gap else []
        found.append(pytest.param(engine, marks=marks))
    return found


def table() -> str:
    """Return the gaps as the Markdown table of `docs/scale.md`."""
    lines = ["| engine | does not | | why |", "|---|---|---|---|"]
    lines += [f"| {g.engine} | {g.what} | {g.kind} | {g.reason} |" for g in GAPS]
    return "\n".join(lines)

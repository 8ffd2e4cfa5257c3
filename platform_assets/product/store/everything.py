"""All that a store holds at one moment."""

from dataclasses import dataclass
from datetime import datetime

from platform_assets.product.kinds import Change, Comment, Feedback, Request, Snooze


@dataclass(frozen=True)
class Vote:
    """That somebody needs what another asked for; `request` is its number."""

    request: int
    voter: str
    at: datetime


@dataclass(frozen=True)
class Everything:
    """What a store holds, read at one moment; the oldest come first.

    Attributes:
        votes: as they were given; `voters` of a request follow from them, and from those of the
            requests that were merged into it.
        snoozes: also those that are over.
    """

    requests: tuple[Request, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    comments: tuple[Comment, ...] = ()
    history: tuple[Change, ...] = ()
    snoozes: tuple[Snooze, ...] = ()
    votes: tuple[Vote, ...] = ()

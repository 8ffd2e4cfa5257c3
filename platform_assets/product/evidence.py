"""What speaks for a request: who asked, what was said of what exists, which objective it serves.

What belongs here: facts that stand beside a score, from records and links. What does not: the score.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from platform_assets.product.kinds import Feedback, Link, Request


@dataclass(frozen=True)
class Evidence:
    """Facts beside a score.

    Attributes:
        asked: people who asked for it: the asker and who voted.
        feedback: how often somebody said something of the asset that it is about.
        rating: mean of their ratings, 1 to 5, two places; None without any.
        objectives: ids of the objectives that it serves, through its requirement or the roadmap.
        views: views of what it is about, in 90 days.
    """

    asked: int = 1
    feedback: int = 0
    rating: float | None = None
    objectives: tuple[str, ...] = ()
    views: int = 0


NO_EVIDENCE = Evidence()


def gather(
    requests: Iterable[Request],
    feedback: Iterable[Feedback],
    links: Iterable[Link],
    views: Mapping[str, int] | None = None,
) -> dict[int, Evidence]:
    """Return the evidence of each request, by its number.

    Args:
        links: all links among records (`product.links.links`).
        views: views in 90 days, by key of asset.
    """
    raise NotImplementedError

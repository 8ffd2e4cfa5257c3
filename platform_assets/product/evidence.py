"""What speaks for a request: who asked, what was said of what exists, which objective it serves.

What belongs here: facts that stand beside a score, from records and links. What does not: the
score. dbt/models/marts/product/backlog.sql finds the same in the warehouse.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from platform_assets.product.formula import rounded
from platform_assets.product.kinds import Feedback, Link, Request, name_of


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
    links: "Iterable[Link] | Served",
    views: Mapping[str, int] | None = None,
) -> dict[int, Evidence]:
    """Return the evidence of each request, by its number.

    Args:
        links: all links among records (`product.links.links`), or what was made of them before.
        views: views in 90 days, by key of asset.
    """
    opinions: dict[str, list[int]] = {}
    for one in feedback:
        opinions.setdefault(one.about, []).append(one.rating)
    served = links if isinstance(links, Served) else Served(links)
    found = {}
    for request in requests:
        ratings = opinions.get(request.about, [])
        found[request.number] = Evidence(
            asked=request.asked,
            feedback=len(ratings),
            rating=rounded(sum(ratings) / len(ratings), 2) if ratings else None,
            objectives=served.by(request),
            views=(views or {}).get(request.about, 0),
        )
    return found


class Served:
    """Which objectives a request leads to.

    From the request, the requirement that takes it up, or an asset that meets that: to a key result
    that is measured from the asset, or to a roadmap item that delivers any of them.
    """

    def __init__(self, links: Iterable[Link]) -> None:
        self._targets: dict[tuple[str, str], set[str]] = {}
        self._sources: dict[tuple[str, str], set[str]] = {}
        for link in links:
            self._targets.setdefault((link.source, link.relation), set()).add(link.target)
            self._sources.setdefault((link.target, link.relation), set()).add(link.source)

    def by(self, request: Request) -> tuple[str, ...]:
        """Return the ids of the objectives, in alphabetical order."""
        requirements = self._led_to({request.name}, "taken_up_by")
        if request.requirement:
            requirements.add(name_of("requirement", request.requirement))
        reached = {request.name, *requirements, *self._led_to(requirements, "met_by")}
        found: set[str] = set()
        for into, out in (("delivers", "serves"), ("measured_from", "measures")):
            between = {s for each in reached for s in self._sources.get((each, into), ())}
            found |= self._led_to(between, out)
        return tuple(sorted(each.removeprefix("objective/") for each in found))

    def _led_to(self, sources: Iterable[str], relation: str) -> set[str]:
        return {t for each in sources for t in self._targets.get((each, relation), ())}

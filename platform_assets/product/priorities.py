"""What comes next, and why: scores of requests with their arithmetic in words, and their order.

What belongs here: methods, their formulas, the order. What does not: what a formula may be made of
and how it is worked out (`formula`), evidence (`evidence`), where requests are kept (`store`).
dbt/macros/priority.sql does the same in the warehouse; tests/dbt/test_product.py holds them together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from platform_assets.product.evidence import NO_EVIDENCE, Evidence
from platform_assets.product.formula import Formula, number_text, rounded
from platform_assets.product.kinds import Request

WAITING = ("new", "accepted")  # what shipped waits for its asker, and for nobody else


@dataclass(frozen=True)
class Method:
    """A way to score: `rice`, `wsjf` or `custom`, and its formula."""

    name: str
    formula: Formula


@dataclass(frozen=True)
class Priority:
    """Where a request stands, and why.

    Attributes:
        score: what it is ranked by: the override where there is one; None where something that the
            formula needs is not estimated. Two places.
        method: name of the method.
        arithmetic: how the score came about, in words; with the override and its reason.
        computed: what the formula gave, whether or not it is overridden.
    """

    request: Request
    score: float | None
    method: str
    arithmetic: str
    overridden: bool
    computed: float | None = None
    evidence: Evidence = field(default=NO_EVIDENCE)


def declared() -> Method:
    """Return the method that dbt/dbt_project.yml names (`priority_method`, `priority_formula`).

    Raises:
        PlatformError: there is no such method, or the formula cannot be worked out.
    """
    raise NotImplementedError


def score(
    request: Request, method: Method | str = "rice", evidence: Evidence = NO_EVIDENCE
) -> Priority:
    """Score a request: RICE is reach × impact × confidence ÷ effort
    (https://www.intercom.com/blog/rice-simple-prioritization-for-product-managers/), WSJF is
    (value + urgency + risk) ÷ size (https://framework.scaledagile.com/wsjf), custom what
    dbt/dbt_project.yml says.
    """
    raise NotImplementedError


def rank(
    requests: Iterable[Request],
    method: Method | str = "rice",
    evidence: Mapping[int, Evidence] | None = None,
) -> list[Priority]:
    """Order the requests that are `WAITING`: highest score first, those without one last; of equal
    ones what more people asked for, then the older one.

    Args:
        evidence: by number of request (`evidence.gather`).
    """
    raise NotImplementedError

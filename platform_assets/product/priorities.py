"""What comes next, and why: scores of requests with their arithmetic in words, and their order.

What belongs here: methods, their formulas, the order. What does not: what a formula may be made of
and how it is worked out (`formula`), evidence (`evidence`), where requests are kept (`store`).
dbt/macros/priority.sql does the same in the warehouse; tests/dbt/test_product.py compares the two.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from platform_assets.product.evidence import NO_EVIDENCE, Evidence
from platform_assets.product.formula import Formula, number_text, rounded
from platform_assets.product.kinds import Request
from resources.errors import PlatformError
from resources.settings import settings

WAITING = ("new", "accepted")  # what shipped waits for its asker, and for nobody else
_FORMULAS = {
    # https://www.intercom.com/blog/rice-simple-prioritization-for-product-managers/
    "rice": "reach * impact * confidence / effort",
    # https://framework.scaledagile.com/wsjf
    "wsjf": "(value + urgency + risk) / size",
}


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
    evidence: Evidence = NO_EVIDENCE


METHODS = {name: Method(name, Formula(text)) for name, text in _FORMULAS.items()}


def declared() -> Method:
    """Return the method that `dbt_project.yml` names (`priority_method`, `priority_formula`).

    Raises:
        PlatformError: there is no such method, or its formula cannot be worked out.
    """
    file = settings().path(settings().dbt_dir) / "dbt_project.yml"
    return _declared_in(file, file.read_text("utf-8"))


@lru_cache(maxsize=4)  # a page asks for every request, and parsing takes milliseconds
def _declared_in(file: Path, text: str) -> Method:
    given = yaml.safe_load(text).get("vars") or {}
    name = given.get("priority_method", "rice")
    if name == "custom":
        return Method(name, Formula(str(given.get("priority_formula") or "")))
    if name not in METHODS:
        raise PlatformError(
            f"{file}: `priority_method` is `{name}`, and there is no such method.",
            hint=f"Write {', '.join(METHODS)} or custom; custom goes by `priority_formula`.",
        )
    return METHODS[name]


def score(
    request: Request, method: Method | str = "rice", evidence: Evidence | None = None
) -> Priority:
    """Score a request.

    Args:
        method: `rice`, `wsjf`, or what `declared` returned.
        evidence: what stands beside the score; a formula may count with it.
    """
    method = METHODS[method] if isinstance(method, str) else method
    evidence = evidence or Evidence(asked=request.asked)
    values = _values(request, evidence)
    computed = method.formula.value(values)
    arithmetic = _arithmetic(method.formula, values, computed)
    if request.override is not None:
        arithmetic += f"; overridden with {number_text(request.override, 2)}"
        arithmetic += f": {request.override_reason}" if request.override_reason else ""
    return Priority(
        request=request,
        score=computed if request.override is None else rounded(request.override, 2),
        method=method.name,
        arithmetic=arithmetic,
        overridden=request.override is not None,
        computed=computed,
        evidence=evidence,
    )


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
    found = [
        score(request, method, (evidence or {}).get(request.number))
        for request in requests
        if request.state in WAITING
    ]
    return sorted(
        found, key=lambda p: (p.score is None, -(p.score or 0), -p.request.asked, p.request.number)
    )


def _values(request: Request, evidence: Evidence) -> dict[str, float]:
    return {
        **request.inputs,
        "asked": evidence.asked,
        "feedback_count": evidence.feedback,
        "objective_count": len(evidence.objectives),
        "views_90d": evidence.views,
    }


def _arithmetic(formula: Formula, values: Mapping[str, float], computed: float | None) -> str:
    missing = formula.missing(values)
    if missing:
        return f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} not estimated"
    if computed is None:
        return f"{formula.words(values)} divides by 0"
    return f"{formula.words(values)} = {number_text(computed, 2)}"


def _listed(names: Sequence[str]) -> str:
    """`reach, impact and effort`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last

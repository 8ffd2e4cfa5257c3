"""How an asset is, in one word and one line: the verdict on what is known of its runs and checks.

What belongs here: states, and the rules that make a verdict of them. What does not: reading the
event log (`status`), drawing it (`pages`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from platform_assets.inventory.model import Asset


class Health(IntEnum):
    """How an asset is; the larger, the worse."""

    good = 0
    unknown = 1
    warning = 2
    failing = 3


@dataclass(frozen=True)
class CheckResult:
    """The newest result of a check; `at` is None where it never ran.

    Attributes:
        error: a failure is an error, and no mere warning.
        newest_data: time of the newest event, where the check looks for it.
    """

    name: str
    passed: bool = False
    error: bool = False
    description: str = ""
    at: datetime | None = None
    newest_data: datetime | None = None


@dataclass(frozen=True)
class Status:
    """How an asset is now.

    Attributes:
        made_at: when it was last materialized.
        run_id: the run that did it.
        rows: rows then, where they are counted.
        newest_data: time of the newest event in it, where a source names one.
        fresh: Dagster's verdict on the freshness policy: PASS, WARN, FAIL, UNKNOWN, NOT_APPLICABLE.
        running: a run is at work on it.
        failed_run: the run after the last materialization that did not get there.
    """

    made_at: datetime | None = None
    run_id: str = ""
    rows: int | None = None
    newest_data: datetime | None = None
    fresh: str = "UNKNOWN"
    running: bool = False
    failed_run: str = ""
    checks: tuple[CheckResult, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failing(self) -> tuple[CheckResult, ...]:
        """Checks that ran and did not pass."""
        return tuple(c for c in self.checks if c.at is not None and not c.passed)


@dataclass(frozen=True)
class Verdict:
    """A health and its reason, in one line for people."""

    health: Health
    reason: str


def verdict(asset: Asset, status: Status, now: datetime) -> Verdict:
    """Return how an asset is by itself, the worst reason first."""
    if asset.kind == "record":
        return Verdict(Health.good, asset.tags.get("state", "") or asset.layer)
    reasons: list[tuple[Health, str]] = []
    errors = [c.name for c in status.failing if c.error]
    warnings = [c.name for c in status.failing if not c.error]
    if status.failed_run:
        reasons.append((Health.failing, "the last run failed"))
    if errors:
        reasons.append((Health.failing, _checks(errors, "fails", "fail")))
    reasons.extend(_age(asset, status, now))
    if warnings:
        reasons.append((Health.warning, _checks(warnings, "warns", "warn")))
    if status.made_at is None and asset.materializable:
        reasons.append((Health.unknown, "never materialized"))
    if not reasons and asset.kind == "external":
        return _external(asset, status, now)
    if not reasons:
        return Verdict(Health.good, _good(status, now))
    worst = max(health for health, _ in reasons)
    ordered = sorted(reasons, key=lambda r: -r[0])
    return Verdict(worst, "; ".join(text for _, text in ordered))


def _age(asset: Asset, status: Status, now: datetime) -> list[tuple[Health, str]]:
    """Return what the freshness policy says; measured here, since Dagster looks every 30 s only."""
    if status.made_at is None:
        return []
    age = (now - status.made_at).total_seconds()
    if asset.fail_seconds is not None and age > asset.fail_seconds:
        allowed = span(timedelta(seconds=asset.fail_seconds))
        return [(Health.failing, f"{span(now - status.made_at)} old, at most {allowed} is allowed")]
    if asset.warn_seconds is not None and age > asset.warn_seconds:
        allowed = span(timedelta(seconds=asset.warn_seconds))
        return [(Health.warning, f"{span(now - status.made_at)} old, usually less than {allowed}")]
    if asset.deadline and status.fresh == "FAIL":
        return [(Health.failing, f"not made by its deadline ({asset.deadline})")]
    return []


def _external(asset: Asset, status: Status, now: datetime) -> Verdict:
    """Return how something of another platform is, as far as that one tells."""
    if status.running:
        return Verdict(Health.good, "a run is at work")
    if status.made_at is None:
        return Verdict(Health.unknown, "no finished run is known")
    what = "last run ended" if asset.layer == "external job" else "last written"
    return Verdict(Health.good, f"{what} {span(now - status.made_at)} ago")


def _good(status: Status, now: datetime) -> str:
    passed = len([c for c in status.checks if c.at is not None])
    made = f"made {span(now - status.made_at)} ago" if status.made_at else "nothing to make"
    return f"{made}, {passed} check{'s pass' if passed > 1 else ' passes'}" if passed else made


def _checks(names: Sequence[str], one: str, many: str) -> str:
    if len(names) == 1:
        return f"check {names[0]} {one}"
    return f"{len(names)} checks {many}: {', '.join(names[:3])}{' …' if len(names) > 3 else ''}"


def span(age: timedelta) -> str:
    """Return a length of time as people say it: 40 s, 12 min, 5 h, 3 days."""
    seconds = max(age.total_seconds(), 0)
    for limit, unit, name in ((90, 1, "s"), (90 * 60, 60, "min"), (48 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86400:.0f} days"


NO_STATUS = Status()


def holds_until(asset: Asset, status: Status, now: datetime) -> datetime:
    """Return until when a verdict of now holds, if nothing happens: ages are said roughly."""
    if status.made_at is None:
        return now + timedelta(hours=1)
    age = now - status.made_at
    limits = [s for s in (asset.warn_seconds, asset.fail_seconds) if s is not None]
    crossed = [status.made_at + timedelta(seconds=s) for s in limits]
    roughly = now + max(timedelta(seconds=5), age / 50)
    return min([roughly, *(moment for moment in crossed if moment > now)])


def freshness(asset: Asset, status: Status, now: datetime) -> str:
    """Return how an asset stands to its freshness policy, in two words at most."""
    if asset.fail_seconds is None and not asset.deadline:
        return "no policy"
    if status.made_at is None:
        return "never made"
    worst = max((health for health, _ in _age(asset, status, now)), default=Health.good)
    return {Health.failing: "too old", Health.warning: "getting old"}.get(worst, "fresh")

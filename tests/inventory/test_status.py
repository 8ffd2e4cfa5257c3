"""What the event log says of each asset, and the verdict on it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.inventory.health import (
    CheckResult,
    Health,
    Status,
    Verdict,
    freshness,
    span,
    verdict,
)
from platform_assets.inventory.judging import Judged, Verdicts
from platform_assets.inventory.model import Asset, Graph
from platform_assets.inventory.status import Statuses
from tests.catalog.world import NOW

ASSET = Asset("a/b", "table", checks=("c",), warn_seconds=3600, fail_seconds=7200)
GRAPH = Graph({"a/b": ASSET, "x": Asset("x", "table")})


def made(instance: dg.DagsterInstance, rows: int) -> None:
    instance.report_runless_asset_event(
        dg.AssetMaterialization(["a", "b"], metadata={"dagster/row_count": rows})
    )


@pytest.fixture(params=["memory", "one file for each run"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's storages differ in how they are asked for news: in memory, and as it is served."""
    if request.param == "memory":
        with dg.DagsterInstance.ephemeral() as found:
            yield found
        return
    kept = {
        "module": "platform_assets.server.event_log",
        "class": "KeptEventLog",
        "config": {"base_dir": str(tmp_path / "runs")},
    }
    overrides = {"event_log_storage": kept}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=overrides) as found:
        yield found


def test_a_materialization_shows_at_the_next_look(instance: dg.DagsterInstance) -> None:
    statuses = Statuses(instance)
    assert statuses.read(GRAPH)["a/b"].made_at is None
    made(instance, 3)
    found = statuses.read(GRAPH)
    assert found["a/b"].rows == 3 and found["x"].made_at is None
    made(instance, 4)
    assert statuses.read(GRAPH)["a/b"].rows == 4


def test_checks_are_read_with_severity_and_newest_data(instance: dg.DagsterInstance) -> None:
    statuses = Statuses(instance)
    statuses.read(GRAPH)
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(["a", "b"]), check_name="c", passed=False,
            severity=dg.AssetCheckSeverity.WARN, description="3 rows",
            metadata={"newest_event": "2026-05-01T10:00:00+00:00"},
        )
    )  # fmt: skip
    found = statuses.read(GRAPH)["a/b"]
    (check,) = found.checks
    assert (check.passed, check.error, check.description) == (False, False, "3 rows")
    assert found.newest_data == datetime(2026, 5, 1, 10, tzinfo=UTC)


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


@pytest.mark.parametrize(
    ("status", "health", "word"),
    [
        (Status(made_at=ago(0.5)), Health.good, "made 30 min ago"),
        (Status(made_at=ago(1.5)), Health.warning, "usually less than 60 min"),
        (Status(made_at=ago(3)), Health.failing, "at most 2 h is allowed"),
        (Status(), Health.unknown, "never materialized"),
        (Status(made_at=ago(0.5), failed_run="r"), Health.failing, "the last run failed"),
        (
            Status(made_at=ago(0.5), checks=(CheckResult("c", error=True, at=NOW),)),
            Health.failing,
            "check c fails",
        ),
        (Status(made_at=ago(0.5), checks=(CheckResult("c", at=NOW),)), Health.warning, "c warns"),
        (Status(made_at=ago(0.5), checks=(CheckResult("c"),)), Health.good, "made"),
    ],
)
def test_the_verdict_is_the_worst_of_age_checks_and_runs(
    status: Status, health: Health, word: str
) -> None:
    found = verdict(ASSET, status, NOW)
    assert found.health == health and word in found.reason


def test_what_nobody_can_make_is_not_waited_for() -> None:
    found = verdict(replace(ASSET, materializable=False), Status(), NOW)
    assert found.health == Health.good


@pytest.mark.parametrize(
    ("seconds", "words"), [(40, "40 s"), (720, "12 min"), (18_000, "5 h"), (259_200, "3 days")]
)
def test_spans_are_said_as_people_say_them(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_a_verdict_is_kept_while_it_holds_and_made_again_when_it_does_not() -> None:
    judged: Judged = {}
    status = Status(made_at=NOW - timedelta(minutes=59, seconds=58))

    def at(seconds: float, now: Status = status) -> Verdict:
        moment = NOW + timedelta(seconds=seconds)
        return Verdicts({"a/b": ASSET}, {"a/b": now}, moment, judged)["a/b"]

    first = at(0)
    assert first.health == Health.good and at(1) is first
    assert at(2.1).health == Health.warning  # an hour is over: not a second longer
    again = at(3)
    assert at(4, Status(made_at=NOW)).health == Health.good and at(5) is not again


@pytest.mark.parametrize(
    ("asset", "hours", "said"),
    [(ASSET, 0.5, "fresh"), (ASSET, 1.5, "getting old"), (ASSET, 3, "too old"),
     (ASSET, None, "never made"), (Asset("x", "table"), 3, "no policy")],
)  # fmt: skip
def test_freshness_is_said_in_two_words(asset: Asset, hours: float | None, said: str) -> None:
    status = Status(made_at=ago(hours)) if hours is not None else Status()
    assert freshness(asset, status, NOW) == said

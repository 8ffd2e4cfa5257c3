"""What runs by itself: once for what is new, again after a failure, never in a hot loop."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.automation import REFRESH_TAG, refresh_sensor, safety_net
from platform_assets.watching import Attempts, Unclaimed
from resources.errors import PlatformError
from resources.landing import Landing, Span

EVENTS, ORDERS = dg.AssetKey(["raw", "events"]), dg.AssetKey(["raw", "orders"])


@dataclass
class Fake:
    """A source whose news are what the test says."""

    news: dict[dg.AssetKey, str] = field(default_factory=dict)
    trouble: str = ""

    def waiting(self, instance: dg.DagsterInstance) -> dict[dg.AssetKey, str]:
        if self.trouble:
            raise PlatformError(self.trouble)
        return self.news

    def landed(self) -> int:
        return 0

    def spans(self) -> dict[str, list[Span]]:
        return {}


@dg.asset(key=EVENTS)
def events() -> None: ...


@dg.asset(key=ORDERS)
def orders() -> None: ...


@dg.asset(deps=[EVENTS])
def sessions() -> None: ...


@dg.asset(deps=[sessions, ORDERS])
def report() -> None: ...


def tick(
    sources: Sequence[Fake],
    instance: dg.DagsterInstance,
    cursor: str | None = None,
    watch_seconds: float = 0,
) -> tuple[list[set[str]], str, str]:
    """Return the selections of the runs asked for, the next cursor, and why none was."""
    sensor = refresh_sensor(sources, watch_seconds)
    defs = dg.Definitions(assets=[events, orders, sessions, report], sensors=[sensor])
    context = dg.build_sensor_context(
        instance=instance, cursor=cursor, repository_def=defs.get_repository_def()
    )
    result = sensor(context)
    if isinstance(result, dg.SkipReason):
        return [], cursor or "", result.skip_message or ""
    assert isinstance(result, dg.SensorResult)
    runs = [
        {key.to_user_string() for key in run.asset_selection or ()}
        for run in result.run_requests or ()
    ]
    return runs, result.cursor or "", ""


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def test_new_data_starts_one_run_of_what_it_touches_and_all_downstream(
    instance: dg.DagsterInstance,
) -> None:
    runs, _, _ = tick([Fake({EVENTS: "a"})], instance)
    assert runs == [{"raw/events", "sessions", "report"}]
    runs, _, _ = tick([Fake({ORDERS: "a"})], instance)
    assert runs == [{"raw/orders", "report"}]


@dataclass
class Later(Fake):
    """A source at which something lands while it is being watched."""

    glances: int = 0

    def landed(self) -> int:
        self.glances += 1
        if self.glances == 3:
            self.news = {EVENTS: "a"}
        return int(self.glances >= 3)


def test_what_lands_during_a_look_is_found_by_it(instance: dg.DagsterInstance) -> None:
    runs, _, _ = tick([Fake(), Later()], instance, watch_seconds=30)
    assert runs == [{"raw/events", "sessions", "report"}]


def test_a_look_ends_when_nothing_lands(instance: dg.DagsterInstance) -> None:
    source = Later(glances=-1_000)
    assert tick([source], instance, watch_seconds=1)[2] == "Nothing new."
    assert -998 <= source.glances <= -990


def test_news_of_several_sources_are_one_run(instance: dg.DagsterInstance) -> None:
    runs, _, _ = tick([Fake({EVENTS: "a"}), Fake({ORDERS: "b"})], instance)
    assert runs == [{"raw/events", "raw/orders", "sessions", "report"}]


def test_nothing_new_starts_nothing(instance: dg.DagsterInstance) -> None:
    assert tick([Fake()], instance)[0] == []


def test_the_same_news_are_not_asked_for_again_at_once_but_other_news_are(
    instance: dg.DagsterInstance,
) -> None:
    _, cursor, _ = tick([Fake({EVENTS: "a"})], instance)
    assert tick([Fake({EVENTS: "a"})], instance, cursor)[0] == []
    assert len(tick([Fake({EVENTS: "b"})], instance, cursor)[0]) == 1


def test_while_a_refresh_runs_nothing_is_started(instance: dg.DagsterInstance) -> None:
    run = dg.DagsterRun(
        job_name="x", status=dg.DagsterRunStatus.STARTED, tags={REFRESH_TAG: "true"}
    )
    instance.add_run(run)
    runs, _, why = tick([Fake({EVENTS: "a"})], instance)
    assert runs == [] and "refreshing" in why


def test_a_source_that_can_not_be_reached_does_not_hide_the_others(
    instance: dg.DagsterInstance,
) -> None:
    runs, _, _ = tick([Fake(trouble="The shop is down."), Fake({EVENTS: "a"})], instance)
    assert len(runs) == 1
    assert "The shop is down." in tick([Fake(trouble="The shop is down.")], instance)[2]


def test_a_failed_load_is_tried_again_ever_more_patiently() -> None:
    attempts, moments, now = Attempts(), [], 0.0
    while len(moments) < 6:
        if attempts.due({EVENTS: "a"}, now):
            moments.append(now)
        now += 1
    gaps = [b - a for a, b in pairwise(moments)]
    assert gaps == [10, 20, 40, 80, 160]
    for _ in range(20):
        attempts.asked["raw/events"]["times"] += 1
    assert attempts.due({EVENTS: "a"}, now + 600)


def test_a_cursor_that_can_not_be_read_is_forgotten() -> None:
    assert Attempts.load("{torn").asked == {}
    saved = Attempts.load(None)
    saved.due({EVENTS: "a"}, 5.0)
    assert Attempts.load(saved.dump()) == saved


def net_asset() -> dg.AssetsDefinition:
    @dg.asset(deps=[EVENTS], key="mart", automation_condition=safety_net())
    def mart() -> None: ...

    return mart


def requested(
    defs: list[dg.AssetsDefinition],
    instance: dg.DagsterInstance,
    cursor: object = None,
) -> tuple[int, object]:
    result = dg.evaluate_automation_conditions(defs=defs, instance=instance, cursor=cursor)  # type: ignore[arg-type]
    return result.total_requested, result.cursor


def test_the_net_catches_what_a_run_left_stale_and_rests_when_all_is_fresh(
    instance: dg.DagsterInstance,
) -> None:
    assets = [events, net_asset()]
    dg.materialize(assets, instance=instance)
    count, cursor = requested(assets, instance)
    assert count == 0
    dg.materialize(assets, instance=instance)
    count, cursor = requested(assets, instance, cursor)
    assert count == 0, "one run refreshed both: nothing is left"
    dg.materialize([events], instance=instance)
    count, cursor = requested(assets, instance, cursor)
    assert count == 1
    count, cursor = requested(assets, instance, cursor)
    assert count == 0, "it was asked for already"


def test_the_net_makes_nothing_of_records_that_name_what_is_not_there(
    instance: dg.DagsterInstance,
) -> None:
    key, now = dg.AssetKey(["product", "links"]), datetime.now(UTC)
    holds = {"passed": True}

    @dg.multi_asset(
        specs=[dg.AssetSpec(key)],
        check_specs=[dg.AssetCheckSpec("hold", asset=key, blocking=True)],
    )
    def links() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        yield dg.MaterializeResult(asset_key=key)
        yield dg.AssetCheckResult(asset_key=key, check_name="hold", passed=holds["passed"])

    @dg.asset(deps=[key], automation_condition=safety_net())
    def backlog() -> None: ...

    assets = [links, backlog]

    def asked(minutes: int, cursor: object = None) -> tuple[int, object]:
        result = dg.evaluate_automation_conditions(
            defs=assets,
            instance=instance,
            cursor=cursor,  # type: ignore[arg-type]
            evaluation_time=now + timedelta(minutes=minutes),
        )
        return result.total_requested, result.cursor

    dg.materialize(assets, instance=instance)
    _, cursor = asked(0)
    holds["passed"] = False
    dg.materialize(assets, instance=instance, raise_on_error=False)
    count, cursor = asked(20, cursor)
    assert count == 0, "not at the next quarter of an hour either"
    holds["passed"] = True
    dg.materialize([links], instance=instance)
    count, _ = asked(40, cursor)
    assert count == 1


def test_a_file_that_no_source_claims_is_told(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "a.csv").touch()
    landing = Landing(str(tmp_path))
    assert Unclaimed(["orders/*.csv"], landing).waiting(instance) == {}
    (tmp_path / "orders" / "b.xlsx").touch()
    (tmp_path / "orders" / ".c.xlsx.part").touch()
    _, _, skipped = tick([Unclaimed(["orders/*.csv"], landing)], instance)  # type: ignore[list-item]
    assert skipped == "Files have landed that belong to no source: orders/b.xlsx."

"""What runs by itself: the sensor that follows new data, and the safety net behind it.

One sensor looks at every source; what is new starts one run of what it touches and everything
downstream. Automation conditions pick up whatever is left stale: by a failure, or by a change
that no sensor sees.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from platform_assets.watching import Attempts, Watched, watch
from resources.landing import Span, spans
from resources.settings import settings

REFRESH_TAG = "platform/refresh"
UNIT_TEST = "unit_"  # what names of checks that are dbt unit tests begin with
RETRY_CRON = "*/15 * * * *"
RECORDS = "product"  # what keys of the tables of records begin with
ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def safety_net() -> dg.AutomationCondition[dg.AssetKey]:
    """Return the condition of everything downstream of a source.

    True when something upstream is newer than the asset and nobody is working on either; after a
    failure, it tries again at the next quarter of an hour rather than at once. Nothing is made of
    records that name what is not there, until that is mended.
    """
    condition = dg.AutomationCondition
    stale = (
        condition.any_deps_match(condition.newly_updated()).since(
            condition.newly_updated() | condition.newly_requested()
        )
        | condition.execution_failed()
    )
    quiet = ~condition.in_progress() & ~condition.any_deps_in_progress()
    calm = ~condition.execution_failed() | condition.cron_tick_passed(RETRY_CRON)
    refused = condition.any_deps_match(
        condition.any_checks_match(condition.check_failed(), blocking_only=True)
    ).allow(dg.AssetSelection.key_prefixes([RECORDS]))
    ready = ~condition.any_deps_missing() & ~refused
    return (stale & quiet & calm & ready).with_label("left stale")


def refresh_sensor(
    sources: Sequence[Watched], watch_seconds: float | None = None
) -> dg.SensorDefinition:
    """Return the sensor that starts one run for whatever is new, and all that depends on it.

    Args:
        sources: what to look at.
        watch_seconds: how long a look that finds nothing waits for something to land; default:
            until shortly before the next one.
    """
    # The daemon's loop takes five seconds and a little: asked for five, it would skip every second.
    interval = max(settings().sensor_interval - 1, 1)
    seconds = interval if watch_seconds is None else watch_seconds

    @dg.sensor(
        name="new_data",
        target=dg.AssetSelection.all(),
        minimum_interval_seconds=interval,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Looks at the landing zone and the databases; refreshes what new data touches.",
    )
    def new_data(
        context: dg.SensorEvaluationContext,
    ) -> dg.SensorResult | dg.SkipReason:
        active = context.instance.get_runs(
            dg.RunsFilter(statuses=ACTIVE, tags={REFRESH_TAG: "true"}), limit=1
        )
        if active:
            return dg.SkipReason(f"Run {active[0].run_id[:8]} is still refreshing.")
        attempts = Attempts.load(context.cursor)
        due, troubles = watch(sources, context.instance, attempts, seconds)
        for trouble in troubles:
            context.log.error(trouble)
        if not due:
            reason = "; ".join(troubles) or "Nothing new."
            return dg.SkipReason(reason)
        graph = context.repository_def.asset_graph if context.repository_def else None
        assert graph is not None
        tags = spans.dump(_spans(sources, due))
        return dg.SensorResult(run_requests=[_run(due, graph, tags)], cursor=attempts.dump())

    return new_data


def _spans(sources: Iterable[Watched], due: Iterable[dg.AssetKey]) -> dict[str, Sequence[Span]]:
    """Return where the looks found what is due, by source."""
    names = {key.path[-1] for key in due}
    found = {name: each for source in sources for name, each in source.spans().items()}
    return {name: each for name, each in found.items() if name in names}


def _run(due: Mapping[dg.AssetKey, str], graph: Any, tags: Mapping[str, str]) -> dg.RunRequest:
    """Return the run of what is new, everything downstream, and the checks of these."""
    touched = dg.AssetSelection.assets(*due).downstream().resolve(graph)
    selected = touched & graph.executable_asset_keys
    return dg.RunRequest(
        asset_selection=sorted(selected),
        asset_check_keys=_checks_of_data(graph.get_check_keys_for_assets(selected)),
        tags={REFRESH_TAG: "true", "platform/new": ",".join(_names(due))[:200], **tags},
    )


def _checks_of_data(checks: Iterable[dg.AssetCheckKey]) -> list[dg.AssetCheckKey]:
    """Return the checks that new data can fail: a unit test only fails when its model changes."""
    return sorted(check for check in checks if not check.name.startswith(UNIT_TEST))


def _names(keys: Iterable[dg.AssetKey]) -> list[str]:
    return sorted(key.to_user_string() for key in keys)


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Return the sensor behind the automation conditions, running from the start."""
    return dg.AutomationConditionSensorDefinition(
        "left_stale",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        run_tags={REFRESH_TAG: "true"},
    )

"""What runs by itself: the sensor that follows new data, and the safety net behind it.

One sensor looks at every source; what is new starts one run of what it touches and everything
downstream. Automation conditions pick up whatever is left stale: by a failure, or by a change
that no sensor sees.
"""

import dagster as dg

REFRESH_TAG = "platform/refresh"
RETRY_CRON = "*/15 * * * *"


def safety_net() -> dg.AutomationCondition[dg.AssetKey]:
    """Return the condition of everything downstream of a source.

    True when something upstream is newer than the asset and nobody is working on either; after a
    failure, it tries again at the next quarter of an hour rather than at once.
    """
    condition = dg.AutomationCondition
    stale = condition.any_deps_match(condition.newly_updated()).since(
        condition.newly_updated() | condition.newly_requested()
    ) | condition.execution_failed()
    quiet = ~condition.in_progress() & ~condition.any_deps_in_progress()
    calm = ~condition.execution_failed() | condition.cron_tick_passed(RETRY_CRON)
    return (stale & quiet & calm & ~condition.any_deps_missing()).with_label("left stale")

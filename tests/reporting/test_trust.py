"""What a report's page says of the state of what it rests on."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from platform_assets.components import report

NOW = datetime(2026, 7, 15, 21, 0, tzinfo=UTC)
ORDERS, MART, OTHER, PAGE = (
    dg.AssetKey(path) for path in (["raw", "orders"], ["marts", "days"], ["x"], ["report", "r"])
)


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    """Return a report on a mart on a source, each with a policy, and something else."""
    policy = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26))
    return dg.Definitions(
        assets=[
            dg.AssetSpec(ORDERS, freshness_policy=policy),
            dg.AssetSpec(MART, deps=[ORDERS], freshness_policy=policy),
            dg.AssetSpec(PAGE, deps=[MART], freshness_policy=policy),
            dg.AssetSpec(OTHER, freshness_policy=policy),
        ]
    )


def newest(at: datetime, passed: bool = True) -> dg.AssetCheckEvaluation:
    """Return the check of how old the newest order is."""
    return dg.AssetCheckEvaluation(
        asset_key=ORDERS,
        check_name=report.FRESH,
        passed=passed,
        metadata={"newest_event": dg.MetadataValue.text(at.isoformat())},
        severity=dg.AssetCheckSeverity.WARN,
    )


def test_a_late_source_is_told_in_plain_words_with_what_is_missing(
    definitions: dg.Definitions,
) -> None:
    graph = definitions.resolve_asset_graph()
    at = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)  # 33 hours before: 7 more than allowed
    # The check passed when the source was loaded last; since then nothing came.
    for passed in (True, False):
        assert report.lateness([newest(at, passed)], graph, NOW) == {
            ORDERS: "raw/orders is 7 hours late: what happened after Tue 14 Jul, 12:00 UTC "
            "is missing."
        }
    assert report.lateness([newest(NOW - timedelta(hours=25))], graph, NOW) == {}


def test_a_table_that_was_not_made_for_too_long_is_told(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    with dg.DagsterInstance.ephemeral() as instance:
        for key in (ORDERS, MART, OTHER, PAGE):
            instance.report_runless_asset_event(dg.AssetMaterialization(key))
        now = datetime.now(UTC)
        assert report.overdue(instance, graph, PAGE, now) == []
        later = now + timedelta(hours=60)
        told = report.overdue(instance, graph, PAGE, later)
        assert told == [
            "marts/days was last made 60 hours ago; at most 26 hours are allowed.",
            "raw/orders was last made 60 hours ago; at most 26 hours are allowed.",
        ]
        assert len(report.overdue(instance, graph, PAGE, later, known={ORDERS})) == 1

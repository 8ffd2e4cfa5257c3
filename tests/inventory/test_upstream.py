"""Whether all that something rests on can be relied on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from platform_assets.inventory.health import CheckResult, Status, verdict
from platform_assets.inventory.model import Asset, Graph
from platform_assets.inventory.upstream import Upstream, upstream
from tests.catalog.world import NOW

HOURS = timedelta(hours=1)
GRAPH = Graph(
    {
        asset.key: asset
        for asset in (
            Asset("raw/shop", "source", fail_seconds=26 * 3600, checks=("c",)),
            Asset("raw/other", "source"),
            Asset("marts/orders", "table", parents=("raw/shop",), fail_seconds=26 * 3600),
            Asset("report/orders", "report", parents=("marts/orders",)),
            Asset("raw/mail", "source"),
            Asset("platform/ledger", "platform", parents=("raw/mail",)),
            Asset("marts/health", "table", parents=("platform/ledger",)),
            Asset("report/other", "report", parents=("raw/other",)),
            Asset("record/request/1", "record", materializable=False),
            Asset(
                "key_result/sold", "other",
                parents=(
                    "marts/orders", "marts/health", "report/other", "record/request/1", "gone"
                ),
            ),
        )
    }
)  # fmt: skip
MADE = Status(made_at=NOW - HOURS)
TABLES = ("raw/shop", "marts/orders", "platform/ledger", "marts/health", "key_result/sold")
GOOD = dict.fromkeys(TABLES, MADE)


def look(changed: dict[str, Status], *, itself: bool = True) -> Upstream:
    statuses = GOOD | changed
    verdicts = {
        key: verdict(asset, statuses.get(key, Status()), NOW) for key, asset in GRAPH.assets.items()
    }
    return upstream(GRAPH, verdicts, statuses, "key_result/sold", NOW, itself=itself)


def test_without_trouble_the_state_of_all_tables_is_told() -> None:
    assert look({}) == Upstream(dict.fromkeys(TABLES, "good"), ())


def test_what_is_late_or_fails_is_told_from_the_sources_on() -> None:
    old = replace(MADE, made_at=NOW - 50 * HOURS)
    failed = CheckResult("c", passed=False, error=True, at=NOW)
    found = look({"marts/orders": old, "raw/shop": replace(MADE, checks=(failed,))})
    assert found.trouble == (
        "raw/shop: check c fails",
        "marts/orders: 2 days old, at most 26 h is allowed",
    )
    assert found.health["raw/shop"] == "failing"


def test_a_source_that_is_loaded_but_brings_nothing_new_is_late() -> None:
    newest = NOW - 29 * HOURS
    found = look({"raw/shop": replace(MADE, newest_data=newest)})
    assert found.health["raw/shop"] == "late"
    assert found.trouble == (
        f"raw/shop: 3 h late, its newest event is of {newest:%Y-%m-%d %H:%M} UTC",
    )
    in_time = look({"raw/shop": replace(MADE, newest_data=NOW - 25 * HOURS)})
    assert in_time.trouble == ()


@pytest.mark.parametrize("key", ["raw/shop", "marts/orders"])
def test_what_was_never_made_can_not_be_relied_on(key: str) -> None:
    assert look({key: Status()}).trouble == (f"{key}: never materialized",)


def test_a_warning_is_no_trouble() -> None:
    warned = CheckResult("c", passed=False, error=False, at=NOW)
    found = look({"raw/shop": replace(MADE, checks=(warned,))})
    assert (found.health["raw/shop"], found.trouble) == ("warning", ())


def test_neither_a_report_nor_another_source_matters() -> None:
    failed = replace(MADE, failed_run="r")
    assert look({"report/other": failed, "raw/other": failed}).trouble == ()


def test_the_platform_s_own_tables_are_true_whatever_their_sources_do() -> None:
    failed = replace(MADE, failed_run="r")
    assert look({"raw/mail": failed}).trouble == ()
    assert look({"platform/ledger": failed}).trouble == ("platform/ledger: the last run failed",)


def test_its_own_failure_counts_only_where_asked() -> None:
    failed = {"key_result/sold": replace(MADE, failed_run="r")}
    assert look(failed).trouble == ("key_result/sold: the last run failed",)
    assert look(failed, itself=False).trouble == ()
    assert "key_result/sold" not in look(failed, itself=False).health


def test_what_is_not_known_can_not_be_relied_on() -> None:
    assert upstream(Graph(), {}, {}, "key_result/sold", NOW).trouble == (
        "key_result/sold: no such asset is known",
    )

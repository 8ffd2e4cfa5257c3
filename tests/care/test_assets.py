"""What is wrong with assets: each kind of trouble once, at its cause, with its next step."""

from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest

from platform_assets.care.attention import Known, attention
from platform_assets.care.model import Item
from platform_assets.care.volumes import Volumes
from platform_assets.inventory.health import Status
from platform_assets.inventory.model import Column
from tests.care.company import MADE, NOW, asset, check, company, fine, old


def found(statuses: dict[str, Status], **known: object) -> dict[str, Item]:
    graph = company()
    told = Known(**known)  # type: ignore[arg-type]
    return {i.key: i for i in attention(graph, {**fine(graph), **statuses}, told, NOW)}


def test_nothing_is_wrong_with_what_is_made_fresh_and_described() -> None:
    assert found({}) == {}


def test_what_is_late_is_listed_at_its_cause_with_how_many_wait() -> None:
    late = dict.fromkeys(["raw/orders", "staging/orders", "marts/revenue"], old(100))
    items = found(late)
    assert set(items) == {"late:raw/orders"}
    item = items["late:raw/orders"]
    assert item.what == "4 days old, at most 2 days is allowed; 2 assets downstream wait"
    assert item.trouble == 7  # 6, and 1 for twice the age allowed
    assert "ask whoever delivers it" in item.next_step


def test_what_was_never_made_is_listed_where_it_begins() -> None:
    items = found(dict.fromkeys(["staging/orders", "marts/revenue", "report/review"], Status()))
    assert set(items) == {"late:staging/orders"}
    assert items["late:staging/orders"].what == "never made; 2 assets downstream wait"
    assert items["late:staging/orders"].trouble == 4
    assert found({"marts/alone": Status(running=True)}) == {}


def test_a_table_that_is_late_by_itself_is_listed_though_its_source_is_getting_old() -> None:
    items = found({"raw/orders": old(30), "staging/orders": old(60)})
    assert set(items) == {"late:raw/orders", "late:staging/orders"}
    assert items["late:raw/orders"].trouble == 1
    assert set(found({"raw/orders": old(30), "staging/orders": old(30)})) == {"late:raw/orders"}


def test_a_run_that_stopped_is_listed_where_it_stopped() -> None:
    stopped = replace(MADE, failed_run="run-2")
    items = found({"staging/orders": stopped, "marts/revenue": stopped, "report/review": stopped})
    assert set(items) == {"failed_run:staging/orders"}
    assert items["failed_run:staging/orders"].what.endswith("2 assets downstream wait")
    assert items["failed_run:staging/orders"].step_url == "/runs/run-2"
    other = replace(MADE, failed_run="run-3")
    assert "failed_run:report/review" in found({"staging/orders": stopped, "report/review": other})


def test_an_asset_on_which_a_run_is_at_work_is_to_be_waited_for() -> None:
    items = found({"raw/orders": replace(old(100), running=True)})
    assert items["late:raw/orders"].next_step.startswith("Wait")


def test_checks_of_an_asset_that_fail_are_one_entry_and_those_that_warn_another() -> None:
    checks = (
        *check("plausible", error=False, description="2 rows are odd").checks,
        *check("unique", description="3 rows\nare double").checks,
        *check("whole").checks,
    )
    items = found({"marts/revenue": replace(MADE, checks=checks)})
    assert [(i.key, i.kind, i.what, i.trouble) for i in items.values()] == [
        (
            "failing_check:marts/revenue", "failing check",
            "check unique fails and 1 more check: 3 rows are double", 7.5,
        ),
        ("warns:marts/revenue", "warns", "check plausible warns: 2 rows are odd", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("4 of 484 records; warns above 0 %, fails above 5 %.", "4 of 484 records"),
        ("0.8 % are odd. See https://example.com", "0.8 % are odd."),
        (f"Of {'many ' * 40}rows", f"Of {'many ' * 15}m…"),
    ],
)
def test_of_what_a_check_says_that_warns_the_list_has_one_short_line(said: str, shown: str) -> None:
    item = found({"marts/revenue": check("odd", error=False, description=said)})
    assert item["warns:marts/revenue"].what == f"check odd warns: {shown}"
    assert item["warns:marts/revenue"].step_url == "/assets/marts/revenue?view=checks"


def test_a_key_result_that_warns_of_what_it_rests_on_is_left_to_that() -> None:
    assert found({"key_result/faster": check("measured", error=False)}) == {}
    assert "failing_check:key_result/faster" in found({"key_result/faster": check("right")})


def test_the_platforms_own_tables_wait_for_nothing() -> None:
    graph = company(
        asset("platform/ledger", "platform", parents=("raw/orders",)),
        asset("marts/health", parents=("platform/ledger",)),
    )
    statuses = {**fine(graph), "raw/orders": old(100), "marts/health": old(100)}
    items = attention(graph, statuses, Known(), NOW)
    assert {item.key for item in items} == {"late:raw/orders", "late:marts/health"}


def test_a_failing_check_explains_why_what_rests_on_it_is_late() -> None:
    items = found({"staging/orders": check("unique"), "marts/revenue": old(100)})
    assert set(items) == {"failing_check:staging/orders"}


@pytest.mark.parametrize(
    ("rows", "trouble"),
    [
        ((90, 200, 210, 190, 200), 5),
        ((9, 200, 210, 190, 200), 7),
        ((500, 200, 210, 190, 200), 1),
        ((150, 200, 210, 190, 200), None),
        ((0, 20, 20, 20, 20), None),  # too few rows to say anything
        ((0, 200, 200, 200), None),  # too few times
    ],
)
def test_a_table_of_unusual_size_is_listed(rows: tuple[int, ...], trouble: int | None) -> None:
    item = found({}, rows={"marts/revenue": rows}).get("volume_off:marts/revenue")
    assert (item.trouble if item else None) == trouble


def test_a_table_of_the_platform_may_grow_with_what_it_does() -> None:
    graph = company(asset("platform/ledger", "platform"))
    known = Known(rows={"platform/ledger": (500, 200, 210, 190, 200)})
    assert attention(graph, fine(graph), known, NOW) == []


def test_columns_without_a_word_and_assets_without_an_owner_are_listed() -> None:
    silent = (Column("id", "bigint", "The number."), Column("total", "bigint"))
    orphan = asset("marts/orphan", owners=(), columns=silent, described_in="dbt/marts.yml")
    graph = company(orphan)
    items = {i.key: i for i in attention(graph, fine(graph), Known(), NOW)}
    assert set(items) == {"unowned:marts/orphan", "undocumented:marts/orphan"}
    assert items["undocumented:marts/orphan"].what == "1 column of 2 without a description"
    assert items["undocumented:marts/orphan"].next_step == "Describe total in dbt/marts.yml."
    assert items["undocumented:marts/orphan"].trouble == 0.5
    assert items["unowned:marts/orphan"].score > items["undocumented:marts/orphan"].score


def test_what_nobody_looks_at_is_listed_at_the_end_of_the_line_after_sixty_days() -> None:
    long = timedelta(days=70)
    assert set(found({}, recorded=long)) == {"unused:report/review", "unused:marts/alone"}
    assert found({}, recorded=timedelta(days=59)) == {}
    looked = {"report/review": 1, "marts/alone": 1}
    assert found({}, recorded=long, looks=looked) == {}
    young = company(asset("marts/young", file="dbt/young.sql"))
    known = Known(recorded=long, looks=looked, changed={"dbt/young.sql": NOW - timedelta(days=9)})
    assert attention(young, fine(young), known, NOW) == []


def test_what_others_have_counts_only_where_something_of_ours_rests_on_it() -> None:
    job = asset("openlineage/job/load", "external", columns=(), description="", owners=())
    failed = {"openlineage/job/load": Status(failed_run="theirs")}
    graph = company(job)
    assert attention(graph, {**fine(graph), **failed}, Known(), NOW) == []
    graph = company(job, asset("marts/ours", parents=("openlineage/job/load",)))
    items = attention(graph, {**fine(graph), **failed}, Known(), NOW)
    assert [(i.key, i.step_url) for i in items] == [("failed_run:openlineage/job/load", "")]


def test_rows_are_read_from_the_event_log_once_for_each_materialization() -> None:
    graph = company()
    with dg.DagsterInstance.ephemeral() as instance:
        key = dg.AssetKey(["marts", "revenue"])
        for rows in (100, 200):
            made = dg.AssetMaterialization(key, metadata={"dagster/row_count": rows})
            instance.report_runless_asset_event(made)
        volumes = Volumes(instance)
        statuses = {"marts/revenue": MADE, "report/review": replace(MADE, rows=None)}
        assert volumes.read(graph, statuses) == {"marts/revenue": (200, 100)}
        instance.report_runless_asset_event(dg.AssetMaterialization(key))
        assert volumes.read(graph, statuses) == {"marts/revenue": (200, 100)}
        assert Volumes(instance, most=0).read(graph, statuses) == {}

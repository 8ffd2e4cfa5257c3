"""The sample company on every engine: same input, same output, to the row and the cent."""

import pytest

from platform_assets.catalog.profile import Contents as Pages
from platform_assets.inventory.model import Asset
from platform_assets.sample import Manifest
from resources.warehouse.sandbox import QueryError, Sandbox
from tests.engines import comparing
from tests.engines.company import Walk
from tests.engines.comparing import is_left_out
from tests.engines.gaps import asked_of
from tests.engines.kinds import ENGINES, OTHERS, REFERENCE
from tests.engines.walking import STEPS
from tests.long import long

pytestmark = [pytest.mark.xdist_group("engines"), pytest.mark.timeout(1000)]

# What an analyst asks: joins, windows, money, times, text.
QUESTION = """
WITH weeks AS (
    SELECT o.customer_type, date_trunc('week', o.ordered_at) AS week, count(*) AS lines,
        sum(l.revenue) AS revenue, median(o.ordered_at) AS middle,
        string_agg(DISTINCT p.category, ',' ORDER BY p.category) AS categories
    FROM marts.fct_orders o
    JOIN marts.fct_order_lines l USING (order_id)
    JOIN marts.dim_products p USING (product_id)
    GROUP BY ALL
)
SELECT *, sum(revenue) OVER (ORDER BY week, customer_type) AS so_far FROM weeks ORDER BY ALL
"""
DELIVERED = [step for step, (delivery, _) in STEPS.items() if delivery]
SHOWN = ("raw.web_events", "intermediate.int_sessions")


@pytest.mark.parametrize("engine", asked_of("the whole walk succeeds"))
@pytest.mark.parametrize("step", STEPS)
def test_every_asset_is_made_and_no_check_fails(
    walks: dict[str, Walk], engine: str, step: str
) -> None:
    told = walks[engine].steps[step]
    assert told["messages"] == []
    assert told["success"]
    assert len(told["rows"]) > 40


def test_the_second_delivery_has_late_events_redeliveries_and_bad_records(
    planted: dict[str, Manifest],
) -> None:
    first, second = planted["first"], planted["second"]
    assert second.web_events.late > first.web_events.late
    assert second.web_events.duplicates_across_files > first.web_events.duplicates_across_files
    assert second.web_events.quarantined["torn_last_line"] == (
        first.web_events.quarantined["torn_last_line"] + 1
    )
    assert sum(second.app_events.quarantined.values()) > sum(first.app_events.quarantined.values())
    assert second.google_ads.records > first.google_ads.records
    assert second.shop.orders > first.shop.orders


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_planted_is_found(
    walks: dict[str, Walk], planted: dict[str, Manifest], engine: str
) -> None:
    with walks[engine].entered() as warehouse, warehouse.reading() as lake:
        for step in DELIVERED:
            delivery, _ = STEPS[step]
            version = f"AT (VERSION => {walks[engine].steps[step]['snapshot']})"
            there = planted[delivery]
            distinct = there.web_events.distinct + there.app_events.distinct
            sessions = there.web_events.sessions + there.app_events.sessions
            bad = sum(sum(s.quarantined.values()) for s in there.sources().values())
            for table, count in {
                "staging.stg_web_events": distinct,
                "marts.fct_sessions": sessions,
                "marts.fct_orders": there.shop.orders,
                "platform.quarantine": bad,
            }.items():
                where = "WHERE line IS NOT NULL" if table == "platform.quarantine" else ""
                found = lake.execute(f"SELECT count(*) FROM {table} {version} {where}").fetchone()
                assert found == (count,), (step, table)


@pytest.mark.parametrize("engine", asked_of("every table has the reference's rows", OTHERS))
@pytest.mark.parametrize("step", DELIVERED)
def test_every_table_is_the_references_to_the_row_and_the_cent(
    walks: dict[str, Walk], engine: str, step: str
) -> None:
    here, there = walks[REFERENCE].contents(step), walks[engine].contents(step)
    if step == "first":  # a view shows what is there now
        views = walks[REFERENCE].views()
        here, there = ({n: c for n, c in x.items() if n not in views} for x in (here, there))
    assert len(here) > 30 and sum(len(table.rows) for table in here.values()) > 10_000
    found = comparing.differences(here, there)
    assert not found, "\n".join(found)


@long("two more runs of everything on each engine")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_without_new_data_changes_no_row(walks: dict[str, Walk], engine: str) -> None:
    walk = walks[engine]
    found = comparing.differences(walk.contents("increment"), walk.contents("again"))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("engine", asked_of("checks say the same", OTHERS))
@pytest.mark.parametrize("step", STEPS)
def test_checks_say_the_same(walks: dict[str, Walk], engine: str, step: str) -> None:
    here, there = (walks[name].steps[step]["checks"] for name in (REFERENCE, engine))
    assert {name: said[:2] for name, said in there.items()} == {
        name: said[:2] for name, said in here.items()
    }


@pytest.mark.parametrize("engine", asked_of("reports have the same numbers", OTHERS))
def test_reports_have_the_same_numbers(walks: dict[str, Walk], engine: str) -> None:
    here, there = walks[REFERENCE].reports(), walks[engine].reports()
    assert there.keys() == here.keys() and len(here) >= 5
    for name, versions in here.items():
        assert len(there[name]) == len(versions) == len(DELIVERED)
        if name in comparing.OF_A_MOMENT:
            continue
        for one, other in zip(versions, there[name], strict=True):
            found, expected = comparing.numbers(other), comparing.numbers(one)
            assert found.keys() == expected.keys() and found, name
            for file, rows in expected.items():
                assert found[file] == rows, f"{name}/{file}"


@pytest.mark.parametrize("engine", asked_of("an analyst's query has the same answer", OTHERS))
def test_an_analysts_query_has_the_same_answer(walks: dict[str, Walk], engine: str) -> None:
    answers = []
    for name in (REFERENCE, engine):
        with walks[name].entered() as warehouse:
            sandbox = Sandbox(warehouse)
            try:
                answers.append(sandbox.run(QUESTION))
                with pytest.raises(QueryError) as error:
                    sandbox.run("DROP TABLE marts.fct_orders")
                assert error.value.kind == "refused"
            finally:
                sandbox.close()
    here, there = answers
    assert here.rows and (there.columns, there.rows) == (here.columns, here.rows)


def pages_of(walk: Walk) -> list[object]:
    """Return what the catalog shows of some tables: previews' columns, whole profiles."""
    shown: list[object] = []
    with walk.entered() as warehouse:
        sandbox = Sandbox(warehouse)
        try:
            for table in SHOWN:
                asset, contents = (
                    Asset(table.replace(".", "/"), "table", table=table),
                    Pages(sandbox),
                )
                preview, profile = contents.preview(asset, ""), contents.profile(asset, "", None)
                shown += [asset.key, preview["columns"], len(preview["rows"]), profile["rows"]]
                shown += [c for c in profile["columns"] if not is_left_out(table, c["name"])]
        finally:
            sandbox.close()
    return shown


@pytest.mark.parametrize("engine", asked_of("the catalog shows the same of a table", OTHERS))
def test_the_catalog_shows_the_same_of_a_table(walks: dict[str, Walk], engine: str) -> None:
    here, there = pages_of(walks[REFERENCE]), pages_of(walks[engine])
    assert there == here and len(here) > 20

"""What became of an asset: materializations, checks and columns over time."""

import dagster as dg
from starlette.testclient import TestClient

from platform_assets.catalog.history import history
from platform_assets.components.source_results import _changes
from tests.catalog.world import FixedCatalog, company


def made(instance: dg.DagsterInstance, rows: int, *columns: tuple[str, str]) -> None:
    schema = dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns])
    metadata = {"dagster/row_count": rows, "seconds": rows / 100, "dagster/column_schema": schema}
    instance.report_runless_asset_event(
        dg.AssetMaterialization(["marts", "fct_orders"], metadata=metadata)
    )


def test_rows_durations_and_changes_of_columns_are_told(catalog: FixedCatalog) -> None:
    made(catalog.instance, 100, ("a", "bigint"), ("b", "bigint"))
    made(catalog.instance, 200, ("a", "double"), ("c", "bigint"))
    found = history(catalog.instance, company().assets["marts/fct_orders"])
    assert [(m["rows"], m["seconds"]) for m in found["made"]] == [(100, 1.0), (200, 2.0)]
    assert {(c["column"], c["change"]) for c in found["changes"]} == {
        ("a", "type changed"),
        ("b", "removed"),
        ("c", "added"),
    }


def test_checks_have_their_results_oldest_first(catalog: FixedCatalog) -> None:
    for passed in (False, True):
        catalog.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(["marts", "fct_orders"]),
                check_name="unique_order_id",
                passed=passed,
            )
        )
    found = history(catalog.instance, company().assets["marts/fct_orders"])
    (check,) = found["checks"]
    assert [r["passed"] for r in check["results"]] == [False, True]


def test_the_page_draws_a_bar_for_each(client: TestClient, catalog: FixedCatalog) -> None:
    for rows in (10, 20, 30):
        made(catalog.instance, rows, ("a", "bigint"))
    text = client.get("/catalog/history/marts/fct_orders").text
    assert text.count("<rect") == 6 and "The columns did not change" in text


def test_a_source_tells_each_of_its_own_changes_once(catalog: FixedCatalog) -> None:
    rows = [
        ("2026-06-02 12:00:00.5+00:00", "2.csv", "b", "column_added", None, "VARCHAR"),
        ("2026-06-01 12:00:00+00:00", "1.csv", "x", "column_renamed", "y", "x"),
    ]
    for known in (rows[1:], rows):
        catalog.instance.report_runless_asset_event(
            dg.AssetMaterialization(
                ["raw", "shop", "orders"], metadata={"schema_changes": _changes(known)}
            )
        )
    found = history(catalog.instance, company().assets["raw/shop/orders"])["changes"]
    assert [(c["at"], c["column"], c["change"], c["before"]) for c in found] == [
        ("2026-06-02T12:00:00+00:00", "b", "added", None),
        ("2026-06-01T12:00:00+00:00", "x", "renamed", "y"),
    ]

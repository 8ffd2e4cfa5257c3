"""Rows and profiles of tables: true, capped, remembered, and silent on personal data."""

import pytest
from starlette.testclient import TestClient

from platform_assets.catalog.profile import MASK, SAMPLE, kind_of, statement
from tests.catalog.world import FixedCatalog, HereSandbox, statuses


def test_a_preview_masks_personal_data_and_is_capped(client: TestClient) -> None:
    told = client.get("/catalog/preview/marts/fct_orders.json").json()
    assert len(told["rows"]) == 50
    assert {row[3] for row in told["rows"]} == {MASK}
    page = client.get("/catalog/preview/marts/fct_orders").text
    assert "@example.com" not in page and "Personal data is masked." in page


def test_a_profile_counts_what_is_there(client: TestClient) -> None:
    told = client.get("/catalog/profile/marts/fct_orders.json").json()
    found = {c["name"]: c for c in told["columns"]}
    assert (told["rows"], told["looked_at"], told["sampled"]) == (200, 200, False)
    assert found["order_id"]["distinct"] == 200
    assert (found["order_id"]["least"], found["order_id"]["most"]) == ("0", "199")
    assert sum(found["order_id"]["histogram"]) == 200
    assert found["order_id"]["top"] == []
    assert found["channel"]["nulls"] == 67
    assert found["channel"]["top"] == [
        {"value": "channel 1", "count": 67},
        {"value": "channel 2", "count": 66},
    ]
    assert found["revenue"]["histogram"][0] == 29 and found["revenue"]["distinct"] == 7


def test_a_profile_of_personal_data_only_counts(client: TestClient) -> None:
    answer = client.get("/catalog/profile/marts/fct_orders.json")
    email = answer.json()["columns"][3]
    assert email["personal"] and email["distinct"] == 200
    assert (email["least"], email["most"], email["top"], email["histogram"]) == (None, None, [], [])
    assert "@example.com" not in answer.text


def test_one_column_is_profiled_on_its_own_page(client: TestClient) -> None:
    told = client.get("/catalog/profile/marts/fct_orders.json?column=REVENUE").json()
    assert [c["name"] for c in told["columns"]] == ["revenue"]


def test_the_warehouse_is_asked_once_for_each_materialization(
    client: TestClient, catalog: FixedCatalog, sandbox: HereSandbox
) -> None:
    sandbox.asked.clear()
    for _ in range(3):
        client.get("/catalog/preview/marts/daily_traffic")
    assert len(sandbox.asked) == 1
    catalog.statuses = {**catalog.statuses, "marts/daily_traffic": statuses()["report/revenue"]}
    client.get("/catalog/preview/marts/daily_traffic")
    assert len(sandbox.asked) == 2


def test_a_table_that_is_not_made_yet_is_said_so(client: TestClient) -> None:
    answer = client.get("/catalog/preview/staging/stg_orders")
    assert answer.status_code == 400
    assert "There is no table staging.stg_orders." in answer.text


def test_a_large_table_is_sampled() -> None:
    small = statement("t", ["a"], [kind_of("BIGINT")], SAMPLE)
    large = statement("t", ["a"], [kind_of("BIGINT")], SAMPLE * 100)
    assert "SAMPLE" not in small and "USING SAMPLE 1.000000% (system, 42)" in large
    assert "approx_count_distinct" in large


TYPES = [
    ("1::TINYINT", True), ("2.5::DOUBLE", True), ("'nan'::DOUBLE", False), ("1.5", True),
    ("DATE '2026-01-01'", True), ("TIMESTAMPTZ '2026-01-01 10:00:00Z'", True), ("'x'", False),
    ("true", False), ("[1, 2]", False), ("{'a': 1}", False), ("MAP {1: 2}", False),
    ("'{}'::JSON", False), ("uuid()", False), ("INTERVAL 1 DAY", False), ("TIME '10:00'", False),
    ("'\\xAA'::BLOB", False), ("1::HUGEINT", True), ("NULL", False),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "drawn"), TYPES)
def test_columns_of_every_type_are_profiled(sandbox: HereSandbox, sql: str, drawn: bool) -> None:
    shape = sandbox.run(f"SELECT {sql} AS v").columns
    table = f'(SELECT {sql} AS "v" UNION ALL SELECT NULL)'
    told = sandbox.run(statement(table, ["v"], [kind_of(shape[0][1])], 2)).rows[0]
    assert told[0] == 2
    assert bool(kind_of(shape[0][1]).place) is drawn or "DOUBLE" in sql or "NULL" in sql

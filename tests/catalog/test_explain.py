"""From a number of a report to everything that it rests on."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from platform_assets.catalog import explain
from platform_assets.catalog.columns import Columns
from platform_assets.catalog.explain import explanation
from platform_assets.catalog.pages import Missing
from platform_assets.inventory import changes
from platform_assets.inventory.changes import Commit
from tests.catalog.world import FixedCatalog, declare_report


@pytest.fixture(autouse=True)
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = declare_report(tmp_path / "declared")
    monkeypatch.setattr(explain, "folder", lambda: folder)
    commit = Commit("2026-05-30T10:00:00+02:00", "Ada", "Count VAT")
    monkeypatch.setattr(changes, "last", lambda files: dict.fromkeys(files, commit))


def test_a_number_is_explained_by_query_columns_and_conditions() -> None:
    facts = explanation(FixedCatalog().view(), "revenue", "kpi", "revenue")
    assert [(f["label"], f["how"]) for f in facts["from"]] == [("fct_orders", "the sum of")]
    assert [c["words"] for c in facts["conditions"]] == ["only orders whose channel is not “test”"]
    assert [s["asset"]["key"] for s in facts["steps"]] == [
        "marts/fct_orders", "staging/stg_orders", "raw/shop/orders",
    ]  # fmt: skip
    assert facts["steps"][1]["conditions"][0]["words"] == "only orders that are not cancelled"
    assert facts["queries"][0]["sql"].startswith("SELECT sum(revenue)")


def test_each_table_on_the_way_is_told_with_what_makes_it_trusted() -> None:
    facts = explanation(FixedCatalog().view(), "revenue", "kpi", "revenue")
    way = {t["key"]: t for t in facts["way"]}
    assert set(way) == {
        "marts/fct_orders", "staging/stg_orders", "raw/shop/orders", "raw/shop/customers",
    }  # fmt: skip
    orders = way["marts/fct_orders"]
    assert (
        orders["policy"] == "at most 2 h old, usually less than 60 min" or "old" in orders["policy"]
    )
    assert (orders["passed"], orders["checks"], orders["failed"]) == (1, 1, [])
    assert orders["changed"] == {
        "at": "2026-05-30T08:00:00+00:00", "by": "Ada", "what": "Count VAT",
    }  # fmt: skip
    assert way["raw/shop/customers"]["role"] == "rows"
    # The mart is late and the staging table's run failed: said before the number is believed.
    assert {t["key"] for t in facts["care"]} >= {"marts/fct_orders"}


def test_a_count_of_rows_rests_on_the_table() -> None:
    facts = explanation(FixedCatalog().view(), "revenue", "kpi", "orders")
    assert facts["known"] and "marts/fct_orders" in {t["key"] for t in facts["way"]}


def test_without_lineage_the_report_s_tables_are_told() -> None:
    catalog = FixedCatalog(columns=Columns(problem="dbt does not compile the project"))
    facts = explanation(catalog.view(), "revenue", "kpi", "revenue")
    assert not facts["known"] and facts["problem"] == "dbt does not compile the project"
    assert "marts/fct_orders" in {t["key"] for t in facts["way"]}
    assert facts["queries"][0]["name"] == "kpi"


@pytest.mark.parametrize(
    ("report", "query", "column"),
    [("none", "kpi", "revenue"), ("revenue", "none", "revenue"), ("revenue", "kpi", "none")],
)
def test_what_is_not_there_is_not_found(
    client: TestClient, report: str, query: str, column: str
) -> None:
    assert client.get(f"/catalog/explain/{report}/{query}/{column}").status_code == 404
    with pytest.raises(Missing):
        explanation(FixedCatalog().view(), report, query, column)


def test_the_page_and_its_twin_say_the_same(client: TestClient) -> None:
    page = client.get("/catalog/explain/revenue/kpi/revenue")
    assert page.status_code == 200
    for told in ("The sum of", "Only orders whose channel is not “test”", "Count VAT", "<mark>"):
        assert told in page.text
    twin = client.get("/catalog/explain/revenue/kpi/revenue.json").json()
    assert twin["query"] == "kpi" and twin["known"] is True


def test_the_last_change_of_a_file_is_its_newest_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    told = {
        "rev-parse": "abc",
        "log": "\x012026-02-02T00:00:00Z\0Ada\0Second\n\na.sql\n"
        "\x012026-01-01T00:00:00Z\0Bob\0First\n\na.sql\nb.sql\n",
    }
    asked: list[str] = []

    def git(*arguments: str) -> str:
        asked.append(arguments[0])
        return told[arguments[0]]

    monkeypatch.setattr(changes.git, "ask", git)
    monkeypatch.setattr(changes, "_KNOWN", {})
    found = changes.last(["a.sql", "b.sql", "c.sql"])
    assert {file: commit.what for file, commit in found.items()} == {
        "a.sql": "Second", "b.sql": "First",
    }  # fmt: skip
    assert changes.last(["a.sql", "c.sql"])["a.sql"].by == "Ada"
    assert asked.count("log") == 1


def test_without_git_no_change_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(changes.git, "ask", lambda *arguments: "")
    assert changes.last(["a.sql"]) == {}

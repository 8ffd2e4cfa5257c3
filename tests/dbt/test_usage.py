"""Use of assets and searches in vain, from recorded events."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest

from tests.dbt.company_lake import CompanyLake, company_lake

MODELS = ("stg_usage", "asset_usage", "search_misses")
NOW = datetime.fromisoformat("2026-06-30 12:00:00")  # UTC, of the newest event
COUNTS = "views_7d, views_90d, searches_90d, queries_90d, opens_90d, downloads_90d, uses_90d"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, manifest: Manifest) -> Iterator[CompanyLake]:
    with company_lake(tmp_path_factory.mktemp("usage"), manifest, "access_log") as made:
        yield made


def event(days_ago: float, kind: str, asset: str | None = None, **given: Any) -> dict[str, Any]:
    at = (NOW - timedelta(days=days_ago)).isoformat() + "Z"
    return {"used_at": at, "kind": kind, "asset": asset, **given}


def recordings(first: int, last: int) -> list[dict[str, Any]]:
    return [event(day, "recording") for day in range(first, last)]


USED = [
    event(0, "view", "marts/fct_orders", page="asset", person="a"),
    event(6.9, "view", "marts/fct_orders", page="column", person="a", came_from="search"),
    event(7.1, "view", "marts/fct_orders", page="asset", person="b"),
    event(30, "query", "marts/fct_orders", format="csv", person="c"),
    event(90.1, "view", "marts/fct_orders", page="asset", person="d"),
    event(40, "open", "report/sales", version="20260521T000000Z"),
    event(41, "download", "report/sales", format="pdf"),
    event(2, "view", page="home"),
]
LISTED = [
    event(80, "listed", "marts/forgotten", dependents=0),
    event(80, "listed", "marts/needed", dependents=2),
    event(80, "listed", "marts/gone", dependents=0),
    event(5, "removed", "marts/gone"),
    event(58, "listed", "marts/new", dependents=0),
    event(80, "listed", "report/sales", dependents=0),
    event(85, "listed", "marts/was_needed", dependents=3),
    event(3, "listed", "marts/was_needed", dependents=0),
    event(100, "view", "marts/long_ago"),
    event(80, "listed", "marts/long_ago", dependents=0),
]
SEARCHES = [
    event(9, "search", text="Margin ", results=0, narrowed=False, person="a"),
    event(8, "search", text="margin", results=0, narrowed=False, person="b"),
    event(7, "search", text="churn", results=0, narrowed=False),
    event(6, "search", text="churn", results=2, narrowed=False),
    event(6, "search", text="orders", results=5, narrowed=False),
    event(5, "search", text="orders", results=0, narrowed=True),
    event(5, "search", text="untold"),
]


def test_without_a_file_the_models_are_there_and_empty(lake: CompanyLake) -> None:
    lake.build(*MODELS)
    assert all(not lake.rows(f"SELECT * FROM lake.{name}") for name in tables())
    assert set(lake.tests_of(*MODELS).values()) == {"pass"}


def tables() -> list[str]:
    return ["staging.stg_usage", "marts.asset_usage", "marts.search_misses"]


@pytest.fixture(scope="module")
def used(lake: CompanyLake) -> CompanyLake:
    """The lake after a quarter of use."""
    lake.make_raw("usage")
    lake.land("usage", [*recordings(0, 85), *USED, *LISTED, *SEARCHES])
    lake.build(*MODELS)
    return lake


def test_use_is_counted_by_asset_and_window(used: CompanyLake) -> None:
    found = used.rows(
        f"SELECT asset, {COUNTS}, readers_90d FROM marts.asset_usage WHERE uses_90d > 0 ORDER BY 1"
    )
    assert found == [
        ("marts/fct_orders", 2, 3, 1, 1, 0, 0, 4, 3),
        ("report/sales", 0, 0, 0, 0, 1, 1, 2, None),  # nobody was told apart
    ]
    last = "SELECT last_viewed_at, last_used_at FROM marts.asset_usage WHERE asset = '{}'"
    assert used.rows(last.format("marts/fct_orders")) == [(NOW, NOW)]
    assert used.rows(last.format("report/sales")) == [(None, NOW - timedelta(days=40))]


def test_what_may_be_retired_is_known_long_enough_unused_and_needed_by_nothing(
    used: CompanyLake,
) -> None:
    found = used.rows(
        "SELECT asset, is_listed, dependents, recorded_days FROM marts.asset_usage "
        "WHERE is_candidate_for_retirement ORDER BY 1"
    )
    assert found == [
        ("marts/forgotten", True, 0, 81),
        ("marts/long_ago", True, 0, 86),
        ("marts/was_needed", True, 0, 86),
    ]
    assert used.rows(
        "SELECT asset, is_listed, recorded_days FROM marts.asset_usage "
        "WHERE asset IN ('marts/gone', 'marts/new') ORDER BY 1"
    ) == [("marts/gone", False, 81), ("marts/new", True, 59)]


def test_days_on_which_nothing_was_recorded_do_not_count(used: CompanyLake) -> None:
    used.execute("DELETE FROM lake.raw.usage WHERE kind = 'recording'")
    used.build(*MODELS)
    assert not used.rows("FROM marts.asset_usage WHERE is_candidate_for_retirement")


def test_searches_in_vain_are_gathered_and_those_that_find_by_now_are_told(
    used: CompanyLake,
) -> None:
    at = lambda days: NOW - timedelta(days=days)  # noqa: E731
    found = used.rows(
        "SELECT text, times, readers, first_at, last_at, is_answered "
        "FROM marts.search_misses ORDER BY 1"
    )
    assert found == [
        ("churn", 1, None, at(7), at(7), True),
        ("margin", 2, 2, at(9), at(8), False),
    ]
    assert set(used.tests_of(*MODELS).values()) == {"pass"}

"""Ad spend: the newest export counts, and every campaign's spend meets its orders."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest

from tests.dbt.company_lake import CompanyLake, company_lake

SPEND = ("stg_google_ads", "stg_meta_ads", "ad_spend")


@pytest.fixture(scope="module")
def module_lake(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest
) -> Iterator[CompanyLake]:
    tables = ("google_ads", "meta_ads", "shop__orders")
    with company_lake(tmp_path_factory.mktemp("ads"), manifest, *tables) as made:
        yield made


@pytest.fixture
def lake(module_lake: CompanyLake) -> CompanyLake:
    module_lake.clear()
    return module_lake


def google(day: str, cost: str | None, group: str = "tents", **given: Any) -> dict[str, Any]:
    row = {"date": day, "campaign_id": "17", "campaign_name": "search_brand", "ad_group": group}
    figures = {"device": "MOBILE", "impressions": 1000, "clicks": 20, "cost": cost}
    return {**row, **figures, "currency": "EUR", **given}


def meta(day: str, spent: str, **given: Any) -> dict[str, Any]:
    row = {"day": day, "campaign_id": "23", "campaign": "spring", "adset": "Zelten & Familie"}
    return {**row, "impressions": 500, "link_clicks": 5, "amount_spent": spent, **given}


def test_the_newest_export_counts_also_when_an_old_one_lands_after_it(lake: CompanyLake) -> None:
    first, second = "google_ads/google_ads_2026-01-05.csv", "google_ads/google_ads_2026-01-12.csv"
    lake.land("google_ads", [google("2026-01-04", "10.10"), google("2026-01-05", "7")], file=second)
    lake.land("google_ads", [google("2026-01-04", "8.00"), google("2026-01-03", "1")], file=first)
    lake.build(*SPEND)
    found = lake.rows("SELECT date, source, spend, clicks FROM marts.ad_spend ORDER BY 1")
    assert found == [
        (date(2026, 1, 3), "Google Ads", Decimal("1.00"), 20),
        (date(2026, 1, 4), "Google Ads", Decimal("10.10"), 20),
        (date(2026, 1, 5), "Google Ads", Decimal("7.00"), 20),
    ]


def test_cents_are_exact_and_rates_are_empty_where_nothing_is_divided(lake: CompanyLake) -> None:
    groups = [google("2026-01-04", "0.10", group=f"g{n}", conversions="0.10") for n in range(3)]
    lake.land("google_ads", groups)
    silent = {"impressions": 0, "link_clicks": None}
    lake.land("meta_ads", [meta("2026-01-04", "0.00", **silent)])
    lake.build(*SPEND)
    found = lake.rows(
        "SELECT source, spend, reported_conversions, click_through_rate, cost_per_click "
        "FROM marts.ad_spend ORDER BY 1"
    )
    assert found == [
        ("Google Ads", Decimal("0.30"), Decimal("0.30"), Decimal("0.02"), Decimal("0.005")),
        ("Meta Ads", Decimal("0.00"), None, None, None),
    ]
    assert set(lake.tests_of("ad_spend").values()) == {"pass"}


def test_revenue_meets_the_spend_of_its_service_and_campaign_only(lake: CompanyLake) -> None:
    lake.make_sessions()
    lake.land("google_ads", [google("2026-01-04", "5.00")])
    lake.land("meta_ads", [meta("2026-01-04", "4.00")])
    at = datetime.fromisoformat("2026-01-05 10:00:00")
    ways = {
        1: ("google", "search_brand"),
        2: ("bing", "search_brand"),  # the same campaign name at another service
        3: ("instagram", "spring"),
        4: ("google", "free_listings"),  # nothing was ever spent on it
    }
    visits = [
        {
            "session_id": f"s{n}",
            "device_id": f"d{n}",
            "person_id": f"c_{n}",
            "session_start_at": at,
            "session_end_at": at,
            "source": source,
            "medium": "cpc",
            "campaign": campaign,
            "is_bot": False,
            "_load_id": 1,
        }
        for n, (source, campaign) in ways.items()
    ]
    lake.insert("marts", "fct_sessions", visits)
    orders = [
        {
            "id": n,
            "order_number": f"FW-{n}",
            "customer_id": n,
            "status": "paid",
            "total": f"{n}0.00",
            "created_at": f"{at}Z",
            "updated_at": f"{at}Z",
        }
        for n in ways
    ]
    lake.land("shop__orders", orders)
    lake.build(
        "channel_source_categories",
        "ad_services",
        *SPEND,
        "stg_shop_orders",
        "fct_orders",
        "int_session_channels",
        "fct_attribution_touchpoints",
        "return_on_ad_spend",
    )
    found = lake.rows(
        "SELECT date, source, campaign, spend, orders, revenue, return_on_ad_spend "
        "FROM marts.return_on_ad_spend ORDER BY 1, 2"
    )
    first, second = date(2026, 1, 4), date(2026, 1, 5)
    nothing = Decimal(0)
    assert found == [
        (first, "Google Ads", "search_brand", Decimal(5), nothing, nothing, nothing),
        (first, "Meta Ads", "spring", Decimal(4), nothing, nothing, nothing),
        (second, "Google Ads", "search_brand", nothing, Decimal(1), Decimal(10), None),
        (second, "Meta Ads", "spring", nothing, Decimal(1), Decimal(30), None),
    ]
    assert set(lake.tests_of("return_on_ad_spend").values()) == {"pass"}

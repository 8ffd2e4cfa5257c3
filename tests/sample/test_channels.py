"""Where visits come from: every default channel group, each touch in the group it names."""

import csv
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from platform_assets.sample.channels import APP_TOUCHES, GOOGLE_ADS, META_ADS, WEB_TOUCHES, Touch

from .conftest import Made
from .naive import first_deliveries, read_events

RULES = Path(__file__).resolve().parents[3] / "shared" / "data" / "attribution_rules"
TOUCHES = (*WEB_TOUCHES, *APP_TOUCHES)


def google_channel(touch: Touch, categories: dict[str, str]) -> str:
    """Return Google's default channel group of a touch, by its published rules, in order."""
    host = (urlsplit(touch.referrer).hostname or "").removeprefix("www.")
    source = touch.source or host or "(direct)"
    medium = touch.medium or ("referral" if host else "(none)")
    category = categories.get(source, categories.get(source.split(".")[0], ""))
    kind = category.removeprefix("SOURCE_CATEGORY_")
    paid = re.search(r"^(.*cp.*|ppc|retargeting|paid.*)$", medium) is not None
    shopping = re.search(r"^(.*(([^a-df-z]|^)shop|shopping).*)$", touch.campaign) is not None
    rules = [
        ("Direct", source == "(direct)" and medium in ("(none)", "(not set)")),
        ("Cross-network", "cross-network" in touch.campaign),
        ("Paid Shopping", (kind == "SHOPPING" or shopping) and paid),
        ("Paid Search", kind == "SEARCH" and paid),
        ("Paid Social", kind == "SOCIAL" and paid),
        ("Paid Video", kind == "VIDEO" and paid),
        ("Display", medium in ("display", "banner", "expandable", "interstitial", "cpm")),
        ("Paid Other", paid),
        ("Organic Shopping", kind == "SHOPPING" or shopping),
        ("Organic Social", kind == "SOCIAL" or medium in ("social", "social-network")),
        ("Organic Video", kind == "VIDEO" or "video" in medium),
        ("Organic Search", kind == "SEARCH" or medium == "organic"),
        ("Referral", medium in ("referral", "app", "link")),
        ("Email", source in ("email", "e-mail") or medium in ("email", "e-mail")),
        ("Affiliates", medium == "affiliate"),
        ("Audio", medium == "audio"),
        ("SMS", source == "sms" or medium == "sms"),
        ("Mobile Push Notifications", medium.endswith("push") or source == "firebase"),
    ]
    return next((name for name, holds in rules if holds), "Unassigned")


@pytest.fixture(scope="module")
def categories() -> dict[str, str]:
    if not RULES.is_dir():
        pytest.skip(f"the shared data is not beside the repository: {RULES}")
    with (RULES / "ga4_source_categories.csv").open(newline="") as lines:
        return {row["source"]: row["source_category"] for row in csv.DictReader(lines)}


@pytest.mark.parametrize("touch", TOUCHES, ids=lambda t: f"{t.source}-{t.medium}-{t.campaign}")
def test_each_touch_falls_into_the_group_it_names(touch: Touch, categories: dict[str, str]) -> None:
    assert google_channel(touch, categories) == touch.channel


def test_the_touches_cover_every_default_channel_group() -> None:
    if not RULES.is_dir():
        pytest.skip(f"the shared data is not beside the repository: {RULES}")
    cases = json.loads((RULES / "ga4_default_channel_cases.json").read_text())
    assert {touch.channel for touch in TOUCHES} == {case["expected_channel"] for case in cases}


def test_campaigns_of_the_advertising_services_have_a_number_and_a_group() -> None:
    for touch in (*GOOGLE_ADS, *META_ADS):
        assert touch.campaign_id.isdigit() and touch.campaign and touch.content
    names = {(touch.campaign, touch.content) for touch in (*GOOGLE_ADS, *META_ADS)}
    assert len(names) == len(GOOGLE_ADS) + len(META_ADS)


def test_the_campaign_is_in_the_context_and_the_url_of_the_landing_page_only(made: Made) -> None:
    pages = [
        event
        for event in first_deliveries(read_events(made.landing / "web_events")).values()
        if event["type"] == "page"
    ]
    tagged = [page for page in pages if "campaign" in page["context"]]
    assert len(tagged) > 100
    for page in tagged:
        query = parse_qs(page["properties"]["search"].removeprefix("?"))
        utm = {key.removeprefix("utm_"): value[0] for key, value in query.items()}
        campaign = dict(page["context"]["campaign"])
        campaign["campaign"] = campaign.pop("name", None)
        assert {k: v for k, v in campaign.items() if v} == {
            k: v for k, v in utm.items() if k in campaign
        }
    untagged = [page for page in pages if "utm_source" not in page["properties"]["search"]]
    assert len(tagged) + len(untagged) == len(pages)

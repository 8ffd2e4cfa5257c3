"""Where visits come from: campaigns with their UTM parameters, referrers, direct visits.

Together the touches cover every one of Google's default channel groups. What does not belong
here: what the two advertising services report of their campaigns (`ads`).
"""

# ruff: noqa: E501  (the tables have one row a line)

from bisect import bisect
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Touch:
    """One way to the shop. `new` and `back` weigh it for first and for later visits."""

    channel: str  # Google's default channel group that it belongs to
    new: float
    back: float
    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    referrer: str = ""
    landing: str = "home"  # home, category, product or blog
    ads: str = ""  # the service that bills its clicks: google, meta or none
    campaign_id: str = ""
    intent: float = 1.0  # how much more, or less, its visitors buy

    @property
    def query(self) -> str:
        """Query string of the landing page, with its UTM parameters, or nothing."""
        return urlencode({f"utm_{k}": v for k, v in self.utm.items()})

    @property
    def utm(self) -> dict[str, str]:
        """UTM values by their short names, those that are set."""
        names = ("source", "medium", "campaign", "content", "term")
        return {n: getattr(self, n) for n in names if getattr(self, n)}

    @property
    def context(self) -> dict[str, str]:
        """The `context.campaign` of Segment: its `name` is the utm_campaign."""
        return {("name" if k == "campaign" else k): v for k, v in self.utm.items()}


def _google(
    channel: str, number: int, campaign: str, medium: str, groups: dict[str, float],
    source: str = "google", landing: str = "category", intent: float = 1.0,
) -> list[Touch]:  # fmt: skip
    return [
        Touch(
            channel, weight, weight * 0.35, source, medium, campaign, content=group,
            term=group.replace("_", " ") if channel == "Paid Search" else "",
            referrer="https://www.youtube.com/" if source == "youtube" else "https://www.google.com/",
            landing=landing, ads="google", campaign_id=f"1700{number:06}", intent=intent,
        )
        for group, weight in groups.items()
    ]  # fmt: skip


def _meta(number: int, campaign: str, source: str, adsets: dict[str, float]) -> list[Touch]:
    host = {
        "facebook": "https://l.facebook.com/",
        "instagram": "https://l.instagram.com/",
    }[source]
    return [
        Touch(
            "Paid Social", weight, weight * 0.3, source, "paid_social", campaign, content=adset,
            referrer=host, landing="product", ads="meta", campaign_id=f"2385{number:08}",
            intent=0.7,
        )
        for adset, weight in adsets.items()
    ]  # fmt: skip


GOOGLE_ADS = (
    *_google("Paid Search", 11, "search_brand", "cpc", {"fernweh": 3.2, "fernweh_shop": 1.4}, landing="home", intent=1.7),
    *_google("Paid Search", 12, "search_generic_tents", "cpc", {"tents": 2.4, "ultralight_tents": 1.1}),
    *_google("Paid Search", 13, "search_generic_boots", "cpc", {"hiking_boots": 2.6, "trail_shoes": 1.0}),
    *_google("Paid Shopping", 14, "shopping_all_products", "cpc", {"bestsellers": 4.5, "long_tail": 2.5}, landing="product", intent=1.2),
    *_google("Cross-network", 15, "cross-network_pmax_de", "cpc", {"asset_group_outdoor": 3.5}, landing="product"),
    *_google("Paid Video", 16, "youtube_alps_film", "cpv", {"skippable": 1.5}, source="youtube", landing="home", intent=0.3),
    *_google("Display", 17, "display_remarketing", "display", {"cart_abandoners": 1.2, "visitors_30d": 1.2}, landing="product", intent=0.8),
)  # fmt: skip

META_ADS = (
    *_meta(31, "prospecting_spring", "facebook", {"Wanderer Österreich": 2.6, "Zelten & Familie": 2.2}),
    *_meta(32, "prospecting_reels", "instagram", {"Outdoor 18-34": 3.4}),
    *_meta(33, "retargeting_dpa", "facebook", {"Rückkehrer 30 Tage": 1.6}),
)  # fmt: skip

_OTHERS = (
    Touch("Direct", 13, 34),
    Touch("Organic Search", 17, 11, referrer="https://www.google.com/", landing="category"),
    Touch("Organic Search", 4, 2, referrer="https://www.google.de/", landing="product"),
    Touch("Organic Search", 2.2, 1.2, referrer="https://www.bing.com/", landing="category"),
    Touch("Organic Search", 1.5, 0.8, referrer="https://duckduckgo.com/", landing="blog"),
    Touch("Organic Search", 1.2, 0.6, referrer="https://www.ecosia.org/", landing="product"),
    Touch("Organic Shopping", 1.6, 0.6, "google", "organic", "shopping_free_listings", referrer="https://www.google.com/", landing="product", intent=1.2),
    Touch("Organic Social", 2.2, 1.0, referrer="https://www.instagram.com/", landing="product", intent=0.6),
    Touch("Organic Social", 1.2, 0.6, referrer="https://www.pinterest.de/", landing="blog", intent=0.6),
    Touch("Organic Social", 0.8, 0.5, "facebook", "social", "fanpage", referrer="https://m.facebook.com/", landing="blog", intent=0.6),
    Touch("Organic Video", 1.2, 0.5, referrer="https://www.youtube.com/", landing="blog", intent=0.5),
    Touch("Referral", 1.9, 0.8, referrer="https://www.bergwelten.example/tests/zelte", landing="product"),
    Touch("Referral", 1.2, 0.5, referrer="https://forum.trekking.example/t/4711", landing="product", intent=1.3),
    Touch("Email", 0.3, 9, "newsletter", "email", "weekly_newsletter", "hero", landing="category", intent=1.5),
    Touch("Email", 0.0, 3, "crm", "email", "cart_reminder", landing="product", intent=2.4),
    Touch("Affiliates", 1.8, 0.9, "awin", "affiliate", "partner_24", "coupon", referrer="https://www.gutscheine.example/", landing="home", intent=1.6),
    Touch("Paid Search", 1.4, 0.5, "bing", "cpc", "bing_brand", "fernweh", referrer="https://www.bing.com/", intent=1.4),
    Touch("Paid Other", 0.9, 0.3, "outdoor-magazin", "cpc", "advertorial_boots", referrer="https://www.outdoor-magazin.example/", landing="blog", intent=0.6),
    Touch("Display", 0.7, 0.2, "bergwelten", "banner", "banner_autumn", referrer="https://www.bergwelten.example/", intent=0.4),
    Touch("Audio", 0.6, 0.2, "spotify", "audio", "podcast_draussen", landing="home", intent=0.9),
    Touch("SMS", 0.1, 1.1, "sms", "sms", "flash_sale", landing="category", intent=1.8),
    Touch("Unassigned", 0.5, 0.2, "flyer", "print", "store_opening", landing="home"),
)  # fmt: skip

WEB_TOUCHES = (*_OTHERS, *GOOGLE_ADS, *META_ADS)
APP_TOUCHES = (
    Touch("Direct", 80, 78),
    Touch("Mobile Push Notifications", 4, 16, "firebase", "push", "price_alert", landing="product", intent=1.5),
    Touch("Email", 6, 6, "newsletter", "email", "weekly_newsletter", "app_link", landing="category", intent=1.4),
)  # fmt: skip

NEWSLETTER_WEEKDAY = 3  # Thursday


class Sources:
    """Draws where a visit comes from, by the day's weights."""

    def __init__(self, touches: tuple[Touch, ...], weekday: int) -> None:
        """Sum the weights up for one day; the newsletter triples the e-mail visits of its day."""
        self._touches = touches
        self._new: list[float] = []
        self._back: list[float] = []
        new = back = 0.0
        for touch in touches:
            boost = 3.0 if touch.campaign == "weekly_newsletter" else 1.0
            factor = boost if weekday == NEWSLETTER_WEEKDAY else 1.0
            new, back = new + touch.new * factor, back + touch.back * factor
            self._new.append(new)
            self._back.append(back)

    def draw(self, rng: Random, first_visit: bool) -> Touch:
        """Return the way of one visit."""
        weights = self._new if first_visit else self._back
        return self._touches[bisect(weights, rng.random() * weights[-1] * 0.999999)]

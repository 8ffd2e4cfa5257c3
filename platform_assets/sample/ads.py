"""What two advertising services report: impressions, clicks, cost, conversions per day.

Clicks follow the visits that their campaigns brought (some clicks never arrive: the page was
left before it loaded), and the recent days of an export are not complete yet: the next export
restates them. What does not belong here: the campaigns (`channels`), files (`exports`).
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from random import Random

from platform_assets.sample.channels import GOOGLE_ADS, META_ADS, Touch
from platform_assets.sample.clock import DAY_MS, day_start
from platform_assets.sample.commerce import money
from platform_assets.sample.exports import ExportDelivery, Layout, Row, Spoil, window
from platform_assets.sample.files import Folder
from platform_assets.sample.manifest import AdsPlanted

GOOGLE = Layout(
    file="google_ads/google_ads_{day}.csv",
    columns=(
        "date", "campaign_id", "campaign_name", "ad_group", "device", "impressions", "clicks",
        "cost", "conversions", "currency",
    ),
    key=("date", "campaign_id", "ad_group", "device"),
    encoding="utf-8",
    delimiter=",",
    spoils=(
        Spoil(1, "bad_cast", "impressions", "n/a"),
        Spoil(1, "bad_cast", "clicks", "8.5"),
        Spoil(2, "wrong_field_count", value="long"),
        Spoil(3, "bad_cast", "impressions", "1,204"),
        Spoil(4, "invalid_utf8", "ad_group"),
        Spoil(5, "wrong_field_count", value="short"),
        Spoil(6, "required_missing", "campaign_id"),
        Spoil(3, "vanish", "conversions"),
        Spoil(5, "appear", "conversion_value"),
    ),
    byte_order_mark=True,
)  # fmt: skip
META = Layout(
    file="meta_ads/meta-ads-{day}.csv",
    columns=(
        "day", "campaign_id", "campaign", "adset", "impressions", "link_clicks", "amount_spent",
        "currency",
    ),
    key=("day", "campaign_id", "adset"),
    encoding="latin-1",
    delimiter=";",
    spoils=(
        Spoil(2, "bad_cast", "link_clicks", "8.5"),
        Spoil(3, "wrong_field_count", value="short"),
        Spoil(4, "bad_cast", "amount_spent", "n/a"),
        Spoil(6, "bad_cast", "day", "Total"),
        Spoil(6, "appear", "reach"),
    ),
)  # fmt: skip
_COST_PER_CLICK = {
    "Paid Search": 96, "Paid Shopping": 62, "Cross-network": 81, "Paid Video": 27, "Display": 38,
    "Paid Social": 74,
}  # fmt: skip
_CLICK_RATE = {
    "Paid Search": 0.055, "Paid Shopping": 0.012, "Cross-network": 0.018, "Paid Video": 0.006,
    "Display": 0.004, "Paid Social": 0.011,
}  # fmt: skip
_DEVICES = ("DESKTOP", "MOBILE", "TABLET")
RESTATED_DAYS = 7


@dataclass(slots=True)
class Result:
    """Final figures of one touch on one device and day; cost and value in cents."""

    impressions: int
    clicks: int
    cost: int
    orders: int
    value: int


class AdsLedger:
    """Counts what campaigns brought, and writes what the services say of it."""

    def __init__(
        self,
        folder: Folder,
        google: AdsPlanted,
        meta: AdsPlanted,
        seed: int,
        start: date,
    ) -> None:
        """Write below `folder` and count into `google` and `meta`."""
        self.seed, self.start = seed, start
        self.google = ExportDelivery(GOOGLE, folder, google, seed)
        self.meta = ExportDelivery(META, folder, meta, seed)
        self._visits: dict[tuple[int, Touch, str], int] = defaultdict(int)
        self._orders: dict[tuple[int, Touch, str], list[int]] = defaultdict(list)

    def visit(self, at: int, touch: Touch, device: str, order_value: int | None) -> None:
        """Count one visit that an ad brought, with the value of its order in cents, if any."""
        key = (at // DAY_MS, touch, device.upper())
        self._visits[key] += 1
        if order_value is not None:
            self._orders[key].append(order_value)

    def result(self, day_number: int, touch: Touch, device: str) -> Result:
        """Return the final figures; the same whenever they are asked for."""
        rng = Random(f"{self.seed}/ads/{day_number}/{touch.campaign}/{touch.content}/{device}")
        visits = self._visits.get((day_number, touch, device), 0)
        orders = self._orders.get((day_number, touch, device), [])
        clicks = visits + int(visits * rng.uniform(0.04, 0.14) + rng.random())
        rate = _CLICK_RATE[touch.channel] * rng.uniform(0.8, 1.25)
        impressions = int(clicks / rate) + rng.randrange(40)
        cost = int(clicks * _COST_PER_CLICK[touch.channel] * rng.uniform(0.85, 1.2))
        return Result(impressions, clicks, cost, len(orders), sum(orders))

    def export(self, day: date) -> None:
        """Write both exports of a Monday, of the 14 days before it."""
        google: list[Row] = []
        meta: list[Row] = []
        for covered in window(day, self.start):
            number, age = day_start(covered) // DAY_MS, (day - covered).days
            for touch in GOOGLE_ADS:
                for device in _DEVICES:
                    result = self.result(number, touch, device)
                    google.append(_google_row(covered, touch, device, result, age))
            for touch in META_ADS:
                results = [self.result(number, touch, device) for device in _DEVICES]
                meta.append(_meta_row(covered, touch, results, age))
        self.google.deliver(day, google, lambda row: _is_restated(row["date"], day))
        self.meta.deliver(day, meta, lambda row: _is_restated(row["day"], day))

    def close(self) -> None:
        """Sum the latest records up."""
        for delivery, columns in (
            (self.google, ("clicks", "cost", "date")),
            (self.meta, ("link_clicks", "amount_spent", "day")),
        ):
            _sum_up(delivery, *columns)


def _sum_up(delivery: ExportDelivery, clicks: str, cost: str, day: str) -> None:
    """Put the sums over the latest records into the manifest's part."""
    planted = delivery.planted
    assert isinstance(planted, AdsPlanted)
    planted.spend_cents_by_day = {}
    planted.clicks = planted.impressions = planted.spend_cents = planted.conversions_hundredths = 0
    for row in delivery.latest.values():
        cents = int(str(row[cost]).replace(".", ""))
        planted.clicks += int(str(row[clicks]))
        planted.impressions += int(str(row["impressions"]))
        planted.spend_cents += cents
        by_day = planted.spend_cents_by_day
        by_day[str(row[day])] = by_day.get(str(row[day]), 0) + cents
        conversions = row.get("conversions")
        if conversions is not None:
            planted.conversions_hundredths += int(str(conversions).replace(".", ""))
    planted.first_event_at = min(planted.spend_cents_by_day, default=None)
    planted.last_event_at = max(planted.spend_cents_by_day, default=None)


def _is_restated(day: object, exported: date) -> bool:
    """Return whether the next weekly export covers the day once more."""
    return (exported - date.fromisoformat(str(day))).days <= RESTATED_DAYS


def _known(amount: int, age: int, days: int) -> int:
    """Return how much of a final figure a service knows after `age` days: all after `days`."""
    return amount if age >= days else amount * (days + age) // (2 * days)


def _google_row(day: date, touch: Touch, device: str, result: Result, age: int) -> Row:
    """Return one record of the Google Ads export; conversions need a week to be credited."""
    return {
        "date": day.isoformat(),
        "campaign_id": touch.campaign_id,
        "campaign_name": touch.campaign,
        "ad_group": touch.content,
        "device": device,
        "impressions": _known(result.impressions, age, 3),
        "clicks": _known(result.clicks, age, 3),
        "cost": money(_known(result.cost, age, 3)),
        "conversions": money(_known(result.orders * 100, age, RESTATED_DAYS)),
        "currency": "EUR",
        "conversion_value": money(_known(result.value, age, RESTATED_DAYS)),
    }


def _meta_row(day: date, touch: Touch, results: list[Result], age: int) -> Row:
    """Return one record of the Meta Ads export."""
    impressions = _known(sum(r.impressions for r in results), age, 3)
    return {
        "day": day.isoformat(),
        "campaign_id": touch.campaign_id,
        "campaign": touch.campaign,
        "adset": touch.content,
        "impressions": impressions,
        "link_clicks": _known(sum(r.clicks for r in results), age, 3),
        "amount_spent": money(_known(sum(r.cost for r in results), age, 3)),
        "currency": "EUR",
        "reach": impressions * 2 // 3,
    }

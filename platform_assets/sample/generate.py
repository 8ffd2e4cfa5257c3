"""From arguments to a company's data: lives the days and lands their files.

What belongs here: the order of things, and when a sample may not be written over another. What
does not: live data (`follow`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from platform_assets.sample.access_log import LogDelivery
from platform_assets.sample.ads import AdsLedger
from platform_assets.sample.clock import DAY_MS, day_start, iso
from platform_assets.sample.commerce import Order
from platform_assets.sample.company import Company, Happened
from platform_assets.sample.config import SampleConfig, SampleError
from platform_assets.sample.delivery import EventDelivery
from platform_assets.sample.exports import EXPORT_WEEKDAY
from platform_assets.sample.files import Folder, landing
from platform_assets.sample.live_spans import read_spans
from platform_assets.sample.manifest import EventsPlanted, Manifest
from platform_assets.sample.shop import Shop, count_shop
from platform_assets.sample.support import SupportDesk
from platform_assets.sample.tape import APP, WEB, Tape
from platform_assets.sample.usage import UsageDelivery

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Sample:
    """A sample that has been made: what was planted, the company as it is at the end."""

    manifest: Manifest
    company: Company
    folder: Folder
    deliveries: "Deliveries"


class Deliveries:
    """Everybody who writes files for the company."""

    def __init__(self, folder: Folder, config: SampleConfig, manifest: Manifest) -> None:
        """Write below `folder` and count into the manifest."""
        seed = config.seed
        self.events = {
            WEB: EventDelivery(WEB, folder, manifest.web_events, seed),
            APP: EventDelivery(APP, folder, manifest.app_events, seed),
        }
        self.log = LogDelivery(folder, manifest.access_log, seed)
        self.ads = AdsLedger(folder, manifest.google_ads, manifest.meta_ads, seed, config.start)
        self.support = SupportDesk(folder, manifest.support_tickets, seed)
        self.usage = UsageDelivery(folder, manifest.usage, seed, config.start)
        self.config = config

    def day(self, day_index: int, tape: Tape, happened: Happened) -> None:
        """Write what arrives on a day, and on the Monday after it the weekly exports."""
        self.account(happened)
        number = day_start(self.config.start) // DAY_MS + day_index
        for source, delivery in self.events.items():
            delivery.deliver_day(number, day_index, tape.take_events(source, number))
            tape.counters[source].close((number + 1) * DAY_MS)
        self.log.deliver_day(number, day_index, tape.take_hits(number))
        self.usage.deliver_day(self.config.start + timedelta(days=day_index))
        self.export(self.config.start + timedelta(days=day_index + 1))

    def account(self, happened: Happened) -> None:
        """Tell the advertising services and the support desk what a day brought."""
        for visit in happened.visits:
            value = visit.order.total if visit.order else None
            self.ads.visit(visit.start, visit.touch, visit.device.profile.device_type, value)
        for order in happened.orders:
            self.support.after_order(order)

    def export(self, day: date) -> None:
        """Write the weekly exports if the day is a Monday; the day before must be accounted."""
        if day.weekday() == EXPORT_WEEKDAY:
            self.ads.export(day)
            self.support.export(day)


def make(
    landing_dir: Path | str,
    shop_path: Path,
    config: SampleConfig,
    progress: Progress | None = None,
) -> Sample:
    """Make the sample company's data; calls `progress(days done, days)` after every day.

    Raises SampleError when the folder holds a sample made with other arguments.
    """
    manifest_path = shop_path.parent / "manifest.json"
    refuse_another(Manifest.read(manifest_path), config, manifest_path)
    manifest = Manifest(
        seed=config.seed,
        events_per_day=config.events_per_day,
        start=config.start.isoformat(),
        end=config.end.isoformat(),
    )
    end = day_start(config.end)
    spans = [span for span in read_spans(shop_path.parent) if span[0] + 1 < end]
    manifest.live = [(iso(begin), iso(until)) for begin, until in spans]
    folder, tape = landing(landing_dir), Tape(end, landed=spans)
    company = Company(config, tape)
    company.take_over_customers()
    deliveries = Deliveries(folder, config, manifest)
    deliveries.usage.begin()
    for day_index in range(config.days):
        deliveries.day(day_index, tape, company.live_day(day_index))
        if progress:
            progress(day_index + 1, config.days)
    deliveries.ads.close()
    deliveries.support.close()
    _close_events(manifest.web_events, tape, WEB)
    _close_events(manifest.app_events, tape, APP)
    _save_shop(Shop(shop_path), company, manifest, end)
    manifest.write(manifest_path)
    return Sample(manifest, company, folder, deliveries)


def generate(landing_dir: Path | str, shop_path: Path, config: SampleConfig) -> Manifest:
    """Make the sample company's data and return what was planted.

    Files land below `landing_dir`, a folder or `s3://bucket/prefix`; the database is `shop_path`,
    the manifest `manifest.json` beside it. The same arguments give the same bytes; what is there
    already stays untouched.
    """
    return make(landing_dir, shop_path, config).manifest


def refuse_another(found: Manifest | None, config: SampleConfig, path: Path) -> None:
    """Raise SampleError when the sample that is there cannot grow into the one asked for."""
    if found is None:
        return
    key = {
        "seed": found.seed,
        "events_per_day": found.events_per_day,
        "start": found.start,
    }
    if key == config.key() and found.end <= config.end.isoformat():
        return
    there = ", ".join(f"{name} {value}" for name, value in key.items())
    asked = ", ".join(f"{name} {value}" for name, value in config.key().items())
    raise SampleError(
        f"Another sample is there already ({there}, end {found.end}; asked for: {asked}, "
        f"end {config.end}). Use the same options, or another PLATFORM_DATA_DIR; to start over, "
        f"remove the landing zone, the warehouse and {path.parent}."
    )


def _close_events(planted: EventsPlanted, tape: Tape, source: str) -> None:
    """Put the counted sessions and what is still on its way into the manifest."""
    counter = tape.counters[source]
    planted.sessions = counter.sessions
    planted.sessions_without_bots = counter.sessions - counter.bot_sessions
    planted.devices = counter.devices
    planted.bot_events = counter.bot_events
    planted.in_transit = tape.in_transit(source)
    planted.counts = dict(sorted(planted.counts.items()))


def _save_shop(shop: Shop, company: Company, manifest: Manifest, end: int) -> None:
    """Write the database as it is at the end, and count it."""
    customers = [c for c in company.people.customers if c.created_at < end]
    orders: list[Order] = [o for o in company.till.orders if o.created_at < end]
    products = company.shelf.listed()
    shop.save(end, customers, products, orders)
    count_shop(manifest.shop, end, customers, len(products), orders)
    for order in orders:
        if order.event_received_at is not None and order.event_received_at < end:
            source = manifest.web_events if order.origin == "web" else manifest.app_events
            source.order_revenue_cents += order.total

"""What was planted: the figures that a platform must find again, exactly.

What belongs here: the shape of the manifest and its JSON. What does not: counting, which happens
where the files are written.
"""

from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from platform_assets.sample.files import Folder


class Exact(BaseModel):
    """Base of the manifest's parts: they grow while files are written."""

    model_config = ConfigDict(extra="forbid")


class SourcePlanted(Exact):
    """What landed of one file source. `records = loaded + sum(quarantined)` always holds."""

    files: int = Field(default=0, description="Files in the landing zone, by name.")
    files_duplicate: int = Field(default=0, description="Files with the same bytes as another one.")
    files_rejected: dict[str, int] = Field(
        default_factory=dict, description="Files that cannot be read at all, by reason."
    )
    records: int = Field(
        default=0,
        description="Records in the readable files, files of the same bytes counted once.",
    )
    loaded: int = Field(default=0, description="Good records among them.")
    quarantined: dict[str, int] = Field(
        default_factory=dict, description="Bad records among them, by reason."
    )
    distinct: int = Field(
        default=0,
        description="Distinct message ids or natural keys; of a log all good lines.",
    )
    duplicates_within_file: int = Field(
        default=0, description="Good records again in the same file."
    )
    duplicates_across_files: int = Field(
        default=0, description="Good records again in a later file."
    )
    late: int = Field(
        default=0,
        description="Events that arrive 24 hours or more after they happened.",
    )
    out_of_order: int = Field(
        default=0,
        description="Good records with an earlier time than a good one before in their file.",
    )
    drift: list[str] = Field(default_factory=list, description="Columns that come and go.")
    worst_quarantined_share: float = Field(
        default=0.0,
        description="Largest share of bad records in one readable file, 0 to 1.",
    )
    first_event_at: str | None = None
    last_event_at: str | None = None
    counts: dict[str, int] = Field(
        default_factory=dict,
        description="Distinct records by kind: event names, HTTP statuses, ticket statuses.",
    )
    in_transit: int = Field(
        default=0, description="Events that happened and will land after the end."
    )

    def reject_record(self, reason: str, count: int = 1) -> None:
        """Count bad records."""
        self.quarantined[reason] = self.quarantined.get(reason, 0) + count

    def reject_file(self, reason: str) -> None:
        """Count a file that cannot be read."""
        self.files += 1
        self.files_rejected[reason] = self.files_rejected.get(reason, 0) + 1

    def close_file(self, good: int, bad: int) -> None:
        """Count a readable file with its good and bad records."""
        self.files += 1
        self.records += good + bad
        self.loaded += good
        if good + bad:
            share = round(bad / (good + bad), 6)
            self.worst_quarantined_share = max(self.worst_quarantined_share, share)

    def add_counts(self, counts: Counter[str]) -> None:
        """Add distinct records by kind."""
        for kind, count in counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + count


class EventsPlanted(SourcePlanted):
    """What landed of an event source. Sessions: 30-minute gap per anonymousId, distinct events."""

    sessions: int = Field(default=0, description="Sessions of all landed events, robots included.")
    sessions_without_bots: int = 0
    devices: int = Field(default=0, description="Anonymous ids of people with a landed event.")
    bot_events: int = Field(default=0, description="Distinct events of robots.")
    order_revenue_cents: int = Field(
        default=0,
        description="Sum of `total` over the distinct Order Completed events that landed.",
    )


class AdsPlanted(SourcePlanted):
    """What landed of an advertising service; sums over the latest good record per natural key."""

    clicks: int = 0
    impressions: int = 0
    spend_cents: int = 0
    conversions_hundredths: int = Field(
        default=0, description="Conversions in hundredths; google_ads."
    )
    spend_cents_by_day: dict[str, int] = Field(default_factory=dict)


class ShopPlanted(Exact):
    """What is in the shop's database. Money in cents; days by `created_at` in UTC."""

    customers: int = 0
    customers_deleted: int = 0
    products: int = 0
    orders: int = 0
    order_lines: int = 0
    orders_by_status: dict[str, int] = Field(default_factory=dict)
    orders_by_origin: dict[str, int] = Field(
        default_factory=dict,
        description="web, app, ad_blocker (log only), phone (nothing).",
    )
    orders_with_event: int = Field(
        default=0, description="Orders whose Order Completed has landed."
    )
    orders_event_in_transit: int = Field(
        default=0, description="… whose Order Completed has not, yet."
    )
    revenue_cents: int = Field(default=0, description="Sum of orders.total, whatever the status.")
    revenue_kept_cents: int = Field(
        default=0, description="… without cancelled and refunded orders."
    )
    revenue_cents_by_day: dict[str, int] = Field(default_factory=dict)
    orders_by_day: dict[str, int] = Field(default_factory=dict)


class Manifest(Exact):
    """Everything planted by one run of the generator."""

    seed: int
    events_per_day: int
    start: str = Field(description="First day with data.")
    end: str = Field(description="First day without data.")
    live: list[tuple[str, str]] = Field(
        default=[],
        description="Spans whose data landed live, in files of their own: not counted here.",
    )
    web_events: EventsPlanted = EventsPlanted()
    app_events: EventsPlanted = EventsPlanted()
    access_log: SourcePlanted = SourcePlanted()
    google_ads: AdsPlanted = AdsPlanted()
    meta_ads: AdsPlanted = AdsPlanted()
    support_tickets: SourcePlanted = SourcePlanted()
    usage: SourcePlanted = SourcePlanted()
    shop: ShopPlanted = ShopPlanted()

    def sources(self) -> dict[str, SourcePlanted]:
        """Return the file sources by name."""
        return {
            "web_events": self.web_events,
            "app_events": self.app_events,
            "access_log": self.access_log,
            "google_ads": self.google_ads,
            "meta_ads": self.meta_ads,
            "support_tickets": self.support_tickets,
            "usage": self.usage,
        }

    def write(self, path: Path) -> None:
        """Write the manifest as JSON."""
        Folder(path.parent).write(path.name, (self.model_dump_json(indent=1) + "\n").encode())

    @classmethod
    def read(cls, path: Path) -> "Manifest | None":
        """Return the manifest in a file, or None when there is none that can be read."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValueError):
            return None

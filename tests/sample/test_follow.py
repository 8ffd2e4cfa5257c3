"""Live data: it lands step by step, goes on where it stopped, and meets no earlier id."""

import gzip
import json
import sqlite3
from datetime import date
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from platform_assets.sample.clock import DAY_MS, HOUR_MS, SECOND_MS, day_start, iso, sql_time
from platform_assets.sample.config import SampleConfig
from platform_assets.sample.follow import LIVE_IDS, Landed, Live, follow, now_ms
from platform_assets.sample.generate import Sample, generate, make

from .naive import read_events

CONFIG = SampleConfig(days=8, events_per_day=300, seed=5, end=date(2026, 2, 2))
MIDNIGHT = day_start(CONFIG.end)


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return make(tmp_path / "landing", tmp_path / "sample/shop.sqlite", CONFIG)


def live_lines(landing: Path) -> list[dict[str, Any]]:
    """Return all live events, in order of their files."""
    out = []
    for path in sorted(landing.rglob("live-*.ndjson.gz")):
        out += [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    return out


def test_it_catches_up_and_then_lands_small_files_of_the_present(
    sample: Sample, tmp_path: Path
) -> None:
    start = MIDNIGHT + 9 * HOUR_MS
    live = Live(sample, tmp_path / "sample/shop.sqlite", per_second=20, now=start)
    caught_up = live.catch_up(start)
    assert caught_up.events > 50
    before = len(live_lines(tmp_path / "landing"))
    assert before == caught_up.events
    landed = [live.step(start + n * 5 * SECOND_MS) for n in range(1, 25)]
    events = live_lines(tmp_path / "landing")
    assert len(events) - before == sum(step.events for step in landed) > 300
    assert len({event["messageId"] for event in events}) == len(events)
    end = iso(landed[-1].at)
    assert all(iso(MIDNIGHT) <= event["receivedAt"] <= end for event in events)
    assert sum(step.requests for step in landed) > 100


def test_live_orders_are_in_the_database_before_their_events_land(
    sample: Sample, tmp_path: Path
) -> None:
    shop = tmp_path / "sample/shop.sqlite"
    live = Live(sample, shop, per_second=50, now=MIDNIGHT)
    for n in range(1, 40):
        live.step(MIDNIGHT + n * 30 * SECOND_MS)
    con = sqlite3.connect(shop)
    totals = dict(con.execute("SELECT order_number, total FROM orders WHERE id > ?", [LIVE_IDS]))
    orphans = con.execute(
        "SELECT count(*) FROM orders WHERE customer_id NOT IN (SELECT id FROM customers)"
    ).fetchone()[0]
    late = con.execute(
        "SELECT count(*) FROM orders WHERE created_at > ?", [sql_time(live.until)]
    ).fetchone()[0]
    con.close()
    completed = [e for e in live_lines(tmp_path / "landing") if e.get("event") == "Order Completed"]
    assert len(completed) > 3
    for event in completed:
        properties: Any = event["properties"]
        assert properties["total"] == pytest.approx(totals[properties["order_id"]])
    assert orphans == 0
    assert late == 0


def test_orders_of_the_history_go_on_living(sample: Sample, tmp_path: Path) -> None:
    shop = tmp_path / "sample/shop.sqlite"

    def open_orders() -> int:
        con = sqlite3.connect(shop)
        sql = "SELECT count(*) FROM orders WHERE status IN ('placed','paid') AND id < ?"
        count: int = con.execute(sql, [LIVE_IDS]).fetchone()[0]
        con.close()
        return count

    before = open_orders()
    live = Live(sample, shop, per_second=0.1, now=MIDNIGHT)
    live.step(MIDNIGHT + 20 * HOUR_MS)
    assert before > open_orders() >= 0


def test_it_goes_on_from_where_it_stopped(sample: Sample, tmp_path: Path) -> None:
    shop, stop_at = tmp_path / "sample/shop.sqlite", MIDNIGHT + 2 * HOUR_MS
    first = Live(sample, shop, per_second=20, now=stop_at)
    first.catch_up(stop_at)
    events = live_lines(tmp_path / "landing")
    again = make(tmp_path / "landing", shop, CONFIG)
    assert again.folder.written == 0
    second = Live(again, shop, per_second=20, now=stop_at + HOUR_MS)
    assert second.until == stop_at
    second.catch_up(stop_at + HOUR_MS)
    known = {event["messageId"] for event in events}
    everything = live_lines(tmp_path / "landing")
    later = [event for event in everything if event["messageId"] not in known]
    assert len(later) > 5
    assert min(event["receivedAt"] for event in later) > iso(stop_at)
    assert len(events) + len(later) == len(everything)


def test_it_catches_up_over_days_with_their_weekly_exports(sample: Sample, tmp_path: Path) -> None:
    now = MIDNIGHT + 8 * DAY_MS + 7 * HOUR_MS
    live = Live(sample, tmp_path / "sample/shop.sqlite", per_second=1, now=now)
    live.catch_up(now)
    folders = {path.name for path in (tmp_path / "landing/web_events").iterdir()}
    assert {f"date=2026-02-{day:02}" for day in range(2, 11)} <= folders
    for name in ("google_ads/google_ads_", "meta_ads/meta-ads-", "support/tickets_"):
        assert (tmp_path / f"landing/{name}2026-02-09.csv").is_file()
    assert len(list((tmp_path / "landing/google_ads").glob("*-??.csv"))) == 3


def test_a_longer_history_has_what_did_not_land_live_and_nothing_twice(
    sample: Sample, tmp_path: Path
) -> None:
    shop, stop_at = tmp_path / "sample/shop.sqlite", MIDNIGHT + 11 * HOUR_MS
    live = Live(sample, shop, per_second=0.2, now=stop_at)
    live.catch_up(stop_at)
    lived = {event["messageId"] for event in live_lines(tmp_path / "landing")}
    con = sqlite3.connect(shop)
    before = dict(con.execute("SELECT id, updated_at FROM orders"))
    longer = SampleConfig(days=9, events_per_day=300, seed=5, end=date(2026, 2, 3))
    grown = generate(tmp_path / "landing", shop, longer)
    after = dict(con.execute("SELECT id, updated_at FROM orders"))
    con.close()
    at_once = generate(tmp_path / "x/landing", tmp_path / "x/sample/shop.sqlite", longer)

    changed = [at for id, at in after.items() if before.get(id) != at]
    assert changed
    assert min(changed) > sql_time(stop_at)  # an incremental reader misses nothing
    assert grown.shop == at_once.shop
    assert grown.live == [(iso(MIDNIGHT - 1), iso(stop_at))]
    for name in ("web_events", "app_events"):
        new = [
            event
            for file, _, event in read_events(tmp_path / "landing" / name).good
            if file.startswith("events-") and file.endswith("date=2026-02-02")
        ]
        assert len(new) > 5
        assert not lived & {event["messageId"] for event in new}
    everything = {event["messageId"] for event in naive_events(tmp_path / "landing")}
    assert {event["messageId"] for event in naive_events(tmp_path / "x/landing")} <= everything


def naive_events(landing: Path) -> list[dict[str, Any]]:
    """Return the good events of the history."""
    return [
        event
        for source in ("web_events", "app_events")
        for _, _, event in read_events(landing / source).good
    ]


def test_follow_lands_in_real_time_until_it_is_stopped(sample: Sample, tmp_path: Path) -> None:
    stop, steps = Event(), []

    def report(landed: Landed) -> None:
        steps.append(landed)
        if len(steps) == 4:
            stop.set()

    shop = tmp_path / "sample/shop.sqlite"
    began = now_ms()

    def now() -> int:
        return MIDNIGHT + HOUR_MS + now_ms() - began

    options = {"interval": 0.2, "per_second": 40.0, "report": report, "now": now}
    thread = Thread(target=follow, args=(sample, shop, stop), kwargs=options)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert len(steps) == 4
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert len(list((tmp_path / "landing").rglob("live-*"))) >= 3
    assert not list((tmp_path / "landing").rglob(".*"))

"""Weekly exports: overlap, restated figures, and dirt as planted, read by Python's csv alone."""

import csv
import io
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from platform_assets.sample.ads import GOOGLE, META
from platform_assets.sample.exports import Layout
from platform_assets.sample.manifest import AdsPlanted, SourcePlanted
from platform_assets.sample.support import TICKETS

from .conftest import CONFIG, Made
from .naive import Found, distinct_files, first_deliveries, read_events

TYPES: dict[str, Any] = {
    "date": date.fromisoformat, "day": date.fromisoformat, "impressions": int, "clicks": int,
    "link_clicks": int, "cost": float, "amount_spent": float, "satisfaction": int,
    "created_at": lambda t: date.fromisoformat(t[:10]),
    "updated_at": lambda t: date.fromisoformat(t[:10]),
}  # fmt: skip
REQUIRED = {"campaign_id", "ticket_id", "date", "day"}
Rows = list[dict[str, Any]]


def bad(row: list[str], header: list[str]) -> str:
    """Return why a record is bad, or nothing."""
    if len(row) != len(header):
        return "wrong_field_count"
    if any("\ufffd" in value for value in row):
        return "invalid_utf8"
    for name, value in zip(header, row, strict=True):
        if name in REQUIRED and not value:
            return "required_missing"
        try:
            if value and name in TYPES:
                TYPES[name](value)
        except ValueError:
            return "bad_cast"
    return ""


def read(made: Made, layout: Layout, found: Found) -> Rows:
    """Return the good records of a service's files, in order of the files."""
    rows: Rows = []
    folder = made.landing / layout.file.split("/")[0]
    encoding = "utf-8-sig" if layout.byte_order_mark else layout.encoding
    for path, body in distinct_files(list(folder.iterdir()), found):
        text = body.decode(encoding, errors="replace")
        header, *records = csv.reader(io.StringIO(text), delimiter=layout.delimiter)
        faults = 0
        for record in records:
            found.records += 1
            if reason := bad(record, header):
                found.bad[reason] += 1
                faults += 1
            else:
                rows.append({**dict(zip(header, record, strict=True)), "_file": path.name})
        found.worst_share = max(found.worst_share, faults / len(records))
    return rows


def latest(rows: Rows, key: tuple[str, ...]) -> Rows:
    """Return the last record of each key."""
    return list({tuple(row[name] for name in key): row for row in rows}.values())


@pytest.mark.parametrize(
    ("layout", "source"),
    [(GOOGLE, "google_ads"), (META, "meta_ads"), (TICKETS, "support_tickets")],
)
def test_exports_hold_what_was_planted(made: Made, layout: Layout, source: str) -> None:
    planted: SourcePlanted = getattr(made.manifest, source)
    found = Found()
    rows = read(made, layout, found)
    assert found.files == planted.files
    assert found.duplicate_files == planted.files_duplicate == 1
    assert dict(found.rejected) == planted.files_rejected == {"empty": 1}
    assert found.records == planted.records
    assert dict(found.bad) == planted.quarantined
    assert {"bad_cast", "wrong_field_count"} <= planted.quarantined.keys()
    assert len(rows) == planted.loaded
    assert len(latest(rows, layout.key)) == planted.distinct
    assert planted.duplicates_across_files == planted.loaded - planted.distinct > 0
    assert found.worst_share == pytest.approx(planted.worst_quarantined_share, abs=1e-6)


@pytest.mark.parametrize(
    ("layout", "source", "clicks", "cost"),
    [
        (GOOGLE, "google_ads", "clicks", "cost"),
        (META, "meta_ads", "link_clicks", "amount_spent"),
    ],
)
def test_the_latest_records_add_up_to_the_planted_sums(
    made: Made, layout: Layout, source: str, clicks: str, cost: str
) -> None:
    planted: AdsPlanted = getattr(made.manifest, source)
    rows = latest(read(made, layout, Found()), layout.key)
    assert sum(int(row[clicks]) for row in rows) == planted.clicks > 0
    assert sum(int(row["impressions"]) for row in rows) == planted.impressions
    by_day: Counter[str] = Counter()
    for row in rows:
        by_day[row[layout.key[0]]] += round(float(row[cost]) * 100)
    assert dict(by_day) == planted.spend_cents_by_day
    assert sum(by_day.values()) == planted.spend_cents
    conversions = [row.get("conversions") or "0" for row in rows]
    assert round(sum(map(float, conversions)) * 100) == planted.conversions_hundredths


def test_two_exports_in_a_row_share_a_week_and_the_later_one_knows_more(made: Made) -> None:
    rows = read(made, GOOGLE, Found())
    by_file: dict[str, dict[tuple[str, ...], Any]] = defaultdict(dict)
    for row in rows:
        by_file[row["_file"]][tuple(row[name] for name in GOOGLE.key)] = row
    restated = 0
    for earlier, later in zip(list(by_file)[1:], list(by_file)[2:], strict=False):
        shared = by_file[earlier].keys() & by_file[later].keys()
        assert len({key[0] for key in shared}) == 7
        for key in shared:
            before, after = by_file[earlier][key], by_file[later][key]
            assert int(before["clicks"]) <= int(after["clicks"])
            restated += before["cost"] != after["cost"]
    assert restated > 20


def test_exports_come_on_mondays_until_the_end(made: Made) -> None:
    days = sorted(path.name[-14:-4] for path in (made.landing / "google_ads").glob("*-??.csv"))
    assert all(date.fromisoformat(day).weekday() == 0 for day in days)
    assert days[-1] == CONFIG.end.isoformat()
    assert len(days) == 9


def header_of(path: Path, encoding: str, delimiter: str) -> list[str]:
    return path.read_text(encoding=encoding).split("\n", 1)[0].split(delimiter)


def test_columns_come_and_go_as_planted(made: Made) -> None:
    assert set(made.manifest.google_ads.drift) == {"-conversions", "+conversion_value"}
    headers = [
        header_of(path, "latin-1", ",")
        for path in sorted((made.landing / "google_ads").glob("google_ads_????-??-??.csv"))
    ]
    assert sum("conversions" not in header for header in headers) == 1
    assert [("conversion_value" in header) for header in headers] == [False] * 5 + [True] * 4
    assert made.manifest.meta_ads.drift == ["+reach"]
    assert set(made.manifest.support_tickets.drift) == {"+tags", "-priority"}


def test_the_encodings_are_what_the_services_use(made: Made) -> None:
    google = next((made.landing / "google_ads").glob("google_ads_????-??-??.csv")).read_bytes()
    assert google.startswith(b"\xef\xbb\xbf")
    meta = next((made.landing / "meta_ads").glob("meta-ads-????-??-??.csv")).read_bytes()
    assert "Rückkehrer".encode("latin-1") in meta
    with pytest.raises(UnicodeDecodeError):
        meta.decode()


def test_clicks_cover_the_visits_of_their_campaign(made: Made) -> None:
    visits: Counter[tuple[str, str]] = Counter()
    exported = set(made.manifest.google_ads.spend_cents_by_day)
    for event in first_deliveries(read_events(made.landing / "web_events")).values():
        campaign = event["context"].get("campaign")
        if event["type"] == "page" and campaign and event["timestamp"][:10] in exported:
            visits[campaign.get("name", ""), campaign.get("content", "")] += 1
    clicks: Counter[tuple[str, str]] = Counter()
    for layout, names in ((GOOGLE, ("ad_group", "clicks")), (META, ("adset", "link_clicks"))):
        for row in latest(read(made, layout, Found()), layout.key):
            name = row["campaign_name"] if layout is GOOGLE else row["campaign"]
            clicks[name, row[names[0]]] += int(row[names[1]])
    assert len(clicks) == 16
    for key, count in clicks.items():
        # a day whose last export was spoiled or early may know a little less than all
        assert 0.85 * visits[key] - 3 <= count <= 1.3 * visits[key] + 25


def test_tickets_are_multi_line_and_change_between_exports(made: Made) -> None:
    rows = read(made, TICKETS, Found())
    assert any("\n" in row["body"] and '"' in row["body"] for row in rows)
    states: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        states[row["ticket_id"]].add(row["status"])
        assert row["created_at"] <= row["updated_at"]
        assert not row["satisfaction"] or row["status"] in ("solved", "closed")
    assert any(len(seen) > 1 for seen in states.values())
    planted = made.manifest.support_tickets
    final = Counter(row["status"] for row in latest(rows, TICKETS.key))
    assert dict(final) == planted.counts


def test_the_latest_export_of_a_ticket_has_its_latest_update(made: Made) -> None:
    newest: dict[str, str] = {}
    for row in read(made, TICKETS, Found()):
        assert row["updated_at"] >= newest.get(row["ticket_id"], "")
        newest[row["ticket_id"]] = row["updated_at"]
    assert max(newest.values()) >= (CONFIG.end - timedelta(days=7)).isoformat()

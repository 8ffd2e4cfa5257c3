"""The event files: what is planted is really there, counted by a naive reader."""

import re
from collections import Counter, defaultdict
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from platform_assets.sample.manifest import EventsPlanted
from platform_assets.sample.profiles import EVENT_BOTS

from .conftest import Made
from .naive import Found, first_deliveries, read_events, when

SOURCES = ("web_events", "app_events")
Read = tuple[Found, EventsPlanted, dict[str, dict[str, Any]]]


@pytest.fixture(scope="module", params=SOURCES)
def read(request: pytest.FixtureRequest, made: Made) -> Read:
    found = read_events(made.landing / request.param)
    return found, getattr(made.manifest, request.param), first_deliveries(found)


def test_files_records_and_bad_records_are_as_planted(read: Read) -> None:
    found, planted, _ = read
    assert found.files == planted.files
    assert found.duplicate_files == planted.files_duplicate > 0
    assert dict(found.rejected) == planted.files_rejected
    assert set(planted.files_rejected) == {"truncated_gzip", "empty"}
    assert found.records == planted.records
    assert dict(found.bad) == planted.quarantined
    assert planted.records == planted.loaded + sum(planted.quarantined.values())
    assert found.worst_share == pytest.approx(planted.worst_quarantined_share, abs=1e-6)


def test_every_kind_of_bad_line_is_planted(read: Read) -> None:
    _, planted, _ = read
    assert set(planted.quarantined) == {
        "torn_last_line",
        "invalid_json",
        "not_an_object",
        "invalid_utf8",
        "bad_cast",
        "required_missing",
    }


def test_duplicates_are_as_planted_within_and_across_files(read: Read) -> None:
    found, planted, events = read
    files: dict[str, list[str]] = defaultdict(list)
    for file, _, event in found.good:
        files[event["messageId"]].append(file)
    within = sum(len(names) - len(set(names)) for names in files.values())
    across = sum(len(set(names)) - 1 for names in files.values())
    assert len(events) == planted.distinct
    assert within == planted.duplicates_within_file > 0
    assert across == planted.duplicates_across_files > 0
    assert planted.loaded == planted.distinct + within + across


def test_a_duplicate_differs_in_nothing_but_the_time_of_receipt(read: Read) -> None:
    found, _, events = read
    restamped = 0
    for _, _, event in found.good:
        first = events[event["messageId"]]
        restamped += event["receivedAt"] != first["receivedAt"]
        assert {**event, "receivedAt": ""} == {**first, "receivedAt": ""}
    assert restamped > 0


def test_late_and_out_of_order_events_are_as_planted(read: Read) -> None:
    found, planted, events = read
    delays = [when(e["receivedAt"]) - when(e["timestamp"]) for e in events.values()]
    assert sum(delay >= timedelta(days=1) for delay in delays) == planted.late > 0
    assert max(delays) < timedelta(days=3)
    assert min(delays) >= timedelta(0)
    newest: dict[str, str] = defaultdict(str)
    disorder = 0
    for file, _, event in found.good:
        disorder += event["timestamp"] < newest[file]
        newest[file] = max(newest[file], event["timestamp"])
    assert disorder == planted.out_of_order > 0


def test_an_event_lands_first_in_the_folder_of_its_day_of_receipt(read: Read) -> None:
    found, _, events = read
    folders: dict[str, str] = {}
    for file, _, event in found.good:
        key = event["messageId"]
        folders[key] = min(folders.get(key, "9"), file[-10:])
    assert folders == {key: event["receivedAt"][:10] for key, event in events.items()}


def test_sessions_devices_and_robots_are_as_planted(read: Read) -> None:
    _, planted, events = read
    times: dict[str, list[str]] = defaultdict(list)
    bots: set[str] = set()
    for event in events.values():
        times[event["anonymousId"]].append(event["timestamp"])
        if event["context"]["userAgent"] in EVENT_BOTS:
            bots.add(event["anonymousId"])
    sessions: Counter[bool] = Counter()
    for device, stamps in times.items():
        moments = sorted(when(stamp) for stamp in stamps)
        gaps = (b - a for a, b in pairwise(moments))
        count = 1 + sum(gap > timedelta(minutes=30) for gap in gaps)
        sessions[device in bots] += count
    assert sessions.total() == planted.sessions
    assert sessions[False] == planted.sessions_without_bots
    assert len(times) - len(bots) == planted.devices
    of_bots = sum(len(times[device]) for device in bots)
    assert of_bots == planted.bot_events


def test_events_by_kind_and_their_first_and_last_time_are_as_planted(read: Read) -> None:
    _, planted, events = read
    kinds = Counter(event.get("event") or event["type"] for event in events.values())
    assert dict(kinds) == planted.counts
    assert min(event["timestamp"] for event in events.values()) == planted.first_event_at
    assert max(event["timestamp"] for event in events.values()) == planted.last_event_at


def test_the_clock_is_corrected_as_segment_does_it(read: Read) -> None:
    _, _, events = read
    skewed = 0
    for event in events.values():
        transit = when(event["sentAt"]) - when(event["originalTimestamp"])
        assert when(event["timestamp"]) == when(event["receivedAt"]) - transit
        skewed += abs(when(event["sentAt"]) - when(event["receivedAt"])) > timedelta(seconds=5)
    assert skewed > 0


def test_events_have_the_shape_of_the_segment_spec(read: Read) -> None:
    _, _, events = read
    uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    name = {"page": "name", "screen": "name", "track": "event", "group": "groupId"}
    for event in events.values():
        kind = event["type"]
        assert kind in {"page", "screen", "track", "identify", "group", "alias"}
        assert uuid.fullmatch(event["messageId"])
        assert event["userId"] is None or re.fullmatch(r"c_\d+", event["userId"])
        assert isinstance(event["context"]["userAgent"], str)
        assert isinstance(event["context"]["ip"], str)
        assert event["context"]["library"].keys() == {"name", "version"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["timestamp"])
        if kind in name:
            assert event[name[kind]]
        if kind in ("page", "screen", "track"):
            assert isinstance(event["properties"], dict)
        if kind == "identify":
            assert event["userId"] and "@" in event["traits"]["email"]


def test_a_new_top_level_key_appears_once_and_stays(made: Made) -> None:
    for source, key in (("web_events", "consent"), ("app_events", "sessionNumber")):
        planted = getattr(made.manifest, source)
        assert planted.drift == [f"+{key}"]
        found = read_events(made.landing / source)
        with_key = [e["timestamp"] for _, _, e in found.good if key in e]
        without = [e["timestamp"] for _, _, e in found.good if key not in e]
        assert len(with_key) > 1000
        assert min(with_key) > max(without)[:10]

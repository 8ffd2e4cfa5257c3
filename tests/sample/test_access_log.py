"""The access log: parsed by an independent pattern, and consistent with the page events."""

import gzip
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from platform_assets.sample.profiles import LOG_BOTS

from .conftest import Made
from .naive import Found, distinct_files, first_deliveries, read_events, when

LINE = re.compile(
    r'(?P<ip>\S+) \S+ \S+ \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" '
    r'(?P<status>\d{3}) (?P<size>\d+|-) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"'
)
Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def log(made: Made) -> tuple[Found, Lines]:
    found, rows = Found(), []
    for _, body in distinct_files(list((made.landing / "access_log").iterdir()), found):
        lines = body.decode().removesuffix("\n").split("\n")
        for line in lines:
            match = LINE.fullmatch(line)
            found.records += 1
            if match:
                moment = datetime.strptime(match["time"], "%d/%b/%Y:%H:%M:%S %z")
                rows.append({**match.groupdict(), "at": moment.astimezone(UTC)})
            else:
                found.bad["unparsed_line"] += 1
    return found, rows


def test_the_log_holds_what_was_planted(made: Made, log: tuple[Found, Lines]) -> None:
    planted, (found, rows) = made.manifest.access_log, log
    assert found.files == planted.files
    assert found.duplicate_files == planted.files_duplicate > 0
    assert found.records == planted.records
    assert dict(found.bad) == planted.quarantined
    assert len(rows) == planted.loaded
    assert dict(Counter(row["status"] for row in rows)) == planted.counts
    assert {"200", "301", "304", "404"} <= planted.counts.keys()


def test_a_file_ends_on_a_whole_line_or_with_a_torn_one(made: Made) -> None:
    ends = Counter(
        gzip.decompress(path.read_bytes()).endswith(b"\n")
        for path in (made.landing / "access_log").iterdir()
    )
    assert ends[False] > 0
    assert ends[True] > ends[False]


def test_every_page_event_was_fetched_by_the_same_address_and_user_agent(
    made: Made, log: tuple[Found, Lines]
) -> None:
    fetched: dict[tuple[str, str, str], list[datetime]] = defaultdict(list)
    for row in log[1]:
        if row["status"] in ("200", "304"):
            fetched[row["ip"], row["agent"], row["path"]].append(row["at"])
    pages = 0
    for event in first_deliveries(read_events(made.landing / "web_events")).values():
        if event["type"] != "page":
            continue
        pages += 1
        url = urlsplit(event["properties"]["url"])
        path = f"{url.path}?{url.query}" if url.query else url.path
        times = fetched[event["context"]["ip"], event["context"]["userAgent"], path]
        moment = when(event["timestamp"])
        assert any(timedelta(0) <= moment - at < timedelta(seconds=3) for at in times)
    assert pages > 5000


def test_the_log_sees_more_than_the_events(log: tuple[Found, Lines], made: Made) -> None:
    agents = {row["agent"] for row in log[1]}
    assert agents & set(LOG_BOTS)
    events = first_deliveries(read_events(made.landing / "web_events")).values()
    addresses = {event["context"]["ip"] for event in events}
    people = {row["ip"] for row in log[1] if not row["ip"].startswith("198.")}
    hidden = people - addresses
    assert 0 < len(hidden) < 0.1 * len(people)


def test_robots_are_fast_and_read_robots_txt(log: tuple[Found, Lines]) -> None:
    bots = [row for row in log[1] if row["agent"] in LOG_BOTS]
    assert 0.03 < len(bots) / len(log[1]) < 0.3
    assert any(row["path"] == "/robots.txt" for row in bots)
    assert any(row["status"] == "404" for row in bots)

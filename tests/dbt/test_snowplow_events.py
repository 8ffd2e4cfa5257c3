"""Published web events of Snowplow's package, against the sessions its authors expect of them.

The events are made to trip models up: the same id twice, a session of ten days, sessions of pings
alone, two at once. Where both definitions agree, so must the numbers. They differ on purpose:

| session  | here                                        | there                                   |
|----------|---------------------------------------------|-----------------------------------------|
| 0b5d421a | of a ping alone: no page was viewed, and it | a ping implies the page it pings from,  |
| 0b0c7bb5 | begins with the ping (twice: two such       | viewed five seconds before              |
|          | sessions have ids that begin alike)         |                                         |
| 2bfc2c76 | ends after 30 minutes without an event:     | follows the tracker's own session id,   |
|          | ten days are eleven visits                  | and is cut off after three days         |
| 76053423 | every page view with an id of its own       | two with one page_view_id count once,   |
|          | counts: eight                               | whatever their event ids: seven         |
| 540b6c4f | is of one device: its id changes on the     | follows the session id, whatever the    |
|          | way, so that there are several              | device                                  |
| 6f19f1f4 | what one device does within 30 minutes is   | two session ids at once are two         |
| df2bf41d | one visit                                   | sessions                                |
| cde5b90f | the same                                    | the same                                |
| 93c11143 |                                             |                                         |
| b5c4939c | of an event without a device: a visit by a  | a visit without a device                |
|          | device of its own, named after the event    |                                         |
"""

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.dbt.web_calls import Call
from tests.dbt.web_lake import WebLake

DIFFERENT = {
    "0b5d421a": 1,
    "0b0c7bb5": 2,
    "2bfc2c76": 1,
    "76053423": 1,
    "540b6c4f": 1,
    "6f19f1f4": 1,
    "df2bf41d": 1,
    "cde5b90f": 1,
    "93c11143": 1,
    "b5c4939c": 1,
}
Visit = tuple[str, datetime, datetime, int, int]  # device, start, end, page views, events


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def call(row: dict[str, str]) -> Call:
    """Return a Snowplow event as the Segment call that a page would have made in its place."""
    viewed = row["event_name"] == "page_view"
    return Call(
        message_id=row["event_id"],
        platform="web",
        type="page" if viewed else "track",
        event=None if viewed else row["event_name"],
        name=row["page_title"] if viewed else None,
        device_id=row["domain_userid"] or None,  # type: ignore[arg-type]
        user_id=None,
        at=moment(row["derived_tstamp"]),
        received_at=moment(row["collector_tstamp"]),
        properties={"url": row["page_url"], "path": row["page_urlpath"]},
        context={"userAgent": row["useragent"]},
    )


def visits(lake: WebLake) -> set[Visit]:
    with lake.warehouse.reading() as connection:
        found: list[Any] = connection.execute(
            "SELECT device_id, session_start_at::TIMESTAMPTZ, session_end_at::TIMESTAMPTZ, "
            "page_views, events FROM lake.marts.fct_sessions"
        ).fetchall()
    return set(found)


def expected(folder: Path) -> dict[str, Visit]:
    """Return the sessions that the package's authors expect, by their id."""
    return {
        row["domain_sessionid"]: (
            row["domain_userid"],
            moment(row["start_tstamp"]),
            moment(row["end_tstamp"]),
            int(row["page_views"]),
            int(row["total_events"]),
        )
        for row in rows(folder / "expected/default/snowplow_web_sessions_expected.csv")
    }


def test_sessions_and_page_views_are_those_the_authors_expect(
    lake: WebLake, shared_data: Path
) -> None:
    folder = shared_data / "events_snowplow_web"
    events = rows(folder / "source/snowplow_web_events.csv")
    assert len(events) == 160
    lake.land([call(row) for row in events])
    lake.build()

    staged = lake.rows("staging.stg_web_events")
    assert len(staged) == 157  # distinct ids
    found, theirs = visits(lake), expected(folder)
    assert len(theirs) == 18
    differing = [session[:8] for session, visit in theirs.items() if visit not in found]
    assert Counter(differing) == DIFFERENT
    pages = {row["event_id"] for row in events if row["event_name"] == "page_view"}
    assert sum(visit[3] for visit in found) == len(pages) == 49
    assert len(lake.rows("marts.fct_page_views")) == len(pages)

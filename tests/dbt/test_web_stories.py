"""What two loads do to the web models, told device by device.

Each device is a story of its own; they land together, so that all of them take three builds.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest

from resources.settings import settings
from tests.dbt.web_calls import FIRST_DAY, GAP, Call
from tests.dbt.web_lake import WebLake

TABLES = ("fct_sessions", "fct_page_views", "daily_traffic", "daily_funnel")
MIDNIGHT = FIRST_DAY.replace(hour=0, minute=0) + timedelta(days=10)
TICK = timedelta(milliseconds=1)
ROBOT = "ExampleBot/1.0"


def call(
    message_id: str,
    at: timedelta,
    user_id: str | None = None,
    kind: str = "page",
    agent: str = "Firefox on Linux",
) -> Call:
    """Return a call of the device that the message id begins with, so long after FIRST_DAY."""
    time = FIRST_DAY + at
    properties = {"url": "https://www.fernweh.example/"}
    return Call(
        message_id,
        "web",
        kind,
        None,
        None,
        message_id.split("-")[0],
        user_id,
        time,
        time + timedelta(seconds=1),
        properties,
        {"userAgent": agent},
    )


HOURS = timedelta(hours=1)
NIGHT = MIDNIGHT - FIRST_DAY
REPEATED = [call("repeated-1", 0 * HOURS), call("repeated-2", GAP)]
FIRST = [
    call("joined-1", 0 * HOURS),
    call("joined-2", timedelta(minutes=50)),
    call("night-1", NIGHT - timedelta(minutes=20)),
    call("night-2", NIGHT + timedelta(minutes=20)),
    call("known-1", 0 * HOURS),
    call("known-2", 30 * HOURS),
    call("lent-1", 0 * HOURS, user_id="c_1"),
    call("lent-2", 2 * HOURS, user_id="c_2"),
    call("lent-3", 4 * HOURS),
    call("limit-1", 0 * HOURS),
    call("limit-2", GAP),
    call("limit-3", 2 * GAP + TICK),
    call("robot-1", 100 * HOURS, agent=ROBOT),
    *REPEATED,
]
SECOND = [
    call("joined-late", timedelta(minutes=25)),
    call("night-late", NIGHT),
    call("known-login", 20 * HOURS, user_id="c_7", kind="identify"),
    *[replace(c, received_at=c.received_at + timedelta(hours=1)) for c in REPEATED],
]


@dataclass(frozen=True)
class Told:
    """The tables after the first load, after the second, and after a rebuild: rows as mappings."""

    first: dict[str, list[dict[str, Any]]]
    second: dict[str, list[dict[str, Any]]]
    rebuilt: dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def told(manifest: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Land and build the stories."""
    before = dict(os.environ)
    os.environ["PLATFORM_DATA_DIR"] = str(tmp_path_factory.mktemp("stories"))
    settings.cache_clear()
    lake = WebLake(manifest)
    lake.land(FIRST)
    lake.class_agents(["Firefox on Linux"])
    lake.build()
    first = read(lake)
    lake.class_agents([ROBOT])
    lake.land(SECOND)
    lake.build()
    second = read(lake)
    lake.build(full_refresh=True)
    yield Told(first, second, read(lake))
    os.environ.clear()
    os.environ.update(before)
    settings.cache_clear()


def read(lake: WebLake) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the marts, in the order of their times."""
    found = {}
    with lake.warehouse.reading() as connection:
        for table in TABLES:
            rows = connection.execute(f"SELECT * FROM lake.marts.{table} ORDER BY ALL")
            names = [column[0] for column in rows.description or ()]
            found[table] = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    return found


def of(rows: list[dict[str, Any]], device: str, column: str) -> list[Any]:
    """Return one column of a device's sessions or page views, in the order of their times."""
    time = "viewed_at" if "viewed_at" in rows[0] else "session_start_at"
    chosen = sorted((r for r in rows if r["device_id"] == device), key=lambda r: r[time])
    return [row[column] for row in chosen]


def test_a_late_event_joins_two_sessions_and_their_page_views(told: Told) -> None:
    assert of(told.first["fct_sessions"], "joined", "events") == [1, 1]
    assert of(told.second["fct_sessions"], "joined", "events") == [3]
    session = of(told.second["fct_sessions"], "joined", "session_id")
    assert of(told.second["fct_page_views"], "joined", "session_id") == session * 3
    assert session == of(told.first["fct_sessions"], "joined", "session_id")[:1]


def test_a_day_whose_only_session_joins_the_day_before_is_emptied(told: Told) -> None:
    assert MIDNIGHT.date() in [row["date"] for row in told.first["daily_traffic"]]
    for table in ("daily_traffic", "daily_funnel"):
        assert MIDNIGHT.date() not in [row["date"] for row in told.second[table]]


def test_a_late_login_makes_the_earlier_and_later_sessions_the_customers(told: Told) -> None:
    assert of(told.first["fct_sessions"], "known", "customer_id") == [None, None]
    assert of(told.first["fct_sessions"], "known", "person_id") == ["known", "known"]
    assert of(told.second["fct_sessions"], "known", "customer_id") == [7, 7, 7]
    assert of(told.second["fct_sessions"], "known", "person_id") == ["c_7"] * 3
    assert of(told.second["fct_page_views"], "known", "customer_id") == [7, 7]


def test_a_session_is_of_who_was_logged_in_before_who_had_the_device_first(told: Told) -> None:
    assert of(told.first["fct_sessions"], "lent", "customer_id") == [1, 2, 1]


def test_exactly_thirty_minutes_do_not_end_a_session(told: Told) -> None:
    assert of(told.first["fct_sessions"], "limit", "events") == [2, 1]


def test_repeated_deliveries_change_nothing(told: Told) -> None:
    assert of(told.second["fct_sessions"], "repeated", "events") == [2]
    for table in ("fct_sessions", "fct_page_views"):
        first, second = (
            [r for r in t[table] if r["device_id"] == "repeated"] for t in (told.first, told.second)
        )
        assert first == second


def test_a_robot_that_is_classed_late_leaves_the_traffic_of_people(told: Told) -> None:
    day = (FIRST_DAY + 100 * HOURS).date()
    assert of(told.first["fct_sessions"], "robot", "device_class") == ["unknown"]
    assert day in [row["date"] for row in told.first["daily_traffic"]]
    assert of(told.second["fct_sessions"], "robot", "is_bot") == [True]
    assert day not in [row["date"] for row in told.second["daily_traffic"]]


def test_a_rebuild_changes_nothing(told: Told) -> None:
    for table in TABLES:
        incremental, rebuilt = (
            [r | {"_load_id": 0} for r in t[table]] for t in (told.second, told.rebuilt)
        )
        assert incremental == rebuilt, table

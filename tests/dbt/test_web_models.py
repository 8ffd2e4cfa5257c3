"""What the web models say of a few events, landed load by load."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dbt.adapters.duckdb.impl import DuckDBAdapter

from tests.dbt.web_calls import Call
from tests.dbt.web_lake import MODELS, WebLake

SESSION_MODELS = [m for m in MODELS if "access_log" not in m]
LOG_MODELS = [m for m in MODELS if "access_log" in m]


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def page(device: str, when: datetime, user: str | None = None, **changes: Any) -> Call:
    """Return a page view whose message id is its device and time."""
    values: dict[str, Any] = {
        "message_id": f"{device} {when:%d %H:%M}",
        "platform": "web",
        "type": "page",
        "event": None,
        "name": "Home",
        "device_id": device,
        "user_id": user,
        "at": when,
        "received_at": when + timedelta(seconds=1),
        "properties": {"url": "https://www.fernweh.example/"},
        "context": {"userAgent": "Firefox on Linux"},
    }
    return Call(**(values | changes))


def query(lake: WebLake, sql: str) -> list[tuple[Any, ...]]:
    with lake.warehouse.reading() as connection:
        return connection.execute(sql).fetchall()


def between_compiling_and_running(
    monkeypatch: pytest.MonkeyPatch, model: str, action: Callable[[str], None]
) -> None:
    """Do what another run might do once a model's SQL is compiled, marks and all, but has not run.

    `action` gets the compiled SQL; it is called once.
    """
    before, done = DuckDBAdapter.pre_model_hook, []

    def hook(self: Any, config: Any) -> Any:
        if config.model.name == model and not done:
            done.append(model)
            action(config.model.compiled_code)
        return before(self, config)

    monkeypatch.setattr(DuckDBAdapter, "pre_model_hook", hook)


def test_a_login_makes_a_device_known_back_to_its_first_visit(lake: WebLake) -> None:
    people = "SELECT DISTINCT day(session_start_at), person_id, customer_id FROM {}"
    views = "SELECT DISTINCT day(viewed_at), person_id, customer_id FROM {}"

    def known() -> list[tuple[Any, ...]]:
        found = query(lake, people.format("lake.marts.fct_sessions ORDER BY 1"))
        assert found == query(lake, views.format("lake.marts.fct_page_views ORDER BY 1"))
        return found

    lake.land([page("d", at(1, 10)), page("d", at(2, 10))])
    lake.build(SESSION_MODELS)
    assert known() == [(1, "d", None), (2, "d", None)]

    lake.land([page("d", at(3, 10), "c_7"), page("d", at(4, 10))])
    lake.build(SESSION_MODELS)
    assert known() == [(day, "c_7", 7) for day in (1, 2, 3, 4)]

    lake.land([page("d", at(2, 20), "c_5")])  # late, and earlier than the other login
    lake.build(SESSION_MODELS)
    assert known() == [(1, "c_5", 5), (2, "c_5", 5), (3, "c_7", 7), (4, "c_5", 5)]


def test_a_late_event_joins_two_days_and_empties_the_second(lake: WebLake) -> None:
    lake.land([page("d", at(1, 23, 20)), page("d", at(2, 0, 10)), page("d", at(2, 9))])
    lake.land([page("e", at(2, 0, 20))])
    lake.build(SESSION_MODELS)
    daily = "SELECT day(date), sessions, page_views FROM lake.marts.daily_traffic ORDER BY 1"
    assert query(lake, daily) == [(1, 1, 1), (2, 3, 3)]

    lake.land([page("d", at(1, 23, 45))])
    lake.build(SESSION_MODELS)
    assert query(lake, daily) == [(1, 1, 3), (2, 2, 2)]
    numbers = query(
        lake,
        "SELECT view_number, count(DISTINCT session_id), is_exit, milliseconds_to_next / 60000 "
        "FROM lake.marts.fct_page_views WHERE device_id = 'd' AND viewed_at < '2026-03-02 09:00' "
        "GROUP BY ALL ORDER BY 1",
    )
    assert numbers == [(1, 1, False, 25), (2, 1, False, 25), (3, 1, True, None)]


def test_a_day_that_loses_its_only_session_vanishes(lake: WebLake) -> None:
    lake.land([page("d", at(1, 23, 20)), page("d", at(2, 0, 10))])
    lake.build(SESSION_MODELS)
    lake.land([page("d", at(1, 23, 45))])
    lake.build(SESSION_MODELS)
    for mart in ("daily_traffic", "daily_funnel"):
        days = query(lake, f"SELECT date::VARCHAR, sessions FROM lake.marts.{mart}")
        assert days == [("2026-03-01", 1)], mart


def test_a_robot_is_left_out_of_the_days_once_its_user_agent_is_classed(lake: WebLake) -> None:
    robot = {"userAgent": "ExampleBot/1.0"}
    lake.land([page("r", at(1, 10), context=robot), page("d", at(1, 10))])
    lake.build(SESSION_MODELS)
    daily = "SELECT sessions FROM lake.marts.daily_traffic"
    classes = "SELECT device_id, device_class, is_bot FROM lake.marts.fct_sessions ORDER BY 1"
    assert query(lake, daily) == [(2,)]
    assert query(lake, classes) == [("d", "unknown", False), ("r", "unknown", False)]

    lake.class_agents()
    lake.land([page("d", at(1, 10, 5))])
    lake.build(SESSION_MODELS)
    assert query(lake, daily) == [(1,)]
    assert query(lake, classes) == [("d", "desktop", False), ("r", "bot", True)]
    assert query(lake, "SELECT is_bot FROM lake.marts.fct_page_views WHERE device_id = 'r'") == [
        (True,)
    ]


def test_a_load_of_repeated_deliveries_changes_nothing(lake: WebLake) -> None:
    calls = [page("d", at(1, 10)), page("d", at(1, 10, 10)), page("e", at(1, 10))]
    lake.land(calls)
    lake.build(SESSION_MODELS)
    before = {m: query(lake, f"SELECT * FROM lake.{m} ORDER BY ALL") for m in SESSION_MODELS}

    again = {"received_at": at(1, 12), "name": "Delivered again"}
    lake.land([page("d", at(1, 10), **again), page("e", at(1, 10), **again)])
    lake.build(SESSION_MODELS)
    assert before == {
        m: query(lake, f"SELECT * FROM lake.{m} ORDER BY ALL") for m in SESSION_MODELS
    }

    lake.land([page("d", at(1, 10, 20))])
    lake.build(SESSION_MODELS)
    counts = query(lake, "SELECT device_id, page_views FROM lake.marts.fct_sessions ORDER BY 1")
    assert counts == [("d", 3), ("e", 1)]


def test_two_runs_at_once_do_not_store_a_log_line_twice(
    lake: WebLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def line(number: int) -> dict[str, Any]:
        return {"time": at(1, 10).isoformat(), "_file": "access.log", "_line": number}

    def other_run(compiled: str) -> None:
        with lake.warehouse.write() as connection:
            connection.execute(f"INSERT INTO staging.stg_access_log {compiled}")

    lake.land(log=[line(1)])
    lake.build(LOG_MODELS)
    between_compiling_and_running(monkeypatch, "stg_access_log", other_run)
    lake.land(log=[line(2), line(3)])
    lake.build(LOG_MODELS)
    assert query(lake, "SELECT _line FROM lake.staging.stg_access_log ORDER BY 1") == [
        (1,),
        (2,),
        (3,),
    ]


def test_what_another_run_stages_meanwhile_is_not_skipped(
    lake: WebLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.land([page("d", at(1, 10)), page("d", at(1, 10, 8)), page("e", at(2, 10))])
    lake.build(SESSION_MODELS)

    def other_run(_: str) -> None:
        with lake.warehouse.write() as connection:
            for device, minute in (("d", 5), ("e", 20)):  # the first lies in a touched session
                connection.execute(
                    "INSERT INTO staging.stg_web_events BY NAME SELECT * REPLACE ("
                    "message_id || ' later' AS message_id, "
                    f"event_at + INTERVAL {minute} MINUTE AS event_at, 99 AS _load_id) "
                    f"FROM staging.stg_web_events WHERE message_id LIKE '{device} % 10:00'"
                )

    between_compiling_and_running(monkeypatch, "int_sessions", other_run)
    lake.land([page("d", at(1, 10, 10))])
    lake.build(SESSION_MODELS)
    lake.build(SESSION_MODELS)
    counts = query(lake, "SELECT device_id, events FROM lake.marts.fct_sessions ORDER BY 1")
    assert counts == [("d", 4), ("e", 2)]
    assert query(lake, "SELECT sum(page_views) FROM lake.marts.daily_traffic") == [(6,)]


def twice(lake: WebLake, message_id: str) -> None:
    """Store a row of stg_web_events a second time, as no model would."""
    with lake.warehouse.write() as connection:
        connection.execute(
            "INSERT INTO staging.stg_web_events "
            "SELECT * FROM staging.stg_web_events WHERE message_id = ?",
            [message_id],
        )


def test_the_data_tests_pass_and_find_a_row_that_is_twice(lake: WebLake) -> None:
    lake.land([page("d", at(1, 10)), page("d", at(1, 11), "c_1"), page("e", at(2, 10))])
    lake.land(log=[{"time": at(1, 10).isoformat(), "_file": "access.log", "_line": 1}])
    lake.build()
    good = lake.results("test", MODELS)
    assert {r.status for r in good} == {"pass"}
    assert len(good) > 20

    twice(lake, "e 02 10:00")
    failed = [r.node.name for r in lake.results("test", MODELS) if r.status != "pass"]
    assert failed == ["unique_stg_web_events_message_id"]


def test_the_data_tests_of_an_increment_look_at_its_days_and_not_at_all_history(
    lake: WebLake,
) -> None:
    def failures(*calls: Call) -> list[str]:
        lake.land(calls)
        results = lake.results("build", ["staging.stg_web_events"])
        return [r.node.name for r in results if r.status not in ("success", "pass")]

    lake.land([page("d", at(1, 10)), page("d", at(5, 10))])
    lake.build()
    twice(lake, "d 01 10:00")
    assert failures(page("d", at(5, 11))) == []
    assert failures(page("d", at(1, 12))) == ["unique_stg_web_events_message_id"]
    assert failures(page("d", at(5, 12))) == []

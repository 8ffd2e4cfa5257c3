"""The web models, built batch by batch, are what a full rebuild makes: in whatever order data lands."""

import random
from datetime import timedelta

import pytest

from tests.dbt.web_calls import FIRST_DAY, GAP, Call, deliveries, log_lines, sessions
from tests.dbt.web_lake import MODELS, WebLake

CALLS = deliveries(seed=11)
LOG = log_lines(seed=12)


def shuffled(batches: int, seed: int) -> list[tuple[list[Call], list[dict[str, object]]]]:
    """Return all calls and log lines, shuffled and cut into batches."""
    chance = random.Random(seed)
    calls, log = list(CALLS), list(LOG)
    chance.shuffle(calls)
    chance.shuffle(log)
    return [(calls[n::batches], log[n::batches]) for n in range(batches)]


def assert_like_a_full_rebuild(lake: WebLake) -> None:
    """Compare every row of every model with what a rebuild from raw makes of it."""
    built = lake.everything()
    lake.build(full_refresh=True)
    rebuilt = lake.everything()
    for model in MODELS:
        assert built[model] == rebuilt[model], model


def call(message_id: str, minutes: float, user_id: str | None = None, kind: str = "page") -> Call:
    """Return a call of the one device `d`, so many minutes after the first day began."""
    at = FIRST_DAY + timedelta(minutes=minutes)
    received = at + timedelta(seconds=1)
    properties = {"url": "https://www.fernweh.example/"}
    return Call(
        message_id, "web", kind, None, None, "d", user_id, at, received, properties, {}
    )


def column(lake: WebLake, model: str, name: str) -> list[object]:
    """Return one column of a model, in the order of its rows' times."""
    with lake.warehouse.reading() as connection:
        order = "viewed_at" if model.endswith("page_views") else "session_start_at"
        rows = connection.execute(f"SELECT {name} FROM lake.{model} ORDER BY {order}").fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize("batches", [1, 7])
def test_shuffled_batches_give_the_rows_of_a_full_rebuild(lake: WebLake, batches: int) -> None:
    for number, (calls, log) in enumerate(shuffled(batches, seed=batches)):
        lake.land(calls, log)
        if number == 0:
            lake.class_agents()
        lake.build()

    assert_like_a_full_rebuild(lake)
    found = lake.rows("intermediate.int_sessions")
    assert len(found) == len(sessions(CALLS)) > 100


def test_models_that_fall_behind_each_other_catch_up(lake: WebLake) -> None:
    """Fifty batches; after each, one or two models run, whichever: as after runs that died."""
    chance = random.Random(50)
    for number, (calls, log) in enumerate(shuffled(50, seed=50)):
        lake.land(calls, log)
        if number == 0:
            lake.class_agents()
            lake.build()
        else:
            lake.build(chance.sample(MODELS, chance.choice([1, 1, 2])))
    lake.build()

    assert_like_a_full_rebuild(lake)


def test_sessions_are_those_of_a_naive_reading(lake: WebLake) -> None:
    lake.land(CALLS[::2])
    lake.build()
    lake.land(CALLS[1::2])
    lake.build()

    with lake.warehouse.reading() as connection:
        found = connection.execute(
            "SELECT device_id, session_start_at::TIMESTAMPTZ, session_end_at::TIMESTAMPTZ, events "
            "FROM lake.marts.fct_sessions"
        ).fetchall()
    assert set(found) == sessions(CALLS)
    assert len(found) == len(set(found))


def test_a_late_event_joins_two_sessions_everywhere(lake: WebLake) -> None:
    lake.land([call("a", 0), call("b", 50)])
    lake.build()
    assert column(lake, "marts.fct_sessions", "events") == [1, 1]

    lake.land([call("late", 25)])
    lake.build()

    assert column(lake, "marts.fct_sessions", "events") == [3]
    (session,) = column(lake, "marts.fct_sessions", "session_id")
    assert column(lake, "marts.fct_page_views", "session_id") == [session] * 3
    assert_like_a_full_rebuild(lake)


def test_a_day_whose_only_session_joins_the_day_before_is_emptied(lake: WebLake) -> None:
    midnight = 140  # minutes after the first call's 21:40
    lake.land([call("a", midnight - 20), call("b", midnight + 20)])
    lake.build()
    assert len(lake.rows("marts.daily_traffic")) == 2

    lake.land([call("late", midnight)])
    lake.build()

    assert len(lake.rows("marts.daily_traffic")) == 1
    assert len(lake.rows("marts.daily_funnel")) == 1
    assert_like_a_full_rebuild(lake)


def test_a_late_login_makes_the_earlier_sessions_the_customers(lake: WebLake) -> None:
    lake.land([call("a", 0), call("b", 2000)])
    lake.build()
    assert column(lake, "marts.fct_sessions", "customer_id") == [None, None]

    lake.land([call("login", 1000, user_id="c_7", kind="identify")])
    lake.build()

    assert column(lake, "marts.fct_sessions", "customer_id") == [7, 7, 7]
    assert column(lake, "marts.fct_sessions", "person_id") == ["c_7"] * 3
    assert column(lake, "marts.fct_page_views", "customer_id") == [7, 7]
    assert_like_a_full_rebuild(lake)


def test_a_session_belongs_to_who_was_logged_in_before_who_had_the_device_first(
    lake: WebLake,
) -> None:
    lake.land([call("a", 0, user_id="c_1"), call("b", 100, user_id="c_2"), call("c", 200)])
    lake.build()

    assert column(lake, "marts.fct_sessions", "customer_id") == [1, 2, 1]


def test_a_load_of_nothing_but_repeats_changes_nothing(lake: WebLake) -> None:
    calls = [call("a", 0), call("b", 20)]
    lake.land(calls)
    lake.build()
    before = lake.everything()

    lake.land(calls)
    lake.build()

    assert lake.everything() == before


def test_a_user_agent_that_is_classed_late_leaves_the_traffic_of_people(lake: WebLake) -> None:
    robot = call("a", 0)
    robot.context["userAgent"] = "ExampleBot/1.0"
    lake.land([robot])
    lake.build()
    assert column(lake, "marts.fct_sessions", "device_class") == ["unknown"]
    assert len(lake.rows("marts.daily_traffic")) == 1

    lake.class_agents()
    lake.land([call("b", 3000)])
    lake.build()

    assert column(lake, "marts.fct_sessions", "is_bot") == [True, False]
    assert_like_a_full_rebuild(lake)


def test_exactly_thirty_minutes_do_not_end_a_session(lake: WebLake) -> None:
    minute = GAP / timedelta(minutes=1)
    lake.land([call("a", 0), call("b", minute), call("c", 2 * minute + 1 / 60_000)])
    lake.build()

    assert column(lake, "marts.fct_sessions", "events") == [2, 1]

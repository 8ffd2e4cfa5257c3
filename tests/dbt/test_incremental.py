"""The web models, built batch by batch, in whatever order data lands, are what a rebuild makes."""

import random

import pytest

from tests.dbt.web_calls import Call, deliveries, log_lines, sessions
from tests.dbt.web_lake import MODELS, WebLake
from tests.long import LONG, long

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


@pytest.mark.parametrize("batches", [1, 3, pytest.param(7, marks=long("every model seven times"))])
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
    """Many batches; after each, one or two models run, whichever: as after runs that died."""
    chance = random.Random(50)
    for number, (calls, log) in enumerate(shuffled(50 if LONG else 20, seed=50)):
        lake.land(calls, log)
        if number == 0:
            lake.class_agents()
            lake.build()
        else:
            lake.build(chance.sample(MODELS, chance.choice([1, 1, 1, 2])))
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

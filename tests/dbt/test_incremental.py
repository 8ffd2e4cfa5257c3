"""The web models, built batch by batch, are what a full rebuild makes: in whatever order data lands."""

import random
from datetime import UTC, datetime

import pytest

from tests.dbt.web_calls import GAP, Call, deliveries, log_lines, sessions
from tests.dbt.web_lake import MODELS, WebLake

CALLS = deliveries(seed=11)
LOG = log_lines(seed=12)


def land_in_batches(lake: WebLake, batches: int, seed: int, build: bool = True) -> None:
    """Land all calls and log lines, shuffled and cut into batches; build after each of them."""
    chance = random.Random(seed)
    calls, log = list(CALLS), list(LOG)
    chance.shuffle(calls)
    chance.shuffle(log)
    for number in range(batches):
        lake.land(calls[number::batches], log[number::batches])
        if number == 0:
            lake.class_agents()
        if build:
            lake.build()


@pytest.mark.parametrize("batches", [1, 7, 50])
def test_shuffled_batches_give_the_rows_of_a_full_rebuild(lake: WebLake, batches: int) -> None:
    land_in_batches(lake, batches, seed=batches)
    built = lake.everything()
    lake.build(full_refresh=True)
    rebuilt = lake.everything()
    for model in MODELS:
        assert built[model] == rebuilt[model], model
        assert rebuilt[model]

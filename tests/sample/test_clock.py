"""Cycles of days, weekdays and hours, and how times are written."""

from datetime import UTC, datetime

import numpy as np
import pytest

from platform_assets.sample.access_log import log_time
from platform_assets.sample.clock import (
    DAY_MS,
    HOUR_MS,
    WEEKDAYS,
    iso,
    level,
    sql_time,
    visit_starts,
)

MOMENTS = [0, 1, 59_999, 1_767_225_599_999, 1_772_322_245_678, 4_102_444_800_000]


@pytest.mark.parametrize("ms", MOMENTS)
def test_times_are_written_as_datetime_writes_them(ms: int) -> None:
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    expected = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert iso(ms) == expected
    assert sql_time(ms) == expected[:-1].replace("T", " ")
    assert log_time(ms) == moment.strftime("%d/%b/%Y:%H:%M:%S +0000")


def test_traffic_grows_and_a_week_keeps_its_mean() -> None:
    assert sum(WEEKDAYS) / 7 == pytest.approx(1)
    assert level(30, 0) == WEEKDAYS[0]
    assert 1.3 < level(60, 2) / level(0, 2) < 1.4
    assert level(10, 6) > level(10, 2) * 1.2


def test_people_come_in_the_evening_and_sleep_at_night() -> None:
    starts = visit_starts(np.random.default_rng(1), 10_000, 20_000 * DAY_MS, 20_001 * DAY_MS)
    hours = np.array(starts) % DAY_MS // HOUR_MS
    assert (hours == 19).sum() > 20 * (hours == 3).sum()
    assert starts == sorted(starts)
    assert starts[0] >= 20_000 * DAY_MS and starts[-1] < 20_001 * DAY_MS


def test_visits_of_a_part_of_a_day_stay_inside_it() -> None:
    begin = 20_000 * DAY_MS + 11 * HOUR_MS
    starts = visit_starts(np.random.default_rng(1), 100, begin, begin + 5_000)
    assert begin <= min(starts) and max(starts) <= begin + 5_000

"""How a key result stands: each rule, at its border."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from platform_assets.product.kinds import Measurement
from platform_assets.product.progress import (
    AT_RISK,
    HOLDS,
    NOT_BEGUN,
    NOT_MEASURED,
    OFF_TRACK,
    ON_TRACK,
    REACHED,
    amount,
    progress,
    share,
)
from tests.product.key_results import FASTER, measured, on

HALF = 45.0  # days


@pytest.mark.parametrize(
    ("value", "standing"),
    [
        (10, REACHED),
        (9, REACHED),
        (20, ON_TRACK),  # half of the way at half of the time
        (22, ON_TRACK),  # 40 %
        (22.1, AT_RISK),
        (25, AT_RISK),  # 25 %
        (25.1, OFF_TRACK),
        (31, OFF_TRACK),  # worse than where it began
    ],
)
def test_what_is_done_is_seen_beside_the_time_that_is_over(value: float, standing: str) -> None:
    found = progress(FASTER, [measured(HALF, value)], on(HALF))
    assert found.standing == standing
    assert found.elapsed == pytest.approx(0.5)
    assert found.done == pytest.approx((30 - value) / 20)
    assert found.value == value


def test_a_target_above_the_baseline_is_reached_upwards() -> None:
    more = replace(FASTER, baseline=10, target=30)
    assert [share(more, v) for v in (0, 10, 20, 30, 40)] == [-0.5, 0, 0.5, 1, 1.5]
    assert [share(FASTER, v) for v in (40, 30, 20, 10, 0)] == [-0.5, 0, 0.5, 1, 1.5]
    still = replace(FASTER, baseline=5, target=5)
    assert [share(still, v) for v in (5, 4)] == [1, 0]


def test_trouble_upstream_makes_a_green_value_not_measured() -> None:
    green = [measured(HALF, 10)]
    found = progress(FASTER, green, on(HALF), ["raw/mail: 3 h late", "marts/answers: late"])
    assert (found.standing, found.reason) == (NOT_MEASURED, "raw/mail: 3 h late, and 1 more")
    assert (found.value, found.as_of, found.done, found.measured_at) == (None, None, None, None)
    assert found.trouble == ("raw/mail: 3 h late", "marts/answers: late")
    assert found.last == green[0]


@pytest.mark.parametrize(
    ("newest", "reason"),
    [
        (measured(HALF, trouble=("raw/mail: 3 h late",)), "raw/mail: 3 h late"),
        (measured(HALF), "its query returned no value"),
        (measured(HALF, 10, definition="other"), "its definition was changed, and it was not"),
        (measured(HALF - 2.1, 10), "it was last measured on 12 Aug 2026"),
    ],
)
def test_the_newest_measurement_has_to_hold(newest: Measurement, reason: str) -> None:
    found = progress(FASTER, [newest, measured(HALF - 3, 10)], on(HALF))
    assert found.standing == NOT_MEASURED and found.value is None
    assert found.reason.startswith(reason)


def test_a_measurement_holds_for_two_days_and_some_hours() -> None:
    made = measured(HALF, 20)
    assert progress(FASTER, [made], made.at + HOLDS).standing == ON_TRACK
    late = progress(FASTER, [made], made.at + HOLDS + timedelta(seconds=1))
    assert late.standing == NOT_MEASURED


def test_without_any_measurement_it_is_not_measured() -> None:
    found = progress(FASTER, [], on(HALF))
    assert (found.standing, found.reason) == (NOT_MEASURED, "it was never measured")
    assert found.last is None and found.breaks == ()


def test_before_its_first_day_it_is_not_begun() -> None:
    found = progress(FASTER, [measured(-1, 30)], on(-0.5))
    assert (found.standing, found.reason) == (NOT_BEGUN, "begins on 1 Jul 2026")
    assert (found.elapsed, found.value) == (0, 30)
    assert progress(FASTER, [], on(-0.5), ["raw/mail: late"]).standing == NOT_BEGUN


def test_after_its_last_day_later_values_do_not_count() -> None:
    missed, later = measured(89.5, 12), measured(95, 9)
    found = progress(FASTER, [missed, later], on(120), ["raw/mail: 30 days late"])
    assert (found.standing, found.reason) == (OFF_TRACK, "ended with 90% of the way")
    assert (found.value, found.elapsed, found.last) == (12, 1, later)
    same_day = measured(95, 9, as_of=on(89.9))  # of the last day, measured when that was over
    assert progress(FASTER, [missed, same_day], on(120)).standing == REACHED


def test_what_was_not_measured_to_its_end_stays_not_measured() -> None:
    found = progress(FASTER, [measured(80, 9)], on(120))
    assert (found.standing, found.reason) == (
        NOT_MEASURED,
        "it was last measured on 19 Sep 2026",
    )


def test_the_last_day_belongs_to_its_time() -> None:
    assert progress(FASTER, [measured(89.5, 10.5)], on(89.9)).standing == ON_TRACK
    assert progress(FASTER, [measured(89.5, 10.5)], on(90)).standing == OFF_TRACK


def test_a_changed_definition_is_a_break_whatever_the_order_of_measurements() -> None:
    made = [measured(1, 30, definition="a"), measured(2, 29, definition="a"), measured(3, 28)]
    assert progress(FASTER, made[::-1], on(3)).breaks == (on(3),)


def test_a_key_result_without_dates_has_no_end() -> None:
    endless = replace(FASTER, start=date.min, due=date.max)
    assert progress(endless, [measured(1, 10)], on(1)).standing == REACHED


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1250.4, "€", "1,250 €"),
        (0.3512, "", "0.351"),
        (12, "%", "12%"),
        (-3.0, "h", "-3 h"),
        (999.64, "", "999.6"),
    ],
)
def test_numbers_are_said_as_people_say_them(value: float, unit: str, said: str) -> None:
    assert amount(value, unit) == said

"""Where an incremental extraction starts, as values."""

from datetime import UTC, datetime, timedelta

import pytest

from platform_assets.ingestion.database_cursor import (
    PastLoad,
    further,
    lower_bound,
    order_of,
    plain,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def load(cursor_to: str, minutes_ago: float = 0, seconds: float = 0) -> PastLoad:
    return PastLoad(cursor_to, NOON - timedelta(minutes=minutes_ago), seconds)


def test_the_first_extraction_reads_everything():
    assert lower_bound("time", [], "10m") is None


@pytest.mark.parametrize(
    ("order", "last", "bound"),
    [
        ("time", "2026-03-01 10:00:00.5+00", "2026-03-01 09:50:00.500000+00:00"),
        ("time", "2026-03-01 10:00:00", "2026-03-01 09:50:00"),
        ("date", "2026-03-01", "2026-02-28"),
        ("loose", "2026-03-01T10:00:00.250Z", "2026-03-01T09:50:00"),
        ("loose", "2026-03-01 10:00:00.250", "2026-03-01 09:50:00"),
        ("loose", "2026-03-01 10:05", "2026-03-01 09:55"),
        ("loose", "2026-03-01", "2026-02-28"),
    ],
)
def test_a_time_goes_back_by_the_overlap_in_the_form_that_the_source_compares(order, last, bound):
    assert lower_bound(order, [load(last)], "10m") == bound


def test_a_text_bound_is_never_later_than_a_text_of_the_same_time():
    bound = lower_bound("loose", [load("2026-03-01T10:00:00.999Z")], "0s")
    assert bound is not None
    assert bound <= "2026-03-01T10:00:00.000Z"


def test_a_cursor_in_the_future_goes_back_from_the_last_look_so_that_it_blocks_nothing():
    loads = [load("2199-01-01 00:00:00+00", seconds=30)]
    assert lower_bound("time", loads, "10m") == "2026-03-01 11:49:30+00:00"


def test_a_number_goes_back_by_a_plain_number():
    assert lower_bound("number", [load("1000")], "25") == "975"


def test_a_number_with_a_time_goes_back_to_where_it_stood_before_the_last_look_began():
    loads = [load("900", 0, seconds=60), load("800", 10), load("700", 11), load("600", 12)]
    assert lower_bound("number", loads, "10m") == "700"


def test_a_number_without_a_load_that_old_reads_everything():
    assert lower_bound("number", [load("900", 0), load("800", 9)], "10m") is None


def test_a_text_without_time_in_it_goes_back_like_a_number():
    loads = [load("01J9ZZ", 0), load("01J9AA", 20)]
    assert lower_bound("text", loads, "10m") == "01J9AA"


def test_an_overlap_without_a_unit_makes_no_sense_for_a_time():
    with pytest.raises(ValueError, match="needs a unit"):
        lower_bound("time", [load("2026-03-01 10:00:00")], "10")


def test_an_untyped_column_compares_by_what_its_values_look_like():
    assert order_of("loose", "1700000000") == "number"
    assert order_of("loose", "01J9ZZ") == "text"
    assert order_of("loose", "2026-03-01") == "loose"


def test_a_number_is_written_plainly():
    assert plain("10.000000000") == "10"
    assert plain("1E+3") == "1000"
    assert plain("0.500") == "0.5"
    assert plain("100") == "100"
    assert plain(None) is None


def test_the_cursor_never_goes_back():
    assert further("number", "10", "9") == "10"
    assert further("time", "2026-03-01 10:00:00+00", "2026-03-01 10:00:00.5+00") == (
        "2026-03-01 10:00:00.5+00"
    )
    assert further("text", None, "a") == "a"
    assert further("text", "b", None) == "b"

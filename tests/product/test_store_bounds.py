"""What input may look like."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from platform_assets.product.kinds import INPUTS
from platform_assets.product.store import Missing, Refused, bounds

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def test_what_cannot_be_shown_or_kept_is_taken_out() -> None:
    assert bounds.line(" a\x00b\x1b[31m\ud800 \u202ec\r\n d\t", "x", 99) == "ab[31m c d"
    assert bounds.words("\n a\r\nb\rc\x07\td \u2066e\n\n", "x") == "a\nb\nc\td e"


def test_the_rest_stays_as_it_was_written() -> None:
    for text in (
        "Ümläut",
        "👩‍🔬 fragt",
        "<script>alert(1)</script>",
        "'; DROP TABLE x; --",
        "日本",
    ):
        assert bounds.line(text, "x", 99) == bounds.words(text, "x") == text


def test_a_person_is_the_same_however_an_accent_was_typed() -> None:
    assert bounds.person("Jose\u0301") == bounds.person(" Jos\u00e9 ")
    with pytest.raises(Refused, match="Your name is missing"):
        bounds.person(" \u202e\n")
    assert bounds.person("", needed=False) == ""


def test_text_is_bounded_after_it_is_cleaned() -> None:
    assert len(bounds.line("a" * 200 + "\x00" * 50, "x", bounds.TITLE)) == 200
    assert len(bounds.words("a\n" * 2_000 + "\n", "x")) == 3_999
    with pytest.raises(Refused, match="200 characters; this has 201"):
        bounds.line("a" * 201, "the title", bounds.TITLE)
    with pytest.raises(Refused, match="4,000 characters; this has 4,001"):
        bounds.words("a" * 4_001, "the reason")
    with pytest.raises(Refused, match="120"):
        bounds.person("a" * 121)


@pytest.mark.parametrize("value", [None, 3, b"a", ["a"]])
def test_what_is_no_text_is_refused(value: Any) -> None:
    for bound in (lambda v: bounds.line(v, "x", 9), lambda v: bounds.words(v, "x"), bounds.person):
        with pytest.raises(Refused, match="give text"):
            bound(value)


@pytest.mark.parametrize("value", [0, 6, -1, 4.5, True, "5", None, math.nan])
def test_a_rating_is_one_of_five(value: Any) -> None:
    with pytest.raises(Refused, match="whole number from 1"):
        bounds.rating(value)
    assert [bounds.rating(n) for n in range(1, 6)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("name", INPUTS)
def test_estimates_have_ranges(name: str) -> None:
    least, most = bounds.INPUT_RANGES[name]
    for value in (least, most):
        assert bounds.inputs({name: value}) == {name: float(value)}
    assert bounds.inputs({name: None}) == {name: None}
    for bad in (least - 0.01, most + 0.01, math.nan, math.inf, "3", True, 10**400):
        with pytest.raises(Refused, match=f"For {name} give a number from"):
            bounds.inputs({name: bad})  # type: ignore[dict-item]


def test_other_estimates_and_fields_are_refused() -> None:
    with pytest.raises(Refused, match="joy is no input") as caught:
        bounds.inputs({"joy": 3})
    assert "reach" in caught.value.hint
    with pytest.raises(Refused, match="state can't be edited"):
        bounds.asked(title="a", state="closed")
    with pytest.raises(Refused, match="title is missing"):
        bounds.asked(title=" ")


def test_days_and_ends() -> None:
    assert bounds.day(datetime(2026, 9, 30, 23, tzinfo=UTC), "x") == date(2026, 9, 30)
    assert bounds.day(None, "x") is None
    with pytest.raises(Refused, match="give a day"):
        bounds.day("soon", "x")  # type: ignore[arg-type]
    assert bounds.later(NOW + timedelta(days=1), NOW, "x") == NOW + timedelta(days=1)
    for bad in (NOW, NOW - timedelta(days=1), datetime(2027, 1, 1), "soon"):  # noqa: DTZ001
        with pytest.raises(Refused):
            bounds.later(bad, NOW, "x")  # type: ignore[arg-type]


@pytest.mark.parametrize("score", [-1, math.nan, math.inf, 2e9])
def test_a_score_is_a_number_that_can_be_compared(score: float) -> None:
    with pytest.raises(Refused, match="a score"):
        bounds.score(score)
    assert bounds.score(None) is None and bounds.score(3) == 3.0


@pytest.mark.parametrize(
    "name", ["", "request", "request/", "request/01", "request/x", "request/²", "request/٣", "a/1",
             "objective/a\nb", "objective/" + "a" * 400, "request/-1"],
)  # fmt: skip
def test_names_that_no_record_has(name: str) -> None:
    with pytest.raises(Missing):
        bounds.record(name)
    assert bounds.record("objective/faster") == ("objective", "faster")


def test_parts_are_few_and_have_titles() -> None:
    assert bounds.parts(["a ", "", " b"]) == ["a", "b"]
    with pytest.raises(Refused, match="20 parts"):
        bounds.parts(["a"] * 21)

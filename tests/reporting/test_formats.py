"""How values are written."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from platform_assets.reporting import ReportError
from platform_assets.reporting.formats import find


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("eur", Decimal("12345.50"), "€12,346"),
        ("eur(2)", Decimal("-0.5"), "−€0.50"),
        ("eur(2)", Decimal("0.125"), "€0.13"),
        ("eur", Decimal("-0.2"), "€0"),
        ("eur_compact", 1_234_567, "€1.2M"),
        ("eur_compact", 999, "€999"),
        ("number", 1_234_567, "1,234,567"),
        ("number(1)", 2.25, "2.3"),
        ("compact", 12_500, "12.5k"),
        ("percent", 0.0345, "3.5%"),
        ("percent(2)", Decimal("0.034567"), "3.46%"),
        ("change", 0.1, "+10.0%"),
        ("change", Decimal("-0.0004"), "0.0%"),
        ("change", -0.25, "−25.0%"),
        ("points(2)", 0.0012, "+0.12 pp"),
        ("ratio", 3.456, "3.46×"),
        ("date", date(2026, 7, 5), "5 Jul 2026"),
        ("day", date(2026, 7, 5), "Sun 5 Jul 2026"),
        ("month", date(2026, 7, 5), "July 2026"),
        ("date", "2026-07-05", "5 Jul 2026"),
        ("datetime", datetime(2026, 7, 5, 9, 4, tzinfo=UTC), "5 Jul 2026, 09:04 UTC"),
        ("auto", Decimal("3.140"), "3.14"),
        ("auto", 1_000_000, "1,000,000"),
        ("auto", True, "yes"),
        ("auto", "text", "text"),
        ("text", "a\x00b", "a�b"),
    ],
)
def test_a_value_is_written_as_its_format_says(name: str, value: object, text: str) -> None:
    assert find(name)(value) == text


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), Decimal("NaN")])
@pytest.mark.parametrize("name", ["eur", "auto", "date", "percent", "text"])
def test_a_gap_is_a_dash_and_never_nan(name: str, value: object) -> None:
    assert find(name)(value) == "–"


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    berlin = timezone(timedelta(hours=2))
    assert find("datetime")(datetime(2026, 7, 5, 1, 0, tzinfo=berlin)) == "4 Jul 2026, 23:00 UTC"


def test_a_large_decimal_keeps_every_digit() -> None:
    assert find("eur(2)")(Decimal("90071992547409.93")) == "€90,071,992,547,409.93"


def test_an_unknown_format_is_answered_with_the_nearest() -> None:
    with pytest.raises(ReportError, match="Did you mean `percent`"):
        find("percnt")


def test_text_under_a_number_format_is_an_error_in_words() -> None:
    with pytest.raises(ReportError, match="'abc' is no number"):
        find("eur")("abc")

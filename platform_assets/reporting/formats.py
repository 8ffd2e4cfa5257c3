"""How a value is written: numbers, money, shares, dates, and what a gap looks like.

One format serves a sentence, a table cell, a card, a chart's label and its axis, so that the same
number looks the same everywhere. What does not belong here: escaping (the page does it).

A format is a name, with the number of decimals in brackets where one is wanted: `eur`, `eur(2)`.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from platform_assets.reporting.errors import ReportError, did_you_mean

Value = object
GAP = "–"
MINUS = "−"
CURRENCIES = {"eur": "€", "usd": "$", "gbp": "£", "chf": "CHF ", "jpy": "¥"}
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Format:
    """One way to write a value.

    Attributes:
        name: as the analyst writes it.
        write: from a value that is no gap to text.
        axis: the same for the axis of a chart, in d3's notation.
        symbol: currency symbol of the axis.
        numeric: whether values are numbers, and therefore right-aligned.
    """

    name: str
    write: Callable[[Value], str]
    axis: str = ""
    symbol: str = ""
    numeric: bool = True

    @property
    def zero(self) -> str:
        """What an axis says at zero."""
        return f"{self.symbol}0%" if self.axis.endswith("%") else f"{self.symbol}0"

    def __call__(self, value: Value) -> str:
        """Return `value` as text; a gap (null, NaN, infinity) as an en dash."""
        return GAP if is_gap(value) else self.write(value)


def is_gap(value: Value) -> bool:
    """Whether `value` is null, NaN or infinite."""
    if value is None:
        return True
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, Decimal) and not value.is_finite()


def number(value: Value) -> Decimal:
    """Return `value` as an exact decimal.

    Raises:
        ReportError: it is no number.
    """
    if isinstance(value, bool | int | float | Decimal):
        return Decimal(str(int(value) if isinstance(value, bool) else value))
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        raise ReportError(f"{clean(value)!r} is no number.") from None


def clean(value: Value) -> str:
    """Return `value` as text without characters that no page can hold."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))


def _grouped(amount: Decimal, decimals: int) -> str:
    rounded = amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return f"{abs(rounded):,.{decimals}f}"


def _sign(amount: Decimal, decimals: int) -> str:
    rounded = amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return MINUS if rounded < 0 else "+" if rounded > 0 else ""


def _plain(value: Value, decimals: int, before: str = "", after: str = "") -> str:
    amount = number(value)
    sign = _sign(amount, decimals)
    return f"{MINUS if sign == MINUS else ''}{before}{_grouped(amount, decimals)}{after}"


def _signed(value: Value, decimals: int, after: str, scale: int) -> str:
    amount = number(value) * scale
    return f"{_sign(amount, decimals)}{_grouped(amount, decimals)}{after}"


def _compact(value: Value, decimals: int, before: str = "") -> str:
    amount = number(value)
    for size, letter in ((10**9, "bn"), (10**6, "M"), (10**3, "k")):
        if abs(amount) >= size:
            return _plain(amount / size, decimals, before, letter)
    return _plain(amount, 0, before)


def _auto(value: Value) -> str:
    """Numbers with the decimals they carry, at most two; dates as dates; the rest as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        two = number(value).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        return _plain(two, 0 if two == two.to_integral_value() else 2)
    if isinstance(value, datetime):
        return _datetime(value)
    return _date(value) if isinstance(value, date) else clean(value)


def as_date(value: Value) -> date:
    """Return the calendar day of a date, a datetime or ISO text.

    Raises:
        ReportError: it is none of these.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(str(value)).date()
    except ValueError:
        raise ReportError(f"{clean(value)!r} is no date.") from None


def _date(value: Value) -> str:
    day = as_date(value)
    return f"{day.day} {day:%b %Y}"


def _short(value: Value) -> str:
    day = as_date(value)
    return f"{day.day} {day:%b}"


def _day(value: Value) -> str:
    return f"{as_date(value):%a} {_date(value)}"


def _datetime(value: Value) -> str:
    moment = value if isinstance(value, datetime) else None
    if moment is None:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            raise ReportError(f"{clean(value)!r} is no time.") from None
    if moment.utcoffset() not in (None, timedelta(0)):
        moment = _utc(moment)
    return f"{_date(moment)}, {moment:%H:%M} UTC"


def _utc(moment: datetime) -> datetime:
    offset = moment.utcoffset() or timedelta(0)
    return moment.replace(tzinfo=None) - offset


def _money(code: str, decimals: int | None) -> Format:
    symbol, places = CURRENCIES[code], 0 if decimals is None else decimals
    return Format(code, lambda v: _plain(v, places, symbol), "$~s", symbol)


def _build(name: str, decimals: int | None) -> Format | None:
    """Return the format `name`, or None when there is none of that name."""
    zero, one = (0 if decimals is None else decimals), (1 if decimals is None else decimals)
    if name in CURRENCIES:
        return _money(name, decimals)
    if name.removesuffix("_compact") in CURRENCIES:
        symbol = CURRENCIES[name.removesuffix("_compact")]
        return Format(name, lambda v: _compact(v, one, symbol), "$~s", symbol)
    formats = {
        "auto": Format(name, _auto, "~s", numeric=False),
        "text": Format(name, clean, numeric=False),
        "number": Format(name, lambda v: _plain(v, zero), "~s"),
        "compact": Format(name, lambda v: _compact(v, one), "~s"),
        "percent": Format(
            name,
            lambda v: _plain(number(v) * 100, one, after="%"),
            "~%" if decimals is None else f".{decimals}%",
        ),
        "change": Format(name, lambda v: _signed(v, one, "%", 100), "~%"),
        "points": Format(
            name, lambda v: _signed(v, 1 if decimals is None else decimals, " pp", 100)
        ),
        "ratio": Format(
            name, lambda v: _plain(v, 2 if decimals is None else decimals, after="×"), "~r"
        ),
        "date": Format(name, _date, numeric=False),
        "short_date": Format(name, _short, numeric=False),
        "day": Format(name, _day, numeric=False),
        "month": Format(name, lambda v: f"{as_date(v):%B %Y}", numeric=False),
        "datetime": Format(name, _datetime, numeric=False),
    }
    return formats.get(name)


PLAIN = ("auto", "text", "number", "compact", "percent", "change", "points", "ratio")
TIMES = ("date", "short_date", "day", "month", "datetime")
NAMES = (*PLAIN, *TIMES, *CURRENCIES, *(f"{code}_compact" for code in CURRENCIES))


def find(text: str) -> Format:
    """Return the format that `text` names, e.g. `eur`, `percent(2)`.

    Raises:
        ReportError: there is none of that name; with the nearest.
    """
    match = re.fullmatch(r"\s*([A-Za-z_]\w*)\s*(?:\(\s*(\d)\s*\))?\s*", text)
    found = match and _build(match[1], None if match[2] is None else int(match[2]))
    if not found:
        wanted = match[1] if match else text
        raise ReportError(f"there is no format `{text}`.", hint=did_you_mean(wanted, NAMES))
    return found

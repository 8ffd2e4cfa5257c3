"""What a reader may choose in a report: a date range, one of some options, a number, a text.

A ```` ```parameters ```` block declares them, by name:

    period: {type: date_range, label: Period, from: bounds.first_day, to: bounds.last_day}
    channel: {type: choice, label: Channel, options: channels.channel, all: All channels}
    least: {type: number, label: At least so many orders, default: 10, min: 0}

SQL names them `:period_from`, `:period_to`, `:channel`, `:least`; a sentence `{{ channel }}`. They
are bound, never pasted into the text. What does not belong here: where SQL names them (`sql`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from platform_assets.reporting import block_yaml, formats
from platform_assets.reporting.blocks import Block, Reference
from platform_assets.reporting.errors import ReportError, did_you_mean

LONGEST_TEXT = 200
MOST_OPTIONS = 1_000
Column = Callable[[str], list[object]]  # from `query.column` to its values


class DateRange(Block):
    """Two days, both included; a default is a day or the first row of a query's column."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    type: Literal["date_range"]
    label: str = ""
    first: date | Reference = Field(alias="from")
    last: date | Reference = Field(alias="to")


class Choice(Block):
    """One of some options, which are written out or come from a query."""

    type: Literal["choice"]
    label: str = ""
    options: tuple[str, ...] | Reference
    all: str = Field(default="", description="A first option that stands for all of them.")
    default: str = Field(default="", description="Default: `all`, or the first option.")


class Number(Block):
    """A number within bounds."""

    type: Literal["number"]
    label: str = ""
    default: Decimal
    min: Decimal | None = None
    max: Decimal | None = None


class Text(Block):
    """Some letters, at most 200."""

    type: Literal["text"]
    label: str = ""
    default: str = Field(default="", max_length=LONGEST_TEXT)


Parameter = Annotated[DateRange | Choice | Number | Text, Field(discriminator="type")]
TYPES: dict[str, type[DateRange] | type[Choice] | type[Number] | type[Text]] = {
    "date_range": DateRange,
    "choice": Choice,
    "number": Number,
    "text": Text,
}


@dataclass(frozen=True)
class Input:
    """One field of the filter form: its name in the address, what stands in it, its options."""

    name: str
    kind: str
    label: str
    value: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Values:
    """The parameters of one page.

    Attributes:
        bound: value by the name that SQL has for it.
        inputs: fields of the form.
        shown: what is in force, in words, by label.
    """

    bound: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    shown: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str, style: str) -> str:
        """Return the value of `name` as a sentence shows it."""
        if name in self.bound:
            return formats.find(style or "auto")(self.bound[name])
        ends = [formats.find(style or "date")(self.bound[end]) for end in _ends(name)]
        return " to ".join(ends)


def parse(text: str, line: int) -> dict[str, DateRange | Choice | Number | Text]:
    """Return the parameters that a block declares, by name.

    Raises:
        ReportError: YAML that is not understood; with the line.
    """
    data = block_yaml.read("parameters block", text, line)
    if not isinstance(data, dict):
        raise ReportError("the parameters block is empty.", hint="Write `name: {type: …}`.")
    found: dict[str, DateRange | Choice | Number | Text] = {}
    for name, fields in data.items():
        at = line + 1 + (block_yaml.line_of(str(name), text) or 0)
        kind = fields.get("type") if isinstance(fields, dict) else None
        if not str(name).isidentifier() or kind not in TYPES:
            raise block_yaml.placed(
                f"parameter `{name}` needs a type.", at, f"Write one of {', '.join(TYPES)}."
            )
        made = block_yaml.model(TYPES[kind], f"parameter of type {kind}", fields, "", at)
        assert isinstance(made, DateRange | Choice | Number | Text)
        found[str(name)] = made
    return found


def names(declared: Mapping[str, object]) -> list[str]:
    """Return the names that SQL has for the parameters."""
    found: list[str] = []
    for name, one in declared.items():
        found += _ends(name) if isinstance(one, DateRange) else [name]
    return found


def days(declared: Mapping[str, object]) -> list[str]:
    """Return the names, as SQL has them, of those that are days."""
    ranges = {name: one for name, one in declared.items() if isinstance(one, DateRange)}
    return names(ranges)


def references(declared: Mapping[str, object]) -> list[str]:
    """Return every `query.column` that gives a default or options."""
    found: list[object] = []
    for one in declared.values():
        if isinstance(one, DateRange):
            found += [one.first, one.last]
        elif isinstance(one, Choice):
            found.append(one.options)
    return [each for each in found if isinstance(each, str)]


def resolve(
    declared: Mapping[str, DateRange | Choice | Number | Text],
    given: Mapping[str, str],
    column: Column,
) -> Values:
    """Return the values of all parameters: as given, else their defaults.

    Args:
        declared: the parameters.
        given: texts by the name of the form's field, e.g. from an address; what names no parameter
            is refused, an empty text is the default.
        column: gives the values of `query.column`.

    Raises:
        ReportError: a value that can't be; in words.
    """
    known = names(declared)
    for name in given:
        if name not in known:
            raise ReportError(f"there is no filter `{name}`.", hint=did_you_mean(name, known))
    bound: dict[str, Any] = {}
    inputs: list[Input] = []
    shown: dict[str, str] = {}
    for name, one in declared.items():
        label = one.label or name.replace("_", " ").capitalize()
        fields = _resolve_one(name, one, label, given, column)
        for each, value in fields:
            inputs.append(each)
            bound[each.name] = value
        shown[label] = " to ".join(formats.find("auto")(value) for _, value in fields)
    return Values(bound, tuple(inputs), shown)


def _resolve_one(
    name: str,
    one: DateRange | Choice | Number | Text,
    label: str,
    given: Mapping[str, str],
    column: Column,
) -> list[tuple[Input, Any]]:
    if isinstance(one, DateRange):
        return _range(name, one, label, given, column)
    text = given.get(name, "").strip()
    if isinstance(one, Choice):
        options = _options(one, column)
        value = text or one.default or (options[0] if options else "")
        if value not in options and (text or options):
            raise ReportError(f"{label}: there is no `{value}`.", hint=did_you_mean(value, options))
        return [(Input(name, "choice", label, value, options), value)]
    if isinstance(one, Number):
        number = _number(one, label, text)
        return [(Input(name, "number", label, f"{number.normalize():f}"), number)]
    value = text or one.default
    if len(value) > LONGEST_TEXT:
        raise ReportError(f"{label}: at most {LONGEST_TEXT} letters.")
    return [(Input(name, "text", label, value), value)]


def _range(
    name: str, one: DateRange, label: str, given: Mapping[str, str], column: Column
) -> list[tuple[Input, Any]]:
    ends: list[date | None] = []
    for end, default in zip(_ends(name), (one.first, one.last), strict=True):
        text = given.get(end, "").strip()
        try:
            ends.append(date.fromisoformat(text) if text else _day(default, column))
        except ValueError:
            raise ReportError(
                f"{label}: {text!r} is no day.", hint="Write it as 2026-12-31."
            ) from None
    first, last = ends
    if first and last and first > last:
        raise ReportError(f"{label}: {first} is after {last}.", hint="Begin before the end.")
    if first and last and last - first > timedelta(days=36_600):
        raise ReportError(f"{label}: at most a hundred years.")
    words = (f"{label}, from", "to")
    return [
        (Input(end, "date", word, value.isoformat() if value else ""), value)
        for end, word, value in zip(_ends(name), words, ends, strict=True)
    ]


def _day(default: date | str, column: Column) -> date | None:
    if isinstance(default, date):
        return default
    values = [value for value in column(default)[:1] if value is not None]
    return formats.as_date(values[0]) if values else None


def _options(one: Choice, column: Column) -> tuple[str, ...]:
    if isinstance(one.options, str):
        found = [formats.clean(value) for value in column(one.options) if value is not None]
        found = list(dict.fromkeys(found))[:MOST_OPTIONS]
    else:
        found = list(one.options)
    return (one.all, *found) if one.all else tuple(found)


def _number(one: Number, label: str, text: str) -> Decimal:
    try:
        number = formats.number(text) if text else one.default
    except ReportError:
        number = Decimal("nan")
    if not number.is_finite() or abs(number) > Decimal(10) ** 15:
        raise ReportError(f"{label}: {text[:40]!r} is no number.")
    if one.min is not None and number < one.min:
        raise ReportError(f"{label}: at least {one.min}.")
    if one.max is not None and number > one.max:
        raise ReportError(f"{label}: at most {one.max}.")
    return number


def _ends(name: str) -> list[str]:
    return [f"{name}_from", f"{name}_to"]

"""What an analyst may write in a block of `report.md`: charts, tables, big numbers, funnels.

What belongs here: the fields of each block, their defaults and meaning, and errors of their YAML.
What does not: Markdown (`document`), drawing (`charts`, `page`).
"""

from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from platform_assets.reporting.errors import ReportError, did_you_mean

Reference = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*\.[A-Za-z_]\w*$")]


class Block(BaseModel):
    """Base of every block: an unknown field is a mistake, not a silent no-op."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shade(Block):
    """A stretch of the time axis that is set off, e.g. the week the report speaks of."""

    start: Reference = Field(description="First day, as `query.column`.")
    end: Reference = Field(description="Last day, as `query.column`.")
    label: str = ""


class Chart(Block):
    """A chart of one query.

    `y` is a column, or several with their labels: `{revenue: Revenue, average: 7-day average}`.
    Several series of bars or areas are stacked. Text on `x` of a bar chart makes the bars lie
    down, so that names are read without turning.
    """

    type: Literal["line", "bar", "area"]
    query: str
    x: str
    y: dict[str, str]
    color: str = Field(default="", description="Column whose values make one series each.")
    format: str = Field(default="auto", description="How values are written.")
    title: str = ""
    subtitle: str = ""
    alt: str = Field(default="", description="The chart in a sentence, for those who hear it.")
    emphasis: str = Field(default="", description="The series that matters; the others step back.")
    shade: Shade | None = None
    width: Literal["full", "half"] = "full"
    height: int | None = Field(
        default=None, ge=80, le=900, description="Pixels; 260, or as many as lying bars need."
    )

    @field_validator("y", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return _labelled(value)


class Column(Block):
    """One column of a table."""

    label: str = ""
    format: str = ""
    total: str = Field(
        default="",
        pattern=r"^$|^sum$|^average$|^[A-Za-z_]\w* */ *[A-Za-z_]\w*$",
        description="sum, average, or `a / b`: the sum of column a by that of column b.",
    )
    bar: bool = Field(default=False, description="Draw the value as a bar behind it.")
    good: Literal["", "up", "down"] = Field(
        default="", description="Colour a change: which direction is good."
    )


class Table(Block):
    """A table of one query; without `columns`, all of them under their own names."""

    query: str
    title: str = ""
    subtitle: str = ""
    columns: dict[str, Column] = {}
    limit: int = Field(default=200, ge=1, le=2000, description="Rows on the page; the CSV has all.")
    empty: str = Field(default="No rows.", description="What to say when there are none.")

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if isinstance(value, list):
            value = {str(name): None for name in value}
        if not isinstance(value, dict):
            return value
        return {k: {"label": v} if isinstance(v, str) else v or {} for k, v in value.items()}


class Number(Block):
    """One big number with what it is compared to."""

    label: str
    value: Reference
    format: str = "auto"
    compare: dict[str, Reference] = {}
    good: Literal["up", "down", "neutral"] = "up"
    trend: Reference | None = Field(default=None, description="Column drawn as a small line.")


class Numbers(Block):
    """A row of big numbers."""

    cards: tuple[Number, ...] = Field(min_length=1)


class Funnel(Block):
    """Steps in order, each with how many reached it."""

    query: str
    step: str
    value: str
    compare: str = Field(default="", description="Column with the value to compare with.")
    compare_label: str = "before"
    format: str = "number"
    title: str = ""
    subtitle: str = ""
    width: Literal["full", "half"] = "full"


AnyBlock = Chart | Table | Numbers | Funnel
KINDS: dict[str, type[Chart | Table | Numbers | Funnel]] = {
    "chart": Chart,
    "table": Table,
    "numbers": Numbers,
    "funnel": Funnel,
}


def _labelled(value: Any) -> Any:
    if isinstance(value, str):
        return {value: ""}
    if isinstance(value, list):
        return {str(name): "" for name in value}
    return value


def parse(kind: str, text: str, line: int) -> AnyBlock:
    """Return the block of `kind` that `text` (YAML) declares.

    Args:
        kind: `chart`, `table`, `numbers` or `funnel`.
        text: the body of the fence.
        line: line of the fence in the document, for errors.

    Raises:
        ReportError: no YAML, or a field that is missing, unknown or of the wrong kind.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = line + 1 + mark.line if mark is not None else line
        problem = getattr(error, "problem", None) or "not readable"
        raise _placed(
            f"this {kind} is not valid YAML: {problem}.", at, "Write `name: value`, one a line."
        ) from None
    if kind == "numbers" and isinstance(data, list):
        data = {"cards": data}
    if not isinstance(data, dict):
        raise ReportError(f"this {kind} is empty.", hint="Write `name: value`, one a line.")
    try:
        return KINDS[kind].model_validate(data)
    except ValidationError as error:
        raise _in_words(kind, error, text, line) from None


def _in_words(kind: str, error: ValidationError, text: str, line: int) -> ReportError:
    found_errors = error.errors()
    unknown = [one for one in found_errors if one["type"] == "extra_forbidden"]
    first = (unknown or found_errors)[0]
    path = [str(part) for part in first["loc"]]
    name = path[-1] if path else kind
    place = ".".join(path)
    found = _line_of(name, text)
    at = line if found is None else line + 1 + found
    if first["type"] == "extra_forbidden":
        known = _fields(kind, first["loc"])
        return _placed(f"a {kind} has no setting `{place}`.", at, did_you_mean(name, known))
    if first["type"] == "missing":
        return _placed(f"this {kind} needs `{place}`.", at, f"Add `{name}: …`.")
    if first["type"] == "string_pattern_mismatch":
        way = "Write sum, average or a / b." if name == "total" else "Write `query.column`."
        return _placed(f"`{place}` is {first['input']!r}.", at, way)
    return _placed(f"`{place}` of this {kind}: {first['msg']}.", at, "")


def _placed(message: str, line: int, hint: str) -> ReportError:
    error = ReportError(message, hint=hint)
    error.line = line
    return error


def _line_of(name: str, text: str) -> int | None:
    for index, row in enumerate(text.splitlines()):
        if row.strip(" -{").startswith(f"{name}:"):
            return index
    return None


def _fields(kind: str, loc: tuple[int | str, ...]) -> list[str]:
    """Return the settings that exist where `loc` points to."""
    nested: dict[str, type[BaseModel]] = {"shade": Shade, "columns": Column, "cards": Number}
    for part in reversed(loc[:-1]):
        if str(part) in nested:
            return list(nested[str(part)].model_fields)
    return list(KINDS[kind].model_fields)

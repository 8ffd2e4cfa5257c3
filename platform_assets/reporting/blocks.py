"""What an analyst may write in a block of `report.md`: charts, tables, big numbers, funnels.

What belongs here: the fields of each block, their defaults and meaning. What does not: their YAML
and its errors (`block_yaml`), Markdown (`document`), drawing (`charts`, `page`).
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

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


class Scatter(Block):
    """A point per row: how two numbers go together."""

    type: Literal["scatter"] = "scatter"
    query: str
    x: str
    y: str
    color: str = Field(default="", description="Column whose values make one series each.")
    size: str = Field(default="", description="Column that gives a point its area.")
    label: str = Field(default="", description="Column with the name of a point.")
    x_format: str = "auto"
    format: str = Field(default="auto", description="How the values of y are written.")
    x_title: str = ""
    y_title: str = ""
    title: str = ""
    subtitle: str = ""
    alt: str = ""
    width: Literal["full", "half"] = "full"
    height: int = Field(default=320, ge=80, le=900)


class Heatmap(Block):
    """A square per pair of x and y, the stronger the colour the larger the value."""

    type: Literal["heatmap"] = "heatmap"
    query: str
    x: str
    y: str
    value: str
    format: str = "number"
    title: str = ""
    subtitle: str = ""
    alt: str = ""
    width: Literal["full", "half"] = "full"


class Cohort(Block):
    """A row per cohort, a column per step since; from a query with one row per square."""

    type: Literal["cohort"] = "cohort"
    query: str
    cohort: str = Field(description="Column that names the row, e.g. the first month.")
    step: str = Field(description="Column that names the column, e.g. months since.")
    value: str
    size: str = Field(default="", description="Column with the cohort's size, shown once a row.")
    size_label: str = "Size"
    cohort_format: str = "auto"
    step_label: str = ""
    format: str = "percent(0)"
    average: str = Field(
        default="", description="Column with the weights of a last row of averages; none without."
    )
    title: str = ""
    subtitle: str = ""


class Vega(Block):
    """A chart of one's own in Vega-Lite; the rows of the query are its data."""

    type: Literal["vega"] = "vega"
    query: str
    spec: dict[str, Any] = Field(description="Vega-Lite, without data and width.")
    alt: str = Field(min_length=1, description="The chart in a sentence, for those who hear it.")
    title: str = ""
    subtitle: str = ""
    format: str = "auto"
    width: Literal["full", "half"] = "full"


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
    sortable: bool = Field(default=True, description="Whether a click on a heading sorts.")
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


AnyBlock = Chart | Scatter | Heatmap | Cohort | Vega | Table | Numbers | Funnel
KINDS: dict[str, type[Block]] = {
    "chart": Chart,
    "scatter": Scatter,
    "heatmap": Heatmap,
    "cohort": Cohort,
    "vega": Vega,
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

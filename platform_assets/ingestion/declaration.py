"""What an engineer may declare of a source: the vocabulary shared by YAML, ingestion and docs.

What belongs here: names, defaults and the meaning of each field. What does not: how a file is
read (`formats`), how rows reach the warehouse (`resources.warehouse`), how assets are made
(`platform_assets.components`).
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_TYPE = r"string|integer|number|decimal\(\d{1,2}, ?\d{1,2}\)|boolean|date|timestamp|json"


def _matching(value: str, pattern: str, examples: str) -> str:
    """Return `value` if it matches.

    Dagster's components refuse constraints on the fields of nested models, so that they are
    validators instead.
    """
    if not re.fullmatch(pattern, value):
        raise ValueError(f"{value!r} is none of: {examples}")
    return value


class Declared(BaseModel):
    """Base of everything that is declared: an unknown field is a mistake, not a silent no-op."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Declared):
    """One column that the engineer vouches for.

    Undeclared columns are loaded too, as text (nested values as JSON text), so that nothing is
    lost and no type can flip under the reader.
    """

    name: str = Field(description="Name as it stands in the source.")
    type: str = Field(
        default="string",
        description=(
            "string, integer, number, decimal(p,s), boolean, date, timestamp or json. A value that "
            "does not cast exactly is quarantined. A timestamp without a zone is taken as UTC."
        ),
    )
    description: str = Field(default="", description="What the column means, for the catalog.")
    required: bool = Field(
        default=False, description="A record without a value here is quarantined."
    )
    personal: bool | list[str] = Field(
        default=False,
        description=(
            "Tag the column as personal data; of a column of JSON, a list of the paths in it that "
            "are: [ip, device.id]."
        ),
    )

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        return _matching(value, _TYPE, "string, integer, number, decimal(12,2), boolean, date, …")


class NewColumns(StrEnum):
    """What to do with a column that a file brings and the table does not have."""

    evolve = "evolve"  # add it to the table
    freeze = "freeze"  # keep its values in `_extra` (JSON text) and warn
    reject = "reject"  # quarantine the records that carry it


class FileFormat(Declared):
    """How the files are to be read. Everything that is not declared is detected per file."""

    type: Literal["ndjson", "json", "csv", "parquet", "access_log"]
    delimiter: str | None = Field(default=None, description="csv: one character; detected.")
    quote: str | None = Field(default=None, description='csv: quoting character; `"`.')
    header: bool = Field(default=True, description="csv: whether the first record names columns.")
    encoding: str | None = Field(
        default=None, description="Text encoding; detected: UTF-8 (BOM or not), UTF-16, Latin-1."
    )
    pattern: str | None = Field(
        default=None,
        description="access_log: a regular expression (RE2) with named groups.",
    )
    non_objects: Literal["quarantine", "keep"] = Field(
        default="quarantine",
        description="ndjson, json: quarantine a record that is no object, or keep it in `value`.",
    )


class QuarantineLimits(Declared):
    """How many of the records that a run loads may be quarantined before a check speaks up."""

    warn_above: float = Field(
        default=0.0, description="Share of bad records, 0 to 1, above which the check warns."
    )
    error_above: float = Field(
        default=0.05, description="Share of bad records, 0 to 1, above which the check fails."
    )
    min_records: int = Field(
        default=100,
        description=(
            "Fewest records of which `error_above` is a share: of fewer, one bad record is soon "
            "half. By default 6 bad ones fail a small load, 2 of 6 only warn; 0: any load by share."
        ),
    )

    @field_validator("min_records")
    @classmethod
    def _count(cls, value: int) -> int:
        if value < 0:
            raise ValueError(f"{value} is no number of records: write 0 or more")
        return value

    @field_validator("warn_above", "error_above")
    @classmethod
    def _share(cls, value: float) -> float:
        if not 0 <= value <= 1:
            raise ValueError(f"{value} is no share: write a number from 0 to 1")
        return value


class FileDeclaration(Declared):
    """Files below the landing zone that together are one raw table, `raw.<name>`."""

    name: str = Field(description="Name of the source and of its raw table.")
    glob: str = Field(description="Files below the landing zone, e.g. `web_events/**/*.ndjson.gz`.")
    format: FileFormat
    columns: Sequence[Column] = ()
    natural_key: Sequence[str] = Field(
        default=(), description="Columns that identify a record across deliveries."
    )
    new_columns: NewColumns = NewColumns.evolve
    event_time: str | None = Field(default=None, description="Column with the time of the event.")
    row_limit: int | None = Field(
        default=None,
        description="Records at which the sender cuts a file: one with as many is reported as cut.",
    )
    quarantine: QuarantineLimits = QuarantineLimits()


class TableDeclaration(Declared):
    """One table of an application database, `raw.<source>__<name>`."""

    name: str = Field(description="Name of the table in the database, `schema.table` if needed.")
    description: str = Field(default="", description="What one row is, for the catalog.")
    columns: Sequence[Column] = ()
    natural_key: Sequence[str] = ()
    cursor: str | None = Field(
        default=None,
        description="Column that only grows as rows are written; without it: a full snapshot.",
    )
    overlap: str = Field(
        default="10m",
        description="How far behind the cursor to look again for late commits: 30s, 10m, 2h, 1d; "
        "a plain number for a numeric cursor.",
    )
    event_time: str | None = None

    @field_validator("overlap")
    @classmethod
    def _span(cls, value: str) -> str:
        return _matching(value, r"\d+[smhd]?", "30s, 10m, 2h, 1d or a plain number")


class DatabaseDeclaration(Declared):
    """Tables of one application database."""

    name: str
    url: str = Field(description="SQLAlchemy URL: sqlite, postgresql or mysql.")
    tables: Sequence[TableDeclaration] = Field(min_length=1)
    new_columns: NewColumns = NewColumns.evolve
    quarantine: QuarantineLimits = QuarantineLimits()

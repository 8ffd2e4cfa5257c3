"""From the YAML of a block to its fields, with errors that name the line and the nearest setting.

What belongs here: reading. What does not: which fields there are (`blocks`, `parameters`).
"""

import re
from collections.abc import Mapping
from typing import Any, cast

import yaml
from pydantic import BaseModel, ValidationError

from platform_assets.reporting import blocks
from platform_assets.reporting.errors import ReportError, did_you_mean

NESTED: dict[str, type[BaseModel]] = {
    "shade": blocks.Shade,
    "columns": blocks.Column,
    "cards": blocks.Number,
}


def parse(kind: str, text: str, line: int) -> blocks.AnyBlock:
    """Return the block of `kind` that `text` (YAML) declares.

    Args:
        kind: `chart`, `table`, `numbers`, … (`blocks.KINDS`). A chart's `type` may name one of the
            other kinds.
        text: the body of the fence.
        line: line of the fence in the document, for errors.

    Raises:
        ReportError: no YAML, or a field that is missing, unknown or of the wrong kind.
    """
    data = read(kind, text, line)
    if kind == "numbers" and isinstance(data, list):
        data = {"cards": data}
    if not isinstance(data, dict):
        raise ReportError(f"this {kind} is empty.", hint="Write `name: value`, one a line.")
    wanted = str(data.get("type", ""))
    if kind == "chart" and "spec" in data:
        kind = "vega"
    elif kind == "chart" and wanted in blocks.KINDS and wanted != "chart":
        kind = wanted
        if "type" not in blocks.KINDS[kind].model_fields:
            del data["type"]
    return cast(blocks.AnyBlock, model(blocks.KINDS[kind], kind, data, text, line))


def read(kind: str, text: str, line: int) -> Any:
    """Return the values of a YAML text.

    Raises:
        ReportError: it is no YAML; with the line.
    """
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = line + 1 + mark.line if mark is not None else line
        problem = getattr(error, "problem", None) or "not readable"
        raise placed(
            f"this {kind} is not valid YAML: {problem}.", at, "Write `name: value`, one a line."
        ) from None


def model(
    type_: type[BaseModel], kind: str, data: Mapping[str, Any], text: str, line: int
) -> BaseModel:
    """Return `data` as a `type_`.

    Raises:
        ReportError: a field that is missing, unknown or of the wrong kind; in words, with the line.
    """
    try:
        return type_.model_validate(data)
    except ValidationError as error:
        raise _in_words(type_, kind, error, text, line) from None


def _in_words(
    type_: type[BaseModel], kind: str, error: ValidationError, text: str, line: int
) -> ReportError:
    found_errors = error.errors()
    unknown = [one for one in found_errors if one["type"] == "extra_forbidden"]
    first = (unknown or found_errors)[0]
    path = [str(part) for part in first["loc"]]
    name = path[-1] if path else kind
    place = ".".join(path)
    found = line_of(name, text)
    at = line if found is None else line + 1 + found
    if first["type"] == "extra_forbidden":
        known = _fields(type_, first["loc"])
        return placed(f"a {kind} has no setting `{place}`.", at, did_you_mean(name, known))
    if first["type"] == "missing":
        return placed(f"this {kind} needs `{place}`.", at, f"Add `{name}: …`.")
    if first["type"] == "string_pattern_mismatch":
        way = "Write sum, average or a / b." if name == "total" else "Write `query.column`."
        return placed(f"`{place}` is {first['input']!r}.", at, way)
    message = first["msg"].removeprefix("Value error, ")
    return placed(f"`{place}` of this {kind}: {message}.", at, "")


def placed(message: str, line: int, hint: str) -> ReportError:
    """Return an error at `line`; the file is added by whoever knows it."""
    error = ReportError(message, hint=hint)
    error.line = line
    return error


def line_of(name: str, text: str) -> int | None:
    """Return the 0-based line of `text` where `name:` stands, or None."""
    rows = text.splitlines()
    for pattern in (rf"[\s{{-]*{re.escape(name)}:", rf".*[\s{{,]{re.escape(name)}:"):
        for index, row in enumerate(rows):
            if re.match(pattern, row):
                return index
    return None


def _fields(type_: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the settings that exist where `loc` points to."""
    for part in reversed(loc[:-1]):
        if str(part) in NESTED:
            return list(NESTED[str(part)].model_fields)
    return [field.alias or name for name, field in type_.model_fields.items()]

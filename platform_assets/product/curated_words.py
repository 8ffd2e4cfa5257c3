"""What is wrong with a field of a record, in words, with the line and the nearest right name.

What belongs here: from pydantic's errors to people's. What does not: which fields there are
(`curated_fields`).
"""

import difflib
import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from platform_assets.product.curated_file import Fault, Page

ARTICLES = {"objective": "an objective", "minutes": "minutes", "roadmap": "a roadmap item"}
_WAYS = {
    "string_type": "write text",
    "string_too_short": "it is empty",
    "tuple_type": "it is a list: [one, another]",
    "int_type": "write a number",
    "float_type": "write a number",
    "finite_number": "write a number",
    "greater_than_equal": "write the number of a request",
    "model_type": "write `name: value` for each field",
}
_PATTERNS = {
    "check": "write `<asset key>:<name of the check>`",
    "id": "write it in a-z, 0-9 and -",
}

_FIELD = re.compile(r"`(\w+)")  # that begins what is said of several at once


def faults_of(
    kind: str, type_: type[BaseModel], error: ValidationError, page: Page
) -> Iterator[Fault]:
    """Yield what pydantic found wrong with a page, each with the line to look at.

    A field that is missing because its name is misspelt is told once, as misspelt.
    """
    found = error.errors()
    meant = {
        (*each["loc"][:-1], _nearest(str(each["loc"][-1]), _fields(type_, each["loc"][:-1])))
        for each in found
        if each["type"] == "extra_forbidden"
    }
    for each in found:
        path = each["loc"]
        if each["type"] != "missing" or path not in meant:
            said = _in_words(kind, type_, each, path)
            named = _FIELD.match(said) if each["type"] == "value_error" else None
            line = page.line((*path, named[1]) if named else path)
            yield Fault(page.file, line, said)


def _in_words(kind: str, type_: type[BaseModel], each: Any, path: tuple[int | str, ...]) -> str:
    where = _place(path)
    if each["type"] == "extra_forbidden":
        known = _fields(type_, path[:-1])
        there = _did_you_mean(str(path[-1]), known)
        return f"{ARTICLES.get(kind, f'a {kind}')} has no field `{where}`. {there}"
    if each["type"] == "missing":
        return f"`{where}` is missing: add `{path[-1]}: …`."
    if each["type"] == "literal_error":
        choices = re.findall(r"'([^']+)'", each["ctx"]["expected"])
        return f"`{where}` is {each['input']!r}. {_did_you_mean(str(each['input']), choices)}"
    if each["type"] == "string_pattern_mismatch":
        return f"`{where}` is {each['input']!r}: {_PATTERNS[str(path[-1])]}."
    if each["type"].startswith("date_"):
        return f"`{where}` is {each['input']!r}, which is no day: write it as 2026-07-31."
    if each["type"] == "value_error":
        said = each["ctx"]["error"]
        is_day = str(said).startswith("write a day")
        return f"`{where}` is {each['input']!r}: {said}." if is_day else f"{said}."
    way = _WAYS.get(each["type"], each["msg"])
    return f"`{where}`: {way}."


def _place(path: tuple[int | str, ...]) -> str:
    """Return `actions.due`: which of the actions the line tells."""
    return ".".join(part for part in path if isinstance(part, str))


def _fields(type_: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the fields that there are where a path leads to."""
    for part in path:
        if isinstance(part, str):
            inner = get_args(type_.model_fields[part].annotation)
            type_ = next(one for one in inner if isinstance(one, type))
    return list(type_.model_fields)


def _did_you_mean(name: str, known: list[str]) -> str:
    near = _nearest(name, known)
    return f"Did you mean `{near}`?" if near else f"There is {', '.join(known)}."


def _nearest(name: str, known: list[str]) -> str:
    return next(iter(difflib.get_close_matches(name, known, n=1)), "")

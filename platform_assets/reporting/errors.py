"""Errors of a report, in words an analyst understands.

What belongs here: the error that names file and line, and the nearest right name. What does not:
finding out what is wrong; that is the work of the module that met it.
"""

import difflib
from collections.abc import Iterable

from resources.errors import PlatformError


class ReportError(PlatformError):
    """A mistake in a report that its author can mend.

    Args:
        message: what is wrong.
        file: the file as the author knows it, e.g. `weekly_business_review/report.md`.
        line: 1-based line in that file, or None where no single line is to blame.
        hint: the way out.
    """

    def __init__(
        self, message: str, *, file: str = "", line: int | None = None, hint: str = ""
    ) -> None:
        place = f"{file}, line {line}: " if file and line else f"{file}: " if file else ""
        super().__init__(place + message, hint)
        self.plain = message
        self.file = file
        self.line = line

    def at(self, file: str, line: int | None) -> "ReportError":
        """Return the same error with its file and, unless it has one, its line."""
        if self.file:
            return self
        return ReportError(self.plain, file=file, line=self.line or line, hint=self.hint)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that `name` most likely means, or None.

    A table is also found by its name without the schema.
    """
    choices = sorted(set(known))
    for parts in (2, 1):
        by_name = {_last(choice, parts): choice for choice in choices}
        near = difflib.get_close_matches(_last(name, parts), by_name, n=1, cutoff=0.6)
        if near:
            return by_name[near[0]]
    return None


def _last(name: str, parts: int) -> str:
    return ".".join(name.lower().split(".")[-parts:])


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "Did you mean `x`?" for the nearest of `known`, or what there is to choose from.

    An empty text when nothing is known.
    """
    choices = sorted(set(known))
    near = nearest(name, choices)
    if near is not None:
        return f"Did you mean `{near}`?"
    if not choices:
        return ""
    shown = ", ".join(f"`{choice}`" for choice in choices[:12])
    return f"There is {shown}{' …' if len(choices) > 12 else ''}."

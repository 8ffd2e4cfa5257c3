"""Parameters in SQL: `:name` is found, checked, and handed to the engine as a bound value.

What belongs here: which `:name` is a parameter, and how the engine has it. What does not: what may
be chosen (`parameters`).
"""

from collections.abc import Collection

import sqlglot
from sqlglot import TokenType, exp

from platform_assets.reporting.document import Query
from platform_assets.reporting.errors import ReportError, did_you_mean

NAMES = {TokenType.VAR, TokenType.IDENTIFIER}


def named(tree: exp.Query) -> tuple[str, ...]:
    """Return the names of the parameters in `tree`, each once."""
    found = (node.name for node in tree.find_all(exp.Placeholder, exp.Parameter))
    return tuple(dict.fromkeys(found))


def check(tree: exp.Query, query: Query, known: Collection[str]) -> None:
    """Refuse a parameter that is not declared.

    Raises:
        ReportError: with the line, and the nearest right name.
    """
    for name in named(tree):
        if name not in known:
            shown = f":{name}" if name else "?"
            error = ReportError(
                f"query `{query.name}`: there is no parameter `{shown}`.",
                hint=did_you_mean(name, known) or "Declare it in a ```parameters block.",
            )
            error.line = query.line + _line_of(query.sql, name)
            raise error


def _line_of(sql: str, name: str) -> int:
    """Return the 0-based line of `sql` where `:name` stands."""
    for number, line in enumerate(sql.splitlines()):
        if name and f":{name}" in line:
            return number
    return 0


def bound(sql: str, names: Collection[str], days: Collection[str] = ()) -> str:
    """Return `sql` with `$name` for each `:name`; strings, casts and slices stay as they are.

    Those in `days` are cast to dates, so that the engine knows their type even where they are null.
    """
    if not names:
        return sql
    tokens = sqlglot.tokenize(sql, dialect="duckdb")
    text = list(sql)
    for before, colon, name in zip([None, *tokens], tokens, tokens[1:], strict=False):
        is_colon = colon.token_type == TokenType.COLON and name.start == colon.end + 1
        # `'key':value` and `[1:n]` have something right before the colon; a parameter does not.
        free = before is None or before.end + 1 < colon.start or before.text in "(,=<>+-*/"
        if is_colon and free and name.text in names:
            text[colon.start] = "$"
            if name.text in days:
                text[colon.start] = "CAST($"
                text[name.end] += " AS DATE)"
    return "".join(text)

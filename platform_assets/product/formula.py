"""Formulas of priorities: arithmetic over what was estimated, worked out and put into words.

What belongs here: which names, operators and functions a formula may have, its value, its words.
What does not: which formulas there are (`priorities`). A formula is SQL that means the same to
every engine, because dbt/macros/priority.sql puts it into a query as it stands: that is why it may
have so little. Every step is one of IEEE doubles, in the order written, so that both agree.
"""

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from platform_assets.product.kinds import INPUTS
from resources.errors import PlatformError

COUNTS = ("asked", "feedback_count", "objective_count", "views_90d")  # never missing
NAMES = (*INPUTS, *COUNTS)
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
FUNCTIONS: dict[str, Callable[[list[float]], float]] = {  # of what is there of their arguments
    "coalesce": lambda there: there[0],
    "least": min,
    "greatest": max,
}
# Python reads `#`, `0x10` and `1_000` too; to SQL they, and `--`, are something else.
_PIECE = re.compile(r"\s+|[a-z_]\w*|\d+(?:\.\d+)?(?![\w.])|-(?!-)|[+*/(),]")
_SIGNS = {"*": "×", "/": "÷"}
_WORD = re.compile(r"[a-z_][a-z_0-9]*|[*/]")
# A name that has something to fall back on need not be estimated.
_WITH_FALLBACK = re.compile(r"coalesce\s*\(\s*[a-z_0-9]+\s*,")
# What is divided by: a name, a number, or parentheses without others in them. The macro finds the
# same, to make nothing, instead of an error, of a division by 0.
_DIVISOR = re.compile(r"/\s*([a-z_0-9.]+(?:\s*\([^()]*\))?|\([^()]*\))")
_WAY_OUT = (
    f"A formula is made of + - * / ( ), numbers, the names {', '.join(NAMES)} and the functions "
    f"{', '.join(FUNCTIONS)}, in lower case: `coalesce(reach, 10) * impact / effort`. What it "
    "divides by has no parentheses within parentheses."
)


@dataclass(frozen=True)
class Formula:
    """A formula over `NAMES`, checked when it is made.

    Raises:
        PlatformError: it has something in it that a formula may not have.
    """

    text: str

    def __post_init__(self) -> None:
        try:
            if odd := _PIECE.sub("", self.text):
                raise ValueError(f"`{odd}` is not of its language")
            _check(self._tree)
            if self.text.count("/") != len(_DIVISOR.findall(self.text)):
                raise ValueError("it divides by too much")
        except (SyntaxError, ValueError) as error:
            raise PlatformError(
                f"The formula of priorities `{self.text}` cannot be worked out: {error}.",
                hint=_WAY_OUT,
            ) from error

    @cached_property
    def _tree(self) -> ast.expr:
        try:
            return ast.parse(" ".join(self.text.split()), mode="eval").body
        except SyntaxError as error:
            raise ValueError(error.msg) from error

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """The names without a fallback, in the order in which they first appear."""
        words = _WORD.findall(_WITH_FALLBACK.sub("", self.text))
        return tuple(dict.fromkeys(word for word in words if word in NAMES))

    def missing(self, values: Mapping[str, float]) -> tuple[str, ...]:
        """Return what is needed and has no value; 0 is none for what is divided by."""
        zeros = {n for n in self._divisors if values.get(n) == 0}
        return tuple(n for n in self.needed if values.get(n) is None or n in zeros)

    def value(self, values: Mapping[str, float]) -> float | None:
        """Return what it comes to, to two places; None where something is missing."""
        if self.missing(values):
            return None
        found = _worked_out(self._tree, values)
        return None if found is None or not math.isfinite(found) else rounded(found, 2)

    def words(self, values: Mapping[str, float]) -> str:
        """Return it with each value behind its name: `reach 120 × impact 2 ÷ effort 3`."""

        def told(match: re.Match[str]) -> str:
            word = match.group()
            if word in NAMES:
                value = values.get(word)
                return f"{word} {'none' if value is None else number_text(value, 4)}"
            return _SIGNS.get(word, word)

        return _WORD.sub(told, " ".join(self.text.split()))

    @cached_property
    def _divisors(self) -> frozenset[str]:
        return frozenset(_DIVISOR.findall(self.text)) & frozenset(NAMES)


def rounded(value: float, places: int) -> float:
    """Round half up, by steps that every engine takes alike (their own round() do not agree)."""
    return math.floor(value * 10.0**places + 0.5) / 10.0**places


def number_text(value: float, places: int) -> str:
    """Return a number with at most so many places, without zeros at its end: `0.85`, `120`."""
    return f"{rounded(value, places):.{places}f}".rstrip("0").rstrip(".")


def _check(node: ast.expr) -> None:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left)
            _check(right)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand)
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return
        case ast.Name(id=name) if name in NAMES:
            return
        case ast.Call(func=ast.Name(id=name), args=[_, _, *_] as args, keywords=[]) if (
            name in FUNCTIONS
        ):
            for each in args:
                _check(each)
        case _:
            raise ValueError(f"`{ast.unparse(node)}` is not arithmetic over what is known")


def _worked_out(node: ast.expr, values: Mapping[str, float]) -> float | None:
    """As SQL does: nothing where a part is missing; `least` and `greatest` leave out what is."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name(id=name):
            found = values.get(name)
            return None if found is None else float(found)
        case ast.UnaryOp(operand=operand):
            inner = _worked_out(operand, values)
            return None if inner is None else -inner
        case ast.BinOp(left=left, op=op, right=right):
            first, second = _worked_out(left, values), _worked_out(right, values)
            if first is None or second is None or (isinstance(op, ast.Div) and second == 0):
                return None
            return _OPERATORS[type(op)](first, second)
        case ast.Call(func=ast.Name(id=name), args=args):
            there = [v for v in (_worked_out(each, values) for each in args) if v is not None]
            return FUNCTIONS[name](there) if there else None
    raise ValueError(ast.dump(node))

"""What a column of a laboratory's table holds, and other contents that it might hold.

What belongs here: values of one column, plain ones and JSON documents. What does not: rows
(`versions`).
"""

import contextlib
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa

MISSING = 0.2  # of other values, the share that are none
FEW = 3  # different values of a column; where there are fewer, new ones come to them
IDENTITY = 0.3  # different values to a row, from which on they tell records apart
RICH = 0.6  # of a rich document's paths that have another value

Path = tuple[str, ...]
Leaves = dict[Path, Any]


class Contents(Protocol):
    """The contents of one column."""

    def at(self, row: int) -> Any:
        """Return what a row has."""

    def begun(self, row: int, number: int, chance: random.Random) -> Any:
        """Return what the first of twins has: often, what no other record has."""

    def other(self, value: Any, share: float, chance: random.Random) -> Any:
        """Return it or, in `share` of all cases, something else."""

    def told(self, value: Any) -> Any:
        """Return it as the column has it."""


def contents_of(column: pa.Array) -> Contents:
    """Return the contents of a column."""
    values = column.to_pylist()
    documents = _documents(values)
    return _Documents(documents) if documents else _Plain(values)


class _Plain:
    """Values that are one piece each."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values
        present = [value for value in values if value is not None]
        self._different = list({repr(value): value for value in present}.values())
        count = len(self._different)
        self._identity = count >= FEW and count >= IDENTITY * len(values)
        self._different += _fresh(self._different)
        with contextlib.suppress(TypeError):
            self._most = max(present, default=None)

    def at(self, row: int) -> Any:
        return self._values[row]

    def begun(self, row: int, number: int, chance: random.Random) -> Any:
        value = self._values[row]
        if value is None or not self._identity or chance.random() < 0.5:
            return value
        return _new(value, self._most, number)

    def other(self, value: Any, share: float, chance: random.Random) -> Any:
        if chance.random() >= share:
            return value
        if not self._different or chance.random() < MISSING:
            return None
        return chance.choice(self._different)

    def told(self, value: Any) -> Any:
        return value


class _Documents:
    """JSON documents, as values by path."""

    def __init__(self, documents: Sequence[Leaves | None]) -> None:
        self._documents = documents
        pools: dict[Path, dict[str, Any]] = {}
        for leaves in documents:
            for path, value in (leaves or {}).items():
                pools.setdefault(path, {}).setdefault(repr(value), value)
        self._pools = {p: [*pool.values(), *_fresh(pool.values())] for p, pool in pools.items()}

    def at(self, row: int) -> Leaves | None:
        return self._documents[row]

    def begun(self, row: int, number: int, chance: random.Random) -> Leaves | None:
        leaves = self._documents[row]
        return self.other(leaves or {}, RICH, chance) if chance.random() < 0.5 else leaves

    def other(self, value: Leaves | None, share: float, chance: random.Random) -> Leaves | None:
        if value is None and chance.random() >= share:
            return None
        found: Leaves = {}
        for path, known in self._pools.items():
            if chance.random() >= share:
                if value and path in value:
                    found[path] = value[path]
            elif chance.random() >= MISSING:
                found[path] = chance.choice(known)
        return found

    def told(self, value: Leaves | None) -> str | None:
        """Return the document; where a path leads through another's value, the longer counts."""
        if value is None:
            return None
        document: dict[str, Any] = {}
        for path in sorted(value, key=len):
            inside = document
            for key in path[:-1]:
                if not isinstance(inside.get(key), dict):
                    inside[key] = {}
                inside = inside[key]
            inside[path[-1]] = value[path]
        return json.dumps(document)


def _documents(values: Iterable[Any]) -> list[Leaves | None]:
    """Return documents taken apart; [] if there is anything else."""
    found: list[Leaves | None] = []
    for text in values:
        if text is None:
            found.append(None)
            continue
        if not isinstance(text, str) or not text.startswith("{"):
            return []
        try:
            found.append(dict(_leaves(json.loads(text))))
        except ValueError:
            return []
    return found if any(found) else []


def _leaves(document: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    for key, value in document.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _fresh(values: Iterable[Any]) -> list[Any]:
    """Return new values near by, where there are but one or two different ones."""
    different = list(values)
    return [_near(value) for value in different] if len(different) < FEW else []


def _near(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float | Decimal):
        return value + 1
    if isinstance(value, date):
        return value + timedelta(days=1)
    if not isinstance(value, str):
        return value
    with contextlib.suppress(ArithmeticError):
        return f"{Decimal(value) + 1}"
    with contextlib.suppress(ValueError):
        return (datetime.fromisoformat(value) + timedelta(days=1)).isoformat()
    return f"{value}x"


def _new(value: Any, most: Any, number: int) -> Any:
    """Return a value that no row has, another one for each number."""
    if isinstance(value, str):
        return f"{value}{number:06d}"
    if isinstance(value, datetime):
        return most + timedelta(minutes=number)
    if isinstance(value, date):
        return most + timedelta(days=number)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return most + number
    return value

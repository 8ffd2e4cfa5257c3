"""Measurements of key results, read back for pages.

What belongs here: from rows of `product.measurements` to facts. What does not: writing them
(`measuring`), what follows from them (`progress`).
"""

from collections.abc import Callable, Sequence
from typing import Any

from platform_assets.product.kinds import Measurement

Read = Callable[[str], Sequence[Sequence[Any]]]  # SQL → rows


class Measured:
    """Measurements of all key results, read anew whenever they are asked for.

    Args:
        read: runs one SELECT on the warehouse and returns its rows; may raise PlatformError.
    """

    def __init__(self, read: Read) -> None:
        self._read = read

    def of(self, key_result: str) -> list[Measurement]:
        """Return all measurements of the key result of this id, oldest first; [] without any."""
        raise NotImplementedError

    def all(self) -> dict[str, list[Measurement]]:
        """Return all measurements by key result's id, oldest first."""
        raise NotImplementedError

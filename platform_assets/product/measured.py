"""Measurements of key results, read back for pages and for what follows from them.

What belongs here: from rows of `product.measurements` to facts. What does not: writing them
(`measuring`), what follows from them (`progress`).
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from platform_assets.product.kinds import Measurement
from platform_assets.product.measuring import COLUMNS, TABLE
from resources.errors import PlatformError
from resources.warehouse.sandbox import QueryError

Read = Callable[[str], Sequence[Sequence[Any]]]  # SQL → rows
KEPT_SECONDS = 10.0
MOST = 10_000  # rows that are read, as many as a page's query may return; the oldest are left out
# A key result is measured whenever its tables are made: of a day the last is enough, and the last
# of each definition, and the last with and without a value, so that breaks and gaps stay.
_ROWS = f"""
SELECT {", ".join(COLUMNS)} FROM {TABLE}
QUALIFY row_number() OVER (
  PARTITION BY key_result, CAST(measured_at AS DATE), definition, value IS NULL
  ORDER BY measured_at DESC
) = 1
ORDER BY measured_at DESC
LIMIT {MOST}"""
_NOTHING_YET = ("refused", "unavailable")  # no such table, no warehouse


class Measured:
    """Measurements of all key results; what was read is kept for some seconds. Thread-safe.

    Args:
        read: runs one SELECT on the warehouse and returns its rows, with values of Python or as
            JSON has them: `lambda sql: sandbox.run(sql).rows`.
        seconds: for which what was read is kept.
    """

    def __init__(self, read: Read, seconds: float = KEPT_SECONDS) -> None:
        self._read = read
        self._seconds = seconds
        self._guard = threading.Lock()
        self._found: dict[str, list[Measurement]] = {}
        self._until = 0.0

    def of(self, key_result: str) -> list[Measurement]:
        """Return the measurements of the key result of this id, oldest first; [] without any.

        Raises:
            PlatformError: the warehouse can't be read now.
        """
        return self.all().get(key_result, [])

    def all(self) -> dict[str, list[Measurement]]:
        """Return all measurements by key result's id, oldest first: of each day the last.

        Raises:
            PlatformError: the warehouse can't be read now.
        """
        with self._guard:
            if time.monotonic() >= self._until:
                self._found = self._all()
                self._until = time.monotonic() + self._seconds
            return self._found

    def _all(self) -> dict[str, list[Measurement]]:
        try:
            rows = self._read(_ROWS)
        except QueryError as error:
            if error.kind in _NOTHING_YET:
                return {}
            raise PlatformError(
                f"Measurements of key results can't be read: {error}", hint="Try again soon."
            ) from None
        found: dict[str, list[Measurement]] = {}
        for row in reversed(rows):
            one = _measurement(dict(zip(COLUMNS, row, strict=True)))
            found.setdefault(one.key_result, []).append(one)
        return found


def _measurement(row: dict[str, Any]) -> Measurement:
    return Measurement(
        key_result=row["key_result"],
        at=_moment(row["measured_at"]),
        run_id=row["run_id"],
        definition=row["definition"],
        value=None if row["value"] is None else float(row["value"]),
        as_of=_moment(row["as_of"]) if row["as_of"] else None,
        trouble=tuple(json.loads(row["trouble"] or "[]")),
        upstream=json.loads(row["upstream"] or "{}"),
    )


def _moment(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.replace(tzinfo=UTC)

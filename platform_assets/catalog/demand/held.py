"""Requests and feedback as pages read them: held in memory until the store has changed.

What belongs here: when to read again. What does not: reading (`product.store`), what a page shows.
"""

import threading
from collections.abc import Callable, Hashable
from typing import TypeVar

from platform_assets.catalog.demand.person import same
from platform_assets.catalog.pages import Missing
from platform_assets.product.kinds import Feedback, Request
from platform_assets.product.store import Missing as NoRecord
from platform_assets.product.store import RecordStore

T = TypeVar("T")
DIGITS = 12  # of a number in an address, at most


class Held:
    """What a store has, for all requests of a server.

    Methods raise PlatformError where the store can't be reached.
    """

    def __init__(self, store: RecordStore) -> None:
        self.store = store
        self._guard = threading.Lock()
        self._kept: dict[Hashable, tuple[int, object]] = {}

    def requests(self) -> list[Request]:
        """Return all requests, newest first."""
        return self._read("requests", self.store.requests)

    def feedback(self) -> list[Feedback]:
        """Return all feedback, newest first."""
        return self._read("feedback", self.store.feedback)

    def request(self, text: str) -> Request:
        """Return the request of a number, as an address or a form has it.

        Raises:
            Missing: there is none.
        """
        try:
            return self.store.request(number_of(text))
        except NoRecord:
            raise Missing(f"There is no request {text[:DIGITS]}.") from None

    def arrived(self, person: str) -> list[Request]:
        """Return what was made for somebody who has not said yet whether it helped."""
        if not person:
            return []
        return [r for r in self.requests() if r.state == "shipped" and same(r.asker, person)]

    def _read(self, name: str, read: Callable[[], T]) -> T:
        # Asked for before reading: what is written meanwhile is then read again, never missed.
        changes = self.store.changes()
        with self._guard:
            known = self._kept.get(name)
        if known is None or known[0] != changes:
            known = (changes, read())
            with self._guard:
                self._kept[name] = known
        return known[1]  # type: ignore[return-value]


def number_of(text: str) -> int:
    """Return the number of a record, as an address or a form has it; `#12` is 12.

    Raises:
        Missing: it is none.
    """
    digits = text.strip().removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= DIGITS):
        raise Missing(f"{text[:40]!r} is no number of a record.")
    return int(digits)

"""Requests and feedback as pages of intake read them: as they are now, or not at all.

What belongs here: looking up. What does not: when to read again (`records`), what a page shows.
"""

from platform_assets.catalog.demand.person import same
from platform_assets.catalog.demand.records import Records
from platform_assets.catalog.demand.similar import Titles
from platform_assets.catalog.pages import Missing
from platform_assets.product.kinds import Feedback, Request
from platform_assets.product.store import Missing as NoRecord

DIGITS = 12  # of a number in an address, at most


class Held:
    """What a store has, for all requests of a server.

    Methods raise PlatformError where the store can't be reached: that nobody asked for anything is
    not said because it can't be known.
    """

    def __init__(self, records: Records) -> None:
        self.records = records
        self.store = records.store
        self._titles = Titles()

    def requests(self) -> list[Request]:
        """Return all requests, newest first."""
        self.store.changes()
        return list(self.records.now().requests)

    def titles(self) -> Titles:
        """Return what finds requests that ask for much the same, among all there are."""
        self.store.changes()
        self._titles.update(self.records.now().requests)
        return self._titles

    def feedback(self) -> list[Feedback]:
        """Return all feedback, newest first."""
        self.store.changes()
        return list(self.records.now().feedback)

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


def number_of(text: str) -> int:
    """Return the number of a record, as an address or a form has it; `#12` is 12.

    Raises:
        Missing: it is none.
    """
    digits = text.strip().removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= DIGITS):
        raise Missing(f"{text[:40]!r} is no number of a record.")
    return int(digits)

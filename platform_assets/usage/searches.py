"""A search that is still being typed is none yet: of `r`, `rev`, `revenue` only the last counts.

The page of results follows the typing, with a request for every pause.
"""

from collections.abc import Iterable, Iterator

from platform_assets.usage.visits import Event, Visit

SETTLES = 4.0  # seconds without another letter


class Searches:
    """The newest search of each browser, held back until nobody types on."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[float, Event]] = {}

    def take(self, visit: Visit, events: Iterable[Event]) -> Iterator[Event]:
        """Yield what is certain: all but searches, and searches that this one does not go on."""
        for event in events:
            if event["kind"] != "search":
                yield event
                continue
            browser = f"{visit.client} {visit.header('user-agent')}"
            before = self._held.pop(browser, None)
            if before and not _goes_on(before, visit.at, event["text"]):
                yield before[1]
            self._held[browser] = visit.at, event

    def settled(self, now: float) -> Iterator[Event]:
        """Yield the searches that nobody has typed on for some seconds."""
        for browser, (at, event) in list(self._held.items()):
            if now - at >= SETTLES:
                del self._held[browser]
                yield event

    def all(self) -> Iterator[Event]:
        """Yield every search that is held back."""
        return self.settled(float("inf"))


def _goes_on(before: tuple[float, Event], at: float, text: str) -> bool:
    """Whether a text is typed on from, or taken back to, what was asked for a moment before."""
    earlier, event = before
    one, other = sorted((event["text"].casefold(), text.casefold()), key=len)
    return at - earlier < SETTLES and other.startswith(one)

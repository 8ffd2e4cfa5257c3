"""What takes time to find out, and need not be of this second.

What belongs here: who waits for it, and when it is found out anew. What does not: what it is.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lately(Generic[T]):
    """A value that the first asker waits for; later ones get the last, while it is made anew.

    Args:
        find: finds it out; where that fails, the last value stays.
        otherwise: the value until it was found out once.
        seconds: age from which it is found out anew.
    """

    def __init__(self, find: Callable[[], T], otherwise: T, seconds: float) -> None:
        self._find = find
        self._seconds = seconds
        self._guard = threading.Lock()
        self._value = otherwise
        self._found_at: float | None = None

    def value(self) -> T:
        """Return the value of lately; the same object until another was found."""
        last, found_at = self._value, self._found_at
        if found_at is None:
            with self._guard:
                if self._found_at is None:
                    self._renew()
            return self._value
        if time.monotonic() - found_at >= self._seconds and self._guard.acquire(blocking=False):
            threading.Thread(target=self._renew_and_release, daemon=True).start()
        return last

    def _renew_and_release(self) -> None:
        try:
            self._renew()
        finally:
            self._guard.release()

    def _renew(self) -> None:
        try:
            found = self._find()
            self._value = self._value if found == self._value else found
        except Exception:
            logging.getLogger(__name__).warning("Something can't be found out now.", exc_info=True)
        self._found_at = time.monotonic()

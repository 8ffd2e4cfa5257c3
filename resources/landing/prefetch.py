"""Small objects fetched before they are read: many at once, because each costs a round trip.

What belongs here: how many, and in how much memory. What does not: requests (`objects`).
"""

import io
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO

from resources.landing.names import LandedFile
from resources.landing.objects import Objects

AT_ONCE = 32  # requests
WAITING = 128  # objects that are fetched before they are read
WAITING_BYTES = 32 << 20
SMALL = 4 << 20  # bytes up to which an object is fetched whole


class Prefetch:
    """The objects of a list, opened in its order; those that are small are there already."""

    def __init__(self, objects: Objects, files: Iterable[LandedFile], pool: ThreadPoolExecutor):
        self._objects, self._pool = objects, pool
        self._left = deque(file for file in files if 0 < file.size <= SMALL)
        self._asked: deque[tuple[LandedFile, Future[bytes]]] = deque()
        self._now: tuple[LandedFile, bytes] | None = None

    def open(self, file: LandedFile) -> BinaryIO:
        """Return the file's bytes as a stream that seeks; the same one may be opened again.

        Raises:
            FileNotFoundError: the object is gone, or it is another version by now.
            PlatformError: the store fails.
        """
        if self._now and self._now[0] is file:
            return io.BytesIO(self._now[1])
        if not 0 < file.size <= SMALL:
            return self._objects.open(file)
        self._now = None
        while self._asked or self._left:
            self._ask()
            each, data = self._asked.popleft()
            if each is file:
                self._ask()
                self._now = file, data.result()
                return io.BytesIO(self._now[1])
            data.cancel()  # it was passed over
        return self._objects.open(file)

    def _ask(self) -> None:
        """Ask for as many as may wait."""
        waiting = sum(file.size for file, _ in self._asked)
        while self._left and len(self._asked) < WAITING:
            waiting += self._left[0].size
            if self._asked and waiting > WAITING_BYTES:
                return
            file = self._left.popleft()
            self._asked.append((file, self._pool.submit(self._objects.read, file)))


@contextmanager
def fetching(objects: Objects, files: Iterable[LandedFile]) -> Iterator[Prefetch]:
    """Yield what opens these files, in this order."""
    pool = ThreadPoolExecutor(AT_ONCE, "prefetch")
    try:
        yield Prefetch(objects, files, pool)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)

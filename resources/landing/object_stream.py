"""An object as a stream: read in blocks, some ahead, never the whole of a large one.

What belongs here: blocks, seeking, reading ahead. What does not: requests (`objects`).
"""

import io
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, BinaryIO, cast

BLOCK = 8 << 20  # bytes of one request
AHEAD = 2  # blocks that are asked for before they are needed, while reading goes forward
KEPT = 4  # blocks in memory at once

Read = Callable[[int, int], bytes]


class _Blocks(io.RawIOBase):
    """The bytes of an object, by position.

    Args:
        size: of the object, in bytes.
        read: returns the bytes from a position to before another, all of them, or raises.
    """

    def __init__(self, size: int, read: Read) -> None:
        self._size, self._read = size, read
        self._at = 0
        self._blocks: OrderedDict[int, Future[bytes]] = OrderedDict()
        self._pool: ThreadPoolExecutor | None = None
        self._last = -1  # the block that was read last

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size or not len(buffer):
            return 0
        number, start = divmod(self._at, BLOCK)
        data = self._block(number)
        part = memoryview(data)[start : start + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def close(self) -> None:
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._blocks.clear()
        super().close()

    def _block(self, number: int) -> bytes:
        forward = number in (self._last, self._last + 1)
        wanted = [number, *range(number + 1, number + 1 + AHEAD)] if forward else [number]
        for each in wanted:
            if each not in self._blocks and each * BLOCK < self._size:
                self._blocks[each] = self._ask(each)
        self._blocks.move_to_end(number)
        while len(self._blocks) > KEPT:
            self._drop(number)
        self._last = number
        try:
            return self._blocks[number].result()
        except BaseException:
            del self._blocks[number]  # asked for again, should the reader try again
            raise

    def _drop(self, needed: int) -> None:
        """Forget the block that is the least likely to be needed: the first behind the reader."""
        behind = [n for n in self._blocks if n < needed]
        oldest = behind[0] if behind else next(n for n in self._blocks if n != needed)
        self._blocks.pop(oldest).cancel()

    def _ask(self, number: int) -> Future[bytes]:
        start, end = number * BLOCK, min((number + 1) * BLOCK, self._size)
        if self._size <= BLOCK:
            done: Future[bytes] = Future()
            done.set_result(self._read(start, end))
            return done
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AHEAD + 1, "object")
        return self._pool.submit(self._read, start, end)


def stream(size: int, read: Read) -> BinaryIO:
    """Return a stream over an object of so many bytes."""
    return cast(BinaryIO, io.BufferedReader(_Blocks(size, read), 1 << 20))

"""A worker and the lease that it works under: the process that `platform-assets worker` is.

It starts the inner process (`worker`), renews the lease while that lives, and ends it when the
lease can't be renewed in time: somebody else then takes its runs for lost and goes on with them.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

import psutil
import redis

from platform_assets.server.processes import adopt_orphans, descendants
from platform_assets.server.workers import Worker, Workers
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT

READY = b"ready"  # what the inner process says when it takes runs
RENEWALS = 6  # in the time that a lease lasts
SAFE_SHARE = 0.6  # of that time; its runs must be dead before anybody else can start them
POLL_SECONDS = 0.1


@dataclass
class Lease:
    """The lease of one start of a worker, kept by calling `keep` all the time."""

    workers: Workers
    worker: Worker
    renewed: float = 0.0

    def keep(self) -> None:
        """Renew the lease when it is time for that.

        Raises:
            redis.RedisError: it could not be renewed for so long that it may be lost.
        """
        now = time.monotonic()
        if now - self.renewed < self.workers.lease / RENEWALS:
            return
        try:
            self.workers.renew(self.worker)
            self.renewed = now
        except redis.RedisError:
            if time.monotonic() - self.renewed > self.workers.lease * SAFE_SHARE:
                raise


@dataclass
class Leased:
    """A worker under a lease.

    Args:
        workers: where leases are kept.
        queues: what it takes runs from.
        slots: runs at once.
        definitions: module with the definitions.
    """

    workers: Workers
    queues: tuple[str, ...]
    slots: int
    definitions: str
    signals: list[int] = field(default_factory=list)

    def serve(self, on_ready: Callable[[Worker], None], on_loss: Callable[[str], None]) -> None:
        """Take runs until a signal asks to stop; runs that are being executed end first.

        A second signal stops them at once: each goes on elsewhere from the step that it reached.

        Args:
            on_ready: called at each start, once runs are taken.
            on_loss: called with the reason when the lease was lost and the runs were stopped; the
                worker then starts anew as soon as the queue answers.

        Raises:
            PlatformError: the inner process ended by itself.
        """
        adopt_orphans()
        others = descendants()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._signalled)
        while not self.signals:
            try:
                self._serve_once(on_ready, others)
            except redis.RedisError as error:
                on_loss(str(error))
                self._wait_for_queue()

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        self.signals.append(number)

    def _serve_once(self, on_ready: Callable[[Worker], None], others: set[psutil.Process]) -> None:
        name = f"platform@{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
        worker = Worker(name, self.queues, self.slots)
        process, says = self._start(worker)
        try:
            if self._wait_until_ready(process, says):
                lease = Lease(self.workers, worker)
                lease.keep()
                on_ready(worker)
                self._watch(process, lease)
        finally:
            os.close(says)
            _end(process, others)
            with contextlib.suppress(redis.RedisError):
                self.workers.leave(worker)
        if not self.signals:
            raise PlatformError(
                f"The worker ended by itself (exit code {process.returncode}).",
                hint="Its last words stand above.",
            )

    def _start(self, worker: Worker) -> tuple["subprocess.Popen[bytes]", int]:
        """Start the inner process; return it, and what reads its word that it is ready."""
        reading, writing = os.pipe()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "platform_assets.server.worker"),
                *("--name", worker.name, "--queues", ",".join(self.queues)),
                *("--concurrency", str(self.slots), "--definitions", self.definitions),
                *("--ready", str(writing)),
            ],
            cwd=PROJECT_ROOT,
            stdin=subprocess.DEVNULL,
            pass_fds=[writing],
            start_new_session=True,  # Ctrl-C reaches only us
        )
        os.close(writing)
        os.set_blocking(reading, False)
        return process, reading

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]", says: int) -> bool:
        """Return whether it takes runs; not when a signal came first, or it ended."""
        while process.poll() is None and not self.signals:
            with contextlib.suppress(BlockingIOError):
                if os.read(says, len(READY)) == READY:
                    return True
            time.sleep(POLL_SECONDS)
        return False

    def _watch(self, process: "subprocess.Popen[bytes]", lease: Lease) -> None:
        """Keep the lease until the inner process has ended, which the first signal asks for."""
        asked = False
        while process.poll() is None and len(self.signals) < 2:
            lease.keep()
            if self.signals and not asked:
                process.terminate()
                asked = True
            time.sleep(POLL_SECONDS)

    def _wait_for_queue(self) -> None:
        while not self.signals:
            with contextlib.suppress(redis.RedisError):
                self.workers.alive()
                return
            time.sleep(1.0)


def _end(process: "subprocess.Popen[bytes]", others: set[psutil.Process]) -> None:
    """Kill the inner process and all that it left, except `others`, and wait for their end."""
    left = descendants() - others
    for found in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.kill()
    process.wait()
    psutil.wait_procs(left, timeout=5)

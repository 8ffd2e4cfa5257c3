"""Running another command of the platform in a child process, on the same terminal."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from platform_assets.server.processes import die_with_parent
from resources.settings import PROJECT_ROOT

STOP_SECONDS = 20


def run_command(arguments: Sequence[str]) -> int:
    """Run `platform-assets <arguments>` and return its exit code.

    A child keeps what the command imports out of this process. It ends with this process: Ctrl-C
    reaches both, SIGTERM is passed on.

    Raises:
        KeyboardInterrupt: this process was interrupted; the child has ended.
    """
    with _sigterm_interrupts():
        process = subprocess.Popen(
            [sys.executable, "-m", "platform_assets.cli", *arguments],
            cwd=PROJECT_ROOT,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has a single thread
        )
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            raise


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

"""Processes that tail the log of an instance until they are killed: `folder url`.

Each line that it reads starts one, whose number it prints. They are forks of a process that has
imported everything and has no threads: starting one takes no seconds.
"""

import os
import signal
import sys
import time
import traceback
from pathlib import Path

from tests.lineage import emitting


def send(folder: Path, url: str) -> None:
    """Send for ever."""
    config = {"transport": {"type": "http", "url": url, "retry": {"total": 0}}}
    with emitting.instance_at(folder) as instance:
        tail = emitting.tail(instance, emitting.delivery(config, folder))
        while True:
            tail.turn(time.monotonic() + 60)
            time.sleep(0.02)


def main(folder: Path, url: str) -> None:
    """Start one for each line."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that were killed
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                send(folder, url)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        print(child, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

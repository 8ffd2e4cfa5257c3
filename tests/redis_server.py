"""A real Redis for tests: on a free loopback port, with a password, kept in memory, thrown away."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import redis

from tests.ports import free_port
from tests.servers import START_SECONDS, _binary, dying_with_us

PASSWORD = "redis-marker-7"


@dataclass
class RedisServer:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def pause(self) -> None:
        """Let it answer nobody, as a network that is cut."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it at once; what it holds is not kept."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=START_SECONDS)


@cache
def redis_server() -> RedisServer:
    """Return this process's Redis, started on first use."""
    return start_redis()


def start_redis() -> RedisServer:
    """Start another one; skips the test where it is not installed, fails it under `CI=true`."""
    binary = _binary("redis-server")
    if not binary:
        reason = "redis-server is not installed: apt-get install redis-server"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    folder = Path(tempfile.mkdtemp(prefix="test-redis-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    port = free_port()
    # Through a file: arguments of a process can be read by everybody.
    (folder / "redis.conf").write_text(
        f"port {port}\nbind 127.0.0.1\nrequirepass {PASSWORD}\nsave ''\nappendonly no\n"
        f"dir {folder}\n"
    )
    process = subprocess.Popen(
        dying_with_us([binary, str(folder / "redis.conf")]),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    server = RedisServer(port, process)
    atexit.register(server.stop)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            redis.Redis.from_url(server.url).ping()
            return server
        except redis.RedisError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"redis-server did not start: {error}")
            time.sleep(0.02)

"""The running platform as a whole: code server, daemon and web server under one supervisor."""

import http.client
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from platform_assets.server.connection import Address
from platform_assets.server.home import DEFINITIONS_MODULE, Home
from platform_assets.server.processes import Processes, adopt_orphans
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT

START_SECONDS = 300.0


@dataclass(frozen=True)
class Platform:
    """What is served, and where.

    Args:
        home: folders of the running platform.
        host: address to listen on.
        port: TCP port of the web server.
        definitions: module with the definitions.
    """

    home: Home
    host: str = "127.0.0.1"
    port: int = 3000
    definitions: str = DEFINITIONS_MODULE

    @property
    def url(self) -> str:
        """Address to show to people."""
        host = "localhost" if self.host in {"127.0.0.1", "0.0.0.0"} else self.host
        return f"http://{host}:{self.port}"

    def serve(self, on_ready: Callable[[], None]) -> None:
        """Start everything, call `on_ready` once it answers, and stay until it is interrupted.

        Returns after SIGINT, SIGTERM or SIGHUP, with every process stopped.

        Raises:
            PlatformError: a process died, or did not start; every other one is stopped then.
        """
        adopt_orphans()
        scratch = self.home.scratch()
        environment = self.home.environment() | {"TMPDIR": str(scratch)}
        processes = Processes(self.home.logs, PROJECT_ROOT, environment)
        with interruptible(processes):
            try:
                self._start(processes, str(scratch / "code.sock"))
                processes.wait_until(self._answers, START_SECONDS, "The web server")
                on_ready()
                while True:
                    processes.check()
                    time.sleep(0.2)
            except KeyboardInterrupt:
                pass
            except PlatformError as error:
                raise self._explained(error) from error
            finally:
                processes.stop()
                shutil.rmtree(scratch, ignore_errors=True)

    def _start(self, processes: Processes, socket: str) -> None:
        self._failure.unlink(missing_ok=True)
        workspace = self.home.write_workspace(Address(socket=socket), "up")
        reach = ["--code", socket, "--workspace", str(workspace)]
        processes.start(
            "code", [*_entry("code"), "--address", socket, "--definitions", self.definitions]
        )
        where = ["--host", self.host, "--port", str(self.port), "--failure", str(self._failure)]
        processes.start("web", [*_entry("web"), *reach, *where])
        processes.start("daemon", [*_entry("daemon"), *reach])

    @property
    def _failure(self) -> Path:
        return self.home.run / "definitions-error.txt"

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", "/server_info")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def _explained(self, error: PlatformError) -> PlatformError:
        if not self._failure.exists():
            return error
        return PlatformError(self._failure.read_text())


def _entry(name: str) -> list[str]:
    return ["-m", f"platform_assets.server.{name}"]


@contextmanager
def interruptible(processes: Processes) -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into KeyboardInterrupt; the next hurries us."""
    seen: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            processes.hurry.set()
            return
        raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Child processes that live and die together.

What belongs here: starting a child with its log file, noticing that one died, stopping all of them
and whatever they started, whole. What does not: which processes there are (`platform`).
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from resources.errors import PlatformError

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LOG_LINES_SHOWN = 15


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies, however it dies (Linux).

    At once: a process that finishes its work first would run beside the next start of the platform.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent dies (Linux)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def descendants() -> set[psutil.Process]:
    """Return all processes below this one."""
    return set(psutil.Process().children(recursive=True))


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


@dataclass
class Child:
    """One process of the platform, and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        """Return the end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES_SHOWN:])


@dataclass
class Processes:
    """The children that this process starts through it, in their order; no other is touched.

    Args:
        logs: folder for one log file per child; the one before is kept as `<name>.log.1`.
        folder: working directory of the children.
        environment: variables set for them, beside those of this process.
    """

    logs: Path
    folder: Path
    environment: Mapping[str, str]
    children: list[Child] = field(default_factory=list)
    hurry: threading.Event = field(default_factory=threading.Event)
    others: set[psutil.Process] = field(default_factory=descendants)

    def start(self, name: str, arguments: Sequence[str]) -> Child:
        """Start `python <arguments>` in a session of its own, so that Ctrl-C reaches only us."""
        log = self.logs / f"{name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def check(self) -> None:
        """Return when every child is alive.

        Raises:
            PlatformError: one died; with the end of its log.
        """
        for child in self.children:
            code = child.process.poll()
            if code is not None:
                raise PlatformError(
                    f"The {child.name} process ended by itself ({_how(code)}). "
                    f"Its last words:\n{child.last_words()}",
                    hint=f"Everything was stopped. The whole log: {child.log}",
                )

    def wait_until(self, ready: Callable[[], bool], seconds: float, what: str) -> None:
        """Return as soon as `ready()`.

        Raises:
            PlatformError: a child died meanwhile, or it took more than `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise PlatformError(
                    f"{what} did not get ready within {seconds:.0f} seconds.",
                    hint=f"Its log may say why: {self.logs}",
                )
            time.sleep(0.05)

    def stop(self, runs_grace: float = 8.0, grace: float = 8.0) -> None:
        """Stop every child and everything below it; returns when none of them is left.

        First what starts work, then the work, then what serves it. Work that does not end within
        `runs_grace` seconds is killed, the rest after `grace`: every load is a transaction.
        """
        for child in reversed(self.children):
            if child.name != "code":
                _signal(child.process.pid, signal.SIGTERM)
        runs = [run for child in self.children if child.name == "code" for run in _runs(child)]
        self._end(runs, runs_grace)
        self._end(list(descendants() - self.others), grace)
        for child in self.children:
            child.process.wait()
        self._end(list(descendants() - self.others), 1.0)
        self.children.clear()

    def _end(self, processes: list[psutil.Process], grace: float) -> None:
        for process in processes:
            _signal(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while processes and time.monotonic() < deadline and not self.hurry.is_set():
            _, processes = psutil.wait_procs(processes, timeout=0.1)
        for process in processes:
            _signal(process.pid, signal.SIGKILL)
        psutil.wait_procs(processes, timeout=5)


def _runs(code_server: Child) -> list[psutil.Process]:
    """Return the processes of runs: server > definitions > forks > runs and their steps."""
    try:
        root = psutil.Process(code_server.process.pid)
        return [
            run
            for definitions in root.children()
            for forks in definitions.children()
            for run in forks.children(recursive=True)
        ]
    except psutil.NoSuchProcess:
        return []


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    return f"{name}: killed, perhaps for lack of memory" if name == "SIGKILL" else name

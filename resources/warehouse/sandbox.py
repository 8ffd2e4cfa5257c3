"""Running one analyst's SQL: read-only, in a child process, within limits of time, rows and memory.

    answer = Sandbox(Warehouse.from_settings()).run("SELECT count(*) FROM marts.fct_orders")

What belongs here: starting, feeding, ending the children. What does not: which SQL may run
(`sandbox_rules`), what happens inside (`sandbox_worker`).

A child is used for one query and thrown away, so that no query can leave anything behind for the
next. One spare waits, already attached: a query costs its own time and some milliseconds. A child
ends when its standard input does, and that happens however this process ends; the kernel's signal
for the death of a parent would come with the end of the *thread* that started the child.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources import object_store
from resources.settings import PROJECT_ROOT
from resources.warehouse.connection import Warehouse

START_SECONDS = 60.0  # that a child may take to attach the lake, on a machine that is busy
WORKER = "resources.warehouse.sandbox_worker"
ENVELOPE = 1 << 20  # bytes of an answer beside its rows


@dataclass(frozen=True)
class Limits:
    """What one query may use.

    Attributes:
        seconds: of time, before it is killed.
        rows, bytes: of its result, which is cut there.
        megabytes: of memory (MiB); DuckDB itself plans with half of them.
        at_once: queries that run side by side.
        patience: seconds that one more waits for its turn.
    """

    seconds: float = 30.0
    rows: int = 10_000
    bytes: int = 8 << 20
    megabytes: int = 1024
    threads: int = 2
    at_once: int = 3
    patience: float = 5.0


@dataclass(frozen=True)
class Answer:
    """The result of a query.

    Attributes:
        columns: name and DuckDB type of each.
        rows: values as JSON has them; what a JSON number can't hold exactly is text.
        truncated: there were more rows.
        seconds: how long it took.
    """

    columns: tuple[tuple[str, str], ...]
    rows: list[list[Any]]
    truncated: bool
    seconds: float


class QueryError(Exception):
    """A query without an answer; the message is for whoever wrote it.

    Args:
        kind: refused (may not run), failed (DuckDB says why), time, memory, busy, unavailable.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Sandbox:
    """Runs queries on a warehouse, each in a process of its own. Safe to share between threads.

    Args:
        warehouse: what is read; its own limits do not count here.
    """

    def __init__(self, warehouse: Warehouse, limits: Limits | None = None) -> None:
        self._warehouse = warehouse
        self.limits = limits or Limits()
        self._turns = threading.BoundedSemaphore(self.limits.at_once)
        self._guard = threading.Lock()
        self._spare: subprocess.Popen[bytes] | None = None
        self._closed = False

    def run(self, sql: str, rows: int | None = None) -> Answer:
        """Return the result of one statement that only reads.

        Args:
            rows: at most so many, and never more than the limits allow.

        Raises:
            QueryError: it may not run, fails, takes too much time or memory; or too many run now.
        """
        if not self._turns.acquire(timeout=self.limits.patience):
            raise QueryError(
                "busy",
                f"{self.limits.at_once} queries are running already. Try again in some seconds.",
            )
        try:
            child = self._take()
            try:
                return self._ask(child, sql, min(rows or self.limits.rows, self.limits.rows))
            finally:
                _end(child)
        finally:
            self._turns.release()
            self._prepare()

    def close(self) -> None:
        """End the spare child; a query after that starts its own."""
        with self._guard:
            self._closed, spare, self._spare = True, self._spare, None
        if spare is not None:
            _end(spare)

    def _ask(self, child: subprocess.Popen[bytes], sql: str, rows: int) -> Answer:
        limits = self.limits
        request = {
            "sql": sql,
            "rows": rows,
            "bytes": limits.bytes,
            "seconds": limits.seconds,
            "megabytes": limits.megabytes,
        }
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
        if _read(child, START_SECONDS, 0) is None:
            raise QueryError("unavailable", "The query could not be started. Try again.")
        told = _read(child, limits.seconds, limits.bytes * 2 + ENVELOPE)
        if told is None:
            raise QueryError(
                "time",
                f"The query was stopped after {limits.seconds:g} seconds. "
                "Read fewer rows: a WHERE on a date, a LIMIT, a table that is aggregated already.",
            )
        try:
            answer = json.loads(told)
        except ValueError:
            answer = {"error": "memory"}  # it died without a word
        if "error" in answer:
            raise self._error(answer)
        columns = tuple((name, kind) for name, kind in answer["columns"])
        return Answer(columns, answer["rows"], answer["truncated"], answer["seconds"])

    def _error(self, answer: dict[str, Any]) -> QueryError:
        if answer["error"] == "memory":
            return QueryError(
                "memory",
                f"The query needs more than the {self.limits.megabytes:,} MB of memory that it "
                "may use. Read fewer rows or columns, or aggregate first.",
            )
        return QueryError(answer["error"], answer["message"])

    def _take(self) -> subprocess.Popen[bytes]:
        with self._guard:
            spare, self._spare = self._spare, None
        if spare is not None and spare.poll() is None:
            return spare
        if spare is not None:
            _end(spare)
        return self._start()

    def _prepare(self) -> None:
        """Have a spare child wait for the next query."""
        with self._guard:
            if self._spare is None and not self._closed:
                self._spare = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        """Start a child; of this process's environment only the keys of its files reach it.

        It is told on its standard input, which nobody else can read, as arguments could be.
        """
        config = {
            "url": self._warehouse.url,
            "memory": f"{self.limits.megabytes // 2}MB",
            "threads": self.limits.threads,
            "environment": object_store.environment(),
        }
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(PROJECT_ROOT.anchor),
            env={"PYTHONPATH": str(PROJECT_ROOT), "LANG": "C.UTF-8", "PATH": os.defpath},
            start_new_session=True,
        )
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(json.dumps(config).encode() + b"\n")
            child.stdin.flush()
        return child


def _read(child: subprocess.Popen[bytes], seconds: float, most: int) -> bytes | None:
    """Return what a child says until it is done, or has said more than `most` bytes.

    None when the time is over.
    """
    assert child.stdout is not None
    told, deadline = bytearray(), time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        ready, _, _ = select.select([child.stdout], [], [], max(left, 0))
        if not ready:
            return None
        part = os.read(child.stdout.fileno(), min(1 << 16, most + 1))
        told += part
        if not part or len(told) > most:
            return bytes(told)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    child.wait()

"""Entry point of the process with the definitions: a run is a fork, not a start-up.

Dagster's code server starts a fresh interpreter for every run, which imports dagster, dbt and the
definitions again: seconds before the first step. Here all of that is imported once, while the
process still has a single thread; then it forks off a *fork server* (Python's own, from
`multiprocessing`), and becomes Dagster's code server. A run is forked from the fork server, with
everything already in memory.

A reload starts this process anew, so runs always execute the definitions that were loaded last.
"""

import contextlib
import gc
import importlib
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from platform_assets.server import guard
from platform_assets.server.load_errors import in_words
from platform_assets.server.processes import die_with_parent

# What runs import, beside what the definitions themselves import.
LIBRARIES = (
    "dagster._core.execution.api",
    "dagster._core.execution.plan.execute_plan",
    "dagster._cli.api",
    "dagster._grpc.impl",
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "dbt.task.build",
    "duckdb",
    "pandas",
    "pyarrow.parquet",
    "pyarrow.csv",
    "altair",
    "vl_convert",
    "sqlalchemy",
    "google.protobuf.json_format",
)


def main() -> None:
    """Run `dagster api grpc` with this process's arguments, its runs being forks."""
    die_with_parent()
    guard.install_in_dagster()
    safe = preload(_module(sys.argv))
    # What is in memory now stays there: the collector need not walk it, in any fork either.
    gc.collect()
    gc.freeze()
    if safe:
        fork_server_of_this()
    else:
        # A fork would inherit locks of threads that it does not have: import in a clean process.
        print("The definitions left threads running: every run imports them anew.", flush=True)
        multiprocessing.forkserver.set_forkserver_preload(list(LIBRARIES))
    _use_fork_server()
    from dagster._cli import cli

    cli(sys.argv[1:], prog_name="dagster")


def preload(definitions: str) -> bool:
    """Import what runs need and the module of that name; return whether forks of this are safe.

    They are not when the definitions leave threads running. Definitions that fail to load are left
    to whoever loads them next, who reports it.
    """
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(library)
    threads = _threads()
    _open_instance()
    with contextlib.suppress(Exception):
        if definitions:
            importlib.import_module(definitions).defs.get_repository_def().get_all_jobs()
    return _threads() == threads and threading.active_count() == 1


def fork_server_of_this() -> None:
    """Make a fork of this process the fork server of `multiprocessing`, in place of a fresh one.

    Does what `ForkServer.ensure_running` does, except that it forks where that one executes a new
    interpreter. Call it while this process has one thread.
    """
    from multiprocessing import resource_tracker

    server: Any = multiprocessing.forkserver._forkserver
    resource_tracker.ensure_running()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("")  # Linux chooses an abstract name: no file to protect or to remove
    listener.listen()
    address = listener.getsockname()
    alive_read, alive_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(alive_write)
        _serve_forks(listener, alive_read)
    listener.close()
    os.close(alive_read)
    server._forkserver_address = address
    server._forkserver_alive_fd = alive_write
    server._forkserver_pid = pid


def _serve_forks(listener: socket.socket, alive_read: int) -> None:
    """Serve requests for forks until nobody can ask any more, and end the process."""
    code = 1
    try:
        die_with_parent()
        os.register_at_fork(after_in_child=die_with_parent)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        multiprocessing.forkserver.main(listener.detach(), alive_read, [])
    except SystemExit:
        code = 0
    finally:
        os._exit(code)


def _use_fork_server() -> None:
    """Have Dagster's code server start its runs from the fork server, and word its load error."""
    server: Any = importlib.import_module("dagster._grpc.server")

    class ForkingApiServer(server.DagsterApiServer):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._mp_ctx = multiprocessing.get_context("forkserver")
            this: Any = self
            if this._serializable_load_error is not None:
                this._serializable_load_error = in_words(this._serializable_load_error)

    server.DagsterApiServer = ForkingApiServer


def _open_instance() -> None:
    """Open the instance and close it again: its storage, whichever it is, is imported then."""
    from dagster import DagsterInstance

    with contextlib.suppress(Exception), DagsterInstance.get() as instance:
        instance.get_runs(limit=1)


def _module(arguments: list[str]) -> str:
    """Return the module that the arguments of Dagster's code server name, or ""."""
    return arguments[arguments.index("-m") + 1] if "-m" in arguments else ""


def _threads() -> int:
    """Return the number of threads of this process, native ones included (Linux; else 1)."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else 1


if __name__ == "__main__":
    main()

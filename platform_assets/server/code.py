"""Entry point of the code server: the definitions, imported once for web server, daemon and runs.

It is Dagster's own `dagster code-server start`, which keeps one process with the definitions and
replaces it when someone reloads them. That inner process is started through
`platform_assets.server.forks`, so that runs need no start-up of their own.
"""

import importlib
import os
import sys
import threading
import time
from typing import Any

import click

from platform_assets.server.home import DEFINITIONS_MODULE, LOCATION_NAME
from platform_assets.server.processes import die_with_parent

EXIT_DEFINITIONS_DIED = 70
WATCH_SECONDS = 1.0


@click.command()
@click.option("--socket", required=True, help="Path of the Unix socket to serve.")
@click.option("--definitions", default=DEFINITIONS_MODULE, help="Module with the definitions.")
def main(socket: str, definitions: str) -> None:
    """Serve the definitions until the parent ends."""
    die_with_parent()
    from dagster._cli.code_server import start_command
    from dagster._core.remote_representation.grpc_server_registry import GrpcServerRegistry

    server: Any = importlib.import_module("dagster._grpc.server")

    def command(_executable: str) -> list[str]:
        return [sys.executable, "-m", "platform_assets.server.forks"]

    server.get_python_environment_entry_point = command
    _end_with_definitions(GrpcServerRegistry)
    start_command.main(
        [
            *("--socket", socket, "--location-name", LOCATION_NAME),
            *("--module-name", definitions, "--working-directory", os.getcwd()),
            *("--log-level", "warning"),
        ],
        standalone_mode=False,
    )


def _end_with_definitions(registry: Any) -> None:
    """End this process when the newest process with the definitions dies by itself.

    Dagster's server would go on without it, and every request would fail; whoever supervises this
    process knows better what to do.
    """
    start = registry.__init__

    def watched(self: Any, *args: Any, **kwargs: Any) -> None:
        start(self, *args, **kwargs)
        threading.Thread(target=_watch, args=(self,), daemon=True).start()

    registry.__init__ = watched


def _watch(registry: Any) -> None:
    while True:
        time.sleep(WATCH_SECONDS)
        newest = registry._all_processes[-1:]
        if not newest:
            died = bool(registry._active_entries)  # an entry without a process is an error
        else:
            died = not newest[0]._shutdown and newest[0].server_process.poll() is not None
        if died:
            print("The process with the definitions ended.", file=sys.stderr, flush=True)
            os._exit(EXIT_DEFINITIONS_DIED)


if __name__ == "__main__":
    main()

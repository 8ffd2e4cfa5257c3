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

from platform_assets.server import guard
from platform_assets.server.connection import LOCATION_NAME, Address
from platform_assets.server.home import DEFINITIONS_MODULE
from platform_assets.server.processes import die_with_parent
from resources.settings import settings

EXIT_DEFINITIONS_DIED = 70
NO_RECEIVER = (
    "OpenLineage events are not sent: neither OPENLINEAGE_URL nor openlineage.yml is there."
)
WATCH_SECONDS = 1.0


@click.command()
@click.option("--address", required=True, help="Unix socket or <host>:<port> to serve.")
@click.option("--definitions", default=DEFINITIONS_MODULE, help="Module with the definitions.")
def main(address: str, definitions: str) -> None:
    """Serve the definitions until the parent ends."""
    die_with_parent()
    guard.install_in_dagster()
    serve(Address.parse(address), definitions)


def serve(address: Address, definitions: str) -> None:
    """Serve the definitions until this process is told to stop."""
    guard.install_in_dagster()
    if not settings().openlineage_configured:
        print(NO_RECEIVER, flush=True)
    from dagster._cli.code_server import start_command
    from dagster._core.remote_representation.grpc_server_registry import GrpcServerRegistry

    server: Any = importlib.import_module("dagster._grpc.server")

    def command(_executable: str) -> list[str]:
        return [sys.executable, "-m", "platform_assets.server.forks"]

    server.get_python_environment_entry_point = command
    _end_with_definitions(GrpcServerRegistry)
    start_command.main(
        [
            *_listening(address),
            *("--location-name", LOCATION_NAME),
            *("--module-name", definitions, "--working-directory", os.getcwd()),
            *("--log-level", "warning"),
        ],
        standalone_mode=False,
    )


def _listening(address: Address) -> list[str]:
    if address.socket:
        return ["--socket", address.socket]
    return ["--host", address.host, "--port", str(address.port)]


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

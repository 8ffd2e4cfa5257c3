"""Entry point of the daemon: sensors, automation, freshness, the queue of runs."""

import click

from platform_assets.server.connection import wait_for_code_server
from platform_assets.server.processes import die_with_parent


@click.command()
@click.option("--socket", required=True, help="Socket of the code server.")
@click.option("--workspace", required=True, help="Workspace file that points at it.")
def main(socket: str, workspace: str) -> None:
    """Run every daemon of the instance until the parent ends."""
    die_with_parent()
    from dagster import DagsterInstance
    from dagster._daemon.cli import run_command

    from platform_assets.server.interrupted import fail_interrupted_runs

    with DagsterInstance.get() as instance:
        fail_interrupted_runs(instance)
    wait_for_code_server(socket)
    run_command.main(["--workspace", workspace, "--log-level", "info"], standalone_mode=False)


if __name__ == "__main__":
    main()

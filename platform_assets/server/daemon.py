"""Entry point of the daemon: sensors, automation, freshness, the queue of runs."""

import logging

import click

from platform_assets.server import guard
from platform_assets.server.connection import Address, wait_for_code_server
from platform_assets.server.home import Home
from platform_assets.server.processes import die_with_parent

IDLE = "won't launch more."
WATCHED = ("Collected ", "Checking run ")
PATIENCE_SECONDS = 60.0  # for a code server that nobody here supervises; the daemon keeps looking


@click.command()
@click.option("--code", required=True, help="Address of the code server.")
@click.option("--workspace", required=True, help="Workspace file that points at it.")
def main(code: str, workspace: str) -> None:
    """Run every daemon of the instance until the parent ends."""
    die_with_parent()
    guard.install_in_dagster()
    from dagster import DagsterInstance

    from platform_assets.server.interrupted import fail_interrupted_runs

    home = Home.from_settings()
    with home.only_daemon():
        with DagsterInstance.get() as instance:
            fail_interrupted_runs(instance)
        wait_for_code_server(Address.parse(code))
        _run(workspace)


def serve(home: Home, code: Address) -> None:
    """Run every daemon until this process is told to stop.

    Runs of a server that works elsewhere are not looked at: they may well be alive.
    """
    guard.install_in_dagster()
    with home.only_daemon():
        wait_for_code_server(code, PATIENCE_SECONDS)
        _run(str(home.write_workspace(code, "daemon")))


def _keep_to_news(record: logging.LogRecord) -> bool:
    """Return whether a record tells something: some are made every second all day long."""
    return not record.getMessage().endswith(IDLE) and not record.getMessage().startswith(WATCHED)


def _run(workspace: str) -> None:
    from dagster import DagsterInstance
    from dagster._daemon.cli import run_command

    from platform_assets.pools import set_limits

    with DagsterInstance.get() as instance:
        set_limits(instance)
    for name in ("QueuedRunCoordinatorDaemon", "MonitoringDaemon"):
        logging.getLogger(f"dagster.daemon.{name}").addFilter(_keep_to_news)
    run_command.main(["--workspace", workspace, "--log-level", "info"], standalone_mode=False)


if __name__ == "__main__":
    main()

"""`platform-assets up`: the whole platform, served until it is interrupted."""

import click

from platform_assets.commands import declarations
from platform_assets.commands.child import run_command
from platform_assets.commands.landing import require_landing
from platform_assets.server.home import DEFINITIONS_MODULE, Home
from platform_assets.server.lock import only_one
from platform_assets.server.platform import Platform
from platform_assets.server.ports import require_free
from resources.settings import settings


@click.command()
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 lets other machines in. There is no login.",
)
@click.option("--no-sample", is_flag=True, help="Leave an empty landing zone empty.")
@click.option(
    "--definitions",
    default=DEFINITIONS_MODULE,
    show_default=True,
    help="Module with the definitions.",
)
def up(port: int, host: str, no_sample: bool, definitions: str) -> None:
    """Serve the platform: Dagster's web server and daemon, all sensors and automation running.

    At the first start the sample company's data lands (if the landing zone is empty) and every
    asset is materialized. From then on a file that lands refreshes everything downstream.

    What is declared is checked before anything starts: a fault is printed with file and line, and
    the exit code is 1.

    Ctrl-C stops everything and leaves no process behind. The next `up` picks up where it was: a
    run that was interrupted goes on from the step that it had reached.

    Everything is kept below PLATFORM_DATA_DIR: the landing zone, the warehouse, Dagster's own
    history, reports, and one log file per process in `logs/`.
    """
    home = Home.from_settings()
    home.enter()
    platform = Platform(home, host=host, port=port, definitions=definitions)
    with only_one(home.run / "up.lock", platform.url):
        require_free(host, port)
        empty = require_landing()
        declarations.require(home, definitions)
        if not home.first_materialization.exists():
            _first_start(home, definitions, sample=empty and not no_sample)
        click.echo("Starting …")
        platform.serve(on_ready=lambda: _welcome(platform))
        click.echo("Stopped.")


def _first_start(home: Home, definitions: str, sample: bool) -> None:
    """Make the sample land and materialize what is missing; a failed asset is no reason to stop."""
    if sample:
        _must(run_command(["sample"]))
    code = run_command(["materialize", "--missing", "--definitions", definitions])
    if code == 1:
        click.echo("Some assets are not well, see above. Serving the rest.\n", err=True)
    else:
        _must(code)
    home.first_materialization.touch()


def _must(code: int) -> None:
    if code:
        raise click.exceptions.Exit(code)


def _welcome(platform: Platform) -> None:
    def line(name: str, value: str) -> None:
        click.echo(f"  {click.style(name, dim=True):<20}{value}")

    click.echo()
    line("dagster", click.style(platform.url, bold=True))
    line("catalog", click.style(f"{platform.url}/catalog", bold=True))
    line("landing", settings().landing)
    line("reports", settings().reports)
    line("logs", str(platform.home.logs))
    click.echo("\n  Ctrl-C stops everything.\n")

"""`platform-assets demo`: the sample company's data and every asset, once, without a server."""

import click

from platform_assets.commands.child import run_command
from platform_assets.commands.landing import require_landing
from platform_assets.server.home import DEFINITIONS_MODULE, Home


@click.command()
@click.option("--no-sample", is_flag=True, help="Take what is in the landing zone, add nothing.")
@click.option(
    "--definitions",
    default=DEFINITIONS_MODULE,
    show_default=True,
    help="Module with the definitions.",
)
def demo(no_sample: bool, definitions: str) -> None:
    """Materialize everything once and print a table of assets, rows and seconds.

    Makes the sample company's data land first where the landing zone is empty. The same
    materialization as `up` does at its first start, without a server.

    Exits with 1 when an asset failed or was skipped, or a check of severity ERROR did not pass.
    """
    Home.from_settings().prepare()
    if require_landing() and not no_sample:
        code = run_command(["sample"])
        if code:
            raise click.exceptions.Exit(code)
    raise click.exceptions.Exit(run_command(["materialize", "--definitions", definitions]))

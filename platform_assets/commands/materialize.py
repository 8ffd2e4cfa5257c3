"""`platform-assets materialize`: assets, here and now, in this process."""

from typing import TYPE_CHECKING

import click

from platform_assets.server.home import DEFINITIONS_MODULE, Home

if TYPE_CHECKING:
    from platform_assets.commands.execution import Outcome


@click.command()
@click.argument("selection", default="*")
@click.option(
    "--missing",
    is_flag=True,
    help="Of the selection, only what was never materialized, and what is downstream of it.",
)
@click.option("--full-refresh", is_flag=True, help="Rebuild incremental models from scratch.")
@click.option(
    "--definitions",
    default=DEFINITIONS_MODULE,
    show_default=True,
    help="Module with the definitions.",
)
def materialize(selection: str, missing: bool, full_refresh: bool, definitions: str) -> None:
    """Materialize the assets of SELECTION, all of them by default, and run their checks.

    The run happens in this process and is recorded like any other: the Dagster UI shows it. Runs
    of a platform that is up at the same time do not get in the way: writers take turns.

    SELECTION is Dagster's selection syntax; a plain key selects one asset.

    \b
    Examples:
      platform-assets materialize
      platform-assets materialize raw/web_events          one asset
      platform-assets materialize raw/web_events+         and all that depends on it
      platform-assets materialize +marts/fct_sessions     and all that it depends on
      platform-assets materialize 'key:"marts/*"'         by pattern
      platform-assets materialize 'group:web and kind:dbt'
      platform-assets materialize marts/fct_sessions --full-refresh

    Exits with 1 when an asset failed or was skipped, or a check of severity ERROR did not pass.
    """
    from rich.console import Console

    from platform_assets.commands.progress import summary

    home = Home.from_settings()
    home.enter()
    outcome = run(home, definitions, selection, only_missing=missing, full_refresh=full_refresh)
    if outcome is None:
        click.echo("Nothing is missing.")
        return
    summary(Console(), outcome, home.logs / "materialize.log")
    if outcome.interrupted:
        raise KeyboardInterrupt
    if outcome.failed:
        raise click.exceptions.Exit(1)


def run(
    home: Home,
    definitions: str,
    selection: str = "*",
    *,
    only_missing: bool = False,
    full_refresh: bool = False,
) -> "Outcome | None":
    """Materialize a selection with a progress display.

    Returns:
        What became of every asset and check; None when there was nothing to do.

    Raises:
        PlatformError: the definitions do not load, or the selection is wrong.
    """
    from dagster import DagsterInstance

    from platform_assets.commands import execution, progress
    from platform_assets.pools import set_limits

    log = home.logs / "materialize.log"
    defs = execution.load_definitions(definitions)
    with DagsterInstance.get() as instance:
        set_limits(instance)
        keys = execution.resolve(defs, selection)
        if only_missing:
            keys = execution.missing(defs, keys, instance)
        if not keys:
            return None
        progress.stamp(log, f"materialize {selection}")
        with (
            progress.quiet_output(log) as console,
            progress.Display(console, len(keys)) as display,
        ):
            return execution.execute(
                definitions, keys, instance, on_event=display.update, full_refresh=full_refresh
            )

"""`platform-assets dbt …`: dbt itself, on the platform's warehouse."""

import click


@click.command("dbt", context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def dbt(arguments: tuple[str, ...]) -> None:
    """Run dbt with the platform's project, profile and write lock.

    Safe beside a platform that is up: writers take turns. Dagster does not learn of what it builds.

    \b
    Examples:
      platform-assets dbt build --select stg_web_events+
      platform-assets dbt compile --select fct_sessions
      platform-assets dbt ls --resource-type model
    """
    from resources.dbt import DbtProject

    if not DbtProject.from_settings().command(arguments or ("--help",)):
        raise click.exceptions.Exit(1)

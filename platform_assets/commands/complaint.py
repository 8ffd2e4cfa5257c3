"""How an error is printed for people: what went wrong, and the way out below it."""

import click

from resources.errors import PlatformError


def complain(error: PlatformError) -> None:
    """Print an error and its hint to standard error."""
    click.echo(click.style("Error: ", fg="red", bold=True) + error.message, err=True)
    if error.hint:
        click.echo(click.style("  → ", fg="cyan") + error.hint.replace("\n", "\n    "), err=True)

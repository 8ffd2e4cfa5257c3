"""`platform-assets new report`: a folder to start a report from."""

from pathlib import Path

import click


@click.group()
def new() -> None:
    """Write the files to start something new from.

    What is written works as it stands and says in comments what else there is; nothing that exists
    is touched. Sources and assets in Python: `dg scaffold defs`.

    \b
    Example:
      platform-assets new report returns_by_country
    """


@new.command()
@click.argument("name")
def report(name: str) -> None:
    """Write a report to start from: platform_assets/defs/reports/NAME/{defs.yaml, report.md}.

    It works as it stands, on the sample company, and its comments say what else there is. The next
    step is `platform-assets preview NAME`, which shows the page and each change of it as you save.

    \b
    Example:
      platform-assets new report returns_by_country
    """
    from platform_assets.reporting import starting
    from platform_assets.reporting.live import folder

    made = starting.write(folder() / "reports", name)
    for path in made:
        click.echo(f"  {click.style('new', fg='green')}  {_shown(path)}")
    click.echo(f"\nSee it with: platform-assets preview {name}")


def _shown(path: Path) -> str:
    from resources.settings import PROJECT_ROOT

    return str(path.relative_to(PROJECT_ROOT) if path.is_relative_to(PROJECT_ROOT) else path)
